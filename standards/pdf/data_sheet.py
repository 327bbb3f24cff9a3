"""The product data sheet: half a page for the bag. What it is, from what, what a lab found, how to use it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A5
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Spacer, Table, TableStyle

from compostnet.shared.display import format_number
from compostnet.shared.pdf.look import (
    INK,
    LEAF,
    LINE,
    MUTED,
    QR,
    WARN,
    Look,
    Mark,
    canvas_for,
    draw_leaf,
    fit,
    look,
    put,
    put_right,
    table,
)
from standards.checking.core import BASES, State
from standards.checking.explain import SampleVerdict
from standards.indicators import indicators
from standards.library import library
from standards.pdf.facts import ProductFacts, ReportFacts, as_dicts, rules_code, rules_name
from standards.pdf.summary import day, word
from standards.product_use import product_use
from standards.reading.readings import Line, Reading, read_line

SIDE = 12 * mm
BAND = 30 * mm
WIDTH = A5[0] - 2 * SIDE
HEIGHT = A5[1] - BAND - 15 * mm
SHADES = tuple(HexColor(code) for code in (0x1D6A45, 0x6FA37F, 0xB3661A, 0xD9B382, 0x2A6F9E, 0x8A9388, 0x7D7A1E))
MOST_STANDARDS = 3
SCALES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)
"""A bag has room for one page: what is longer is set smaller, and only then goes on a second one."""


def data_sheet_pdf(
    product: ProductFacts,
    answers: Sequence[SampleVerdict | Mapping[str, Any]],
    *,
    language: str,
    public_url: str = "",
    font: str = "",
) -> bytes:
    """The data sheet (A5) of a confirmed report. ``answers``: its frozen verdicts."""
    for scale in SCALES:
        data, pages = _sheet(look(language, font, scale), product, answers, public_url)
        if pages == 1:
            break
    return data


def _sheet(
    page: Look, product: ProductFacts, answers: Sequence[SampleVerdict | Mapping[str, Any]], public_url: str
) -> tuple[bytes, int]:
    """The sheet in one size of type, and how many pages that takes."""
    verdicts = as_dicts(answers, page.language)
    facts = product.report
    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=A5,
        title=_title(page, product),
        author=page.say("pdf_author"),
        subject=page.say("pdf_sheet"),
        creator="compostnet",
        lang="zh-Hans" if page.chinese else "en",
        displayDocTitle=1,
        invariant=1,
        initialFontName=page.faces.regular[0].name,
    )
    frame = Frame(SIDE, 13 * mm, WIDTH, HEIGHT, 0, 0, 0, 0)
    template = PageTemplate("sheet", [frame], onPage=lambda canvas, _: _furniture(canvas, page, product))
    document.addPageTemplates(template)
    readings = [
        read_line(Line(one.sample, one.indicator, one.value, one.unit, one.basis, code=one.code)) for one in facts.lines
    ]
    story: list[Flowable] = [_top(page, product, public_url)]
    story += _analysis(page, facts, readings)
    story += _held_against(page, product, verdicts, public_url)
    story += _use(page, readings)
    document.build(story, canvasmaker=canvas_for(page))
    return out.getvalue(), document.page


def _title(page: Look, product: ProductFacts) -> str:
    site = product.report.site
    parts = [page.say("pdf_product"), site.in_language(page.language) if site else "", product.report.batch]
    return " · ".join(part for part in parts if part)


def _furniture(canvas: Canvas, page: Look, product: ProductFacts) -> None:
    """The head of the sheet (name, site, batch), and its foot."""
    _foot(canvas, page, product.report)
    facts = product.report
    canvas.saveState()
    canvas.setFillColor(LEAF)
    canvas.rect(0, A5[1] - BAND, A5[0], BAND, stroke=0, fill=1)
    draw_leaf(canvas, SIDE, A5[1] - 11.4 * mm, 15)
    put(canvas, page, SIDE + 20, A5[1] - 10.4 * mm, page.say("pdf_brand"), 9, bold=True, colour=white)
    put_right(canvas, page, A5[0] - SIDE, A5[1] - 10.4 * mm, page.say("pdf_sheet"), 9, colour=white)
    put(canvas, page, SIDE, A5[1] - 20 * mm, page.say("pdf_product"), 21, bold=True, colour=white)
    site = facts.site.in_language(page.language) if facts.site else ""
    place = facts.place.in_language(page.language) if facts.place else ""
    line = " · ".join(part for part in (site, place, facts.batch) if part)
    put(canvas, page, SIDE, A5[1] - 26.4 * mm, fit(page, line, 9, WIDTH), 9, colour=white)
    canvas.restoreState()


def _foot(canvas: Canvas, page: Look, facts: ReportFacts) -> None:
    canvas.saveState()
    canvas.setStrokeColor(LINE)
    canvas.line(SIDE, 11 * mm, A5[0] - SIDE, 11 * mm)
    put(canvas, page, SIDE, 7.6 * mm, fit(page, page.say("pdf_short_not"), 6.4, WIDTH), 6.4, colour=MUTED)
    if facts.is_invented:
        put(canvas, page, SIDE, 4.6 * mm, fit(page, page.say("pdf_invented"), 6, WIDTH), 6, colour=MUTED)
    canvas.restoreState()


def _bare(rows: list[list[Any]], widths: Sequence[float], *more: tuple[Any, ...]) -> Table:
    made = Table(rows, colWidths=list(widths))
    made.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                *((f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
                *more,
            ]
        )
    )
    return made


def _top(page: Look, product: ProductFacts, public_url: str) -> Table:
    """What it is, the dates and the code, with the QR code at the right."""
    facts = product.report
    what = (
        page.say("pdf_what", site=facts.site.in_language(page.language)) if facts.site else page.say("pdf_what_nowhere")
    )
    span = " – ".join(day(one) for one in (facts.batch_started_on, facts.batch_finished_on) if one)
    rows = [
        (page.say("pdf_harvested"), span),
        (page.say("pdf_taken"), day(facts.taken_on)),
        (page.say("pdf_bag_code"), product.code),
    ]
    lines = [page.rich([(f"{label}  ", False, MUTED), (value, True, INK)], "cell") for label, value in rows if value]
    wide = WIDTH - (29 * mm if public_url else 0)
    left: list[Flowable] = [page.text(what, "body"), *lines, *_materials(page, product)]
    if not public_url:
        return _bare([[left]], [WIDTH])
    right = [QR(public_url, 24 * mm), page.text(page.say("pdf_scan"), "centre")]
    return _bare([[left, right]], [wide, 29 * mm], ("LEFTPADDING", (1, 0), (1, 0), 4 * mm))


class Bar(Flowable):  # type: ignore[misc]
    """Shares of a whole as one bar; the list beside it has the same shades in the same order."""

    def __init__(self, parts: Sequence[float], height: float = 7) -> None:
        super().__init__()
        self.parts, self.height = parts, height

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = width
        return width, self.height + 3

    def draw(self) -> None:
        x = 0.0
        for number, part in enumerate(self.parts):
            self.canv.setFillColor(SHADES[number % len(SHADES)])
            self.canv.rect(x, 3, max(0.0, self.width * part - 0.8), self.height, stroke=0, fill=1)
            x += self.width * part


def _materials(page: Look, product: ProductFacts) -> list[Flowable]:
    if not product.materials:
        return []
    shares = sorted(product.materials, key=lambda one: -one.part)
    pieces: list[tuple[str, bool, Any]] = []
    for number, one in enumerate(shares):
        percent = format_number(100 * one.part, 0 if one.part >= 0.01 else 1)
        pieces.append(("■\u00a0", False, SHADES[number % len(SHADES)]))
        pieces.append((f"{one.name.in_language(page.language)}\u00a0{percent}\u00a0%   ", False, INK))
    return [
        page.text(page.say("pdf_from"), "h3"),
        Bar([one.part for one in shares]),
        page.rich(pieces, "cell"),
        page.text(page.say("pdf_from_note"), "small"),
    ]


def _analysis(page: Look, facts: ReportFacts, readings: Sequence[Reading]) -> list[Flowable]:
    """The results that a user of the product asks for, as the lab wrote them, in two columns."""
    wanted = product_use().analysis
    found = [
        one
        for code in wanted
        for one in readings
        if one.indicator == code and one.state != State.ABSENT and one.line.value.strip()
    ]
    if not found:
        return []
    cells: list[list[Any]] = []
    for one in found:
        basis = _basis(page, one)
        name = indicators().indicators[one.indicator].name.in_language(page.language)
        value = f"{one.line.value.strip()} {one.line.unit.strip()}".strip()
        pieces = [(f"{name} ", False, INK), (basis, False, MUTED)] if basis else [(name, False, INK)]
        cells.append([page.rich(pieces, "cell"), page.text(value, "cell-right")])
    half = (len(cells) + 1) // 2
    blank: list[Any] = ["", ""]
    rows = [
        [*cells[number], "", *(cells[number + half] if number + half < len(cells) else blank)] for number in range(half)
    ]
    part = (WIDTH - 8) / 2
    widths = [part * 0.58, part * 0.42, 8, part * 0.58, part * 0.42]
    gap = [("LINEBELOW", (2, 0), (2, -1), 0.4, white), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
    made = table(rows, widths, head=0, more=[*gap, ("RIGHTPADDING", (0, 0), (-1, -1), 1)], padding=1.6)
    lab = facts.lab.in_language(page.language) if facts.lab else page.say("pdf_lab_unknown")
    values = {"lab": lab, "number": facts.number or "—", "day": day(facts.reported_on) or "—"}
    note = page.text(page.say("pdf_analysis_note", **values), "small")
    return [page.text(page.say("pdf_analysis"), "h3"), made, Spacer(1, 2), note]


def _basis(page: Look, one: Reading) -> str:
    """What the value is a share of, where that is known."""
    return next(
        (page.basis(name) for name in ("dm", "ar", "om") if one.basis == BASES[name] and one.line.basis),
        "",
    )


def _held_against(
    page: Look, product: ProductFacts, verdicts: Sequence[dict[str, Any]], public_url: str
) -> list[Flowable]:
    """The verdicts that matter most to the reader (those of the country, then those that are decided), and a count."""
    if not verdicts:
        return []
    books = library()

    def rank(one: Mapping[str, Any]) -> tuple[int, int, int]:
        standard = books.get(one["standard"])
        own = standard is not None and standard.country == product.country
        decided = sum(item["verdict"] in ("pass", "fail") for item in one["indicators"])
        return (0 if own else 1, {"fail": 0, "pass": 1}.get(one["verdict"], 2), -decided)

    rows = []
    for one in sorted(verdicts, key=rank)[:MOST_STANDARDS]:
        mark = Mark(page, one["verdict"], word(page, one["verdict"]))
        provisional = page.say("verdict_provisional") if one["provisional"] else ""
        pieces = [
            (rules_code(one), True, INK),
            (f" {one['edition']}  ", False, MUTED),
            (rules_name(one, page.language), False, MUTED),
            (f"  {provisional}", True, WARN),
        ]
        rows.append([mark, page.rich(pieces, "cell")])
    count = Counter(one["verdict"] for one in verdicts)
    code = "pdf_all_standards" if public_url else "pdf_all_standards_here"
    whole = page.say(
        code,
        count=len(verdicts),
        passed=count["pass"],
        failed=count["fail"],
        open=count["incomplete"] + count["cannot_tell"],
    )
    zero = [("LEFTPADDING", (0, 0), (0, -1), 0)]
    made = table(rows, [70, WIDTH - 70], head=0, more=zero, padding=1.8)
    return [page.text(page.say("pdf_held_against"), "h3"), made, Spacer(1, 2), page.text(whole, "small")]


def _use(page: Look, readings: Sequence[Reading]) -> list[Flowable]:
    """How much and how, how not, and what to mind; with sources."""
    book = product_use()
    moisture = next(
        (one for one in readings if one.indicator == "moisture" and one.state == State.VALUE and one.low == one.high),
        None,
    )
    signs = {"do": "+", "dont": "–", "safety": "!"}
    lines: list[Flowable] = []
    for use in book.use:
        text = use.text.in_language(page.language)
        if use.dry_kg_per_m2 is not None and moisture is not None and moisture.low < 1e6:
            share = Decimal(str(moisture.low)) / Decimal(1_000_000)
            fresh = use.dry_kg_per_m2 / (1 - share)
            joint = "" if page.chinese else " "
            values = {"moisture": format_number(100 * share), "mass": format_number(fresh, 1)}
            text += joint + page.say("pdf_fresh", **values)
        grade = f" {page.say('verdict_provisional')}" if use.grade == "C" else ""
        lines.append(page.rich([(text, False, INK), (grade, False, WARN)], "item", signs[use.kind]))
    used = dict.fromkeys(use.source for use in book.use)
    joint = "；" if page.chinese else "; "
    sources = joint.join(f"{book.sources[one].issuer}, {book.sources[one].title}" for one in used)
    lines.append(page.text(page.say("pdf_use_source", sources=sources), "small"))
    return [page.text(page.say("pdf_use"), "h3"), *lines]
