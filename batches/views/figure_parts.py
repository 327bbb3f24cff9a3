"""What the page of figures shows, out of a release's document: tables, charts and lists ready to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from batches.views.tables import (
    Cell,
    Coverage,
    Figure,
    Row,
    Table,
    amount,
    around,
    coverage,
    diverted,
    in_language,
    interval,
    language,
    name_of,
    percent,
    sites_of,
    tonnes,
)
from compostnet.shared.charts import Drawing, bar_chart, stacked_bar_chart
from compostnet.shared.display import MINUS, NOTHING, format_mass, format_month, format_number
from compostnet.shared.ranges import Ranged, range_chart

MONTHS_DRAWN = 24
SPANS = ("month", "year", "total")
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """One span of a figure with what stands beside it."""

    code: str
    label: str
    figure: Figure
    coverage: Coverage
    intervals: Mapping[str, str]


def span_labels(month: str) -> dict[str, str]:
    """The names of the three spans of a release of ``month``."""
    return {
        "month": format_month(month, language()),
        "year": _("%(year)s so far") % {"year": month[:4]},
        "total": _("since the start"),
    }


def spans(thing: Mapping[str, Any], month: str) -> list[Span]:
    """Month, year so far and everything of the network, a region or a site."""
    return [
        Span(
            code,
            label,
            thing[code],
            coverage(thing[code]),
            {
                key: around(thing[code].get(key), interval(thing[code], key))
                for key in ("diverted_t", "ch4_avoided_t", "net_co2e_t")
            },
        )
        for code, label in span_labels(month).items()
    ]


def span_table(found: Sequence[Span], href: str) -> Table:
    """Every indicator by span, each number leading to its explanation."""

    def row(head: str, anchor: str, cells: Sequence[Cell], about: str = "") -> Row:
        return Row(head, cells, about=about)

    def masses(key: str, anchor: str) -> list[Cell]:
        return [_mass(span.figure, key, f"{href}?span={span.code}#{anchor}") for span in found]

    def gases(key: str, anchor: str) -> list[Cell]:
        return [
            amount(span.figure.get(key), f"{href}?span={span.code}#{anchor}", ends=interval(span.figure, key))
            for span in found
        ]

    rows = [
        row(_("Waste diverted"), "diverted", [diverted(s.figure, f"{href}?span={s.code}#diverted") for s in found]),
        row(_("Taken in, bulking agent included"), "diverted", masses("intake_t", "diverted")),
        row(_("Compost harvested"), "diverted", masses("harvest_t", "diverted")),
        row(_("Residue sent to disposal"), "residue", masses("residue_t", "residue")),
        row(_("Methane avoided, gross (CH₄)"), "methane", gases("ch4_avoided_t", "methane")),
        row(_("Composting's own emissions (CO₂e)"), "composting", gases("composting_co2e_t", "composting")),
        row(_("Methane from residue (CH₄)"), "residue", gases("residue_ch4_t", "residue")),
        row(_("Energy used (CO₂e)"), "energy", [_energy(s.figure, f"{href}?span={s.code}#energy") for s in found]),
        row(_("Net effect (CO₂e)"), "net", gases("net_co2e_t", "net")),
        row(_("Share of the diverted mass with a known baseline"), "", [Cell(s.coverage.baseline) for s in found]),
        row(_("Mass weighed"), "", [Cell(s.coverage.weighed) for s in found]),
        row(_("Mass counted by containers or volume"), "", [Cell(s.coverage.counted) for s in found]),
        row(_("Mass only estimated"), "", [Cell(s.coverage.estimated) for s in found]),
        row(
            _("Sites verified / reported / expected"),
            "",
            [Cell(f"{s.coverage.verified} / {s.coverage.reported} / {s.coverage.expected}") for s in found],
        ),
    ]
    return Table(_("All figures by span"), [_("Figure"), *(span.label for span in found)], rows, "pairs spans")


def _mass(figure: Figure, key: str, href: str) -> Cell:
    value = figure.get(key)
    return Cell(NOTHING) if value is None else Cell(tonnes(value), href)


def _energy(figure: Figure, href: str) -> Cell:
    """CO2 of energy; where no site wrote any down it is not zero, but not recorded."""
    value = figure.get("energy_co2e_t")
    return Cell(_("not recorded"), unknown=True) if value is None else Cell(tonnes(value), href)


def two_ways(found: Sequence[Span], href: str) -> Table:
    """Accrued beside forecast: two ways of counting the same waste, in columns of their own."""
    rows = [
        Row(
            span.label,
            [
                amount(span.figure["ch4_avoided_t"], f"{href}?span={span.code}#methane"),
                amount(span.figure.get("ch4_forecast_20y_t"), f"{href}?span={span.code}#forecast"),
            ],
        )
        for span in found
    ]
    columns = [
        _("Waste diverted in"),
        _("Accrued: what would have been given off in this time (CH₄)"),
        _("Forecast: what this waste would give off within 20 years (CH₄)"),
    ]
    return Table(_("Accrued and forecast"), columns, rows)


def scenario_table(found: Sequence[Span], href: str) -> Table | None:
    """Low, central and high baseline scenario; None where there are none."""
    rows = []
    for key, anchor, words in (
        ("ch4_avoided_t", "methane", _("Methane avoided, gross (CH₄)")),
        ("net_co2e_t", "net", _("Net effect (CO₂e)")),
    ):
        for span in found:
            scenarios = span.figure.get("scenarios")
            if not scenarios or span.figure.get(key) is None:
                continue
            low, high = ((scenarios.get(side) or {}).get(key) for side in ("low", "high"))
            central = amount(span.figure[key], f"{href}?span={span.code}#{anchor}")
            rows.append(Row(_of_span(words, span.label), [amount(low), central, amount(high)]))
    columns = [_("Figure"), _("Low"), _("Central"), _("High")]
    return Table(_("Baseline scenarios"), columns, rows, "pairs spans") if rows else None


def _of_span(figure: str, span: str) -> str:
    return _("%(figure)s, %(span)s") % {"figure": figure, "span": span}


# --- by month -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its table."""

    drawing: Drawing
    table: Table


