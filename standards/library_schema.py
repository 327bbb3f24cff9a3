"""The shape of a standard's YAML file (``standards/library/*.yaml``).

A *standard* has *classes* (ranked best first, or standing on their own) and dated *editions*. An edition has *limits*:
each is one comparison (`Limit`), or a group of which one (`AnyOf`) or every one (`AllOf`) must be met. Groups nest, so
"oxygen uptake or self-heating", "300 mg/kg dm or 600 mg/kg OM" and "one nutrient of 2.5 % or several of 1 % that sum
to 4 %" are the same construction. Numbers are written in quotes, because their printed digits matter (GB/T 8170).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import Discriminator, Field, Tag, model_validator

from compostnet.shared.rules import Confidence, Rule, Source, Text
from standards.printed import ClassCode, Id, Number
from standards.process.schema import Condition, ProcessNode, Sampling

Basis = Literal["dm", "ar", "om", "ad", "none", "unverified"]
"""What a limit is a share of: dry matter, the sample as received, organic matter, the air-dry sample, nothing of the
kind; ``unverified`` where the text could not be seen, so that a verdict is given only when dm and ar agree."""

Compare = Literal["<=", "<", ">=", ">", "range", "absent", "declared", "unavailable"]
"""``unavailable``: the standard has a limit whose value is not at hand, so nothing can be told of it and no sample can
pass; also what stands for a delegated limit where the other standard's text is not at hand."""
Statistic = Literal["sample", "monthly_average", "geometric_mean", "moving_average"]
Rounding = Literal["gbt8170", "none"]


class Plan(Rule):
    """Sampling plan: of ``n`` samples at most ``c`` may lie between ``m`` and ``M``; none may exceed ``M``."""

    n: Annotated[int, Field(ge=1)]
    c: Annotated[int, Field(ge=0)]
    m: Number
    M: Number

    @model_validator(mode="after")
    def _possible(self) -> Plan:
        if self.c > self.n:
            raise ValueError(f"c ({self.c}) is more than n ({self.n}); at most all samples may lie between m and M")
        if self.m > self.M:
            raise ValueError(f"M ({self.M}) is below m ({self.m}); exchange them")
        return self


class Change(Rule):
    """Another value of the same limit from a day on, inside one edition."""

    valid_from: dt.date
    value: Number
    source: str
    grade: Confidence


class Limit(Rule):
    """One comparison: an indicator (or the sum of several) against a value, with where that is written.

    ``statistic`` sample: every sample by itself. monthly_average, geometric_mean (of ``n``), moving_average (of the
    last ``n``, no single result more than ``single_over_percent`` over the value): of the results of one sample or one
    series. ``absent`` without ``in_mass_g``: the standard states no mass. ``when``: conditions (on stated facts or on
    another result) without which the limit does not apply. ``presumed``: not needed of a report, because the product's
    nature ensures it, but a failure fails the sample. ``delegated_from`` is set by the library where another
    standard's limit stands for a `Delegated`.
    """

    id: Id
    indicator: str
    name: Text | None = None
    compare: Compare
    value: Number | None = None
    low: Number | None = None
    high: Number | None = None
    in_mass_g: Number | None = None
    unit: str = ""
    basis: Basis
    sum: tuple[str, ...] = ()
    plan: Plan | None = None
    statistic: Statistic = "sample"
    n: Annotated[int, Field(ge=2)] | None = None
    single_over_percent: Number | None = None
    when: tuple[Condition, ...] = ()
    method: Text | None = None
    clause: Text
    source: str
    grade: Confidence
    changes: tuple[Change, ...] = ()
    classes: tuple[ClassCode, ...] = ()
    obligatory: bool = True
    presumed: bool = False
    note: Text | None = None
    delegated_from: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Limit:
        if self.compare == "range":
            if self.low is None or self.high is None:
                raise ValueError("a range needs low and high")
            if self.low > self.high:
                raise ValueError(f"low ({self.low}) is above high ({self.high}); exchange them")
        elif self.low is not None or self.high is not None:
            raise ValueError('low and high belong to compare: range; write value, or set compare to "range"')
        if self.presumed and self.obligatory:
            raise ValueError("presumed (not needed, but a failure counts) goes with obligatory: false")
        if self.compare == "unavailable" and not (self.delegated_from or self.note):
            raise ValueError(
                "unavailable needs a note that says why; to leave a limit to another standard write to and limit"
            )
        if self.compare in ("<=", "<", ">=", ">") and self.value is None:
            raise ValueError(f"compare {self.compare} needs a value")
        if self.compare in ("range", "absent", "declared", "unavailable") and self.value is not None:
            raise ValueError(f"compare: {self.compare} has no value; remove it")
        if self.in_mass_g is not None and (self.compare != "absent" or self.in_mass_g <= 0):
            raise ValueError("in_mass_g (grams of sample examined, above zero) goes with compare: absent, and only so")
        if (self.statistic in ("geometric_mean", "moving_average")) != (self.n is not None):
            raise ValueError("n (how many samples) goes with statistic: geometric_mean or moving_average, and only so")
        if (self.statistic == "moving_average") != (self.single_over_percent is not None):
            raise ValueError(
                "single_over_percent (by how much a single result may exceed) goes with moving_average, and only so"
            )
        if self.statistic == "moving_average" and self.compare not in ("<=", "<"):
            raise ValueError("moving_average goes with <= or <")
        if self.plan is not None and self.compare in ("<=", "<") and self.value != self.plan.M:
            raise ValueError(f"value ({self.value}) must be the plan's M ({self.plan.M})")
        if self.plan is not None and self.compare not in ("<=", "<", "absent"):
            raise ValueError("a sampling plan goes with <=, < or absent")
        if self.changes and self.value is None:
            raise ValueError("changes replace a value; only a limit with a value can have them")
        days = [change.valid_from for change in self.changes]
        if days != sorted(set(days)):
            raise ValueError("write changes in the order of their days, one a day")
        return self

    def at(self, day: dt.date) -> Limit:
        """The limit as it stands on a day, with the last change that has come into force."""
        limit = self
        for change in self.changes:
            if change.valid_from <= day:
                limit = limit.model_copy(update={"value": change.value, "source": change.source, "grade": change.grade})
        return limit


