"""The map as a picture that stands alone: a list of shapes and words that SVG and PNG both draw. Pure.

On the picture stand what a reader needs when it is taken out of its page: title, month, legend, release with its date,
citation, licence and the source of the outlines. Without script or style sheet, in one language or in several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from compostnet.shared.axes import text_width
from compostnet.shared.display import format_mass, format_month
from compostnet.shared.texts import Message
from sites.classification import classification
from sites.mapdata import MapQuery, MapRegion, MapSite, MapView
from sites.mapdraw import (
    CHINA_BOX,
    Box,
    box_around,
    class_breaks,
    class_of,
    frame_for,
    graticule,
    rings_of,
    round_sizes,
)
from sites.mapmarks import (
    Look,
    Mark,
    MarkClass,
    corners,
    look_of,
    map_style,
    mark_classes,
    place_marks,
    shares,
    unit_of,
)
from sites.vocabulary import process_name, scenario_name

WIDTH, MARGIN = 1200, 24
HOME_COUNTRY = "CN"
Hatch = Literal["", "missing", "below"]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """Closed rings (even-odd) with a fill or a hatching."""

    rings: Sequence[Sequence[Point]]
    fill: str
    stroke: str = ""
    width: float = 0.0
    hatch: Hatch = ""


@dataclass(frozen=True, slots=True)
class Disc:
    """A circle."""

    x: float
    y: float
    radius: float
    fill: str
    stroke: str = ""
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Arc:
    """A part of a ring, clockwise from ``start`` to ``end`` (0 to 1, from the right)."""

    x: float
    y: float
    radius: float
    start: float
    end: float
    colour: str
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """An open line, dashed."""

    points: Sequence[Point]
    colour: str


@dataclass(frozen=True, slots=True)
class Label:
    """One line of words; ``y`` is its base line."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    bold: bool = False
    middle: bool = False


Item = Area | Disc | Arc | Line | Label


