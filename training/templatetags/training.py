"""``{% load training %}``: amounts and requirement names."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.translation import get_language

from training.eligibility import plain
from training.programmes import Edition

register = template.Library()


@register.filter
def amount(value: Decimal) -> str:
    """``20`` rather than ``20.00``."""
    return plain(Decimal(value))


@register.filter
def requirement_name(edition: Edition, code: str) -> str:
    """The name of a requirement in the reader's language."""
    return edition.requirement(code).name.in_language(get_language() or "zh-hans")
