"""What the reports are put together from: numbers in words, spans, tables of numbers, the running head and foot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from reportlab.lib.colors import Color
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

from compostnet.shared.display import NO_BREAK, NOTHING, format_month, format_number
from compostnet.shared.pdf.look import INK, LEAF, LEAF_SOFT, LINE, MUTED, WARN, WIDTH, Look, Running, table

Period = Literal["month", "year"]
Json = Mapping[str, Any]
Figure = Mapping[str, Any]
LONGEST_NAME = 120
"""Characters of a name; what is longer is cut, with an ellipsis."""
NUMBER_SIZE = 7.6
SOFT_WARN = Color(0xFB / 255, 0xF1 / 255, 0xD9 / 255)


@dataclass(frozen=True)
class Report:
    """What every part of a report needs: the document, its language, the span it is about."""

    page: Look
    document: Json
    period: Period

    @property
    def release(self) -> Json:
        found: Json = self.document["release"]
        return found

    @property
    def month(self) -> str:
        return str(self.release["month"])

    @property
    def language(self) -> str:
        return self.page.language

    def say(self, code: str, /, **values: Any) -> str:
        return self.page.say(code, **values)

    def text(self, bilingual: Json | None) -> str:
        """A text of the document in the report's language; '' where there is none."""
        if not bilingual:
            return ""
        return str(bilingual.get("zh" if self.page.chinese else "en") or "")

    def name(self, row: Json) -> str:
        """The name of a site, region or class."""
        zh, en = str(row.get("name_zh") or ""), str(row.get("name_en") or "")
        found = (zh or en) if self.page.chinese else (en or zh)
        found = found or str(row.get("code") or "")
        return found if len(found) <= LONGEST_NAME else found[: LONGEST_NAME - 1] + "…"

    def span_name(self, span: str) -> str:
        """``October 2026``, ``2026 so far``, ``since the start``."""
        if span == "month":
            return format_month(self.month, self.language)
        if span == "year":
            if self.month.endswith("-12"):
                return self.say("report_span_year", year=self.month[:4])
            first, last = format_month(f"{self.month[:4]}-01", self.language), format_month(self.month, self.language)
            if first == last:
                return last
            # The year is said once: 2026年1月至10月, January to October 2026.
            if self.page.chinese:
                last = last[len(self.month[:4]) + 1 :]
            else:
                first = first.split(" ")[0]
            return self.say("report_span_year_so_far", first=first, last=last)
        return self.say("report_span_total")

    @property
    def spans(self) -> list[str]:
        """The columns of a report, that which it is about first."""
        return ["month", "year", "total"] if self.period == "month" else ["year", "total"]

    @property
    def subject(self) -> str:
        """``Report of October 2026`` or ``Report of the year 2026``."""
        return self.span_name(self.period)

    @property
    def status(self) -> str:
        names = {
            "provisional": self.say("report_status_provisional"),
            "final": self.say("report_status_final"),
            "restated": self.say("report_status_restated"),
        }
        found = str(self.release.get("status") or "")
        return names.get(found, found)

    def running(self, title: str, address: str) -> Running:
        """Head and foot: release, status and month at the top, citation, address and page at the bottom."""
        values = {"number": self.release["number"], "status": self.status, "span": self.subject}
        return Running(
            title=title,
            subject=self.say("report_head", **values),
            document=address,
            foot=self.text(self.release.get("citation")),
            mark=self.say("report_mark_invented") if self.release.get("invented") else "",
        )


def tonnes(value: float | None) -> str:
    """A number of tonnes without its unit; a dash where there is none."""
    return format_number(value)


def titled(name: str, unit: str) -> str:
    """A head of a column: the name over its unit. What stands in Chinese brackets has a line of its own."""
    name = name.replace("（", "\n（")
    return f"{name}\n{unit.replace(' ', NO_BREAK)}"


def exactly(value: float) -> str:
    """A factor as it is written in the method: never rounded, never in powers of ten."""
    return f"{Decimal(repr(float(value))).normalize():f}"


def percent(share: float | None) -> str:
    """``82 %``; a dash where there is none. Never 100 % of what is less, never 0 % of what is more."""
    if share is None:
        return NOTHING
    value = 100 * share
    if 99.5 <= value < 100:
        return f"> 99{NO_BREAK}%"
    if 0 < value < 0.5:
        return f"< 1{NO_BREAK}%"
    return f"{format_number(value, 0)}{NO_BREAK}%"


def between(report: Report, pair: Sequence[float] | None) -> str:
    """``1.2 to 3.4``; '' where there is no interval. A dash would read as a minus."""
    if not pair:
        return ""
    low, high = (format_number(end) for end in pair)
    return report.say("report_between", low=low, high=high)


def interval_line(report: Report, figure: Figure, key: str) -> str:
    """``95 %: 1.2 – 3.4``; '' where there is no interval."""
    found = between(report, (figure.get("interval") or {}).get(key))
    return report.say("report_interval", interval=found) if found else ""


def coverage_line(report: Report, figure: Figure) -> str:
    """How many sites are behind a figure, of how many expected."""
    values = {name: format_number(figure[f"sites_{name}"]) for name in ("verified", "reported", "expected")}
    return report.say("report_coverage", **values)


