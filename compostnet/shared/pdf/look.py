"""How the documents look: paper, colours, type, marks of verdicts, tables, running head and foot."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import segno
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.textobject import PDFTextObject
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table, TableStyle

from compostnet.shared.display import is_chinese
from compostnet.shared.pdf.fonts import FAKE_BOLD_STROKE, Faces, faces
from compostnet.shared.texts import Message, catalogue

INK, MUTED = HexColor(0x1B2721), HexColor(0x55625A)
LINE, LINE_STRONG = HexColor(0xD8D6C8), HexColor(0x8A9388)
LEAF, LEAF_SOFT, PAPER = HexColor(0x1D6A45), HexColor(0xEEF4EC), HexColor(0xF7F5EE)
OK, BAD, WARN, UNKNOWN = HexColor(0x1B6638), HexColor(0xA3261F), HexColor(0x7A4F00), HexColor(0x57534A)
COLOURS = {
    "pass": OK,
    "fail": BAD,
    "cannot_tell": UNKNOWN,
    "incomplete": WARN,
    "not_tested": WARN,
    "not_applicable": LINE_STRONG,
    "declared": HexColor(0x1F557A),
}
SOFT = {
    "pass": HexColor(0xE6F2E6),
    "fail": HexColor(0xFBE9E6),
    "cannot_tell": HexColor(0xEFEDE4),
    "incomplete": HexColor(0xFBF1D9),
}
MARGIN = 18 * mm
TOP, BOTTOM = 24 * mm, 21 * mm
WIDTH = A4[0] - 2 * MARGIN
PAGES_FORM = "number-of-pages"


class _Text(PDFTextObject):  # type: ignore[misc]
    """Text whose Chinese bold is drawn as an outline around the regular glyphs, in the colour of the text."""

    def _weigh(self, name: str, size: float) -> None:
        outlined = name in self._canvas.outlined
        if outlined:
            self._code.append(f"2 Tr {size * FAKE_BOLD_STROKE:.3f} w")
            self.setStrokeColor(getattr(self, "_fillColorObj", None) or self._canvas._fillColorObj)
        elif self._outlined:
            self._code.append("0 Tr")
        self._outlined = outlined

    _outlined = False

    def _setFont(self, psfontname: str, size: float) -> None:
        super()._setFont(psfontname, size)
        self._weigh(psfontname, size)

    def setFont(self, psfontname: str, size: float, leading: float | None = None) -> None:
        super().setFont(psfontname, size, leading)
        self._weigh(psfontname, size)

    def setFillColor(self, aColor: Any, alpha: Any = None) -> None:
        super().setFillColor(aColor, alpha)
        if self._outlined:
            self.setStrokeColor(aColor)

    def getCode(self) -> str:
        if self._outlined:
            self._code.append("0 Tr")
        return str(super().getCode())


class Page(Canvas):  # type: ignore[misc]
    """A canvas that knows the faces, and fills in the number of pages when all are drawn."""

    outlined: frozenset[str] = frozenset()
    look: Look | None = None

    def beginText(self, x: float = 0, y: float = 0, direction: str | None = None) -> _Text:
        return _Text(self, x, y)

    def save(self) -> None:
        """Draw how many pages there are, where every page shows it, then write the document."""
        if self.look is not None and len(self._code):
            self.showPage()
        if self.look is not None:
            pages = self.getPageNumber() - 1
            self.beginForm(PAGES_FORM, 0, -4, 200, 12)
            put(self, self.look, 0, 0, self.look.say("pdf_of_pages", pages=pages), 7.5, colour=MUTED)
            self.endForm()
        super().save()


@dataclass(frozen=True)
class Look:
    """Everything that depends on the language and the faces: styles, and texts made ready for ReportLab."""

    language: str
    faces: Faces
    scale: float = 1.0
    styles: dict[str, ParagraphStyle] = field(default_factory=dict, repr=False)

    @property
    def chinese(self) -> bool:
        return is_chinese(self.language)

    def say(self, code: str, /, **values: Any) -> str:
        """A sentence of the catalogue (``messages….yaml``)."""
        return Message(code, values).render(self.language)

    def basis(self, basis: str) -> str:
        """What a value or a limit is a share of, in words; '' where that is nothing."""
        code = f"basis_{basis}"
        return self.say(code) if code in catalogue() else ""

    def markup(self, text: str, bold: bool = False) -> str:
        """A text as ReportLab's markup, every run in a face that has its characters."""
        return "".join(
            f'<font name="{name}">{escape(piece)}</font>'.replace("\n", "<br/>")
            for name, piece in self.faces.runs(text, bold, self.chinese)
        )

    def text(self, text: str, style: str = "body", *, bold: bool = False) -> Paragraph:
        """A paragraph of plain text."""
        return self.rich([(text, bold or style in BOLD, None)], style)

    def rich(
        self, pieces: Sequence[tuple[str, bool, Color | None]], style: str = "body", bullet: str | None = None
    ) -> Paragraph:
        """A paragraph of pieces, each with its weight and colour; ``bullet`` stands before an ``item``."""
        parts = []
        for text, bold, colour in pieces:
            part = self.markup(text, bold)
            parts.append(f'<font color="{colour.hexval()}">{part}</font>' if colour is not None else part)
        plain = "".join(text for text, _, _ in pieces)
        wide = sum(ord(one) > 0x2E7F for one in plain) * 4 > len(plain)
        return Paragraph("".join(parts), self.style(style, wide), bulletText=bullet)

    def style(self, name: str, chinese: bool) -> ParagraphStyle:
        """A style; lines of Chinese may break between any two characters."""
        key = f"{name}-{'zh' if chinese else 'en'}"
        if key not in self.styles:
            size, leading, colour, align, more = STYLES[name]
            size, leading = size * self.scale, leading * self.scale
            first = self.faces.bold[0] if name in BOLD else self.faces.regular[0]
            self.styles[key] = ParagraphStyle(
                key,
                fontName=first.name,
                fontSize=size,
                leading=leading + (size * 0.12 if chinese else 0),
                textColor=colour,
                alignment=align,
                wordWrap="CJK" if chinese else None,
                splitLongWords=1,
                allowWidows=0,
                allowOrphans=0,
                bulletFontName=self.faces.bold[0].name,
                bulletFontSize=size,
                bulletColor=LEAF,
                **more,
            )
        return self.styles[key]


