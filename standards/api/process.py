"""What a batch's diary says of process rules, with advice."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from batches.selectors.logbook import visible_batch
from compostnet.shell.answers import language
from sites.auth import actor, signed_in
from standards.advice import advise, diary_facts
from standards.selectors.process import batch_diary, batch_process, process_rule_sets

router = Router()


class ProcessPeriodOut(Schema):
    """A stretch of counted days, both ends included, with its length in days or hours."""

    point: str
    first: dt.date
    last: dt.date
    days: float | None = None
    hours: float | None = None


class ProcessPointOut(Schema):
    point: str
    verdict: str
    days: float | None = None
    hours: float | None = None
    needed: float
    turnings: int = Field(description="turnings that count: inside of the hot period")
    periods: list[ProcessPeriodOut]
    missing: list[list[dt.date]] = Field(description="stretches without reading on which it hangs: first and last day")
    found: str
    next_step: str | None


class ProcessOptionOut(Schema):
    """One way to meet the rule."""

    option: str
    words: str = Field(description="what it asks")
    systems: list[str] = Field(description="how the pile must be kept; empty: any way")
    applies: bool | None = Field(description="null: it is not known how this pile is kept")
    verdict: str
    points: list[ProcessPointOut]


class ProcessResultOut(Schema):
    standard: str
    standard_name: str
    edition: str
    rule: str
    name: str
    classes: list[str]
    delegated_from: str
    verdict: str = Field(description="pass, fail, cannot_tell, not_tested (no reading) or not_applicable")
    obligatory: bool
    clause: str
    grade: str
    provisional: bool
    note: str | None
    asked: str
    option: str | None = Field(description="the way that met it, or the one that came nearest")
    code: str
    reason: str
    next_step: str | None
    periods: list[ProcessPeriodOut]
    options: list[ProcessOptionOut]


class AdviceOut(Schema):
    id: str
    name: str
    rank: int
    text: str
    why: str
    because: list[str]
    source: str
    issuer: str
    grade: str
    provisional: bool


class BatchProcessOut(Schema):
    batch: uuid.UUID
    first_day: dt.date
    last_day: dt.date
    running: bool = Field(description="the hot phase can still come, so that nothing has failed yet")
    systems: list[str] = Field(description="how the pile is kept, in the standards' words; empty: not known")
    outside: list[str] = Field(description="measuring points that are not in the heap; their readings do not count")
    results: list[ProcessResultOut]
    advice: list[AdviceOut]


class ProcessQuery(Schema):
    standard: list[str] = Field(["all"], max_length=50, description="codes of standards; all for the whole library")
    as_of: dt.date | None = Field(None, description="the day whose editions count; the batch's last day if not given")


@router.get(
    "/batches/{uuid:id}/process",
    response=BatchProcessOut,
    auth=signed_in("read"),
    operation_id="read_batch_process",
    summary="Heat and turning of a batch",
)
def read_batch_process(request: HttpRequest, id: uuid.UUID, query: Query[ProcessQuery]) -> dict[str, Any]:
    """The batch's diary held against process rules, per rule, way and measuring point, with the dates; and advice."""
    batch = visible_batch(actor(request), id)
    diary = batch_diary(batch)
    results = batch_process(batch, process_rule_sets(query.standard, query.as_of or diary.last_day), diary)
    advice = advise([], results, diary_facts(diary.notes))
    return {
        "batch": batch.pk,
        "first_day": diary.first_day,
        "last_day": diary.last_day,
        "running": diary.running,
        "systems": list(diary.systems),
        "outside": list(diary.outside),
        "results": [one.as_json(language()) for one in results],
        "advice": [one.as_json(language()) for one in advice],
    }
