"""Documents of releases made by hand (``figures.json``, schema 2), for tests of what is drawn from one."""

from __future__ import annotations

import copy
import math

from compostnet.shared.months import month_text, parse_month

GWP_CH4, GWP_N2O = 28, 265
SPANS = ("month", "year", "total")
PROVINCES = {
    "CN-110000": ("北京市", "Beijing"),
    "CN-320000": ("江苏省", "Jiangsu"),
    "CN-530000": ("云南省", "Yunnan"),
}
SCENARIOS = {"village": ("村庄", "Village"), "school": ("学校", "School"), "market": ("菜市场", "Market")}
BOXES = {"CN-110000": (115.5, 39.5), "CN-320000": (117.0, 31.0), "CN-530000": (99.0, 23.0)}


def both(zh, en):
    return {"zh": zh, "en": en}


def figure(diverted, *, months=1, sites=1, expected=None, known=True, harvest_share=0.4, low=False):
    """A figure of ``diverted`` tonnes that fits together as the real ones do."""
    verified = months > 0 and sites > 0
    expected = sites if expected is None else expected
    composted = diverted * 1.15
    own_ch4, own_n2o = composted * 0.004, composted * 0.00024
    own = own_ch4 * GWP_CH4 + own_n2o * GWP_N2O
    avoided = diverted * (0.002 if low else 0.02) if known else None
    net = None if avoided is None else avoided * GWP_CH4 - own
    reason = (
        both("没有核实的数据。", "Nothing is verified.")
        if not verified
        else both("没有基准情景。", "No baseline is known.")
    )
    return {
        "sites_expected": expected,
        "sites_reported": sites,
        "sites_verified": sites,
        "site_months_expected": expected * max(months, 1),
        "site_months_reported": sites * months,
        "site_months_verified": sites * months,
        "diverted_t": diverted,
        "diverted_kg": f"{diverted * 1000:.3f}",
        "intake_t": diverted * 1.05,
        "harvest_t": diverted * harvest_share,
        "composted_t": composted,
        "residue_t": diverted * 0.01,
        "residue_ch4_t": diverted * 0.0001 if known else None,
        "energy_co2e_t": diverted * 0.002,
        "share_weighed": 0.82 if diverted else None,
        "share_counted": 0.13 if diverted else None,
        "share_estimated": 0.05 if diverted else None,
        "ch4_avoided_t": avoided,
        "ch4_forecast_20y_t": None if avoided is None else avoided * 1.6,
        "n2o_avoided_t": 0.0 if known else None,
        "composting_ch4_t": own_ch4,
        "composting_n2o_t": own_n2o,
        "composting_co2e_t": own,
        "composting_co2e_with_baseline_t": own if known else None,
        "net_co2e_t": net,
        "share_with_baseline": 1.0 if known else None,
        "reason": None if known else reason,
        "note": None,
        "interval": {
            "diverted_t": [diverted * 0.95, diverted * 1.05],
            "ch4_avoided_t": None if avoided is None else [avoided * 0.6, avoided * 1.5],
            "net_co2e_t": None if net is None else [net - abs(net) * 0.5, net + abs(net) * 0.5],
        },
        "scenarios": None
        if avoided is None
        else {
            "low": {"ch4_avoided_t": avoided * 0.5, "net_co2e_t": net - avoided * 0.5 * GWP_CH4},
            "high": {"ch4_avoided_t": avoided * 1.4, "net_co2e_t": net + avoided * 0.4 * GWP_CH4},
        },
        "explanation": both(
            "净值为负：堆肥的排放现在发生，而避免的甲烷要几年才显现。",
            "The net is below zero: composting emits now, the methane avoided comes over years.",
        )
        if net is not None and net < 0
        else None,
    }


def nothing():
    """The figure of a span in which nothing is verified."""
    found = figure(0.0, months=0, sites=0, known=False)
    return {**found, "interval": {"diverted_t": None, "ch4_avoided_t": None, "net_co2e_t": None}}


