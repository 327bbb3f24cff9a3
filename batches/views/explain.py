"""How any published figure came about: network, province, city, site, month, waste class. Reads the folder only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import re_path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from batches.impact.explain.agreement import month_checks, span_checks, sum_checks
from batches.impact.explain.arithmetic import SiteAccount
from batches.impact.explain.values import SiteMonth
from batches.impact.method import STREAMS
from batches.selectors import released
from batches.selectors.released import NOWHERE
from batches.views import explain_parts as parts
from batches.views.explain_slices import slice_of_month, slice_of_part, slice_of_site, slice_of_stream
from batches.views.figure_parts import SPANS, span_labels
from batches.views.tables import Cell, Row, Table, coverage, in_language, language, name_of, tonnes
from compostnet.shared import releases
from compostnet.shared.charts import bar_chart
from compostnet.shared.display import NOTHING, MassUnit, format_month
from compostnet.shared.months import month_text, parse_month
from compostnet.shared.problems import Problem
from compostnet.shared.releases import Published
from compostnet.shared.texts import Message

Json = dict[str, Any]
MONTHS_DRAWN = 36
LARGE_T = 100.0
"""A site with so much in a month has its months in tonnes, a smaller one in kilograms."""
MONTHS_OPEN = 24
"""So many months of a site stand open in its table; those before are folded."""
CHINESE = re.compile(r"[\u3400-\u9fff]")
Answer = HttpResponseBase


def published_as(number: str) -> Published:
    """The release of an address; `not_found` where there is none, `explain_old_release` where it has no evidence."""
    folder = settings.RELEASES_DIR
    found = releases.latest(folder) if number == "latest" else releases.numbered(folder, int(number))
    if found is None:
        raise Problem("not_found", what=Message("thing_release"))
    if not released.is_explained(found):
        newer = [str(one.number) for one in releases.all_releases(folder) if released.is_explained(one)]
        raise Problem("explain_old_release", number=found.number, newer=newer or ["—"])
    return found


def site_in(published: Published, code: str) -> Json:
    site = released.site_of(published, code)
    if site is None:
        raise Problem("not_found", what=Message("thing_explained"))
    return site


def month_in(published: Published, text: str) -> int:
    """A month that the release covers."""
    try:
        month = parse_month(text)
    except ValueError as error:
        raise Problem("not_found", what=Message("thing_explained")) from error
    if text > published.month:
        raise Problem("not_found", what=Message("thing_explained"))
    return month


def account_in(published: Published, site: Json) -> SiteAccount:
    account = released.account_of(published, site)
    if account is None:
        raise Problem("not_found", what=Message("thing_explained"))
    return account


def step_in(published: Published, code: str, month: str) -> tuple[Json, SiteAccount, SiteMonth | None]:
    """A site, its account, and the explained month (None before its first verified one)."""
    site = site_in(published, code)
    account = account_in(published, site)
    return site, account, account.explain(month_in(published, month))


def part_of(published: Published, code: str) -> tuple[Json, list[Json], list[Json]]:
    """A province or city with its cities and its sites; ``none`` stands for the sites of no province."""
    document = published.figures
    if code == NOWHERE:
        sites = [site for site in document["sites"] if not site["province"]]
        if not sites:
            raise Problem("not_found", what=Message("thing_explained"))
        return {"code": NOWHERE, "name_zh": "", "name_en": ""}, [], sites
    for province in document["provinces"]:
        if province["code"] == code:
            cities = [city for city in document["cities"] if city["province"] == code]
            return province, cities, [site for site in document["sites"] if site["province"] == code]
    for city in document["cities"]:
        if city["code"] == code:
            return city, [], [site for site in document["sites"] if site["city"] == code]
    raise Problem("not_found", what=Message("thing_explained"))


def _span(request: HttpRequest) -> str:
    wish = request.GET.get("span", "month")
    return wish if wish in SPANS else "month"


def _numbered(request: HttpRequest, number: str) -> HttpResponse | None:
    """``latest`` leads to the release's own address, which is what to cite."""
    if number != "latest":
        return None
    found = published_as(number)
    address = request.get_full_path().replace("/explain/latest", f"/explain/{found.number}", 1)
    answer = redirect(address)
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def _common(request: HttpRequest, published: Published, steps: list[parts.Step], span: str) -> Json:
    return {
        "release": published.figures["release"],
        "published": published,
        "trail": steps,
        "span": span,
        "span_label": span_labels(published.month)[span],
        "spans": [
            {"label": label, "href": f"{request.path}?span={code}", "here": code == span}
            for code, label in span_labels(published.month).items()
        ],
        "slices": [(form, f"{request.path.rstrip('/')}.{form}") for form in ("csv", "json")],
    }


