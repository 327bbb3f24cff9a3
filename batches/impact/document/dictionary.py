"""What every column and indicator of a release's tables means (``dictionary.yaml``), as a table. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from compostnet.shared.rules import Rule, Text, load_rule

FILE = Path(__file__).with_name("dictionary.yaml")
COLUMNS = ("file", "name", "unit", "meaning_zh", "meaning_en")


class Indicator(Rule):
    """One indicator: its unit, and what it means."""

    unit: str
    text: Text


class Dictionary(Rule):
    """The shape of the file."""

    indicators: dict[str, Indicator]
    suffixes: dict[str, Text]
    columns: dict[str, dict[str, Text]]
    about: dict[str, Text]


@cache
def dictionary() -> Dictionary:
    """The dictionary."""
    return load_rule(FILE, Dictionary)


def unit_of(indicator: str) -> str:
    """The unit of an indicator of a figure; KeyError where the dictionary does not know it."""
    return dictionary().indicators[indicator].unit


def dictionary_lines(about: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    """The lines of ``datadictionary.csv``: licence and citation, columns by file, then indicators."""
    found = dictionary()
    for key, text in found.about.items():
        value = about[key]
        both = value if isinstance(value, Mapping) else {"zh": value, "en": value}
        yield "*", key, "", f"{text.zh}：{both['zh']}", f"{text.en}: {both['en']}"
    for file, columns in found.columns.items():
        for name, text in columns.items():
            yield file, name, "", text.zh, text.en
    for name, one in found.indicators.items():
        yield "figures.csv", f"indicator {name}", one.unit, one.text.zh, one.text.en
    for name, text in found.suffixes.items():
        yield "figures.csv", f"indicator {name}", "", text.zh, text.en
