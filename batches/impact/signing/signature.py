"""Signature and chain of releases. Pure: no Django, no database, no clock; bytes in, bytes or checks out.

The manifest of a release (``manifest.json``, canonical JSON of RFC 8785) names the SHA-256 and size of every file and,
in ``release.previous``, the SHA-256 of the manifest before it. ``manifest.sig`` is an Ed25519 signature (RFC 8032) over
the exact bytes of the manifest. So one signature covers every value of every file, however deeply nested, and every
release before it. docs/releases.md says how to check it without our code; docs/vectors/release-vector.json is a test
vector for it.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from compostnet.shared.texts import Message

ALGORITHM = "Ed25519"
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
DIGEST = re.compile(r"[0-9a-f]{64}")
MOST_SAFE = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: ``ok`` is True, False, or None where it cannot be told from what is there."""

    code: str
    ok: bool | None
    why: Message

    def as_json(self, language: str) -> dict[str, Any]:
        """The check as commands and the API print it."""
        return {"check": self.code, "ok": self.ok, "detail": self.why.render(language)}


@dataclass(frozen=True, slots=True)
class Measured:
    """SHA-256 (hexadecimal) and size in bytes of a file as it is found."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of the platform: 32 bytes, and from when to when (ISO 8601) it signed."""

    public: bytes
    valid_from: str
    valid_until: str | None

    @property
    def id(self) -> str:
        return key_id(self.public)


