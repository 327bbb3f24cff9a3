"""The parts that the report of the network and that of a site share: figures, months, benefits, method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Spacer

from batches.pdf.parts import (
    Figure,
    Json,
    Report,
    between,
    boxed,
    exactly,
    heading,
    interval_line,
    note,
    numbers,
    percent,
    plain_table,
    titled,
    tonnes,
)
from compostnet.shared.display import NO_BREAK, NOTHING, apart, format_mass, format_month, format_number
from compostnet.shared.pdf.charts import Bars, Card, Cards, Parts
from compostnet.shared.pdf.look import WIDTH, pairs

NUTRIENTS = ("n", "p2o5", "k2o")
"""In the order that a bag of fertiliser names them."""
SHOWN_MONTHS = 24
"""As many months stand in the chart and the table of months; all of them are in figures.csv."""


def cards(report: Report, figure: Figure) -> list[Flowable]:
    """The four numbers of the first page: diverted, methane gross, net, compost; the reason where there is none."""
    say = report.say
    verified = bool(figure["site_months_verified"])
    reason = report.text(figure.get("reason")) or say("report_nothing_verified")

    def card(code: str, key: str, unit: str, *more: str, known: bool = True) -> Card:
        value = figure[key] if known else None
        if value is None:
            return Card(code, "", "", [say("report_not_estimated"), reason])
        lines = [interval_line(report, figure, key), *more]
        return Card(code, format_number(value), unit, lines, below=value < 0)

    share = figure.get("share_with_baseline")
    part = say("report_of_mass", share=percent(share)) if share is not None and share < 1 else ""
    made = [
        card(say("report_diverted"), "diverted_t", say("report_unit_wet"), known=verified),
        card(say("report_methane_gross"), "ch4_avoided_t", say("report_unit_ch4"), part),
        card(say("report_net"), "net_co2e_t", say("report_unit_co2e"), part),
        card(say("report_compost_made"), "harvest_t", say("report_unit_compost"), known=verified),
    ]
    parts: list[Flowable] = [Cards(report.page, made), Spacer(1, 6)]
    explanation = report.text(figure.get("explanation"))
    if explanation:
        parts += [boxed(report, explanation, title=say("report_below_zero"), warn=True), Spacer(1, 4)]
    if report.text(figure.get("note")):
        parts += [boxed(report, report.text(figure["note"])), Spacer(1, 4)]
    return parts


def measured(report: Report, figure: Figure) -> list[Flowable]:
    """How the mass was measured, as parts of a bar."""
    names = (
        ("share_weighed", report.say("report_weighed")),
        ("share_counted", report.say("report_counted")),
        ("share_estimated", report.say("report_estimated")),
    )
    known = [(name, figure.get(key)) for key, name in names]
    shares = [(name, share) for name, share in known if share]
    if all(share is None for _, share in known):
        return []
    rest = 1 - sum(share for _, share in shares)
    if rest > 0.001:
        shares.append((report.say("report_by_volume"), rest))
    bar = Parts(report.page, [(name, max(0.0, min(1.0, share)), percent(share)) for name, share in shares])
    return [heading(report, report.say("report_how_measured"), "h3"), bar, Spacer(1, 5)]


def account(report: Report, figures: Sequence[tuple[str, Figure]], *, coverage: bool = True) -> list[Flowable]:
    """The whole account, a column a span: what was diverted, avoided, emitted, and what is left of it.

    ``coverage``: with the sites behind it, too (of one site there is nothing to count).
    """
    say = report.say
    heads = [say("report_row"), *(name for name, _ in figures)]

    def row(name: str, unit: str, key: str, *, interval: bool = False, lasts: bool = False) -> list[Any]:
        cells: list[Any] = [(name, unit)]
        for _, figure in figures:
            value = figure.get(key)
            # What was kept from a landfill before goes on avoiding methane in a span of which nothing is verified.
            if not figure["site_months_verified"] and not lasts:
                value = None
            under = interval_line(report, figure, key) if interval and value is not None else ""
            cells.append((tonnes(value), under) if under else tonnes(value))
        return cells

    def scenarios(name: str, unit: str, key: str) -> list[Any]:
        cells: list[Any] = [(name, unit)]
        for _, figure in figures:
            known = figure.get("scenarios")
            if not known or figure.get(key) is None:
                cells.append(NOTHING)
                continue
            values = (known["low"][key], figure[key], known["high"][key])
            cells.append(f"{NO_BREAK}/ ".join(tonnes(value) for value in values))
        return cells

    wet, ch4, co2e = say("report_unit_wet"), say("report_unit_ch4"), say("report_unit_co2e")
    rows = [
        row(say("report_diverted"), wet, "diverted_t", interval=True),
        row(say("report_compost_made"), say("report_unit_compost"), "harvest_t"),
        row(say("report_residue"), wet, "residue_t"),
        row(say("report_methane_gross"), ch4, "ch4_avoided_t", interval=True, lasts=True),
        row(say("report_own_ch4"), ch4, "composting_ch4_t"),
        row(say("report_own_n2o"), say("report_unit_n2o"), "composting_n2o_t"),
        row(say("report_own_co2e"), co2e, "composting_co2e_t"),
        row(say("report_residue_ch4"), ch4, "residue_ch4_t"),
        row(say("report_energy"), co2e, "energy_co2e_t"),
        row(say("report_net"), co2e, "net_co2e_t", interval=True, lasts=True),
        scenarios(say("report_methane_scenarios"), ch4, "ch4_avoided_t"),
        scenarios(say("report_net_scenarios"), co2e, "net_co2e_t"),
    ]
    behind: list[Any] = [(say("report_coverage_row"), say("report_coverage_unit"))]
    months: list[Any] = [(say("report_site_months"), say("report_site_months_unit"))]
    share: list[Any] = [(say("report_with_baseline"), "")]
    for _, figure in figures:
        behind.append(_of(figure, "sites"))
        months.append(_of(figure, "site_months"))
        share.append(percent(figure.get("share_with_baseline")))
    widths = [2.1, *([1.5] * len(figures))]
    last = [behind, months, share] if coverage else [months, share]
    made = numbers(report, heads, [*rows, *last], widths, strong=(0, 3, 9), padding=2.1)
    forecast = [[(say("report_forecast"), ch4), *(tonnes(figure.get("ch4_forecast_20y_t")) for _, figure in figures)]]
    later = numbers(report, [say("report_forecast_head"), *(name for name, _ in figures)], forecast, widths)
    return [
        CondPageBreak(510),
        heading(report, say("report_account")),
        note(report, say("report_account_note")),
        Spacer(1, 3),
        made,
        Spacer(1, 7),
        KeepTogether([later, note(report, say("report_forecast_note"))]),
    ]


def _of(figure: Figure, what: str) -> str:
    verified, reported, expected = (figure[f"{what}_{name}"] for name in ("verified", "reported", "expected"))
    return f"{NO_BREAK}/ ".join(format_number(value) for value in (verified, reported, expected))


def charts(report: Report, rows: Sequence[Mapping[str, Any]]) -> list[Flowable]:
    """Diverted and net of the last months as bars; ``rows``: {month, diverted_t, net_co2e_t, …}."""
    say = report.say
    shown = list(rows)[-SHOWN_MONTHS:]
    if not shown:
        return []
    parts: list[Flowable] = [CondPageBreak(265), heading(report, say("report_by_month"))]
    for title, key, unit in (
        (say("report_diverted"), "diverted_t", say("report_unit_wet")),
        (say("report_net"), "net_co2e_t", say("report_unit_co2e")),
    ):
        items = [(format_month(str(row["month"]), report.language, short=True), _known(row, key)) for row in shown]
        missing = say("report_chart_missing") if key == "diverted_t" else say("report_chart_not_estimated")
        bars = Bars(report.page, items, unit=f"{title} · {unit}", missing=missing, height=108)
        parts += [bars, Spacer(1, 7)]
    return parts


def month_table(report: Report, rows: Sequence[Mapping[str, Any]], *, coverage: bool) -> list[Flowable]:
    """The last months as a table, the latest first."""
    say = report.say
    shown = list(rows)[-SHOWN_MONTHS:]
    if not shown:
        return []
    parts: list[Flowable] = [CondPageBreak(120), heading(report, say("report_month_table"))]
    heads = [
        say("report_month"),
        titled(say("report_diverted"), say("report_unit_wet")),
        titled(say("report_compost_made"), say("report_unit_compost")),
        titled(say("report_methane_gross"), say("report_unit_ch4")),
        titled(say("report_net"), say("report_unit_co2e")),
    ]
    table_rows = []
    for row in reversed(shown):
        cells = [format_month(str(row["month"]), report.language)]
        cells += [tonnes(_known(row, key)) for key in ("diverted_t", "harvest_t", "ch4_avoided_t", "net_co2e_t")]
        if coverage:
            cells.append(_of(row, "sites"))
        table_rows.append(cells)
    if coverage:
        heads.append(say("report_coverage_short"))
    parts.append(numbers(report, heads, table_rows, [1.3, *([1.2] * (len(heads) - 1))], padding=1.6))
    if len(rows) > len(shown):
        parts.append(note(report, say("report_months_cut", shown=len(shown), all=len(rows))))
    return parts


def _known(row: Mapping[str, Any], key: str) -> float | None:
    """A month's value; None where nothing is verified in it."""
    if row.get("site_months_verified", 1) == 0:
        return None
    value = row.get(key)
    return None if value is None else float(value)


def series_rows(document: Json, row: Json) -> list[dict[str, Any]]:
    """The months of a site (or region) since its first verified one."""
    series = row.get("series") or {}
    names = ("diverted_t", "harvest_t", "ch4_avoided_t", "net_co2e_t")
    months = list(document.get("series_months", ()))
    found = [
        {"month": month, **{name: (series.get(name) or [None] * len(months))[place] for name in names}}
        for place, month in enumerate(months)
    ]
    first = next((place for place, one in enumerate(found) if one["diverted_t"] is not None), len(found))
    return found[first:]


# --- benefits ---------------------------------------------------------------------------------------------------------


def why(report: Report, benefit: Json, key: str) -> str:
    """Why a benefit is not there, in a sentence."""
    code = (benefit.get("because") or {}).get(key, "")
    reasons = (report.document.get("benefits") or {}).get("reasons") or {}
    return report.text(reasons.get(code)) or report.say("report_not_estimated")


def fertiliser(report: Report, benefit: Json | None) -> list[Flowable]:
    """Nutrients in the compost with range, source and grade."""
    say, rules = report.say, (report.document.get("benefits") or {}).get("rules") or {}
    if not benefit or not rules or not any((benefit.get(f"{code}_kg") or [0])[0] for code in rules["nutrients"]):
        return []
    rows: list[list[Any]] = []
    known = rules["nutrients"]
    for code in [*(one for one in NUTRIENTS if one in known), *(one for one in known if one not in NUTRIENTS)]:
        one = known[code]
        found = benefit.get(f"{code}_kg")
        content = one["content"]
        per = format_number(one["kg_per_t"][1])
        rows.append(
            [
                report.text(one["name"]),
                format_number(found[1]) if found else NOTHING,
                between(report, (found[0], found[2])) if found else NOTHING,
                per,
                str(content["confidence"]),
            ]
        )
    heads = [
        say("report_nutrient"),
        say("report_unit_kg"),
        say("report_range_kg"),
        say("report_kg_per_t"),
        say("report_grade"),
    ]
    sources = "; ".join(cited(one) for one in rules["sources"].values())
    made = numbers(report, heads, rows, [1.4, 1, 1.4, 1, 0.6])
    said = note(report, f"{report.text(rules['note'])} {say('report_source', source=sources)}")
    return [KeepTogether([heading(report, say("report_fertiliser"), "h2"), made, said])]


