"""What a picture tells beside what is seen on it, taken out: place, time, phone, owner. No Django, no database.

A phone writes the place of the shot into every picture. A site may have asked to be shown only roughly, so none of that
is kept: the picture itself stays as it was sent, to the last pixel, only which way is up is kept with it.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

ORIENTATION = 0x0112
_ICC = b"ICC_PROFILE\x00"
_KEPT_APPS = {0xE0, 0xEE}  # JFIF, Adobe: how the colours are to be read
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_DROPPED = {b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"}
_WEBP_DROPPED = {b"EXIF", b"XMP "}
_WEBP_EXIF_AND_XMP = 0x08 | 0x04


def without_metadata(content: bytes) -> bytes:
    """A JPEG, PNG or WEBP without what it tells about place, time, device and owner.

    ValueError for bytes that are not built as one of these; nothing is guessed.
    """
    if content.startswith(b"\xff\xd8"):
        return b"".join(_jpeg(content, _orientation(content)))
    if content.startswith(_PNG):
        return b"".join(_png(content, _orientation(content)))
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    raise ValueError("not a JPEG, PNG or WEBP")


def _orientation(content: bytes) -> int:
    """Which side is up, as EXIF says it: 1 (as it lies) to 8."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            found = picture.getexif().get(ORIENTATION, 1)
    except Exception:  # a broken EXIF block says nothing
        return 1
    return found if found in range(1, 9) else 1


def _exif(orientation: int) -> bytes:
    """An EXIF block (TIFF, big endian) that says which side is up and nothing else."""
    return b"MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHH", ORIENTATION, 3, 1, orientation, 0) + bytes(4)


def _jpeg(content: bytes, orientation: int) -> Iterator[bytes]:
    yield b"\xff\xd8"
    if orientation != 1:
        block = b"Exif\x00\x00" + _exif(orientation)
        yield b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
    at = 2
    while True:
        if content[at : at + 1] != b"\xff":
            raise ValueError("a JPEG marker is missing")
        while content[at : at + 1] == b"\xff":
            at += 1
        marker = content[at] if at < len(content) else 0xD9
        at += 1
        if marker == 0xD9:  # what follows the end (a film of the moment, a second picture) is not this picture
            yield b"\xff\xd9"
            return
        if marker in _STANDALONE:
            yield bytes((0xFF, marker))
            continue
        if at + 2 > len(content):
            raise ValueError("a JPEG segment is cut off")
        end = at + struct.unpack_from(">H", content, at)[0]
        is_app = 0xE0 <= marker <= 0xEF
        is_colour = marker == 0xE2 and content[at + 2 : at + 2 + len(_ICC)] == _ICC
        if marker in _KEPT_APPS or is_colour or not (is_app or marker == 0xFE):
            yield bytes((0xFF, marker)) + content[at:end]
        at = end
        if marker == 0xDA:
            start, at = at, _end_of_scan(content, at)
            yield content[start:at]


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the packed pixels end: the next 0xFF that is neither stuffing nor a restart."""
    while (at := content.find(b"\xff", at)) >= 0:
        following = content[at + 1] if at + 1 < len(content) else 0xD9
        if following == 0 or 0xD0 <= following <= 0xD7:
            at += 2
        else:
            return at
    return len(content)


def _png(content: bytes, orientation: int) -> Iterator[bytes]:
    yield _PNG
    at = len(_PNG)
    while at + 12 <= len(content):
        (size,) = struct.unpack_from(">I", content, at)
        name, end = content[at + 4 : at + 8], at + 12 + size
        if end > len(content):
            raise ValueError("a PNG chunk is cut off")
        if name not in _PNG_DROPPED:
            yield content[at:end]
        if name == b"IHDR" and orientation != 1:
            block = b"eXIf" + _exif(orientation)
            yield struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block))
        if name == b"IEND":
            return
        at = end


def _webp(content: bytes) -> bytes:
    orientation, kept, at = _orientation(content), [], 12
    while at + 8 <= min(len(content), struct.unpack_from("<I", content, 4)[0] + 8):
        name, (size,) = content[at : at + 4], struct.unpack_from("<I", content, at + 4)
        end = at + 8 + size + size % 2
        body = content[at + 8 : at + 8 + size]
        if len(body) < size:
            raise ValueError("a WEBP chunk is cut off")
        if name == b"VP8X" and body:
            flags = body[0] & ~_WEBP_EXIF_AND_XMP | (0x08 if orientation != 1 else 0)
            body = bytes((flags,)) + body[1:]
        if name not in _WEBP_DROPPED:
            kept.append(name + struct.pack("<I", size) + body + bytes(size % 2))
        at = end
    if orientation != 1 and any(chunk.startswith(b"VP8X") for chunk in kept):
        kept.append(b"EXIF" + struct.pack("<I", len(_exif(orientation))) + _exif(orientation))
    chunks = b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
