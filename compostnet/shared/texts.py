"""Messages with a code and values, and the catalogues that turn them into sentences in Chinese or English.

Pure modules return `Message` values and never a sentence; pages, commands and the API render them in the reader's
language. Each room keeps its sentences in its own ``messages.yaml`` (or several, ``messages_….yaml``); all together
are one catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import RootModel

from compostnet.shared.rules import Rule, RuleFileError, Text, load_rule

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("compostnet", "sites", "batches", "standards", "training")
CATALOGUES = tuple(path for room in ROOMS for path in sorted((ROOT / room).glob("messages*.yaml")))


class Entry(Rule):
    """One sentence of the catalogue. A problem of the API has a status and a title besides."""

    text: Text
    title: Text | None = None
    status: int | None = None


class _File(RootModel[dict[str, Entry]]):
    pass


@dataclass(frozen=True, slots=True)
class Message:
    """A code of the catalogue with the values that its sentence needs. Values may be messages or texts themselves."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def render(self, language: str) -> str:
        """The sentence in ``language`` (``zh…`` or English)."""
        entry = catalogue()[self.code]
        values = {name: _render_value(value, language) for name, value in self.values.items()}
        return entry.text.in_language(language).format(**values)


def _render_value(value: Any, language: str) -> Any:
    if isinstance(value, Message):
        return value.render(language)
    if isinstance(value, Text):
        return value.in_language(language)
    if isinstance(value, list | tuple):
        separator = "、" if language.startswith("zh") else ", "
        return separator.join(str(_render_value(item, language)) for item in value)
    return value


@cache
def catalogue() -> dict[str, Entry]:
    """All entries of all rooms by code; a code that stands in two files is refused."""
    entries: dict[str, Entry] = {}
    for path in CATALOGUES:
        if not path.exists():
            continue
        for code, entry in load_rule(path, _File).root.items():
            if code in entries:
                raise RuleFileError(path, code, "this code is already used by another room; choose another")
            entries[code] = entry
    return entries
