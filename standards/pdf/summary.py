"""The test summary: what a lab found in one sample or many, held against one standard or all, limit by limit."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Paragraph, Spacer, Table, TableStyle

from compostnet.shared.pdf.look import (
    INK,
    LEAF,
    MUTED,
    QR,
    SOFT,
    WARN,
    WIDTH,
    Look,
    Mark,
    Running,
    Verdict,
    build,
    look,
    pairs,
    table,
)
from compostnet.shared.problems import Problem
from standards.checking.explain import SampleVerdict
from standards.pdf.facts import (
    ReportFacts,
    as_dicts,
    checksum,
    rules_code,
    rules_name,
    standard_of,
)
from standards.units import limit_in

MOST = 2000
"""Verdicts (samples × standards) that a document holds; its overview alone would have a hundred pages."""
MOST_DETAILED = 150
"""Above so many verdicts the details list only what does not pass."""
BULLET = "•"
BADGES_UP_TO = 4
COLUMNS = 8
"""Samples beside each other in the overview, at the most."""


def summary_pdf(
    answers: Sequence[SampleVerdict | Mapping[str, Any]],
    *,
    language: str,
    report: ReportFacts | None = None,
    process: Sequence[Any] = (),
    public_url: str = "",
    kept: Sequence[SampleVerdict | Mapping[str, Any]] = (),
    font: str = "",
) -> bytes:
    """The test summary as PDF; ``process`` are results of `standards.process.rules` or their JSON.

    ``kept``: all verdicts of the report where the document shows some of them; it says so, and its checksum is of all,
    as on the public page.
    """
    if len(answers) > MOST:
        raise Problem("pdf_too_many", limit=MOST, found=len(answers))
    page = look(language, font)
    verdicts = as_dicts(answers, page.language)
    rules = [one if isinstance(one, Mapping) else one.as_json(page.language) for one in process]
    facts = report or ReportFacts()
    everything = as_dicts(kept, page.language) if kept else verdicts
    document = checksum(everything)
    name = f"T-{document[:4]}-{document[4:8]}-{document[8:12]}".upper()
    title = page.say("pdf_summary")
    subject = " · ".join(part for part in (title, *_subject(verdicts, facts, page)) if part)
    foot = page.say("pdf_invented") if facts.is_invented else ""

    def story() -> list[Flowable]:
        parts = _first(page, verdicts, facts, public_url, name)
        if len(everything) > len(verdicts):
            words = page.say("pdf_some_standards", shown=len(verdicts), kept=len(everything))
            parts += [Spacer(1, 4), page.text(words, "small")]
        parts += _overview(page, verdicts)
        parts += _details(page, verdicts)
        parts += _process(page, rules)
        parts += _results(page, facts)
        parts += _about(page, verdicts, facts, document, public_url)
        return parts

    return build(story, page, Running(subject, subject, page.say("pdf_document", id=name), foot))


def _subject(verdicts: Sequence[dict[str, Any]], facts: ReportFacts, page: Look) -> list[str]:
    samples = list(dict.fromkeys(one["sample"] for one in verdicts))
    site = facts.site.in_language(page.language) if facts.site else ""
    code = facts.sample or (samples[0] if len(samples) == 1 else page.say("pdf_samples", count=len(samples)))
    return [site, facts.batch, code]


def day(value: dt.date | None) -> str:
    """A date as people of both languages read it, without doubt about month and day."""
    return value.isoformat() if value else ""


def plain(value: float | str | None) -> str:
    """What was compared, as text; a number without exponent or a needless ``.0``."""
    if value is None:
        return "—"
    if isinstance(value, str):
        return value
    text = f"{value:.12g}"
    if "e" in text:
        text = f"{value:.10f}".rstrip("0").rstrip(".")
    return text


def _first(
    page: Look, verdicts: Sequence[dict[str, Any]], facts: ReportFacts, public_url: str, name: str
) -> list[Flowable]:
    """Title, QR code, and what is known of sample and report."""
    language = page.language
    taken = ""
    if facts.taken_on:
        taken = _joined(
            page.say("pdf_taken_by_site", day=day(facts.taken_on)),
            page.say("pdf_sub_samples", count=facts.sub_samples) if facts.sub_samples else "",
            page.say("pdf_mass", mass=facts.mass_kg) if facts.mass_kg else "",
        )
    handed = "" if facts.by_lab is None else page.say("pdf_by_lab" if facts.by_lab else "pdf_not_by_lab")
    samples = list(dict.fromkeys(one["sample"] for one in verdicts))
    head: list[Flowable] = [page.text(page.say("pdf_summary"), "title"), Spacer(1, 2)]
    lead = " · ".join(part for part in _subject(verdicts, facts, page) if part)
    head.append(page.text(lead, "lead"))
    width = WIDTH - (30 * mm if public_url else 0)
    rows = [
        (
            page.say("pdf_site"),
            _joined(facts.site.in_language(language) if facts.site else "", _place(facts, language)),
        ),
        (page.say("pdf_batch"), _joined(facts.batch, _span(facts))),
        (page.say("pdf_sample"), facts.sample or _few(samples, page)),
        (page.say("pdf_taken"), taken),
        (page.say("pdf_arrived"), day(facts.arrived_on)),
        (page.say("pdf_lab"), facts.lab.in_language(language) if facts.lab else ""),
        (page.say("pdf_report_number"), facts.number),
        (page.say("pdf_reported_on"), day(facts.reported_on)),
        (page.say("pdf_handed_in"), handed),
        (page.say("pdf_confirmed"), day(facts.confirmed_on)),
        (page.say("pdf_file"), facts.file_name),
        *((first.in_language(language), second.in_language(language)) for first, second in facts.stated),
    ]
    head += [Spacer(1, 8), pairs(page, rows, width)]
    parts: list[Flowable] = head
    if public_url:
        right = [QR(public_url, 27 * mm), page.text(page.say("pdf_scan"), "centre")]
        both = Table([[head, right]], colWidths=[width, 30 * mm])
        both.setStyle(
            TableStyle(
                [
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    *((f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
                    ("LEFTPADDING", (1, 0), (1, 0), 8),
                ]
            )
        )
        parts = [both]
    if facts.withdrawn_on:
        parts.append(notice(page, page.say("pdf_withdrawn", day=day(facts.withdrawn_on)), "fail"))
    elif facts.waiting:
        parts.append(notice(page, page.say("pdf_not_confirmed"), "incomplete"))
    return parts


def _joined(*texts: str | None) -> str:
    return " · ".join(text for text in texts if text)


def _place(facts: ReportFacts, language: str) -> str:
    return facts.place.in_language(language) if facts.place else ""


def _span(facts: ReportFacts) -> str:
    if not facts.batch_started_on:
        return ""
    return f"{day(facts.batch_started_on)} – {day(facts.batch_finished_on)}".rstrip(" –")


def _few(samples: Sequence[str], page: Look) -> str:
    if len(samples) > 6:
        return page.say("pdf_samples", count=len(samples))
    return ("、" if page.chinese else ", ").join(samples)


def notice(page: Look, text: str, verdict: str) -> Table:
    """A paragraph on the soft colour of a verdict."""
    made = Table([[page.text(text, "body")]], colWidths=[WIDTH], spaceBefore=6, spaceAfter=4)
    made.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), SOFT[verdict]),
                ("ROUNDEDCORNERS", [4, 4, 4, 4]),
                ("LEFTPADDING", (0, 0), (-1, -1), 9),
                ("TOPPADDING", (0, 0), (-1, -1), 5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return made


def word(page: Look, verdict: str) -> str:
    """The word of a verdict."""
    return page.say(f"verdict_word_{verdict}")


def _edition(page: Look, one: Mapping[str, Any]) -> str:
    return page.say("pdf_edition_day", edition=one["edition"], day=one["as_of"])


def _counts(page: Look, one: Mapping[str, Any]) -> str:
    found = Counter(item["verdict"] for item in _judged(one))
    return page.say(
        "pdf_counts",
        passed=found["pass"],
        failed=found["fail"],
        open=found["cannot_tell"],
        missing=found["not_tested"],
    )


def _judged(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The verdicts on limits; lines that no limit uses and names that are not known apart."""
    return [item for item in one["indicators"] if item["code"] not in ("reason_no_limit", "reason_name_unknown")]


