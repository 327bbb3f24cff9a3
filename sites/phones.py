"""Phone numbers in one form, E.164 (``+8613800138000``), however people write them. Pure."""

from __future__ import annotations

import phonenumbers

from compostnet.shared.numbers import normalise

DEFAULT_REGION = "CN"


def normalise_phone(text: str, region: str = DEFAULT_REGION) -> str:
    """The E.164 form of a phone number; a number without country code is one of ``region``.

    ValueError when it is no valid number. Full-width digits, spaces, hyphens and brackets are read.
    """
    try:
        number = phonenumbers.parse(normalise(text), region)
    except phonenumbers.NumberParseException as error:
        raise ValueError(f"not a phone number: {text!r}") from error
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise ValueError(f"not a phone number: {text!r}")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
