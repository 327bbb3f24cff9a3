"""The room's part of the API: programmes (public), enrolments, evidence and its review."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from compostnet.shared.paging import Page, PageQuery, paginate
from compostnet.shared.problems import Problem
from compostnet.shared.schemas import TextOut
from compostnet.shared.texts import Message
from compostnet.shell.answers import language
from sites.auth import actor, signed_in
from sites.selectors import site_with_code
from training import selectors, services
from training.models import Cohort, Evidence
from training.programmes import Edition, Programme, programmes

router = Router()
IdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]


class RequirementOut(Schema):
    """One requirement; amounts in its unit, as exact decimals in text."""

    code: str
    name: TextOut
    unit: TextOut
    counts: Literal["sum", "latest", "best", "sites"]
    at_least: Decimal
    most_each: Decimal
    help: TextOut


class ProgrammeOut(Schema):
    """A programme in the edition that is in force."""

    code: str
    edition: str
    valid_from: dt.date
    valid_to: dt.date | None
    invented: bool
    name: TextOut
    about: TextOut
    source: str
    requirements: list[RequirementOut]


class CohortOut(Schema):
    code: str
    programme: str
    edition: str
    name: TextOut
    starts_on: dt.date
    ends_on: dt.date | None

    @staticmethod
    def resolve_name(cohort: Cohort) -> dict[str, str]:
        return {"zh": cohort.name_zh, "en": cohort.name_en}


class EvidenceOut(Schema):
    """A piece of evidence and what became of it."""

    id: uuid.UUID
    requirement: str
    amount: Decimal
    occurred_on: dt.date
    site: str | None
    description: str
    state: Literal["submitted", "accepted", "rejected"]
    review_note: str

    @staticmethod
    def resolve_site(evidence: Evidence) -> str | None:
        return evidence.site.code if evidence.site else None


class StandingOut(Schema):
    """How far one requirement is reached."""

    requirement: str
    reached: Decimal
    missing: Decimal
    met: bool
    text: str = Field(description="the same in words, in the reader's language")


class EnrolmentOut(Schema):
    """An enrolment of mine and what is still missing."""

    id: int
    cohort: CohortOut
    enrolled_on: dt.date
    met: bool
    next_step: str | None = Field(None, description="the requirement that lacks the least, in words")
    standings: list[StandingOut]
    evidence: list[EvidenceOut]


class EnrolmentIn(Schema):
    cohort: str = Field(max_length=60, description="code of the course")


class EvidenceIn(Schema):
    id: uuid.UUID = Field(description="made by the sender; sending it again stores nothing new")
    requirement: str = Field(max_length=40)
    amount: str = Field(max_length=40, description="a number in the requirement's unit, as text")
    occurred_on: dt.date
    description: str = Field(min_length=1, max_length=5000)
    site: str | None = Field(None, max_length=60, description="code of the site, for site visits")


class ReviewIn(Schema):
    accept: bool
    note: str = Field("", max_length=2000, description="why it is sent back")


def _programme(programme: Programme, edition: Edition) -> dict[str, Any]:
    source = f"{edition.source.title}, {edition.source.issuer}"
    return {**edition.model_dump(), "code": programme.code, "source": source}


def _enrolment(standing: selectors.EnrolmentStanding) -> dict[str, Any]:
    reader = language()
    result = standing.eligibility
    return {
        "id": standing.enrolment.pk,
        "cohort": standing.enrolment.cohort,
        "enrolled_on": standing.enrolment.enrolled_on,
        "met": result.met,
        "next_step": result.next_step.render(reader) if result.next_step else None,
        "standings": [
            {
                "requirement": one.requirement.code,
                "reached": one.reached,
                "missing": one.missing,
                "met": one.met,
                "text": one.sentence().render(reader),
            }
            for one in result.standings
        ],
        "evidence": standing.evidence,
    }


@router.get(
    "/programmes",
    auth=None,
    response=Page[ProgrammeOut],
    operation_id="list_programmes",
    summary="Training programmes in force",
)
def list_programmes(request: HttpRequest):
    today = timezone.localdate()
    rows = [(programme, programme.as_of(today)) for programme in programmes().values()]
    return {"items": [_programme(programme, edition) for programme, edition in rows if edition], "next": None}


@router.get(
    "/programmes/{code}",
    auth=None,
    response=ProgrammeOut,
    operation_id="read_programme",
    summary="One training programme, in the edition in force",
)
def read_programme(request: HttpRequest, code: str):
    programme = programmes().get(code)
    edition = programme.as_of(timezone.localdate()) if programme else None
    if programme is None or edition is None:
        raise Problem("not_found", what=Message("thing_programme"))
    return _programme(programme, edition)


@router.get(
    "/cohorts",
    auth=None,
    response=Page[CohortOut],
    operation_id="list_cohorts",
    summary="Courses that have not ended",
)
def list_cohorts(request: HttpRequest, page: Query[PageQuery]):
    rows, after = paginate(selectors.open_cohorts(), order=("starts_on", "id"), cursor=page.cursor, limit=page.limit)
    return {"items": rows, "next": after}


@router.get(
    "/enrolments",
    auth=signed_in("training"),
    response=Page[EnrolmentOut],
    operation_id="list_enrolments",
    summary="My enrolments and what is still missing",
)
def list_enrolments(request: HttpRequest):
    return {"items": [_enrolment(row) for row in selectors.standings_of(actor(request))], "next": None}


@router.post(
    "/enrolments",
    auth=signed_in("training"),
    response={201: EnrolmentOut},
    operation_id="enrol",
    summary="Enrol in a course (again: the same enrolment)",
)
def enrol(request: HttpRequest, body: EnrolmentIn):
    cohort = Cohort.objects.filter(code=body.cohort).first()
    if cohort is None:
        raise Problem("not_found", what=Message("thing_cohort"))
    enrolment = services.enrol(actor=actor(request), cohort=cohort)
    return Status(201, _enrolment(selectors.standing(enrolment)))


@router.post(
    "/enrolments/{enrolment_id}/evidence",
    auth=signed_in("training"),
    response={201: EvidenceOut},
    operation_id="hand_in_evidence",
    summary="Hand in what I did (again: the same evidence)",
)
def hand_in_evidence(request: HttpRequest, enrolment_id: IdPath, body: EvidenceIn):
    who = actor(request)
    enrolment = selectors.own_enrolment(who, enrolment_id)
    site = None if body.site is None else site_with_code(body.site)
    evidence = services.hand_in_evidence(actor=who, enrolment=enrolment, **body.model_dump(exclude={"site"}), site=site)
    return Status(201, evidence)


@router.get(
    "/evidence",
    auth=signed_in("training"),
    response=Page[EvidenceOut],
    operation_id="list_evidence_to_review",
    summary="Evidence of others that waits for review",
)
def list_evidence_to_review(request: HttpRequest, page: Query[PageQuery]):
    rows, after = paginate(
        selectors.evidence_to_review(actor(request)),
        order=("created_at", "id"),
        cursor=page.cursor,
        limit=page.limit,
    )
    return {"items": rows, "next": after}


@router.post(
    "/evidence/{evidence_id}/review",
    auth=signed_in("training"),
    response=EvidenceOut,
    operation_id="review_evidence",
    summary="Accept evidence, or send it back with a reason",
)
def review_evidence(request: HttpRequest, evidence_id: uuid.UUID, body: ReviewIn):
    who = actor(request)
    evidence = selectors.evidence_seen_by(who, evidence_id)
    return services.review_evidence(actor=who, evidence=evidence, accept=body.accept, note=body.note)
