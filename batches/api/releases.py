"""The API of releases: what is published, whether it holds, and publishing."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from batches.api.parts import MonthText, Strict
from batches.impact.signing.signature import Check, passed
from batches.models import PublishJob
from batches.services.publish_jobs import is_stale, start_publish_job, unpacked
from batches.services.releases import publish_release
from batches.views.releases import checks_of, folder_of
from compostnet.shared import releases
from compostnet.shared.months import month_text, parse_month
from compostnet.shared.paging import Page, PageQuery
from compostnet.shared.problems import Problem
from compostnet.shared.releases import Published
from compostnet.shared.schemas import TextOut
from compostnet.shared.texts import Message
from compostnet.shell.answers import language
from sites.auth import actor, signed_in
from sites.permissions import require

router = Router()
NumberPath = Annotated[int, Path(ge=1, le=2_000_000_000, description="number of the release")]


class FileOut(Schema):
    name: str
    url: str
    bytes: int
    sha256: str
    content_type: str


class PreviousOut(Schema):
    """The release before it, as the manifest names it."""

    number: int
    manifest_sha256: str


class ReleaseOut(Schema):
    """One release and where its files are."""

    number: int
    month: str
    revision: int
    status: str = Field(description="provisional, final or restated")
    reason: TextOut | None = Field(description="why it was published again")
    method: str
    gwp: str
    created_at: dt.datetime
    cut_off: dt.datetime
    code_version: str
    licence: str
    invented: bool
    citation: TextOut
    previous: PreviousOut | None
    files: list[FileOut]


def _release(found: Published) -> dict[str, Any]:
    files = [
        {"name": name, "url": f"/releases/{found.number}/{name}", **vouched} for name, vouched in found.files.items()
    ]
    # Releases made before there were status, reason and chain have none.
    return {"status": found.status, "reason": None, "previous": None, **found.about, "files": files}


def _numbered(number: int) -> Published:
    found = releases.numbered(settings.RELEASES_DIR, number)
    if found is None:
        raise Problem("not_found", what=Message("thing_release"))
    return found


@router.get("/releases", auth=None, response=Page[ReleaseOut], operation_id="list_releases", summary="Releases")
def list_releases(request: HttpRequest, query: Query[PageQuery]) -> dict[str, Any]:
    """Every release, the newest number first. The cursor is the number of the last one seen."""
    numbers = sorted((int(entry["number"]) for entry in releases.index(settings.RELEASES_DIR)), reverse=True)
    if query.cursor:
        if not query.cursor.isdecimal() or len(query.cursor) > 10:
            raise Problem("bad_cursor")
        numbers = [number for number in numbers if number < int(query.cursor)]
    page = numbers[: query.limit]
    return {
        "items": [_release(_numbered(number)) for number in page],
        "next": str(page[-1]) if len(numbers) > len(page) else None,
    }


@router.get("/releases/{number}", auth=None, response=ReleaseOut, operation_id="get_release", summary="One release")
def get_release(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """One release by its number."""
    return _release(_numbered(number))


class ReleaseCheckOut(Schema):
    """One thing that was checked: ``ok`` is null where it cannot be told."""

    check: str
    ok: bool | None
    detail: str

    @staticmethod
    def of(check: Check) -> ReleaseCheckOut:
        return ReleaseCheckOut(**check.as_json(language()))


class VerificationOut(Schema):
    """Whether a release holds: signature, key, canonical form, files, chain."""

    release: int
    ok: bool
    checks: list[ReleaseCheckOut]


@router.get(
    "/releases/{number}/verification",
    auth=None,
    response=VerificationOut,
    operation_id="verify_release",
    summary="Verify a release",
)
def verify_release(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """Every check of the release, made from the files that are served. To depend on nobody, check a copy yourself."""
    checks = checks_of(folder_of(number))
    return {"release": number, "ok": passed(checks), "checks": [ReleaseCheckOut.of(check) for check in checks]}


class PublishIn(Strict):
    month: MonthText
    final: bool = Field(False, strict=True, description="the month is complete")
    confirmed: bool = Field(False, strict=True, description="final although not every expected site is verified")
    reason: str = Field("", max_length=1000, description="why it is published again; readers see it")


@router.post(
    "/releases",
    auth=signed_in("desk"),
    response={201: ReleaseOut},
    operation_id="publish_release",
    summary="Publish a month",
)
def publish(request: HttpRequest, body: PublishIn) -> Status[dict[str, Any]]:
    """Freeze the verified figures of a month as the next release; refused where nothing has changed.

    Answers when it is done. For a large network use a publishing job.
    """
    release = publish_release(
        actor=actor(request),
        month=parse_month(body.month),
        final=body.final,
        reason=body.reason,
        confirmed=body.confirmed,
    )
    return Status(201, _release(_numbered(release.number)))


class PublishJobOut(Schema):
    """How far publishing a month is."""

    id: uuid.UUID
    month: str
    final: bool
    state: PublishJob.State
    step: str = Field(description="what is being done, in words")
    progress: int = Field(description="percent")
    problem: str | None = Field(description="why it was refused")
    release: int | None = Field(description="number of the release, when done")
    asked_at: dt.datetime
    ended_at: dt.datetime | None


def _job(job: PublishJob) -> dict[str, Any]:
    return {
        "id": job.pk,
        "month": month_text(job.month),
        "final": job.final,
        "state": PublishJob.State.CUT_OFF if is_stale(job) else job.state,
        "step": Message(job.step).render(language()) if job.step else "",
        "progress": job.progress,
        "problem": unpacked(job.problem).render(language()) if job.problem else None,
        "release": job.release_id,
        "asked_at": job.asked_at,
        "ended_at": job.ended_at,
    }


@router.post(
    "/publish-jobs",
    auth=signed_in("desk"),
    response={202: PublishJobOut},
    operation_id="start_publish_job",
    summary="Publish a month in the background",
)
def start_job(request: HttpRequest, body: PublishIn) -> Status[dict[str, Any]]:
    """Start publishing a month; the job that is at it already, if there is one. A revision needs a reason."""
    job = start_publish_job(
        actor=actor(request),
        month=parse_month(body.month),
        final=body.final,
        reason=body.reason,
        confirmed=body.confirmed,
    )
    return Status(202, _job(job))


@router.get(
    "/publish-jobs/{id}",
    auth=signed_in("desk"),
    response=PublishJobOut,
    operation_id="get_publish_job",
    summary="One publishing job",
)
def get_job(request: HttpRequest, id: Annotated[uuid.UUID, Path()]) -> dict[str, Any]:
    """How far it is; ask again every few seconds while it is waiting or running."""
    require(actor(request), "view_network")
    job = PublishJob.objects.filter(pk=id).first()
    if job is None:
        raise Problem("not_found", what=Message("thing_publish_job"))
    return _job(job)
