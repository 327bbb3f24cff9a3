"""How a unit is written in the reader's language (``units.yaml``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from compostnet.shared.rules import Rule, Text, load_rule


class UnitFile(Rule):
    """The shape of ``units.yaml``."""

    units: dict[str, Text]


@cache
def unit_names() -> dict[str, Text]:
    """Units whose writing depends on the language, by how standards write them."""
    return load_rule(Path(__file__).with_suffix(".yaml"), UnitFile).units


def unit_in(text: str, language: str) -> str:
    """A unit, or a sentence with units in it, as readers of a language write them: ``亿/g`` → ``×10^8/g``."""
    for unit, name in unit_names().items():
        if unit in text:
            text = text.replace(unit, name.in_language(language))
    return text


def limit_in(item: Mapping[str, Any], language: str) -> str:
    """The limit of a verdict in JSON with its unit."""
    unit = "" if item["unit"] == "-" else unit_in(item["unit"], language)
    return f"{item['limit']} {unit}".strip()
