"""The ground under the pages: health, the catalogue of problems, the API's documentation."""

from __future__ import annotations

import os
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from compostnet.shared.texts import catalogue

log = structlog.get_logger(__name__)


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked, so that a slow database restarts nobody."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Whether requests can be served: database, migrations, cache, releases folder; 503 and what is wrong if not."""
    checks = {name: _outcome(name, check) for name, check in CHECKS.items()}
    is_ready = all(outcome == "ok" for outcome in checks.values())
    return JsonResponse(
        {"status": "ok" if is_ready else "not ready", "checks": checks}, status=200 if is_ready else 503
    )


def _outcome(name: str, check: Any) -> str:
    try:
        return check() or "ok"
    except Exception as error:  # whatever it is, the answer is "not ready"; the log has the rest
        log.error("health_check_failed", check=name, exc_info=error)
        return type(error).__name__


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> str | None:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(waiting)} waiting; run migrate" if waiting else None


def _cache() -> str | None:
    value = get_random_string(12)
    cache.set("health", value, 10)
    return None if cache.get("health") is not None else "does not keep what is written"


def _releases() -> str | None:
    folder = settings.RELEASES_DIR
    while not folder.exists():  # made by the first release
        folder = folder.parent
    return None if os.access(folder, os.R_OK | os.X_OK | os.W_OK) else "cannot be read and written"


CHECKS = {"database": _database, "migrations": _migrations, "cache": _cache, "releases": _releases}


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """Every problem the platform can answer with, by code."""
    entries = {code: entry for code, entry in sorted(catalogue().items()) if entry.status}
    return render(request, "shell/problems.html", {"entries": entries})


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """What one problem means: the page behind ``type``."""
    entry = catalogue().get(code)
    if entry is None or not entry.status:
        raise Http404(code)
    return render(request, "shell/problem_kind.html", {"code": code, "entry": entry})


def api_docs(request: HttpRequest, document: dict[str, Any]) -> HttpResponse:
    """Every operation of the OpenAPI document on one plain page of our own."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, details in methods.items():
            body = details.get("requestBody", {}).get("content", {})
            operation = {
                "path": path,
                "method": method.upper(),
                "details": details,
                "scope": details.get("x-scope"),
                "parameters": [
                    {**parameter, "type": type_in_words(parameter["schema"])} for parameter in details["parameters"]
                ],
                "fields": _fields(document, body),
                "body_types": list(body),
                "answers": [{"status": status, **answer} for status, answer in details["responses"].items()],
            }
            for tag in details.get("tags", ["other"]):
                groups.setdefault(tag, []).append(operation)
    return render(request, "shell/api_docs.html", {"document": document, "groups": groups})


def _fields(document: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a request body, with their types in words."""
    for content in body.values():
        schema = content["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        required = schema.get("required", [])
        return [
            {
                "name": name,
                "required": name in required,
                "type": type_in_words(part),
                "description": part.get("description"),
            }
            for name, part in schema.get("properties", {}).items()
        ]
    return []


def type_in_words(schema: dict[str, Any]) -> str:
    """``string (uuid)``, ``array of LedgerIn``, ``integer or null`` for a JSON schema."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(type_in_words(part) for part in schema[key])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {type_in_words(schema.get('items', {}))}"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
