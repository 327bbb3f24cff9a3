"""The map of a release drawn into a document: the shapes of ``sites.mapplate``, as vectors on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from reportlab.lib.colors import Color, HexColor
from reportlab.platypus import Flowable, Paragraph

from compostnet.shared.pdf.look import BAD, INK, LINE, Look, put
from sites.mapdata import MapQuery, MapView, Period, view_of
from sites.mapdraw import class_breaks, frame_for
from sites.mapmarks import Look as Sign
from sites.mapmarks import map_style, mark_classes
from sites.mapplate import (
    MARGIN,
    WIDTH,
    Arc,
    Area,
    Disc,
    Ground,
    Item,
    Label,
    Line,
    ground_of,
    legend_classes,
    make_plate,
)

TALLEST = 380.0
"""Points; a taller map is drawn narrower."""


class ReleaseMap(Flowable):  # type: ignore[misc]
    """Provinces shaded by waste diverted, sites by mass and scenario; with its legend under it.

    ``site``: only the province of this site is shown, with a ring around the site.
    """

    def __init__(
        self,
        look: Look,
        document: Mapping[str, Any],
        places: Mapping[str, Any],
        outlines: Sequence[Mapping[str, Any]],
        period: Period,
        site: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.look = look
        query = MapQuery(period=period, province=(site or {}).get("province") or "")
        self.view: MapView = view_of(document, places, query)
        self.ground = ground_of(query, self.view.sites, outlines)
        here = [one for one in self.view.sites if one.position is not None]
        self.site = next((one for one in here if site is not None and one.code == site["code"]), None)
        self.is_empty = self.ground is None or not here
        self.items: list[Item] = []
        self.size = (1.0, 0.0)
        self.legend: list[Paragraph] = []
        if not self.is_empty:
            plate = make_plate(self.view, document, self.ground, [look.language])
            self.items, self.size = plate.map, plate.frame[2:]
            self.legend = self._legend(document)

    def _legend(self, document: Mapping[str, Any]) -> list[Paragraph]:
        """Shades of the provinces, then the signs of scenarios, each a line that wraps."""
        look, style = self.look, map_style()
        lines = []
        ground: Ground | None = self.ground
        if ground is not None and ground.lands:
            pieces: list[tuple[str, bool, Color | None]] = [(look.say("report_map_provinces") + "  ", True, INK)]
            words = legend_classes(class_breaks(self.view.bounds_of), "diverted", look.language)
            for number, text in enumerate(words):
                pieces += [("■\u00a0", False, HexColor(style.classes[number])), (f"{text}\u00a0\u00a0 ", False, INK)]
            pieces.append((look.say("report_map_hatched"), False, INK))
            lines.append(look.rich(pieces, "small"))
        shown = {site.scenario for site in self.view.sites if site.position is not None}
        pieces = [(look.say("report_map_sites") + "  ", True, INK)]
        shapes = {"circle": "●", "square": "■", "triangle": "▲", "diamond": "◆"}
        for item in mark_classes(document, "scenario"):
            if item.code in shown:
                sign: Sign = item.look
                pieces.append((f"{shapes[sign.shape]}\u00a0", False, HexColor(sign.colour)))
                pieces.append((f"{item.name.in_language(look.language)}\u00a0\u00a0 ", False, INK))
        pieces.append((look.say("report_map_several"), False, INK))
        lines.append(look.rich(pieces, "small"))
        if ground is not None and ground.sources:
            lines.append(look.text(look.say("report_map_outlines", source="; ".join(ground.sources)), "small"))
        return lines

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        across, down = self.size
        self.scale = min(width / across, TALLEST / down) if down else 1.0
        self.legend_height = sum(line.wrap(width, height)[1] + 2 for line in self.legend)
        self.width, self.height = width, down * self.scale + 4 + self.legend_height
        return self.width, self.height

    def draw(self) -> None:
        canvas, style = self.canv, map_style()
        across, down = self.size
        left = (self.width - across * self.scale) / 2
        canvas.saveState()
        canvas.translate(left, self.height)
        canvas.scale(self.scale, -self.scale)
        frame = canvas.beginPath()
        frame.rect(0, 0, across, down)
        canvas.clipPath(frame, stroke=0, fill=0)
        canvas.setFillColor(HexColor(style.sea))
        canvas.rect(0, 0, across, down, stroke=0, fill=1)
        for item in self.items:
            self._draw(item)
        self._ring()
        canvas.restoreState()
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        canvas.rect(left, self.height - down * self.scale, across * self.scale, down * self.scale, stroke=1, fill=0)
        y = self.legend_height
        for line in self.legend:
            y -= line.height + 2
            line.drawOn(canvas, 0, y + 1)

    def _draw(self, item: Item) -> None:
        canvas, style = self.canv, map_style()
        if isinstance(item, Area):
            path = canvas.beginPath()
            for ring in item.rings:
                path.moveTo(*ring[0])
                for point in ring[1:]:
                    path.lineTo(*point)
                path.close()
            canvas.setFillColor(HexColor(style.below_zero if item.hatch == "below" else item.fill))
            if item.stroke:
                canvas.setStrokeColor(HexColor(item.stroke))
                canvas.setLineWidth(item.width)
            canvas.drawPath(path, stroke=1 if item.stroke else 0, fill=1, fillMode=0)
            if item.hatch:
                self._hatch(item)
        elif isinstance(item, Disc):
            self._colours(item.fill, item.stroke, item.width)
            canvas.circle(item.x, item.y, item.radius, stroke=1 if item.stroke else 0, fill=1 if item.fill else 0)
        elif isinstance(item, Arc):
            self._colours("", item.colour, item.width)
            box = (item.x - item.radius, item.y - item.radius, item.x + item.radius, item.y + item.radius)
            path = canvas.beginPath()
            # The drawing is upside down, so that angles run clockwise as in the picture on the screen.
            path.arc(*box, startAng=item.start * 360, extent=(item.end - item.start) * 360)
            canvas.drawPath(path, stroke=1, fill=0)
        elif isinstance(item, Line):
            self._colours("", item.colour, 0.7)
            path = canvas.beginPath()
            path.moveTo(*item.points[0])
            for point in item.points[1:]:
                path.lineTo(*point)
            canvas.setDash(2, 4)
            canvas.drawPath(path, stroke=1, fill=0)
            canvas.setDash()
        elif isinstance(item, Label):
            self._write(item)

    def _ring(self) -> None:
        """A ring around the site that the report is about."""
        if self.site is None or self.site.position is None or self.ground is None:
            return
        frame = frame_for(self.ground.box, width=WIDTH - 2 * MARGIN, tallest=1000, shortest=420)
        lon, lat = self.site.position
        x, y = frame.project(np.array([lon]), np.array([lat]))
        self.canv.setStrokeColor(BAD)
        self.canv.setLineWidth(5.0)
        self.canv.circle(float(x[0]), float(y[0]), 40.0, stroke=1, fill=0)

    def _colours(self, fill: str, stroke: str, width: float) -> None:
        if fill:
            self.canv.setFillColor(HexColor(fill))
        if stroke:
            self.canv.setStrokeColor(HexColor(stroke))
            self.canv.setLineWidth(width)

    def _hatch(self, item: Area) -> None:
        """Lines over an area: slanted where there is no figure, level where it is below zero."""
        canvas, style = self.canv, map_style()
        canvas.saveState()
        clip = canvas.beginPath()
        across: list[float] = []
        down: list[float] = []
        for ring in item.rings:
            clip.moveTo(*ring[0])
            for point in ring[1:]:
                clip.lineTo(*point)
            clip.close()
            across += [a for a, _ in ring]
            down += [b for _, b in ring]
        canvas.clipPath(clip, stroke=0, fill=0, fillMode=0)
        canvas.setStrokeColor(HexColor(style.ink if item.hatch == "below" else style.line))
        canvas.setLineWidth(1.0 if item.hatch == "below" else 1.6)
        west, east, north, south = min(across), max(across), min(down), max(down)
        step = 9.0
        if item.hatch == "below":
            y = north
            while y < south:
                canvas.line(west, y, east, y)
                y += step
        else:
            x = west - (south - north)
            while x < east:
                canvas.line(x, south, x + south - north, north)
                x += step
        canvas.restoreState()

    def _write(self, item: Label) -> None:
        canvas, look = self.canv, self.look
        x = item.x - look.faces.width(item.text, item.size, item.bold) / 2 if item.middle else item.x
        canvas.saveState()
        canvas.translate(x, item.y)
        canvas.scale(1, -1)
        put(canvas, look, 0, 0, item.text, item.size, bold=item.bold, colour=HexColor(item.colour))
        canvas.restoreState()