def cited(source: Json) -> str:
    """A source in one line."""
    parts = [source.get("issuer"), source.get("title"), source.get("section")]
    return ". ".join(str(part) for part in parts if part)


def destinations(report: Report, known: Mapping[str, tuple[float, str]]) -> list[Flowable]:
    """Where the compost went: kind → (kg, how many sites said so)."""
    names = {
        "compost_to_households_kg": report.say("report_to_households"),
        "compost_to_farms_kg": report.say("report_to_farms"),
        "compost_to_greening_kg": report.say("report_to_greening"),
        "compost_sold_kg": report.say("report_sold"),
    }
    told = [(name, *known[kind]) for kind, name in names.items() if kind in known]
    parts: list[Flowable] = [CondPageBreak(70), heading(report, report.say("report_where_compost"), "h2")]
    whole = sum(value for _, value, _ in told)
    if not told or not whole:
        return [*parts, note(report, report.say("report_where_unknown"))]
    words = [
        (name, value / whole, format_mass(value, report.language, "kg") + (f" {by}" if by else ""))
        for name, value, by in told
        if value > 0
    ]
    parts.append(Parts(report.page, words))
    stored = known.get("compost_stored_kg")
    if stored is not None:
        kept = format_mass(stored[0], report.language, "kg")
        parts.append(note(report, report.say("report_stored", amount=kept)))
    return parts


