"""The report of the network: what a release says, on paper, for a month or for a year. Values in, bytes out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, PageBreak, Spacer

from batches.pdf import sections
from batches.pdf.maps import ReleaseMap
from batches.pdf.parts import (
    Json,
    Report,
    between,
    boxed,
    coverage_line,
    heading,
    note,
    numbers,
    percent,
    plain_table,
    titled,
    tonnes,
)
from compostnet.shared.display import NO_BREAK, NOTHING, format_number
from compostnet.shared.pdf.charts import Rows
from compostnet.shared.pdf.look import WIDTH, build, look

MOST_SITES = 1000
"""Sites in the annex; beyond that those with the most diverted, the rest stands in figures.csv."""
MOST_CHANGES = 30
MOST_BARS = 15
SENSITIVITY = ("ch4_avoided_t", "composting_ch4_t", "composting_n2o_t", "net_co2e_t")


def network_report(
    document: Mapping[str, Any],
    *,
    places: Mapping[str, Any],
    outlines: Sequence[Mapping[str, Any]],
    language: str,
    period: Literal["month", "year"] = "month",
    method: Mapping[str, Any] | None = None,
    font: str = "",
) -> bytes:
    """The report as PDF (A4). The same arguments (and fonts) give the same bytes.

    ``document`` is figures.json (schema 2), ``places`` sites.geojson, ``outlines`` rows of code, names and polygons
    (may be empty), ``method`` the method.json of the release (without it no factors are printed), ``font`` the file
    of a Chinese font. Raises the problem ``pdf_font_missing`` where no font has a Chinese character that is to be set.
    """
    report = Report(look(language, font), document, period)
    code = "zh" if report.page.chinese else "en"
    address = f"/figures/{report.month if period == 'month' else report.month[:4]}/report-{code}.pdf"
    title = report.say("report_network_title", span=report.subject)

    def story() -> list[Flowable]:
        return [
            *_top(report, report.say("report_network_name")),
            *_environment(report),
            *_map(report, places, outlines),
            *_groups(report),
            *_economy(report),
            *_people(report),
            *_climate(report, method),
            *_classes(report),
            *_changes(report),
            *_sensitivity(report),
            *_not_estimated(report),
            *sections.about(report),
            *sections.factors(report, method),
            *_annex(report),
        ]

    return build(story, report.page, report.running(title, address))


def _figure(report: Report, span: str) -> Json:
    found: Json = report.document["network"][span]
    return found


def _columns(report: Report) -> list[tuple[str, Json]]:
    """Spans with their figures: the one reported, the same a year before where there is one, the longer ones."""
    last = (report.document["network"].get("last_year") or {}).get(report.period)
    columns = [(report.span_name(span), _figure(report, span)) for span in report.spans]
    if last and last["site_months_verified"]:
        columns.insert(1, (report.say("report_year_before"), last))
    return columns


def _top(report: Report, title: str) -> list[Flowable]:
    page, say = report.page, report.say
    figure = _figure(report, report.period)
    values = {
        "number": report.release["number"],
        "status": report.status,
        "cut_off": str(report.release["cut_off"])[:10],
    }
    parts: list[Flowable] = [
        page.text(title, "title"),
        page.text(report.subject, "big"),
        page.text(say("report_network_lead", **values), "lead"),
        Spacer(1, 8),
    ]
    if report.release.get("invented"):
        parts += [boxed(report, say("report_invented"), warn=True), Spacer(1, 6)]
    parts += sections.cards(report, figure)
    parts.append(page.text(coverage_line(report, figure), "body"))
    parts += sections.measured(report, figure)
    last = (report.document["network"].get("last_year") or {}).get(report.period)
    if last and last["site_months_verified"]:
        parts.append(page.text(_against(report, figure, last), "body"))
    return parts


def _against(report: Report, figure: Json, last: Json) -> str:
    """This span against the same a year before, with the sites behind both."""
    change = ""
    if last["diverted_t"]:
        part = 100 * (figure["diverted_t"] / last["diverted_t"] - 1)
        change = ("+" if part > 0 else "") + f"{format_number(part, 0 if abs(part) >= 10 else 1)}{NO_BREAK}%"
    return report.say(
        "report_against",
        before=tonnes(last["diverted_t"]),
        now=tonnes(figure["diverted_t"]),
        change=change or NOTHING,
        sites_before=last["sites_verified"],
        sites_now=figure["sites_verified"],
    )


def _environment(report: Report) -> list[Flowable]:
    benefit = _benefit(report)
    known = {kind: (one["value"], report.say("report_by_sites", sites=one["sites"]))
             for kind, one in (benefit.get("compost_to") or {}).items() if one}  # fmt: skip
    return [
        *sections.charts(report, report.document.get("months", ())),
        *sections.account(report, _columns(report)),
        *sections.destinations(report, known),
        *sections.fertiliser(report, benefit),
        *sections.month_table(report, report.document.get("months", ()), coverage=True),
    ]


def _benefit(report: Report) -> Json:
    found: Json = ((report.document.get("benefits") or {}).get("network") or {}).get(report.period) or {}
    return found


def _map(report: Report, places: Json, outlines: Sequence[Json]) -> list[Flowable]:
    drawn = ReleaseMap(report.page, report.document, places, outlines, report.period)
    title = report.say("report_map", span=report.subject)
    if drawn.is_empty:
        return [heading(report, title), note(report, report.say("report_map_empty"))]
    return [CondPageBreak(drawn.wrap(WIDTH, 0)[1] + 40), heading(report, title), drawn]


def _groups(report: Report) -> list[Flowable]:
    """Scenarios and provinces, each with its coverage, and a bar of the provinces."""
    parts: list[Flowable] = []
    for title, key in (
        (report.say("report_by_scenario"), "scenarios"),
        (report.say("report_by_province"), "provinces"),
    ):
        rows = sorted(report.document.get(key, ()), key=lambda row: -(row[report.period]["diverted_t"] or 0))
        if not rows:
            continue
        parts += [CondPageBreak(190), heading(report, title)]
        if len(rows) > 1:
            unit = report.say("report_unit_wet")
            shown = [(report.name(row), _shown(row[report.period])) for row in rows[:MOST_BARS]]
            bars = [(name, value, f"{tonnes(value)}{NO_BREAK}{unit}") for name, value in shown]
            parts += [Rows(report.page, bars, missing=report.say("report_chart_missing")), Spacer(1, 6)]
        parts.append(_group_table(report, rows))
    return parts


def _shown(figure: Json) -> float | None:
    return figure["diverted_t"] if figure["site_months_verified"] else None


def _group_table(report: Report, rows: Sequence[Json]) -> Flowable:
    say = report.say
    heads = [
        "",
        say("report_coverage_short"),
        titled(say("report_diverted"), say("report_unit_wet")),
        titled(say("report_methane_gross"), say("report_unit_ch4")),
        titled(say("report_own_short"), say("report_unit_co2e")),
        titled(say("report_net"), say("report_unit_co2e")),
        say("report_interval_head"),
        say("report_with_baseline"),
    ]
    made: list[list[Any]] = []
    for row in rows:
        figure = row[report.period]
        verified = bool(figure["site_months_verified"])
        made.append(
            [
                report.name(row),
                f"{NO_BREAK}/ ".join(
                    format_number(figure[f"sites_{name}"]) for name in ("verified", "reported", "expected")
                ),
                tonnes(_shown(figure)),
                tonnes(figure["ch4_avoided_t"]),
                tonnes(figure["composting_co2e_t"] if verified else None),
                tonnes(figure["net_co2e_t"]),
                between(report, (figure.get("interval") or {}).get("net_co2e_t")) or NOTHING,
                percent(figure.get("share_with_baseline")),
            ]
        )
    return numbers(report, heads, made, [1.4, 1.15, 0.85, 0.95, 1.0, 0.85, 1.6, 0.95], padding=1.8)


def _economy(report: Report) -> list[Flowable]:
    say, benefit = report.say, _benefit(report)
    if not benefit:
        return []
    currency = str(benefit["money_currency"])
    wrote = say("report_money_note", sites=benefit["money_sites"])
    rows: list[list[Any]] = [
        [
            (say("report_saved"), _or(report, benefit, "disposal_saved", say("report_saved_note",
                sites=benefit["disposal_sites"], share=percent(benefit["disposal_share"])))),
            sections.moneys(benefit["disposal_saved"]),
        ],
        [
            (say("report_money_in"), _or(report, benefit, "money_in", wrote)),
            sections.money(benefit["money_in"], currency),
        ],
        [
            (say("report_cost_per_t"), _or(report, benefit, "cost_per_t", "")),
            sections.money(benefit["cost_per_t"], f"{currency}/t"),
        ],
        [
            (say("report_cost_per_m2"), _or(report, benefit, "cost_per_m2", "")),
            sections.money(benefit["cost_per_m2"], f"{currency}/m²"),
        ],
    ]  # fmt: skip
    found: list[Flowable] = [
        CondPageBreak(150),
        heading(report, say("report_economy")),
        numbers(report, [report.subject, ""], rows, [3.2, 1], strong=(0,)),
        note(report, say("report_money_caveat")),
    ]
    told = sections.fees(report)
    if told:
        found += [heading(report, say("report_fees"), "h2"), *told]
    return found


def _or(report: Report, benefit: Json, key: str, words: str) -> str:
    """What is said of a benefit: why it is not there, else the words."""
    return sections.why(report, benefit, key) if benefit.get(key) is None else words


def _people(report: Report) -> list[Flowable]:
    say, benefit = report.say, _benefit(report)
    if not benefit:
        return []
    names = {
        "households_taking_part": (say("report_households_taking_part"), say("report_unit_households")),
        "volunteers": (say("report_volunteers"), say("report_unit_people")),
        "volunteer_hours": (say("report_volunteer_hours"), say("report_unit_hours")),
        "trainers_active": (say("report_trainers"), say("report_unit_people")),
    }
    rows: list[list[Any]] = [
        _count_row(report, say("report_households"), say("report_unit_households"), benefit["households"])
    ]
    for kind, (name, unit) in names.items():
        rows.append(_count_row(report, name, unit, (benefit.get("people") or {}).get(kind)))
    return [
        CondPageBreak(110),
        heading(report, say("report_people")),
        numbers(report, [report.subject, say("report_sites_telling"), ""], rows, [2.6, 1, 1]),
    ]


def _count_row(report: Report, name: str, unit: str, found: Json | None) -> list[Any]:
    if found is None:
        return [(name, report.say("benefit_no_people")), NOTHING, NOTHING]
    return [name, format_number(found["sites"]), f"{format_number(found['value'])}{NO_BREAK}{unit}"]


def _climate(report: Report, method: Json | None) -> list[Flowable]:
    """Climate zones and baselines: how many sites lie in which zone, what their waste was held against."""
    say = report.say
    zones = Counter(str((site.get("zone") or {}).get("code") or "") for site in report.document["sites"])
    names = ((method or {}).get("method") or {}).get("zones") or {}
    rows: list[list[Any]] = []
    for code, count in sorted(zones.items(), key=lambda item: (-item[1], item[0])):
        name = report.text((names.get(code) or {}).get("name")) or code if code else say("report_no_zone")
        rows.append([name, format_number(count)])
    parts: list[Flowable] = [CondPageBreak(130), heading(report, say("report_climate"))]
    if rows:
        parts.append(numbers(report, [say("report_zone"), say("report_sites")], rows, [3, 1], padding=1.8))
    parts += [Spacer(1, 6), note(report, say("report_baseline_note"))]
    return [*parts, *sections.baselines(report, method, list(report.release.get("baselines", ())))]


def _classes(report: Report) -> list[Flowable]:
    """How the sites are classed, product quality among it; every dimension of the release."""
    found = report.document.get("classes") or {}
    parts: list[Flowable] = []
    for code, dimension in sorted(found.items()):
        rows: list[list[Any]] = [
            [report.name(row), format_number(row["sites"]), tonnes(_shown(row[report.period]))]
            for row in dimension["classes"]
            if row["sites"]
        ]
        if not rows or code == "scenario":
            continue
        heads = [report.name(dimension), report.say("report_sites"),
                 f"{report.say('report_diverted')} ({report.say('report_unit_wet')})"]  # fmt: skip
        parts += [CondPageBreak(60), Spacer(1, 5), numbers(report, heads, rows, [3, 1, 1.4], padding=1.4)]
    if not parts:
        return []
    return [CondPageBreak(130), heading(report, report.say("report_classes")),
            note(report, report.say("report_classes_note")), *parts]  # fmt: skip


def _changes(report: Report) -> list[Flowable]:
    """Revisions of the method apart from corrections of the data."""
    say = report.say
    changes = list(report.document.get("changes", ()))
    parts: list[Flowable] = [CondPageBreak(90), heading(report, say("report_changes"))]
    previous = report.release.get("previous")
    if not previous:
        return [*parts, note(report, say("report_first_release"))]
    if not changes:
        return [*parts, note(report, say("report_no_changes", number=previous["number"]))]
    kinds = (
        (say("report_revisions"), [one for one in changes if one.get("kind") == "revision"]),
        (say("report_corrections"), [one for one in changes if one.get("kind") != "revision"]),
    )
    heads = [
        say("report_what"),
        say("report_month"),
        say("report_measure_and_reason"),
        say("report_old"),
        say("report_new"),
    ]
    for title, found in kinds:
        if not found:
            continue
        parts.append(heading(report, f"{title} ({len(found)})", "h2"))
        rows = sections.change_rows(report, sorted(found, key=_size, reverse=True)[:MOST_CHANGES])
        parts.append(numbers(report, heads, rows, [1.6, 1, 2.8, 0.8, 0.8], left=3, padding=1.8))
        if len(found) > MOST_CHANGES:
            parts.append(note(report, say("report_changes_cut", shown=MOST_CHANGES, all=len(found))))
    return parts


def _size(change: Json) -> tuple[bool, float]:
    """How far a change moved a number; those of the network first."""
    try:
        moved = abs(float(change.get("new") or 0) - float(change.get("old") or 0))
    except (TypeError, ValueError):
        moved = 0.0
    return change.get("level") == "network", moved


def _sensitivity(report: Report) -> list[Flowable]:
    """The same data by other methods and GWP sets; never mixed, never added."""
    say = report.say
    rows: list[list[Any]] = []
    own = _figure(report, report.period)
    release = report.release
    rows.append(
        [
            (say("report_this_release"), f"{release['method']} · {release['gwp']}"),
            *(tonnes(own[key]) for key in SENSITIVITY),
        ]
    )
    apart: list[list[Any]] = []
    for one in report.document.get("sensitivity", ()):
        figure = one["network"].get(report.period) or {}
        named = (report.text(one["title"]), f"{one['label']} · {one['gwp']}. {report.text(one.get('note'))}".strip())
        if one.get("basis", "accrued") == "accrued":
            rows.append([named, *(tonnes(figure.get(key)) for key in SENSITIVITY)])
        else:
            apart.append([named, percent(figure.get("share_covered")), tonnes(figure.get("net_co2e_t"))])
    parts: list[Flowable] = [CondPageBreak(140), heading(report, say("report_sensitivity"))]
    if len(rows) == 1 and not apart:
        return []
    heads = [
        say("report_set"),
        titled(say("report_methane_gross"), say("report_unit_ch4")),
        titled(say("report_own_ch4"), say("report_unit_ch4")),
        titled(say("report_own_n2o"), say("report_unit_n2o")),
        titled(say("report_net"), say("report_unit_co2e")),
    ]
    parts += [
        note(report, say("report_sensitivity_note")),
        Spacer(1, 3),
        numbers(report, heads, rows, [3, 1.1, 1.1, 1.1, 1.1], strong=(0,), padding=1.8),
    ]
    if apart:
        heads = [say("report_cross_check"), say("report_share_covered"),
                 titled(say("report_net"), say("report_unit_co2e"))]  # fmt: skip
        parts += [
            Spacer(1, 8),
            KeepTogether(
                [
                    numbers(report, heads, apart, [4.2, 1.1, 1.1], padding=1.8),
                    note(report, say("report_cross_check_note")),
                ]
            ),
        ]
    return parts


def _not_estimated(report: Report) -> list[Flowable]:
    """What is not estimated, and why: sites by reason."""
    say = report.say
    reasons: Counter[str] = Counter()
    masses: dict[str, list[float]] = {}
    for site in report.document["sites"]:
        figure = site[report.period]
        if figure["ch4_avoided_t"] is None:
            reason = report.text(figure.get("reason")) or say("report_nothing_verified")
            reasons[reason] += 1
            if figure["site_months_verified"]:
                masses.setdefault(reason, []).append(figure["diverted_t"])
    parts: list[Flowable] = [CondPageBreak(90), heading(report, say("report_not_estimated_title"))]
    if not reasons:
        return [*parts, note(report, say("report_all_estimated"))]
    rows: list[list[Any]] = [
        [reason, format_number(count), tonnes(math.fsum(masses[reason]) if reason in masses else None)]
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    ]
    heads = [say("report_why"), say("report_sites"), f"{say('report_diverted')} ({say('report_unit_wet')})"]
    return [*parts, numbers(report, heads, rows, [3, 0.8, 1.2]), note(report, say("report_not_estimated_note"))]


def _annex(report: Report) -> list[Flowable]:
    """Every site in a row."""
    say = report.say
    sites = sorted(report.document["sites"], key=lambda site: (-(site[report.period]["diverted_t"] or 0), site["code"]))
    if not sites:
        return [PageBreak(), heading(report, say("report_annex")), note(report, say("report_no_sites"))]
    states = {
        "verified": say("report_state_verified"),
        "reported": say("report_state_reported"),
        "silent": say("report_state_silent"),
        "closed": say("report_state_closed"),
    }
    provinces = {row["code"]: report.name(row) for row in report.document.get("provinces", ())}
    rows = []
    for site in sites[:MOST_SITES]:
        figure = site[report.period]
        rows.append(
            [
                report.name(site),
                str(site["code"]),
                provinces.get(site.get("province"), str(site.get("province") or NOTHING)),
                states.get(site["state"], site["state"]),
                tonnes(_shown(figure)),
                tonnes(figure["harvest_t"] if figure["site_months_verified"] else None),
                tonnes(figure["ch4_avoided_t"]),
                tonnes(figure["net_co2e_t"]),
            ]
        )
    heads = [
        say("report_site"),
        say("report_code"),
        say("report_province"),
        say("report_state"),
        titled(say("report_diverted"), say("report_unit_wet")),
        titled(say("report_compost_made"), say("report_unit_compost")),
        titled(say("report_methane_gross"), say("report_unit_ch4")),
        titled(say("report_net"), say("report_unit_co2e")),
    ]
    parts: list[Flowable] = [
        PageBreak(),
        heading(report, say("report_annex_of", span=report.subject)),
        note(report, say("report_annex_note")),
        Spacer(1, 3),
        plain_table(report, heads, rows, _annex_widths(report, rows), left=4),
    ]
    if len(sites) > MOST_SITES:
        parts.append(note(report, say("report_annex_cut", shown=MOST_SITES, all=len(sites))))
    return parts


def _annex_widths(report: Report, rows: Sequence[Sequence[str]]) -> list[float]:
    """Widths in points: numbers and the short texts as they need, within bounds; the names have the rest."""
    numbers_wide, edges = 46.0, 12.0
    least, most = (44.0, 48.0, 46.0), (84.0, 78.0, 60.0)
    short = [
        min(max(low, edges + max(report.page.faces.width(row[n], 7.8) for row in rows)), high)
        for n, low, high in zip((1, 2, 3), least, most, strict=True)
    ]
    return [WIDTH - sum(short) - 4 * numbers_wide, *short, *[numbers_wide] * 4]
