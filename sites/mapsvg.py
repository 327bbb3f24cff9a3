"""The drawn map as SVG text: provinces shaded by class, sites as marks, without script and in the reader's language."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compostnet.shared.charts import Drawing
from sites.mapdata import MapProvince, MapSite
from sites.mapdraw import Box, Frame, class_of, clusters, frame_for, graticule, line_of, path_of
from sites.vocabulary import Shape, scenarios

UNKNOWN_COLOUR = "#4d4d4d"
SIZES = (("map-wide", 7.0, 22.0), ("map-narrow", 15.0, 44.0))
"""CSS class, radius of a mark and side of the clustering grid, in units of the drawing, for wide and phone screens."""


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
    site: Callable[[MapSite], str]
    cluster: Callable[[Sequence[MapSite]], str]
    province: Callable[[str, MapProvince | None], str]


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that marks lead to."""

    site: Callable[[str], str]
    cluster: Callable[[Sequence[MapSite]], str]
    province: Callable[[str], str]


def draw_map(
    *,
    box: Box,
    outlines: Sequence[Outline],
    provinces: Mapping[str, MapProvince],
    breaks: Sequence[float],
    sites: Iterable[MapSite],
    words: Words,
    links: Links,
) -> Drawing:
    """The map with marks in two sizes (wide, phone) that share their outlines; the style sheet shows what fits."""
    frame = frame_for(box)
    shapes = [(outline, path_of(outline.polygons, frame)) for outline in outlines]
    shared = "".join(f'<path id="map-{_e(o.code)}" d="{d}"/>' for o, d in shapes if d)
    parts = [
        '<svg class="map-shared" width="0" height="0" aria-hidden="true" focusable="false"><defs>',
        '<pattern id="map-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">',
        '<rect width="7" height="7" class="map-hatch-ground"/><path d="M0 0v7" class="map-hatch-line"/></pattern>',
        f"{shared}</defs></svg>",
    ]
    placed = [(site, site.position) for site in sites if site.position is not None]
    for css, radius, cell in SIZES:
        parts.append(
            f'<svg class="{css}" viewBox="0 0 {frame.width} {frame.height}" role="group" '
            f'aria-labelledby="{css}-title {css}-desc"><title id="{css}-title">{_e(words.title)}</title>'
            f'<desc id="{css}-desc">{_e(words.description)}</desc>'
        )
        if not outlines:
            parts += [f'<path class="map-graticule" d="{line_of(line)}"/>' for line in graticule(frame, box)]
        for outline, path in shapes:
            if path:
                parts.append(_province(outline, provinces.get(outline.code), breaks, words, links))
        parts.append(_marks(placed, frame, radius, cell, words, links))
        parts.append("</svg>")
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
        f'<svg class="map-locator" viewBox="0 0 {frame.width} {frame.height}" role="img" aria-label="{_e(title)}">'
        f"<title>{_e(title)}</title>{''.join(land)}{mark(scenario, float(x), float(y), 7)}</svg>"
    )


def mark(scenario: str, x: float, y: float, radius: float) -> str:
    """The mark of a scenario as an SVG element: its shape and colour."""
    known = scenarios().get(scenario)
    return shape_of(known.shape if known else "circle", known.colour if known else UNKNOWN_COLOUR, x, y, radius)


def shape_of(shape: Shape, colour: str, x: float, y: float, radius: float) -> str:
    """A circle, square, triangle or diamond of about equal area around a point."""
    look = f'class="map-mark" fill="{colour}"'
    if shape == "circle":
        return f'<circle {look} cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'
    if shape == "square":
        side = radius * 1.75
        corner = f'x="{x - side / 2:.1f}" y="{y - side / 2:.1f}"'
        return f'<rect {look} {corner} width="{side:.1f}" height="{side:.1f}"/>'
    if shape == "triangle":
        r = radius * 1.3
        return f'<path {look} d="M{x:.1f} {y - r:.1f}l{r:.1f} {1.75 * r:.1f}h{-2 * r:.1f}z"/>'
    r = radius * 1.3
    return f'<path {look} d="M{x:.1f} {y - r:.1f}l{r:.1f} {r:.1f}l{-r:.1f} {r:.1f}l{-r:.1f} {-r:.1f}z"/>'


def _province(
    outline: Outline, province: MapProvince | None, breaks: Sequence[float], words: Words, links: Links
) -> str:
    if province is None or province.value is None:
        look = 'class="map-province" fill="url(#map-hatch)"' if province else 'class="map-province map-empty"'
    else:
        look = f'class="map-province map-class-{class_of(province.value, breaks)}"'
    shape = f'<use href="#map-{_e(outline.code)}" {look}>'
    title = f"<title>{_e(words.province(outline.name, province))}</title></use>"
    if province is None:
        return shape + title
    name = _e(words.province(outline.name, province))
    return f'<a href="{_e(links.province(outline.code))}" aria-label="{name}">{shape}{title}</a>'


def _marks(
    placed: Sequence[tuple[MapSite, tuple[float, float]]],
    frame: Frame,
    radius: float,
    cell: float,
    words: Words,
    links: Links,
) -> str:
    if not placed:
        return ""
    positions = np.array([position for _, position in placed], dtype=np.float64)
    x, y = frame.project(positions[:, 0], positions[:, 1])
    parts = []
    for group in clusters(x, y, cell):
        members = [placed[index][0] for index in group]
        if len(members) == 1:
            index = group[0]
            label, address = _e(words.site(members[0])), _e(links.site(members[0].code))
            drawn = mark(members[0].scenario, float(x[index]), float(y[index]), radius)
        else:
            label, address = _e(words.cluster(members)), _e(links.cluster(members))
            drawn = _cluster(float(x[group].mean()), float(y[group].mean()), members, radius)
        parts.append(f'<a href="{address}" aria-label="{label}"><title>{label}</title>{drawn}</a>')
    return "".join(parts)


def _cluster(x: float, y: float, members: Sequence[MapSite], radius: float) -> str:
    """The number of sites in a ring that is divided among the colours of their scenarios."""
    size = radius * (1.45 + 0.12 * len(str(len(members))))
    place = f'cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}"'
    counts = Counter(site.scenario for site in members)
    ring, before = [], 0.0
    for scenario in (*(code for code in scenarios() if code in counts), *sorted(set(counts) - set(scenarios()))):
        share = 100 * counts[scenario] / len(members)
        colour = scenarios()[scenario].colour if scenario in scenarios() else UNKNOWN_COLOUR
        ring.append(
            f'<circle class="map-ring" {place} stroke="{colour}" pathLength="100" '
            f'stroke-dasharray="{share:.4g} 100" stroke-dashoffset="{-before:.4g}"/>'
        )
        before += share
    return (
        f'<circle class="map-cluster" {place}/>{"".join(ring)}'
        f'<text class="map-count" x="{x:.1f}" y="{y:.1f}" dy=".36em" font-size="{radius * 1.5:.0f}">'
        f"{len(members)}</text>"
    )


def _e(text: str) -> str:
    return html.escape(text, quote=True)
