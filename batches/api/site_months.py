"""The API of site-months: where each month of a site stands, what stands against it, and its way to verification."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Query, Router, Schema
from pydantic import Field

from batches.api.parts import MONTH, CodePath, MonthPath, MonthText, Strict
from batches.models import Remark, SiteMonth
from batches.selectors.findings import Finding, findings_for
from batches.selectors.site_months import MonthMass, masses_of, note_of, said, threads_of, visible_site_months
from batches.services.site_months import (
    explain_finding,
    query_site_month,
    remark_on_site_month,
    submit_site_month,
    verify_site_month,
    verify_site_months,
)
from compostnet.shared.months import month_text, parse_month
from compostnet.shared.paging import Page, PageQuery, paginate
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text
from sites.auth import actor, signed_in
from sites.models import Site
from sites.permissions import CONSOLE, require, sites_where
from sites.selectors import site_with_code

router = Router()


class MassOut(Schema):
    """Masses of a site-month in exact kilograms."""

    entries: int
    intake_kg: str
    removal_kg: str
    harvest_kg: str
    residue_kg: str

    @staticmethod
    def of(mass: MonthMass) -> MassOut:
        return MassOut(
            entries=mass.entries,
            intake_kg=kg_text(mass.intake),
            removal_kg=kg_text(mass.removal),
            harvest_kg=kg_text(mass.harvest),
            residue_kg=kg_text(mass.residue),
        )


class FindingOut(Schema):
    """One thing that stands against verification, and what would clear it."""

    code: str
    detail: str
    clears: str
    batch: str | None
    blocks: bool = Field(description="whether it stands against verification now")
    level: str = Field(description="blocks, reason (one in writing clears it), warning or hint")
    explanation: str

    @staticmethod
    def of(finding: Finding) -> FindingOut:
        language = get_language() or settings.LANGUAGE_CODE
        return FindingOut(
            code=finding.code,
            detail=finding.message.render(language),
            clears=finding.clears.render(language),
            batch=str(finding.batch) if finding.batch else None,
            blocks=finding.blocks,
            level=finding.level,
            explanation=finding.explanation,
        )


class SiteMonthOut(Schema):
    site: str
    month: str
    state: SiteMonth.State
    note: str = Field(description="why it was queried or reopened")
    submitted_at: dt.datetime | None
    verified_at: dt.datetime | None


class RemarkOut(Schema):
    """One word in the thread of a site-month."""

    kind: Remark.Kind
    text: str
    at: dt.datetime
    by: str = Field(description="who said it; empty for the command line")


class SiteMonthDetail(SiteMonthOut):
    mass: MassOut
    findings: list[FindingOut]
    thread: list[RemarkOut] = Field(description="what was asked and answered, oldest first")


def _row(row: SiteMonth) -> dict[str, Any]:
    return {
        "site": row.site.code,
        "month": month_text(row.month),
        "state": row.state,
        "note": note_of(row, get_language() or settings.LANGUAGE_CODE),
        "submitted_at": row.submitted_at,
        "verified_at": row.verified_at,
    }


def _detail(row: SiteMonth) -> dict[str, Any]:
    key = (row.site_id, row.month)
    verified = row.state == SiteMonth.State.VERIFIED
    findings = [] if verified else findings_for([key], verifier=CONSOLE)[key]
    language = get_language() or settings.LANGUAGE_CODE
    thread = [
        {"kind": one.kind, "text": said(one.text, language), "at": one.created_at, "by": str(one.created_by or "")}
        for one in threads_of([key])[key]
    ]
    return {
        **_row(row),
        "mass": MassOut.of(masses_of([key])[key]),
        "findings": [FindingOut.of(f) for f in findings],
        "thread": thread,
    }


class SiteMonthQuery(PageQuery):
    site: str | None = Field(None, max_length=60, pattern=r"^[-\w]*$", description="code")
    month: str | None = Field(None, pattern=MONTH)
    state: SiteMonth.State | None = None


@router.get(
    "/site-months",
    auth=signed_in("read"),
    response=Page[SiteMonthOut],
    operation_id="list_site_months",
    summary="Site-months",
)
def list_site_months(request: HttpRequest, query: Query[SiteMonthQuery]) -> dict[str, Any]:
    """The site-months of the sites whose records you may read, the newest month first."""
    rows = visible_site_months(sites_where(actor(request), "view_site_private"))
    if query.site:
        rows = rows.filter(site__code=query.site)
    if query.month:
        rows = rows.filter(month=parse_month(query.month))
    if query.state:
        rows = rows.filter(state=query.state)
    found, after = paginate(rows, order=("-month", "id"), cursor=query.cursor, limit=query.limit)
    return {"items": [_row(row) for row in found], "next": after}


def _site_month(request: HttpRequest, code: str, month: str) -> tuple[Site, int]:
    """The site and month of an address, for somebody who may read them."""
    site = site_with_code(code)
    require(actor(request), "view_site_private", site=site)
    return site, parse_month(month)


@router.get(
    "/site-months/{code}/{month}",
    auth=signed_in("read"),
    response=SiteMonthDetail,
    operation_id="get_site_month",
    summary="One site-month",
)
def get_site_month(request: HttpRequest, code: CodePath, month: MonthPath) -> dict[str, Any]:
    """Its state, its masses, and everything that stands against verifying it."""
    site, index = _site_month(request, code, month)
    row = visible_site_months(Site.objects.filter(pk=site.pk)).filter(month=index).first()
    if row is None:
        raise Problem("not_found", what=Message("thing_site_month"))
    return _detail(row)


class SubmitIn(Strict):
    answer: str = Field("", max_length=2000, description="answer to the platform's query")


class QueryIn(Strict):
    reason: str = Field(max_length=2000)


class RemarkIn(Strict):
    text: str = Field(max_length=2000)


class ExplainIn(Strict):
    finding: str = Field(max_length=40, description="code of the finding")
    batch: str | None = Field(None, max_length=40, description="id of the batch that the finding names")
    text: str = Field(max_length=2000)


@router.post(
    "/site-months/{code}/{month}/submit",
    auth=signed_in("record"),
    response=SiteMonthDetail,
    operation_id="submit_site_month",
    summary="Submit a month",
)
def submit(request: HttpRequest, code: CodePath, month: MonthPath, body: SubmitIn) -> dict[str, Any]:
    """The site says that its month is complete. Sending it again changes nothing."""
    site = site_with_code(code)
    row = submit_site_month(actor=actor(request), site=site, month=parse_month(month), answer=body.answer)
    return _detail(row)


@router.post(
    "/site-months/{code}/{month}/query",
    auth=signed_in("desk"),
    response=SiteMonthDetail,
    operation_id="query_site_month",
    summary="Query a month",
)
def query_month(request: HttpRequest, code: CodePath, month: MonthPath, body: QueryIn) -> dict[str, Any]:
    """The platform asks the site about its month, with a reason."""
    site = site_with_code(code)
    row = query_site_month(actor=actor(request), site=site, month=parse_month(month), reason=body.reason)
    return _detail(row)


@router.post(
    "/site-months/{code}/{month}/remark",
    auth=signed_in("record"),
    response=SiteMonthDetail,
    operation_id="remark_on_site_month",
    summary="Say something about a month",
)
def remark(request: HttpRequest, code: CodePath, month: MonthPath, body: RemarkIn) -> dict[str, Any]:
    """A word in the thread: the site's answer where a query stands, else a remark. It changes no state."""
    site, index = site_with_code(code), parse_month(month)
    remark_on_site_month(actor=actor(request), site=site, month=index, text=body.text)
    return _detail(visible_site_months(Site.objects.filter(pk=site.pk)).get(month=index))