def by_month(document: Document, href: str, published: Sequence[str] = ()) -> tuple[list[Drawing], Table]:
    """The network by month: what was diverted, avoided against composting's own, and the net; with their table.

    The release's own month leads to its explanation at ``href``, months of other releases to their pages.
    """
    own = document["release"]["month"]

    def at(month: str, anchor: str) -> str:
        return f"{href}?span=month#{anchor}" if month == own else ""

    rows = document["months"][-MONTHS_DRAWN:]
    labels = [format_month(row["month"], language(), short=True) for row in rows]
    mass = [row["diverted_t"] if row["sites_verified"] else None for row in rows]
    net = [row["net_co2e_t"] for row in rows]
    drawings = [
        bar_chart(
            list(zip(labels, mass, strict=True)),
            title=_("Waste diverted by month"),
            description=_extremes(rows, mass),
            unit=_("tonnes"),
            language=language(),
            missing=_("nothing verified"),
        ),
        stacked_bar_chart(
            [(label, _two_sides(row)) for label, row in zip(labels, rows, strict=True)],
            names=(_("avoided emissions"), _("composting's own, residue and energy")),
            title=_("Avoided emissions against composting's own, by month"),
            description=_(
                "Above zero what would have been given off in the month without composting, below zero what "
                "composting, its residue and its energy gave off."
            ),
            unit=_("tonnes CO₂e"),
            language=language(),
            missing=_("not estimated"),
        ),
        bar_chart(
            list(zip(labels, net, strict=True)),
            title=_("Net effect by month"),
            description=_extremes(rows, net),
            unit=_("tonnes CO₂e"),
            language=language(),
            missing=_("not estimated"),
        ),
    ]
    table = Table(
        _("The network by month"),
        [
            _("Month"),
            _("Waste diverted"),
            _("Methane avoided, gross (CH₄)"),
            _("Composting's own emissions (CO₂e)"),
            _("Net effect (CO₂e)"),
            _("Sites verified / expected"),
        ],
        [
            Row(
                format_month(row["month"], language()),
                [
                    diverted(row, at(row["month"], "diverted"), "t"),
                    amount(row["ch4_avoided_t"], at(row["month"], "methane"), "kg"),
                    amount(row["composting_co2e_t"], at(row["month"], "composting"), "t"),
                    amount(row["net_co2e_t"], at(row["month"], "net"), "t"),
                    sites_of(row),
                ],
                reverse("figures_month", args=[row["month"]])
                if row["month"] != own and row["month"] in published
                else "",
            )
            for row in reversed(rows)
        ],
    )
    return drawings, table


