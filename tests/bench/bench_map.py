"""The map of a network of 10,000 sites over 60 months: page, picture and data, drawn from a release made here."""

from __future__ import annotations

import gzip
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings

from sites.permissions import CONSOLE
from sites.regions import china_regions
from sites.services import store_regions
from tests.sites.release_folder import figure, write_release

SITES, MONTHS = 10_000, 60


def run() -> list[dict[str, Any]]:
    """Seconds for page, picture and data, and their sizes; the release is written once, as any release is."""
    store_regions(actor=CONSOLE, rows=china_regions(settings.FRONTEND_DIST.parent / "node_modules"))
    months = [f"{2021 + number // 12}-{number % 12 + 1:02}" for number in range(MONTHS)]
    rng = np.random.default_rng(7)
    mass = np.round(rng.lognormal(0.5, 1.0, (SITES, MONTHS)), 4)
    lon, lat = rng.uniform(100, 120, SITES), rng.uniform(23, 40, SITES)
    provinces = ["CN-320000", "CN-510000", "CN-440000", "CN-370000", "CN-420000"]
    rows = []
    for number in range(SITES):
        track = mass[number].tolist()
        province = provinces[number % len(provinces)]
        rows.append(
            {
                "code": f"site-{number}",
                "name_zh": f"第 {number} 堆肥点",
                "name_en": f"Site {number}",
                "province": province,
                "city": f"{province[:-4]}0100",
                "scenario": "village",
                "process": "windrow",
                "position": [float(lon[number]), float(lat[number])],
                "month": figure(track[-1]),
                "year": figure(sum(track[-12:])),
                "total": figure(sum(track)),
                "series": {"diverted_t": track, "ch4_avoided_t": [None] * MONTHS, "net_co2e_t": [None] * MONTHS},
            }
        )
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, override_settings(RELEASES_DIR=Path(folder), API_CHECK_RATE=None):
        write_release(Path(folder), rows, month=months[-1], series_months=months)
        client = Client()
        client.get("/map/")  # the release is read once
        for name, address in (("page", "/map/"), ("picture", "/map/image.png"), ("data", "/map/data/1.json")):
            cache.clear()
            seconds, body = _timed(lambda path=address: client.get(path, headers={"host": "localhost"}).content)
            found.append({"name": f"map: {name}, 10,000 sites × 60 months", "value": seconds, "unit": "s"})
            size = len(body if name == "picture" else gzip.compress(body)) / 1000
            found.append({"name": f"map: {name}, compressed", "value": size, "unit": "kB"})
    return found


def _timed(work: Callable[[], bytes]) -> tuple[float, bytes]:
    start = time.perf_counter()
    body = work()
    return time.perf_counter() - start, body