class Delegated(Rule):
    """A limit that this standard leaves to another one: limit ``limit`` of standard ``to``, as in force on the day.

    Where the library has no text of ``to`` on that day, the limit is shown and nothing can be told of it.
    """

    id: Id
    indicator: str
    to: str
    limit: Id
    clause: Text
    source: str
    grade: Confidence
    classes: tuple[ClassCode, ...] = ()
    obligatory: bool = True
    when: tuple[Condition, ...] = ()


class AnyOf(Rule):
    """Alternatives: one met is enough. When the only ones tested fail and others were not tested, the group counts as
    failed (``untested: fail``) or as not yet tested (``untested: open``)."""

    id: Id
    name: Text
    any_of: Annotated[tuple[Node, ...], Field(min_length=2)]
    untested: Literal["fail", "open"] = "fail"
    classes: tuple[ClassCode, ...] = ()
    obligatory: bool = True
    when: tuple[Condition, ...] = ()


class AllOf(Rule):
    """Limits that belong together inside a choice: every one must be met."""

    id: Id
    name: Text
    all_of: Annotated[tuple[Node, ...], Field(min_length=1)]
    classes: tuple[ClassCode, ...] = ()
    obligatory: bool = True
    when: tuple[Condition, ...] = ()


def _which(value: Any) -> str:
    if isinstance(value, AnyOf) or (isinstance(value, dict) and "any_of" in value):
        return "any_of"
    if isinstance(value, AllOf) or (isinstance(value, dict) and "all_of" in value):
        return "all_of"
    if isinstance(value, Delegated) or (isinstance(value, dict) and "to" in value):
        return "delegated"
    return "limit"


Resolved = Limit | AnyOf | AllOf
"""A node as the checker sees it: delegations have been replaced by the limit that they name."""

Node = Annotated[
    Annotated[Limit, Tag("limit")]
    | Annotated[AnyOf, Tag("any_of")]
    | Annotated[AllOf, Tag("all_of")]
    | Annotated[Delegated, Tag("delegated")],
    Discriminator(_which),
]
AnyOf.model_rebuild()
AllOf.model_rebuild()


def parts(group: AnyOf | AllOf) -> tuple[Resolved, ...]:
    """The members of a group whose delegations have been replaced (`standards.library.rule_sets` does that)."""
    return cast(tuple[Resolved, ...], group.any_of if isinstance(group, AnyOf) else group.all_of)


def leaves(node: Node) -> Iterator[Limit]:
    """The limits under a node, in the order of the file; a delegation that is not resolved has none."""
    if isinstance(node, Limit):
        yield node
    elif isinstance(node, AnyOf | AllOf):
        for child in node.any_of if isinstance(node, AnyOf) else node.all_of:
            yield from leaves(child)


class Conversion(Rule):
    """A factor that the standard itself fixes: ``of`` = ``from`` × factor (or ÷ divisor), on the same basis."""

    of: str
    from_: Annotated[str, Field(alias="from")]
    factor: Number | None = None
    divisor: Number | None = None
    clause: Text
    source: str
    grade: Confidence

    @model_validator(mode="after")
    def _one(self) -> Conversion:
        if (self.factor is None) == (self.divisor is None):
            raise ValueError("write either factor or divisor")
        if (self.factor or self.divisor or Decimal(0)) <= 0:
            raise ValueError("the factor must be above zero")
        return self


class Requirement(Rule):
    """Something the standard asks that no lab sheet can show (inputs, process, labelling). Shown, not judged."""

    text: Text
    clause: Text
    source: str
    grade: Confidence
    classes: tuple[ClassCode, ...] = ()


class ProductClass(Rule):
    """A class of a standard. ``rank`` 1 is the best; a class without rank stands on its own."""

    code: ClassCode
    name: Text
    rank: Annotated[int, Field(ge=1)] | None = None


class Edition(Rule):
    """One dated version of a standard. ``valid_to`` is its last day, absent while it is in force.

    ``dates_grade``: how well the two days are attested, where that is not certain (C: from memory or assumed).
    """

    edition: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,20}$")]
    title: Text
    valid_from: dt.date
    valid_to: dt.date | None = None
    dates_grade: Confidence | None = None
    rounding: Rounding
    note: Text | None = None
    sources: dict[str, Source]
    limits: tuple[Node, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    also_required: tuple[Requirement, ...] = ()
    process: tuple[ProcessNode, ...] = ()
    sampling: Sampling | None = None


class Standard(Rule):
    """A standard of the library. One whose text is not at hand has no editions and says so in ``unavailable``."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{2,3}(-[A-Z0-9]+)+$")]
    name: Text
    issuer: Text
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    scope: Text
    classes: tuple[ProductClass, ...] = ()
    editions: tuple[Edition, ...] = ()
    unavailable: Text | None = None

    @model_validator(mode="after")
    def _has_text(self) -> Standard:
        if bool(self.editions) == bool(self.unavailable):
            raise ValueError("write editions, or (while the text is not at hand) unavailable: why; not both")
        return self
