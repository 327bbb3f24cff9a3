"""Samples, lab reports with their results as written, and frozen verdicts."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models import Batch
from compostnet.shell.fields import PackedJSONField
from sites.models import Organisation


class Sample(models.Model):
    """What was taken from a batch."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="samples")
    code = models.CharField(max_length=60, unique=True, help_text="on the label")
    taken_on = models.DateField()
    taken_by = models.CharField(max_length=100, blank=True)
    sub_samples = models.PositiveSmallIntegerField(null=True, blank=True)
    mass_kg = models.DecimalField(max_digits=8, decimal_places=3, null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True, help_text="feedstock, use …: codes of standards/facts.yaml")
    arrived_at = models.DateTimeField(null=True, blank=True, help_text="when the lab scanned its label")
    arrived_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    arrived_lab = models.ForeignKey(Organisation, models.SET_NULL, null=True, blank=True, related_name="+")
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
    by_lab = models.BooleanField(default=False, help_text="handed in by the lab itself, not by the site on its behalf")
    number = models.CharField(max_length=100, blank=True, help_text="the lab's report number")
    reported_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=200)
    file = models.FileField(upload_to="lab_reports/%Y/%m/")
    attachment = models.FileField(upload_to="lab_reports/%Y/%m/", blank=True, help_text="the signed report as PDF")
    attachment_name = models.CharField(max_length=200, blank=True)
    attachment_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    withdrawn_reason = models.CharField(max_length=300, blank=True)
    public_code = models.CharField(
        max_length=12, unique=True, null=True, blank=True, help_text="on the bag; address of the public page once shown"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # By the site and by the lab itself are two reports, even of the same bytes: nobody takes the lab's place.
            models.UniqueConstraint(fields=["sample", "sha256", "by_lab"], name="lab_report_file_once_a_sample"),
            models.CheckConstraint(
                condition=models.Q(state="confirmed") | models.Q(published_at=None) | models.Q(state="withdrawn"),
                name="lab_report_public_only_confirmed",
            ),
        ]


class LabResult(models.Model):
    """One line of a report, exactly as written; the checker reads it anew each time."""

    report = models.ForeignKey(LabReport, models.CASCADE, related_name="results")
    line = models.PositiveIntegerField()
    indicator_text = models.CharField(max_length=200)
    value_text = models.CharField(max_length=200)
    unit_text = models.CharField(max_length=60, blank=True)
    basis_text = models.CharField(max_length=30, blank=True)
    note_text = models.CharField(max_length=300, blank=True)
    uncertainty_text = models.CharField(max_length=60, blank=True)
    indicator = models.CharField(
        max_length=40, blank=True, help_text="what somebody said the name means; empty: found by the name"
    )

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["report", "line"], name="lab_result_line_once")]


class Verdict(models.Model):
    """What the checker said of a report against an edition: frozen with limits and checker version."""

    report = models.ForeignKey(LabReport, models.PROTECT, related_name="verdicts")
    standard = models.CharField(max_length=40)
    edition = models.CharField(max_length=40)
    as_of = models.DateField(null=True, help_text="the day whose editions and changes counted")
    library_sha256 = models.CharField(max_length=64, blank=True, help_text="of the standard's file")
    checker_version = models.CharField(max_length=20)
    verdict = models.CharField(max_length=20)
    provisional = models.BooleanField()
    detail = PackedJSONField(
        help_text="verdict per indicator with values, limit, clause and reason code, in each language"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "standard", "edition", "as_of", "library_sha256", "checker_version"],
                name="verdict_once_an_edition",
            ),
        ]


class IndicatorName(models.Model):
    """What a lab means by a name that the catalogue does not know: asked once, remembered for that lab."""

    lab = models.ForeignKey(Organisation, models.CASCADE, related_name="indicator_names")
    text = models.CharField(max_length=200)
    simplified = models.CharField(max_length=200)
    indicator = models.CharField(max_length=40, blank=True, help_text="empty: known to be nothing that is judged")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["text"]
        constraints = [models.UniqueConstraint(fields=["lab", "simplified"], name="indicator_name_once_a_lab")]


class TestRequest(models.Model):
    """A site asks for a test of a batch; the desk grants it; the sample travels; the report closes it."""

    __test__ = False  # not a test case of pytest

    class State(models.TextChoices):
        ASKED = "asked", _("asked")
        REFUSED = "refused", _("refused")
        GRANTED = "granted", _("granted")
        SAMPLED = "sampled", _("sampled")
        ARRIVED = "arrived", _("at the lab")
        REPORTED = "reported", _("reported")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="test_requests")
    standard = models.CharField(max_length=40, help_text="whose sampling protocol is followed")
    note = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decision_note = models.CharField(max_length=300, blank=True)
    lab = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    label_code = models.CharField(max_length=20, unique=True, null=True, blank=True, help_text="code of its sample")
    sample = models.OneToOneField(Sample, models.PROTECT, null=True, blank=True, related_name="request")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    cancelled_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch"],
                condition=models.Q(state__in=["asked", "granted", "sampled", "arrived"]),
                name="test_request_one_open_a_batch",
            ),
        ]
