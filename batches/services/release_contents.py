"""What a release says: inputs and rules frozen at its cut-off, and the bytes of its files made of them.

`freeze` runs inside the publisher's short transaction that holds the ledger; `make_files` needs no lock: it works on
what was frozen, on the ledger up to the cut-off (append-only) and on the folder of the release before.
"""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from batches.impact.canonical import canonical
from batches.impact.document import Inputs, Rules, baselines_used, make_book, make_document
from batches.impact.evidence import evidence_files
from batches.impact.levels import Book
from batches.impact.release_files import data_dictionary, figures_csv, same_figures, sha256
from batches.models import FrozenPart, LedgerEntry, MonthlyRecord
from batches.selectors.figures import current_rules, load_inputs
from batches.services.frozen_parts import parts_of
from batches.services.release_tables import changes_since, corrections_csv, entries_csv

CODE = (
    "batches/impact",
    "batches/selectors/figures.py",
    "batches/services/site_months.py",
    "batches/services/release_contents.py",
    "batches/services/release_tables.py",
    "batches/materials.yaml",
)
"""What a figure depends on besides the data: its digest is part of the code version of a release."""
Progress = Callable[[str, int], None]


@cache
def code_version() -> str:
    """Version of the platform and the first digits of the digest of everything that makes a figure."""
    root = settings.BASE_DIR
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    paths: list[Path] = []
    for name in CODE:
        path = root / name
        paths += [path] if path.is_file() else [p for p in path.rglob("*") if p.suffix in (".py", ".yaml")]
    text = "\n".join(f"{path.relative_to(root)} {sha256(path.read_bytes())}" for path in sorted(paths))
    return f"{version}+{sha256(text.encode())[:12]}"


@dataclass(frozen=True)
class Frozen:
    """What a release is made of, read in one transaction. ``parts``: name → content, kept under its digest."""

    month: int
    cut_off: dt.datetime
    inputs: Inputs
    rules: Rules
    parts: Mapping[str, Any] = field(repr=False)

    @cached_property
    def book(self) -> Book:
        """The accounts of every site and month."""
        return make_book(self.inputs, self.rules)

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the release's ``about`` says of its contents; its publisher adds number, times, status and citation."""
        return {
            "method": self.rules.method.code,
            "gwp": self.rules.gwp.code,
            "baselines": baselines_used(self.inputs, self.rules),
            "code_version": code_version(),
            "invented": any(site.invented for site in self.inputs.sites),
        }


def freeze(month: int) -> Frozen:
    """Read all that a release of a month rests on. Inside the transaction that holds LEDGER and SITE_MONTHS.

    The cut-off is now, or when the newest entry was recorded where the clock of its writer is ahead of ours.
    """
    newest = (
        LedgerEntry.objects.aggregate(at=Max("recorded_at")),
        MonthlyRecord.objects.aggregate(at=Max("recorded_at")),
    )
    cut_off = max([timezone.now(), *(found["at"] for found in newest if found["at"])])
    inputs, rules = load_inputs(month), current_rules(month)
    return Frozen(month, cut_off, inputs, rules, parts_of(inputs, rules))


def store_parts(frozen: Frozen) -> dict[str, str]:
    """Keep the parts under their digests, each once whatever the number of releases that share it.

    Returns name → digest (SHA-256 of its canonical JSON): what `Release.frozen` holds.
    """
    contents = {sha256(canonical(content)): content for content in frozen.parts.values()}
    there = set(FrozenPart.objects.filter(pk__in=contents).values_list("pk", flat=True))
    new = [FrozenPart(digest=key, content=content) for key, content in contents.items() if key not in there]
    FrozenPart.objects.bulk_create(new, ignore_conflicts=True)
    return {name: sha256(canonical(content)) for name, content in frozen.parts.items()}


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
    earlier = None if before is None else json.loads((before / "figures.json").read_text(encoding="utf-8"))
    progress("publish_step_figures", 40)
    document["changes"] = [] if earlier is None else changes_since(earlier, document, frozen)
    files = {"figures.json": canonical(document)}
    progress("publish_step_files", 50)
    files |= {
        "figures.csv": figures_csv(document),
        "datadictionary.csv": data_dictionary(about),
        "sites.geojson": canonical(sites_geojson(frozen.inputs, document)),
        "method.json": canonical(frozen.parts["rules"]),
        "corrections.csv": corrections_csv(frozen, about, earlier, document["changes"]),
        "entries.csv": entries_csv(frozen, about),
    }
    files |= {name: canonical(content) for name, content in evidence_files(frozen.book).items()}
    return files


def is_unchanged(files: Mapping[str, bytes], before: Path) -> bool:
    """Whether files say the same figures as the release in a folder."""
    return same_figures(json.loads((before / "figures.json").read_bytes()), json.loads(files["figures.json"]))


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
