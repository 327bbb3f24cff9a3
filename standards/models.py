"""Samples, lab reports with their results as written, and frozen verdicts."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models import Batch
from sites.models import Organisation


class Sample(models.Model):
    """What was taken from a batch."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="samples")
    code = models.CharField(max_length=60, unique=True, help_text="on the label")
    taken_on = models.DateField()
    taken_by = models.CharField(max_length=100, blank=True)
    sub_samples = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")


class LabReport(models.Model):
    """What a lab found in one sample. A second person confirms it before it counts."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        CONFIRMED = "confirmed", _("confirmed")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    sample = models.ForeignKey(Sample, models.PROTECT, related_name="reports")
    lab = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    number = models.CharField(max_length=100, blank=True, help_text="the lab's report number")
    reported_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=200)
    file = models.FileField(upload_to="lab_reports/%Y/%m/")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["sample", "sha256"], name="lab_report_file_once_a_sample")]


class LabResult(models.Model):
    """One line of a report, exactly as written; the checker reads it anew each time."""

    report = models.ForeignKey(LabReport, models.CASCADE, related_name="results")
    line = models.PositiveIntegerField()
    indicator_text = models.CharField(max_length=200)
    value_text = models.CharField(max_length=200)
    unit_text = models.CharField(max_length=60, blank=True)
    basis_text = models.CharField(max_length=30, blank=True)
    note_text = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["report", "line"], name="lab_result_line_once")]


class Verdict(models.Model):
    """What the checker said of a report against an edition: frozen with limits and checker version."""

    report = models.ForeignKey(LabReport, models.PROTECT, related_name="verdicts")
    standard = models.CharField(max_length=40)
    edition = models.CharField(max_length=40)
    checker_version = models.CharField(max_length=20)
    verdict = models.CharField(max_length=20)
    provisional = models.BooleanField()
    detail = models.JSONField(help_text="verdict per indicator with values, limit, clause and reason code")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "standard", "edition", "checker_version"], name="verdict_once_an_edition"
            ),
        ]
