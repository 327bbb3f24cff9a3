"""What a release rests on: read and frozen at its cut-off, and thawed again as it was then.

Places, flags and rules may change later, so a release keeps them by their digest (`FrozenPart`); ledger and records are
append-only, so of them it keeps the cut-off alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum

from batches.impact.document.canonical import canonical
from batches.impact.document.figures import Inputs, Rules, baseline_files_used, baselines_used, make_book
from batches.impact.document.inputs import RegionFacts, SiteFacts, flags_of, ranges_of
from batches.impact.document.levels import Book
from batches.impact.document.release_files import sha256
from batches.models import FrozenPart, Release
from batches.selectors.figures import current_rules, expected_of, load_inputs, load_records, rows_of
from batches.selectors.ledger import entries_as_of
from compostnet.shared.problems import Problem
from sites.mapfiles import frozen_outlines
from sites.models import Site
from sites.selectors import boundaries

CODE = ("batches/impact", "batches/pdf", "batches/selectors/figures.py", "batches/services/freezing.py")
CODE += (
    "batches/services/release_contents.py",
    "batches/services/release_tables.py",
    "batches/services/site_months.py",
)
CODE += ("batches/materials.yaml", "batches/resources.yaml", "sites/classification.py", "sites/classification.yaml")
CODE += ("sites/mapdata.py", "sites/mapdraw.py", "sites/mapfiles.py", "sites/mapplate.py", "sites/mapstyle.yaml")
"""What a release depends on besides the data: its digest is part of the code version."""
Json = dict[str, Any]


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
    inputs: Inputs
    rules: Rules
    parts: Mapping[str, Any] = field(repr=False)

    @cached_property
    def book(self) -> Book:
        """The accounts of every site and month."""
        return make_book(self.inputs, self.rules)

    @cached_property
    def about(self) -> Json:
        """What the release's ``about`` says of its contents; its publisher adds number, times, status and citation."""
        return {
            "method": self.rules.method.code,
            "gwp": self.rules.gwp.code,
            "baselines": baselines_used(self.inputs, self.rules),
            "code_version": code_version(),
            "invented": any(site.invented for site in self.inputs.sites),
        }


def freeze(month: int) -> Frozen:
    """Read all that a release of a month rests on. Inside the transaction that holds LEDGER and SITE_MONTHS."""
    inputs, rules = load_inputs(month), current_rules(month)
    rules = rules.with_baselines(baseline_files_used(inputs, rules))
    parts = {
        "rules": rules.as_json(),
        "places": {
            "sites": [vars(site) for site in inputs.sites],
            "regions": [vars(inputs.regions[code]) for code in sorted(inputs.regions)],
        },
        "flags": {
            "month": inputs.month,
            "first": inputs.first,
            **{name: _ranges(inputs, name) for name in ("verified", "reported", "aerobic")},
        },
        "outlines": frozen_outlines(boundaries(main_country(inputs))),
    }
    return Frozen(month, inputs, rules, parts)


def main_country(inputs: Inputs) -> str:
    """The country that most sites lie in; empty without sites."""
    roots = [inputs.chains[site.region][-1] for site in inputs.sites]
    return max(sorted(set(roots)), key=roots.count, default="")


def _ranges(inputs: Inputs, name: str) -> dict[str, list[list[int]]]:
    flags = getattr(inputs, name)
    return {inputs.sites[n].code: parts for n, parts in ranges_of(flags, inputs.first).items()}


def store_parts(frozen: Frozen, about: Mapping[str, Any]) -> dict[str, str]:
    """Keep the parts under their digests, each once whatever the number of releases that share it.

    Returns name → digest (SHA-256 of its canonical JSON): what `Release.frozen` holds.
    """
    parts = {**frozen.parts, "about": dict(about)}
    digests = {name: sha256(canonical(content)) for name, content in parts.items()}
    there = set(FrozenPart.objects.filter(pk__in=digests.values()).values_list("pk", flat=True))
    new = {digest: parts[name] for name, digest in digests.items() if digest not in there}
    FrozenPart.objects.bulk_create(
        [FrozenPart(digest=digest, content=content) for digest, content in new.items()], ignore_conflicts=True
    )
    return digests


def thaw(release: Release) -> Frozen:
    """What a release was made of, as it was frozen; Problem ``release_not_frozen`` where nothing was kept of it."""
    digests: Mapping[str, str] = release.frozen
    kept = dict(FrozenPart.objects.filter(pk__in=digests.values()).values_list("digest", "content"))
    if not digests or len(kept) < len(set(digests.values())):
        raise Problem("release_not_frozen", number=release.number)
    parts = {name: kept[digest] for name, digest in digests.items()}
    sites = [SiteFacts(**facts) for facts in parts["places"]["sites"]]
    regions = {facts["code"]: RegionFacts(**facts) for facts in parts["places"]["regions"]}
    part = parts["flags"]
    month, first = part["month"], part["first"]
    flags = {name: _flags(part, name, sites) for name in ("verified", "reported", "aerobic")}
    keys = dict(Site.objects.values_list("code", "pk"))
    at = {keys[site.code]: n for n, site in enumerate(sites) if site.code in keys}
    rows = rows_of(_ledger(release, first, month), first, at)
    inputs = Inputs(
        month,
        first,
        sites,
        regions,
        expected_of(sites, first, month),
        flags["reported"],
        flags["verified"],
        rows.where(flags["verified"][rows.month, rows.site]),
        load_records(first, month, at, flags["verified"], as_of=release.cut_off),
        flags["aerobic"],
    )
    return Frozen(month, inputs, Rules.from_json(parts["rules"]), parts)


def _flags(part: Mapping[str, Any], name: str, sites: list[SiteFacts]) -> Any:
    at = {site.code: n for n, site in enumerate(sites)}
    shape = (part["month"] - part["first"] + 1, len(sites))
    return flags_of({at[code]: ranges for code, ranges in part[name].items()}, part["first"], shape)


def _ledger(release: Release, first: int, month: int) -> list[tuple[Any, ...]]:
    """The ledger as of the cut-off, summed as the roll-up sums it."""
    found = entries_as_of(release.cut_off).filter(month__gte=first, month__lte=month)
    sums = found.order_by().values_list("site_id", "month", "kind", "material", "measured")
    return [(*row[:5], int(row[5]), row[6]) for row in sums.annotate(mass=Sum("mass_mg"), entries=Count("pk"))]
