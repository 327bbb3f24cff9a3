"""Publishing: a month becomes a numbered folder of static files that never changes again.

In two short transactions with the work between them, so that nobody waits while files are made: the first, which holds
the locks of ledger and site-months, sets the cut-off and reads everything; the second writes row and folder, if nobody
has published meanwhile (else all begins anew).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from batches.impact.document.release_files import canonical, sha256
from batches.impact.signing.signature import public_bytes, sign
from batches.models import Release, SiteMonth
from batches.services.clock import cut_off_now
from batches.services.locks import LEDGER, hold
from batches.services.release_contents import Frozen, freeze, is_unchanged, make_files, store_parts
from batches.services.release_folder import tidy, write_folder, write_index
from batches.services.signing_keys import register_key, signing_key
from batches.services.site_months import LOCK as SITE_MONTHS
from compostnet.shared.months import first_day, last_day, month_of, month_text
from compostnet.shared.problems import Problem
from compostnet.shared.releases import CONTENT_TYPES, MANIFEST, SIGNATURE
from compostnet.shared.texts import Message
from compostnet.shell import background
from sites.audit import record
from sites.models import Site
from sites.permissions import Actor, require, user_or_none

LOCK = "releases"
LICENCE = "CC-BY-4.0"
TRIES = 5
HEADLINE = ("diverted_t", "ch4_avoided_t", "net_co2e_t", "sites_expected", "sites_reported", "sites_verified")
"""What manifest and index tell of the network's figures, so that lists and feeds need read nothing else."""
LONGEST_REASON = 1000
Progress = Callable[[str, int], None]
Claim = Callable[[Release], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants published: ``confirmed`` = final although not every expected site is verified."""

    month: int
    final: bool = False
    reason: str = ""
    confirmed: bool = False


def publish_release(
    *,
    actor: Actor,
    month: int,
    final: bool = False,
    reason: str = "",
    confirmed: bool = False,
    progress: Progress | None = None,
) -> Release:
    """Freeze the verified figures of a month under the next number: all of it, or nothing.

    A month that was published before and has changed gets its next revision, with the list of what changed; unchanged
    it is refused (``release_unchanged``) unless it becomes final. A final month is restated with a ``reason`` only.
    Two publishers at once make one release: the second finds nothing changed.
    """
    require(actor, "publish_release")
    wish = Wish(month, final, reason.strip(), confirmed)
    return publish(actor=actor, wish=wish, progress=progress or _silent, claim=_nobody)


def publish(*, actor: Actor, wish: Wish, progress: Progress, claim: Claim) -> Release:
    """As `publish_release`; ``claim`` is called with the new row in the transaction that publishes it."""
    require(actor, "publish_release")
    folder = Path(settings.RELEASES_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for _attempt in range(TRIES):
            release = _attempt_to_publish(actor, wish, folder, progress, claim)
            if release is not None:
                break
        else:
            raise Problem("release_too_busy", month=month_text(wish.month))
    finally:
        # Also after a refusal: a publisher that was cut off between commit and index is made good here.
        mend_index()
    progress("publish_step_done", 100)
    transaction.on_commit(lambda: _tell(release.number))
    return release


def mend_index() -> None:
    """Write the index from what is committed: it does so even after a publisher was cut off before it could."""
    folder = Path(settings.RELEASES_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with transaction.atomic():
        hold(LOCK)
        write_index(folder)


def check_wish(wish: Wish) -> None:
    """Refuse what can be refused before any work: a month that is not over, not verified, not complete, no reason."""
    text = month_text(wish.month)
    if wish.month >= month_of(timezone.localdate()):
        raise Problem("release_month_not_over", month=text)
    verified = SiteMonth.objects.filter(month=wish.month, state=SiteMonth.State.VERIFIED).count()
    if not verified:
        raise Problem("release_nothing_verified", month=text)
    if len(wish.reason) > LONGEST_REASON:
        raise Problem("release_reason_too_long", length=len(wish.reason), longest=LONGEST_REASON)
    made = list(Release.objects.filter(month=wish.month).values_list("status", flat=True))
    was_final = Release.Status.FINAL in made
    if was_final and not wish.reason:
        raise Problem("release_reason_needed", month=text)
    if wish.final and not was_final and not wish.confirmed:
        open_then = Q(closed_on__isnull=True) | Q(closed_on__gte=first_day(wish.month))
        expected = Site.objects.filter(open_then, opened_on__lte=last_day(wish.month)).count()
        if verified < expected:
            raise Problem("release_not_complete", month=text, verified=verified, expected=expected)


def _silent(_step: str, _percent: int) -> None:
    """Nobody wants to know how far it is."""


def _nobody(_release: Release) -> None:
    """Nobody claims the release."""


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a publisher stands after the first transaction: what is frozen, and which releases there are."""

    wish: Wish
    cut_off: dt.datetime
    frozen: Frozen
    newest: Release | None
    same_month: list[Release]

    @property
    def number(self) -> int:
        return self.newest.number + 1 if self.newest else 1

    @property
    def status(self) -> Release.Status:
        """A month is final once; whatever comes after its first release and does not make it final restates it."""
        if self.wish.final and not any(release.status == Release.Status.FINAL for release in self.same_month):
            return Release.Status.FINAL
        return Release.Status.RESTATED if self.same_month else Release.Status.PROVISIONAL

    def about(self) -> dict[str, Any]:
        """What the release says of itself."""
        reason, newest = self.wish.reason, self.newest
        made = timezone.now()
        about: dict[str, Any] = {
            **self.frozen.about,
            "number": self.number,
            "month": month_text(self.wish.month),
            "revision": self.same_month[-1].revision + 1 if self.same_month else 0,
            "status": str(self.status),
            "reason": {"zh": reason, "en": reason} if reason else None,
            "created_at": made.isoformat(),
            "cut_off": self.cut_off.isoformat(),
            "licence": LICENCE,
            "previous": {"number": newest.number, "manifest_sha256": newest.manifest_sha256} if newest else None,
        }
        citation = Message("release_citation", {**about, "date": timezone.localdate(made).isoformat()})
        return {**about, "citation": {language: citation.render(language) for language in ("zh", "en")}}


def _freeze(wish: Wish, folder: Path) -> _Start:
    """Set the cut-off and read what the release rests on: the first transaction."""
    with transaction.atomic():
        hold(LOCK)
        # Whoever stores entries has finished, or waits and stamps them after the cut-off.
        hold(LEDGER)
        # Nobody verifies or sums up while the figures are read.
        hold(SITE_MONTHS)
        tidy(folder)
        check_wish(wish)
        return _Start(
            wish,
            cut_off_now(),
            freeze(wish.month),
            Release.objects.order_by("-number").first(),
            list(Release.objects.filter(month=wish.month).order_by("revision")),
        )


def _attempt_to_publish(actor: Actor, wish: Wish, folder: Path, progress: Progress, claim: Claim) -> Release | None:
    """One release, or None where somebody published another one meanwhile."""
    progress("publish_step_freeze", 0)
    start = _freeze(wish, folder)
    about = start.about()
    before = folder / str(start.newest.number) if start.newest else None
    files = make_files(start.frozen, about, before, lambda step, percent: progress(step, 10 + percent * 8 // 10))
    if start.same_month and start.status != Release.Status.FINAL:
        last = start.same_month[-1].number
        if is_unchanged(files, folder / str(last)):
            raise Problem("release_unchanged", month=about["month"], number=last)
    progress("publish_step_sign", 90)
    key = signing_key()
    manifest = manifest_of(about, json.loads(files["figures.json"]), files)
    files = {**files, MANIFEST: manifest, SIGNATURE: sign(manifest, key)}
    with transaction.atomic():
        hold(LOCK)
        if Release.objects.filter(number__gte=start.number).exists():
            return None
        register_key(folder, public_bytes(key), about["created_at"])
        release = Release.objects.create(
            number=start.number,
            month=wish.month,
            revision=about["revision"],
            status=start.status,
            reason=wish.reason,
            method=about["method"],
            gwp=about["gwp"],
            cut_off=start.cut_off,
            manifest_sha256=sha256(manifest),
            frozen=store_parts(start.frozen, about),
            created_by=user_or_none(actor),
        )
        told = {"month": about["month"], "status": about["status"], "manifest_sha256": release.manifest_sha256}
        record(actor, "publish_release", release, **told)
        claim(release)
        write_folder(folder, str(start.number), files)
    return release


def manifest_of(about: dict[str, Any], document: dict[str, Any], files: dict[str, bytes]) -> bytes:
    """``manifest.json``: what the release is, its headline, and what vouches for each of its files."""
    headline = {
        span: {name: document["network"][span].get(name) for name in HEADLINE} for span in ("month", "year", "total")
    }
    vouched = {name: _vouch(name, data) for name, data in files.items()}
    return canonical({"schema": 2, "release": about, "headline": headline, "files": vouched})


def _vouch(name: str, content: bytes) -> dict[str, Any]:
    return {"sha256": sha256(content), "bytes": len(content), "content_type": CONTENT_TYPES[Path(name).suffix]}


def _tell(number: int) -> None:
    """Tell the subscribers, in the background."""
    from batches.tasks import tell_subscribers  # the tasks know the services

    background.start(tell_subscribers, number)
