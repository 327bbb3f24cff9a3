"""What is still missing for the certificate: accepted evidence against the requirements of an edition. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from compostnet.shared.texts import Message
from training.programmes import Requirement

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Accepted:
    """One accepted piece of evidence; ``amount`` in the unit of its requirement, ``site`` the code of the place."""

    requirement: str
    amount: Decimal
    occurred_on: dt.date
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one requirement is reached. ``missing`` is never negative."""

    requirement: Requirement
    reached: Decimal
    missing: Decimal

    @property
    def met(self) -> bool:
        return self.missing == 0

    @property
    def share(self) -> Decimal:
        """Reached part of what is needed, 0 to 1."""
        return min(self.reached / self.requirement.at_least, Decimal(1))

    def sentence(self) -> Message:
        """What is reached or missing, in words."""
        code = "training_requirement_met" if self.met else "training_requirement_missing"
        return Message(
            code,
            {
                "requirement": self.requirement.name,
                "needed": plain(self.requirement.at_least),
                "reached": plain(self.reached),
                "missing": plain(self.missing),
                "unit": self.requirement.unit,
            },
        )


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The whole standing of a person; ``next_step`` names the requirement that lacks the least."""

    standings: tuple[Standing, ...]
    next_step: Message | None

    @property
    def met(self) -> bool:
        return all(standing.met for standing in self.standings)


def plain(amount: Decimal) -> str:
    """``20`` rather than ``20.00`` and never ``2E+1``."""
    return f"{amount.normalize():f}"


def eligibility(requirements: Sequence[Requirement], accepted: Iterable[Accepted]) -> Eligibility:
    """Compare accepted evidence with the requirements. Evidence of another requirement is a LookupError."""
    by_code: dict[str, list[Accepted]] = {one.code: [] for one in requirements}
    for item in accepted:
        if item.requirement not in by_code:
            raise LookupError(f"{item.requirement} is no requirement here")
        by_code[item.requirement].append(item)
    standings = tuple(_standing(one, by_code[one.code]) for one in requirements)
    lacking = [standing for standing in standings if not standing.met]
    nearest = max(lacking, key=lambda standing: standing.share, default=None)
    return Eligibility(standings, nearest.sentence() if nearest else None)


def _standing(requirement: Requirement, items: Sequence[Accepted]) -> Standing:
    reached = reached_amount(requirement, items)
    return Standing(requirement, reached, max(requirement.at_least - reached, NOTHING))


def reached_amount(requirement: Requirement, items: Sequence[Accepted]) -> Decimal:
    """What the accepted items amount to, by the way the requirement counts; the order of items does not matter."""
    if requirement.counts == "sites":
        return Decimal(len({item.site for item in items if item.site is not None}))
    if requirement.counts == "best":
        return max((item.amount for item in items), default=NOTHING)
    if requirement.counts == "latest":
        # Two of one day: the lower one, because nobody can say which came last.
        latest = max((item.occurred_on for item in items), default=None)
        return min((item.amount for item in items if item.occurred_on == latest), default=NOTHING)
    return sum((item.amount for item in items), NOTHING)
