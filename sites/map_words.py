"""The words of the map page in the reader's language: measures, periods, sentences of marks and regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from compostnet.shared import releases
from compostnet.shared.display import NOTHING, MassUnit, format_mass, format_month
from compostnet.shared.texts import Message
from sites.mapdata import MapQuery, MapRegion, MapSite, MapView
from sites.mapmarks import MarkClass
from sites.mapplate import dimension_name
from sites.mapsvg import Words

NAMED_IN_CLUSTER = 4
GASES = {"diverted": "", "ch4": " CH₄", "net": " CO₂e"}


def language() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


def named(thing: Any) -> str:
    """The name of anything with name_zh and name_en in the reader's language."""
    first, second = thing.name_zh, thing.name_en
    if not language().startswith("zh"):
        first, second = second, first
    return first or second


def amount(value: float | None, query: MapQuery, *, in_column: bool = False) -> str:
    """A value with its unit; a dash where there is none. In a column all have one unit: kg of methane, else t."""
    if value is None:
        return NOTHING
    shown: MassUnit | None = ("kg" if query.measure == "ch4" else "t") if in_column else None
    return format_mass(value, language(), "t", shown) + GASES[query.measure]


def measure_label(query: MapQuery) -> str:
    """``Waste diverted``, ``Methane avoided`` or ``Net avoided emissions``."""
    return {"diverted": _("Waste diverted"), "ch4": _("Methane avoided"), "net": _("Net avoided emissions")}[
        query.measure
    ]


def period_label(query: MapQuery, release: releases.Published | None, month: str = "") -> str:
    """The period in words, up to ``month`` (the release's own where none is given)."""
    if release is None:
        return ""
    month = month or release.month
    words = format_month(month, language())
    if query.period == "month":
        return words
    if query.period == "year":
        return _("%(year)s up to %(month)s") % {"year": month[:4], "month": words}
    return _("from the start to %(month)s") % {"month": words}


def class_name(classes: Sequence[MarkClass], code: str) -> str:
    """The name of a class among those of the legend."""
    known = next((item for item in classes if item.code == code), None)
    if known is not None:
        return known.name.in_language(language())
    return code or Message("map_no_class").render(language())


def drawing_words(view: MapView, release: releases.Published | None, classes: Sequence[MarkClass]) -> Words:
    """The sentences of the drawing."""
    query = view.query

    def site_words(site: MapSite) -> str:
        words = {
            "name": named(site),
            "scenario": class_name(classes, site.class_in(query.colour)),
            "amount": amount(site.value, query),
        }
        if site.value is None:
            return _("%(name)s (%(scenario)s): no figure") % words
        return _("%(name)s (%(scenario)s): %(amount)s") % words

    def cluster_words(members: Sequence[MapSite]) -> str:
        names = separator().join(named(site) for site in members[:NAMED_IN_CLUSTER])
        text = ngettext("%(count)s site: %(names)s", "%(count)s sites: %(names)s", len(members))
        text %= {"count": len(members), "names": names}
        return text + "…" if len(members) > NAMED_IN_CLUSTER else text

    def region_words(name: str, region: MapRegion | None) -> str:
        if region is None:
            return _("%(name)s: no site") % {"name": name}
        count = ngettext("%(count)s site", "%(count)s sites", region.sites) % {"count": region.sites}
        if region.value is None:
            return _("%(name)s: %(sites)s, no figure") % {"name": name, "sites": count}
        return _("%(name)s: %(sites)s, %(amount)s") % {
            "name": name,
            "sites": count,
            "amount": amount(region.value, query),
        }

    count = ngettext("%(count)s site", "%(count)s sites", len(view.sites)) % {"count": len(view.sites)}
    if release is None:
        title, description = _("Map of the sites"), _("%(sites)s; nothing has been published yet.") % {"sites": count}
    else:
        title = f"{measure_label(query)}, {period_label(query, release, view.month)}"
        description = _("%(sites)s as marks, areas shaded by the sum of their sites. A table follows the map.") % {
            "sites": count
        }
    size = Message("map_legend_size").render(language())
    return Words(title, description, size, language(), site_words, cluster_words, region_words)


def separator() -> str:
    """What stands between names of a list."""
    return "、" if language().startswith("zh") else ", "


def script_words(query: MapQuery) -> dict[str, str]:
    """What the script says: names of controls, and sentences with places for what it puts in."""
    holes = {"name": "{name}", "scenario": "{class}", "amount": "{amount}", "count": "{count}", "names": "{names}"}
    return {
        "close": _("Close"),
        "choose": _("Find a site on the map"),
        "map": _("Interactive map; move with the arrow keys, zoom with plus and minus"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "month": _("Month"),
        "earlier": _("Previous month"),
        "later": _("Next month"),
        "play": _("Play the months"),
        "pause": _("Pause"),
        "site": _("%(name)s (%(scenario)s): %(amount)s") % holes,
        "site_nothing": _("%(name)s (%(scenario)s): no figure") % holes,
        "cluster": ngettext("%(count)s site: %(names)s", "%(count)s sites: %(names)s", 2) % holes,
        "separator": separator(),
        "unclassed": Message("map_no_class").render(language()),
        "t": format_mass(1, language(), "t", "t").removeprefix("1"),
        "kg": format_mass(0.001, language(), "t", "kg").removeprefix("1"),
        "gas": GASES[query.measure],
    }


def dimension_choices(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What marks may be coloured by: the scenario, then the dimensions that the release classes by, quality first."""
    known = [code for code in figures.get("classes") or {} if code not in ("scenario", "process")]
    known.sort(key=lambda code: code != "product_quality")
    return [(code, dimension_name(figures, code, language())) for code in ["scenario", *known]]