BOLD = {"title", "h1", "h2", "h3", "head", "head-right", "head-centre", "big", "huge"}
STYLES: dict[str, tuple[float, float, Color, int, dict[str, Any]]] = {
    "title": (20, 25, INK, TA_LEFT, {}),
    "lead": (10.5, 15, MUTED, TA_LEFT, {}),
    "h1": (13, 17, LEAF, TA_LEFT, {"spaceBefore": 14, "spaceAfter": 5, "keepWithNext": 1}),
    "h2": (11, 15, INK, TA_LEFT, {"spaceBefore": 10, "spaceAfter": 4, "keepWithNext": 1}),
    "h3": (9, 12.5, INK, TA_LEFT, {"spaceBefore": 6, "spaceAfter": 2, "keepWithNext": 1}),
    "body": (8.6, 12.6, INK, TA_LEFT, {"spaceAfter": 3}),
    "item": (8.2, 11.8, INK, TA_LEFT, {"spaceAfter": 2.5, "leftIndent": 10}),
    "small": (7.2, 10, MUTED, TA_LEFT, {}),
    "note": (7.2, 10, MUTED, TA_LEFT, {"spaceBefore": 4, "spaceAfter": 4}),
    "cell": (7.8, 10.4, INK, TA_LEFT, {}),
    "cell-right": (7.8, 10.4, INK, TA_RIGHT, {}),
    "head": (7.2, 9.6, LEAF, TA_LEFT, {}),
    "head-right": (7.2, 9.6, LEAF, TA_RIGHT, {}),
    "head-centre": (7.2, 9.6, LEAF, TA_CENTER, {}),
    "label": (7.2, 9.8, MUTED, TA_LEFT, {}),
    "big": (14, 18, INK, TA_LEFT, {}),
    "huge": (24, 29, INK, TA_LEFT, {}),
    "centre": (7.2, 9.8, MUTED, TA_CENTER, {}),
}


def look(language: str, font: str = "", scale: float = 1.0) -> Look:
    """The look of a document in a language; ``font``: the file of a Chinese font to use; ``scale`` of its type."""
    return Look("zh-hans" if is_chinese(language) else "en", faces(font), scale)


def put(
    canvas: Canvas, look: Look, x: float, y: float, text: str, size: float, *, bold: bool = False, colour: Color = INK
) -> float:
    """Set one line of text at a place; its width in points."""
    line = canvas.beginText(x, y)
    line.setFillColor(colour)
    for name, piece in look.faces.runs(text, bold, look.chinese):
        line.setFont(name, size)
        line.textOut(piece)
    canvas.drawText(line)
    return look.faces.width(text, size, bold)


