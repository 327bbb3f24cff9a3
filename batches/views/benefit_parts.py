"""What composting brought besides the methane, as the page of figures shows it: numbers with sources, no stories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from batches.resources import resources
from batches.views.tables import Cell, Row, Table, around, in_language, language, percent, tonnes
from compostnet.shared.display import NO_BREAK, format_mass, format_number
from compostnet.shared.units import MG_PER_KG, MG_PER_T

Json = Mapping[str, Any]
NUTRIENTS = "npk"
"""The order in which people name them."""
COUNTED = ("people", "households")
"""Units of counts, whose row already says what is counted."""


@dataclass(frozen=True, slots=True)
class Benefits:
    """The table of benefits by span, what is to be said of it, and the sources of its facts."""

    table: Table
    note: str
    sources: Sequence[tuple[str, str, str]]


def benefits(document: Json, labels: Mapping[str, str]) -> Benefits | None:
    """The benefits of the network; None where the release tells of none."""
    found = document.get("benefits") or {}
    if not found.get("network"):
        return None
    network, rules = found["network"], found["rules"]
    spans = [network[span] for span in labels]
    reasons = found["reasons"]

    def told(one: Json, key: str, words: str | None) -> Cell:
        """A value, or the reason why there is none."""
        if words is not None:
            return Cell(words)
        because = reasons.get((one.get("because") or {}).get(key, ""))
        return Cell(_("not known"), unknown=True, note=in_language(because))

    rows = [
        Row(
            _("%(nutrient)s in the compost") % {"nutrient": in_language(nutrient["name"])},
            [_nutrient(one.get(f"{code}_kg")) for one in spans],
            about=_("low to high content; grade %(grade)s") % {"grade": nutrient["content"]["confidence"]},
        )
        for code, nutrient in sorted(rules["nutrients"].items(), key=lambda one: NUTRIENTS.find(one[0][0]))
    ]
    rows.append(
        Row(
            _("Disposal saved at the local fee"),
            [told(one, "disposal_saved", _money(one.get("disposal_saved"))) for one in spans],
            about=_("covers %(share)s of the diverted mass") % {"share": percent(spans[0].get("disposal_share"), 0)},
        )
    )
    currency = spans[0].get("money_currency", "")
    for key, title in (
        ("money_in", _("Money put in")),
        ("cost_per_t", _("Cost a tonne diverted")),
        ("cost_per_m2", _("Cost a square metre")),
    ):
        cells = [told(one, key, None if one.get(key) is None else _sum(one[key], currency)) for one in spans]
        if any(not cell.unknown for cell in cells):
            rows.append(Row(title, cells, about=_("from the sites that wrote it down")))
    kinds = resources().kinds
    for group in ("compost_to", "people"):
        for kind in sorted({kind for one in spans for kind in one.get(group) or {}}):
            values = [(one.get(group) or {}).get(kind) for one in spans]
            if kind in kinds and any(value is not None for value in values):
                rows.append(
                    Row(
                        kinds[kind].name.in_language(language()),
                        [_recorded(value, kinds[kind].unit) for value in values],
                    )
                )
    households = [one.get("households") for one in spans]
    if any(households):
        rows.append(
            Row(
                _("Households at the sites"),
                [Cell(_number(one["value"] if one else None)) for one in households],
                about=_("as the sites state them"),
            )
        )
    title = _("What it brought besides")
    table = Table(title, [_("Benefit"), *labels.values()], rows, "pairs spans")
    return Benefits(table, in_language(rules.get("note")), _sources(rules))


def _nutrient(values: Sequence[float] | None) -> Cell:
    if values is None:
        return Cell(_("not known"), unknown=True)
    low, central, high = (value * MG_PER_KG / MG_PER_T for value in values)
    return Cell(tonnes(central), note=around(central, (low, high)))


def _money(sums: Mapping[str, float] | None) -> str | None:
    if not sums:
        return None
    return "; ".join(_sum(value, currency) for currency, value in sums.items())


def _sum(value: float, currency: str) -> str:
    return f"{format_number(value)} {currency}"  # may break here: long sums stand in narrow columns


def _number(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("value")
    return format_number(value)


def _recorded(value: Any, unit: str) -> Cell:
    if isinstance(value, Mapping):
        value = value.get("value")
    if value is None:
        return Cell(_("not known"), unknown=True)
    if unit == "kg":
        return Cell(format_mass(value, language(), "kg"))
    return Cell(format_number(value) if unit in COUNTED else f"{format_number(value)}{NO_BREAK}{unit}")


def _sources(rules: Json) -> list[tuple[str, str, str]]:
    """Source as its document names itself, what it is of in the reader's language, address; each once."""
    found = [
        (", ".join(filter(None, (source["title"], source["issuer"], source["section"]))), "", source["url"])
        for source in rules["sources"].values()
    ]
    found += [
        (fee["document"]["title"], in_language(fee["what"]), fee["document"]["url"]) for fee in rules.get("fees", ())
    ]
    return list(dict.fromkeys(found))
