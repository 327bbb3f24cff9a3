"""What later rooms know of sites, for releases: a room that the figures may not import offers it here at start.

The answers are frozen with a release, so that it can be made again whatever the other room says afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

Topic = Literal["product_quality"]
"""``product_quality``: site code → {verdict, because {zh, en}, standard, on}, of the latest published lab report."""
Provider = Callable[[int], Mapping[str, Any]]
_providers: dict[Topic, Provider] = {}


def provide(topic: Topic, provider: Provider) -> None:
    """Say who answers for a topic; called by a room's ``ready``."""
    _providers[topic] = provider


def ask(topic: Topic, month: int) -> Mapping[str, Any]:
    """What is known at the end of a month, by site code; empty where no room answers."""
    provider = _providers.get(topic)
    return provider(month) if provider else {}