def _two_sides(row: Figure) -> tuple[float | None, float | None]:
    """What was avoided and what was given off, in t CO2e, of the site-months whose net is known."""
    net, own = row["net_co2e_t"], row.get("composting_co2e_with_baseline_t")
    if net is None or own is None:
        return None, None
    given_off = own + (row.get("residue_co2e_t") or 0.0) + (row.get("energy_co2e_t") or 0.0)
    return max(0.0, net + given_off), -given_off


def _extremes(rows: Sequence[Figure], values: Sequence[float | None]) -> str:
    """The highest and the lowest month in words, for those who do not see the drawing."""
    known = [(value, row["month"]) for value, row in zip(values, rows, strict=True) if value is not None]
    if not known:
        return _("No value is known for these months.")
    most, least = max(known), min(known)
    return _("Highest %(most)s in %(most_month)s, lowest %(least)s in %(least_month)s.") % {
        "most": format_mass(most[0], language(), "t"),
        "most_month": format_month(most[1], language()),
        "least": format_mass(least[0], language(), "t"),
        "least_month": format_month(least[1], language()),
    }


# --- by part --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """The network in parts of one kind: a chart of mass, a chart of the net with intervals, and the table of both."""

    code: str
    title: str
    mass: Drawing
    net: Drawing
    table: Table

    @property
    def is_class(self) -> bool:
        """Whether it is a dimension of the classification."""
        return self.code.startswith("class-")


def groups(document: Document, number: int) -> list[Group]:
    """The network by scenario, by province and by every dimension of the classification."""
    found = []
    if document["scenarios"]:
        found.append(_group("scenario", _("By scenario"), _("Scenario"), document["scenarios"]))
    if document["provinces"]:
        found.append(
            _group(
                "province",
                _("By province"),
                _("Province"),
                document["provinces"],
                lambda code: reverse("explain_region", args=[number, code]),
            )
        )
    for code, dimension in (document.get("classes") or {}).items():
        if code == "scenario" or not dimension["classes"]:
            continue
        name = name_of(dimension)
        found.append(_group(f"class-{code}", name, name, dimension["classes"]))
    return found


def _group(code: str, title: str, first: str, things: Sequence[Mapping[str, Any]], address: Any = None) -> Group:
    order = sorted(things, key=lambda thing: -thing["month"]["diverted_t"])
    mass = [
        Ranged(
            name_of(thing),
            thing["month"]["diverted_t"] if thing["month"]["sites_verified"] else None,
            *(interval(thing["month"], "diverted_t") or (None, None)),
        )
        for thing in order
    ]
    net = [
        Ranged(
            name_of(thing),
            thing["month"]["net_co2e_t"],
            *(interval(thing["month"], "net_co2e_t") or (None, None)),
        )
        for thing in order
    ]
    words = _("The month of the release; the table has the same numbers.")
    interval_words = _("95 % interval")
    return Group(
        code,
        title,
        range_chart(
            mass,
            title=f"{title}: {_('Waste diverted')}",
            description=words,
            unit=_("t"),
            language=language(),
            interval=interval_words,
            missing=_("nothing verified"),
        ),
        range_chart(
            net,
            title=f"{title}: {_('Net effect (CO₂e)')}",
            description=words,
            unit=_("t CO₂e"),
            language=language(),
            interval=interval_words,
            missing=_("not estimated"),
        ),
        group_table(title, first, order, address),
    )