def make_site(number, months, *, name=None, province=None, low=False):
    """Site ``number`` with its masses by month (tonnes); every fourth is silent, those of Yunnan have no baseline."""
    province = province or list(PROVINCES)[number % 3]
    scenario = list(SCENARIOS)[number % 3]
    silent = number % 4 == 3
    known = province != "CN-530000"
    masses = [None if silent else round(1.5 + number % 7 + math.sin(t + number), 3) for t in range(len(months))]
    year = [m for m, month in zip(masses, months, strict=True) if month[:4] == months[-1][:4] and m is not None]
    every = [m for m in masses if m is not None]

    def of(values):
        return figure(sum(values), months=len(values), known=known, low=low) if values else nothing()

    last = [masses[-1]] if masses and masses[-1] is not None else []
    spans = {"month": of(last), "year": of(year), "total": of(every)}
    zh, en = name or (f"示范堆肥点{number}号", f"Demonstration site {number}")
    net = [None if m is None or not known else figure(m, low=low)["net_co2e_t"] for m in masses]
    return {
        "code": f"site-{number:04d}",
        "name_zh": zh,
        "name_en": en,
        "city": province.replace("0000", "0100"),
        "province": province,
        "scenario": scenario,
        "process": "bin",
        "state": "silent" if silent else "verified",
        "zone": {"code": "temperate_wet", "because": both("降水多于蒸散。", "More rain than evapotranspiration.")},
        "baseline": {"id": f"demo/{province}/2015", "region": province} if known else None,
        "detail": "entries",
        "classes": {
            "scale": {
                "code": "small",
                "name": both("小型", "Small"),
                "because": both("全年不到 100 吨。", "Under 100 t a year."),
            }
        },
        "resources": {
            span: {}
            if silent
            else {
                "money_in": 1200.0 * (number % 5 + 1),
                "volunteers": 4.0 + number % 3,
                "volunteer_hours": 30.0,
                "compost_to_households_kg": 500.0,
                "compost_stored_kg": 120.0,
            }
            for span in SPANS
        },
        "households": None if number % 5 == 4 else 120 + number,
        "area_m2": None if number % 6 == 5 else 60 + number,
        **spans,
        "series": {
            "diverted_t": masses,
            "harvest_t": [None if m is None else m * 0.4 for m in masses],
            "ch4_avoided_t": [None if m is None or not known else m * 0.02 for m in masses],
            "net_co2e_t": net,
        },
    }


def group(sites, span, *, key=None, value=None):
    """The figure of the sites of a group: sums as the network's are."""
    chosen = [site for site in sites if key is None or site[key] == value]
    with_data = [site for site in chosen if site[span]["site_months_verified"]]
    if not with_data:
        return {**nothing(), "sites_expected": len(chosen), "site_months_expected": len(chosen)}
    months = max(site[span]["site_months_verified"] for site in with_data)
    known = [site for site in with_data if site[span]["ch4_avoided_t"] is not None]
    diverted = math.fsum(site[span]["diverted_t"] for site in with_data)
    found = figure(diverted, months=months, sites=len(with_data), expected=len(chosen), known=bool(known))
    for name in ("ch4_avoided_t", "ch4_forecast_20y_t", "net_co2e_t", "composting_co2e_with_baseline_t"):
        found[name] = math.fsum(site[span][name] for site in known) if known else None
    if known:
        found["share_with_baseline"] = math.fsum(site[span]["diverted_t"] for site in known) / diverted
        if found["share_with_baseline"] < 1:
            found["note"] = both("一部分没有基准情景。", "A part has no baseline.")
        found["interval"]["net_co2e_t"] = [found["net_co2e_t"] - 1.5, found["net_co2e_t"] + 2.25]
        found["interval"]["ch4_avoided_t"] = [found["ch4_avoided_t"] * 0.6, found["ch4_avoided_t"] * 1.5]
    found["explanation"] = None
    if found["net_co2e_t"] is not None and found["net_co2e_t"] < 0:
        found["explanation"] = figure(1, low=True)["explanation"]
    return found


def series_of(sites, months):
    """The monthly sums of a group's sites."""
    found = {}
    for name in ("diverted_t", "harvest_t", "ch4_avoided_t", "net_co2e_t"):
        columns = zip(*(site["series"][name] for site in sites), strict=True) if sites else [[]] * len(months)
        found[name] = [math.fsum(known) if (known := [v for v in c if v is not None]) else None for c in columns]
    return found


