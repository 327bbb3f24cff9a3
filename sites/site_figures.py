"""The figures of one site as its public page shows them: out of the release folder, ready to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from compostnet.shared.charts import Drawing, bar_chart
from compostnet.shared.display import (
    MassUnit,
    format_mass,
    format_month,
    format_number,
    is_chinese,
    mass_ends,
    mass_unit,
)
from compostnet.shared.releases import Published

MONTHS_SHOWN = 24
SPANS = ("month", "year", "total")
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """One number with its interval and scenarios in words; ``text`` empty: not known."""

    text: str
    interval: str = ""
    scenarios: str = ""
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator over the three spans."""

    name: str
    values: Sequence[tuple[str, Value]]


@dataclass(frozen=True, slots=True)
class Class:
    """A class of a site: the dimension, its name, and why."""

    dimension: str
    name: str
    because: str


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """What a release says of one site."""

    labels: Mapping[str, str]
    lines: Sequence[Line]
    reason: str
    explanation: str
    months_verified: str
    months_expected: str
    classes: Sequence[Class]
    charts: Sequence[tuple[str, Drawing]]
    months: Sequence[tuple[str, str, str, str, str]]
    explained: str
    reports: Sequence[tuple[str, str]]


def figures_of_site(release: Published, code: str, language: str) -> SiteFigures | None:
    """The figures of a site in a release; None where the release does not know it."""
    document = release.figures
    site = next((one for one in document.get("sites", ()) if one["code"] == code), None)
    if site is None:
        return None
    month = release.month
    labels = {
        "month": format_month(month, language),
        "year": _("%(year)s so far") % {"year": month[:4]},
        "total": _("since the start"),
    }
    total = site["total"]
    return SiteFigures(
        labels=labels,
        lines=_lines(site, labels, language),
        reason=_side(total.get("reason") or total.get("note"), language),
        explanation=_side(total.get("explanation"), language),
        months_verified=format_number(total.get("site_months_verified")),
        months_expected=format_number(total.get("site_months_expected")),
        classes=_classes(document, site, language),
        charts=_charts(document, site, language),
        months=_months(document, site, language),
        explained=_address("explain_site", release.number, code),
        reports=_reports(release, code, language),
    )


def _side(text: Json | None, language: str) -> str:
    if not text:
        return ""
    return str(text["zh" if is_chinese(language) else "en"])


def _lines(site: Json, labels: Mapping[str, str], language: str) -> list[Line]:
    def line(name: str, key: str) -> Line:
        return Line(name, [(labels[span], _value(site[span], key, language)) for span in SPANS])

    return [
        line(_("Waste diverted"), "diverted_t"),
        line(_("Compost harvested"), "harvest_t"),
        line(_("Methane avoided, gross (CH₄)"), "ch4_avoided_t"),
        line(_("Composting's own emissions (CO₂e)"), "composting_co2e_t"),
        line(_("Net effect (CO₂e)"), "net_co2e_t"),
    ]


def _value(figure: Json, key: str, language: str) -> Value:
    value = figure.get(key)
    if value is None or (key not in ("ch4_avoided_t", "net_co2e_t") and not figure["sites_verified"]):
        return Value("")

    def pair(ends: Sequence[float]) -> str:
        low, high = mass_ends(ends[0], ends[1], language, "t", mass_unit(value, "t"))
        return _("%(low)s to %(high)s") % {"low": low, "high": high}

    interval = (figure.get("interval") or {}).get(key)
    scenarios = figure.get("scenarios")
    ends = [(scenarios.get(side) or {}).get(key) for side in ("low", "high")] if scenarios else []
    shown = pair(ends) if ends and None not in ends and ends[0] != ends[1] else ""
    return Value(format_mass(value, language, "t"), pair(interval) if interval else "", shown, value < 0)


def _classes(document: Json, site: Json, language: str) -> list[Class]:
    found = []
    side = "zh" if is_chinese(language) else "en"
    for code, one in (site.get("classes") or {}).items():
        dimension = (document.get("classes") or {}).get(code) or {}
        name = dimension.get(f"name_{side}") or code
        found.append(Class(str(name), str(one["name"][side]), _side(one.get("because"), language)))
    return found


def _series(document: Json, site: Json, key: str) -> list[tuple[str, float | None]]:
    """A series with its months, from the first that is known on."""
    values = (site.get("series") or {}).get(key, ())
    rows = list(zip(document.get("series_months", ()), values, strict=True))
    first = next((at for at, (_month, value) in enumerate(rows) if value is not None), len(rows))
    return rows[first:][-MONTHS_SHOWN:]


def _charts(document: Json, site: Json, language: str) -> list[tuple[str, Drawing]]:
    charts = []
    for key, title, unit, missing in (
        ("diverted_t", _("Waste diverted by month"), _("t"), _("Not verified")),
        ("net_co2e_t", _("Net effect by month"), _("t CO₂e"), _("Not estimated")),
    ):
        rows = _series(document, site, key)
        if not rows:
            continue
        drawing = bar_chart(
            [(format_month(month, language, short=True), value) for month, value in rows],
            title=title,
            description=_("The months of the latest release; the table below has the same figures."),
            unit=unit,
            language=language,
            missing=missing,
        )
        charts.append((title, drawing))
    return charts


def _months(document: Json, site: Json, language: str) -> list[tuple[str, str, str, str, str]]:
    """Month, its code, diverted, methane and net in words, the newest first."""
    series = site.get("series") or {}
    known = {month: at for at, month in enumerate(document.get("series_months", ()))}

    def words(key: str, month: str, unit: MassUnit) -> str:
        return format_mass(series[key][known[month]], language, "t", unit)

    return [
        (
            format_month(month, language),
            month,
            words("diverted_t", month, "t"),
            words("ch4_avoided_t", month, "kg"),
            words("net_co2e_t", month, "t"),
        )
        for month, _value in reversed(_series(document, site, "diverted_t"))
    ]


def _address(name: str, *arguments: Any) -> str:
    """The address of a page of a later room; empty while that room does not serve it."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def _reports(release: Published, code: str, language: str) -> list[tuple[str, str]]:
    side = "zh" if is_chinese(language) else "en"
    found = (
        (_("Report of the month (PDF)"), _address("site_report", code, release.month, side)),
        (_("Report of the year (PDF)"), _address("site_report", code, release.month[:4], side)),
    )
    return [(title, address) for title, address in found if address]
