"""A number with its unit, where it comes from and how well that is attested: what every set of factors is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text

Share = Annotated[float, Field(ge=0, le=1)]


class Factor(Rule):
    """One number of a set that is not negative; ``source`` is a key of the file's ``sources``."""

    value: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    unit: str = Field(min_length=1)
    source: str
    confidence: Confidence
    note: Text | None = None


def factors_of(rule: Rule) -> Iterator[tuple[str, Factor]]:
    """Every factor of a rule by its dotted key, in the file's order."""
    yield from _within("", rule)


def _within(prefix: str, rule: Rule) -> Iterator[tuple[str, Factor]]:
    for name in type(rule).model_fields:
        yield from _walk(f"{prefix}{name}", getattr(rule, name))


def _walk(key: str, value: object) -> Iterator[tuple[str, Factor]]:
    if isinstance(value, Factor):
        yield key, value
    elif isinstance(value, Rule):
        yield from _within(f"{key}.", value)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(f"{key}.{name}", item)
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _walk(f"{key}.{number}", item)


def check_sources(path: Path | str, rule: Rule, sources: Mapping[str, Source]) -> None:
    """Refuse a factor whose source is not among the file's sources."""
    for key, factor in factors_of(rule):
        if factor.source not in sources:
            known = ", ".join(sorted(sources))
            raise RuleFileError(path, f"{key}.source", f"{factor.source!r} is not in sources; add it (known: {known})")
