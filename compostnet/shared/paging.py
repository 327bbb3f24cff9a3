"""Cursor paging: a list is read on from the last row seen, so that new rows neither repeat nor skip any.

A cursor is the values of the ordering fields in the last row, as base64url JSON. It is bound to its ordering, and holds
nothing secret: whoever makes one up reads only what the queryset allows anyway.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet
from ninja import Schema
from pydantic import Field

from compostnet.shared.problems import Problem

T = TypeVar("T")
MAX_LIMIT = 500


class Page(Schema, Generic[T]):
    """One page of a list; ``next`` is the cursor of the page after it, null on the last."""

    items: list[T]
    next: str | None = None


class PageQuery(Schema):
    """The query parameters of every list: ``page: Query[PageQuery]``."""

    cursor: str | None = Field(None, max_length=1000, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="rows a page")


def paginate(
    queryset: QuerySet[Any],
    order: Sequence[str] = ("-recorded_at", "id"),
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[Any], str | None]:
    """One page of ``queryset`` in ``order``, and the cursor of the next (None on the last page).

    The fields of ``order`` must never be null and together be unique (end with the primary key); ``a__b`` follows a
    relation. A cursor that was not made for this ordering is the problem ``bad_cursor``.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    rows = queryset.order_by(*order)
    if cursor:
        rows = rows.filter(_after(order, _decode(queryset.model, order, cursor)))
    found = list(rows[: limit + 1])
    if len(found) <= limit:
        return found, None
    found = found[:limit]
    return found, _encode(order, found[-1])


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """The rows behind ``values``: (a beyond) or (a equal and b beyond) or …"""
    alternatives = []
    equal = Q()
    for name, value in zip(order, values, strict=True):
        field = name.lstrip("-")
        beyond = "lt" if name.startswith("-") else "gt"
        alternatives.append(equal & Q(**{f"{field}__{beyond}": value}))
        equal &= Q(**{field: value})
    return reduce(or_, alternatives)


def _encode(order: Sequence[str], row: Any) -> str:
    values = []
    for name in order:
        value = reduce(getattr, name.lstrip("-").split("__"), row)
        values.append(value if isinstance(value, int | str) else getattr(value, "isoformat", value.__str__)())
    text = json.dumps([",".join(order), *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(model: type[Model], order: Sequence[str], cursor: str) -> list[Any]:
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(raw, list) or len(raw) != len(order) + 1 or raw[0] != ",".join(order):
            raise ValueError(cursor)
        return [_value(_field(model, name.lstrip("-")), raw[i + 1]) for i, name in enumerate(order)]
    except (ValueError, binascii.Error, ValidationError, TypeError, RecursionError, OverflowError) as error:
        raise Problem("bad_cursor") from error


def _value(field: Any, raw: Any) -> Any:
    """The value of a model field that a cursor names; ValueError or ValidationError when it cannot be one."""
    value = field.to_python(raw)
    if value is None or isinstance(raw, dict | list | bool) or (isinstance(value, str) and "\x00" in value):
        raise ValueError(raw)
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        raise ValueError(raw)
    field.run_validators(value)
    return value


def _field(model: type[Model], path: str) -> Any:
    *relations, last = path.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model
    if last == "pk":
        return model._meta.pk
    try:
        return model._meta.get_field(last)
    except FieldDoesNotExist:
        if last.endswith("_id"):
            return model._meta.get_field(last[:-3]).target_field
        raise
