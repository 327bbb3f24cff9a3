"""The drawn map of the page as SVG text: regions shaded by class, sites as marks, in the reader's language. Pure.

It needs no script: regions and marks are links. The live map keeps its marks and its sizes, and knows the regions by
their ``data-region``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compostnet.shared.axes import text_width
from compostnet.shared.charts import Drawing
from compostnet.shared.display import format_mass
from sites.mapdata import MapRegion, MapSite, MapView
from sites.mapdraw import Box, Frame, frame_for, graticule, line_of, path_of, round_sizes
from sites.mapmarks import Look, Mark, Sizes, escaped, look_of, map_style, mark, place_marks, shape_of, shares, unit_of
from sites.mapplate import Ground, look_of_region

CSS = {"wide": "map-wide", "narrow": "map-narrow"}
LEGIBLE = 1.7
"""The smallest number that is drawn, in radii of the smallest mark: about 7 pixels on a screen. As in marks.ts."""
HATCHES = {"missing": "url(#map-hatch)", "below": "url(#map-below)"}


@dataclass(frozen=True, slots=True)
class Outline:
    """A region to draw: code, name in the reader's language, polygons in degrees."""

    code: str
    name: str
    polygons: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of the drawing in the reader's language."""

    title: str
    description: str
    size: str
    language: str
    site: Callable[[MapSite], str]
    cluster: Callable[[Sequence[MapSite]], str]
    region: Callable[[str, MapRegion | None], str]


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that marks and regions lead to; an empty one makes no link."""

    site: Callable[[str], str]
    cluster: Callable[[Sequence[MapSite]], str]
    region: Callable[[str], str]


def base_frame(ground: Ground) -> Frame:
    """The frame that shows the whole ground."""
    return frame_for(ground.box)


def frame_of(view: MapView, ground: Ground) -> Frame:
    """The frame of a view: the whole, or what its camera looks at."""
    base, at = base_frame(ground), view.query.at
    return base.looking(at.lon, at.lat, at.zoom) if at else base


def units_of(view: MapView, ground: Ground) -> dict[str, float]:
    """The radius of one tonne in units of the drawing, for wide and narrow screens; the same at every zoom."""
    base = base_frame(ground)
    return {name: unit_of(view.sites, view.peaks, base, sizes) for name, sizes in map_style().sizes.items()}


def draw_map(
    *,
    view: MapView,
    ground: Ground,
    names: Mapping[str, str],
    breaks: Sequence[float],
    looks: Mapping[str, Look],
    words: Words,
    links: Links,
) -> Drawing:
    """The map with marks in two sizes (wide, phone) that share their outlines; the style sheet shows what fits."""
    frame = frame_of(view, ground)
    regions = {region.code: region for region in view.regions}
    behind = [path_of(row["polygons"], frame) for row in ground.behind]
    shapes = [(row["code"], path_of(row["polygons"], frame)) for row in ground.lands]
    shared = "".join(f'<path id="map-{escaped(code)}" d="{path}"/>' for code, path in shapes if path)
    under = "".join(path for path in behind if path)
    shared += f'<path id="map-behind" d="{under}"/>' if under else ""
    units = units_of(view, ground)
    parts = [_shared(shared)]
    for name, sizes in map_style().sizes.items():
        css = CSS[name]
        parts.append(
            f'<svg class="{css}" viewBox="0 0 {frame.width} {frame.height}" role="group" '
            f'aria-labelledby="{css}-title {css}-desc"><title id="{css}-title">{escaped(words.title)}</title>'
            f'<desc id="{css}-desc">{escaped(words.description)}</desc>'
        )
        if not ground.lands:
            parts += [f'<path class="map-graticule" d="{line_of(line)}"/>' for line in graticule(frame, ground.box)]
        if under:
            parts.append('<use href="#map-behind" class="map-province map-empty"/>')
        parts += [
            _region(code, names.get(code, code), regions.get(code), breaks, words, links)
            for code, path in shapes
            if path
        ]
        marks = place_marks(view.sites, frame, sizes, units[name])
        drawn = "".join(_mark(one, view.query.colour, looks, sizes, words, links) for one in marks)
        parts.append(f'<g data-marks="{name}">{drawn}</g>{_size_legend(frame, sizes, units[name], words)}</svg>')
    return Drawing("".join(parts))


def draw_locator(
    *,
    box: Box,
    outlines: Sequence[Outline],
    province: str,
    position: tuple[float, float],
    scenario: str,
    title: str,
) -> Drawing:
    """A small map with one mark, its province shaded: where a site lies."""
    frame = frame_for(box, width=360, tallest=300, shortest=200, padding=10)
    land = [
        f'<path class="map-province {"map-class-2" if outline.code == province else "map-empty"}" '
        f'd="{path_of(outline.polygons, frame)}"/>'
        for outline in outlines
    ]
    if not outlines:
        land = [f'<path class="map-graticule" d="{line_of(line)}"/>' for line in graticule(frame, box)]
    x, y = frame.project(position[0], position[1])
    return Drawing(
        f'<svg class="map-locator" viewBox="0 0 {frame.width} {frame.height}" role="img" '
        f'aria-label="{escaped(title)}"><title>{escaped(title)}</title>{"".join(land)}'
        f"{mark(scenario, float(x), float(y), 7)}</svg>"
    )


def _shared(shapes: str) -> str:
    """Hatchings and outlines that both drawings use."""
    return (
        '<svg class="map-shared" width="0" height="0" aria-hidden="true" focusable="false"><defs>'
        '<pattern id="map-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="7" height="7" class="map-hatch-ground"/><path d="M0 0v7" class="map-hatch-line"/></pattern>'
        '<pattern id="map-below" width="7" height="7" patternUnits="userSpaceOnUse">'
        '<rect width="7" height="7" class="map-below-ground"/><path d="M0 0h7" class="map-below-line"/></pattern>'
        f"{shapes}</defs></svg>"
    )


def look_attributes(number: int | None, hatch: str) -> str:
    """The class (and fill) of a region's shape."""
    if number is None:
        return 'class="map-province map-empty"'
    if hatch:
        return f'class="map-province" fill="{HATCHES[hatch]}"'
    return f'class="map-province map-class-{number}"'