def key_id(public: bytes) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a public key."""
    return hashlib.sha256(public).hexdigest()[:16]


def private_key(text: str) -> Ed25519PrivateKey:
    """A private key from PEM (PKCS #8) or from the base64 of its 32 bytes. Raises ValueError for anything else."""
    text = text.strip()
    if text.startswith("-----BEGIN"):
        key = load_pem_private_key(text.encode(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the signing key is no Ed25519 key")
        return key
    try:
        seed = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("the signing key is neither PEM nor base64") from error
    if len(seed) != 32:
        raise ValueError(f"the signing key has {len(seed)} bytes; Ed25519 has 32")
    return Ed25519PrivateKey.from_private_bytes(seed)


def private_pem(key: Ed25519PrivateKey) -> str:
    """A private key as PEM (PKCS #8), to be kept."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public key that belongs to a private one."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_pem(public: bytes) -> str:
    """A public key as PEM, as ``openssl pkeyutl -verify -rawin`` reads it."""
    key = Ed25519PublicKey.from_public_bytes(public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_record(key: Key) -> dict[str, Any]:
    """A public key as ``keys.json`` lists it."""
    return {
        "key_id": key.id,
        "algorithm": ALGORITHM,
        "public_key": base64.b64encode(key.public).decode(),
        "pem": public_pem(key.public),
        "valid_from": key.valid_from,
        "valid_until": key.valid_until,
    }


def keys_of(document: Mapping[str, Any]) -> list[Key]:
    """The keys of a ``keys.json``. Raises ValueError or KeyError when it is not one."""
    keys = [
        Key(base64.b64decode(one["public_key"], validate=True), str(one["valid_from"]), one["valid_until"])
        for one in document["keys"]
    ]
    if any(len(key.public) != 32 for key in keys):
        raise ValueError("a key is no Ed25519 key")
    return keys


def sign(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """``manifest.sig`` for a manifest. The same key and manifest always give the same bytes."""
    public = public_bytes(key)
    return rfc8785.dumps(
        {
            "signs": "manifest.json",
            "algorithm": ALGORITHM,
            "key_id": key_id(public),
            "public_key": base64.b64encode(public).decode(),
            "signature": base64.b64encode(key.sign(manifest)).decode(),
        }
    )


def is_canonical(content: bytes) -> bool:
    """Whether JSON is in the one form of RFC 8785: keys in order, numbers in their shortest form, nothing twice."""
    try:
        return rfc8785.dumps(json.loads(content, parse_int=_whole)) == content
    except (ValueError, OverflowError, rfc8785.CanonicalizationError, RecursionError):
        return False


def _whole(text: str) -> int | float:
    """A number without point: beyond what a double keeps exactly it is a double, as everywhere in RFC 8785."""
    value = int(text)
    return value if abs(value) <= MOST_SAFE else float(value)


def verify(
    manifest: bytes | None,
    signature: bytes | None,
    present: Mapping[str, Measured],
    *,
    keys: Sequence[Key] | None,
    before: bytes | None,
) -> list[Check]:
    """Everything that can be checked of one release.

    ``present``: every file of the folder but manifest and signature. ``keys``: the platform's (None: not at hand).
    ``before``: the manifest of the release that it names as previous (None: not at hand).
    """
    about = _about(manifest)
    if manifest is None or about is None:
        return [
            _check("manifest", False, "verify_manifest_missing" if manifest is None else "verify_manifest_unreadable")
        ]
    document = json.loads(manifest)
    return [
        _check("manifest", True, "verify_manifest_read", files=len(document["files"])),
        _canonical(manifest),
        *_signature(manifest, signature, keys, str(about["created_at"])),
        *_files(document["files"], present),
        _chain(about, before),
        _coherent(about),
    ]


def passed(checks: Sequence[Check]) -> bool:
    """Whether nothing failed and the signature itself was checked."""
    return all(check.ok is not False for check in checks) and any(c.code == "signature" and c.ok for c in checks)


def _check(code: str, ok: bool | None, message: str, **values: Any) -> Check:
    return Check(code, ok, Message(message, values))


def _about(manifest: bytes | None) -> dict[str, Any] | None:
    """What a manifest says of its release, if it has the shape of a manifest."""
    try:
        document = json.loads(manifest or b"")
        about, files = document["release"], document["files"]
        if (
            isinstance(about, dict)
            and all(key in about for key in ("number", "month", "revision", "created_at"))
            and all({"sha256", "bytes"} <= vouched.keys() for vouched in files.values())
        ):
            found: dict[str, Any] = about
            return found
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        pass
    return None


def _canonical(manifest: bytes) -> Check:
    if is_canonical(manifest):
        return _check("canonical", True, "verify_canonical")
    return _check("canonical", False, "verify_not_canonical")


def _signature(manifest: bytes, signature: bytes | None, keys: Sequence[Key] | None, made: str) -> list[Check]:
    if signature is None:
        return [_check("signature", False, "verify_signature_missing")]
    try:
        found = json.loads(signature)
        public = base64.b64decode(found["public_key"], validate=True)
        value = base64.b64decode(found["signature"], validate=True)
        named, algorithm = str(found["key_id"]), str(found["algorithm"])
        key = Ed25519PublicKey.from_public_bytes(public)
    except (ValueError, KeyError, TypeError, RecursionError):
        return [_check("signature", False, "verify_signature_unreadable")]
    if algorithm != ALGORITHM or named != key_id(public):
        return [_check("signature", False, "verify_signature_unreadable")]
    try:
        key.verify(value, manifest)
        checks = [_check("signature", True, "verify_signature_holds", key=named)]
    except InvalidSignature:
        checks = [_check("signature", False, "verify_signature_broken", key=named)]
    return [*checks, _known(public, keys, made)]


def _known(public: bytes, keys: Sequence[Key] | None, made: str) -> Check:
    name = key_id(public)
    if keys is None:
        return _check("key", None, "verify_key_not_compared", key=name)
    mine = [key for key in keys if key.public == public]
    if not mine:
        return _check("key", False, "verify_key_unknown", key=name)
    if any(_was_valid(key, made) for key in mine):
        return _check("key", True, "verify_key_known", key=name)
    return _check("key", False, "verify_key_not_valid_then", key=name, day=made[:10])


def _was_valid(key: Key, made: str) -> bool:
    try:
        at = dt.datetime.fromisoformat(made)
        until = dt.datetime.fromisoformat(key.valid_until) if key.valid_until else at
        return dt.datetime.fromisoformat(key.valid_from) <= at <= until
    except (ValueError, TypeError):
        return False


def _files(vouched: Mapping[str, Any], present: Mapping[str, Measured]) -> list[Check]:
    checks = []
    for name, said in sorted(vouched.items()):
        code, found = f"file:{name}", present.get(name)
        if found is None:
            checks.append(_check(code, False, "verify_file_missing", name=name))
        elif found.size != said["bytes"]:
            checks.append(_check(code, False, "verify_file_size", name=name, said=said["bytes"], found=found.size))
        elif found.sha256 != said["sha256"]:
            checks.append(_check(code, False, "verify_file_changed", name=name))
        else:
            checks.append(_check(code, True, "verify_file_holds", name=name))
    extra = sorted(present.keys() - vouched.keys())
    if extra:
        checks.append(_check("extra", False, "verify_files_extra", names=extra))
    else:
        checks.append(_check("extra", True, "verify_files_complete"))
    return checks


def _chain(about: Mapping[str, Any], before: bytes | None) -> Check:
    previous, number = about.get("previous"), about["number"]
    if previous is None:
        if number == 1:
            return _check("chain", True, "verify_chain_first")
        return _check("chain", False, "verify_chain_missing")
    named = previous.get("number") if isinstance(previous, dict) else None
    if before is None:
        return _check("chain", None, "verify_chain_not_at_hand", number=named if named is not None else "?")
    if named is None or previous.get("manifest_sha256") != hashlib.sha256(before).hexdigest():
        return _check("chain", False, "verify_chain_broken", number=named if named is not None else "?")
    earlier = _about(before)
    if earlier is None or earlier["number"] != named:
        return _check("chain", False, "verify_chain_broken", number=named)
    return _check("chain", True, "verify_chain_holds", number=named)


def _coherent(about: Mapping[str, Any]) -> Check:
    """Number, month, revision and times say something that can be true."""
    number, revision, month = about["number"], about["revision"], about["month"]
    previous = about.get("previous")
    whole = all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= MOST_SAFE for n in (number, revision))
    ok = (
        whole
        and number >= 1
        and revision < number
        and isinstance(month, str)
        and MONTH.fullmatch(month) is not None
        and str(about["created_at"])[:7] >= month
        and (previous is None or (isinstance(previous, dict) and previous.get("number") == number - 1))
    )
    return _check("coherent", ok, "verify_coherent" if ok else "verify_incoherent", number=number, month=month)
