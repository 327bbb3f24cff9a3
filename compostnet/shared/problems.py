"""Problems: every refusal of the platform, in one shape, for pages, commands and the API (RFC 9457 there).

A service raises a `Problem` with a code of the catalogue (``messages.yaml`` of a room, with ``status`` and ``title``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compostnet.shared.texts import Message, catalogue


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong at one place of what was sent: row (1 = first data row's line in the file), column or field."""

    message: Message
    row: int | None = None
    column: str | None = None
    field: str | None = None
    value: Any = None
    accepted: Message | None = None

    def as_json(self, language: str) -> dict[str, Any]:
        """The fault as an item of ``errors`` in a problem document."""
        return {
            "code": self.message.code,
            "row": self.row,
            "column": self.column,
            "field": self.field,
            "value": None if self.value is None else str(self.value),
            "detail": self.message.render(language),
            "accepted": self.accepted.render(language) if self.accepted else None,
        }


class Problem(Exception):
    """A request that cannot be done, with the reason and, where there are several, every fault at once."""

    def __init__(self, code: str, errors: Sequence[Fault] = (), **values: Any) -> None:
        self.message = Message(code, values)
        self.errors = tuple(errors)
        super().__init__(code)

    @property
    def code(self) -> str:
        return self.message.code

    @property
    def status(self) -> int:
        return catalogue()[self.code].status or 400

    def __str__(self) -> str:
        return self.message.render("en")

    def as_json(self, language: str) -> dict[str, Any]:
        """RFC 9457 problem details; ``type`` is a stable relative URI that the docs list."""
        entry = catalogue()[self.code]
        return {
            "type": f"/problems/{self.code}",
            "title": (entry.title or entry.text).in_language(language) if entry.title else self.code,
            "status": self.status,
            "detail": self.message.render(language),
            "errors": [fault.as_json(language) for fault in self.errors],
        }
