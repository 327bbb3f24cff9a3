"""Publishing: a month becomes a numbered folder of static files that never changes again."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from batches.impact.release_files import canonical, changes_between, figures_csv, same_figures, sha256
from batches.models import LedgerEntry, Release, SiteMonth
from batches.selectors.figures import Network, both, load_network, make_figures
from batches.services.locks import hold
from batches.services.site_months import LOCK as SITE_MONTHS
from compostnet.shared.months import month_of, month_text, parse_month
from compostnet.shared.problems import Problem
from compostnet.shared.releases import CONTENT_TYPES, INDEX, MANIFEST
from compostnet.shared.texts import Message
from sites.audit import record
from sites.permissions import Actor, require, user_or_none
from sites.selectors import public_position

LOCK = "releases"
LICENCE = "CC-BY-4.0"
CODE = ("batches/impact", "batches/selectors/figures.py", "batches/services/site_months.py", "batches/materials.yaml")
"""What a figure depends on besides the data: its digest is part of the code version of a release."""


def publish_release(*, actor: Actor, month: int) -> Release:
    """Freeze the verified figures of a month under the next number: all of it, or nothing.

    A month that was published before and has changed gets its next revision, with the list of what changed; unchanged
    it is refused (``release_unchanged``). Two publishers at once make one release: the second finds nothing changed.
    """
    require(actor, "publish_release")
    folder = Path(settings.RELEASES_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with transaction.atomic():
            hold(LOCK)
            # Nobody verifies or sums up while the figures are read.
            hold(SITE_MONTHS)
            tidy(folder)
            return _publish(actor, month, folder)
    finally:
        # Also after a refusal: a publisher that was cut off between commit and index is made good here.
        with transaction.atomic():
            hold(LOCK)
            write_index(folder)


def _publish(actor: Actor, month: int, folder: Path) -> Release:
    if month >= month_of(timezone.localdate()):
        raise Problem("release_month_not_over", month=month_text(month))
    if not SiteMonth.objects.filter(month=month, state=SiteMonth.State.VERIFIED).exists():
        raise Problem("release_nothing_verified", month=month_text(month))
    now = timezone.now()
    earlier = list(Release.objects.order_by("number"))
    same_month = [release for release in earlier if release.month == month]
    number = earlier[-1].number + 1 if earlier else 1
    network = load_network(month)
    invented = any(site.is_invented for site in network.sites)
    about = {
        "number": number,
        "month": month_text(month),
        "revision": len(same_month),
        "created_at": now.isoformat(),
        "cut_off": now.isoformat(),
        "method": network.method.code,
        "gwp": network.method.gwp.code,
        "baselines": network.baselines,
        "code_version": code_version(),
        "invented": invented,
        "licence": LICENCE,
    }
    citation = Message("release_citation", {**about, "date": now.date().isoformat()})
    about["citation"] = both([citation])
    document = {"release": about, **make_figures(network), "changes": []}
    if same_month:
        before = _figures_of(folder, same_month[-1].number)
        if same_figures(before, document):
            raise Problem("release_unchanged", month=month_text(month), number=same_month[-1].number)
    if earlier:
        before = _figures_of(folder, earlier[-1].number)
        document["changes"] = _with_reasons(list(changes_between(before, document)), earlier[-1], network)
    files = {
        "figures.json": canonical(document),
        "figures.csv": figures_csv(document),
        "sites.geojson": canonical(_sites_geojson(network, document)),
    }
    manifest = canonical({"release": about, "files": {name: _vouch(name, data) for name, data in files.items()}})
    release = Release.objects.create(
        number=number,
        month=month,
        revision=about["revision"],
        method=about["method"],
        gwp=about["gwp"],
        cut_off=now,
        manifest_sha256=sha256(manifest),
        created_by=user_or_none(actor),
    )
    record(actor, "publish_release", release, month=month_text(month), manifest_sha256=release.manifest_sha256)
    write_folder(folder, str(number), {**files, MANIFEST: manifest})
    return release


def _figures_of(folder: Path, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / str(number) / "figures.json").read_text(encoding="utf-8"))
    return found


def _vouch(name: str, content: bytes) -> dict[str, Any]:
    return {"sha256": sha256(content), "bytes": len(content), "content_type": CONTENT_TYPES[Path(name).suffix]}


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


def _sites_geojson(network: Network, document: dict[str, Any]) -> dict[str, Any]:
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


def _with_reasons(changes: list[dict[str, Any]], before: Release, network: Network) -> list[dict[str, Any]]:
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


def write_folder(folder: Path, name: str, files: dict[str, bytes]) -> None:
    """Write files into ``folder/name`` so that it is there whole or not at all, even when the plug is pulled."""
    temporary = folder / f".writing-{uuid4().hex}"
    temporary.mkdir()
    for file_name, content in files.items():
        _write(temporary / file_name, content)
    _sync_folder(temporary)
    temporary.rename(folder / name)
    _sync_folder(folder)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def tidy(folder: Path) -> None:
    """Clear away what a publisher that was cut off left: half-written folders, and folders without a release.

    Holds only under the lock. A folder without a release is set aside, not deleted: it was never public.
    """
    known = {str(number) for number in Release.objects.values_list("number", flat=True)}
    for path in folder.iterdir():
        if path.name.startswith(".writing-"):
            shutil.rmtree(path)
        elif path.name.startswith(".index-"):
            path.unlink()
        elif path.name.isdigit() and path.name not in known:
            path.rename(folder / f".set-aside-{path.name}-{uuid4().hex[:8]}")


def write_index(folder: Path) -> None:
    """Write ``index.json`` from the releases of the database; until it names a release, nobody sees it."""
    releases = [
        {
            "number": release.number,
            "month": month_text(release.month),
            "revision": release.revision,
            "method": release.method,
            "gwp": release.gwp,
            "cut_off": release.cut_off.isoformat(),
            "manifest_sha256": release.manifest_sha256,
        }
        for release in Release.objects.order_by("number")
        if (folder / str(release.number) / MANIFEST).exists()
    ]
    newest = max(releases, key=lambda r: (r["month"], r["revision"]), default=None)
    content = canonical({"latest": newest["number"] if newest else None, "releases": releases})
    temporary = folder / f".index-{uuid4().hex}"
    _write(temporary, content)
    temporary.replace(folder / INDEX)
    _sync_folder(folder)
