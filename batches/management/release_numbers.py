"""What several commands answer when a release is asked for that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.management.base import CommandError

from compostnet.shared.texts import Message


def unknown_release(wish: str, numbers: Iterable[int], language: str) -> CommandError:
    """The error for ``wish``, with the ``numbers`` that there are."""
    known = ", ".join(str(number) for number in numbers)
    message = (
        Message("command_release_unknown", {"wish": wish, "numbers": known})
        if known
        else Message("command_nothing_published", {"wish": wish})
    )
    return CommandError(message.render(language))
