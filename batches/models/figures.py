"""Site-months with their state and thread, the roll-up of masses under them, and what a site used besides mass."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from batches.models.logbook import Batch
from sites.models import Site


class SiteMonth(models.Model):
    """One site's month and its state. Nothing of it counts before ``verified``."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SUBMITTED = "submitted", _("submitted")
        QUERIED = "queried", _("queried")
        VERIFIED = "verified", _("verified")

    site = models.ForeignKey(Site, models.PROTECT, related_name="months", db_index=False)
    month = models.IntegerField(help_text="year * 12 + month - 1")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    note = models.TextField(blank=True, help_text="why it was queried or reopened")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-month", "site"]
        constraints = [
            models.UniqueConstraint(fields=["site", "month"], name="site_month_once"),
            models.CheckConstraint(
                condition=~Q(state="verified") | Q(verified_at__isnull=False), name="site_month_verified_has_time"
            ),
        ]
        indexes = [models.Index(fields=["month", "state"], name="site_month_state")]


class SiteMonthMass(models.Model):
    """The roll-up: current (not superseded) mass of a site and month by kind, material and how it was measured."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False)
    month = models.IntegerField()
    kind = models.CharField(max_length=10)
    material = models.CharField(max_length=40)
    measured = models.CharField(max_length=10)
    mass_mg = models.BigIntegerField()
    entries = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "month", "kind", "material", "measured"], name="site_month_mass_once"
            ),
        ]
        indexes = [models.Index(fields=["month"], name="site_month_mass_month")]


class Explanation(models.Model):
    """What a person said of a finding that would otherwise block a month (a harvest above what went in, say)."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="+")
    month = models.IntegerField()
    finding = models.CharField(max_length=40, help_text="code of the check in batches/checks.yaml")
    batch = models.ForeignKey(Batch, models.CASCADE, null=True, blank=True, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")


class Remark(models.Model):
    """One word in the thread of a site-month: the platform asks, the site answers, either remarks."""

    class Kind(models.TextChoices):
        QUERY = "query", _("query")
        ANSWER = "answer", _("answer")
        REMARK = "remark", _("remark")
        REOPENED = "reopened", _("reopened")

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    month = models.IntegerField(help_text="year * 12 + month - 1")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["site", "month"], name="remark_site_month")]


class MonthlyRecord(models.Model):
    """What a site used, gave and had in a month besides mass: energy, money, people, where compost went.

    Append-only as the ledger is: a correction supersedes. ``kind`` is a code of ``batches/resources.yaml``, ``value``
    is in the unit of that kind; ``entered_value`` and ``entered_unit`` are as typed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    month = models.IntegerField(help_text="year * 12 + month - 1")
    kind = models.CharField(max_length=40)
    value = models.DecimalField(max_digits=18, decimal_places=6)
    entered_value = models.CharField(max_length=60)
    entered_unit = models.CharField(max_length=40)
    note = models.TextField(blank=True, default="")
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by", help_text="what this one corrects"
    )
    reason = models.CharField(max_length=300, blank=True, default="", help_text="why it was corrected")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = [models.Index(fields=["site", "month"], name="monthly_record_site_month")]
        constraints = [
            models.CheckConstraint(condition=Q(value__gte=0), name="monthly_record_not_negative"),
        ]
