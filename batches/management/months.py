"""Arguments that several commands share."""

from __future__ import annotations

from argparse import ArgumentTypeError

from django.utils.translation import get_language

from compostnet.shared.months import parse_month
from compostnet.shared.texts import Message


def month_argument(text: str) -> int:
    """A month index of ``YYYY-MM``."""
    try:
        return parse_month(text)
    except ValueError as error:
        message = Message("command_month", {"found": text})
        raise ArgumentTypeError(message.render(get_language() or "zh-hans")) from error
