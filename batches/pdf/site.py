"""The report of one site: its figures, months, classes, benefits and baseline on a few pages. Values in, bytes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from reportlab.platypus import CondPageBreak, Flowable, Spacer

from batches.pdf import sections
from batches.pdf.maps import ReleaseMap
from batches.pdf.parts import Json, Report, boxed, heading, note, numbers
from compostnet.shared.display import NO_BREAK, NOTHING, format_number
from compostnet.shared.pdf.look import WIDTH, build, look, pairs
from compostnet.shared.problems import Problem
from sites.vocabulary import process_name, scenario_name


def site_report(
    document: Mapping[str, Any],
    code: str,
    *,
    outlines: Sequence[Mapping[str, Any]],
    language: str,
    period: Literal["month", "year"] = "month",
    places: Mapping[str, Any] | None = None,
    method: Mapping[str, Any] | None = None,
    font: str = "",
) -> bytes:
    """The report of a site as PDF (A4); arguments as of `batches.pdf.network.network_report`.

    Raises the problem ``report_site_unknown`` where the release does not tell of the site.
    """
    site = next((one for one in document["sites"] if one["code"] == code), None)
    if site is None:
        raise Problem("report_site_unknown", site=code[:80], number=document["release"]["number"])
    report = Report(look(language, font), document, period)
    tongue = "zh" if report.page.chinese else "en"
    address = f"/sites/{code}/report/{report.month if period == 'month' else report.month[:4]}/{tongue}.pdf"
    title = report.say("report_site_title", site=report.name(site), span=report.subject)

    months = sections.series_rows(document, site)

    def story() -> list[Flowable]:
        return [
            *_top(report, site),
            *sections.charts(report, months),
            *_account(report, site),
            *_product(report, site),
            *sections.month_table(report, months, coverage=False),
            *_economy_and_people(report, site),
            *_climate(report, site, method),
            *_classes(report, site),
            *_map(report, site, places, outlines),
            *_changes(report, site),
            *sections.about(report),
        ]

    return build(story, report.page, report.running(title, address))


def _top(report: Report, site: Json) -> list[Flowable]:
    page, say = report.page, report.say
    figure = site[report.period]
    provinces = [sections.region_name(report, str(site[key])) for key in ("province", "city") if site.get(key)]
    names = dict.fromkeys(provinces)
    lead = " · ".join([report.subject, *names, scenario_name(site["scenario"]).in_language(report.language)])
    parts: list[Flowable] = [page.text(report.name(site), "title"), page.text(lead, "lead"), Spacer(1, 8)]
    if report.release.get("invented"):
        parts += [boxed(report, say("report_invented"), warn=True), Spacer(1, 6)]
    parts += sections.cards(report, figure)
    states = {
        "verified": say("report_site_verified"),
        "reported": say("report_site_reported"),
        "silent": say("report_site_silent"),
        "closed": say("report_site_closed"),
    }
    parts.append(page.text(states.get(site["state"], ""), "body"))
    parts += sections.measured(report, figure)
    facts = [
        (say("report_fact_site"), str(site["code"])),
        (say("report_fact_process"), process_name(site["process"]).in_language(report.language)),
        (say("report_fact_area"), f"{format_number(site['area_m2'])}{NO_BREAK}m²" if site.get("area_m2") else ""),
        (say("report_households"), format_number(site["households"]) if site.get("households") else ""),
        (say("report_fact_release"), f"{report.release['number']} · {report.status}"),
        (say("report_site_months"), _months(report, figure)),
    ]
    return [*parts, Spacer(1, 6), pairs(page, facts, WIDTH, columns=3)]


def _months(report: Report, figure: Json) -> str:
    values = {name: figure[f"site_months_{name}"] for name in ("verified", "expected")}
    return report.say("report_months_verified", **values)


def _account(report: Report, site: Json) -> list[Flowable]:
    return sections.account(report, [(report.span_name(span), site[span]) for span in report.spans], coverage=False)


def _benefit(report: Report, site: Json) -> Json | None:
    found: Json = ((report.document.get("benefits") or {}).get("sites") or {}).get(site["code"]) or {}
    one: Json | None = found.get(report.period)
    return one


def _product(report: Report, site: Json) -> list[Flowable]:
    written = (site.get("resources") or {}).get(report.period) or {}
    known = {kind: (float(value), "") for kind, value in written.items() if kind.startswith("compost_")}
    return [*sections.destinations(report, known), *sections.fertiliser(report, _benefit(report, site))]


def _economy_and_people(report: Report, site: Json) -> list[Flowable]:
    say = report.say
    benefit = _benefit(report, site)
    written = (site.get("resources") or {}).get(report.period) or {}
    currency = str((((report.document.get("benefits") or {}).get("network") or {}).get(report.period) or {}).get(
        "money_currency", ""))  # fmt: skip
    rows: list[list[Any]] = []
    ids: list[str] = []
    if benefit is not None:
        ids = list(benefit["disposal_fees"])
        own = say("report_own_fee") if "site" in ids else ""
        saved = benefit["disposal_saved"]
        for name, key, value in (
            (say("report_saved"), "disposal_saved", sections.money(saved, str(benefit["disposal_currency"]))),
            (say("report_money_in"), "money_in", sections.money(benefit["money_in"], currency)),
            (say("report_cost_per_t"), "cost_per_t", sections.money(benefit["cost_per_t"], f"{currency}/t")),
            (say("report_cost_per_m2"), "cost_per_m2", sections.money(benefit["cost_per_m2"], f"{currency}/m²")),
        ):
            missing = benefit[key] is None
            under = sections.why(report, benefit, key) if missing else (own if key == "disposal_saved" else "")
            rows.append([(name, under), NOTHING if missing else value])
    parts: list[Flowable] = [CondPageBreak(120), heading(report, say("report_economy"))]
    if rows:
        parts += [numbers(report, [report.subject, ""], rows, [3, 1]), Spacer(1, 7), *sections.fees(report, ids)]
    else:
        parts.append(note(report, say("report_nothing_verified")))
    people = (
        (say("report_households"), site.get("households"), say("report_unit_households")),
        (say("report_households_taking_part"), written.get("households_taking_part"), say("report_unit_households")),
        (say("report_volunteers"), written.get("volunteers"), say("report_unit_people")),
        (say("report_volunteer_hours"), written.get("volunteer_hours"), say("report_unit_hours")),
        (say("report_trainers"), written.get("trainers_active"), say("report_unit_people")),
    )
    told: list[list[Any]] = [
        [name, f"{format_number(value)}{NO_BREAK}{unit}"] for name, value, unit in people if value is not None
    ]
    return [
        *parts,
        CondPageBreak(100),
        heading(report, say("report_people")),
        numbers(report, [report.subject, ""], told, [3, 1]) if told else note(report, say("benefit_no_people")),
    ]


def _climate(report: Report, site: Json, method: Json | None) -> list[Flowable]:
    say = report.say
    zone = site.get("zone") or {}
    names = ((method or {}).get("method") or {}).get("zones") or {}
    code = str(zone.get("code") or "")
    name = report.text((names.get(code) or {}).get("name")) or code or say("report_no_zone")
    because = report.text(zone.get("because"))
    parts: list[Flowable] = [
        CondPageBreak(110),
        heading(report, say("report_climate")),
        report.page.text(say("report_zone_of", zone=name) + (" " + because if because else ""), "body"),
    ]
    baseline = site.get("baseline")
    if not baseline:
        return [*parts, boxed(report, say("report_site_no_baseline"), warn=True)]
    return [*parts, *sections.baselines(report, method, [str(baseline["id"])])]


def _classes(report: Report, site: Json) -> list[Flowable]:
    """What the site is, dimension by dimension, and because of what."""
    named = report.document.get("classes") or {}
    rows: list[list[Any]] = [
        [report.name(named[dimension]) if dimension in named else dimension, report.text(one["name"]) or one["code"],
         report.text(one.get("because"))]
        for dimension, one in sorted((site.get("classes") or {}).items())
    ]  # fmt: skip
    if not rows:
        return []
    heads = [report.say("report_dimension"), report.say("report_class"), report.say("report_why")]
    return [
        CondPageBreak(110),
        heading(report, report.say("report_classes")),
        numbers(report, heads, rows, [1.3, 1.3, 3], left=3, padding=1.8),
    ]


def _map(report: Report, site: Json, places: Json | None, outlines: Sequence[Json]) -> list[Flowable]:
    if places is None:
        return []
    drawn = ReleaseMap(report.page, report.document, places, outlines, report.period, site)
    title = heading(report, report.say("report_site_map"))
    if drawn.is_empty or drawn.site is None:
        return [CondPageBreak(60), title, note(report, report.say("report_site_no_place"))]
    return [CondPageBreak(drawn.wrap(WIDTH, 0)[1] + 40), title, drawn]


def _changes(report: Report, site: Json) -> list[Flowable]:
    say = report.say
    found = [one for one in report.document.get("changes", ()) if one.get("code") == site["code"]]
    if not found:
        return []
    heads = [
        say("report_what"),
        say("report_month"),
        say("report_measure_and_reason"),
        say("report_old"),
        say("report_new"),
    ]
    rows = sections.change_rows(report, found[:60])
    return [
        CondPageBreak(90),
        heading(report, say("report_changes")),
        numbers(report, heads, rows, [1.4, 1, 2.8, 0.8, 0.8], left=3, padding=1.8),
    ]