@require_safe
def network(request: HttpRequest, number: str) -> Answer:
    """The whole network: its figure and the provinces that it is the sum of."""
    if moved := _numbered(request, number):
        return moved
    published = published_as(number)
    document = published.figures
    provinces = list(document["provinces"])
    alone = [site for site in document["sites"] if not site["province"]]
    return _level(request, published, None, document["network"], provinces, document["sites"], alone)


@require_safe
def region(request: HttpRequest, number: str, code: str) -> Answer:
    """A province or a city."""
    if moved := _numbered(request, number):
        return moved
    published = published_as(number)
    thing, cities, sites = part_of(published, code)
    alone = [site for site in sites if not site["city"]] if cities else sites
    whole = None if code == NOWHERE else thing
    return _level(request, published, thing, whole, cities, sites, alone)


def _level(
    request: HttpRequest,
    published: Published,
    thing: Json | None,
    whole: Json | None,
    regions: list[Json],
    sites: list[Json],
    alone: list[Json],
) -> HttpResponse:
    span, number = _span(request), published.number
    gwp = released.grounds_of(published).gwp
    figure = whole[span] if whole else None
    checks = sum_checks(figure, [site[span] for site in sites], gwp) if figure else []
    tables = []
    if regions:
        first = _("Province") if thing is None else _("City")
        title = _("By province") if thing is None else _("By city")
        tables.append(
            parts.parts_table(regions, span, first, title, lambda code: reverse("explain_region", args=[number, code]))
        )
    if alone:
        title = _("Sites without a region of that level") if regions else _("By site")
        tables.append(
            parts.parts_table(alone, span, _("Site"), title, lambda code: reverse("explain_site", args=[number, code]))
        )
    code = thing["code"] if thing else None
    steps = parts.trail(published.figures, number, region=code)
    not_estimated = [site for site in sites if site[span]["sites_verified"] and site[span]["ch4_avoided_t"] is None]
    return render(
        request,
        "batches/explain/level.html",
        {
            **_common(request, published, steps, span),
            "heading": steps[-1].name,
            "level": "network" if thing is None else "region",
            "figure": figure,
            "statement": parts.statement(figure, checks) if figure else [],
            "coverage": coverage(figure) if figure else None,
            "explanation": in_language(figure.get("explanation")) if figure else "",
            "reason": in_language(figure.get("reason") or figure.get("note")) if figure else "",
            "sites": len(sites),
            "tables": tables,
            "not_estimated": [
                (name_of(site), reverse("explain_site", args=[number, site["code"]]), in_language(site[span]["reason"]))
                for site in not_estimated[:50]
            ],
            "others": [
                (in_language({"zh": s["name_zh"], "en": s["name_en"]}), tonnes(s[span]["diverted_t"]))
                for s in (published.figures["scenarios"] if thing is None else [])
            ],
        },
    )


@require_safe
def site(request: HttpRequest, number: str, code: str) -> Answer:
    """One site: its figure of a span, and its months."""
    if moved := _numbered(request, number):
        return moved
    published = published_as(number)
    found = site_in(published, code)
    account = account_in(published, found)
    span = _span(request)
    last = parse_month(published.month)
    walked = list(account.walk(last))
    first_of = {"month": last, "year": last - last % 12, "total": 0}[span]
    checks = span_checks(found[span], [step for step in walked if step.month >= first_of], account.rules.gwp)
    axis = published.figures["series_months"]
    place = in_language({"zh": found["name_zh"], "en": found["name_en"]})
    return render(
        request,
        "batches/explain/site.html",
        {
            **_common(request, published, parts.trail(published.figures, published.number, site=found), span),
            "site": found,
            "heading": name_of(found),
            "statement": parts.statement(found[span], checks),
            "coverage": coverage(found[span]),
            "explanation": in_language(found[span].get("explanation")),
            "reason": in_language(found[span].get("reason") or found[span].get("note")),
            "needs": parts.needs(walked[-1] if walked else None, place, last // 12),
            "zone": _zone(published, account),
            **_because((found.get("zone") or {}).get("because")),
            "baseline": account.baseline(last),
            "baseline_region": _region_of(account, account.baseline(last)),
            "chart": _site_chart(found, axis),
            "months": _site_months(published, found, axis, walked),
        },
    )


def _because(texts: Mapping[str, str] | None) -> dict[str, str]:
    """Why the zone is what it is: the platform's words, and the source as somebody typed it, in its own language.

    What was typed is the end that both languages share.
    """
    words = in_language(texts)
    typed = _shared_end(*(str((texts or {}).get(side) or "") for side in ("zh", "en"))).strip()
    if len(typed.split()) < 3 and not CHINESE.search(typed):
        typed = ""
    return {
        "zone_because": words.removesuffix(typed),
        "zone_source": typed,
        "zone_source_language": "zh-Hans" if CHINESE.search(typed) else "en",
    }


def _shared_end(one: str, other: str) -> str:
    pairs = enumerate(zip(reversed(one), reversed(other), strict=False))
    differ = next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))
    return one[len(one) - differ :]


