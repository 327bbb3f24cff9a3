"""How the product of a batch is used, as data (``product_use.yaml``): what its data sheet says besides the numbers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from compostnet.shared.rules import Confidence, Rule, Source, Text, load_rule
from standards.printed import Id, Number

PATH = Path(__file__).with_name("product_use.yaml")


class Use(Rule):
    """One sentence on use. ``dry_kg_per_m2``: the dry matter in it, shown as fresh mass where the moisture is known."""

    id: Id
    kind: Literal["do", "dont", "safety"]
    text: Text
    dry_kg_per_m2: Number | None = None
    source: str
    grade: Confidence


class ProductUse(Rule):
    """The shape of ``product_use.yaml``."""

    analysis: tuple[str, ...]
    sources: dict[str, Source]
    use: tuple[Use, ...]

    @model_validator(mode="after")
    def _sources(self) -> ProductUse:
        for use in self.use:
            if use.source not in self.sources:
                raise ValueError(f"use {use.id}: unknown source {use.source!r}; add it to sources")
        return self


@cache
def product_use() -> ProductUse:
    """What a data sheet names and says."""
    return load_rule(PATH, ProductUse)
