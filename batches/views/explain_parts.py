"""What the explain pages show: trails, statements of a figure, lines of arithmetic, ready to print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from batches.impact.explain.agreement import Check
from batches.impact.explain.values import Block, Deposit, Line, MassRow, RouteSteps, SiteMonth
from batches.selectors.released import NOWHERE, Entries
from batches.views.tables import Cell, Figure, Row, Table, amount, interval, language, name_of, percent, tonnes
from compostnet.shared.display import NO_BREAK, NOTHING, format_mass, format_month, format_number
from compostnet.shared.months import month_text
from compostnet.shared.rules import Source, Text
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text

Json = Mapping[str, Any]
DIGITS = 6
"""Significant digits of the numbers in the arithmetic; the slices have them at full precision."""
MOST_DEPOSITS = 6


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the trail from the network down."""

    name: str
    href: str


def trail(document: Json, number: int, *, region: str | None = None, site: Json | None = None) -> list[Step]:
    """From the release to where the reader is; the last one is the page itself."""
    found = [
        Step(_("Release %(number)s") % {"number": number}, reverse("release", args=[number])),
        Step(_("Network"), reverse("explain", args=[number])),
    ]
    codes: list[str] = []
    if site is not None:
        codes = [code for code in (site["province"] or NOWHERE, site["city"]) if code]
    elif region is not None:
        city = next((one for one in document["cities"] if one["code"] == region), None)
        codes = [city["province"] or NOWHERE, region] if city else [region]
    found += [
        Step(region_name(document, code), reverse("explain_region", args=[number, code]))
        for code in dict.fromkeys(codes)
    ]
    if site is not None:
        found.append(Step(name_of(site), reverse("explain_site", args=[number, site["code"]])))
    return found


def region_name(document: Json, code: str) -> str:
    """The name of a province or city of a release."""
    if code == NOWHERE:
        return _("Sites without a province")
    found = next((one for key in ("provinces", "cities") for one in document[key] if one["code"] == code), None)
    return name_of(found or {"code": code})


# --- the statement of a figure --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """One indicator of a figure: its words, its value, its interval, and whether what it rests on comes to the same."""

    anchor: str
    title: str
    value: Cell
    about: str
    matches: bool | None = None
    sign: str = ""


def statement(figure: Figure, checks: Sequence[Check]) -> list[Said]:
    """The indicators of a figure in the order of the account: mass, gross, own, residue, energy, net, forecast."""
    held = {check.indicator: check.matches for check in checks}

    def both_match(*keys: str) -> bool | None:
        found = [held[key] for key in keys if held.get(key) is not None]
        return all(found) if found else None

    said = [
        Said(
            "diverted",
            _("Waste diverted"),
            amount(figure["diverted_t"], ends=interval(figure, "diverted_t")),
            _("Waste taken in, less what was taken out again before composting. Bulking agent does not count."),
            held.get("diverted_t"),
        ),
        Said(
            "methane",
            _("Methane avoided, gross (CH₄)"),
            amount(figure["ch4_avoided_t"], ends=interval(figure, "ch4_avoided_t")),
            _("What this and all earlier waste would have given off in this time on its baseline routes."),
            held.get("ch4_avoided_t"),
            "+",
        ),
        Said(
            "composting",
            _("Composting's own emissions (CO₂e)"),
            amount(figure["composting_co2e_t"]),
            _("%(ch4)s of methane and %(n2o)s of nitrous oxide.")
            % {"ch4": tonnes(figure["composting_ch4_t"]), "n2o": tonnes(figure["composting_n2o_t"])},
            both_match("composting_ch4_t", "composting_n2o_t"),
            "−",
        ),
    ]
    if figure.get("residue_ch4_t") or figure.get("residue_t"):
        said.append(
            Said(
                "residue",
                _("Methane from residue (CH₄)"),
                amount(figure.get("residue_ch4_t")),
                _("%(mass)s of residue left the heaps for disposal.") % {"mass": tonnes(figure.get("residue_t"))},
                held.get("residue_ch4_t"),
                "−",
            )
        )
    if figure.get("energy_co2e_t"):
        said.append(
            Said("energy", _("Energy used (CO₂e)"), amount(figure["energy_co2e_t"]), "", held.get("energy_co2e_t"), "−")
        )
    said += [
        Said(
            "net",
            _("Net effect (CO₂e)"),
            amount(figure["net_co2e_t"], ends=interval(figure, "net_co2e_t")),
            _("Both gases in CO₂e by one set of warming potentials; only what has a baseline is in it."),
            held.get("net_co2e_t"),
            "=",
        ),
        Said(
            "forecast",
            _("Forecast over 20 years (CH₄)"),
            amount(figure.get("ch4_forecast_20y_t")),
            _("Another way of counting the same waste. No part of the account above: never add it."),
            held.get("ch4_forecast_20y_t"),
        ),
    ]
    return said


