"""Arguments that several commands share."""

from __future__ import annotations

from argparse import ArgumentTypeError

from compostnet.shared.months import parse_month


def month_argument(text: str) -> int:
    """A month index of ``YYYY-MM``."""
    try:
        return parse_month(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
