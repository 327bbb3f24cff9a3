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

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from compostnet.shared.problems import Problem

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

MOST_BYTES = 2**30
"""Of a file that is read whole; 10,000 sites over twenty years stay below a tenth of it."""
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading a file raises that is missing, altered or no JSON of the right shape."""


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
        return self._read("figures.json")

    @cached_property
    def sites(self) -> dict[str, Any]:
        """``sites.geojson``: a FeatureCollection in WGS-84, coarsened where a site wishes so; geometry may be null."""
        return self._read("sites.geojson")

    def _read(self, name: str) -> dict[str, Any]:
        """A file, which must be what was published: else Problem ``release_damaged``, and nothing of it is shown."""
        try:
            vouched = self.files.get(name, {})
            return _parsed(self.path / name, vouched.get("sha256"), vouched.get("bytes"))
        except UNREADABLE as error:
            raise Problem("release_damaged", number=self.number) from error

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
        """The path of one of the release's files (manifest and signature included); None for any other name.

        None, too, where it is not a file of this very folder: whatever the manifest may name, nothing outside is read.
        """
        if name not in self.files and name not in (MANIFEST, SIGNATURE):
            return None
        path = self.path / name
        return path if path.parent == self.path and name != ".." and is_own_file(path) else None


def is_own_file(path: Path) -> bool:
    """Whether a file stands here itself: no folder, no pipe, and no link to something elsewhere."""
    return path.is_file() and not path.is_symlink()


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
    return next((_load(folder, entry) for entry in index(folder) if entry["number"] == number), None)


def all_releases(folder: Path) -> list[Published]:
    """Every published release, the newest number first."""
    return [_load(folder, entry) for entry in sorted(index(folder), key=lambda e: -int(e["number"]))]


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
    try:
        entries = tuple(_parsed(path)["releases"])
        for entry in entries:
            int(entry["number"]), str(entry["month"]), int(entry["revision"])
    except UNREADABLE as error:
        raise Problem("release_list_damaged") from error
    return entries


def _load(folder: Path, entry: Entry) -> Published:
    path = folder / str(entry["number"])
    try:
        stamp = (path / MANIFEST).stat()
        return _published(path, entry.get("manifest_sha256"), stamp.st_mtime_ns, stamp.st_ino)
    except UNREADABLE as error:
        raise Problem("release_damaged", number=path.name) from error


@lru_cache(maxsize=16)
def _published(path: Path, digest: str | None, _mtime_ns: int, _inode: int) -> Published:
    manifest = _parsed(path / MANIFEST, digest)
    release = manifest["release"]
    return Published(
        number=int(release["number"]),
        month=str(release["month"]),
        revision=int(release["revision"]),
        path=path,
        manifest=manifest,
    )


def _parsed(path: Path, digest: str | None = None, size: int | None = None) -> dict[str, Any]:
    """A file of JSON of the SHA-256 and size, where they are known; else one of the errors ``UNREADABLE``."""
    found_size = path.stat().st_size
    if path.is_symlink() or found_size > MOST_BYTES or (digest is not None and size not in (None, found_size)):
        raise ValueError(f"{path.name} is a link, or not what was published")
    content = path.read_bytes()
    if digest is not None and hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"{path.name} is not what was published")
    found = json.loads(content)
    if not isinstance(found, dict):
        raise TypeError(f"{path.name} is no object")
    return found
