"""Baselines as data: what would have happened to waste, by region and year (``baselines/*.yaml``).

A mix of routes with shares that sum to one, landfills with the share of gas that is captured. Each stands on a document
and was reviewed by somebody on a day. Beside the central mix there may be a low and a high one (by methane avoided):
what is not known well is shown as scenarios and never as noise. The nearest region that has a mix for the year applies:
city, province, country. Where none has, there is no estimate. Invented baselines serve invented sites only, and real
ones real sites only.
"""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from batches.impact.method import Method, methods
from compostnet.shared.cited import Share
from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text, load_rules

FOLDER = Path(__file__).with_name("baselines")
OWN = "COMPOSTNET_BASELINES"
Scenario = Literal["low", "central", "high"]
SCENARIOS: tuple[Scenario, ...] = ("low", "central", "high")
Year = Annotated[int, Field(ge=1900, le=2999)]


class Review(Rule):
    """Who held the baseline against its document, and when."""

    reviewer: str = Field(min_length=1)
    reviewed_on: dt.date


class Part(Rule):
    """One route of a mix: its share of the mass, and of a landfill the share of its gas that is captured (f).

    ``capture_range`` (least, most) is what f may be: most capture makes the low scenario, least the high one.
    """

    route: str
    share: Share
    capture: Share = 0.0
    capture_range: tuple[Share, Share] | None = None

    def in_scenario(self, scenario: Scenario) -> Part:
        """This part with the capture of a scenario."""
        if self.capture_range is None or scenario == "central":
            return self
        least, most = self.capture_range
        return self.model_copy(update={"capture": most if scenario == "low" else least})


class Alternative(Rule):
    """Another mix that may be the true one, with why; ``document`` where it stands on one of its own."""

    mix: tuple[Part, ...] = Field(min_length=1)
    reason: Text
    document: str | None = None


class Period(Rule):
    """The mix of some years (first, last; the last may be null: until further notice), with its scenarios."""

    years: tuple[Year, Year | None]
    document: str
    review: str
    confidence: Confidence
    mix: tuple[Part, ...] = Field(min_length=1)
    low: Alternative | None = None
    high: Alternative | None = None
    note: Text | None = None

    def covers(self, year: int) -> bool:
        first, last = self.years
        return first <= year and (last is None or year <= last)

    @property
    def has_scenarios(self) -> bool:
        """Whether a low and a high scenario are told of."""
        return (self.low is not None and self.high is not None) or any(part.capture_range for part in self.mix)

    def mix_of(self, scenario: Scenario) -> tuple[Part, ...]:
        """The mix of a scenario: its own, else the central one with the ends of the capture ranges."""
        own = {"low": self.low, "high": self.high, "central": None}[scenario]
        return own.mix if own is not None else tuple(part.in_scenario(scenario) for part in self.mix)


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

    def mix(self, scenario: Scenario = "central") -> tuple[Part, ...]:
        """The mix of a scenario: low, central or high by methane avoided."""
        return self.period.mix_of(scenario)


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
    if (period.low is None) != (period.high is None):
        missing = "low" if period.low is None else "high"
        raise RuleFileError(path, f"{place}.{missing}", "write both scenarios, low and high, or neither")
    _check_mix(path, f"{place}.mix", period.mix, method)
    if period.low is not None and any(part.capture_range for part in period.mix):
        remedy = "low and high have mixes of their own; remove capture_range"
        raise RuleFileError(path, f"{place}.mix", remedy)
    for name, other in (("low", period.low), ("high", period.high)):
        if other is None:
            continue
        _check_mix(path, f"{place}.{name}.mix", other.mix, method)
        if any(part.capture_range for part in other.mix):
            remedy = "a scenario has one capture; write it as capture and remove capture_range"
            raise RuleFileError(path, f"{place}.{name}.mix", remedy)
        if other.document is not None and other.document not in file.documents:
            remedy = f"{other.document!r} is not in documents; add it there"
            raise RuleFileError(path, f"{place}.{name}.document", remedy)


def _check_mix(path: Path, place: str, mix: tuple[Part, ...], method: Method) -> None:
    whole = math.fsum(part.share for part in mix)
    if abs(whole - 1) > 1e-9:
        raise RuleFileError(path, place, f"the shares sum to {whole:g}; they must sum to 1")
    seen: set[str] = set()
    for part in mix:
        route = method.routes.get(part.route)
        if route is None:
            known = ", ".join(method.routes)
            raise RuleFileError(path, place, f"unknown route {part.route!r}; known are {known}")
        if part.route in seen:
            raise RuleFileError(path, place, f"{part.route} stands twice; add its shares up")
        if route.decays is None and (part.capture or part.capture_range):
            raise RuleFileError(path, place, f"{part.route} gives no landfill gas; remove capture")
        if part.capture_range is not None:
            least, most = part.capture_range
            if not least <= part.capture <= most:
                remedy = f"capture {part.capture:g} lies outside its range {least:g} to {most:g}"
                raise RuleFileError(path, place, remedy)
        seen.add(part.route)


def read_baselines(folder: Path, method: Method) -> list[BaselineFile]:
    """Read and check every file of a folder."""
    return check_baselines(load_rules(folder, BaselineFile), method)


@cache
def _shipped(method_code: str, own: str) -> tuple[BaselineFile, ...]:
    method = methods()[method_code]
    files = read_baselines(FOLDER, method)
    if not own:
        return tuple(files)
    folder = Path(own)
    if not folder.is_dir():
        raise RuleFileError(folder, "", f"{OWN} names no folder; write the path of the folder with your baselines")
    mine = read_baselines(folder, method)
    for file in mine:
        if file.code in {shipped.code for shipped in files}:
            remedy = f"{file.code!r} is the code of a shipped file; releases name baselines by it, so choose another"
            raise RuleFileError(folder, "code", remedy)
    return (*mine, *files)


def shipped_baselines(method: Method) -> list[BaselineFile]:
    """The baselines in force: those of the folder ``COMPOSTNET_BASELINES`` first, then the shipped ones.

    In one region and year the first found applies, so that a platform of one's own can replace what is shipped.
    """
    return list(_shipped(method.code, os.environ.get(OWN, "").strip()))


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
