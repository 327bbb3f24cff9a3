"""The API of the stateless calculator: cases of first-order decay in, methane by period out; nothing is kept."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Query, Router, Schema
from pydantic import Field

from batches.impact.calculator.calculate import calculate
from batches.impact.calculator.steps import explained
from compostnet.shared.schemas import FaultOut
from sites.auth import limit_writes

router = Router()
MOST_CASES = 100


class CasesIn(Schema):
    """A collection of cases, as published: what stands beside the cases, and beside a case's keys, is ignored.

    Kind and inputs are checked by the calculator, which tells what is wrong and goes on with the other cases.
    """

    cases: list[dict[str, Any]] = Field(
        max_length=MOST_CASES,
        description="each with id (comes back with the answer), kind (fod_tool04_yearly, fod_tool04_monthly, fod_ipcc, "
        "fod_warm_landfill; others are named and left out) and inputs (deposits, streams and factors, as "
        "docs/calculator.md tells)",
    )


class CaseOut(Schema):
    """One case: ``values`` by period, with ``sum`` over the periods that ``sum_over`` names (first, last)."""

    id: str
    kind: str
    unit: str
    sum_over: list[str]
    assumed: dict[str, float] = Field({}, description="what was taken where the case is silent")
    ignored: list[str] = Field([], description="keys of the inputs that nothing was made of")
    values: dict[str, float]
    explanation: list[str] = Field([], description="with explain: the arithmetic, step by step")


class NotComputedOut(Schema):
    id: str
    kind: str
    reason: str


class BrokenOut(Schema):
    id: str
    kind: str
    errors: list[FaultOut]


class CasesOut(Schema):
    """What was computed, what is of another kind, and what cannot be computed for its faults."""

    cases: list[CaseOut]
    not_computed: list[NotComputedOut]
    errors: list[BrokenOut]


class MethaneQuery(Schema):
    explain: bool = Field(False, description="tell the arithmetic too")


@router.post(
    "/impact/methane",
    response=CasesOut,
    auth=None,
    operation_id="calculate_methane",
    summary="Methane of worked cases",
    openapi_extra={
        "responses": {429: {"description": "Too many requests; Retry-After says in how many seconds to try again"}}
    },
)
def calculate_methane(request: HttpRequest, body: CasesIn, query: Query[MethaneQuery]) -> dict[str, Any]:
    """The very engine of the figures on cases of your own; nothing is kept. A broken case stops no other."""
    limit_writes(request, AnonymousUser(), group="checks", rate=settings.API_CHECK_RATE)
    language = get_language() or "en"
    cases = [{**case, "id": str(case.get("id") or f"#{number}")} for number, case in enumerate(body.cases, start=1)]
    answers = calculate({"cases": cases})
    found = answers.as_json(language)
    if query.explain:
        for told, answer in zip(found["cases"], answers.answers, strict=True):
            told["explanation"] = [line.render(language) for line in explained(answer)]
    return found
