"""The faces of the documents: Latin and Chinese, regular and bold, and which of them has which character.

Every character is set in a face that has it: a text is cut into runs, so that no reader ever sees an empty box. Only
TrueType outlines can be embedded (ReportLab). Faces are looked for where Debian and Ubuntu put them, then by
fontconfig; ReportLab brings a Latin one of its own.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from compostnet.shared.problems import Problem

CHINESE_FILES = (
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallback.ttf",
    "/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:/Windows/Fonts/simhei.ttf",
)
_OWN = Path(reportlab.__file__).with_name("fonts")
LATIN_FILES = (
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"),
    (str(_OWN / "Vera.ttf"), str(_OWN / "VeraBd.ttf")),
)
PROBE = "堆肥检测"
UNKNOWN = "?"
"""Stands for a character that no face has (an emoji in a name, say)."""
INSTEAD = {
    0x20: "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000\t",
    0x2D: "\u2010\u2011\u2012",
    0x2212: "\ufe63\uff0d",
    0xB5: "\u03bc",
}
FAKE_BOLD_STROKE = 0.028
"""Width of the outline, in parts of the size, that makes a Chinese character bold where there is no bold face."""


@dataclass(frozen=True)
class Face:
    """One registered font: its name in ReportLab, and whether its boldness is drawn as an outline."""

    name: str
    font: TTFont = field(repr=False, compare=False)
    outlined: bool = False

    def has(self, character: str) -> bool:
        """Whether the face has a glyph for a character."""
        return ord(character) in self.font.face.charToGlyph


@dataclass(frozen=True)
class Faces:
    """What a document is set in: the faces of each weight, the first that has a character is taken."""

    regular: tuple[Face, ...]
    bold: tuple[Face, ...]
    chinese: Face | None
    _seen: dict[tuple[str, bool], str] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def outlined(self) -> frozenset[str]:
        """Names of the faces whose boldness is an outline."""
        return frozenset(face.name for face in self.bold if face.outlined)

    def face_of(self, character: str, bold: bool = False, chinese: bool = False) -> str:
        """The name of the face for a character; '' where none has it. ``chinese``: quotation marks are full width."""
        faces = self.bold if bold else self.regular
        key = (character, bold) if not chinese else (character + "zh", bold)
        known = self._seen.get(key)
        if known is None:
            ordered = sorted(faces, key=_latin_last) if chinese and character in "“”‘’…—·" else faces
            known = self._seen[key] = next((face.name for face in ordered if face.has(character)), "")
        return known

    def runs(self, text: str, bold: bool = False, chinese: bool = False) -> Iterator[tuple[str, str]]:
        """(face, piece) of a text, in its order; what no face has becomes `UNKNOWN`."""

        def placed(character: str) -> tuple[str, str]:
            if character in "\n\t\u3000":
                return "", "\n" if character == "\n" else " "
            name = self.face_of(character, bold, chinese)
            for other in (chr(code) for code, same in INSTEAD.items() if not name and character in same):
                name, character = self.face_of(other, bold, chinese), other
            if name:
                return name, character
            if self.chinese is None and ord(character) > 0x2E7F:
                raise Problem("pdf_font_missing")
            return self.face_of(UNKNOWN, bold), UNKNOWN

        pieces = [placed(character) for character in text if character.isprintable() or character in "\n\t\u3000\u00a0"]
        first = self.bold[0].name if bold else self.regular[0].name
        named = [(name or first, character) for name, character in pieces]
        for name, group in groupby(_spaces_with_neighbours(named), key=lambda piece: piece[0]):
            yield name, "".join(character for _, character in group)

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """How wide a text is, in points."""
        return float(sum(pdfmetrics.stringWidth(piece, name, size) for name, piece in self.runs(text, bold)))


def _latin_last(face: Face) -> bool:
    return "latin" in face.name


def _spaces_with_neighbours(pieces: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Spaces stay in the run before them, so that lines break in few pieces."""
    current = ""
    for name, character in pieces:
        if character == " " and current:
            yield current, character
        else:
            current = name
            yield name, character


def _open(path: str, name: str) -> TTFont | None:
    """The font of a file where its outlines can be embedded; of a collection the first that can."""
    if not Path(path).is_file():
        return None
    try:
        return TTFont(name, path)
    except (TTFError, OSError, ValueError, IndexError, KeyError):
        return None


def _installed() -> list[str]:
    """Files of Chinese fonts that fontconfig knows."""
    program = shutil.which("fc-list")
    if not program:
        return []
    try:
        done = subprocess.run(  # noqa: S603 (fixed arguments)
            [program, ":lang=zh-cn", "file"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return sorted({line.split(":")[0].strip() for line in done.stdout.splitlines() if line.strip()})


def _has_probe(font: TTFont) -> bool:
    return all(ord(character) in font.face.charToGlyph for character in PROBE)


def _chinese(wish: str) -> str | None:
    """The file of the Chinese face: the one wished for, a known place, or what fontconfig finds."""
    if wish:
        font = _open(wish, "cn-probe")
        if font is None or not _has_probe(font):
            raise Problem("pdf_font_unusable", file=wish)
        return wish
    for files in (CHINESE_FILES, _installed()):
        for path in files:
            font = _open(path, "cn-probe")
            if font is not None and _has_probe(font):
                return path
    return None


@cache
def faces(wish: str = "") -> Faces:
    """The faces of every document; ``wish`` is the file of a Chinese font (setting ``COMPOSTNET_PDF_FONT``).

    Without any Chinese font a document in English can still be made; the first Chinese character of one raises the
    problem ``pdf_font_missing``, which says what to install.
    """
    number = len(pdfmetrics.getRegisteredFontNames())
    regular: list[Face] = []
    bold: list[Face] = []
    for place, (plain, strong) in enumerate(LATIN_FILES):
        for path, weight, kept in ((plain, "regular", regular), (strong, "bold", bold)):
            font = _open(path, f"latin-{place}-{weight}-{number}")
            if font is not None:
                kept.append(Face(font.fontName, font))
    file = _chinese(wish)
    chinese = None
    if file is not None:
        chinese = Face(f"chinese-regular-{number}", TTFont(f"chinese-regular-{number}", file))
        regular.append(chinese)
        bold.append(Face(f"chinese-bold-{number}", TTFont(f"chinese-bold-{number}", file), outlined=True))
    for face in (*regular, *bold):
        pdfmetrics.registerFont(face.font)
        pdfmetrics.registerFontFamily(face.name, normal=face.name, bold=face.name, italic=face.name)
    return Faces(tuple(regular), tuple(bold), chinese)
