"""Publishing: a month becomes a numbered folder of static files that never changes again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from batches.impact.release_files import canonical, changes_between, figures_csv, same_figures, sha256
from batches.models import Release, SiteMonth
from batches.selectors.figures import both, load_network, make_figures
from batches.services.locks import LEDGER, hold
from batches.services.release_contents import changes_with_reasons, code_version, sites_geojson
from batches.services.release_folder import tidy, write_folder, write_index
from batches.services.site_months import LOCK as SITE_MONTHS
from compostnet.shared.months import month_of, month_text
from compostnet.shared.problems import Problem
from compostnet.shared.releases import CONTENT_TYPES, MANIFEST
from compostnet.shared.texts import Message
from sites.audit import record
from sites.permissions import Actor, require, user_or_none

LOCK = "releases"
LICENCE = "CC-BY-4.0"


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
            # Whoever stores entries has finished, or waits and stamps them after the cut-off.
            hold(LEDGER)
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
        document["changes"] = changes_with_reasons(list(changes_between(before, document)), earlier[-1], network)
    files = {
        "figures.json": canonical(document),
        "figures.csv": figures_csv(document),
        "sites.geojson": canonical(sites_geojson(network, document)),
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