def group_table(
    title: str, first: str, things: Sequence[Mapping[str, Any]], address: Any = None, span: str = "month"
) -> Table:
    """Parts of the network with their figures of one span and what they diverted since the start."""
    rows = []
    for thing in things:
        href = address(thing["code"]) if address else ""
        figure = thing[span]

        def at(anchor: str, href: str = href) -> str:
            return f"{href}?span={span}#{anchor}" if href else ""

        rows.append(
            Row(
                name_of(thing),
                [
                    diverted(figure, at("diverted"), "t"),
                    amount(figure["ch4_avoided_t"], at("methane"), "kg", interval(figure, "ch4_avoided_t")),
                    amount(figure["composting_co2e_t"], at("composting"), "t"),
                    amount(figure["net_co2e_t"], at("net"), "t", interval(figure, "net_co2e_t")),
                    sites_of(figure),
                    diverted(thing["total"], f"{href}?span=total#diverted" if href else "", "t"),
                ],
                href,
            )
        )
    columns = [
        first,
        _("Waste diverted"),
        _("Methane avoided, gross (CH₄)"),
        _("Composting's own emissions (CO₂e)"),
        _("Net effect (CO₂e)"),
        _("Sites verified / expected"),
        _("Diverted since the start"),
    ]
    return Table(title, columns, rows)


# --- against last year, other methods, changes ------------------------------------------------------------------------


def against_last_year(document: Document, href: str) -> Table | None:
    """This month and this year so far beside the same of last year; None where there was none."""
    before = document["network"].get("last_year")
    if not before:
        return None
    month = document["release"]["month"]
    year = int(month[:4])
    rows = []
    for span, head in (
        ("month", format_month(month, language())),
        ("year", _("%(year)s so far") % {"year": year}),
    ):
        now, then = document["network"][span], before[span]
        for key, anchor, words in (
            ("diverted_t", "diverted", _("Waste diverted")),
            ("ch4_avoided_t", "methane", _("Methane avoided, gross (CH₄)")),
            ("net_co2e_t", "net", _("Net effect (CO₂e)")),
        ):
            there = [f.get(key) if f["sites_verified"] or key != "diverted_t" else None for f in (then, now)]
            rows.append(
                Row(
                    _of_span(words, head),
                    [
                        amount(there[0]),
                        amount(there[1], f"{href}?span={span}#{anchor}"),
                        _change(there[0], there[1]),
                    ],
                    about=_("%(then)s sites verified then, %(now)s now")
                    % {"then": format_number(then["sites_verified"]), "now": format_number(now["sites_verified"])},
                )
            )
    return Table(
        _("Compared with last year"),
        [
            _("Figure"),
            _("Last year (%(year)s)") % {"year": year - 1},
            _("This year (%(year)s)") % {"year": year},
            _("Change"),
        ],
        rows,
        "pairs spans",
    )


def _change(then: float | None, now: float | None) -> Cell:
    """By how much, and in percent where that means something (both above zero)."""
    if then is None or now is None:
        return Cell(NOTHING)
    difference = now - then
    words = tonnes(difference)
    sign = "" if words.startswith(MINUS) or not difference else "+"
    share = f"{sign}{percent(difference / then)}" if then > 0 and now >= 0 else ""
    return Cell(f"{sign}{words}", note=share)


def sensitivity(document: Document, href: str) -> Table | None:
    """The network's month by every other method and set of warming potentials; None where there are none.

    Only those that credit by month as the published figure does; `cross_checks` has the others.
    """
    found = [other for other in document.get("sensitivity") or () if other.get("basis", "accrued") == "accrued"]
    if not found:
        return None
    release, month = document["release"], document["network"]["month"]
    rows = [Row(_("As published"), _four(month, href), about=f"{release['method']} · {release['gwp']}")]
    rows += [
        Row(
            in_language(other["title"]) or other["label"],
            _four(other["network"]["month"]),
            about=" · ".join(filter(None, (other["method"], other["gwp"], in_language(other.get("note"))))),
        )
        for other in found
    ]
    columns = [
        _("Method and warming potentials"),
        _("Methane avoided, gross (CH₄)"),
        _("Composting's methane (CH₄)"),
        _("Composting's nitrous oxide (N₂O)"),
        _("Net effect (CO₂e)"),
    ]
    return Table(_("The same month by other methods"), columns, rows)


