"""Names in a lab report that the catalogue does not know."""

from __future__ import annotations

import uuid

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from sites.auth import actor, signed_in
from sites.permissions import require
from standards.models import LabReport
from standards.selectors import visible_report
from standards.selectors.names import unknown_names
from standards.services import name_indicator

router = Router()


class UnknownNameOut(Schema):
    text: str = Field(description="the name as the lab wrote it")
    reported: list[str] = Field(description="the results under it, as written")
    near: list[str] = Field(description="codes of indicators with similar names; none of them is guessed")


class NameIn(Schema):
    text: str = Field(min_length=1, max_length=200, description="the name as it stands in the report")
    indicator: str = Field(max_length=40, description="code of an indicator; empty: nothing that is judged")


def _names(report: LabReport) -> list[UnknownNameOut]:
    return [UnknownNameOut(text=one.text, reported=one.reported, near=one.near) for one in unknown_names(report)]


@router.get(
    "/lab-reports/{uuid:id}/names",
    response=list[UnknownNameOut],
    auth=signed_in("read"),
    operation_id="list_unknown_names",
    summary="Unknown names of a lab report",
)
def list_unknown_names(request: HttpRequest, id: uuid.UUID) -> list[UnknownNameOut]:
    """The names of a report that are not known; their results are not judged until somebody says what they mean."""
    who = actor(request)
    report = visible_report(who, id)
    require(who, "name_indicator", site=report.sample.batch.site, organisation=report.lab)
    return _names(report)


@router.post(
    "/lab-reports/{uuid:id}/names",
    response=list[UnknownNameOut],
    auth=signed_in("lab"),
    operation_id="name_indicator",
    summary="Say what a name means",
)
def post_name(request: HttpRequest, id: uuid.UUID, body: NameIn) -> list[UnknownNameOut]:
    """Say what a name means; it is remembered for the report's lab. The answer lists the names still unknown."""
    who = actor(request)
    report = name_indicator(actor=who, report=visible_report(who, id), text=body.text, indicator=body.indicator.strip())
    return _names(visible_report(who, report.pk))