def money(value: float | None, currency: str) -> str:
    """An amount of money, rounded to the unit from 100 on."""
    return NOTHING if value is None else f"{format_number(value)}{NO_BREAK}{currency}"


def moneys(values: Mapping[str, float] | None) -> str:
    """Amounts in several currencies, never added."""
    return NOTHING if not values else " + ".join(money(value, code) for code, value in values.items())


def fees(report: Report, ids: Sequence[str] | None = None) -> list[Flowable]:
    """The fees of the year that savings were reckoned with, by id (all without); regions of one fee together."""
    rules = (report.document.get("benefits") or {}).get("rules") or {}
    year = int(report.month[:4])
    alike: dict[tuple[Any, ...], list[str]] = {}
    for fee in rules.get("fees", ()):
        first, last = fee["years"]
        if (ids is not None and fee["id"] not in ids) or not first <= year <= (last or year):
            continue
        price = f"{format_number(fee['value'])}{NO_BREAK}{fee['currency']}"
        key = (f"{first}–{last or ''}", report.text(fee["what"]), cited(fee["document"]), price, fee["confidence"])
        alike.setdefault(key, []).append(region_name(report, fee["region"]))
    if not alike:
        return []
    say = report.say
    rows = [
        [_joined(report, names), years, (what, document), price, grade]
        for (years, what, document, price, grade), names in alike.items()
    ]
    heads = [
        say("report_region"),
        say("report_years"),
        say("report_fee_what"),
        say("report_fee_per_t"),
        say("report_grade"),
    ]
    return [numbers(report, heads, rows, [2.2, 0.9, 2.8, 1, 0.6], left=3, padding=2)]


def _joined(report: Report, names: Sequence[str]) -> str:
    return ("、" if report.page.chinese else ", ").join(names)


def region_name(report: Report, code: str) -> str:
    """The name of a region that the release tells of; else its code."""
    for level in ("provinces", "cities"):
        for row in report.document.get(level, ()):
            if row["code"] == code:
                return report.name(row)
    return code


# --- method -----------------------------------------------------------------------------------------------------------


def about(report: Report) -> list[Flowable]:
    """What identifies the release: numbers, method, cut-off, citation, licence."""
    say, release = report.say, report.release
    facts = [
        (say("report_fact_release"), f"{release['number']} · {report.status}"),
        (say("report_fact_month"), format_month(report.month, report.language)),
        (say("report_fact_cut_off"), str(release.get("cut_off", ""))[:19].replace("T", " ") + " UTC"),
        (say("report_fact_method"), str(release.get("method", ""))),
        (say("report_fact_gwp"), str(release.get("gwp", ""))),
        (say("report_fact_code"), str(release.get("code_version", ""))),
        (say("report_fact_licence"), str(release.get("licence", ""))),
        (say("report_fact_why"), report.text(release.get("reason"))),
    ]
    return [
        CondPageBreak(120),
        heading(report, say("report_about")),
        pairs(report.page, facts, WIDTH, columns=3),
        note(report, say("report_cite", citation=report.text(release.get("citation")))),
    ]


