"""The releases folder on disk: a release is there whole or not at all, even when the plug is pulled."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

from batches.impact.document.release_files import canonical
from batches.models import Release
from compostnet.shared.months import month_text
from compostnet.shared.releases import INDEX, MANIFEST


def write_folder(folder: Path, name: str, files: dict[str, bytes]) -> None:
    """Write files into ``folder/name`` so that it is there whole or not at all, even when the plug is pulled."""
    temporary = folder / f".writing-{uuid4().hex}"
    temporary.mkdir()
    for file_name, content in files.items():
        _write(temporary / file_name, content)
    _sync_folder(temporary)
    temporary.rename(folder / name)
    _sync_folder(folder)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def tidy(folder: Path) -> None:
    """Clear away what a publisher that was cut off left: half-written folders, and folders without a release.

    Holds only under the lock. A folder without a release is set aside, not deleted: it was never public.
    """
    known = {str(number) for number in Release.objects.values_list("number", flat=True)}
    for path in folder.iterdir():
        if path.name.startswith(".writing-"):
            shutil.rmtree(path)
        elif path.name.startswith(".putting-"):
            path.unlink()
        elif path.name.isdigit() and path.name not in known:
            path.rename(folder / f".set-aside-{path.name}-{uuid4().hex[:8]}")


def put_file(folder: Path, name: str, content: bytes) -> None:
    """Write or replace one file of the folder: a reader sees the old one or the new one, whole."""
    temporary = folder / f".putting-{uuid4().hex}"
    _write(temporary, content)
    temporary.replace(folder / name)
    _sync_folder(folder)


def write_index(folder: Path) -> None:
    """Write ``index.json`` from the releases of the database; until it names a release, nobody sees it."""
    entries = [
        _entry(release, folder / str(release.number) / MANIFEST)
        for release in Release.objects.order_by("number")
        if (folder / str(release.number) / MANIFEST).exists()
    ]
    newest = max(entries, key=lambda e: (e["month"], e["revision"]), default=None)
    put_file(folder, INDEX, canonical({"latest": newest["number"] if newest else None, "releases": entries}))


def _entry(release: Release, manifest: Path) -> dict[str, Any]:
    """What the index says of a release: enough for lists and feeds."""
    document = json.loads(manifest.read_text(encoding="utf-8"))
    about = document["release"]
    return {
        "number": release.number,
        "month": month_text(release.month),
        "revision": release.revision,
        "status": release.status,
        "reason": about.get("reason"),
        "method": release.method,
        "gwp": release.gwp,
        "created_at": about["created_at"],
        "cut_off": release.cut_off.isoformat(),
        "manifest_sha256": release.manifest_sha256,
        "headline": document.get("headline"),
        "invented": about.get("invented", False),
    }
