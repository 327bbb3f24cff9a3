"""A small release folder made by hand, in the layout of ``compostnet/shared/releases.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def figure(diverted: float | None, ch4: float | None = None, *, verified: int = 1) -> dict[str, Any]:
    """One block of figures; ``verified=0`` is a site-month that nobody verified."""
    return {
        "sites_expected": 1,
        "sites_reported": 1,
        "sites_verified": verified,
        "diverted_t": diverted or 0.0,
        "diverted_kg": str(round((diverted or 0.0) * 1000)),
        "intake_t": diverted or 0.0,
        "harvest_t": 0.0,
        "share_weighed": 1.0,
        "ch4_avoided_t": ch4,
        "ch4_forecast_20y_t": None,
        "composting_ch4_t": 0.0,
        "composting_n2o_t": 0.0,
        "composting_co2e_t": 0.0,
        "net_co2e_t": None,
        "share_with_baseline": 0.0 if ch4 is None else 1.0,
        "reason": {"zh": "基准情景未知", "en": "The baseline is not known"} if ch4 is None else None,
    }


def write_release(
    folder: Path,
    sites: list[dict[str, Any]],
    *,
    month: str = "2026-06",
    number: int = 1,
    series_months: list[str] | None = None,
    classes: dict[str, Any] | None = None,
) -> None:
    """Write a release. Each site: code, name_zh, name_en, province, city, scenario, process, position, month, total
    and optionally months, series (on ``series_months``) and classes."""
    path = folder / str(number)
    path.mkdir(parents=True, exist_ok=True)
    provinces: dict[str, list[dict[str, Any]]] = {}
    for site in sites:
        provinces.setdefault(site["province"], []).append(site)

    def summed(members: list[dict[str, Any]], period: str) -> dict[str, Any]:
        return figure(sum(site[period]["diverted_t"] for site in members if site[period]["sites_verified"]))

    network = {period: summed(sites, period) for period in ("month", "year", "total")}
    figures = {
        "release": {
            "number": number,
            "month": month,
            "revision": 0,
            "method": "CN-TOOL04",
            "gwp": "AR6",
            "invented": True,
        },
        "network": network,
        "months": [],
        "provinces": [
            {
                "code": code,
                "name_zh": members[0].get("province_zh", code),
                "name_en": members[0].get("province_en", code),
                **{period: summed(members, period) for period in ("month", "year", "total")},
            }
            for code, members in provinces.items()
        ],
        "cities": [],
        "scenarios": [],
        **({"series_months": series_months} if series_months else {}),
        **({"classes": classes} if classes else {}),
        "sites": [
            {
                **{k: v for k, v in site.items() if k != "position"},
                "state": "verified",
                "months": site.get("months", []),
            }
            for site in sites
        ],
    }
    places = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": site["code"]},
                "geometry": {"type": "Point", "coordinates": site["position"]} if site["position"] else None,
            }
            for site in sites
        ],
    }
    manifest = {"release": figures["release"], "files": {"figures.json": {}, "sites.geojson": {}}}
    (path / "figures.json").write_text(json.dumps(figures), encoding="utf-8")
    (path / "sites.geojson").write_text(json.dumps(places), encoding="utf-8")
    (path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    releases = [
        {"number": n, "month": month, "revision": n - 1} for n in range(1, number + 1) if (folder / str(n)).exists()
    ]
    (folder / "index.json").write_text(json.dumps({"latest": number, "releases": releases}), encoding="utf-8")
