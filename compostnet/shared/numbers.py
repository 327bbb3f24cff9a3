"""Numbers as people write them: full-width digits, thousands separators, decimal commas.

What cannot be read without guessing is refused: ``1,234`` is a thousand and ``1,5`` a decimal comma, but ``1.234,5,6``
is nothing.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation

_SPACES = re.compile(r"[\s\u00a0\u202f\u2009]")
_PLAIN = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$")
# Nobody writes thousands behind a leading zero: 0,123 is a decimal comma, and 0.123.456 is nothing.
_THOUSANDS_COMMA = re.compile(r"^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$")
_THOUSANDS_POINT = re.compile(r"^[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)$|^[+-]?[1-9]\d{0,2}(\.\d{3}){2,}$")
_THOUSANDS_SPACE = re.compile(r"^[+-]?[1-9]\d{0,2}([ \u00a0\u202f\u2009']\d{3})+([.,]\d+)?$")
_DECIMAL_COMMA = re.compile(r"^[+-]?\d+,\d+$")


def normalise(text: str) -> str:
    """Full-width characters to their ASCII twins (NFKC), minus signs to ``-``, outer white space removed."""
    return unicodedata.normalize("NFKC", text).replace("−", "-").replace("–", "-").strip()


def parse_number(text: str) -> Decimal:
    """The exact number that a text means; ValueError when it is not a number or could mean two.

    A single comma followed by exactly three digits is a thousands separator (``1,234`` → 1234), unless nothing but a
    zero stands before it (``0,123`` → 0.123); otherwise it is a decimal comma (``1,5`` → 1.5).
    """
    plain = normalise(text)
    if not _PLAIN.match(plain):
        if _THOUSANDS_COMMA.match(plain):
            plain = plain.replace(",", "")
        elif _THOUSANDS_POINT.match(plain):
            plain = plain.replace(".", "").replace(",", ".")
        elif _THOUSANDS_SPACE.match(plain):
            plain = _SPACES.sub("", plain).replace("'", "").replace(",", ".")
        elif _DECIMAL_COMMA.match(plain):
            plain = plain.replace(",", ".")
        else:
            raise ValueError(f"not a number: {text!r}")
    try:
        return Decimal(plain)
    except InvalidOperation as error:
        raise ValueError(f"not a number: {text!r}") from error
