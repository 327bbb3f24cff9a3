"""What every template can use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from sites.models import Site


def platform(request: HttpRequest) -> dict[str, Any]:
    """``invented``: the network shown is the demo; ``tile_server``: address of map tiles or empty."""
    return {
        "invented": Site.objects.filter(is_invented=True).exists(),
        "tile_server": settings.TILE_SERVER,
    }
