"""What a release says: figures, sites and changes out of what is verified, as the bytes of its files."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from batches.impact.release_files import sha256
from batches.models import LedgerEntry, Release
from batches.selectors.figures import Network, both
from compostnet.shared.months import parse_month
from compostnet.shared.texts import Message
from sites.selectors import public_position

CODE = ("batches/impact", "batches/selectors/figures.py", "batches/services/site_months.py", "batches/materials.yaml")
"""What a figure depends on besides the data: its digest is part of the code version of a release."""


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


def sites_geojson(network: Network, document: dict[str, Any]) -> dict[str, Any]:
    """The sites at their public place, with the little of their figures that a map shows."""
    figures = {site["code"]: site for site in document["sites"]}
    features = []
    for site in network.sites:
        figure = figures[site.code]
        position = public_position(site)
        organisation = site.organisation
        features.append(
            {
                "type": "Feature",
                "id": site.code,
                "geometry": None if position is None else {"type": "Point", "coordinates": list(position)},
                "properties": {
                    **{
                        key: figure[key]
                        for key in ("code", "name_zh", "name_en", "scenario", "process", "province", "city")
                    },
                    "organisation_zh": organisation.name_zh if organisation else "",
                    "organisation_en": organisation.name_en if organisation else "",
                    "opened_on": site.opened_on.isoformat(),
                    "precision": site.public_location,
                    "month": {**_lite(figure["month"]), "state": figure["state"]},
                    "total": _lite(figure["total"]),
                },
            }
        )
    return {"type": "FeatureCollection", "release": document["release"]["number"], "features": features}


def _lite(figure: dict[str, Any]) -> dict[str, Any]:
    return {key: figure[key] for key in ("diverted_t", "ch4_avoided_t")}


def changes_with_reasons(changes: list[dict[str, Any]], before: Release, network: Network) -> list[dict[str, Any]]:
    """Say of every change why: a correction with its reason, late entries, a month verified later or reopened."""
    months = {parse_month(change["month"]) for change in changes}
    news = LedgerEntry.objects.filter(recorded_at__gt=before.cut_off, month__in=months)
    corrections: dict[tuple[str, int], set[str]] = defaultdict(set)
    late: set[tuple[str, int]] = set()
    for code, month, supersedes, reason in news.values_list("site__code", "month", "supersedes_id", "reason"):
        if supersedes:
            corrections[code, month].add(reason)
        else:
            late.add((code, month))
    # What was corrected into another month changed the month that it left, too.
    moved = LedgerEntry.objects.filter(superseded_by__recorded_at__gt=before.cut_off, month__in=months)
    for code, month, reason in moved.values_list("site__code", "month", "superseded_by__reason"):
        corrections[code, month].add(reason)
    place = {site.code: n for n, site in enumerate(network.sites)}
    for change in changes:
        key = (change["code"], parse_month(change["month"]))
        change["reason"] = both(_reasons(change, key, corrections, late, place, network))
    return changes


def _reasons(
    change: dict[str, Any],
    key: tuple[str, int],
    corrections: dict[tuple[str, int], set[str]],
    late: set[tuple[str, int]],
    place: dict[str, int],
    network: Network,
) -> list[Message]:
    if change["level"] != "site":
        return [Message("change_of_sites")]
    code, month = key
    if code not in place or month < network.first or not network.verified[month - network.first, place[code]]:
        return [Message("change_not_verified")]
    reasons = [Message("change_corrected", {"reason": reason}) for reason in sorted(filter(None, corrections[key]))]
    if key in late:
        reasons.append(Message("change_late"))
    if not reasons:
        reasons.append(Message("change_verified_later" if change["old"] in (None, "0", 0) else "change_knock_on"))
    return reasons