def _overview(page: Look, verdicts: Sequence[dict[str, Any]]) -> list[Flowable]:
    """A large badge each, or (of many) a matrix of standards and samples."""
    parts: list[Flowable] = [page.text(page.say("pdf_verdict"), "h1")]
    if len(verdicts) <= BADGES_UP_TO:
        several = len({one["sample"] for one in verdicts}) > 1
        for one in verdicts:
            title = _joined(one["sample"] if several else "", rules_code(one), _provisional(page, one))
            lines = [rules_name(one, page.language), _joined(_edition(page, one), _counts(page, one))]
            parts += [Verdict(page, one["verdict"], word(page, one["verdict"]), title, lines), Spacer(1, 5)]
    else:
        parts += _matrix(page, verdicts)
    if any(one["provisional"] for one in verdicts):
        parts += [Spacer(1, 2), page.text(page.say("pdf_provisional_note"), "small")]
    return parts


def _provisional(page: Look, one: Mapping[str, Any]) -> str:
    return page.say("verdict_provisional") if one["provisional"] else ""


def _key(one: Mapping[str, Any]) -> str:
    return f"{one['sample']}|{rules_code(one)}"


def _matrix(page: Look, verdicts: Sequence[dict[str, Any]]) -> list[Flowable]:
    samples = list(dict.fromkeys(one["sample"] for one in verdicts))
    parts: list[Flowable] = [page.text(page.say("pdf_overview_note"), "body"), Spacer(1, 2), _legend(page)]
    if len(samples) == 1:
        counted = ("pass", "fail", "cannot_tell", "not_tested")
        rows: list[list[Any]] = [
            [page.text(page.say("pdf_standard"), "head"), "", page.text(page.say("pdf_verdict"), "head")]
        ]
        rows[0] += [page.text(word(page, name), "head-right") for name in counted]
        for one in verdicts:
            found = Counter(item["verdict"] for item in _judged(one))
            numbers = [str(found[name] or "·") for name in counted]
            rows.append(
                [
                    _link(page, one, list(verdicts).index(one)),
                    page.text(_joined(rules_name(one, page.language), one["edition"]), "small"),
                    Mark(page, one["verdict"], word(page, one["verdict"])),
                    *(page.text(number, "cell-right") for number in numbers),
                ]
            )
        widths = [134, WIDTH - 134 - 76 - 154, 76, 33, 33, 44, 44]
        return [*parts, table(rows, widths, padding=2.2)]
    codes = list(dict.fromkeys(rules_code(one) for one in verdicts))
    known = {(rules_code(one), one["sample"]): (number, one) for number, one in enumerate(verdicts)}
    longest = max(page.faces.width(part, 8, True) for one in samples for part in one.split() or [""])
    wide = min(max(48.0, longest + 10), 110.0)  # a sample's name breaks between its words, not inside of one
    columns = min(COLUMNS, int((WIDTH - 150) / wide))
    for start in range(0, len(samples), columns):
        chosen = samples[start : start + columns]
        rows = [[page.text(page.say("pdf_standard"), "head"), *(page.text(one, "head-centre") for one in chosen)]]
        for code in codes:
            row: list[Any] = []
            for sample in chosen:
                found_one = known.get((code, sample))
                row.append(Mark(page, found_one[1]["verdict"], size=8.5, centre=True) if found_one else "")
            if not any(row):
                continue
            label = next(one for one in verdicts if rules_code(one) == code)
            rows.append([page.rich([(code, True, INK), (f"  {_provisional(page, label)}", False, WARN)], "cell"), *row])
        made = table(rows, [WIDTH - wide * len(chosen), *[wide] * len(chosen)], padding=2.2)
        parts += [Spacer(1, 6), made]
    return parts


