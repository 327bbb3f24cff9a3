"""Texts that people send, made safe to keep."""

from __future__ import annotations


def clean(text: str) -> str:
    """One line of text without control characters (which PostgreSQL cannot keep)."""
    return " ".join("".join(" " if ord(one) < 32 or 0xD800 <= ord(one) <= 0xDFFF else one for one in text).split())