def _zone(published: Published, account: SiteAccount) -> str:
    zones = account.method.zones
    return zones[account.zone].name.in_language(language()) if account.zone in zones else ""  # type: ignore[index]


def _region_of(account: SiteAccount, baseline: Any) -> str:
    """The name of the region that a baseline was written for."""
    if not baseline:
        return ""
    place = next((p for p in account.evidence["places"] if p["code"] == baseline["region"]), None)
    return name_of(place or {"code": baseline["region"]})


def _site_chart(found: Json, axis: list[str]) -> str:
    rows = list(zip(axis, found["series"]["diverted_t"], strict=True))[-MONTHS_DRAWN:]
    return bar_chart(
        [(format_month(month, language(), short=True), value) for month, value in rows],
        title=_("Waste diverted by month"),
        description=_("Tonnes of wet waste; the table of months has the same numbers."),
        unit=_("tonnes"),
        language=language(),
        missing=_("not verified"),
    )


def _site_months(published: Published, found: Json, axis: list[str], walked: list[SiteMonth]) -> tuple[Table, Table]:
    """Every month since the first verified one, the newest first, each leading to its arithmetic; old ones apart."""
    steps = {month_text(step.month): step for step in walked}
    series = found["series"]
    most = max((mass for mass in series["diverted_t"] if mass is not None), default=0.0)
    unit: MassUnit = "t" if most >= LARGE_T else "kg"
    rows = []
    for at, month in reversed(list(enumerate(axis))):
        step = steps.get(month)
        if step is None:
            continue
        href = reverse("explain_site_month", args=[published.number, found["code"], month])
        mass = series["diverted_t"][at]
        rows.append(
            Row(
                format_month(month, language()),
                [
                    Cell(_("not verified"), href, unknown=True) if mass is None else Cell(tonnes(mass, unit), href),
                    _known(series["ch4_avoided_t"][at], f"{href}#methane", "kg"),
                    _known(series["net_co2e_t"][at], f"{href}#net", unit),
                    Cell(tonnes(series["harvest_t"][at], unit)),
                ],
                href,
            )
        )
    columns = [
        _("Month"),
        _("Waste diverted"),
        _("Methane avoided, gross (CH₄)"),
        _("Net effect (CO₂e)"),
        _("Compost harvested"),
    ]
    return (
        Table(_("Months of the site"), columns, rows[:MONTHS_OPEN], "pairs spans four"),
        Table(_("Earlier months of the site"), columns, rows[MONTHS_OPEN:], "pairs spans four"),
    )


def _known(value: float | None, href: str, unit: Any) -> Cell:
    return Cell(_("not estimated"), href, unknown=True) if value is None else Cell(tonnes(value, unit), href)


