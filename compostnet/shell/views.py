"""Pages that belong to no room: problems, the API's documentation, health."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def api_docs(request: HttpRequest, document: dict[str, Any]) -> HttpResponse:
    """Every operation of the OpenAPI document on one plain page."""
    return render(request, "shell/api_docs.html", {"document": document})