def _region(code: str, name: str, region: MapRegion | None, breaks: Sequence[float], words: Words, links: Links) -> str:
    number, hatch = look_of_region(region, breaks)
    sentence = escaped(words.region(name, region))
    shape = (
        f'<use href="#map-{escaped(code)}" data-region="{escaped(code)}" {look_attributes(number, hatch)}>'
        f"<title>{sentence}</title></use>"
    )
    address = links.region(code) if region is not None else ""
    return f'<a href="{escaped(address)}" aria-label="{sentence}">{shape}</a>' if address else shape


def _mark(one: Mark, dimension: str, looks: Mapping[str, Look], sizes: Sizes, words: Words, links: Links) -> str:
    if len(one.sites) == 1:
        site = one.sites[0]
        label, address = words.site(site), links.site(site.code)
        drawn = single(one, look_of(site.class_in(dimension), looks))
        code = f' data-site="{escaped(site.code)}"'
    else:
        label, address, code = words.cluster(one.sites), links.cluster(one.sites), ""
        drawn = _cluster(one, dimension, looks, sizes)
    touch = ""
    if one.radius < 2 * sizes.smallest:
        place = f'cx="{one.x:.1f}" cy="{one.y:.1f}" r="{2 * sizes.smallest:.0f}"'
        touch = f'<circle class="map-touch" {place}/>'
    label = escaped(label)
    return f'<a href="{escaped(address)}" aria-label="{label}"{code}><title>{label}</title>{touch}{drawn}</a>'


def single(one: Mark, look: Look) -> str:
    """The mark of one site; hollow where it has no figure."""
    if one.mass is None:
        return shape_of(look, one.x, one.y, one.radius, f'class="map-mark map-hollow" stroke="{look.colour}"')
    return shape_of(look, one.x, one.y, one.radius)


def _cluster(one: Mark, dimension: str, looks: Mapping[str, Look], sizes: Sizes) -> str:
    """The number of sites (where it can be read) in a ring that is divided among the colours of their classes."""
    width = max(2.0, one.radius * 0.28)
    place = f'cx="{one.x:.1f}" cy="{one.y:.1f}"'
    ring, before = [], 0.0
    for code, share in shares(one, dimension, list(looks)):
        ring.append(
            f'<circle class="map-ring" {place} r="{one.radius - width / 2:.1f}" stroke-width="{width:.1f}" '
            f'stroke="{look_of(code, looks).colour}" pathLength="100" '
            f'stroke-dasharray="{100 * share:.4g} 100" stroke-dashoffset="{-100 * before:.4g}"/>'
        )
        before += share
    size = one.radius * (1.0 if len(one.sites) < 100 else 0.75)
    count = (
        ""
        if size < LEGIBLE * sizes.smallest
        else (
            f'<text class="map-count" x="{one.x:.1f}" y="{one.y:.1f}" dy=".36em" font-size="{size:.0f}">'
            f"{len(one.sites)}</text>"
        )
    )
    return f'<circle class="map-cluster" {place} r="{one.radius:.1f}"/>{"".join(ring)}{count}'


def _size_legend(frame: Frame, sizes: Sizes, unit: float, words: Words) -> str:
    """Circles of round masses in the lower left corner: area shows mass."""
    if unit <= 0:
        return ""
    masses = round_sizes((sizes.largest / unit) ** 2)
    titled = sizes.smallest < 8  # on a phone the words stand in the legend beside the map only
    size = sizes.smallest * 3 if titled else sizes.smallest * 2.4
    reach = unit * masses[0] ** 0.5
    step = size * 1.5
    depth = max(2 * reach, step * len(masses)) + step * (1.6 if titled else 0.6)
    labels = [format_mass(mass, words.language, "t") for mass in masses]
    wide = 2 * reach + max(text_width(text, size) for text in labels) + size * 3
    if titled:
        wide = max(wide, text_width(words.size, size) * 1.05 + size)
    top, left, bottom = frame.height - depth - 10, 10.0, frame.height - 10 - step * 0.5
    parts = [f'<rect class="map-key" x="{left:.0f}" y="{top:.0f}" width="{wide:.0f}" height="{depth:.0f}" rx="6"/>']
    if titled:
        parts.append(
            f'<text class="map-key-text" x="{left + size * 0.6:.0f}" y="{top + step:.0f}" font-size="{size:.0f}">'
            f"{escaped(words.size)}</text>"
        )
    middle = left + size * 0.6 + reach
    for number, (mass, label) in enumerate(zip(masses, labels, strict=True)):
        radius = unit * mass**0.5
        y = bottom - step * (len(masses) - 1 - number) - size * 0.1
        parts.append(f'<circle class="map-key-ring" cx="{middle:.1f}" cy="{bottom - radius:.1f}" r="{radius:.1f}"/>')
        parts.append(
            f'<text class="map-key-text" x="{middle + reach + size * 0.7:.0f}" y="{y:.0f}" font-size="{size:.0f}">'
            f"{escaped(label)}</text>"
        )
    return f'<g class="map-key-group" aria-hidden="true">{"".join(parts)}</g>'
