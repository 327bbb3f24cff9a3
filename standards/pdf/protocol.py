"""The sampling protocol: how the sample is taken for a standard, with fields to fill in by hand and the label."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Spacer, Table, TableStyle

from compostnet.shared.pdf.look import (
    INK,
    LEAF,
    LEAF_SOFT,
    LINE_STRONG,
    MUTED,
    WIDTH,
    Look,
    Running,
    build,
    look,
    pairs,
    put,
)
from standards.pdf.label import LABEL, LabelFacts, draw_label
from standards.testing import Protocol

MOST_BOXES = 60
FIELDS = (
    ("pdf_field_day", "pdf_field_weather"),
    ("pdf_field_size", "pdf_field_temperature"),
    ("pdf_field_mass", "pdf_field_seal"),
    ("pdf_field_remarks",),
    ("pdf_field_sampler", "pdf_field_witness"),
)
FIELDS_OF_LAB = (("pdf_field_arrived", "pdf_field_condition"), ("pdf_field_receiver", "pdf_field_lab_number"))


def protocol_pdf(
    protocol: Protocol,
    *,
    language: str,
    label: LabelFacts | None = None,
    standard_name: str = "",
    lab: str = "",
    is_invented: bool = False,
    font: str = "",
) -> bytes:
    """The protocol of one sample as PDF (A4), with its label to cut out where ``label`` is given."""
    page = look(language, font)
    title = page.say("pdf_protocol")
    code = label.code if label else ""
    subject = " · ".join(part for part in (title, code) if part)
    foot = page.say("pdf_invented") if is_invented else ""
    running = Running(subject, subject, code or protocol.standard, foot)
    return build(lambda: _story(page, protocol, label, standard_name, lab), page, running)


def _story(page: Look, protocol: Protocol, label: LabelFacts | None, name: str, lab: str) -> list[Flowable]:
    sampling = protocol.sampling
    language = page.language
    edition = f"{protocol.standard} {protocol.edition}".strip()
    site = label.site.in_language(language) if label and label.site else ""
    much = [
        page.say("pdf_sub_samples_needed", count=sampling.sub_samples) if sampling.sub_samples else "",
        page.say("pdf_mass_needed", mass=sampling.laboratory_sample_kg) if sampling.laboratory_sample_kg else "",
    ]
    rows = [
        (page.say("pdf_sample"), label.code if label else ""),
        (page.say("pdf_site"), site),
        (page.say("pdf_batch"), label.batch if label else ""),
        (page.say("pdf_for_standard"), " · ".join(part for part in (edition, name) if part)),
        (page.say("pdf_lab"), lab),
        (page.say("pdf_needed"), " · ".join(part for part in much if part)),
    ]
    wide = WIDTH - (LABEL[0] + 14 if label else 0)
    head: list[Flowable] = [
        page.text(page.say("pdf_protocol"), "title"),
        Spacer(1, 2),
        page.text(page.say("pdf_protocol_lead"), "lead"),
        Spacer(1, 6),
        pairs(page, rows, wide, columns=2 if label else 3),
    ]
    parts: list[Flowable] = [
        _beside(head, CutOut(page, label), wide) if label else KeepTogether(head),
        page.text(page.say("pdf_steps"), "h1"),
        *(_step(page, number, step.in_language(language)) for number, step in enumerate(sampling.steps, start=1)),
    ]
    if protocol.general_steps:
        first, *rest = [
            _step(page, number, step.in_language(language))
            for number, step in enumerate(protocol.general_steps, start=len(sampling.steps) + 1)
        ]
        parts += [KeepTogether([page.text(page.say("pdf_general_steps"), "h3"), first]), *rest]
    if sampling.packing:
        heading = page.text(page.say("pdf_packing"), "h1")
        parts.append(KeepTogether([heading, page.text(sampling.packing.in_language(language), "body")]))
    after = page.say(
        "pdf_source",
        title=protocol.source.title,
        clause=sampling.clause.in_language(language),
        grade=sampling.grade,
    )
    general = f"{'' if page.chinese else ' '}{page.say('pdf_general')}" if protocol.general and protocol.edition else ""
    parts += [Spacer(1, 2), page.text(f"{after}{general}", "small")]
    if sampling.sub_samples:
        heading = page.text(page.say("pdf_points"), "h1")
        parts.append(KeepTogether([heading, _boxes(page, min(sampling.sub_samples, MOST_BOXES))]))
    parts.append(CondPageBreak(40 * mm))
    parts.append(_form(page, "pdf_fill_in", FIELDS))
    parts.append(_form(page, "pdf_at_lab", FIELDS_OF_LAB))
    return parts


_BARE = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    *((f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
]


def _beside(left: list[Flowable], right: Flowable, wide: float) -> Table:
    made = Table([[left, right]], colWidths=[wide, WIDTH - wide])
    made.setStyle(TableStyle([*_BARE, ("LEFTPADDING", (1, 0), (1, 0), 14)]))
    return made


def _step(page: Look, number: int, text: str) -> Table:
    made = Table([[page.rich([(str(number), True, LEAF)], "h3"), page.text(text, "body")]], colWidths=[16, WIDTH - 16])
    made.setStyle(TableStyle(_BARE))
    return made


def _boxes(page: Look, count: int) -> Table:
    """A box to tick for each sub-sample, with room for its depth."""
    columns = 6
    width = WIDTH / columns
    cells: list[Flowable | str] = [Box(page, number) for number in range(1, count + 1)]
    cells += [""] * (-len(cells) % columns)
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    made = Table(rows, colWidths=[width] * columns)
    made.setStyle(
        TableStyle([(f"{side}PADDING", (0, 0), (-1, -1), 1.5) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")])
    )
    return made


class Box(Flowable):  # type: ignore[misc]
    """A square to tick, its number, and a line for the depth."""

    def __init__(self, page: Look, number: int) -> None:
        super().__init__()
        self.page, self.number = page, number

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = width
        return width, 15

    def draw(self) -> None:
        canvas = self.canv
        canvas.setStrokeColor(LINE_STRONG)
        canvas.setLineWidth(0.8)
        canvas.rect(0, 2, 10, 10, stroke=1, fill=0)
        put(canvas, self.page, 14, 4, str(self.number), 8, bold=True)
        unit = self.page.say("pdf_depth")
        end = self.width - 4 - self.page.faces.width(unit, 6.6)
        canvas.setLineWidth(0.4)
        canvas.line(30, 3, end - 3, 3)
        put(canvas, self.page, end, 4, unit, 6.6, colour=MUTED)


def _form(page: Look, title: str, fields: Sequence[tuple[str, ...]]) -> KeepTogether:
    """Fields to fill in by hand: a label over an empty line; one field in a row takes its whole width."""
    rows = [[*(page.text(page.say(name), "label") for name in row), *[""] * (2 - len(row))] for row in fields]
    made = Table(rows, colWidths=[WIDTH / 2] * 2, rowHeights=[7.9 * mm] * len(rows))
    made.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.5, LINE_STRONG),
                *(("SPAN", (0, number), (1, number)) for number, row in enumerate(fields) if len(row) == 1),
                *([("BACKGROUND", (0, 0), (-1, -1), LEAF_SOFT)] if title == "pdf_at_lab" else []),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return KeepTogether([page.text(page.say(title), "h1"), made])


class CutOut(Flowable):  # type: ignore[misc]
    """The label inside of a dashed line."""

    def __init__(self, page: Look, label: LabelFacts) -> None:
        super().__init__()
        self.page, self.label = page, label

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = width
        return width, LABEL[1] + 14

    def draw(self) -> None:
        canvas = self.canv
        put(canvas, self.page, 0, LABEL[1] + 6, self.page.say("pdf_cut"), 7.2, colour=MUTED)
        canvas.setStrokeColor(INK)
        canvas.setLineWidth(0.4)
        canvas.setDash(3, 2)
        canvas.rect(0, 0, *LABEL, stroke=1, fill=0)
        canvas.setDash()
        draw_label(canvas, self.page, self.label, 0, 0)
