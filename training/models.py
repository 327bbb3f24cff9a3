"""Cohorts, enrolments and the evidence that enrolled people hand in."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.models import Site
from sites.models.places import Named


class Cohort(Named):
    """One run of a programme. Programme and edition are codes of ``training/programmes``."""

    code = models.SlugField(max_length=60, unique=True)
    programme = models.CharField(max_length=40)
    edition = models.CharField(max_length=40)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)


class Enrolment(models.Model):
    """One person in a cohort. They keep the programme edition they began under."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="enrolments")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="enrolments")
    enrolled_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cohort", "user"], name="enrolment_once")]


class Evidence(models.Model):
    """What an enrolled person did; counts when somebody else has accepted it."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", _("handed in")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("sent back")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="evidence")
    requirement = models.CharField(max_length=40, help_text="code of the programme's requirement")
    amount = models.DecimalField(max_digits=8, decimal_places=2, help_text="in the requirement's unit")
    occurred_on = models.DateField()
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+")
    description = models.TextField()
    file = models.FileField(upload_to="evidence/%Y/%m/", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SUBMITTED)
    review_note = models.TextField(blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
