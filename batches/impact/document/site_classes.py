"""The classes of every site as of a release's month, and the figures by class. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np

from batches.impact.accounts import MG_PER_T
from batches.impact.document.figure_table import both
from batches.impact.document.inputs import SiteFacts
from batches.impact.document.levels import Book, Level
from batches.impact.document.rulebook import Rules
from compostnet.shared.rules import Text
from sites.classification import Classed, Facts, classify

YEAR = 12
Json = dict[str, Any]


def class_sites(book: Book, rules: Rules) -> list[dict[str, Classed]]:
    """Of every site its class in every dimension."""
    inputs = book.inputs
    start = max(0, inputs.months - YEAR)
    verified = inputs.verified
    tonnes = (book.columns["diverted"][start:].sum(axis=0) / MG_PER_T).tolist()
    expected = inputs.expected[start:].sum(axis=0).tolist()
    of_them = verified[start:].sum(axis=0).tolist()
    ever = verified.sum(axis=0).tolist()
    first = np.where(verified.any(axis=0), verified.argmax(axis=0), -1).tolist()
    last = np.where(verified.any(axis=0), inputs.months - 1 - verified[::-1].argmax(axis=0), -1).tolist()
    return [
        classify(
            Facts(
                scenario=site.scenario,
                process=site.process,
                run_by=site.run_by,
                community_mode=site.community_mode,
                tonnes_12_months=tonnes[n] if of_them[n] else None,
                months_expected=expected[n],
                months_verified=of_them[n],
                months_verified_ever=ever[n],
                share_verified=of_them[n] / expected[n] if expected[n] else None,
                months_since_first=inputs.months - 1 - first[n] if ever[n] else None,
                months_silent=inputs.months - 1 - last[n] if ever[n] else None,
                **_quality(site),
            ),
            rules.classification,
        )
        for n, site in enumerate(inputs.sites)
    ]


def _quality(site: SiteFacts) -> Json:
    if not site.quality:
        return {}
    return {"product_quality": site.quality["verdict"], "quality_because": Text(**site.quality["because"])}


def told(found: dict[str, Classed]) -> dict[str, Json]:
    """A site's classes as the document tells them."""
    return {
        dimension: {"code": one.code, "name": {"zh": one.name.zh, "en": one.name.en}, "because": both([one.because])}
        for dimension, one in found.items()
    }


def dimension_keys(classes: list[dict[str, Classed]], dimension: str) -> list[str]:
    """The class of every site in a dimension."""
    return [found[dimension].code for found in classes]


def class_figures(classes: list[dict[str, Classed]], rules: Rules, levels: dict[str, tuple[list[str], Level]]) -> Json:
    """Dimension → its name and the figures of each class that has sites; ``levels``: by dimension, codes and level."""
    found: Json = {}
    for code, dimension in rules.classification.dimensions.items():
        names, level = levels[code]
        known = {one[code].code: one[code].name for one in classes}
        keys = dimension_keys(classes, code)
        rows = [
            {
                "code": name,
                "name_zh": known[name].zh,
                "name_en": known[name].en,
                "sites": keys.count(name),
                **figures,
            }
            for name, figures in zip(names, level.spans(series=False), strict=True)
        ]
        found[code] = {"name_zh": dimension.name.zh, "name_en": dimension.name.en, "classes": rows}
    return found
