"""What every template can use."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from sites.models import Site


def platform(request: HttpRequest) -> dict[str, Any]:
    """``invented``: the network shown is the demo."""
    return {"invented": Site.objects.filter(is_invented=True).exists()}
