"""Baselines as data: what would have happened to waste, by region and year (``baselines/*.yaml``).

A mix of routes with shares that sum to one, landfills with the share of gas that is captured. Each stands on a document
and was reviewed by somebody on a day. The nearest region that has a mix for the year applies: city, province, country.
Where none has, there is no estimate. Invented baselines serve invented sites only, and real ones real sites only.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from batches.impact.method import Method, Share, methods
from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text, load_rules

FOLDER = Path(__file__).with_name("baselines")
Year = Annotated[int, Field(ge=1900, le=2999)]


class Review(Rule):
    """Who held the baseline against its document, and when."""

    reviewer: str = Field(min_length=1)
    reviewed_on: dt.date


class Part(Rule):
    """One route of a mix: its share of the mass, and of a landfill the share of its gas that is captured (f)."""

    route: str
    share: Share
    capture: Share = 0.0


class Period(Rule):
    """The mix of some years (first, last; the last may be null: until further notice)."""

    years: tuple[Year, Year | None]
    document: str
    review: str
    confidence: Confidence
    mix: tuple[Part, ...] = Field(min_length=1)
    note: Text | None = None

    def covers(self, year: int) -> bool:
        first, last = self.years
        return first <= year and (last is None or year <= last)


class BaselineFile(Rule):
    """The shape of one file."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    title: Text
    invented: bool = False
    documents: dict[str, Source]
    reviews: dict[str, Review]
    regions: dict[str, tuple[Period, ...]]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What applies to a place in a year: the mix, the region that it was written for, and the file it stands in."""

    region: str
    file: BaselineFile
    period: Period

    @property
    def id(self) -> str:
        """``file/region/first year``: how releases name it."""
        return f"{self.file.code}/{self.region}/{self.period.years[0]}"


def check_baselines(files: Mapping[Path, BaselineFile], method: Method) -> list[BaselineFile]:
    """Refuse a mix that is not whole, a route or document nobody knows, and two mixes for one region and year."""
    taken: dict[tuple[bool, str], list[tuple[Period, Path]]] = {}
    for path, file in files.items():
        for region, periods in file.regions.items():
            for number, period in enumerate(periods):
                place = f"regions.{region}.{number}"
                _check_period(path, place, file, period, method)
                for other, where in taken.get((file.invented, region), []):
                    if _overlap(period, other):
                        raise RuleFileError(
                            path, f"{place}.years", f"{where.name} already has a mix for these years; end one of them"
                        )
                taken.setdefault((file.invented, region), []).append((period, path))
    return list(files.values())


def _overlap(one: Period, other: Period) -> bool:
    last_one, last_other = one.years[1] or math.inf, other.years[1] or math.inf
    return one.years[0] <= last_other and other.years[0] <= last_one


def _check_period(path: Path, place: str, file: BaselineFile, period: Period, method: Method) -> None:
    first, last = period.years
    if last is not None and last < first:
        raise RuleFileError(path, f"{place}.years", f"{last} is before {first}; write [first, last]")
    if period.document not in file.documents:
        raise RuleFileError(path, f"{place}.document", f"{period.document!r} is not in documents; add it there")
    if period.review not in file.reviews:
        raise RuleFileError(path, f"{place}.review", f"{period.review!r} is not in reviews; add it there")
    whole = math.fsum(part.share for part in period.mix)
    if abs(whole - 1) > 1e-9:
        raise RuleFileError(path, f"{place}.mix", f"the shares sum to {whole:g}; they must sum to 1")
    seen: set[str] = set()
    for part in period.mix:
        route = method.routes.get(part.route)
        if route is None:
            known = ", ".join(method.routes)
            raise RuleFileError(path, f"{place}.mix", f"unknown route {part.route!r}; known are {known}")
        if part.route in seen:
            raise RuleFileError(path, f"{place}.mix", f"{part.route} stands twice; add its shares up")
        if route.decays is None and part.capture:
            raise RuleFileError(path, f"{place}.mix", f"{part.route} gives no landfill gas; remove capture")
        seen.add(part.route)


def read_baselines(folder: Path, method: Method) -> list[BaselineFile]:
    """Read and check every file of a folder."""
    return check_baselines(load_rules(folder, BaselineFile), method)


@cache
def _shipped(method_code: str) -> list[BaselineFile]:
    return read_baselines(FOLDER, methods()[method_code])


def shipped_baselines(method: Method) -> list[BaselineFile]:
    """The baselines that the platform ships, checked against a method's routes."""
    return _shipped(method.code)


def find_baseline(files: Sequence[BaselineFile], chain: Sequence[str], year: int, *, invented: bool) -> Baseline | None:
    """The baseline of the nearest region of ``chain`` (the place, then its ancestors) in a year; None: unknown."""
    for region in chain:
        for file in files:
            if file.invented is not invented:
                continue
            for period in file.regions.get(region, ()):
                if period.covers(year):
                    return Baseline(region, file, period)
    return None