def parts_table(things: Sequence[Json], span: str, first: str, title: str, address: Any) -> Table:
    """The parts of a figure of one span, the heaviest first."""
    rows = []
    for thing in sorted(things, key=lambda one: (-one[span]["diverted_t"], one["code"])):
        figure, href = thing[span], address(thing["code"])
        months = [format_number(figure[f"site_months_{state}"]) for state in ("verified", "expected")]

        def at(anchor: str, href: str = href) -> str:
            return f"{href}?span={span}#{anchor}"

        verified = bool(figure["sites_verified"])
        mass = amount(figure["diverted_t"], at("diverted"), "t") if verified else Cell(_("not verified"), unknown=True)
        rows.append(
            Row(
                name_of(thing),
                [
                    mass,
                    amount(figure["ch4_avoided_t"], at("methane"), "kg"),
                    amount(figure["composting_co2e_t"], at("composting"), "t"),
                    amount(figure["net_co2e_t"], at("net"), "t"),
                    Cell(" / ".join(months)),
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
        _("Site-months verified / expected"),
    ]
    return Table(title, columns, rows)


# --- the arithmetic -------------------------------------------------------------------------------------------------


def digits(value: float) -> str:
    """A number of the arithmetic: six significant digits, small and large ones as a power of ten."""
    if value == 0:
        return "0"
    size = abs(value)
    if 1e-4 <= size < 1e7:
        text = f"{value:.{DIGITS}g}"
        if "e" in text:
            text = f"{value:.0f}"
        whole, dot, rest = text.partition(".")
        text = f"{int(whole):,}" if whole not in ("-0",) else whole
        return (text + dot + rest).replace("-", "−")
    mantissa, _e, exponent = f"{value:.{DIGITS - 1}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa}×10{power}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of arithmetic in the reader's language."""

    symbol: str
    words: str
    value: str
    formula: str
    source: str
    anchor: str
    confidence: str
    note: str
    kind: str


def source_key(source: Source) -> str:
    """The short name of a source: what stands before the colon of its title, or the whole of it."""
    return source.title.partition(":")[0]


def source_anchor(source: Source) -> str:
    """Where the whole of a source stands on the page."""
    return "source-" + re.sub(r"[^a-z0-9]+", "-", source_key(source).lower()).strip("-")


def sources_of(step: SiteMonth) -> list[tuple[str, Source]]:
    """The sources of all lines of a month, each once, with the place that they are linked to."""
    lines = [line for block in step.blocks for line in block.lines]
    lines += [line for steps in (*step.routes, *step.residue) for line in steps.lines]
    found = {source_anchor(line.cited.source): line.cited.source for line in lines if line.cited is not None}
    return list(found.items())


def formula_of(parts: Sequence[str | float]) -> str:
    """A formula in words: numbers short, signs with a space around them, brackets close to what they hold."""
    text = " ".join(part if isinstance(part, str) else digits(part) for part in parts)
    return text.replace(" )", ")").replace("( ", "(").replace("(− ", "(−")


def shown(lines: Iterable[Line]) -> list[Shown]:
    """Lines of arithmetic, ready to print."""
    found = []
    for line in lines:
        cited = line.cited
        found.append(
            Shown(
                line.symbol,
                line.said.render(language()),
                f"{digits(line.value)}{NO_BREAK}{line.unit}".rstrip(),
                formula_of(line.formula),
                source_key(cited.source) if cited else "",
                source_anchor(cited.source) if cited else "",
                cited.confidence if cited else "",
                cited.note.in_language(language()) if cited and cited.note else "",
                line.kind,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block of lines under a title."""

    code: str
    title: str
    lines: Sequence[Shown]
    notes: Sequence[str] = ()
    value: str = ""
    href: str = ""
    is_open: bool = False


def shown_block(block: Block) -> ShownBlock:
    return ShownBlock(
        block.code,
        block.title.render(language()),
        shown(block.lines),
        [note.render(language()) for note in block.notes],
    )


def shown_route(steps: RouteSteps, href: str = "", *, is_open: bool = False) -> ShownBlock:
    """The arithmetic of a stream on a route."""
    names = (steps.stream_name.in_language(language()), steps.route_name.in_language(language()))
    return ShownBlock(
        f"{steps.stream}-{steps.route}",
        " → ".join(names),
        shown(steps.lines),
        value=tonnes(steps.methane, "kg"),
        href=href,
        is_open=is_open,
    )


def route_table(routes: Sequence[RouteSteps], address: Any) -> Table:
    """The methane of a month by stream and route, each leading to its arithmetic."""
    rows = [
        Row(
            steps.stream_name.in_language(language()),
            [
                Cell(steps.route_name.in_language(language()), number=False),
                Cell(tonnes(_value(steps, "potential"), "kg")),
                Cell(tonnes(_value(steps, "carried"), "kg")),
                Cell(tonnes(_value(steps, "formed"), "kg")),
                Cell(tonnes(steps.methane, "kg"), address(steps.stream)),
            ],
            address(steps.stream),
        )
        for steps in routes
    ]
    columns = [
        _("Waste class"),
        _("Baseline route"),
        _("Would ever form from this month's waste (CH₄)"),
        _("Carried over from earlier months (CH₄)"),
        _("Formed this month (CH₄)"),
        _("Reaches the air this month (CH₄)"),
    ]
    return Table(_("Methane by waste class and route"), columns, rows)


def _value(steps: RouteSteps, code: str) -> float:
    return next((line.value for line in steps.lines if line.code == code), 0.0)


def deposit_table(deposits: Sequence[Deposit], total: float, address: Any) -> Table | None:
    """Which months' waste a month's methane comes from: the largest, then the rest together."""
    if not deposits:
        return None
    order = sorted(deposits, key=lambda one: (-one.methane, -one.month))
    top, rest = order[:MOST_DEPOSITS], order[MOST_DEPOSITS:]
    rows = [
        Row(
            format_month(one.month, language()),
            [Cell(tonnes(one.methane, "kg")), Cell(percent(one.methane / total) if total else NOTHING)],
            address(month_text(one.month)),
        )
        for one in top
    ]
    if rest:
        together = sum(one.methane for one in rest)
        words = _("%(count)s other months") % {"count": len(rest)}
        rows.append(Row(words, [Cell(tonnes(together, "kg")), Cell(percent(together / total) if total else NOTHING)]))
    return Table(
        _("Which months' waste it comes from"), [_("Waste of"), _("Methane this month (CH₄)"), _("Share")], rows
    )


# --- masses and entries ---------------------------------------------------------------------------------------------


def kind_words() -> dict[str, str]:
    """Names of the kinds of ledger entries and of ways of measuring."""
    return {
        "intake": _("intake"),
        "removal": _("removal"),
        "transfer": _("transfer"),
        "harvest": _("harvest"),
        "residue": _("residue"),
        "scale": _("weighed"),
        "container": _("counted containers"),
        "volume": _("volume × density"),
        "estimate": _("estimated"),
    }


def material_name(materials: Mapping[str, Json], code: str) -> str:
    """A material's name as the release knows it."""
    names = (materials.get(code) or {}).get("name") or {}
    if code == "mixture":
        return _("mixed material")
    return str(names.get("zh" if language().startswith("zh") else "en") or code)


def mass_table(rows: Sequence[MassRow], materials: Mapping[str, Json]) -> Table | None:
    """The verified masses of a month, by kind, material and way of measuring."""
    words = kind_words()
    if not rows:
        return None
    return Table(
        _("Verified masses of the month"),
        [_("Material"), _("Kind"), _("Measured"), _("Mass"), _("Entries")],
        [
            Row(
                material_name(materials, row.material),
                [
                    Cell(words.get(row.kind, row.kind), number=False),
                    Cell(words.get(row.measured, row.measured), number=False),
                    Cell(exact_kg(kg_text(row.mass))),
                    Cell(format_number(row.entries)),
                ],
            )
            for row in rows
        ],
    )


def exact_kg(text: str) -> str:
    """Exact kilograms with their unit, as published."""
    value = Decimal(text)
    places = max(0, -int(value.as_tuple().exponent))
    return f"{format_number(value, places)}{NO_BREAK}{format_mass(1, language(), 'kg', 'kg').rpartition(NO_BREAK)[2]}"


def entry_table(entries: Entries, materials: Mapping[str, Json]) -> Table:
    """The single entries: id, day, mass, as typed, how measured, and what they corrected with the reason."""
    words = kind_words()
    rows = []
    for entry in entries.found:
        row = entry.row
        typed = f"{row['entered_value']}{NO_BREAK}{row['entered_unit']}"
        corrected = "; ".join(
            _("before: %(kg)s (%(id)s)") % {"kg": exact_kg(old["kg"]) if old["kg"] else NOTHING, "id": old["id"][:8]}
            for old in entry.earlier
        )
        if corrected and row["reason"]:
            corrected = f"{row['reason']} — {corrected}"
        rows.append(
            Row(
                f"{row['date']} · {material_name(materials, row['material'])}",
                [
                    Cell(words.get(row["kind"], row["kind"]), number=False),
                    Cell(exact_kg(row["kg"])),
                    Cell(typed),
                    Cell(words.get(row["measured"], row["measured"]), number=False),
                    Cell(corrected or NOTHING, number=False),
                ],
                about=f"{row['id'][:8]} · {row['batch']}",
            )
        )
    return Table(
        _("Entries of the month"),
        [_("Day and material"), _("Kind"), _("Mass"), _("As typed"), _("Measured"), _("Correction")],
        rows,
    )


# --- not estimated --------------------------------------------------------------------------------------------------


def needs(step: SiteMonth | None, place: str, year: int) -> list[str]:
    """What would be needed for an estimate that is missing."""
    found = []
    if step is None or not step.verified:
        found.append(Message("explain_needs_verification"))
    if step is not None and step.verified and not step.known:
        if not step.mix:
            found.append(Message("explain_needs_baseline", {"place": place, "year": year}))
        else:
            found.append(Message("explain_needs_zone"))
    return [message.render(language()) for message in found]


def mix_table(step: SiteMonth, names: Mapping[str, Text]) -> Table | None:
    """The baseline mix of the month's year."""
    if not step.mix:
        return None
    rows = [
        Row(
            names[part.route].in_language(language()) if part.route in names else part.route,
            [Cell(percent(part.share)), Cell(percent(part.capture) if part.capture else NOTHING)],
        )
        for part in step.mix
    ]
    return Table(_("Baseline mix"), [_("Route"), _("Share of the waste"), _("Gas captured")], rows)
