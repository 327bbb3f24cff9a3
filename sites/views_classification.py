"""The page of the indicator system by which sites are classed: dimensions, classes, bounds, sources, sites in each."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from compostnet.shared import releases
from compostnet.shared.texts import Message
from sites.classification import Dimension, classes_of, classification


@require_safe
def classes(request: HttpRequest) -> HttpResponse:
    """Every dimension as the file holds it; how many sites the latest release has in each class."""
    release = releases.latest(settings.RELEASES_DIR)
    published = release.figures.get("classes", {}) if release else {}
    rules = classification()
    dimensions = [
        {
            "code": code,
            "dimension": dimension,
            "source": rules.sources[dimension.source],
            "rows": _rows(dimension, published.get(code, {})),
        }
        for code, dimension in rules.dimensions.items()
    ]
    return render(request, "sites/classes.html", {"dimensions": dimensions, "release": release})


def _rows(dimension: Dimension, published: dict[str, Any]) -> list[dict[str, Any]]:
    counts = {one["code"]: one["sites"] for one in published.get("classes", ())}
    language = get_language() or settings.LANGUAGE_CODE
    rows = []
    for code, name in classes_of(dimension).items():
        own = dimension.classes.get(code)
        bounds = [
            {"fact": Message(f"class_fact_{c.fact}").render(language), "at_least": c.at_least, "below": c.below}
            for c in (own.when if own else ())
            if c.is_ is None
        ]
        rows.append({"code": code, "name": name, "bounds": bounds, "sites": counts.get(code, 0)})
    return rows
