"""Verdicts as text for a terminal: a line a limit, or (explained) everything behind each. Chinese takes two columns."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compostnet.shared.display import is_chinese
from compostnet.shared.texts import Message, catalogue
from standards.checking.explain import SampleVerdict
from standards.library_schema import Edition

MARKS = {
    "pass": "✓",
    "fail": "✗",
    "cannot_tell": "?",
    "incomplete": "…",
    "not_tested": "○",
    "not_applicable": "–",
    "declared": "•",
}
MOST = (30, 26, 22, 34)
"""Columns that a cell of the compact table may have before it is cut: indicator, reported, compared, limit."""


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def cut(text: str, most: int) -> str:
    """The text in at most so many columns, with an ellipsis where something is left out."""
    if width(text) <= most:
        return text
    kept = ""
    for one in text:
        if width(kept + one) > most - 1:
            break
        kept += one
    return kept.rstrip() + "…"


def padded(text: str, columns: int) -> str:
    """The text with blanks up to so many columns."""
    return text + " " * max(0, columns - width(text))


def _word(verdict: str, language: str) -> str:
    return Message(f"verdict_word_{verdict}").render(language)


def _limit(item: Mapping[str, Any], language: str) -> str:
    unit = "" if item["unit"] == "-" else item["unit"]
    code = f"basis_{item['basis']}"
    left, right = ("（", "）") if is_chinese(language) else (" (", ")")
    basis = f"{left}{Message(code).render(language)}{right}" if code in catalogue() else ""
    return f"{item['limit']} {unit}".strip() + basis


def _compared(item: Mapping[str, Any]) -> str:
    value = item["compared"]
    return "—" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)


def _heading(answer: SampleVerdict, one: Mapping[str, Any], language: str) -> str:
    mark = f" · {Message('verdict_provisional').render(language)}" if one["provisional"] else ""
    name = answer.rules.name.in_language(language)
    verdict = f"{MARKS[one['verdict']]} {_word(one['verdict'], language)}"
    return f"{one['sample']} · {answer.rules.code} ({one['edition']}) {name}: {verdict}{mark}"


def _no_limit(item: Mapping[str, Any]) -> bool:
    return item["code"] in ("reason_no_limit", "reason_name_unknown")


def compact(answers: Sequence[SampleVerdict], language: str) -> str:
    """Every answer as a heading and a line a limit: verdict, indicator, reported, compared, limit."""
    lines: list[str] = []
    for answer in answers:
        one = answer.as_json(language)
        lines.append(_heading(answer, one, language))
        lines += [f"  {note}" for note in one["notes"]]
        judged = [item for item in one["indicators"] if not _no_limit(item)]
        rows = []
        for item in judged:
            mark = f" [{Message('verdict_provisional').render(language)}]" if item["provisional"] else ""
            cells = (item["name"], item["reported"] or "—", _compared(item), _limit(item, language))
            shown = [cut(cell, most) for cell, most in zip(cells, MOST, strict=True)]
            rows.append([f"  {MARKS[item['verdict']]} {_word(item['verdict'], language)}", *shown[:3], shown[3] + mark])
        widths = [max((width(row[column]) for row in rows), default=0) for column in range(4)]
        for row in rows:
            start = "  ".join(padded(cell, columns) for cell, columns in zip(row[:4], widths, strict=True))
            lines.append(f"{start}  {row[4]}".rstrip())
        count = Counter(item["verdict"] for item in judged)
        lines += [
            "  "
            + Message(
                "pdf_counts",
                {
                    "passed": count["pass"],
                    "failed": count["fail"],
                    "open": count["cannot_tell"],
                    "missing": count["not_tested"],
                },
            ).render(language),
            "",
        ]
    return "\n".join(lines)


def explained(answers: Sequence[SampleVerdict], language: str) -> str:
    """Every answer with reason, conversions, next step, clause, grade and source of each limit; sources at the end."""
    lines: list[str] = []
    sources: dict[str, str] = {}
    for answer in answers:
        one = answer.as_json(language)
        lines.append(_heading(answer, one, language))
        lines += [f"  {note}" for note in one["notes"]]
        edition = answer.rules.edition
        used = {limit.id: limit.source for limit in answer.rules.limits}
        for item, verdict in zip(one["indicators"], answer.indicators, strict=True):
            lines += _explained(item, language)
            source = used.get(verdict.limit_id, "")
            if item["clause"]:
                where = {"clause": item["clause"], "grade": item["grade"]}
                lines.append(f"      {Message('explain_clause', where).render(language)}")
            if source in edition.sources:
                sources[f"{answer.rules.standard.code} {edition.edition} {source}"] = _source(edition, source)
        for asked in edition.also_required:
            code = answer.rules.product_class.code if answer.rules.product_class else ""
            if not asked.classes or code in asked.classes:
                text = asked.text.in_language(language)
                lines.append(f"  {Message('explain_also', {'text': text}).render(language)}")
        lines.append("")
    if sources:
        lines.append(Message("explain_sources").render(language))
        lines += [f"  {code}: {text}" for code, text in sources.items()]
    return "\n".join(lines)


def _explained(item: Mapping[str, Any], language: str) -> Iterator[str]:
    mark = f" [{Message('verdict_provisional').render(language)}]" if item["provisional"] else ""
    left, right = ("（", "）") if is_chinese(language) else (" (", ")")
    group = f"{left}{item['group']}{right}" if item["group"] else ""
    verdict = f"{MARKS[item['verdict']]} [{_word(item['verdict'], language)}]"
    yield f"  {verdict} {item['name']}{group}: {item['reason']}{mark}"
    if not _no_limit(item):
        values = {"reported": item["reported"] or "—", "compared": _compared(item), "limit": _limit(item, language)}
        yield f"      {Message('explain_values', values).render(language)}"
    if item.get("probability") is not None:
        percent = f"{min(99.9, max(0.1, 100 * item['probability'])):.3g}"
        yield f"      {Message('pdf_probability', {'percent': percent}).render(language)}"
    if item["next_step"]:
        yield f"      → {item['next_step']}"


def _source(edition: Edition, key: str) -> str:
    source = edition.sources[key]
    parts = (source.issuer, source.title, source.section, source.date.isoformat() if source.date else "", source.url)
    return ". ".join(part for part in parts if part)
