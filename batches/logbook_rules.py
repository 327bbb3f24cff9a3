"""What the logbook allows, as data (``logbook_rules.yaml``). No Django, no database."""

from __future__ import annotations

import hashlib
import io
import warnings
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import Image

from compostnet.shared.rules import Rule, RuleFileError, load_rule
from compostnet.shared.texts import Message

State = Literal["open", "composting", "curing", "finished", "abandoned"]
FILE = Path(__file__).with_name("logbook_rules.yaml")


class PhotoRules(Rule):
    """Largest file in bytes, largest picture in pixels, Pillow's format name → file extension."""

    max_bytes: int
    max_pixels: int
    formats: dict[str, str]


class LogbookRules(Rule):
    """The shape of ``logbook_rules.yaml``."""

    states: dict[State, tuple[State, ...]]
    confirm_above_kg: Decimal
    """A form asks again about an amount above this."""
    photo: PhotoRules


@cache
def logbook_rules() -> LogbookRules:
    """The rules; refused when a state leads to itself."""
    rules = load_rule(FILE, LogbookRules)
    for state, following in rules.states.items():
        if state in following:
            raise RuleFileError(FILE, f"states.{state}", "a state does not follow itself; remove it")
    return rules


def next_states(state: str) -> tuple[str, ...]:
    """The states that may follow ``state``."""
    return logbook_rules().states.get(state, ())  # type: ignore[call-overload, no-any-return]


def photo_fault(content: bytes) -> Message | None:
    """Why these bytes cannot be kept as a photo; None when they can."""
    rules = logbook_rules().photo
    if not content:
        return Message("photo_empty")
    if len(content) > rules.max_bytes:
        return Message("photo_too_large", {"size": _mebibytes(len(content)), "largest": _mebibytes(rules.max_bytes)})
    if photo_format(content) is None:
        size = _pixels(content)
        if size is not None and size[0] * size[1] > rules.max_pixels:
            values = {"width": size[0], "height": size[1], "largest": rules.max_pixels // 1_000_000}
            return Message("photo_too_many_pixels", values)
        return not_a_picture()
    return None


def not_a_picture() -> Message:
    """What is said of bytes that are no picture."""
    return Message("photo_not_a_picture", {"formats": list(logbook_rules().photo.formats)})


def _pixels(content: bytes) -> tuple[int, int] | None:
    """Width and height as the head of a picture says, without unpacking it; None where there is no such head."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=tuple(logbook_rules().photo.formats)) as picture:
                return picture.size
    except Exception:  # as in photo_format; Pillow also refuses by itself what is larger than it dares
        return None


def photo_format(content: bytes) -> str | None:
    """``JPEG``, ``PNG`` or ``WEBP`` for a whole, readable picture of sensible size; None for anything else."""
    rules = logbook_rules().photo
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(content), formats=tuple(rules.formats)) as picture:
                if picture.width * picture.height > rules.max_pixels:
                    return None
                found = picture.format
                picture.verify()
    except Exception:  # Pillow raises whatever a broken file makes it raise; none of them is a picture
        return None
    return found


def photo_extension(content: bytes) -> str:
    """The file extension of a picture that `photo_fault` has let through."""
    return logbook_rules().photo.formats[photo_format(content) or "JPEG"]


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


def _mebibytes(size: int) -> str:
    return f"{size / 1048576:.1f} MB"
