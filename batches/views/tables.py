"""Tables and amounts as pages of figures show them: plain values for ``_table.html``, each number with its address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from compostnet.shared.charts import Drawing
from compostnet.shared.display import (
    MINUS,
    NO_BREAK,
    NOTHING,
    MassUnit,
    format_mass,
    format_number,
    mass_ends,
    mass_unit,
)

Figure = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its words, where they are explained, and whether they say that something is not known."""

    text: str
    href: str = ""
    unknown: bool = False
    note: str = ""
    number: bool = True

    @property
    def negative(self) -> bool:
        """Whether it is an amount below zero, which pages set apart by colour too."""
        return self.number and self.text.startswith(MINUS)


@dataclass(frozen=True, slots=True)
class Row:
    head: str
    cells: Sequence[Cell]
    href: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """``columns``: the head of the first column, then those of the cells. ``style``: further classes of the table."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]
    style: str = ""

    @property
    def heads(self) -> Iterator[tuple[str, bool]]:
        """The heads of the columns, and whether numbers stand below them."""
        cells = self.rows[0].cells if self.rows else ()
        for number, column in enumerate(self.columns):
            yield column, number > 0 and (not cells or cells[number - 1].number)

    @property
    def lines(self) -> Iterator[tuple[Row, list[tuple[str, Cell]]]]:
        """Each row with its cells under the name of their column, as a phone shows them."""
        for row in self.rows:
            yield row, list(zip(self.columns[1:], row.cells, strict=True))


def language() -> str:
    """The reader's language."""
    return get_language() or settings.LANGUAGE_CODE


def in_language(value: Mapping[str, Any] | None) -> str:
    """The reader's side of ``{zh, en}``; the other one where it is empty."""
    if not value:
        return ""
    first, second = value.get("zh"), value.get("en")
    if not language().startswith("zh"):
        first, second = second, first
    return str(first or second or "")


def name_of(thing: Mapping[str, Any]) -> str:
    """The reader's name of something with ``name_zh`` and ``name_en``."""
    return in_language({"zh": thing.get("name_zh"), "en": thing.get("name_en")}) or str(thing.get("code", ""))


def percent(share: float | None, decimals: int = 1) -> str:
    """A share as percent; a dash where it is not known."""
    if share is None:
        return NOTHING
    return f"{format_number(100 * share, decimals)}{NO_BREAK}%"


def tonnes(value: float | None, shown: MassUnit | None = None) -> str:
    """Tonnes with their unit, in ``shown`` where a column wants one unit."""
    return format_mass(value, language(), "t", shown)


def between(ends: Sequence[float] | None, shown: MassUnit | None = None) -> str:
    """An interval in words, both ends in one unit that stands once; empty where there is none."""
    if not ends:
        return ""
    unit = shown or mass_unit(max(ends, key=abs), "t")
    low, high = mass_ends(ends[0], ends[1], language(), "t", unit)
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def around(value: float | None, ends: Sequence[float] | None, shown: MassUnit | None = None) -> str:
    """The interval of a value, in the unit in which the value stands."""
    return between(ends, shown or (None if value is None else mass_unit(value, "t")))


def amount(value: float | None, href: str = "", shown: MassUnit | None = None, ends: Any = None) -> Cell:
    """A mass of gas or waste that may not be known, with its 95 % interval below it."""
    if value is None:
        return Cell(_("not estimated"), href, unknown=True)
    return Cell(tonnes(value, shown), href, note=around(value, ends, shown))


def diverted(figure: Figure, href: str = "", shown: MassUnit | None = None) -> Cell:
    """The diverted mass of a figure; where nobody verified anything there is none, not even zero."""
    if not figure.get("sites_verified"):
        return Cell(_("not verified"), href, unknown=True)
    value = figure["diverted_t"]
    return Cell(tonnes(value, shown), href, note=around(value, interval(figure, "diverted_t"), shown))


def interval(figure: Figure, key: str) -> list[float] | None:
    """The 95 % interval of one value of a figure."""
    found: list[float] | None = (figure.get("interval") or {}).get(key)
    return found


def count(value: int | None) -> Cell:
    return Cell(format_number(value))


def sites_of(figure: Figure) -> Cell:
    """Verified of expected sites."""
    return Cell(f"{format_number(figure['sites_verified'])} / {format_number(figure['sites_expected'])}")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What stands beside every total: who reported, and how the mass was measured."""

    expected: str
    reported: str
    verified: str
    months_expected: str
    months_verified: str
    weighed: str
    counted: str
    estimated: str
    baseline: str
    bar: Drawing


def coverage(figure: Figure) -> Coverage:
    """The coverage of a figure in words and as a bar of shares."""
    weighed, estimated = figure.get("share_weighed"), figure.get("share_estimated")
    counted = figure.get("share_counted")
    if counted is None and weighed is not None and estimated is not None:
        counted = max(0.0, 1.0 - weighed - estimated)
    return Coverage(
        format_number(figure["sites_expected"]),
        format_number(figure["sites_reported"]),
        format_number(figure["sites_verified"]),
        format_number(figure.get("site_months_expected")),
        format_number(figure.get("site_months_verified")),
        percent(weighed),
        percent(counted),
        percent(estimated),
        percent(figure.get("share_with_baseline")),
        _shares((weighed or 0.0, counted or 0.0, estimated or 0.0)),
    )


def _shares(shares: Sequence[float]) -> Drawing:
    """A thin bar of shares, for eyes only: the words beside it say the same."""
    parts, left = [], 0.0
    for number, share in enumerate(shares):
        width = max(0.0, min(100.0 - left, 100 * share))
        if width > 0:
            parts.append(f'<rect class="share-{number + 1}" x="{left:.2f}" y="0" width="{width:.2f}" height="6"/>')
        left += width
    return Drawing(
        '<svg class="shares" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect class="share-0" x="0" y="0" width="100" height="6"/>{"".join(parts)}</svg>'
    )