def put_right(canvas: Canvas, look: Look, x: float, y: float, text: str, size: float, **more: Any) -> None:
    """Set one line of text that ends at a place."""
    put(canvas, look, x - look.faces.width(text, size, more.get("bold", False)), y, text, size, **more)


def fit(look: Look, text: str, size: float, width: float, *, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than ``width``."""
    if look.faces.width(text, size, bold) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        wide = look.faces.width(text[:middle].rstrip() + "…", size, bold)
        low, high = (middle, high) if wide <= width else (low, middle - 1)
    return text[:low].rstrip() + "…"


def draw_mark(canvas: Canvas, verdict: str, x: float, y: float, size: float) -> None:
    """The sign of a verdict in a box of ``size``: each has a shape of its own, so that no colour is needed."""
    colour = COLOURS[verdict]
    half = size / 2
    canvas.saveState()
    canvas.translate(x + half, y + half)
    canvas.setFillColor(colour)
    canvas.setStrokeColor(colour)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    thick = size * 0.13

    def stroke(*points: tuple[float, float], paint: Color = white) -> None:
        path = canvas.beginPath()
        path.moveTo(points[0][0] * half, points[0][1] * half)
        for px, py in points[1:]:
            path.lineTo(px * half, py * half)
        canvas.setStrokeColor(paint)
        canvas.setLineWidth(thick)
        canvas.drawPath(path, stroke=1, fill=0)

    if verdict == "pass":
        canvas.circle(0, 0, half, stroke=0, fill=1)
        stroke((-0.45, 0.0), (-0.12, -0.36), (0.48, 0.36))
    elif verdict == "fail":
        canvas.rect(-half * 0.92, -half * 0.92, half * 1.84, half * 1.84, stroke=0, fill=1)
        stroke((-0.42, -0.42), (0.42, 0.42))
        stroke((-0.42, 0.42), (0.42, -0.42))
    elif verdict in ("incomplete", "not_tested"):
        canvas.setLineWidth(thick * 0.7)
        canvas.setDash(size * 0.16, size * 0.18)
        canvas.circle(0, 0, half * 0.9, stroke=1, fill=0)
        canvas.setDash()
        if verdict == "incomplete":
            path = canvas.beginPath()
            path.moveTo(0, half * 0.55)
            path.arcTo(-half * 0.55, -half * 0.55, half * 0.55, half * 0.55, 90, 180)
            path.close()
            canvas.drawPath(path, stroke=0, fill=1)
    elif verdict == "cannot_tell":
        canvas.setLineWidth(thick * 0.8)
        canvas.circle(0, 0, half * 0.92, stroke=1, fill=0)
        path = canvas.beginPath()
        path.moveTo(-half * 0.32, half * 0.24)
        path.curveTo(-half * 0.3, half * 0.62, half * 0.36, half * 0.62, half * 0.34, half * 0.2)
        path.curveTo(half * 0.33, -half * 0.02, 0, -half * 0.02, 0, -half * 0.24)
        canvas.setLineWidth(thick * 0.95)
        canvas.drawPath(path, stroke=1, fill=0)
        canvas.circle(0, -half * 0.52, thick * 0.56, stroke=0, fill=1)
    elif verdict == "declared":
        canvas.setLineWidth(thick * 0.8)
        canvas.circle(0, 0, half * 0.92, stroke=1, fill=0)
        stroke((0, 0.05), (0, -0.45), paint=colour)
        canvas.circle(0, half * 0.42, thick * 0.62, stroke=0, fill=1)
    else:
        stroke((-0.55, 0), (0.55, 0), paint=colour)
    canvas.restoreState()


class Mark(Flowable):  # type: ignore[misc]
    """The sign of a verdict alone (a cell of the overview), or before its word."""

    def __init__(self, look: Look, verdict: str, word: str = "", *, size: float = 8, centre: bool = False) -> None:
        super().__init__()
        self.verdict, self.size, self.centre = verdict, size, centre
        self.word = look.rich([(word, True, COLOURS[verdict])], "cell") if word else None

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = width, self.size + 1
        if self.word is not None:
            _, tall = self.word.wrap(width - self.size - 4, height)
            self.height = max(self.height, tall)
        return self.width, self.height

    def draw(self) -> None:
        x = (self.width - self.size) / 2 if self.centre else 0
        draw_mark(self.canv, self.verdict, x, self.height - self.size - 1, self.size)
        if self.word is not None:
            self.word.drawOn(self.canv, self.size + 4, self.height - self.word.height)


class Verdict(Flowable):  # type: ignore[misc]
    """A large badge: sign and word of a verdict beside what it is about."""

    def __init__(self, look: Look, verdict: str, word: str, title: str, lines: Sequence[str], key: str = "") -> None:
        super().__init__()
        self.look, self.verdict, self.key, self.word_text = look, verdict, key, word
        self.title = look.text(title, "h3")
        self.lines = [look.text(line, "small") for line in lines if line]
        self.size = 22
        self.left = self.size + 20 + look.faces.width(word, 14, True) + 16

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        inner = width - self.left - 12
        tall = sum(part.wrap(inner, height)[1] for part in (self.title, *self.lines))
        self.width, self.height = width, max(tall + 14, self.size + 18)
        self.tall = tall
        return self.width, self.height

    def draw(self) -> None:
        canvas = self.canv
        canvas.saveState()
        canvas.setFillColor(SOFT.get(self.verdict, SOFT["cannot_tell"]))
        canvas.roundRect(0, 0, self.width, self.height, 5, stroke=0, fill=1)
        canvas.setFillColor(COLOURS[self.verdict])
        canvas.rect(0, 0, 3.5, self.height, stroke=0, fill=1)
        canvas.restoreState()
        middle = self.height / 2
        draw_mark(canvas, self.verdict, 13, middle - self.size / 2, self.size)
        put(canvas, self.look, self.size + 20, middle - 5, self.word_text, 14, bold=True, colour=COLOURS[self.verdict])
        y = middle + self.tall / 2
        for part in (self.title, *self.lines):
            y -= part.height
            part.drawOn(canvas, self.left, y)


class QR(Flowable):  # type: ignore[misc]
    """A QR code of an address, as filled squares on white."""

    def __init__(self, address: str, size: float, *, error: str = "m") -> None:
        super().__init__()
        self.code = segno.make_qr(address, error=error)
        self.size = size

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = self.height = self.size
        return self.size, self.size

    def draw(self) -> None:
        draw_qr(self.canv, self.code, 0, 0, self.size)


def draw_qr(canvas: Canvas, code: segno.QRCode, x: float, y: float, size: float) -> None:
    """The modules of a code with its quiet zone of four, inside of a square of ``size``."""
    rows = [bytes(row) for row in code.matrix_iter(border=4)]
    step = size / len(rows)
    canvas.saveState()
    canvas.setFillColor(white)
    canvas.rect(x, y, size, size, stroke=0, fill=1)
    canvas.setFillColor(INK)
    path = canvas.beginPath()
    for number, row in enumerate(rows):
        start = None
        for column in range(len(row) + 1):
            dark = column < len(row) and row[column]
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                path.rect(x + start * step, y + size - (number + 1) * step, (column - start) * step, step)
                start = None
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()


def table(
    rows: Sequence[Sequence[Any]],
    widths: Sequence[float],
    *,
    head: int = 1,
    more: Sequence[tuple[Any, ...]] = (),
    padding: float = 3.2,
) -> Table:
    """A calm table: a soft head that is repeated on every page, thin lines, rows that are never torn if they fit."""
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 7),
        ("TOPPADDING", (0, 0), (-1, -1), padding),
        ("BOTTOMPADDING", (0, 0), (-1, -1), padding),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        *more,
    ]
    if head:
        style += [
            ("BACKGROUND", (0, 0), (-1, head - 1), LEAF_SOFT),
            ("LINEBELOW", (0, head - 1), (-1, head - 1), 0.7, LEAF),
            ("VALIGN", (0, 0), (-1, head - 1), "BOTTOM"),
        ]
    made = Table([list(row) for row in rows], colWidths=list(widths), repeatRows=head, splitByRow=1, hAlign="LEFT")
    made.setStyle(TableStyle(style))
    return made


def pairs(look: Look, facts: Sequence[tuple[str, str]], width: float, columns: int = 2) -> Table:
    """Labels over values in columns; those without value are left out."""
    known = [(label[:1].upper() + label[1:], value) for label, value in facts if value]
    cells: list[Any] = [[look.text(label, "label"), look.text(value, "body")] for label, value in known]
    cells += [""] * (-len(cells) % columns)
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    made = Table(rows, colWidths=[width / columns] * columns)
    made.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 10),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        )
    )
    return made


@dataclass(frozen=True)
class Running:
    """What stands on every page: what the document is, its id, a line at the foot, and a ``mark`` in the head."""

    title: str
    subject: str
    document: str
    foot: str = ""
    mark: str = ""


def build(story: Callable[[], list[Flowable]], look: Look, running: Running) -> bytes:
    """An A4 document with head and foot on every page. The same story gives the same bytes."""
    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=TOP,
        bottomMargin=BOTTOM,
        title=running.title,
        author=look.say("pdf_author"),
        subject=running.subject,
        creator="compostnet",
        lang="zh-Hans" if look.chinese else "en",
        displayDocTitle=1,
        invariant=1,
        initialFontName=look.faces.regular[0].name,
        initialFontSize=8,
    )
    frame = Frame(MARGIN, BOTTOM, WIDTH, A4[1] - TOP - BOTTOM, 0, 0, 0, 0)
    document.addPageTemplates(
        PageTemplate("page", [frame], onPage=lambda canvas, doc: _furniture(canvas, doc, look, running))
    )
    document.build(story(), canvasmaker=canvas_for(look, pages=True))
    return out.getvalue()


def canvas_for(look: Look, *, pages: bool = False) -> Callable[..., Page]:
    """A canvas that draws this look's bold, and with ``pages`` the number of pages at the foot."""

    def make(*arguments: Any, **more: Any) -> Page:
        canvas = Page(*arguments, **more)
        canvas.outlined = look.faces.outlined
        canvas.look = look if pages else None
        return canvas

    return make


def _furniture(canvas: Canvas, document: Any, look: Look, running: Running) -> None:
    """Head and foot of a page."""
    canvas.saveState()
    top = A4[1] - 14 * mm
    draw_leaf(canvas, MARGIN, top - 2.2, 10)
    brand = put(canvas, look, MARGIN + 14, top, look.say("pdf_brand"), 8.5, bold=True, colour=LEAF)
    if running.mark:
        left, wide = MARGIN + 14 + brand + 8, look.faces.width(running.mark, 7.2, True) + 10
        canvas.setFillColor(WARN)
        canvas.roundRect(left, top - 3.4, wide, 12, 3, stroke=0, fill=1)
        put(canvas, look, left + 5, top - 0.2, running.mark, 7.2, bold=True, colour=white)
    put_right(canvas, look, A4[0] - MARGIN, top, fit(look, running.subject, 7.5, WIDTH * 0.55), 7.5, colour=MUTED)
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, top - 7, A4[0] - MARGIN, top - 7)
    foot = 12 * mm
    canvas.line(MARGIN, foot + 11, A4[0] - MARGIN, foot + 11)
    page = look.say("pdf_page", page=document.page) + ("" if look.chinese else " ")
    width = put(canvas, look, MARGIN, foot, page, 7.5, colour=MUTED)
    canvas.translate(MARGIN + width, foot)
    canvas.doForm(PAGES_FORM)
    canvas.translate(-MARGIN - width, -foot)
    put_right(canvas, look, A4[0] - MARGIN, foot, running.document, 7.5, colour=MUTED)
    if running.foot:
        put(canvas, look, MARGIN, foot - 9, fit(look, running.foot, 6.4, WIDTH), 6.4, colour=MUTED)
    canvas.restoreState()


