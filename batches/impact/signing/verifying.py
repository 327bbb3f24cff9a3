"""A release in a folder, checked from its files alone: on the server, or wherever somebody has downloaded it to.

Reads files and nothing else: no Django, no database, no clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from batches.impact.signing.signature import Check, Key, Measured, keys_of, verify
from compostnet.shared.releases import INDEX, KEYS, MANIFEST, SIGNATURE
from compostnet.shared.texts import Message


def verify_folder(folder: Path, *, keys: Path | None = None) -> list[Check]:
    """Every check of a release's folder.

    ``keys``: a ``keys.json`` to trust; without it the one beside the folder is taken, where there is one. The release
    before it and ``index.json`` are looked for beside the folder, too.
    """
    manifest, signature = _bytes(folder / MANIFEST), _bytes(folder / SIGNATURE)
    present = {
        path.name: measure(path)
        for path in folder.iterdir()
        if path.is_file() and path.name not in (MANIFEST, SIGNATURE) and not path.name.startswith(".")
    }
    before = _before(folder, manifest)
    checks = verify(manifest, signature, present, keys=read_keys(keys or folder.parent / KEYS), before=before)
    if manifest is None or not any(check.code == "manifest" and check.ok for check in checks):
        return checks
    return [*checks, *_figures(folder, manifest), *_index(folder.parent / INDEX, manifest)]


def measure(path: Path) -> Measured:
    """SHA-256 and size of a file, read in pieces."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Measured(digest, path.stat().st_size)


def read_keys(path: Path) -> Sequence[Key] | None:
    """The keys of a ``keys.json``; None where there is none that can be read."""
    try:
        return keys_of(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _before(folder: Path, manifest: bytes | None) -> bytes | None:
    """The manifest of the release that this one names as previous, if it stands beside it."""
    try:
        number = int(json.loads(manifest or b"")["release"]["previous"]["number"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return _bytes(folder.parent / str(number) / MANIFEST)


def _figures(folder: Path, manifest: bytes) -> list[Check]:
    """Whether the figures bear what the manifest says of them."""
    document, content = json.loads(manifest), _bytes(folder / "figures.json")
    if content is None:
        return []
    try:
        figures = json.loads(content)
        same = figures["release"] == document["release"] and _agrees(document.get("headline"), figures["network"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        same = False
    return [Check("figures", same, Message("verify_figures_agree" if same else "verify_figures_disagree"))]


def _agrees(headline: dict[str, Any] | None, network: dict[str, Any]) -> bool:
    spans = (headline or {}).items()
    return all(network[span].get(name) == value for span, figure in spans for name, value in figure.items())


def _index(path: Path, manifest: bytes) -> list[Check]:
    """Whether the list of releases beside the folder, if there is one, names this very manifest."""
    content = _bytes(path)
    if content is None:
        return []
    about = json.loads(manifest)["release"]
    try:
        entries = [entry for entry in json.loads(content)["releases"] if entry["number"] == about["number"]]
        same = [entry["manifest_sha256"] for entry in entries] == [hashlib.sha256(manifest).hexdigest()]
    except (ValueError, KeyError, TypeError):
        same = False
    return [Check("index", same, Message("verify_index_agrees" if same else "verify_index_disagrees"))]