def cross_checks(document: Document) -> Table | None:
    """Methods that count all at once: their net of the month's waste, in a table of its own."""
    found = [other for other in document.get("sensitivity") or () if other.get("basis", "accrued") != "accrued"]
    if not found:
        return None
    rows = [
        Row(
            in_language(other["title"]) or other["label"],
            [
                amount(other["network"]["month"].get("net_co2e_t"), shown="t"),
                Cell(percent(other["network"]["month"].get("share_covered"), 0)),
            ],
            about=" · ".join(filter(None, (other["method"], other["gwp"], in_language(other.get("note"))))),
        )
        for other in found
    ]
    columns = [
        _("Method"),
        _("Net of the month's waste over its whole life (CO₂e)"),
        _("Share of the mass it has factors for"),
    ]
    return Table(_("Cross-check on another basis"), columns, rows)


def _four(figure: Figure, href: str = "") -> list[Cell]:
    def at(anchor: str) -> str:
        return f"{href}?span=month#{anchor}" if href else ""

    return [
        amount(figure.get("ch4_avoided_t"), at("methane"), "kg"),
        amount(figure.get("composting_ch4_t"), at("composting"), "kg"),
        amount(figure.get("composting_n2o_t"), at("composting"), "kg"),
        amount(figure.get("net_co2e_t"), at("net"), "t"),
    ]


INDICATORS = ("diverted_t", "harvest_t", "ch4_avoided_t", "net_co2e_t")
CHANGES_OPEN = 6
MOST_CHANGES = 60
"""So many of each kind are shown; all of them are in the release's files."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of one kind since the release before: revisions of method, or corrections of data."""

    code: str
    title: str
    about: str
    table: Table
    more: int

    @property
    def is_long(self) -> bool:
        """Whether the page folds it."""
        return len(self.table.rows) > CHANGES_OPEN


def changes(document: Document, number: int) -> list[Changes]:
    """What this release says otherwise than the one before: revisions (method) apart from corrections (data)."""
    found: dict[bool, list[Mapping[str, Any]]] = {True: [], False: []}
    for change in document.get("changes", ()):
        if change["indicator"] in INDICATORS:
            found[change.get("kind") == "revision"].append(change)
    names = {site["code"]: site for site in document["sites"]}
    titles = {
        False: (
            "corrections",
            _("Data that were corrected or came late"),
            _("What sites put right, sent late or what was verified after the last release."),
        ),
        True: (
            "revisions",
            _("Figures that a change of the method moved"),
            _("The data are the same; method, baseline or code are not."),
        ),
    }
    return [
        Changes(*titles[kind], _change_table(rows[:MOST_CHANGES], names, number), max(0, len(rows) - MOST_CHANGES))
        for kind, rows in found.items()
        if rows
    ]


def _change_table(rows: Sequence[Mapping[str, Any]], names: Mapping[str, Any], number: int) -> Table:
    words = {
        "diverted_t": _("Waste diverted"),
        "harvest_t": _("Compost harvested"),
        "ch4_avoided_t": _("Methane avoided, gross (CH₄)"),
        "net_co2e_t": _("Net effect (CO₂e)"),
    }

    def pair(change: Mapping[str, Any]) -> list[Cell]:
        """Before and now; where both look alike once rounded, by how much they differ."""
        old, new = change["old"], change["new"]
        cells = [Cell(NOTHING if side is None else tonnes(side)) for side in (old, new)]
        if old is not None and new is not None and cells[0].text == cells[1].text:
            cells[1] = Cell(cells[1].text, note=_change(old, new).text)
        return cells

    table = []
    for change in rows:
        site = names.get(change["code"])
        head = _("Network") if change["level"] == "network" else name_of(site or {"code": change["code"]})
        href = reverse("explain_site_month", args=[number, change["code"], change["month"]]) if site else ""
        about = f"{format_month(change['month'], language())} · {words[change['indicator']]}"
        table.append(
            Row(
                head,
                [*pair(change), Cell(in_language(change["reason"]), number=False)],
                href,
                about,
            )
        )
    return Table(_("Changed since the release before"), [_("What"), _("Before"), _("Now"), _("Why")], table, "pairs")
