"""Reader of the releases folder: the static files that the public pages, the map and the downloads rest on.

Nothing here touches the database. A release counts as published once ``index.json`` names it; a folder that stands
beside it unnamed (a publisher was cut off) is never shown. What was published never changes, so it is read once.

Layout (written by ``batches.services.releases``)::

    index.json                    {"latest": n, "releases": [{"number", "month", "revision", …}, …]}
    <number>/figures.json         figures of network, provinces, cities, scenarios and sites
    <number>/figures.csv          the same, tidy
    <number>/sites.geojson        the sites with their figures, at their public place
    <number>/manifest.json        SHA-256 and size of each file, method, GWP set, baselines, cut-off, code version
    <number>/manifest.sig         Ed25519 signature over the bytes of manifest.json (batches/impact/signing)
    keys.json                     the public keys that signed, each with its time
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
"""One release in ``index.json``: number, month, revision, status, reason, times, manifest_sha256, headline."""
INDEX = "index.json"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
KEYS = "keys.json"
CONTENT_TYPES = {
    ".json": "application/json; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".geojson": "application/geo+json; charset=utf-8",
    ".sig": "application/json; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".png": "image/png",
    ".pdf": "application/pdf",
}


@dataclass(frozen=True)
class Published:
    """One published release. The dictionaries are shared by all readers of the process: do not change them."""

    number: int
    month: str
    revision: int
    path: Path
    manifest: dict[str, Any] = field(repr=False)

    @cached_property
    def figures(self) -> dict[str, Any]:
        """``figures.json``: masses and gases in tonnes, full precision."""
        return _read(self.path / "figures.json")

    @cached_property
    def sites(self) -> dict[str, Any]:
        """``sites.geojson``: a FeatureCollection in WGS-84, coarsened where a site wishes so; geometry may be null."""
        return _read(self.path / "sites.geojson")

    @property
    def about(self) -> dict[str, Any]:
        """What the release says of itself, without reading its figures."""
        about: dict[str, Any] = self.manifest["release"]
        return about

    @property
    def status(self) -> str:
        """``provisional``, ``final`` or ``restated``; releases made before there were any are provisional."""
        return str(self.about.get("status", "provisional"))

    @property
    def files(self) -> dict[str, dict[str, Any]]:
        """The files that the manifest vouches for: name → {sha256, bytes, content_type}."""
        files: dict[str, dict[str, Any]] = self.manifest["files"]
        return files

    def file(self, name: str) -> Path | None:
        """The path of one of the release's files (manifest and signature included); None for any other name."""
        if name in self.files or name == MANIFEST:
            return self.path / name
        return self.path / name if name == SIGNATURE and (self.path / name).exists() else None


def latest(folder: Path) -> Published | None:
    """The release of the newest month, in its newest revision; None when nothing has been published."""
    entries = index(folder)
    if not entries:
        return None
    return numbered(folder, int(max(entries, key=lambda e: (e["month"], e["revision"]))["number"]))


def latest_of_month(folder: Path, month: str) -> Published | None:
    """The newest revision of a month (``YYYY-MM``)."""
    entries = [entry for entry in index(folder) if entry["month"] == month]
    return numbered(folder, int(max(entries, key=lambda e: int(e["revision"]))["number"])) if entries else None


def numbered(folder: Path, number: int) -> Published | None:
    """The release with a number; None if the index does not name it."""
    if not any(entry["number"] == number for entry in index(folder)):
        return None
    return _load(folder / str(number))


def all_releases(folder: Path) -> list[Published]:
    """Every published release, the newest number first."""
    return [_load(folder / str(number)) for number in sorted((e["number"] for e in index(folder)), reverse=True)]


def index(folder: Path) -> list[Entry]:
    """The entries of ``index.json``; empty when there is none yet."""
    path = folder / INDEX
    try:
        stamp = path.stat()
    except FileNotFoundError:
        return []
    return list(_index(path, stamp.st_mtime_ns, stamp.st_ino))


@lru_cache(maxsize=4)
def _index(path: Path, _mtime_ns: int, _inode: int) -> tuple[dict[str, Any], ...]:
    return tuple(_read(path)["releases"])


def _load(path: Path) -> Published:
    stamp = (path / MANIFEST).stat()
    return _published(path, stamp.st_mtime_ns, stamp.st_ino)


@lru_cache(maxsize=16)
def _published(path: Path, _mtime_ns: int, _inode: int) -> Published:
    manifest = _read(path / MANIFEST)
    release = manifest["release"]
    return Published(
        number=int(release["number"]),
        month=str(release["month"]),
        revision=int(release["revision"]),
        path=path,
        manifest=manifest,
    )


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
