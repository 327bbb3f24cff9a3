"""An explained month as plain JSON and as rows of a table: what a machine gets of what a page shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batches.impact.explain.agreement import Check
from batches.impact.explain.values import Block, Cited, Line, RouteSteps, SiteMonth
from compostnet.shared.display import inert
from compostnet.shared.months import month_text
from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text

Json = dict[str, Any]
LINE_COLUMNS = (
    "section", "stream", "route", "line", "symbol", "label_zh", "label_en", "value", "unit", "formula", "source",
    "confidence",
)  # fmt: skip


def both(message: Message | Text) -> dict[str, str]:
    """A sentence in both languages."""
    if isinstance(message, Text):
        return {"zh": message.zh, "en": message.en}
    return {"zh": message.render("zh"), "en": message.render("en")}


def formula_text(formula: Sequence[str | float]) -> str:
    """A formula with its numbers at full precision."""
    return " ".join(part if isinstance(part, str) else repr(part) for part in formula)


def _cited(cited: Cited | None) -> Json | None:
    if cited is None:
        return None
    return {
        "title": cited.source.title,
        "issuer": cited.source.issuer,
        "section": cited.source.section,
        "confidence": cited.confidence,
        "note": both(cited.note) if cited.note else None,
    }


def _line(line: Line) -> Json:
    return {
        "code": line.code,
        "label": both(line.said),
        "symbol": line.symbol,
        "value": line.value,
        "unit": line.unit,
        "kind": line.kind,
        "formula": formula_text(line.formula),
        "source": _cited(line.cited),
    }


def _steps(steps: RouteSteps) -> Json:
    return {
        "stream": steps.stream,
        "stream_name": both(steps.stream_name),
        "route": steps.route,
        "route_name": both(steps.route_name),
        "ch4_t": steps.methane,
        "lines": [_line(line) for line in steps.lines],
        "deposits": [{"month": month_text(d.month), "ch4_t": d.methane} for d in steps.deposits],
    }


def _block(block: Block) -> Json:
    return {
        "code": block.code,
        "title": both(block.title),
        "lines": [_line(line) for line in block.lines],
        "notes": [both(note) for note in block.notes],
    }


def month_json(step: SiteMonth, checks: Sequence[Check]) -> Json:
    """One explained month."""
    return {
        "month": month_text(step.month),
        "verified": step.verified,
        "estimated": step.known,
        "zone": step.zone or None,
        "baseline": None if step.baseline is None else dict(step.baseline),
        "mix": [{"route": part.route, "share": part.share, "capture": part.capture} for part in step.mix],
        "masses": [
            {
                "kind": r.kind,
                "material": r.material,
                "measured": r.measured,
                "kg": kg_text(r.mass),
                "entries": r.entries,
            }
            for r in step.masses
        ],
        "diverted": [_line(line) for line in step.mass_lines],
        "streams": [
            {"stream": s.code, "name": both(s.name), "diverted_t": s.diverted, "lines": [_line(x) for x in s.lines]}
            for s in step.streams
        ],
        "routes": [_steps(steps) for steps in step.routes],
        "residue": [_steps(steps) for steps in step.residue],
        "blocks": [_block(block) for block in step.blocks],
        "deposits": [{"month": month_text(d.month), "ch4_t": d.methane} for d in step.deposits],
        "accounts": dict(step.results),
        "checks": [
            {"indicator": c.indicator, "published": c.published, "computed": c.computed, "matches": c.matches}
            for c in checks
        ],
    }


def line_rows(step: SiteMonth, only: str | None = None) -> Iterator[tuple[Any, ...]]:
    """Every line of a month (or of one stream of it) as a row under `LINE_COLUMNS`."""
    if only is None:
        for row in step.masses:
            kg = kg_text(row.mass)
            name = f"{row.kind} {row.material}"
            yield "mass", "", "", name, "", "", "", kg, "kg", f"{row.measured}, {row.entries}", "", ""
        yield from _rows("diverted", "", "", step.mass_lines)
    for stream in step.streams:
        if only in (None, stream.code):
            yield from _rows("stream", stream.code, "", stream.lines)
    for section, routes in (("route", step.routes), ("residue", step.residue)):
        for steps in routes:
            if only in (None, steps.stream):
                yield from _rows(section, steps.stream, steps.route, steps.lines)
                for deposit in steps.deposits:
                    at = month_text(deposit.month)
                    yield (
                        f"{section} deposit",
                        steps.stream,
                        steps.route,
                        at,
                        "",
                        "",
                        "",
                        repr(deposit.methane),
                        "t CH4",
                        "",
                        "",
                        "",
                    )
    if only is None:
        for block in step.blocks:
            yield from _rows(block.code, "", "", block.lines)


def _rows(section: str, stream: str, route: str, lines: Sequence[Line]) -> Iterator[tuple[Any, ...]]:
    for line in lines:
        said = both(line.said)
        source = f"{line.cited.source.title}, {line.cited.source.section}".rstrip(", ") if line.cited else ""
        yield (
            section,
            stream,
            route,
            line.code,
            line.symbol,
            said["zh"],
            said["en"],
            repr(line.value),
            line.unit,
            inert(formula_text(line.formula)),
            inert(source),
            line.cited.confidence if line.cited else "",
        )


def release_json(about: Mapping[str, Any]) -> Json:
    """What every slice says of its release: number, month, method, licence and how to cite it."""
    keys = ("number", "month", "revision", "status", "method", "gwp", "baselines", "code_version", "cut_off", "licence")
    return {key: about.get(key) for key in (*keys, "invented", "citation")}