@require_safe
def site_month(request: HttpRequest, number: str, code: str, month: str) -> Answer:
    """One month of a site, step by step, down to its entries."""
    if moved := _numbered(request, number):
        return moved
    published = published_as(number)
    found, account, step = step_in(published, code, month)
    materials = account.rules.materials
    context = {
        **_common(request, published, parts.trail(published.figures, published.number, site=found), "month"),
        "site": found,
        "heading": name_of(found),
        "month": month,
        "step": step,
        "needs": parts.needs(step, _region_of(account, None) or name_of(account.evidence["places"][0]), int(month[:4])),
        **_neighbours(published, account, found, month),
    }
    context["trail"].append(parts.Step(format_month(month, language()), request.path))
    if step is None:
        return render(request, "batches/explain/site_month.html", context)
    checks = month_checks(found, published.figures["series_months"], step, account.rules.gwp)
    held = {check.indicator: check for check in checks}
    names = {code: route.name for code, route in account.method.routes.items()}
    total = step.results["ch4_avoided"] / 1e12
    baseline = step.baseline

    def stream_page(stream: str) -> str:
        return reverse("explain_stream", args=[published.number, code, month, stream])

    context |= {
        "checks": [(_words(check.indicator), check) for check in checks],
        "sources": parts.sources_of(step),
        "all_match": bool(checks) and all(check.matches is not False for check in checks),
        "held": held,
        "reason": in_language(found["month"].get("reason")) if month == published.month else "",
        "masses": parts.mass_table(step.masses, materials),
        "mass_lines": parts.shown(step.mass_lines),
        "streams": [
            parts.ShownBlock(s.code, s.name.in_language(language()), parts.shown(s.lines), href=stream_page(s.code))
            for s in step.streams
        ],
        "zone": _zone(published, account),
        **_because((found.get("zone") or {}).get("because")),
        "baseline": baseline,
        "baseline_region": _region_of(account, baseline),
        "mix": parts.mix_table(step, names),
        "routes": parts.route_table(step.routes, stream_page) if step.routes else None,
        "route_blocks": _most_first_open(step, stream_page),
        "residue_blocks": [parts.shown_route(steps) for steps in step.residue],
        "blocks": {block.code: parts.shown_block(block) for block in step.blocks},
        "deposits": parts.deposit_table(
            step.deposits, total, lambda text: reverse("explain_site_month", args=[published.number, code, text])
        ),
        "ch4": tonnes(total, "kg") if step.known else _("not estimated"),
        **_entries(published, found, account, month),
    }
    return render(request, "batches/explain/site_month.html", context)


def _most_first_open(step: SiteMonth, address: Any) -> list[parts.ShownBlock]:
    """The arithmetic of every stream and route; the one with the most methane stands open."""
    most = max((steps.methane for steps in step.routes), default=0.0)
    return [parts.shown_route(steps, address(steps.stream), is_open=steps.methane == most) for steps in step.routes]


def _neighbours(published: Published, account: SiteAccount, found: Json, month: str) -> Json:
    """The months before and after, within what the site has and the release covers."""
    at, first = parse_month(month), account.first
    code = found["code"]

    def address(index: int) -> tuple[str, str]:
        text = month_text(index)
        return format_month(text, language()), reverse("explain_site_month", args=[published.number, code, text])

    return {
        "earlier": address(at - 1) if first is not None and at > first else None,
        "later": address(at + 1) if month < published.month else None,
    }


def _entries(published: Published, found: Json, account: SiteAccount, month: str, stream: str = "") -> Json:
    """The single entries of the month, or why there are none to read."""
    if found["detail"] == "sums":
        return {"entries": None, "entries_note": Message("explain_sums_only").render(language())}
    entries = released.entries_of(published, found["code"], month, settings.RELEASES_DIR)
    if entries.number is None:
        values = {"month": format_month(month, language()), "number": published.number}
        return {"entries": None, "entries_note": Message("explain_no_release_of_month", values).render(language())}
    if stream:
        materials = account.rules.materials
        kept = tuple(
            entry
            for entry in entries.found
            if (materials.get(entry.row["material"]) or {}).get("waste_class") == stream
        )
        entries = released.Entries(entries.number, kept)
    if not entries.found:
        note = Message("explain_entries_not_there", {"number": entries.number}).render(language())
        return {"entries": None, "entries_note": note}
    return {
        "entries": parts.entry_table(entries, account.rules.materials),
        "entries_note": "",
        "entries_release": entries.number,
    }


def _words(indicator: str) -> str:
    """The words of an indicator that is checked."""
    return {
        "intake_t": _("Taken in, bulking agent included"),
        "diverted_t": _("Waste diverted"),
        "harvest_t": _("Compost harvested"),
        "residue_t": _("Residue sent to disposal"),
        "ch4_avoided_t": _("Methane avoided, gross (CH₄)"),
        "ch4_forecast_20y_t": _("Forecast over 20 years (CH₄)"),
        "n2o_avoided_t": _("Nitrous oxide avoided (N₂O)"),
        "composting_ch4_t": _("Composting's methane (CH₄)"),
        "composting_n2o_t": _("Composting's nitrous oxide (N₂O)"),
        "residue_ch4_t": _("Methane from residue (CH₄)"),
        "energy_co2e_t": _("Energy used (CO₂e)"),
        "net_co2e_t": _("Net effect (CO₂e)"),
    }.get(indicator, indicator)


