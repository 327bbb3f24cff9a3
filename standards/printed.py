"""Numbers as a standard prints them, and the short names that a standard's file uses."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def _printed(value: Any) -> Any:
    """A number as printed. A float has lost its digits (4.0 and 4.00 are the same to it), so it is refused."""
    if isinstance(value, bool | float):
        raise ValueError('write the number in quotes with the digits that the standard prints, for example "4.0"')
    if isinstance(value, str):
        try:
            number = Decimal(value.strip())
        except InvalidOperation as error:
            raise ValueError('not a number; write digits with a decimal point, for example "0.5"') from error
        if not number.is_finite():
            raise ValueError('not a number; write digits with a decimal point, for example "0.5"')
        return number
    return value


Number = Annotated[Decimal, BeforeValidator(_printed)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
ClassCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9+-]{1,20}$")]
