"""Fixtures of the room."""

from __future__ import annotations

import pytest

from batches.services import release_contents


@pytest.fixture
def undrawn(monkeypatch):
    """Releases without their drawings, which take most of the time: for tests of what happens around the files."""
    monkeypatch.setattr(release_contents, "map_png", lambda *args, **options: b"\x89PNG")
    monkeypatch.setattr(release_contents, "network_report", lambda *args, **options: b"%PDF-1.7")
