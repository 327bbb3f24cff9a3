"""Codes that people copy by hand: on a sample's label and on a bag. Short, without look-alikes, with a check character.

Eight characters of an alphabet of 32 (no 0, O, 1, I), written ``K7M4-PQX2``; the last one is a check character over
GF(32): one wrong character, and any two that changed places, never give another valid code.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 8
_REDUCED_BY = 0b100101
"""x^5 + x^2 + 1, primitive over GF(2): its powers of x reach every symbol but the zero."""


def new_code(choose: Callable[[str], str]) -> str:
    """A code of characters that ``choose`` (`secrets.choice`) picks."""
    body = "".join(choose(ALPHABET) for _ in range(LENGTH - 1))
    return written(body + check_character(body))


def check_character(body: str) -> str:
    """The character that makes ``body`` a valid code."""
    value = 0
    for symbol in body:
        value = (value ^ ALPHABET.index(symbol)) << 1
        if value & 32:
            value ^= _REDUCED_BY
    return ALPHABET[value]


def written(code: str) -> str:
    """``K7M4PQX2`` as it stands on paper: ``K7M4-PQX2``."""
    return f"{code[:4]}-{code[4:]}"


def read_code(text: str) -> str | None:
    """The code that somebody typed (any case, full-width, with or without dashes and blanks); None if it is none."""
    plain = unicodedata.normalize("NFKC", text).upper()
    body = "".join(one for one in plain if one not in " -_–—‐－" and not one.isspace())
    if len(body) != LENGTH or any(one not in ALPHABET for one in body):
        return None
    return written(body) if check_character(body[:-1]) == body[-1] else None
