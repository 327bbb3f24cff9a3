"""Reads of testing on request: who may ask, what was asked, and where a sample is."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from batches.models import Batch, SiteMonth
from compostnet.shared.problems import Problem
from compostnet.shared.rules import in_force
from compostnet.shared.texts import Message
from sites.models import Organisation, Role, Site, User
from sites.permissions import Actor, may, require, sites_where
from sites.selectors import today_at
from standards.codes import read_code
from standards.library import library
from standards.models import LabReport, Sample, TestRequest
from standards.testing import Activity, Protocol, activity, protocol, rules_of_testing

State = TestRequest.State
OPEN = (State.ASKED, State.GRANTED, State.SAMPLED, State.ARRIVED)
"""As the constraint ``test_request_one_open_a_batch`` has it."""


def site_activity(site: Site, day: dt.date | None = None) -> Activity:
    """Which of a site's months are verified, and whether they suffice to ask for a test."""
    verified = SiteMonth.objects.filter(site=site, state=SiteMonth.State.VERIFIED).values_list("month", flat=True)
    return activity(verified, day or today_at(site), rules_of_testing().active_site)


def batches_to_test(site: Site) -> QuerySet[Batch]:
    """The batches of a site that a test can be asked for now: in a state that can be tested, no request open."""
    batches = Batch.objects.filter(site=site, state__in=rules_of_testing().active_site.batch_states)
    return batches.exclude(test_requests__state__in=OPEN).order_by("-started_on", "code")


def standards_to_test_by(site: Site) -> list[str]:
    """Codes of the standards that a site can ask a test by (text at hand, in force): the usual one of its country
    first, then that country's, then the others."""
    day, country = today_at(site), site.region.country
    usual = rules_of_testing().usual_standards.get(country)
    codes = [code for code, standard in library().items() if in_force(standard.editions, day) is not None]
    return sorted(codes, key=lambda code: (code != usual, library()[code].country != country))


def _requests() -> QuerySet[TestRequest]:
    return TestRequest.objects.select_related(
        "batch__site", "lab", "sample__arrived_lab", "asked_by", "decided_by", "cancelled_by"
    )


def visible_test_requests(actor: Actor) -> QuerySet[TestRequest]:
    """The requests that ``actor`` may read: of their sites, granted to their lab, or all for a network role."""
    if may(actor, "view_network"):
        return _requests()
    allowed = Q(batch__site__in=sites_where(actor, "view_site_private"))
    if isinstance(actor, User):
        labs = actor.memberships.filter(role=Role.LAB).values_list("organisation_id", flat=True)
        allowed |= Q(lab__in=list(labs))
    return _requests().filter(allowed)


def visible_test_request(actor: Actor, pk: uuid.UUID) -> TestRequest:
    """One request; not found where ``actor`` may not know that it exists."""
    found = visible_test_requests(actor).filter(pk=pk).first()
    if found is None:
        hidden = _requests().filter(pk=pk).first()
        if hidden is not None:
            require(actor, "view_site_private", site=hidden.batch.site)
        raise Problem("not_found", what=Message("thing_test_request"))
    return found


def waiting_first(requests: QuerySet[TestRequest]) -> QuerySet[TestRequest]:
    """What the desk must decide first, then what is under way, then the rest; each newest first."""
    rank = Case(
        When(state=State.ASKED, then=Value(0)),
        When(state__in=(*OPEN, State.REPORTED), then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return requests.annotate(rank=rank).order_by("rank", "-asked_at")


def requests_waiting() -> int:
    """How many requests wait for the desk's decision."""
    return TestRequest.objects.filter(state=State.ASKED).count()


def protocol_of(request: TestRequest) -> Protocol:
    """How the sample of a request is to be taken: as in force on the day it was granted, else today."""
    standard = library().get(request.standard.partition("/")[0])
    moment = request.decided_at or request.asked_at
    return protocol(standard, moment.date())


def sample_with_label(code: str) -> Sample:
    """The sample whose label somebody scanned or typed. Of a label whose sample is not registered it says so."""
    samples = Sample.objects.select_related("batch__site", "arrived_by", "arrived_lab", "request__lab")
    plain = read_code(code) or " ".join(code.split())
    found = samples.filter(code=plain).first()
    if found is None:
        waiting = TestRequest.objects.select_related("batch__site").filter(label_code=plain).first()
        if waiting is not None and waiting.state == State.GRANTED:
            raise Problem("test_sample_not_registered", sample=plain, site=waiting.batch.site.name)
        raise Problem("not_found", what=Message("thing_sample"))
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sample's way: a code, when it was done and by whom; ``at`` None: not yet."""

    code: str
    at: dt.datetime | None = None
    who: User | None = None
    organisation: Organisation | None = None
    note: str = ""
    report: LabReport | None = None


WAY = ("asked", "granted", "sampled", "arrived", "reported", "confirmed")


def timeline(request: TestRequest) -> list[Step]:
    """The way of a request's sample: what was done, with date and person or organisation, and what is to come.

    A refused or cancelled request ends with that. A withdrawn report is no step; the newest of several counts.
    """
    steps = [Step("asked", request.asked_at, request.asked_by, note=request.note)]
    if request.state == State.REFUSED:
        return [*steps, Step("refused", request.decided_at, request.decided_by, note=request.decision_note)]
    if request.decided_at is not None:
        steps.append(Step("granted", request.decided_at, request.decided_by, request.lab, request.decision_note))
    if (sample := request.sample) is not None:
        steps.append(Step("sampled", sample.created_at, sample.created_by, note=sample.taken_by))
        if sample.arrived_at is not None:
            steps.append(Step("arrived", sample.arrived_at, sample.arrived_by, sample.arrived_lab))
        reports = sample.reports.select_related("lab", "created_by", "confirmed_by")
        report = reports.exclude(state=LabReport.State.WITHDRAWN).order_by("-created_at").first()
        if report is not None:
            steps.append(Step("reported", report.created_at, report.created_by, report.lab, report.number, report))
            if report.confirmed_at is not None:
                steps.append(Step("confirmed", report.confirmed_at, report.confirmed_by, report=report))
    if request.state == State.CANCELLED:
        return [*steps, Step("cancelled", request.cancelled_at, request.cancelled_by, note=request.cancelled_reason)]
    done = {step.code for step in steps}
    last = max((WAY.index(code) for code in done), default=0)
    # A step that was passed over (a report came before anybody scanned the label) is not to come any more.
    return [*steps, *(Step(code) for number, code in enumerate(WAY) if number > last)]


@dataclass(frozen=True, slots=True)
class LabDesk:
    """What a lab has before it: samples granted to it that are on their way, here, and lately reported."""

    expected: list[TestRequest]
    arrived: list[TestRequest]
    reported: list[LabReport]


LATELY = dt.timedelta(days=90)
MOST_OF_LATELY = 50


def lab_desk(labs: Iterable[Organisation]) -> LabDesk:
    """The samples that labs expect, those that have arrived, and their reports of the last three months."""
    wanted = list(labs)
    requests = list(
        _requests()
        .filter(lab__in=wanted, state__in=(State.GRANTED, State.SAMPLED, State.ARRIVED))
        .order_by("decided_at")
    )
    reports = LabReport.objects.select_related("sample", "lab").filter(
        lab__in=wanted, created_at__gte=timezone.now() - LATELY
    )
    return LabDesk(
        [one for one in requests if one.state != State.ARRIVED],
        [one for one in requests if one.state == State.ARRIVED],
        list(reports.order_by("-created_at")[:MOST_OF_LATELY]),
    )