@router.post(
    "/site-months/{code}/{month}/verify",
    auth=signed_in("desk"),
    response=SiteMonthDetail,
    operation_id="verify_site_month",
    summary="Verify a month",
)
def verify(request: HttpRequest, code: CodePath, month: MonthPath) -> dict[str, Any]:
    """Sign a month off; refused with everything that stands against it."""
    row = verify_site_month(actor=actor(request), site=site_with_code(code), month=parse_month(month))
    return _detail(row)


@router.post(
    "/site-months/{code}/{month}/explain",
    auth=signed_in("record"),
    response=SiteMonthDetail,
    operation_id="explain_finding",
    summary="Explain a finding",
)
def explain(request: HttpRequest, code: CodePath, month: MonthPath, body: ExplainIn) -> dict[str, Any]:
    """Say why a finding is right as it stands."""
    site = site_with_code(code)
    index = parse_month(month)
    explain_finding(
        actor=actor(request),
        site=site,
        month=index,
        finding=body.finding,
        batch=body.batch,
        text=body.text,
    )
    return _detail(visible_site_months(Site.objects.filter(pk=site.pk)).get(month=index))


class BulkIn(Strict):
    month: MonthText
    only_clean: bool = Field(False, strict=True, description="leave out what a warning stands at too")
    sites: list[Annotated[str, Field(max_length=60)]] = Field(max_length=1000, description="codes")


class RefusedOut(Schema):
    site: str
    findings: list[FindingOut]


class BulkOut(Schema):
    """What a bulk verification did."""

    verified: list[str]
    already_verified: list[str]
    refused: list[RefusedOut]


@router.post(
    "/site-months/verify",
    auth=signed_in("desk"),
    response=BulkOut,
    operation_id="verify_site_months",
    summary="Verify many",
)
def verify_many(request: HttpRequest, body: BulkIn) -> dict[str, Any]:
    """Verify what can be of a month's sites; the rest comes back with what stands against it."""
    month = parse_month(body.month)
    codes = dict(Site.objects.filter(code__in=set(body.sites)).values_list("pk", "code"))
    done = verify_site_months(actor=actor(request), keys=[(pk, month) for pk in codes], only_clean=body.only_clean)
    return {
        "verified": [codes[pk] for pk, _month in done.verified],
        "already_verified": [codes[pk] for pk, _month in done.already],
        "refused": [
            {"site": codes[pk], "findings": [FindingOut.of(f) for f in findings]}
            for (pk, _month), findings in done.refused.items()
        ],
    }
