"""The library of standards, and the stateless check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from compostnet.shared.problems import Problem
from compostnet.shared.schemas import TextOut
from compostnet.shared.texts import Message
from sites.auth import limit_writes
from standards.checking.decision import Decision
from standards.checking.explain import check_lines, groups_of, limit_text
from standards.facts import known_facts, read_fact, read_facts
from standards.library import find, library, rule_sets, selected
from standards.library_schema import Standard
from standards.reading.lab_shapes import line_of
from standards.reading.lab_sheets import MAX_LINES, read_lab_sheet
from standards.reading.readings import Line

router = Router()
Codes = Annotated[list[str], Field(min_length=1, max_length=50)]


class ClassOut(Schema):
    code: str = Field(description="what to ask for, for example EU-FPR/PFC3A")
    name: TextOut
    rank: int | None = Field(description="1 is the best class; null stands on its own")


class LimitOut(Schema):
    """One limit as it stands on the day asked for."""

    id: str
    indicator: str
    group: str | None = Field(description="name of the choice that it belongs to, if any")
    limit: str
    unit: str
    basis: str = Field(description="dm, ar, om, ad (air-dry), none or unverified")
    clause: str
    source: str
    grade: str = Field(description="A primary text, B secondary, B- weak, C from memory")
    provisional: bool
    obligatory: bool


class RuleSetOut(Schema):
    code: str
    name: TextOut
    edition: str
    valid_from: dt.date
    valid_to: dt.date | None
    rounding: str
    provisional: bool
    limits: list[LimitOut]


class StandardOut(Schema):
    code: str
    name: TextOut
    issuer: TextOut
    country: str
    scope: TextOut
    classes: list[ClassOut]
    editions: list[str]
    unavailable: TextOut | None = Field(description="why the limits are not in the library, if they are not")


class StandardDetailOut(StandardOut):
    in_force: list[RuleSetOut] = Field(description="every class on the day asked for; empty before the first edition")


class IndicatorVerdictOut(Schema):
    indicator: str
    name: str
    verdict: str = Field(description="pass, fail, cannot_tell, not_tested, not_applicable or declared")
    reported: str = Field(description="as the lab wrote it")
    compared: float | str | None = Field(description="in unit and basis of the limit; a text where it is an interval")
    limit: str
    unit: str
    basis: str
    clause: str
    grade: str
    provisional: bool
    obligatory: bool
    group: str | None
    code: str
    reason: str = Field(description="the reason, with the notes after it")
    notes: list[str] = Field([], description="conversions made and what else to know; they are in the reason too")
    next_step: str | None = Field(description="the smallest step to a pass")
    probability: float | None = Field(
        None, description="that the true value conforms, where an uncertainty is stated (JCGM 106)"
    )
    delegated_from: str = Field("", description="the standard, edition and limit that this one is left to")


class SampleVerdictOut(Schema):
    sample: str
    standard: str
    class_: str | None = Field(alias="class")
    edition: str
    as_of: dt.date
    checker: str
    verdict: str = Field(description="pass, fail, cannot_tell (undecidable) or incomplete (something not tested)")
    provisional: bool
    notes: list[str] = Field([], description="what to know besides, such as how many samples a year are asked for")
    indicators: list[IndicatorVerdictOut]


class LineIn(Schema):
    """One result as the lab wrote it."""

    sample: str = Field("1", max_length=200)
    indicator: str = Field(max_length=200)
    value: str | int | float = Field("", description="text as written; 'ND', '<0.5', '3 ± 0.9', '15:1' are read")
    unit: str = Field("", max_length=60)
    basis: str = Field("", max_length=30, description="dm, ar, or empty where not known")
    note: str = Field("", max_length=300)
    uncertainty: str = Field(
        "", max_length=60, description="expanded uncertainty as printed: '0.9', '± 0.9 (k=2)', '8 %'"
    )


DECISION = Field("simple", description="what a stated uncertainty does: simple acceptance, or guarded (ILAC-G8)")


class CheckIn(Schema):
    standards: Codes = Field(description="codes such as CN-NYT525 or EU-FPR/PFC3A, or all")
    as_of: dt.date | None = Field(None, description="the day whose editions count; today by default")
    facts: dict[str, str] = Field(
        {}, max_length=20, description=f"what is known of the product besides its analysis: {', '.join(known_facts())}"
    )
    decision: Decision = DECISION
    lines: list[LineIn] = Field(min_length=1, max_length=MAX_LINES)


class CheckFileIn(Schema):
    standards: Codes
    as_of: dt.date | None = None
    facts: list[str] = Field([], max_length=20, description="NAME=VALUE each, for example feedstock=kitchen_waste")
    decision: Decision = DECISION


def _text(text: Any) -> TextOut:
    return TextOut(zh=text.zh, en=text.en)


def _language() -> str:
    return get_language() or "zh-hans"


def _standard(standard: Standard) -> dict[str, Any]:
    return {
        "code": standard.code,
        "name": _text(standard.name),
        "issuer": _text(standard.issuer),
        "country": standard.country,
        "scope": _text(standard.scope),
        "classes": [
            ClassOut(code=f"{standard.code}/{one.code}", name=_text(one.name), rank=one.rank)
            for one in standard.classes
        ],
        "editions": [edition.edition for edition in standard.editions],
        "unavailable": _text(standard.unavailable) if standard.unavailable else None,
    }


@router.get(
    "/standards", response=list[StandardOut], auth=None, operation_id="list_standards", summary="Library of standards"
)
def list_standards(request: HttpRequest) -> list[StandardOut]:
    """Every standard of the library, with its classes and editions."""
    return [StandardOut(**_standard(standard)) for standard in library().values()]


def _check(
    lines: list[Line], codes: list[str], as_of: dt.date | None, facts: Mapping[str, str], decision: Decision
) -> list[dict[str, Any]]:
    groups = selected(codes, as_of or timezone.localdate())
    answers = check_lines(lines, groups, facts=read_facts(facts), decision=decision)
    return [answer.as_json(_language()) for answer in answers]


def _limit_checks(request: HttpRequest) -> None:
    """Nobody signs in to check, so it is limited by address."""
    limit_writes(request, AnonymousUser(), group="checks", rate=settings.API_CHECK_RATE)


TOO_MANY = {"responses": {429: {"description": "Too many requests; Retry-After says in how many seconds to try again"}}}


@router.post(
    "/standards/check",
    response=list[SampleVerdictOut],
    by_alias=True,
    auth=None,
    operation_id="check_results",
    summary="Check results against standards",
    openapi_extra=TOO_MANY,
)
def check_results(request: HttpRequest, body: CheckIn) -> list[dict[str, Any]]:
    """Results in, verdicts out; nothing is kept. A standard without class answers with the best class that is met."""
    _limit_checks(request)
    lines = [
        line_of(one.sample, one.indicator, str(one.value), one.unit, one.basis, one.note, number, one.uncertainty)
        for number, one in enumerate(body.lines, start=1)
    ]
    return _check(lines, body.standards, body.as_of, body.facts, body.decision)


@router.post(
    "/standards/check-file",
    response=list[SampleVerdictOut],
    by_alias=True,
    auth=None,
    operation_id="check_lab_sheet",
    summary="Check a lab sheet against standards",
    openapi_extra=TOO_MANY,
)
def check_lab_sheet(request: HttpRequest, form: Form[CheckFileIn], file: File[UploadedFile]) -> list[dict[str, Any]]:
    """A lab sheet (CSV or XLSX; long, wide or a form) in, verdicts out; nothing is kept."""
    _limit_checks(request)
    facts = dict(read_fact(text) for text in form.facts)
    return _check(read_lab_sheet(file.read(), file.name or ""), form.standards, form.as_of, facts, form.decision)


# After the fixed addresses: {code} would catch them too.
@router.get(
    "/standards/{code}", response=StandardDetailOut, auth=None, operation_id="read_standard", summary="One standard"
)
def read_standard(request: HttpRequest, code: str, as_of: dt.date | None = None) -> StandardDetailOut:
    """A standard with every limit of every class on a day, each with clause, source and grade."""
    standard = library().get(code.upper())
    if standard is None:
        find(code)
        raise Problem("not_found", what=Message("thing_standard"))
    language = _language()
    sets = []
    for rules in rule_sets(standard, as_of or timezone.localdate()):
        limits = []
        for limit_id, (group, obligatory) in groups_of(rules.nodes, None, True):
            limit = next(one for one in rules.limits if one.id == limit_id)
            text = limit_text(limit)
            limits.append(
                LimitOut(
                    id=limit.id,
                    indicator=limit.indicator,
                    group=group.in_language(language) if group else None,
                    limit=text.render(language) if isinstance(text, Message) else text,
                    unit=limit.unit,
                    basis=limit.basis,
                    clause=limit.clause.in_language(language),
                    source=rules.edition.sources[limit.source].title,
                    grade=limit.grade,
                    provisional=limit.grade == "C",
                    obligatory=obligatory,
                )
            )
        sets.append(
            RuleSetOut(
                code=rules.code,
                name=_text(rules.name),
                edition=rules.edition.edition,
                valid_from=rules.edition.valid_from,
                valid_to=rules.edition.valid_to,
                rounding=rules.edition.rounding,
                provisional=rules.provisional,
                limits=limits,
            )
        )
    return StandardDetailOut(**_standard(standard), in_force=sets)
