"""Pictures keep their pixels and which way is up, and lose where, when and with what they were taken."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from batches.photos import ORIENTATION, without_metadata

PLACE, SECRET = 0x8825, b"Wang's phone"


def picture(kind: str, orientation: int = 1, **options) -> bytes:
    """A small picture as a phone makes it: owner, place, orientation, a comment."""
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()
    exif[ORIENTATION] = orientation
    exif.get_ifd(PLACE).update({1: "N", 2: (39.0, 54.0, 20.0), 3: "E", 4: (116.0, 23.0, 29.0)})
    out = io.BytesIO()
    image = Image.effect_noise((61, 40), 90).convert("RGB")
    if kind == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", SECRET.decode())
        options["pnginfo"] = notes
    elif kind == "JPEG":
        options["comment"] = SECRET
        options["icc_profile"] = b"colours" * 20
    elif kind == "WEBP":
        options["lossless"] = True
        options["xmp"] = SECRET
    image.save(out, kind, exif=exif, **options)
    return out.getvalue()


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("RGB").tobytes()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}], ids=str)
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_place_and_owner_go_and_the_picture_stays(kind, orientation, options):
    before = picture(kind, orientation, **(options if kind == "JPEG" else {}))
    assert SECRET in before
    after = without_metadata(before)
    assert SECRET not in after
    with Image.open(io.BytesIO(after)) as image:
        exif = image.getexif()
        assert (dict(exif.get_ifd(PLACE)), exif.get(ORIENTATION, 1)) == ({}, orientation)
        assert image.info.get("icc_profile") == (b"colours" * 20 if kind == "JPEG" else None)
        assert set(exif) <= {ORIENTATION}
    assert pixels(after) == pixels(before)
    assert without_metadata(after) == after


def test_what_hangs_behind_a_jpeg_goes():
    clean = without_metadata(picture("JPEG"))
    assert without_metadata(clean + b"\x00\x00ftypmp42 a film with its place") == clean


@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\x00\x00\x00WEBP"]))
def test_any_bytes_are_stripped_or_refused_but_never_crash(data, start):
    with suppress(ValueError):
        without_metadata(start + data)
