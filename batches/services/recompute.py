"""A release made again from the database: from what it froze, and the ledger and records as of its cut-off.

Not from the roll-up, which goes on changing, and not from the rules of today: those of then stand in the release's own
``method.json``. The bytes must be the same; where they are not, the first difference is named.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from batches.impact.document.release_files import sha256
from batches.impact.signing.signature import sign
from batches.impact.signing.verifying import verify_folder
from batches.models import Release
from batches.services.freezing import thaw
from batches.services.release_contents import make_files
from batches.services.releases import manifest_of
from batches.services.signing_keys import signing_key
from compostnet.shared.problems import Problem
from compostnet.shared.releases import MANIFEST, SIGNATURE
from compostnet.shared.texts import Message

SHOWN = 60
NEEDED = "figures.json"
"""What a release needs of the one before."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not as published: where (byte, from 0) and what stands around it; None: there is no such file."""

    file: str
    at: int
    published: str | None
    recomputed: str | None


def recompute_files(number: int) -> dict[str, bytes]:
    """Every file of a release, made again. Problem ``not_found`` for a number that was never published."""
    release = Release.objects.filter(number=number).first()
    if release is None:
        raise Problem("not_found", what=Message("thing_release"))
    frozen = thaw(release)
    about: dict[str, Any] = frozen.parts["about"]
    with tempfile.TemporaryDirectory() as spare:
        before = _earlier(about["previous"]["number"], Path(spare)) if about["previous"] else None
        files = make_files(frozen, about, before)
    manifest = manifest_of(about, json.loads(files["figures.json"]), files)
    return {**files, MANIFEST: manifest, SIGNATURE: sign(manifest, signing_key())}


def _earlier(number: int, spare: Path) -> Path:
    """The folder of an earlier release where it is as published, else what it said, made again in ``spare``."""
    folder = Path(settings.RELEASES_DIR) / str(number)
    try:
        manifest, figures = (folder / MANIFEST).read_bytes(), (folder / NEEDED).read_bytes()
    except OSError:
        manifest, figures = b"", b""
    digest = Release.objects.values_list("manifest_sha256", flat=True).get(number=number)
    if sha256(manifest) == digest and json.loads(manifest)["files"][NEEDED]["sha256"] == sha256(figures):
        return folder
    (spare / NEEDED).write_bytes(recompute_files(number)[NEEDED])
    return spare


def check_release(number: int) -> list[Difference]:
    """Every file of a release that is not, byte for byte, what the database and its own rules give."""
    made = recompute_files(number)
    folder = Path(settings.RELEASES_DIR) / str(number)
    there = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} if folder.is_dir() else {}
    if made.get(MANIFEST) == there.get(MANIFEST) and made[SIGNATURE] != there.get(SIGNATURE) and _is_signed(folder):
        there[SIGNATURE] = made[SIGNATURE]  # by a key of then, which is not that of now
    differences = []
    for name in sorted(made.keys() | there.keys()):
        one, other = there.get(name), made.get(name)
        if one != other:
            at = first_difference(one or b"", other or b"")
            differences.append(Difference(name, at, _around(one, at), _around(other, at)))
    return differences


def _is_signed(folder: Path) -> bool:
    return any(check.code == "signature" and check.ok for check in verify_folder(folder))


def first_difference(one: bytes, other: bytes) -> int:
    """The first byte at which two contents differ."""
    step, at = 4096, 0
    while at < min(len(one), len(other)) and one[at : at + step] == other[at : at + step]:
        at += step
    while at < min(len(one), len(other)) and one[at] == other[at]:
        at += 1
    return min(at, len(one), len(other))


def _around(content: bytes | None, at: int) -> str | None:
    if content is None:
        return None
    return content[max(0, at - SHOWN // 2) : at + SHOWN].decode("utf-8", errors="replace")
