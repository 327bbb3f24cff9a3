"""``./run manage demo_training``: the demo network's cohort, its trainer's evidence, and what became of it."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone, translation

from batches.services.demo import MAIL
from compostnet.shared.problems import Problem
from compostnet.shared.rules import Rule, Text, load_rule
from compostnet.shared.texts import Message
from sites.models import Site, User
from sites.permissions import CONSOLE
from training.models import Cohort, Evidence
from training.services import enrol, hand_in_evidence, open_cohort, review_evidence

FILE = Path(__file__).parents[2] / "demo.yaml"


class DemoCohort(Rule):
    code: str
    programme: str
    name: Text
    began_days_ago: int


class DemoEvidence(Rule):
    """One thing handed in. ``accept``: accepted, sent back with ``note``, or (None) still waiting for review."""

    requirement: str
    amount: str
    days_ago: int
    description: str
    site: bool = False
    accept: bool | None = None
    note: str = ""


class Demo(Rule):
    cohort: DemoCohort
    evidence: tuple[DemoEvidence, ...]


class Command(BaseCommand):
    help = "Loads the demo network's training cohort (after load_demo). A second run finds it and changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise Problem("demo_not_in_production")
        demo = load_rule(FILE, Demo)
        trainer = User.objects.filter(email=f"trainer@{MAIL}").first()
        if trainer is None:
            raise Problem("job_needs_demo")
        reviewer = User.objects.get(email=f"verifier@{MAIL}")
        today = timezone.localdate()
        began = today - dt.timedelta(days=demo.cohort.began_days_ago)
        cohort = Cohort.objects.filter(code=demo.cohort.code).first() or open_cohort(
            actor=CONSOLE,
            code=demo.cohort.code,
            programme=demo.cohort.programme,
            name_zh=demo.cohort.name.zh,
            name_en=demo.cohort.name.en,
            starts_on=began,
        )
        enrolment = enrol(actor=trainer, cohort=cohort, today=began)
        place = Site.objects.filter(is_invented=True).order_by("code").first()
        made = 0
        for number, one in enumerate(demo.evidence):
            key = uuid.uuid5(uuid.NAMESPACE_URL, f"compostnet:demo:evidence:{number}")
            if Evidence.objects.filter(pk=key).exists():
                continue
            evidence = hand_in_evidence(
                actor=trainer,
                enrolment=enrolment,
                requirement=one.requirement,
                amount=one.amount,
                occurred_on=today - dt.timedelta(days=one.days_ago),
                description=one.description,
                site=place if one.site else None,
                id=key,
            )
            made += 1
            if one.accept is not None:
                review_evidence(actor=reviewer, evidence=evidence, accept=one.accept, note=one.note)
        values = {"cohort": demo.cohort.name, "made": made, "total": len(demo.evidence)}
        self.stdout.write(Message("demo_training_loaded", values).render(translation.get_language() or "en"))
