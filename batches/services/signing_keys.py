"""The key that signs releases: from the environment, or a file of the data folder that is made at first use."""

from __future__ import annotations

import json
import os
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from batches.impact.document.release_files import canonical
from batches.impact.signing.signature import Key, key_record, keys_of, private_key, private_pem
from batches.services.release_folder import put_file
from compostnet.shared.problems import Problem
from compostnet.shared.releases import KEYS


def signing_key() -> Ed25519PrivateKey:
    """The key in use. Problem ``signing_key_unreadable`` when what is given is no Ed25519 key."""
    if settings.SIGNING_KEY:
        text, source = settings.SIGNING_KEY, "COMPOSTNET_SIGNING_KEY"
    else:
        path = Path(settings.SIGNING_KEY_FILE)
        if not path.exists():
            _make(path)
        text, source = path.read_text(encoding="ascii", errors="replace"), path.name
    try:
        return private_key(text)
    except ValueError as error:
        raise Problem("signing_key_unreadable", source=source) from error


def _make(path: Path) -> None:
    """A new key in a file that only its owner reads; of two processes that make one at once, the first one's stays."""
    temporary = path.with_name(f".{path.name}-{uuid4().hex}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(private_pem(Ed25519PrivateKey.generate()))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()


def register_key(folder: Path, public: bytes, at: str) -> None:
    """Write into ``keys.json`` that a key signs from ``at`` on; the one that signed until then ends there."""
    path = folder / KEYS
    keys = keys_of(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []
    if keys and keys[-1].public == public and keys[-1].valid_until is None:
        return
    ended = [key if key.valid_until else Key(key.public, key.valid_from, at) for key in keys]
    put_file(folder, KEYS, canonical({"keys": [key_record(key) for key in [*ended, Key(public, at, None)]]}))