@require_safe
def stream(request: HttpRequest, number: str, code: str, month: str, stream: str) -> Answer:
    """One waste class of a site's month: every route line by line, whose waste it is, and its entries."""
    if moved := _numbered(request, number):
        return moved
    published = published_as(number)
    found, account, step = step_in(published, code, month)
    if stream not in STREAMS or step is None:
        raise Problem("not_found", what=Message("thing_explained"))
    name = account.method.streams[stream].name.in_language(language())  # type: ignore[index]
    steps = parts.trail(published.figures, published.number, site=found)
    here = reverse("explain_site_month", args=[published.number, code, month])
    steps += [parts.Step(format_month(month, language()), here), parts.Step(name, request.path)]
    of_stream = step.stream(stream)
    routes = [one for one in step.routes if one.stream == stream]
    materials = account.rules.materials
    masses = [row for row in step.masses if (materials.get(row.material) or {}).get("waste_class") == stream]
    blocks = []
    for one in routes:
        table = parts.deposit_table(
            one.deposits,
            one.methane,
            lambda text: reverse("explain_stream", args=[published.number, code, text, stream]),
        )
        blocks.append((parts.shown_route(one), table))
    return render(
        request,
        "batches/explain/stream.html",
        {
            **_common(request, published, steps, "month"),
            "site": found,
            "heading": name_of(found),
            "month": month,
            "stream_name": name,
            "masses": parts.mass_table(masses, materials),
            "mass_lines": parts.shown(of_stream.lines) if of_stream else [],
            "blocks": blocks,
            "sources": parts.sources_of(step),
            "ch4": tonnes(sum(one.methane for one in routes), "kg") if routes else NOTHING,
            "month_page": here,
            **_entries(published, found, account, month, stream),
        },
    )


# --- the same as data ---------------------------------------------------------------------------------------------


@require_safe
def network_slice(request: HttpRequest, number: str, form: str) -> Answer:
    """The figures of the network and of its provinces."""
    if moved := _numbered(request, number):
        return moved
    published = published_as(number)
    document = published.figures
    whole = {"code": "", "name_zh": "全网", "name_en": "network", **document["network"]}
    return slice_of_part(request, published, form, "network", whole, [("province", document["provinces"])])


@require_safe
def region_slice(request: HttpRequest, number: str, code: str, form: str) -> Answer:
    """The figures of a province or city with its parts."""
    if moved := _numbered(request, number):
        return moved
    published = published_as(number)
    thing, cities, sites = part_of(published, code)
    level = "city" if "province" in thing else "province"
    return slice_of_part(request, published, form, level, thing, [("city", cities), ("site", sites)])


@require_safe
def site_slice(request: HttpRequest, number: str, code: str, form: str) -> Answer:
    """A site's figures with its evidence."""
    if moved := _numbered(request, number):
        return moved
    published = published_as(number)
    found = site_in(published, code)
    return slice_of_site(request, published, form, found, account_in(published, found))


@require_safe
def site_month_slice(request: HttpRequest, number: str, code: str, month: str, form: str) -> Answer:
    """A site's month, line by line."""
    if moved := _numbered(request, number):
        return moved
    published = published_as(number)
    found, account, step = step_in(published, code, month)
    return slice_of_month(request, published, form, found, account, month, step)


@require_safe
def stream_slice(request: HttpRequest, number: str, code: str, month: str, stream: str, form: str) -> Answer:
    """One waste class of a site's month, line by line."""
    if moved := _numbered(request, number):
        return moved
    published = published_as(number)
    found, account, step = step_in(published, code, month)
    if stream not in STREAMS or step is None:
        raise Problem("not_found", what=Message("thing_explained"))
    return slice_of_stream(request, published, form, found, account, month, step, stream)


NUMBER = r"(?P<number>latest|[1-9][0-9]{0,8})"
CODE = r"(?P<code>[-A-Za-z0-9_]{1,60})"
MONTH = r"(?P<month>[0-9]{4}-[0-9]{2})"
STREAM = r"(?P<stream>[a-z_]{1,20})"
FORM = r"\.(?P<form>csv|json)$"
PLACES = (
    ("explain", f"^explain/{NUMBER}", network, network_slice),
    ("explain_region", f"^explain/{NUMBER}/regions/{CODE}", region, region_slice),
    ("explain_site", f"^explain/{NUMBER}/sites/{CODE}", site, site_slice),
    ("explain_site_month", f"^explain/{NUMBER}/sites/{CODE}/{MONTH}", site_month, site_month_slice),
    ("explain_stream", f"^explain/{NUMBER}/sites/{CODE}/{MONTH}/{STREAM}", stream, stream_slice),
)
urlpatterns = [
    pattern
    for name, start, page, data in PLACES
    for pattern in (re_path(f"{start}/$", page, name=name), re_path(f"{start}{FORM}", data, name=f"{name}_slice"))
]
