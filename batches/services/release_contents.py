"""What a release says: the bytes of its files, made of what was frozen.

`freeze` runs inside the publisher's short transaction that holds the ledger; `make_files` needs no lock: it works on
what was frozen, on the ledger up to the cut-off (append-only) and on the folder of the release before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from batches.impact.document.canonical import canonical
from batches.impact.document.evidence import evidence_files
from batches.impact.document.figures import Inputs, make_document
from batches.impact.document.release_files import data_dictionary, figures_csv, same_figures
from batches.pdf.network import network_report
from batches.services.freezing import Frozen, code_version, freeze, store_parts
from batches.services.release_tables import changes_since, corrections_csv, entries_csv
from batches.services.revisions import revised_values
from sites.mapfiles import map_png, map_svg

__all__ = ["Frozen", "code_version", "freeze", "is_unchanged", "make_files", "store_parts"]
Progress = Callable[[str, int], None]


def make_files(
    frozen: Frozen,
    about: Mapping[str, Any],
    before: Path | None = None,
    progress: Progress = lambda step, percent: None,
) -> dict[str, bytes]:
    """Every file of a release but manifest and signature: name → bytes.

    ``about``: what stands under ``release`` (with what `Frozen.about` says); ``before``: folder of the release before.
    ``progress`` is called with a step (code of the catalogue) and percent.
    """
    progress("publish_step_figures", 0)
    document = make_document(frozen.inputs, frozen.rules, about, frozen.book)
    earlier = None if before is None else _figures(before)
    progress("publish_step_figures", 40)
    if earlier is not None:
        document["changes"] = changes_since(earlier, document, frozen, revised_values(earlier, about, frozen))
    files = {"figures.json": canonical(document)}
    progress("publish_step_files", 50)
    places = sites_geojson(frozen.inputs, document)
    files |= {
        "figures.csv": figures_csv(document),
        "datadictionary.csv": data_dictionary(about),
        "sites.geojson": canonical(places),
        "method.json": canonical(frozen.parts["rules"]),
        "corrections.csv": corrections_csv(frozen, about, earlier, document["changes"]),
        "entries.csv": entries_csv(frozen, about),
    }
    files |= {name: canonical(content) for name, content in evidence_files(frozen.book).items()}
    progress("publish_step_files", 65)
    outlines = frozen.parts["outlines"]
    files["map.svg"] = map_svg(document, places, outlines)
    files["map.png"] = map_png(document, places, outlines, font=settings.PDF_FONT)
    for percent, language in ((75, "zh"), (90, "en")):
        progress("publish_step_files", percent)
        files[f"report-{language}.pdf"] = network_report(
            document,
            places=places,
            outlines=outlines,
            language=language,
            method=frozen.parts["rules"],
            font=settings.PDF_FONT,
        )
    return files


def _figures(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "figures.json").read_bytes())
    return found


def is_unchanged(files: Mapping[str, bytes], before: Path) -> bool:
    """Whether files say the same figures as the release in a folder."""
    return same_figures(_figures(before), json.loads(files["figures.json"]))


def sites_geojson(inputs: Inputs, document: Mapping[str, Any]) -> dict[str, Any]:
    """The sites at their public place, with the little of their figures that a map shows."""
    features = []
    for site, figure in zip(inputs.sites, document["sites"], strict=True):
        named = ("code", "name_zh", "name_en", "scenario", "process", "province", "city", "classes")
        features.append(
            {
                "type": "Feature",
                "id": site.code,
                "geometry": None if site.position is None else {"type": "Point", "coordinates": list(site.position)},
                "properties": {
                    **{key: figure[key] for key in named},
                    "organisation_zh": site.organisation_zh,
                    "organisation_en": site.organisation_en,
                    "opened_on": site.opened_on,
                    "precision": site.precision,
                    "month": {**_lite(figure["month"]), "state": figure["state"]},
                    "year": _lite(figure["year"]),
                    "total": _lite(figure["total"]),
                },
            }
        )
    return {"type": "FeatureCollection", "release": document["release"]["number"], "features": features}


def _lite(figure: Mapping[str, Any]) -> dict[str, Any]:
    return {key: figure[key] for key in ("diverted_t", "ch4_avoided_t")}