def draw_leaf(canvas: Canvas, x: float, y: float, size: float) -> None:
    """The sign of the network: a seedling over soil, in a rounded square."""
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(size / 32, size / 32)
    canvas.setFillColor(LEAF)
    canvas.roundRect(0, 0, 32, 32, 7, stroke=0, fill=1)
    canvas.setStrokeColor(white)
    canvas.setLineWidth(2.4)
    canvas.setLineCap(1)
    canvas.line(16, 10, 16, 20)
    for depth in (9.5, 5.0):
        soil = canvas.beginPath()
        soil.moveTo(5, depth)
        soil.curveTo(9, depth + 3, 12, depth + 3, 16, depth)
        soil.curveTo(20, depth - 3, 23, depth - 3, 27, depth)
        canvas.drawPath(soil, stroke=1, fill=0)
    canvas.setFillColor(white)
    for leaf in (
        (16, 19, 16, 24, 12.5, 26.5, 7, 26.5, 7, 21, 10.5, 18.5, 16, 19),
        (16, 17.5, 16, 21.5, 19, 24, 24.5, 24, 24.5, 19.5, 21.5, 17, 16, 17.5),
    ):
        path = canvas.beginPath()
        path.moveTo(leaf[0], leaf[1])
        path.curveTo(*leaf[2:8])
        path.curveTo(*leaf[8:14])
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()
