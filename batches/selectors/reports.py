"""Reports as PDF out of the releases folder: which release tells of a span, and what it says of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from batches.pdf import network_report, site_report
from compostnet.shared import releases
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from compostnet.shared.releases import Published
from sites.mapdata import MapQuery, view_of
from sites.mapfiles import frozen_outlines
from sites.mapplate import country_of
from sites.selectors import boundaries

METHOD = "method.json"
SCHEMA = 2
_DRAWN_BY = ("batches/pdf", "compostnet/shared/pdf", "batches/messages_reports.yaml", "sites/mapplate.py")


@dataclass(frozen=True)
class ReportOf:
    """A report that can be drawn: the release, month or year, the language, and the site (empty: the network)."""

    published: Published
    period: Literal["month", "year"]
    language: Literal["zh", "en"]
    site: str = ""

    @property
    def name(self) -> str:
        """The name of its file, without ``.pdf``."""
        span = self.published.month if self.period == "month" else self.published.month[:4]
        return "-".join(part for part in ("compostnet", self.site, span, self.language) if part)

    @property
    def frozen(self) -> Path | None:
        """The file of the release that is this very report; None where it is drawn when asked for."""
        if self.site or self.period != "month":
            return None
        name = f"report-{self.language}.pdf"
        return self.published.file(name) if name in self.published.files else None

    @property
    def etag(self) -> str:
        """Changes with the release and with the code that draws."""
        if self.frozen is not None:
            return str(self.published.files[self.frozen.name]["sha256"])
        manifest = hashlib.sha256((self.published.path / releases.MANIFEST).read_bytes()).hexdigest()
        parts = (manifest, drawing_version(), self.period, self.language, self.site)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def render(self) -> bytes:
        """The PDF."""
        if self.frozen is not None:
            return self.frozen.read_bytes()
        document, places = self.published.figures, self.published.sites
        if document.get("schema") != SCHEMA:
            raise Problem("report_old_release", number=self.published.number)
        more: dict[str, Any] = {
            "places": places,
            "outlines": outlines_of(document, places),
            "language": self.language,
            "period": self.period,
            "method": _method(self.published),
            "font": settings.PDF_FONT,
        }
        return site_report(document, self.site, **more) if self.site else network_report(document, **more)


def report_of(span: str, language: Literal["zh", "en"], site: str = "") -> ReportOf:
    """The report of a month (``YYYY-MM``) or a year (``YYYY``: as far as it is published) from its newest release."""
    folder = settings.RELEASES_DIR
    entries = releases.index(folder)
    is_year = re.fullmatch(r"\d{4}", span) is not None
    if not is_year and _month(span) is None:
        raise Problem("report_span_unclear", span=span[:40])
    months = sorted({str(entry["month"]) for entry in entries})
    told = [month for month in months if month == span or (is_year and month[:4] == span)]
    found = releases.latest_of_month(folder, told[-1]) if told else None
    if found is None:
        raise Problem("report_nothing_published", span=span, months=months or ["—"])
    if site and all(one["code"] != site for one in found.figures["sites"]):
        raise Problem("report_site_unknown", site=site[:80], number=found.number)
    return ReportOf(found, "year" if is_year else "month", language, site)


def _month(text: str) -> int | None:
    try:
        return parse_month(text) if len(text) == 7 else None
    except ValueError:
        return None


def _method(published: Published) -> Any:
    file = published.file(METHOD)
    return json.loads(file.read_text(encoding="utf-8")) if file is not None and file.exists() else None


def outlines_of(document: Any, places: Any) -> list[dict[str, Any]]:
    """The outlines of the provinces of the country that the sites lie in: of the map, not of the figures."""
    country = country_of(view_of(document, places, MapQuery()).sites)
    return _outlines(country, boundaries) if country else []


def _outlines(country: str, read: Callable[[str], Any]) -> list[dict[str, Any]]:
    lands = read(country)
    key = (country, len(lands), id(lands))
    if _kept.get("key") != key:
        _kept.update(key=key, lands=lands, outlines=frozen_outlines(lands))
    found: list[dict[str, Any]] = _kept["outlines"]
    return found


_kept: dict[str, Any] = {}
"""The outlines last drawn: rounding those of a country takes longer than all the rest of a report."""


@cache
def drawing_version() -> str:
    """The digest of everything that decides how a report looks."""
    files: list[Path] = []
    for name in _DRAWN_BY:
        path = settings.BASE_DIR / name
        files += [path] if path.is_file() else sorted(path.glob("*.py"))
    return hashlib.sha256(b"\n".join(file.read_bytes() for file in files)).hexdigest()