def make_document(sites=6, months=18, *, last="2026-10", invented=True, names=None, low=False):
    """A whole document; ``names``: (Chinese, English) of the first sites."""
    axis = [month_text(parse_month(last) - months + 1 + t) for t in range(months)]
    names = names or []
    rows = [make_site(n, axis, name=names[n] if n < len(names) else None, low=low) for n in range(sites)]

    def grouped(key, known):
        return [
            {
                "code": code,
                "name_zh": zh,
                "name_en": en,
                **{span: group(rows, span, key=key, value=code) for span in SPANS},
                "series": series_of([site for site in rows if site[key] == code], axis),
            }
            for code, (zh, en) in known.items()
            if any(site[key] == code for site in rows)
        ]

    network = {span: group(rows, span) for span in SPANS}
    before = {name: copy.deepcopy(network[name]) for name in ("month", "year")}
    for one in before.values():
        one["diverted_t"] *= 0.8
    by_month = []
    for t, month in enumerate(axis):
        with_data = [site for site in rows if site["series"]["diverted_t"][t] is not None]
        mass = math.fsum(site["series"]["diverted_t"][t] for site in with_data)
        one = figure(mass, sites=len(with_data), expected=sites, low=low) if with_data else nothing()
        by_month.append({"month": month, **one})
    return {
        "schema": 2,
        "release": {
            "number": 7,
            "month": last,
            "revision": 1,
            "status": "provisional",
            "reason": None,
            "created_at": "2026-11-20T08:00:00+00:00",
            "cut_off": "2026-11-20T07:59:00+00:00",
            "method": "tool04_b_ar5_v1",
            "gwp": "AR5",
            "baselines": sorted({site["baseline"]["id"] for site in rows if site["baseline"]}),
            "code_version": "0.4.0+0123456789ab",
            "invented": invented,
            "licence": "CC BY 4.0",
            "citation": both(
                f"堆肥网（2026）：{last} 的减量与避免的甲烷，第 7 号发布。",
                f"compostnet (2026): figures of {last}, release 7.",
            ),
            "previous": {"number": 6, "manifest_sha256": "ab" * 32},
        },
        "network": {**network, "last_year": before if sites else None},
        "months": by_month if sites else [],
        "series_months": axis,
        "provinces": grouped("province", PROVINCES),
        "cities": [],
        "scenarios": grouped("scenario", SCENARIOS),
        "classes": {
            "scale": {
                "name_zh": "规模",
                "name_en": "Scale",
                "classes": [
                    {"code": "small", "name_zh": "小型", "name_en": "Small", "sites": sites, **network},
                ],
            }
        },
        "sites": rows,
        "sensitivity": [
            {
                "method": "tool04_b_tool13",
                "label": "TOOL04-B + TOOL13",
                "gwp": "AR5",
                "title": both("堆肥排放按 TOOL13", "Composting emissions of TOOL13"),
                "note": both("只适用于有好氧记录的堆肥点。", "Only for sites whose diary shows aerobic operation."),
                "network": {
                    span: {
                        "ch4_avoided_t": network[span]["ch4_avoided_t"],
                        "composting_ch4_t": network[span]["composting_ch4_t"] / 2,
                        "composting_n2o_t": network[span]["composting_n2o_t"] / 1.2,
                        "net_co2e_t": network[span]["net_co2e_t"],
                    }
                    for span in SPANS
                },
            }
        ],
        "resources": {span: {"money_in": 1.0} for span in SPANS},
        "changes": [
            {
                "level": "site",
                "code": "site-0000",
                "month": "2026-08",
                "indicator": "diverted_t",
                "old": 2.5,
                "new": 2.125,
                "kind": "correction",
                "reason": both("更正：秤没有归零。", "Corrected: the scale was not at zero."),
            },
            {
                "level": "network",
                "code": "",
                "month": "2026-08",
                "indicator": "ch4_avoided_t",
                "old": 0.25,
                "new": 0.3,
                "kind": "revision",
                "reason": both("核算方法更新。", "The method was revised."),
            },
        ]
        if sites
        else [],
    }


def chains_of(document):
    """Site code → its city, province and country."""
    return {site["code"]: (site["city"], site["province"], "CN") for site in document["sites"]}


def make_places(document):
    """``sites.geojson`` of a document: one place beside the other in its province; every seventh is not shown."""
    features = []
    for number, site in enumerate(document["sites"]):
        lon, lat = BOXES[site["province"]]
        here = [lon + 0.3 + number % 9 * 0.25, lat + 0.3 + number % 5 * 0.4]
        geometry = None if number % 7 == 6 else {"type": "Point", "coordinates": here}
        features.append(
            {"type": "Feature", "id": site["code"], "geometry": geometry, "properties": {"code": site["code"]}}
        )
    return {"type": "FeatureCollection", "features": features}


def make_outlines():
    """A box for each province."""
    found = []
    for code, (west, south) in BOXES.items():
        ring = [[west, south], [west + 4, south], [west + 4, south + 3], [west, south + 3], [west, south]]
        zh, en = PROVINCES[code]
        found.append({"code": code, "name_zh": zh, "name_en": en, "polygons": [[ring]]})
    return found
