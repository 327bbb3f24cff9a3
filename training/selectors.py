"""Reads of training: cohorts to join, a person's enrolments with what is missing, evidence that waits."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.models import User
from sites.permissions import Actor, may, require
from training.eligibility import Accepted, Eligibility, eligibility
from training.models import Cohort, Enrolment, Evidence
from training.programmes import Edition, programmes


@dataclass(frozen=True, slots=True)
class EnrolmentStanding:
    """One enrolment with its edition, its evidence and what is still missing."""

    enrolment: Enrolment
    edition: Edition
    evidence: list[Evidence]
    eligibility: Eligibility


def edition_of(cohort: Cohort) -> Edition:
    """The programme edition that a cohort follows."""
    return programmes()[cohort.programme].edition(cohort.edition)


def open_cohorts(today: dt.date | None = None) -> QuerySet[Cohort]:
    """Cohorts that have not ended."""
    day = today or timezone.localdate()
    return Cohort.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day)).order_by("starts_on", "code")


def standings_of(actor: Actor) -> list[EnrolmentStanding]:
    """A person's own enrolments, newest first, each with what is missing."""
    require(actor, "hand_in_evidence")
    if not isinstance(actor, User):
        return []
    rows = Enrolment.objects.filter(user=actor).select_related("cohort").prefetch_related("evidence__site")
    return [standing(enrolment) for enrolment in rows.order_by("-enrolled_on", "-pk")]


def standing(enrolment: Enrolment) -> EnrolmentStanding:
    """What one enrolment has reached."""
    edition = edition_of(enrolment.cohort)
    evidence = sorted(enrolment.evidence.all(), key=lambda item: (item.created_at, item.pk), reverse=True)
    accepted = [
        Accepted(item.requirement, item.amount, item.occurred_on, item.site.code if item.site else None)
        for item in evidence
        if item.state == Evidence.State.ACCEPTED
    ]
    return EnrolmentStanding(enrolment, edition, evidence, eligibility(edition.requirements, accepted))


def own_enrolment(actor: Actor, enrolment_id: int) -> Enrolment:
    """An enrolment of the actor; ``not_found`` for anybody else's."""
    require(actor, "hand_in_evidence")
    user = actor if isinstance(actor, User) else None
    found = Enrolment.objects.select_related("cohort", "user").filter(pk=enrolment_id, user=user).first()
    if found is None:
        raise Problem("not_found", what=Message("thing_enrolment"))
    return found


def evidence_to_review(actor: Actor) -> QuerySet[Evidence]:
    """Handed-in evidence of other people, oldest first."""
    require(actor, "review_evidence")
    waiting = Evidence.objects.filter(state=Evidence.State.SUBMITTED)
    if isinstance(actor, User):
        waiting = waiting.exclude(enrolment__user=actor)
    return waiting.select_related("enrolment__cohort", "enrolment__user", "site").order_by("created_at", "id")


def evidence_seen_by(actor: Actor, evidence_id: uuid.UUID) -> Evidence:
    """One piece of evidence, for its owner and for reviewers; ``not_found`` for others."""
    found = Evidence.objects.select_related("enrolment__cohort", "enrolment__user").filter(pk=evidence_id).first()
    if found is None or not (found.enrolment.user == actor or may(actor, "review_evidence")):
        if not isinstance(actor, User):
            require(actor, "review_evidence")
        raise Problem("not_found", what=Message("thing_evidence"))
    return found