def numbers(
    report: Report,
    heads: Sequence[str],
    rows: Sequence[Sequence[Any]],
    widths: Sequence[float],
    *,
    left: int = 1,
    strong: Sequence[int] = (),
    padding: float = 2.6,
    more: Sequence[tuple[Any, ...]] = (),
) -> Table:
    """A table whose first ``left`` columns are texts and the rest numbers, right aligned; the head is repeated.

    Cells are texts, flowables, or (text, small text under it). ``strong``: rows in bold.
    """
    page = report.page
    total = sum(widths)
    wide = [WIDTH * width / total for width in widths]
    head = [page.text(text, "head" if n < left else "head-right") for n, text in enumerate(heads)]
    made: list[list[Any]] = [head]
    for number, row in enumerate(rows):
        bold = number in strong
        made.append([_cell(page, cell, right=n >= left, bold=bold) for n, cell in enumerate(row)])
    style = [("BACKGROUND", (0, n + 1), (-1, n + 1), LEAF_SOFT) for n in strong]
    return table(made, wide, more=[*style, ("RIGHTPADDING", (0, 0), (-1, -1), 5), *more], padding=padding)


def _cell(page: Look, cell: Any, *, right: bool, bold: bool) -> Any:
    style = "cell-right" if right else "cell"
    if isinstance(cell, str):
        return page.text(cell, style, bold=bold)
    if isinstance(cell, tuple):
        text, under = cell
        parts = [page.text(text, style, bold=bold)]
        if under:
            parts.append(_small(page, under, right=right))
        return parts
    return cell


def _small(page: Look, text: str, *, right: bool) -> Paragraph:
    made = page.text(text, "small")
    if right:
        style = made.style.clone(f"{made.style.name}-right", alignment=2)
        made = Paragraph(made.text, style)
    return made


def _fits(page: Look, text: str, width: float) -> bool:
    """Whether a text needs no paragraph: plain Latin that is narrower than its column."""
    return text.isascii() and page.faces.width(text, NUMBER_SIZE) <= width - 9


def plain_table(
    report: Report,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    *,
    left: int = 1,
    strong: Sequence[int] = (),
) -> Table:
    """As `numbers`, for hundreds of rows: heights are measured once, numbers are set without paragraphs."""
    page = report.page
    total = sum(widths)
    wide = [WIDTH * width / total for width in widths]
    head = [page.text(text, "head" if n < left else "head-right") for n, text in enumerate(heads)]
    made: list[list[Any]] = [head]
    heights = [max(cell.wrap(wide[n] - 9, 1000)[1] for n, cell in enumerate(head)) + 6.4]
    for row in rows:
        cells: list[Any] = [
            cell if _fits(page, cell, wide[n]) else page.text(cell, "cell") for n, cell in enumerate(row[:left])
        ]
        for n, cell in enumerate(row[left:], start=left):
            # Only a number that is wider than its column needs a paragraph, which breaks it.
            is_wide = page.faces.width(cell, NUMBER_SIZE) > wide[n] - 9
            cells.append(page.text(cell, "cell-right") if is_wide else cell)
        tall = max(10.4 if isinstance(cell, str) else cell.wrap(wide[n] - 9, 1000)[1] for n, cell in enumerate(cells))
        made.append(cells)
        heights.append(tall + 4.4)
    face = page.faces.regular[0].name
    made_table = Table(made, colWidths=wide, rowHeights=heights, repeatRows=1, hAlign="LEFT")
    made_table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 5),
                ("TOPPADDING", (0, 1), (-1, -1), 2.2),
                ("BOTTOMPADDING", (0, 1), (-1, -1), 2.2),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("BACKGROUND", (0, 0), (-1, 0), LEAF_SOFT),
                ("LINEBELOW", (0, 0), (-1, 0), 0.7, LEAF),
                ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
                ("FONT", (0, 1), (-1, -1), face, NUMBER_SIZE, 10.4),
                ("TEXTCOLOR", (0, 1), (-1, -1), INK),
                ("ALIGN", (left, 1), (-1, -1), "RIGHT"),
                *(("BACKGROUND", (0, n + 1), (-1, n + 1), LEAF_SOFT) for n in strong),
            ]
        )
    )
    return made_table


def boxed(report: Report, text: str, *, title: str = "", warn: bool = False) -> Table:
    """A sentence in a soft box: an explanation, or a warning."""
    colour = WARN if warn else LEAF
    pieces: list[tuple[str, bool, Color | None]] = []
    if title:
        pieces.append((title + ("：" if report.page.chinese else ": "), True, colour))
    pieces.append((text, False, INK))
    made = Table([[report.page.rich(pieces, "body")]], colWidths=[WIDTH])
    made.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), SOFT_WARN if warn else LEAF_SOFT),
                ("LINEBEFORE", (0, 0), (0, -1), 2.5, colour),
                ("LEFTPADDING", (0, 0), (-1, -1), 9),
                ("RIGHTPADDING", (0, 0), (-1, -1), 9),
                ("TOPPADDING", (0, 0), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return made


def heading(report: Report, text: str, level: str = "h1") -> Flowable:
    """A heading that stays with what follows it."""
    return report.page.text(text, level)


def note(report: Report, text: str) -> Paragraph:
    """Small print under a table, or between a heading and its table."""
    return report.page.rich([(text, False, MUTED)], "note")
