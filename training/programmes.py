"""The programmes of ``training/programmes/*.yaml``: what a person must have done, by dated edition. Pure."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from compostnet.shared.rules import Rule, RuleFileError, Source, Text, in_force, load_rules, refuse_overlap

FOLDER = Path(__file__).with_name("programmes")
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Requirement(Rule):
    """One thing to reach. ``counts`` says how accepted evidence adds up.

    ``sum``: amounts are added; ``latest``: that of the latest day; ``best``: the highest; ``sites``: different sites.
    ``most_each`` is the most that one piece of evidence can bring. All in ``unit``.
    """

    code: Code
    name: Text
    unit: Text
    counts: Literal["sum", "latest", "best", "sites"]
    at_least: Decimal = Field(gt=0, max_digits=8, decimal_places=2)
    most_each: Decimal = Field(gt=0, max_digits=8, decimal_places=2)
    help: Text


class Edition(Rule):
    """One dated version of a programme."""

    edition: str = Field(min_length=1, max_length=40)
    valid_from: dt.date
    valid_to: dt.date | None = None
    invented: bool
    source: Source
    name: Text
    about: Text
    requirements: tuple[Requirement, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _requirements_fit(self) -> Edition:
        codes = [requirement.code for requirement in self.requirements]
        for code in codes:
            if codes.count(code) > 1:
                raise ValueError(f"the requirement {code} stands here twice; give each a code of its own")
        for one in self.requirements:
            if one.counts in ("latest", "best") and one.most_each < one.at_least:
                raise ValueError(f"{one.code} can never be reached: most_each is below at_least")
            if one.counts == "sites" and one.most_each != 1:
                raise ValueError(f"{one.code} counts sites, so most_each must be 1")
        return self

    def requirement(self, code: str) -> Requirement:
        """The requirement with this code; LookupError if the edition has none."""
        for one in self.requirements:
            if one.code == code:
                return one
        raise LookupError(f"{code} is no requirement of edition {self.edition}")


class Programme(Rule):
    """A programme with all its editions."""

    code: Code
    editions: tuple[Edition, ...] = Field(min_length=1)

    def edition(self, name: str) -> Edition:
        """The edition of this name; LookupError if there is none."""
        for one in self.editions:
            if one.edition == name:
                return one
        raise LookupError(f"{self.code} has no edition {name}")

    def as_of(self, day: dt.date) -> Edition | None:
        """The edition in force on a day."""
        return in_force(self.editions, day)


def load_programmes(folder: Path) -> dict[str, Programme]:
    """Every programme of a folder by code; refused when two have one code, or two editions one name or one day."""
    programmes: dict[str, Programme] = {}
    for path, programme in load_rules(folder, Programme).items():
        if programme.code in programmes:
            raise RuleFileError(path, "code", f"{programme.code} stands in another file too; choose another code")
        names = [edition.edition for edition in programme.editions]
        if len(set(names)) < len(names):
            raise RuleFileError(path, "editions", "two editions have the same name; name each by its year")
        refuse_overlap(path, "editions", programme.editions)
        programmes[programme.code] = programme
    return programmes


@cache
def programmes() -> dict[str, Programme]:
    """The programmes of this network by code."""
    return load_programmes(FOLDER)
