"""Problems as answers: one document (RFC 9457) for the API, whatever went wrong and wherever."""

from __future__ import annotations

import json
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpResponse
from django.utils import translation

from compostnet.shared.problems import Fault, Problem
from compostnet.shared.texts import Message

PROBLEM_TYPE = "application/problem+json"

# What pydantic calls a fault → the message that says what would be accepted.
ACCEPTED = {
    "missing": "accepts_required",
    "extra_forbidden": "accepts_known_field",
    "string_type": "accepts_text",
    "string_too_short": "accepts_min_length",
    "string_too_long": "accepts_max_length",
    "string_pattern_mismatch": "accepts_pattern",
    "int_type": "accepts_whole_number",
    "int_parsing": "accepts_whole_number",
    "int_parsing_size": "accepts_whole_number",
    "int_from_float": "accepts_whole_number",
    "float_type": "accepts_number",
    "float_parsing": "accepts_number",
    "finite_number": "accepts_number",
    "decimal_type": "accepts_number",
    "decimal_parsing": "accepts_number",
    "bool_type": "accepts_true_or_false",
    "bool_parsing": "accepts_true_or_false",
    "greater_than": "accepts_greater_than",
    "greater_than_equal": "accepts_at_least",
    "less_than": "accepts_less_than",
    "less_than_equal": "accepts_at_most",
    "literal_error": "accepts_one_of",
    "enum": "accepts_one_of",
    "date_type": "accepts_date",
    "date_parsing": "accepts_date",
    "date_from_datetime_parsing": "accepts_date",
    "date_from_datetime_inexact": "accepts_date",
    "datetime_type": "accepts_time",
    "datetime_parsing": "accepts_time",
    "datetime_from_date_parsing": "accepts_time",
    "timezone_aware": "accepts_time",
    "uuid_type": "accepts_uuid",
    "uuid_parsing": "accepts_uuid",
    "list_type": "accepts_list",
    "too_short": "accepts_min_items",
    "too_long": "accepts_max_items",
    "dict_type": "accepts_object",
    "model_type": "accepts_object",
    "model_attributes_type": "accepts_object",
}


def language() -> str:
    """The language of the answer."""
    return translation.get_language() or settings.LANGUAGE_CODE


def request_id() -> str:
    """The id under which this request stands in the log."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def problem_response(problem: Problem) -> HttpResponse:
    """The answer that a problem is in the API."""
    document = {**problem.as_json(language()), "request_id": request_id()}
    response = HttpResponse(json.dumps(document, ensure_ascii=False), status=problem.status, content_type=PROBLEM_TYPE)
    if problem.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if seconds := problem.message.values.get("seconds"):
        response["Retry-After"] = str(seconds)
    return response


def fault_of(error: dict[str, Any]) -> Fault:
    """One pydantic error as a fault: the field, the value as sent, and what would be accepted."""
    place = ".".join(str(part) for part in error["loc"])
    context = error.get("ctx") or {}
    accepted = None
    if code := ACCEPTED.get(error["type"]):
        accepted = Message(code, {"limit": _limit(context)})
        why: Any = accepted
    else:
        why = str(context.get("error") or error["msg"])
    value = error.get("input")
    return Fault(
        Message("invalid_field", {"field": place, "why": why}),
        field=place,
        value=None if error["type"] == "missing" or isinstance(value, dict | list) else _short(value),
        accepted=accepted,
    )


def _limit(context: dict[str, Any]) -> Any:
    for key in ("ge", "le", "gt", "lt", "min_length", "max_length", "expected", "pattern"):
        if key in context:
            return context[key]
    return ""


def _short(value: Any) -> str | None:
    if value is None:
        return None
    text = str(value).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 200 else f"{text[:200]}…"
