"""Signed releases: the published vector, independent of our code where it can be; every altered bit is found."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.impact.signing import vector as signing_vector
from batches.impact.signing.signature import (
    Key,
    Measured,
    is_canonical,
    key_id,
    keys_of,
    passed,
    private_key,
    private_pem,
    public_bytes,
    public_pem,
    sign,
    verify,
)
from tests.conftest import ROOT

PUBLISHED = ROOT / "docs" / "vectors" / "release-vector.json"
VECTOR = json.loads(PUBLISHED.read_text(encoding="utf-8"))
KEY = private_key(base64.b64encode(bytes.fromhex(VECTOR["seed_hex"])).decode())


def checked(files, *, keys=None, before=None):
    """The checks of a release given as texts by file name."""
    content = {name: text.encode() for name, text in files.items()}
    manifest, signature = content.pop("manifest.json", None), content.pop("manifest.sig", None)
    present = {name: Measured(hashlib.sha256(data).hexdigest(), len(data)) for name, data in content.items()}
    keys = keys_of(VECTOR["keys"]) if keys is None else keys
    before = VECTOR["before"].encode() if before is None else before
    return verify(manifest, signature, present, keys=keys, before=before)


def failing(checks):
    return sorted({check.code.partition(":")[0] for check in checks if check.ok is False})


def test_the_published_vector_is_what_the_code_makes():
    assert PUBLISHED.read_text(encoding="utf-8") == signing_vector.text()


def test_the_vector_holds_without_any_code_of_ours():
    """RFC 8032 by the general library, RFC 8785 by the package, SHA-256 by the standard library."""
    files = VECTOR["files"]
    signature = json.loads(files["manifest.sig"])
    public = base64.b64decode(VECTOR["keys"]["keys"][0]["public_key"])
    assert base64.b64decode(signature["public_key"]) == public
    assert public == Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().public_bytes_raw()
    Ed25519PublicKey.from_public_bytes(public).verify(
        base64.b64decode(signature["signature"]), files["manifest.json"].encode()
    )
    manifest = json.loads(files["manifest.json"])
    assert rfc8785.dumps(manifest).decode() == files["manifest.json"]
    vouched = manifest["files"]["figures.json"]
    assert hashlib.sha256(files["figures.json"].encode()).hexdigest() == vouched["sha256"]
    assert manifest["release"]["previous"]["manifest_sha256"] == hashlib.sha256(VECTOR["before"].encode()).hexdigest()


def test_our_checks_pass_the_vector():
    checks = checked(VECTOR["files"])
    assert failing(checks) == []
    assert passed(checks)
    assert [check.code for check in checks if check.ok is None] == []
    assert {check.why.render("en") for check in checks} and {check.why.render("zh") for check in checks}


@pytest.mark.parametrize("altered", VECTOR["altered"], ids=lambda one: one["name"])
def test_every_altered_copy_fails_where_the_vector_says(altered):
    files = {**VECTOR["files"], **altered["files"]}
    assert files != VECTOR["files"]
    checks = checked(files)
    assert failing(checks) == sorted(altered["fails"])
    assert not passed(checks)


def test_a_nested_change_that_keeps_size_and_checksums_in_step_still_breaks_the_signature():
    """What signing only the top-level keys would let through."""
    one = next(a for a in VECTOR["altered"] if a["name"].startswith("a text five levels down, and its new"))
    figures = json.loads(one["files"]["figures.json"])
    assert figures.keys() == json.loads(VECTOR["files"]["figures.json"]).keys()
    manifest = json.loads(one["files"]["manifest.json"])
    assert manifest.keys() == json.loads(VECTOR["files"]["manifest.json"]).keys()
    assert (
        manifest["files"]["figures.json"]["sha256"] == hashlib.sha256(one["files"]["figures.json"].encode()).hexdigest()
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(document=JSON, bit=st.integers(0, 10**6))
@settings(max_examples=60)
def test_any_flipped_bit_of_a_manifest_is_found(document, bit):
    about = {"number": 1, "month": "2024-05", "revision": 0, "created_at": signing_vector.DAY, "previous": None}
    manifest = rfc8785.dumps({"release": {**about, "more": document}, "files": {}})
    signature = sign(manifest, KEY)
    assert sign(manifest, KEY) == signature
    assert is_canonical(manifest)
    assert passed(verify(manifest, signature, {}, keys=keys_of(VECTOR["keys"]), before=None))
    broken = bytearray(manifest)
    broken[bit // 8 % len(manifest)] ^= 1 << bit % 8
    assert not passed(verify(bytes(broken), signature, {}, keys=keys_of(VECTOR["keys"]), before=None))


@given(content=st.binary(max_size=60) | JSON.map(lambda d: json.dumps(d).encode()), signature=st.none() | st.binary())
@settings(max_examples=100)
def test_anything_at_all_is_answered_with_checks(content, signature):
    checks = verify(content, signature, {}, keys=[], before=content)
    assert checks
    assert not passed(checks)


@pytest.mark.parametrize(
    ("made", "ok"),
    [
        ("2024-06-03T02:00:00+00:00", True),
        ("2024-06-03T02:00:00.000001+00:00", True),
        ("2023-12-31T23:59:59+00:00", False),
        ("2024-07-01T00:00:00+00:00", False),
        ("some day", False),
    ],
)
def test_a_key_counts_for_its_time_only(made, ok):
    keys = [Key(public_bytes(KEY), "2024-01-01T00:00:00+00:00", "2024-06-30T00:00:00+00:00")]
    about = {"number": 1, "month": "2023-05", "revision": 0, "created_at": made, "previous": None}
    manifest = rfc8785.dumps({"release": about, "files": {}})
    check = next(c for c in verify(manifest, sign(manifest, KEY), {}, keys=keys, before=None) if c.code == "key")
    assert check.ok is ok


def test_without_the_keys_or_the_release_before_it_is_said_that_it_cannot_be_told():
    manifest = VECTOR["files"]["manifest.json"].encode()
    checks = verify(manifest, VECTOR["files"]["manifest.sig"].encode(), {}, keys=None, before=None)
    assert {check.code for check in checks if check.ok is None} == {"key", "chain"}
    assert failing(checks) == ["file"]


@pytest.mark.parametrize(
    ("changes", "ok"),
    [
        ({}, True),
        ({"revision": 2}, False),
        ({"month": "2024-13"}, False),
        ({"number": 0}, False),
        ({"number": True}, False),
        ({"previous": {"number": 5, "manifest_sha256": "0"}}, False),
        ({"created_at": "2024-04-30T00:00:00+00:00"}, False),
    ],
)
def test_number_month_revision_and_times_must_fit_together(changes, ok):
    document = json.loads(VECTOR["files"]["manifest.json"])
    document["release"] |= changes
    manifest = rfc8785.dumps(document)
    checks = verify(manifest, sign(manifest, KEY), {}, keys=[], before=None)
    assert next(c.ok for c in checks if c.code == "coherent") is ok


def test_keys_are_read_as_pem_and_as_base64_and_nothing_else():
    assert public_bytes(private_key(private_pem(KEY))) == public_bytes(KEY)
    assert "BEGIN PUBLIC KEY" in public_pem(public_bytes(KEY))
    assert key_id(public_bytes(KEY)) == hashlib.sha256(public_bytes(KEY)).hexdigest()[:16]
    for wrong in ("", "not a key", base64.b64encode(bytes(31)).decode(), "-----BEGIN PRIVATE KEY-----\nAAAA\n"):
        with pytest.raises(ValueError):
            private_key(wrong)


def test_another_message_does_not_verify():
    signature = json.loads(sign(b"one", KEY))
    with pytest.raises(InvalidSignature):
        KEY.public_key().verify(base64.b64decode(signature["signature"]), b"other")
