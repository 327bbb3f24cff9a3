"""The label of a sample: 70 × 40 mm, with a QR code that opens the arrival page; alone or as a sheet of many."""

from __future__ import annotations

import io
from dataclasses import dataclass

import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm

from compostnet.shared.pdf.look import (
    INK,
    LEAF,
    LINE_STRONG,
    MUTED,
    Look,
    Page,
    canvas_for,
    draw_leaf,
    draw_qr,
    fit,
    look,
    put,
)
from compostnet.shared.rules import Text

LABEL = (70 * mm, 40 * mm)
COLUMNS, ROWS = 3, 7
"""Of a sheet: A4 with 21 labels of 70 × 42.4 mm, as stationers sell it."""
COPIES = COLUMNS * ROWS


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """What stands on a sample's label. ``url``: what the code opens."""

    code: str
    url: str
    site: Text | None = None
    batch: str = ""
    standard: str = ""


def label_pdf(label: LabelFacts, *, language: str, sheet: bool = False, font: str = "") -> bytes:
    """One label on a page of its own size (label printers), or ``sheet``: A4 with 21 copies."""
    page = look(language, font)
    out = io.BytesIO()
    canvas = canvas_for(page)(out, pagesize=A4 if sheet else LABEL, invariant=1, lang=_tag(page))
    canvas.setTitle(page.say("pdf_label_copies", code=label.code))
    canvas.setAuthor(page.say("pdf_author"))
    canvas.setSubject(page.say("pdf_label"))
    canvas.setCreator("compostnet")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    if not sheet:
        draw_label(canvas, page, label, 0, 0)
    else:
        high = A4[1] / ROWS
        for number in range(COPIES):
            row, column = divmod(number, COLUMNS)
            draw_label(canvas, page, label, column * LABEL[0], A4[1] - (row + 1) * high + (high - LABEL[1]) / 2)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _tag(page: Look) -> str:
    return "zh-Hans" if page.chinese else "en"


def draw_label(canvas: Page, page: Look, label: LabelFacts, x: float, y: float) -> None:
    """A label with its lower left corner at a place."""
    canvas.saveState()
    canvas.translate(x, y)
    width, height = LABEL
    pad, code = 3 * mm, 24 * mm
    draw_leaf(canvas, pad, height - pad - 8, 8)
    put(canvas, page, pad + 11, height - pad - 6.6, page.say("pdf_brand"), 6.4, bold=True, colour=LEAF)
    text = width - code - 2.2 * pad
    size = 16.5
    while page.faces.width(label.code, size, True) > text and size > 6:
        size -= 0.5
    put(canvas, page, pad, height - pad - 27, label.code, size, bold=True, colour=INK)
    line = height - pad - 38
    site = label.site.in_language(page.language) if label.site else ""
    for name, value in (("pdf_site", site), ("pdf_batch", label.batch), ("pdf_standard", label.standard)):
        if value:
            start = put(canvas, page, pad, line, page.say(name), 5.6, colour=MUTED) + 4
            put(canvas, page, pad + start, line, fit(page, value, 6.8, text - start, bold=True), 6.8, bold=True)
            line -= 10.5
    base = pad + 3
    start = put(canvas, page, pad, base, page.say("pdf_label_date"), 5.6, colour=MUTED)
    canvas.setStrokeColor(LINE_STRONG)
    canvas.setLineWidth(0.5)
    canvas.line(pad + start + 4, base - 1.5, pad + text, base - 1.5)
    draw_qr(canvas, segno.make_qr(label.url, error="m"), width - code - 1.2 * mm, height - code - 5.2 * mm, code)
    scan = page.say("pdf_label_scan")
    middle = width - 1.2 * mm - code / 2
    put(canvas, page, middle - page.faces.width(scan, 5.6) / 2, base, scan, 5.6, colour=MUTED)
    canvas.restoreState()