def factors(report: Report, method: Json | None) -> list[Flowable]:
    """Every factor of the method with unit, source and grade, out of ``method.json``."""
    say = report.say
    own = (method or {}).get("method") or {}
    if not own:
        return []
    gwp = ((method or {}).get("gwp_sets") or {}).get(report.release.get("gwp")) or {}
    sources = {**(own.get("sources") or {}), **(gwp.get("sources") or {})}
    rows: list[list[Any]] = []
    for key, one in [*_factors("", own), *_factors(f"gwp_sets.{gwp.get('code', '')}", gwp)]:
        rows.append([key, str(one["unit"]), str(one["source"]), exactly(one["value"]), str(one["confidence"])])
    heads = [
        say("report_factor"),
        say("report_unit"),
        say("report_source_head"),
        say("report_value"),
        say("report_grade"),
    ]
    known = [
        f"{code}: {cited(source)}" for code, source in sorted(sources.items()) if any(code == row[2] for row in rows)
    ]
    return [
        CondPageBreak(140),
        heading(report, say("report_factors")),
        report.page.text(report.text(own.get("summary")), "body"),
        note(report, say("report_grades")),
        *([heading(report, say("report_sources"), "h3")] if known else []),
        *(note(report, line) for line in known),
        Spacer(1, 5),
        plain_table(report, heads, rows, [3.3, 2, 1.3, 1, 0.7], left=3),
    ]


def _factors(prefix: str, found: Any) -> Iterator[tuple[str, Json]]:
    if isinstance(found, Mapping):
        if {"value", "unit", "source", "confidence"} <= set(found):
            yield prefix, found
            return
        for name, inner in sorted(found.items()):
            yield from _factors(f"{prefix}.{name}" if prefix else str(name), inner)


def baselines(report: Report, method: Json | None, ids: Sequence[str]) -> list[Flowable]:
    """The mixes that waste was held against: routes with shares, document, reviewer, grade."""
    say = report.say
    files = {file["code"]: file for file in (method or {}).get("baselines", ())}
    routes = ((method or {}).get("method") or {}).get("routes") or {}
    gap = "" if report.page.chinese else " "
    alike: dict[tuple[str, str, str, str], list[tuple[str, str]]] = {}
    for key in ids:
        code, _, rest = key.partition("/")
        region, _, first = rest.rpartition("/")
        file = files.get(code)
        periods = (file or {}).get("regions", {}).get(region, ())
        period = next((one for one in periods if str(one["years"][0]) == first), None)
        place = (region_name(report, region), key)
        if file is None or period is None:
            alike.setdefault((NOTHING, NOTHING, "", NOTHING), []).append(place)
            continue
        mix = [
            say(
                "report_route",
                route=report.text((routes.get(part["route"]) or {}).get("name")) or part["route"],
                share=percent(part["share"]),
            )
            + (gap + say("report_capture", share=percent(part["capture"])) if part.get("capture") else "")
            for part in period["mix"]
        ]
        document = cited(file["documents"].get(period["document"]) or {})
        review = file["reviews"].get(period["review"]) or {}
        who = say("report_reviewed", reviewer=review.get("reviewer", ""), date=review.get("reviewed_on", ""))
        words = ("；" if report.page.chinese else "; ").join(mix)
        alike.setdefault((words, document, who, str(period["confidence"])), []).append(place)
    rows: list[list[Any]] = [
        [
            (_joined(report, list(dict.fromkeys(name for name, _ in places))), ", ".join(key for _, key in places)),
            mix_words,
            (document, who),
            grade,
        ]
        for (mix_words, document, who, grade), places in alike.items()
    ]
    if not rows:
        return [note(report, say("report_no_baseline_used"))]
    heads = [say("report_region"), say("report_mix"), say("report_document"), say("report_grade")]
    return [numbers(report, heads, rows, [2.4, 2.4, 2.4, 0.7], left=4, padding=2)]


def change_rows(report: Report, changes: Sequence[Json]) -> list[list[Any]]:
    """Changes as rows of a table: what, month, old, new, why."""
    names = {site["code"]: report.name(site) for site in report.document.get("sites", ())}
    say = report.say
    measures = {
        "diverted_kg": say("report_diverted"),
        "diverted_t": say("report_diverted"),
        "ch4_avoided_t": say("report_methane_gross"),
        "net_co2e_t": say("report_net"),
        "harvest_t": say("report_compost_made"),
    }
    levels = {"network": say("report_level_network")}
    rows = []
    for one in changes:
        code = str(one.get("code") or "")
        where = levels.get(str(one.get("level"))) or names.get(code) or region_name(report, code)
        indicator = str(one.get("indicator") or "")
        rows.append(
            [
                where,
                format_month(str(one["month"]), report.language) if one.get("month") else "",
                (measures.get(indicator, indicator), report.text(one.get("reason"))),
                *apart(one.get("old"), one.get("new")),
            ]
        )
    return rows
