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
from compostnet.shared.releases import INDEX, KEYS, MANIFEST, SIGNATURE, is_own_file
from compostnet.shared.texts import Message

MOST_BYTES = 64 * 2**20
"""Of manifest, signature, list and keys; what is larger is none of ours and is not read."""


def verify_folder(folder: Path, *, keys: Path | None = None) -> list[Check]:
    """Every check of a release's folder.

    ``keys``: a ``keys.json`` to trust; without it the one beside the folder is taken, where there is one. The release
    before it and ``index.json`` are looked for beside the folder, too.
    """
    manifest, signature = _bytes(folder / MANIFEST), _bytes(folder / SIGNATURE)
    said = _sizes(manifest)
    present = {
        path.name: measure(path, said.get(path.name))
        for path in sorted(folder.iterdir())
        # What is no file of the folder itself counts as missing where the manifest lists it, else as too much.
        if path.name not in (MANIFEST, SIGNATURE) and (is_own_file(path) or path.name not in said)
    }
    before = _before(folder, manifest)
    checks = verify(manifest, signature, present, keys=read_keys(keys or folder.parent / KEYS), before=before)
    if manifest is None or not any(check.code == "manifest" and check.ok for check in checks):
        return checks
    # Figures that are not as signed are told above; only those that are can bear what the manifest says.
    intact = any(check.code == "file:figures.json" and check.ok for check in checks)
    told = _figures(folder, manifest) if intact else []
    return [*checks, *told, *_place(folder, manifest), *_index(folder.parent / INDEX, manifest)]


def measure(path: Path, said: Any) -> Measured:
    """SHA-256 and size of a file, read in pieces; without the SHA-256 where the size is not the one that was ``said``.

    So neither a file that was blown up nor one that nobody vouches for is read.
    """
    size = path.lstat().st_size
    if size != said:
        return Measured("", size)
    with path.open("rb") as file:
        return Measured(hashlib.file_digest(file, "sha256").hexdigest(), size)


def _sizes(manifest: bytes | None) -> dict[str, Any]:
    """The sizes that a manifest tells of its files, as far as it is one."""
    try:
        return {name: vouched["bytes"] for name, vouched in json.loads(manifest or b"")["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def read_keys(path: Path) -> Sequence[Key] | None:
    """The keys of a ``keys.json``; None where there is no such file, no key at all where it cannot be read."""
    if not path.exists():
        return None
    try:
        return keys_of(json.loads(_bytes(path) or b""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _bytes(path: Path) -> bytes | None:
    """A small file of the folder itself; None where there is none."""
    try:
        return path.read_bytes() if is_own_file(path) and path.stat().st_size <= MOST_BYTES else None
    except OSError:
        return None


def _before(folder: Path, manifest: bytes | None) -> bytes | None:
    """The manifest of the release that this one names as previous, if it stands beside it."""
    try:
        number = int(json.loads(manifest or b"")["release"]["previous"]["number"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return _bytes(folder.parent / str(number) / MANIFEST)


def _figures(folder: Path, manifest: bytes) -> list[Check]:
    """Whether the figures bear what the manifest says of them."""
    document = json.loads(manifest)
    try:
        figures = json.loads((folder / "figures.json").read_bytes())
        same = figures["release"] == document["release"] and _agrees(document.get("headline"), figures["network"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        same = False
    return [Check("figures", same, Message("verify_figures_agree" if same else "verify_figures_disagree"))]


def _agrees(headline: dict[str, Any] | None, network: dict[str, Any]) -> bool:
    spans = (headline or {}).items()
    return all(network[span].get(name) == value for span, figure in spans for name, value in figure.items())


def _place(folder: Path, manifest: bytes) -> list[Check]:
    """Whether a folder that bears a number holds the release of that number, and not another one's signed files."""
    number = json.loads(manifest)["release"]["number"]
    if not (folder.name.isascii() and folder.name.isdigit()) or folder.name == str(number):
        return []
    return [Check("place", False, Message("verify_other_release", {"folder": folder.name, "number": number}))]


def _index(path: Path, manifest: bytes) -> list[Check]:
    """Whether the list of releases beside the folder, if there is one, names this very manifest."""
    content = _bytes(path)
    if content is None:
        return []
    about = json.loads(manifest)["release"]
    try:
        entries = [entry for entry in json.loads(content)["releases"] if entry["number"] == about["number"]]
        same = [entry["manifest_sha256"] for entry in entries] == [hashlib.sha256(manifest).hexdigest()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        same = False
    return [Check("index", same, Message("verify_index_agrees" if same else "verify_index_disagrees"))]
