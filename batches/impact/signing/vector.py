"""The published test vector of signed releases (docs/vectors/release-vector.json), for anyone's own implementation.

``python -m batches.impact.signing.vector`` prints it. A small release signed with a known key, and altered copies of
it: in each one thing is different, and the vector says which checks must then fail. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import sys
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from batches.impact.signing.signature import Key, key_record, private_key, public_bytes, sign
from compostnet.shared.releases import MANIFEST, SIGNATURE

SEED = bytes(range(32))
OTHER_SEED = bytes(range(32, 64))
DAY = "2024-06-03T02:00:00+00:00"
NOTE = (
    "files holds a whole release: manifest, signature, and the files that the manifest vouches for, as UTF-8 text. "
    "keys is what the platform publishes as keys.json. The signature is Ed25519 (RFC 8032) over the exact bytes of "
    "manifest.json, which is canonical JSON (RFC 8785). Every entry of altered replaces the named files in files; "
    "fails lists the checks that must fail then, and no others may: signature (the signature does not hold), canonical "
    "(the manifest is not canonical JSON), file (size or SHA-256 of a file is not the manifest's), extra (a file that "
    "the manifest does not list), key (the signing key is none of keys), chain (release.previous does not fit before)."
)


def figures(diverted: float = 12.25, depth: str = "kitchen waste, weighed", kg: float = 1e-7) -> dict[str, Any]:
    """Figures with values at every depth: numbers of all kinds, Chinese, keys that do not come in order."""
    return {
        "release": about(),
        "network": {"month": {"diverted_t": diverted, "ch4_avoided_t": None, "net_co2e_t": -0.5}},
        "sites": [
            {"code": "b-2", "name_zh": "溧水二号堆肥点", "series": [0, 1.5, None, 333333333.33333329, 1e30, 4.5e-7]},
            {"code": "a-1", "months": {"2024-05": {"streams": [{"notes": {"deep": {"deeper": depth}}, "kg": kg}]}}},
        ],
    }


def about(month: str = "2024-05") -> dict[str, Any]:
    """What the release says of itself."""
    return {
        "number": 2,
        "month": month,
        "revision": 0,
        "status": "provisional",
        "created_at": DAY,
        "cut_off": DAY,
        "citation": {"zh": "堆肥网，2024-05", "en": "compostnet, 2024-05"},
        "previous": {"number": 1, "manifest_sha256": _digest(before())},
    }


def before() -> bytes:
    """The manifest of the release before it."""
    release = {"number": 1, "month": "2024-04", "revision": 0, "created_at": DAY, "cut_off": DAY, "previous": None}
    return _canonical({"schema": 2, "release": release, "files": {}})


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def manifest(content: bytes, **changes: Any) -> dict[str, Any]:
    """The manifest as a document."""
    vouched = {"sha256": _digest(content), "bytes": len(content), "content_type": "application/json; charset=utf-8"}
    return {"schema": 2, "release": about() | changes, "files": {"figures.json": vouched}}


def make_vector() -> dict[str, Any]:
    """The whole vector."""
    key = private_key(base64.b64encode(SEED).decode())
    content = _canonical(figures())
    signed = _canonical(manifest(content))
    signature = sign(signed, key)
    public = Key(public_bytes(key), "2024-01-01T00:00:00+00:00", None)

    def altered(name: str, fails: list[str], **files: bytes) -> dict[str, Any]:
        named = {file.replace("_", "."): data.decode() for file, data in files.items()}
        return {"name": name, "fails": fails, "files": named}

    reordered = json.dumps(dict(reversed(json.loads(signed).items())), ensure_ascii=False, separators=(",", ":"))
    deep = _canonical(figures(depth="kitchen waste, estimated"))
    small = _canonical(figures(kg=math.nextafter(1e-7, 1)))
    moved = json.loads(content)
    moved["network"]["month"] = dict(reversed(moved["network"]["month"].items()))
    vouched_again = _canonical(manifest(deep))
    elsewhere = _canonical({**json.loads(signature), "signature": base64.b64encode(bytes(64)).decode()})
    stranger = Ed25519PrivateKey.from_private_bytes(OTHER_SEED)
    broken = _canonical(manifest(content, previous={"number": 1, "manifest_sha256": "0" * 64}))
    month = _canonical(manifest(content, month="2024-04"))
    return {
        "about": NOTE,
        "seed_hex": SEED.hex(),
        "keys": {"keys": [key_record(public)]},
        "before": before().decode(),
        "files": {MANIFEST: signed.decode(), SIGNATURE: signature.decode(), "figures.json": content.decode()},
        "altered": [
            altered("a text five levels down in figures.json", ["file"], figures_json=deep),
            altered("a float of figures.json by the last bit", ["file"], figures_json=small),
            altered("the keys of an object of figures.json in another order", ["file"], figures_json=_compact(moved)),
            altered("a nested value of the manifest", ["signature"], manifest_json=month),
            altered(
                "a text five levels down, and its new SHA-256 in the manifest",
                ["signature"],
                figures_json=deep,
                manifest_json=vouched_again,
            ),
            altered(
                "the keys of the manifest in another order",
                ["canonical", "signature"],
                manifest_json=reordered.encode(),
            ),
            altered("a space behind the manifest", ["canonical", "signature"], manifest_json=signed + b" "),
            altered("a signature of zeros", ["signature"], manifest_sig=elsewhere),
            altered("signed by another key", ["key"], manifest_sig=sign(signed, stranger)),
            altered("a file more", ["extra"], notes_txt=b"unsigned"),
            altered(
                "another release before it, signed anew",
                ["chain"],
                manifest_json=broken,
                manifest_sig=sign(broken, key),
            ),
        ],
    }


def _canonical(document: Any) -> bytes:
    return rfc8785.dumps(document)


def _compact(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def text() -> str:
    """The vector as it is published."""
    return json.dumps(make_vector(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
