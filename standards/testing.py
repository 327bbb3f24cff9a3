"""Testing on request, as rules (``standards/testing.yaml``): which site may ask, and how a sample is taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from compostnet.shared.months import month_of, month_text
from compostnet.shared.rules import Rule, Source, Text, in_force, load_rule
from compostnet.shared.texts import Message
from standards.library_schema import Standard
from standards.process.schema import Sampling

PATH = Path(__file__).with_name("testing.yaml")


class ActiveSite(Rule):
    """So many verified months of the last so many whole months make a site active; ``batch_states`` can be tested."""

    verified_months: Annotated[int, Field(ge=1)]
    within_months: Annotated[int, Field(ge=1, le=120)]
    batch_states: Annotated[
        tuple[Literal["open", "composting", "curing", "finished", "abandoned"], ...], Field(min_length=1)
    ]
    why: Text

    @model_validator(mode="after")
    def _possible(self) -> ActiveSite:
        if self.verified_months > self.within_months:
            raise ValueError(
                f"verified_months ({self.verified_months}) is more than within_months ({self.within_months})"
            )
        return self


class TestingFile(Rule):
    """The shape of ``testing.yaml``."""

    __test__ = False  # not a test case of pytest

    active_site: ActiveSite
    usual_standards: dict[str, str] = {}
    sources: dict[str, Source]
    sampling: Sampling

    @model_validator(mode="after")
    def _source(self) -> TestingFile:
        if self.sampling.source not in self.sources:
            raise ValueError(f"unknown source {self.sampling.source!r}; add it to sources")
        return self


@cache
def rules_of_testing() -> TestingFile:
    """The platform's rules of testing on request."""
    return load_rule(PATH, TestingFile)


@dataclass(frozen=True, slots=True)
class Activity:
    """What a site's verified months (indices) say: those that count, how many are needed, and of which months."""

    counted: tuple[int, ...]
    needed: int
    first: int
    last: int

    @property
    def missing(self) -> int:
        return max(0, self.needed - len(self.counted))

    @property
    def is_active(self) -> bool:
        return self.missing == 0

    @property
    def why(self) -> Message:
        """Which months are verified and what is missing, in a sentence."""
        months: Message | list[str] = [month_text(month) for month in self.counted] or Message("test_no_month")
        values = {
            "needed": self.needed,
            "found": len(self.counted),
            "months": months,
            "missing": self.missing,
            "first": month_text(self.first),
            "last": month_text(self.last),
        }
        return Message("test_site_active" if self.is_active else "test_site_waiting", values)


def activity(verified: Iterable[int], today: dt.date, rule: ActiveSite) -> Activity:
    """How active a site is on a day, from the indices of its verified months; the running month never counts."""
    last = month_of(today) - 1
    first = last - rule.within_months + 1
    counted = tuple(sorted({month for month in verified if first <= month <= last}))
    return Activity(counted, rule.verified_months, first, last)


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a sample is taken: the standard's own rules with its edition, or the general ones (``edition`` empty).

    What the standard leaves out (packing, number of sub-samples, …) is filled from the general rules; the names of the
    fields that were are in ``general``. A standard's own steps are seldom a
    whole procedure: the general ones follow them in ``general_steps``; where they differ the standard counts.
    """

    standard: str
    edition: str
    sampling: Sampling
    source: Source
    general: tuple[str, ...]
    general_steps: tuple[Text, ...] = ()


FILLED = ("sub_samples", "laboratory_sample_kg", "packing", "steps")


def protocol(standard: Standard | None, day: dt.date, rules: TestingFile | None = None) -> Protocol:
    """The sampling protocol for a standard on a day; the general one where its edition says nothing of sampling."""
    rules = rules or rules_of_testing()
    edition = in_force(standard.editions, day) if standard else None
    if standard is None or edition is None or edition.sampling is None:
        source = rules.sources[rules.sampling.source]
        return Protocol(standard.code if standard else "", "", rules.sampling, source, FILLED)
    own = edition.sampling
    lacking = tuple(name for name in FILLED if not getattr(own, name))
    whole = own.model_copy(update={name: getattr(rules.sampling, name) for name in lacking})
    more = rules.sampling.steps if own.steps else ()
    return Protocol(standard.code, edition.edition, whole, edition.sources[own.source], lacking, more)