def _link(page: Look, one: Mapping[str, Any], number: int) -> Paragraph:
    inner = page.rich([(rules_code(one), True, LEAF), (f"  {_provisional(page, one)}", False, WARN)], "cell")
    return Paragraph(f'<a href="#section-{number}">{inner.text}</a>', inner.style)


def _legend(page: Look) -> Table:
    names = ("pass", "fail", "cannot_tell", "incomplete", "not_tested", "not_applicable", "declared")
    widths = [12 + 8 + page.faces.width(word(page, name), 7.8, True) + 4 for name in names]
    made = Table([[Mark(page, name, word(page, name)) for name in names]], colWidths=widths, hAlign="LEFT")
    made.setStyle(
        TableStyle([(f"{side}PADDING", (0, 0), (-1, -1), 1.5) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")])
    )
    return made


def _details(page: Look, verdicts: Sequence[dict[str, Any]]) -> list[Flowable]:
    parts: list[Flowable] = [
        CondPageBreak(60 * mm),
        page.text(page.say("pdf_details"), "h1"),
    ]
    brief = len(verdicts) > MOST_DETAILED
    if brief:
        parts.append(page.text(page.say("pdf_only_overview", count=len(verdicts)), "body"))
    several = len({one["sample"] for one in verdicts}) > 1
    unlimited = _limited_by_none(verdicts)
    for number, one in enumerate(verdicts):
        parts += _section(page, one, number, several=several, brief=brief)
    parts += _unknown_names(page, verdicts, several)
    if unlimited:
        title = page.say("pdf_no_limit_one" if len({rules_code(one) for one in verdicts}) == 1 else "pdf_no_limit")
        parts += [CondPageBreak(22 * mm), page.text(title, "h3")]
        parts += [_item(page, f"{sample} · " if several else "", name, value) for sample, name, value in unlimited]
    return parts


def _limited_by_none(verdicts: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """(sample, indicator, what was reported and what is wrong with it) of the results that no limit uses."""
    used = {(one["sample"], item["indicator"]) for one in verdicts for item in _judged(one) if item["reported"]}
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    for one in verdicts:
        for item in one["indicators"]:
            key = (one["sample"], item["indicator"])
            if item["code"] == "reason_no_limit" and key not in used:
                value = _joined(item["reported"], " ".join(item.get("notes", ())))
                found.setdefault(key, (one["sample"], item["name"], value))
    return list(found.values())


def _item(page: Look, before: str, name: str, text: str, step: str = "") -> Paragraph:
    pieces: list[tuple[str, bool, Any]] = [(f"{before}{name}", True, INK)]
    pieces.append(("：" if page.chinese else ": ", True, INK))
    pieces.append((text, False, INK))
    if step:
        pieces += [(f" {_next(page)}", True, LEAF), (step, False, INK)]
    return page.rich(pieces, "item", BULLET)


def _next(page: Look) -> str:
    return page.say("pdf_next") + ("" if page.chinese else " ")


def _unknown_names(page: Look, verdicts: Sequence[dict[str, Any]], several: bool) -> list[Flowable]:
    """Lines whose name is not known: the same for every standard, so they are told once."""
    found: dict[str, Paragraph] = {}
    for one in verdicts:
        for item in one["indicators"]:
            if item["code"] == "reason_name_unknown":
                before = f"{one['sample']} · " if several else ""
                key = f"{before}{item['reason']}"
                found.setdefault(key, _item(page, before, item["name"], item["reason"], item["next_step"] or ""))
    if not found:
        return []
    return [CondPageBreak(16 * mm), page.text(page.say("pdf_unknown_names"), "h3"), *found.values()]


def _section(page: Look, one: Mapping[str, Any], number: int, *, several: bool, brief: bool) -> list[Flowable]:
    judged = _judged(one)
    shown = [item for item in judged if item["verdict"] not in ("pass", "not_applicable", "declared")]
    if brief and not shown:
        return []
    title = _joined(one["sample"] if several else "", rules_code(one))
    heading = page.rich([(title, True, INK), (f"  {_provisional(page, one)}", True, WARN)], "h2")
    heading = Paragraph(f'<a name="section-{number}"/>{heading.text}', heading.style)
    top = Table(
        [[heading, Mark(page, one["verdict"], word(page, one["verdict"]), size=11)]], colWidths=[WIDTH - 92, 92]
    )
    top.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                *((f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
            ]
        )
    )
    under = page.text(_joined(rules_name(one, page.language), _edition(page, one), _counts(page, one)), "small")
    parts: list[Flowable] = [CondPageBreak(52 * mm), Spacer(1, 9), Bookmark(_key(one), title), top, under, Spacer(1, 4)]
    if not brief:
        parts.append(_limits(page, judged))
    parts += _reasons(page, shown)
    noted = [item for item in judged if item.get("notes") and item not in shown]
    if noted and not brief:
        parts += [CondPageBreak(16 * mm), page.text(page.say("pdf_notes"), "h3")]
        parts += _alike(page, ((item, " ".join(item["notes"]), "") for item in noted))
    return parts


class Bookmark(Flowable):  # type: ignore[misc]
    """An entry of the document's outline."""

    def __init__(self, key: str, title: str) -> None:
        super().__init__()
        self.key, self.title = key, title

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        self.canv.bookmarkHorizontal(self.key, 0, 30)
        self.canv.addOutlineEntry(self.title, self.key, level=0, closed=True)


def _limits(page: Look, judged: Sequence[dict[str, Any]]) -> Table:
    """The verdict table: a row a limit."""
    heads = ("pdf_verdict", "pdf_indicator", "pdf_reported", "pdf_compared", "pdf_limit", "pdf_clause")
    rows: list[list[Any]] = [[page.text(page.say(code), "head") for code in heads]]
    for item in judged:
        name: list[Any] = [page.text(item["name"], "cell")]
        under = _joined(item["group"], "" if item["obligatory"] else page.say("pdf_optional"))
        if under:
            name.append(page.text(under, "small"))
        limit: list[Any] = [page.text(limit_in(item, page.language), "cell")]
        basis = page.basis(item["basis"])
        if basis:
            limit.append(page.text(basis, "small"))
        source: list[Any] = [page.rich([(_joined(item["clause"], item["grade"]), False, MUTED)], "small")]
        if item["provisional"]:
            source.append(page.rich([(page.say("verdict_provisional"), True, WARN)], "small"))
        compared: list[Any] = [page.text(plain(item["compared"]), "cell")]
        if item.get("probability") is not None:
            percent = percent_text(item["probability"])
            compared.append(page.text(page.say("pdf_probability", percent=percent), "small"))
        rows.append(
            [
                Mark(page, item["verdict"], word(page, item["verdict"])),
                name,
                page.text(item["reported"] or "—", "cell"),
                compared,
                limit,
                source,
            ]
        )
    failed = [
        ("BACKGROUND", (0, row), (0, row), SOFT["fail"])
        for row, item in enumerate(judged, start=1)
        if item["verdict"] == "fail"
    ]
    rest = WIDTH - 72 - 72
    widths = [72, rest * 0.25, rest * 0.22, 72, rest * 0.23, rest * 0.30]
    return table(rows, widths, more=failed)


def _alike(page: Look, items: Iterable[tuple[dict[str, Any], str, str]]) -> list[Paragraph]:
    """An item for each text and next step, with the names of all limits of which it is said."""
    names: dict[tuple[str, str], list[str]] = {}
    for item, text, step in items:
        names.setdefault((text, step), []).append(_full_name(page, item))
    joint = "、" if page.chinese else ", "
    return [_item(page, "", joint.join(dict.fromkeys(found)), *both) for both, found in names.items()]


def percent_text(probability: float) -> str:
    """A probability in per cent; never 0 or 100, which no measurement is."""
    if probability < 0.01:
        return "< 1"
    return "> 99" if probability > 0.99 else f"{round(probability * 100)}"


def _reasons(page: Look, items: Sequence[dict[str, Any]]) -> list[Flowable]:
    """Why it is not a pass and what to do next; what was simply not reported is one sentence."""
    missing = [item for item in items if item["code"] == "reason_not_reported"]
    rest = [item for item in items if item not in missing]
    order = {"fail": 0, "cannot_tell": 1}
    joint = "、" if page.chinese else ", "
    ordered = sorted(rest, key=lambda item: order.get(item["verdict"], 2))
    lines = _alike(page, ((item, item["reason"], item["next_step"] or "") for item in ordered))
    if missing:
        names = joint.join(dict.fromkeys(item["name"] for item in missing))
        before = page.say("pdf_not_reported", count=len(missing)) + ("" if page.chinese else " ")
        lines.append(page.rich([(before, True, INK), (names, False, INK)], "item", BULLET))
    if not lines:
        return []
    heading = page.text(page.say("pdf_reasons"), "h3")
    return [Spacer(1, 3), KeepTogether([heading, lines[0]]), *lines[1:]]


def _full_name(page: Look, item: Mapping[str, Any]) -> str:
    if not item["group"]:
        return str(item["name"])
    return f"{item['name']}（{item['group']}）" if page.chinese else f"{item['name']} ({item['group']})"


def _process(page: Look, rules: Sequence[Mapping[str, Any]]) -> list[Flowable]:
    """The process log: a row a rule, with what the diary shows and when."""
    if not rules:
        return []
    heads = ("pdf_verdict", "pdf_rule", "pdf_found", "pdf_clause")
    rows: list[list[Any]] = [[page.text(page.say(code), "head") for code in heads]]
    for rule in rules:
        asked: list[Any] = [page.text(rule["name"], "cell")]
        if rule.get("asked"):
            asked.append(page.text(rule["asked"], "small"))
        shown: list[Any] = [page.text(rule["reason"], "cell")]
        for period in rule.get("periods", ())[:6]:
            text = page.say("pdf_period", point=period["point"], first=period["first"], last=period["last"])
            shown.append(page.text(text, "small"))
        if rule.get("next_step"):
            shown.append(page.rich([(_next(page), True, LEAF), (rule["next_step"], False, INK)], "cell"))
        where = _joined(rule.get("standard"), rule.get("clause"), rule.get("grade"))
        source: list[Any] = [page.text(where, "small")]
        if rule.get("provisional"):
            source.append(page.rich([(page.say("verdict_provisional"), True, WARN)], "small"))
        rows.append([Mark(page, rule["verdict"], word(page, rule["verdict"])), asked, shown, source])
    rest = WIDTH - 74
    made = table(rows, [74, rest * 0.3, rest * 0.46, rest * 0.24])
    heading = [page.text(page.say("pdf_process"), "h1"), page.text(page.say("pdf_process_note"), "body")]
    return [CondPageBreak(60 * mm), *heading, made]


def _results(page: Look, facts: ReportFacts) -> list[Flowable]:
    """The lab's own lines, as written."""
    if not facts.lines:
        return []
    several = len({line.sample for line in facts.lines}) > 1
    stated = any(line.uncertainty for line in facts.lines)
    heads = ["pdf_sample"] if several else []
    heads += ["pdf_indicator", "pdf_value", "pdf_unit", "pdf_basis", *(["pdf_uncertainty"] if stated else [])]
    rows: list[list[Any]] = [[page.text(page.say(code), "head") for code in heads]]
    for line in facts.lines:
        cells = [line.sample] if several else []
        cells += [line.indicator, line.value, line.unit, line.basis, *([line.uncertainty] if stated else [])]
        rows.append([page.text(cell, "cell") for cell in cells])
    parts = [2.0 if code in ("pdf_indicator", "pdf_value") else 1.1 for code in heads]
    made = table(rows, [WIDTH * part / sum(parts) for part in parts], padding=2)
    return [CondPageBreak(45 * mm), page.text(page.say("pdf_results"), "h1"), made]


def _about(
    page: Look, verdicts: Sequence[dict[str, Any]], facts: ReportFacts, document: str, public_url: str
) -> list[Flowable]:
    """What it is not, editions, grades, versions, checksums."""
    parts: list[Flowable] = [CondPageBreak(70 * mm), page.text(page.say("pdf_about"), "h1")]
    parts.append(notice(page, page.say("pdf_what_it_is_not"), "cannot_tell"))
    asked = _also_required(page, verdicts)
    if asked:
        parts += [page.text(page.say("pdf_also_required"), "h3"), *asked]
    parts.append(page.text(page.say("pdf_editions"), "h3"))
    lines = dict.fromkeys(_edition_line(page, one) for one in verdicts)
    parts += [page.rich([(line, False, INK)], "item", BULLET) for line in lines]
    if facts.confirmed_on:
        parts.append(page.text(page.say("pdf_frozen"), "body"))
    versions = sorted({one["checker"] for one in verdicts})
    sentences = [page.say("pdf_grades"), *(page.say("pdf_checker", version=version) for version in versions)]
    parts += [Spacer(1, 3), page.text((" " if not page.chinese else "").join(sentences), "body")]
    sums = [
        (page.say("pdf_checksum"), document),
        (page.say("pdf_sha256"), facts.sha256),
        (page.say("pdf_attachment_sha256"), facts.attachment_sha256),
        (page.say("pdf_public_page"), public_url),
    ]
    block: list[Flowable] = [Spacer(1, 4), pairs(page, sums, WIDTH, columns=1)]
    block.append(page.text(page.say("pdf_checksum_note"), "small"))
    return [*parts, KeepTogether(block)]


def _also_required(page: Look, verdicts: Sequence[dict[str, Any]]) -> list[Flowable]:
    found: dict[str, list[str]] = {}
    for one in verdicts:
        _, edition = standard_of(one)
        for asked in edition.also_required if edition else ():
            if not asked.classes or one.get("class") in asked.classes:
                texts = found.setdefault(one["standard"], [])
                text = asked.text.in_language(page.language).rstrip("。.")
                if text not in texts:
                    texts.append(text)
    joint = "；" if page.chinese else "; "
    return [_item(page, "", code, joint.join(texts)) for code, texts in found.items()]


def _edition_line(page: Look, one: Mapping[str, Any]) -> str:
    _, edition = standard_of(one)
    values = {"code": one["standard"], "edition": one["edition"], "day": one["as_of"]}
    if edition is None:
        return page.say("pdf_edition_gone", **values)
    title = edition.title.in_language(page.language)
    return page.say("pdf_edition_line", **values, title=title, start=edition.valid_from.isoformat())