@dataclass(slots=True)
class Plate:
    """A finished picture: its size, title and description, the map within its frame and all around it."""

    width: int
    height: int
    title: str
    description: str
    frame: tuple[float, float, float, float]
    map: list[Item] = field(default_factory=list)
    around: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is drawn under the marks: the box shown, the outlines to shade, and those that only give orientation."""

    box: Box
    lands: Sequence[Mapping[str, Any]]
    behind: Sequence[Mapping[str, Any]] = ()
    china: bool = True

    @property
    def sources(self) -> list[str]:
        """Where the outlines come from."""
        rows = [*self.behind, *self.lands]
        return list(dict.fromkeys(str(row.get("source") or "") for row in rows if row.get("source")))


def ground_of(query: MapQuery, sites: Sequence[MapSite], outlines: Sequence[Mapping[str, Any]]) -> Ground | None:
    """The ground of a map from outlines of provinces; None where there is nothing to draw."""
    positions = [site.position for site in sites if site.position is not None]
    if not outlines and not positions:
        return None
    china = country_of(sites) == HOME_COUNTRY and bool(outlines)
    return Ground(box_of_view(query, outlines, positions, china), outlines, china=china)


def country_of(sites: Sequence[MapSite]) -> str:
    """The country whose provinces are drawn: China where any site lies there (or none at all), else the commonest."""
    countries = [site.province.split("-")[0] for site in sites if site.province]
    if HOME_COUNTRY in countries or not sites:
        return HOME_COUNTRY
    return max(sorted(set(countries)), key=countries.count, default="")


def box_of_view(query: MapQuery, outlines: Sequence[Mapping[str, Any]], positions: Sequence[Point], china: bool) -> Box:
    """What a map shows before anybody moves it: the province asked for, the country, or where the sites are."""
    wished = next((row for row in outlines if row["code"] == query.province), None) if query.province else None
    if wished is not None:
        ring = [(point[0], point[1]) for polygon in wished["polygons"] for point in polygon[0]]
        return box_around(ring) or CHINA_BOX
    if china:
        return CHINA_BOX
    return box_around(positions) or CHINA_BOX


def amount_of(value: float | None, measure: str, language: str) -> str:
    """A value with its unit and gas; a dash where there is none."""
    text = format_mass(value, language, "t")
    gas = {"ch4": " CH₄", "net": " CO₂e"}.get(measure, "")
    return text + gas if value is not None else text


def headline(query: MapQuery, month: str, language: str) -> str:
    """``Waste diverted (wet mass) · October 2026``."""
    measure = {
        "diverted": Message("map_measure_diverted"),
        "ch4": Message("map_measure_ch4"),
        "net": Message("map_measure_net"),
    }[query.measure]
    values = {"month": format_month(month, language), "year": month[:4]}
    period = {
        "month": Message("map_period_month", values),
        "year": Message("map_period_year", values),
        "total": Message("map_period_total", values),
    }[query.period]
    return Message("map_headline", {"measure": measure, "period": period}).render(language)


def release_line(release: Mapping[str, Any], language: str) -> str:
    """Number, month, status and cut-off of a release in words."""
    status = str(release.get("status") or ("restated" if release.get("revision") else "provisional"))
    words = {
        "provisional": Message("map_status_provisional"),
        "final": Message("map_status_final"),
        "restated": Message("map_status_restated"),
    }
    values = {
        "number": release["number"],
        "month": format_month(str(release["month"]), language),
        "status": words.get(status, status),
        "cut_off": str(release.get("cut_off", ""))[:10],
    }
    return Message("map_release_line", values).render(language)


def legend_classes(breaks: Sequence[float], measure: str, language: str) -> list[str]:
    """The bounds of each class in words, from the lowest."""
    labels, below = [], 0.0
    for number, bound in enumerate(breaks):
        high = amount_of(bound, measure, language)
        if not number:
            labels.append(Message("map_up_to", {"high": high}).render(language))
        else:
            low = format_mass(below, language, "t")
            labels.append(Message("map_between", {"low": low, "high": high}).render(language))
        below = bound
    return labels


def outline_note(ground: Ground, language: str) -> str:
    """Where the outlines come from and what they are not; empty where there are none."""
    if not ground.lands or not ground.sources:
        return ""
    code = "map_outlines" if ground.china else "map_outlines_elsewhere"
    notes = {"map_outlines": Message("map_outlines", {"source": "; ".join(ground.sources)})}
    notes["map_outlines_elsewhere"] = Message("map_outlines_elsewhere", {"source": "; ".join(ground.sources)})
    return notes[code].render(language)


def make_plate(view: MapView, figures: Mapping[str, Any], ground: Ground | None, languages: Sequence[str]) -> Plate:
    """The picture of one view."""
    style, query = map_style(), view.query
    titles = [headline(query, view.month, language) for language in languages]
    plate = Plate(WIDTH, 0, " / ".join(titles), "", (0.0, 0.0, 0.0, 0.0))
    y = 20.0
    for title in titles:
        y = _say(plate, y, title, 30 if len(languages) == 1 else 27, style.ink, bold=True)
    sums = [_sum(view, language) for language in languages]
    plate.description = " / ".join(sums)
    for text in [*sums, *_filters(view, figures, languages)]:
        y = _say(plate, y, text, 18, style.quiet)
    y += 12
    classes = mark_classes(figures, query.colour)
    if ground is None:
        plate.frame = (MARGIN, y, WIDTH - 2 * MARGIN, 0.0)
        for language in languages:
            y = _say(plate, y + 10, Message("map_no_positions").render(language), 20, style.ink)
    else:
        y = _draw_map(plate, y, view, ground, classes, languages)
        y = _legend(plate, y, view, ground, classes, figures, languages)
    y = _small_print(plate, y, view, figures, ground, languages)
    plate.height = round(y + 14)
    return plate


def _sum(view: MapView, language: str) -> str:
    known = sum(site.value is not None for site in view.sites)
    if view.total is None:
        return Message("map_sum_unknown", {"sites": len(view.sites)}).render(language)
    amount = amount_of(view.total, view.query.measure, language)
    return Message("map_sum", {"sites": len(view.sites), "known": known, "amount": amount}).render(language)


def _filters(view: MapView, figures: Mapping[str, Any], languages: Sequence[str]) -> list[str]:
    """What the map is narrowed to, in words; nothing where it shows all."""
    query, found = view.query, []
    for language in languages:
        parts = []
        if query.scenario:
            parts.append(scenario_name(query.scenario).in_language(language))
        if query.process:
            parts.append(process_name(query.process).in_language(language))
        if query.province:
            named = next((row for row in figures.get("provinces", ()) if row["code"] == query.province), None)
            parts.append(_name(named, language) if named else query.province)
        for dimension, code in query.classes:
            one = next((item for item in mark_classes(figures, dimension) if item.code == code), None)
            name = one.name.in_language(language) if one else code
            values = {"name": dimension_name(figures, dimension, language), "value": name}
            parts.append(Message("map_colon", values).render(language))
        if parts:
            found.append(Message("map_filters", {"filters": parts}).render(language))
    return found


def dimension_name(figures: Mapping[str, Any], dimension: str, language: str) -> str:
    """The name of a dimension: as the release has it, else as our classification does."""
    row = (figures.get("classes") or {}).get(dimension)
    if row:
        return _name(row, language)
    known = classification().dimensions.get(dimension)
    return known.name.in_language(language) if known else Message("map_scenario").render(language)


def _name(row: Mapping[str, Any], language: str) -> str:
    zh, en = str(row.get("name_zh") or ""), str(row.get("name_en") or "")
    return (zh or en) if language.startswith("zh") else (en or zh)


# --- the map ----------------------------------------------------------------------------------------------------------


def look_of_region(region: MapRegion | None, breaks: Sequence[float]) -> tuple[int | None, Hatch]:
    """The class of a region (None: no site) and its hatching."""
    if region is None:
        return None, ""
    if region.value is None:
        return 0, "missing"
    if region.value < 0:
        return 0, "below"
    return class_of(region.value, breaks), ""


def _fill(number: int | None, hatch: Hatch) -> str:
    style = map_style()
    if hatch == "below":
        return style.below_zero
    return style.classes[number - 1] if number else style.empty


def _draw_map(
    plate: Plate,
    y: float,
    view: MapView,
    ground: Ground,
    classes: Sequence[MarkClass],
    languages: Sequence[str],
) -> float:
    style = map_style()
    sizes = style.sizes["wide"]
    base = frame_for(ground.box, width=WIDTH - 2 * MARGIN, tallest=1000, shortest=420)
    frame = base.looking(view.query.at.lon, view.query.at.lat, view.query.at.zoom) if view.query.at else base
    plate.frame = (MARGIN, y, frame.width, frame.height)
    breaks = class_breaks(view.bounds_of)
    regions = {region.code: region for region in view.regions}
    for row in ground.behind:
        if rings := rings_of(row["polygons"], frame):
            plate.map.append(Area(rings, style.empty, style.line, 0.8))
    for row in ground.lands:
        if rings := rings_of(row["polygons"], frame):
            number, hatch = look_of_region(regions.get(row["code"]), breaks)
            plate.map.append(Area(rings, _fill(number, hatch), style.line, 0.8, hatch))
    if not ground.lands:
        plate.map += [Line(line, style.line) for line in graticule(frame, ground.box)]
    unit = unit_of(view.sites, view.peaks, base, sizes)
    looks = {item.code: item.look for item in classes}
    for one in place_marks(view.sites, frame, sizes, unit):
        _draw_mark(plate.map, one, view.query.colour, looks)
    _size_legend(plate, unit, languages)
    return y + frame.height


def _draw_mark(items: list[Item], one: Mark, dimension: str, looks: Mapping[str, Look]) -> None:
    style = map_style()
    if len(one.sites) == 1:
        look = look_of(one.sites[0].class_in(dimension), looks)
        _draw_look(items, look, one.x, one.y, one.radius, hollow=one.mass is None)
        return
    width = max(2.0, one.radius * 0.28)
    items.append(Disc(one.x, one.y, one.radius, style.paper, style.mark_line, 1.5))
    start = 0.0
    for code, share in shares(one, dimension, list(looks)):
        colour = look_of(code, looks).colour
        items.append(Arc(one.x, one.y, one.radius - width / 2, start, start + share, colour, width))
        start += share
    count, size = str(len(one.sites)), one.radius * (1.0 if len(one.sites) < 100 else 0.75)
    if one.radius >= 8:
        items.append(Label(one.x, one.y + size * 0.36, count, size, style.ink, bold=True, middle=True))


def _draw_look(items: list[Item], look: Look, x: float, y: float, radius: float, *, hollow: bool = False) -> None:
    """One mark; hollow where there is no figure behind it."""
    style = map_style()
    fill, stroke = (style.paper, look.colour) if hollow else (look.colour, style.mark_line)
    points = corners(look.shape, x, y, radius)
    if points:
        items.append(Area([points], fill, stroke, 1.8 if hollow else 1.3))
    else:
        items.append(Disc(x, y, radius, fill, stroke, 1.8 if hollow else 1.3))


def _size_legend(plate: Plate, unit: float, languages: Sequence[str]) -> None:
    """Three circles of round masses in the lower left corner of the map."""
    style = map_style()
    if unit <= 0:
        return
    largest = (style.sizes["wide"].largest / unit) ** 2
    masses = round_sizes(largest)
    reach = unit * masses[0] ** 0.5
    words = [Message("map_legend_size").render(language) for language in languages]
    height = 2 * reach + 22 * len(words) + 22
    x, bottom = 22.0, plate.frame[3] - 16.0
    width = max([max(text_width(text, 15) for text in words), 2 * reach + 130.0]) + 20
    corner = [(8.0, bottom - height), (8.0 + width, bottom - height), (8.0 + width, bottom + 6), (8.0, bottom + 6)]
    plate.map.append(Area([corner], style.paper, style.line, 0.8))
    for number, text in enumerate(words):
        plate.map.append(Label(x - 4, bottom - height + 20 + 20 * number, text, 15, style.ink))
    tops = []
    for mass in masses:
        radius = unit * mass**0.5
        plate.map.append(Disc(x + reach, bottom - 4 - radius, radius, "", style.ink, 1.2))
        tops.append(bottom - 4 - 2 * radius)
    lines = [tops[0] + 8]
    for top in tops[1:]:
        lines.append(max(top + 8, lines[-1] + 17))
    shift = min(0.0, bottom - 2 - lines[-1])
    for mass, line in zip(masses, lines, strict=True):
        text = format_mass(mass, languages[-1], "t") if len(languages) == 1 else format_mass(mass, "en", "t")
        plate.map.append(Label(x + 2 * reach + 12, line + shift + 4, text, 15, style.ink))


# --- around the map ---------------------------------------------------------------------------------------------------


def _legend(
    plate: Plate,
    y: float,
    view: MapView,
    ground: Ground,
    classes: Sequence[MarkClass],
    figures: Mapping[str, Any],
    languages: Sequence[str],
) -> float:
    """Two rows of entries under the map: the shading, and the colours and shapes of the marks."""
    style, query = map_style(), view.query
    y += 30
    if ground.lands:
        heads = {"province": Message("map_legend_provinces"), "city": Message("map_legend_cities")}
        head = " ".join(heads[query.level].render(language) for language in languages)
        breaks = class_breaks(view.bounds_of)
        rows = [legend_classes(breaks, query.measure, language) for language in languages]
        entries: list[tuple[str, Hatch, str]] = [
            (style.classes[number], "", _both([row[number] for row in rows])) for number in range(len(breaks))
        ]
        if any(value < 0 for value in view.bounds_of):
            entries.insert(0, (style.below_zero, "below", _said(Message("map_below_zero"), languages)))
        entries.append((style.empty, "missing", _said(Message("map_no_figure"), languages)))
        entries.append((style.empty, "", _said(Message("map_no_site"), languages)))
        y = _entries(plate, y, head, [(text, _box_sign(fill, hatch)) for fill, hatch, text in entries])
    shown = {site.class_in(query.colour) for site in view.sites if site.position is not None}
    if not shown:
        return y
    names = [dimension_name(figures, query.colour, language) for language in languages]
    head = " ".join(
        Message("map_legend_colour", {"dimension": name}).render(language)
        for name, language in zip(names, languages, strict=True)
    )
    known = {item.code for item in classes}
    signs = [
        (_both([item.name.in_language(language) for language in languages]), _mark_sign(item.look))
        for item in classes
        if item.code in shown
    ]
    if shown - known:
        signs.append((_said(Message("map_no_class"), languages), _mark_sign(style.unknown)))
    signs.append((_said(Message("map_several"), languages), _cluster_sign([item.look.colour for item in classes][:2])))
    return _entries(plate, y + 8, head, signs)


Sign = Any


def _box_sign(fill: str, hatch: Hatch) -> Sign:
    def draw(x: float, y: float) -> list[Item]:
        corner = [(x, y - 14), (x + 24, y - 14), (x + 24, y + 2), (x, y + 2)]
        return [Area([corner], fill, map_style().line, 0.8, hatch)]

    return draw


def _mark_sign(look: Look) -> Sign:
    def draw(x: float, y: float) -> list[Item]:
        items: list[Item] = []
        _draw_look(items, look, x + 12, y - 6, 8)
        return items

    return draw


def _cluster_sign(colours: Sequence[str]) -> Sign:
    def draw(x: float, y: float) -> list[Item]:
        style = map_style()
        one, other = [*colours, style.unknown.colour, style.unknown.colour][:2]
        return [
            Disc(x + 12, y - 6, 9, style.paper, style.mark_line, 1.5),
            Arc(x + 12, y - 6, 7.5, 0.0, 0.6, one, 3),
            Arc(x + 12, y - 6, 7.5, 0.6, 1.0, other, 3),
        ]

    return draw


def _entries(plate: Plate, y: float, head: str, entries: Sequence[tuple[str, Sign]]) -> float:
    """A heading and its entries, broken into lines."""
    style = map_style()
    plate.around.append(Label(MARGIN, y, head, 17, style.ink, bold=True))
    y += 27
    x = float(MARGIN)
    for text, draw in entries:
        width = 34 + text_width(text, 16) * 1.06 + 22
        if x + width > WIDTH - MARGIN and x > MARGIN:
            x, y = float(MARGIN), y + 25
        plate.around += draw(x, y)
        plate.around.append(Label(x + 33, y, text, 16, style.ink))
        x += width
    return y + 30


def _small_print(
    plate: Plate,
    y: float,
    view: MapView,
    figures: Mapping[str, Any],
    ground: Ground | None,
    languages: Sequence[str],
) -> float:
    style, release = map_style(), figures["release"]
    lines = []
    unplaced = sum(site.position is None for site in view.sites)
    for language in languages:
        parts = [release_line(release, language)]
        if ground is not None and unplaced:
            parts.append(Message("map_unplaced", {"count": unplaced}).render(language))
        if release.get("invented"):
            parts.append(Message("map_invented").render(language))
        side = "zh" if language.startswith("zh") else "en"
        parts.append(str((release.get("citation") or {}).get(side) or ""))
        if release.get("licence"):
            parts.append(Message("map_licence", {"licence": release["licence"]}).render(language))
        lines.append(" ".join(part for part in parts if part))
    if ground is not None:
        lines += [note for note in (outline_note(ground, language) for language in languages) if note]
    y += 4
    for line in lines:
        y = _say(plate, y, line, 14, style.quiet)
    return y


def _said(message: Message, languages: Sequence[str]) -> str:
    return _both([message.render(language) for language in languages])


def _both(texts: Sequence[str]) -> str:
    """Texts of several languages beside each other; once where they are the same."""
    return " / ".join(dict.fromkeys(texts))


def _say(plate: Plate, y: float, text: str, size: float, colour: str, *, bold: bool = False) -> float:
    """Words under ``y``, broken where they would leave the picture; the y below them."""
    for line in wrapped(text, size * (1.06 if bold else 1.02), WIDTH - 2 * MARGIN):
        y += size * 1.32
        plate.around.append(Label(MARGIN, y - size * 0.2, line, size, colour, bold=bold))
    return y


def wrapped(text: str, size: float, room: float) -> list[str]:
    """A text in lines no wider than ``room``; breaks at spaces and between Chinese characters."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and text_width(line + piece.rstrip(), size) > room:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> list[str]:
    """Words with the space after them; Chinese characters each on their own, punctuation with what is before it."""
    pieces: list[str] = []
    for character in text:
        wide = ord(character) > 0x2E7F
        closing = character in "，。、；：）》”！？"
        if pieces and (closing or not (wide or pieces[-1].endswith(" ") or ord(pieces[-1][-1]) > 0x2E7F)):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces
