"""Published reports for everybody."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from compostnet.shared.problems import Problem
from compostnet.shared.rules import Text
from compostnet.shared.schemas import TextOut
from compostnet.shell.answers import language
from standards.api.library import SampleVerdictOut
from standards.pdf import checksum
from standards.selectors.documents import batch_shares, frozen
from standards.selectors.public import published_report

router = Router()


class ProductShareOut(Schema):
    material: TextOut
    part: float = Field(description="of the wet mass taken in, 0 to 1")


class ProductResultOut(Schema):
    indicator: str
    value: str
    unit: str
    basis: str
    uncertainty: str


class JudgedSinceOut(Schema):
    standard: str = Field(description="with its class")
    edition: str
    as_of: dt.date | None
    kept_on: dt.date
    checker: str
    verdict: str


class ProductOut(Schema):
    """A published report; no person is named."""

    code: str
    site: str = Field(description="code of the site")
    site_name: TextOut | None
    batch: str
    batch_started_on: dt.date | None
    batch_finished_on: dt.date | None
    made_from: list[ProductShareOut]
    sample: str
    taken_on: dt.date | None
    sub_samples: int | None
    lab: TextOut | None
    by_lab: bool = Field(description="handed in by the laboratory itself")
    report_number: str
    reported_on: dt.date | None
    confirmed_on: dt.date | None
    published_on: dt.date | None
    sha256: str = Field(description="of the lab sheet")
    attachment_sha256: str = Field(description="of the lab's signed PDF; empty where there is none")
    verdicts_sha256: str = Field(
        description="of the verdicts without sentences as canonical JSON (RFC 8785): the same in every language, and "
        "printed on the test summary"
    )
    results: list[ProductResultOut] = Field(description="as the lab wrote them")
    verdicts: list[SampleVerdictOut] = Field(description="that stood when the report was published; they never change")
    judged_since: list[JudgedSinceOut] = Field(
        description="by later editions or a newer checker, where they say something else than what was published"
    )


def _text(text: Text | None) -> TextOut | None:
    return TextOut(zh=text.zh, en=text.en) if text else None


@router.get(
    "/products/{code}",
    response=ProductOut,
    by_alias=True,
    auth=None,
    operation_id="read_product",
    url_name="read_product",
    summary="A published report",
    openapi_extra={"responses": {410: {"description": "Withdrawn, or shown no longer"}}},
)
def read_product(request: HttpRequest, code: str) -> dict[str, Any]:
    """What the public page of a bag's code shows. 404: never given; 410: withdrawn, or shown no longer."""
    found = published_report(code)
    if found.state != "shown":
        raise Problem("published_no_more", product=found.code)
    verdicts = frozen(found.verdicts, language())
    return {
        "code": found.code,
        "site": found.site_code,
        "site_name": _text(found.site_name),
        "batch": found.batch_code,
        "batch_started_on": found.batch_started_on,
        "batch_finished_on": found.batch_finished_on,
        "made_from": [{"material": _text(one.name), "part": one.part} for one in batch_shares(found.batch)]
        if found.batch
        else [],
        "sample": found.sample_code,
        "taken_on": found.taken_on,
        "sub_samples": found.sub_samples,
        "lab": _text(found.lab_name),
        "by_lab": found.by_lab,
        "report_number": found.number,
        "reported_on": found.reported_on,
        "confirmed_on": found.confirmed_on,
        "published_on": found.published_on,
        "sha256": found.sha256,
        "attachment_sha256": found.attachment_sha256,
        "verdicts_sha256": checksum(verdicts),
        "results": list(found.results),
        "verdicts": verdicts,
        "judged_since": [
            {
                "standard": one.standard,
                "edition": one.edition,
                "as_of": one.as_of,
                "kept_on": one.created_at.date(),
                "checker": one.checker_version,
                "verdict": one.verdict,
            }
            for one in found.since
        ],
    }
