"""The map of a release as files, ``map.svg`` and ``map.png``, and the picture of any view: same bytes each time. Pure.

The PNG is drawn by Pillow at twice its size and shrunk, in the faces that documents are set in
(``compostnet/shared/pdf/fonts.py``); it is the same to the byte with the same versions of Pillow and FreeType and the
same fonts. The SVG needs no font and no style sheet, and is the same everywhere.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFont

from compostnet.shared.pdf.fonts import Faces, faces
from compostnet.shared.problems import Problem
from sites.mapdata import MapQuery, view_of
from sites.mapdraw import quantised
from sites.mapmarks import escaped, map_style
from sites.mapplate import Arc, Area, Disc, Ground, Item, Label, Line, Plate, ground_of, make_plate

LANGUAGES = ("zh-hans", "en")
OVERSAMPLED = 2
FROZEN_DIGITS = 2
FONT_FAMILY = "'Noto Sans SC','PingFang SC','Microsoft YaHei',system-ui,sans-serif"


def frozen_outlines(boundaries: Iterable[Any]) -> list[dict[str, Any]]:
    """Outlines as a release keeps them: code, names, source and polygons at drawing resolution (0.01°, about 1 km)."""
    return [
        {
            "code": land.code,
            "name_zh": land.name_zh,
            "name_en": land.name_en,
            "source": land.source,
            "polygons": quantised(land.polygons, FROZEN_DIGITS),
        }
        for land in boundaries
    ]


def map_svg(document: Mapping[str, Any], places: Mapping[str, Any], outlines: Sequence[Mapping[str, Any]]) -> bytes:
    """``map.svg`` of a release, in both languages: waste diverted in its month.

    ``document`` is figures.json, ``places`` sites.geojson, ``outlines`` those of `frozen_outlines` (may be empty).
    """
    return plate_svg(_release_plate(document, places, outlines), LANGUAGES[0])


def map_png(
    document: Mapping[str, Any], places: Mapping[str, Any], outlines: Sequence[Mapping[str, Any]], *, font: str = ""
) -> bytes:
    """``map.png`` of a release: the same drawing. ``font``: file of a Chinese font, as the setting names it."""
    return plate_png(_release_plate(document, places, outlines), font)


def _release_plate(
    document: Mapping[str, Any], places: Mapping[str, Any], outlines: Sequence[Mapping[str, Any]]
) -> Plate:
    view = view_of(document, places, MapQuery())
    ground: Ground | None = ground_of(view.query, view.sites, outlines)
    if ground is not None and not any(site.position for site in view.sites):
        ground = None
    return make_plate(view, document, ground, LANGUAGES)


# --- SVG --------------------------------------------------------------------------------------------------------------


def plate_svg(plate: Plate, language: str) -> bytes:
    """A picture as an SVG file without style sheet and script."""
    style = map_style()
    x, y, width, height = plate.frame
    lang = "zh-Hans" if language.startswith("zh") else "en"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {plate.width} {plate.height}" width="{plate.width}" '
        f'height="{plate.height}" lang="{lang}" role="img" aria-labelledby="title desc" font-family="{FONT_FAMILY}">',
        f'<title id="title">{escaped(plate.title)}</title><desc id="desc">{escaped(plate.description)}</desc>',
        _pattern("missing", style.empty, f'<path d="M0 0v7" stroke="{style.line}" stroke-width="2"/>', 45),
        _pattern("below", style.below_zero, f'<path d="M0 0v7" stroke="{style.ink}" stroke-width="1"/>', 90),
        f'<rect width="{plate.width}" height="{plate.height}" fill="{style.paper}"/>',
    ]
    if height:
        place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        parts.append(f'<svg {place} viewBox="0 0 {_n(width)} {_n(height)}" overflow="hidden">')
        parts.append(f'<rect width="{_n(width)}" height="{_n(height)}" fill="{style.sea}"/>')
        parts += [_svg_item(item) for item in plate.map]
        parts.append("</svg>")
    parts += [_svg_item(item) for item in plate.around]
    parts.append("</svg>\n")
    return "\n".join(parts).encode()


def _pattern(name: str, ground: str, line: str, turned: int) -> str:
    return (
        f'<defs><pattern id="{name}" width="7" height="7" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({turned})"><rect width="7" height="7" fill="{ground}"/>{line}</pattern></defs>'
    )


def _n(value: float) -> str:
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def _stroke(colour: str, width: float) -> str:
    return f' stroke="{colour}" stroke-width="{_n(width)}"' if colour else ""


def _svg_item(item: Item) -> str:
    if isinstance(item, Area):
        fill = f"url(#{item.hatch})" if item.hatch else item.fill
        path = "".join(_ring(ring) for ring in item.rings)
        return f'<path d="{path}" fill="{fill}" fill-rule="evenodd"{_stroke(item.stroke, item.width)}/>'
    if isinstance(item, Disc):
        place = f'cx="{_n(item.x)}" cy="{_n(item.y)}" r="{_n(item.radius)}"'
        return f'<circle {place} fill="{item.fill or "none"}"{_stroke(item.stroke, item.width)}/>'
    if isinstance(item, Arc):
        place = f'cx="{_n(item.x)}" cy="{_n(item.y)}" r="{_n(item.radius)}"'
        dash = f'stroke-dasharray="{100 * (item.end - item.start):.4g} 100" stroke-dashoffset="{-100 * item.start:.4g}"'
        return f'<circle {place} fill="none"{_stroke(item.colour, item.width)} pathLength="100" {dash}/>'
    if isinstance(item, Line):
        path = "M" + "L".join(f"{_n(a)} {_n(b)}" for a, b in item.points)
        return f'<path d="{path}" fill="none" stroke="{item.colour}" stroke-width="0.7" stroke-dasharray="2 4"/>'
    weight = ' font-weight="700"' if item.bold else ""
    anchor = ' text-anchor="middle"' if item.middle else ""
    place = f'x="{_n(item.x)}" y="{_n(item.y)}" font-size="{_n(item.size)}"'
    return f'<text {place} fill="{item.colour}"{weight}{anchor}>{escaped(item.text)}</text>'


def _ring(ring: Sequence[tuple[float, float]]) -> str:
    """A closed ring in steps of tenths of a pixel."""
    points = [(round(a * 10), round(b * 10)) for a, b in ring]
    steps = [(a - c, b - d) for (c, d), (a, b) in pairwise(points)]
    return f"M{points[0][0] / 10:g} {points[0][1] / 10:g}l" + " ".join(f"{a / 10:g} {b / 10:g}" for a, b in steps) + "z"


# --- PNG --------------------------------------------------------------------------------------------------------------


def plate_png(plate: Plate, font: str = "") -> bytes:
    """A picture as a PNG file."""
    style, much = map_style(), OVERSAMPLED
    image = Image.new("RGB", (plate.width * much, plate.height * much), style.paper)
    x, y, width, height = plate.frame
    if height:
        inner = Image.new("RGB", (round(width) * much, round(height) * much), style.sea)
        _paint(inner, plate.map, font)
        image.paste(inner, (round(x) * much, round(y) * much))
    _paint(image, plate.around, font)
    small = image.resize((plate.width, plate.height), Image.Resampling.BOX)
    held = io.BytesIO()
    small.save(held, format="PNG", optimize=True)
    return held.getvalue()


def _paint(image: Image.Image, items: Sequence[Item], font: str) -> None:
    pen, much = ImageDraw.Draw(image), OVERSAMPLED
    write = _writer(pen, font)
    for item in items:
        if isinstance(item, Area):
            _paint_area(image, pen, item)
        elif isinstance(item, Disc):
            box = _around(item.x, item.y, item.radius + item.width / 2)
            outline, width = (item.stroke, max(1, round(item.width * much))) if item.stroke else (None, 0)
            pen.ellipse(box, fill=item.fill or None, outline=outline, width=width)
        elif isinstance(item, Arc):
            box = _around(item.x, item.y, item.radius + item.width / 2)
            pen.arc(box, item.start * 360, item.end * 360, fill=item.colour, width=max(1, round(item.width * much)))
        elif isinstance(item, Line):
            points = [(a * much, b * much) for a, b in item.points]
            for one, other in list(pairwise(points))[::2]:
                pen.line([one, other], fill=item.colour, width=1)
        else:
            write(item)


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    much = OVERSAMPLED
    return (x - radius) * much, (y - radius) * much, (x + radius) * much, (y + radius) * much


def _paint_area(image: Image.Image, pen: ImageDraw.ImageDraw, item: Area) -> None:
    much = OVERSAMPLED
    rings = [[(a * much, b * much) for a, b in ring] for ring in item.rings]
    if not item.hatch and len(rings) == 1:
        pen.polygon(rings[0], fill=item.fill)
    else:
        across = [int(a) for ring in rings for a, _ in ring]
        down = [int(b) for ring in rings for _, b in ring]
        left, top = max(min(across), 0), max(min(down), 0)
        right, bottom = min(max(across) + 1, image.width), min(max(down) + 1, image.height)
        if right <= left or bottom <= top:
            return
        mask = Image.new("1", (right - left, bottom - top))
        for ring in rings:  # even-odd: what two rings share is a hole
            part = Image.new("1", mask.size)
            ImageDraw.Draw(part).polygon([(a - left, b - top) for a, b in ring], fill=1)
            mask = ImageChops.logical_xor(mask, part)
        image.paste(_filling(item, mask.size, left, top), (left, top), mask)
    if item.stroke:
        width = max(1, round(item.width * much))
        for ring in rings:
            pen.line([*ring, ring[0]], fill=item.stroke, width=width, joint="curve")


def _filling(item: Area, size: tuple[int, int], left: int, top: int) -> Image.Image:
    """A plain or hatched ground; the lines run on from one area to the next."""
    style, step = map_style(), 7 * OVERSAMPLED
    ground = Image.new("RGB", size, style.below_zero if item.hatch == "below" else item.fill)
    pen = ImageDraw.Draw(ground)
    if item.hatch == "below":
        for y in range(-(top % step), size[1], step):
            pen.line([(0, y), (size[0], y)], fill=style.ink, width=OVERSAMPLED)
    elif item.hatch == "missing":
        wide = round(step * 1.414)
        for start in range(-((left + top) % wide) - size[1] - wide, size[0] + wide, wide):
            pen.line([(start, size[1]), (start + size[1], 0)], fill=style.line, width=2 * OVERSAMPLED)
    return ground


def _writer(pen: ImageDraw.ImageDraw, font: str) -> Callable[[Label], None]:
    known = faces(font)

    def write(item: Label) -> None:
        size = round(item.size * OVERSAMPLED)
        pieces = _runs(known, item.text, item.bold)
        fonts = [(piece, *_font(known, name, size)) for name, piece in pieces]
        x = item.x * OVERSAMPLED
        if item.middle:
            x -= sum(face.getlength(piece) for piece, face, _ in fonts) / 2
        for piece, face, outlined in fonts:
            stroke = max(1, round(size * 0.02)) if outlined else 0
            place = (x, item.y * OVERSAMPLED)
            pen.text(place, piece, fill=item.colour, font=face, anchor="ls", stroke_width=stroke)
            x += face.getlength(piece)

    return write


def _runs(known: Faces, text: str, bold: bool) -> list[tuple[str, str]]:
    """(face, piece) of a text; Chinese words are left out where no face has them, rather than failing a release."""
    try:
        return list(known.runs(text, bold))
    except Problem:
        return list(known.runs("".join(c for c in text if ord(c) <= 0x2E7F), bold))


def _font(known: Faces, name: str, size: int) -> tuple[ImageFont.FreeTypeFont, bool]:
    face = next(face for face in (*known.regular, *known.bold) if face.name == name)
    return _opened(str(face.font.face.filename), int(getattr(face.font.face, "subfontIndex", 0) or 0), size), (
        face.outlined
    )


@cache
def _opened(file: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size, index=index, layout_engine=ImageFont.Layout.BASIC)
