"""Site-months with their state, the roll-up of masses under them, and releases."""

from __future__ import annotations

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


class Release(models.Model):
    """A frozen, numbered publication of a month. Its files stand in the releases folder under its number."""

    number = models.PositiveIntegerField(primary_key=True)
    month = models.IntegerField()
    revision = models.PositiveSmallIntegerField(help_text="0 for a month's first release, then 1, 2, …")
    method = models.CharField(max_length=60)
    gwp = models.CharField(max_length=30)
    cut_off = models.DateTimeField(help_text="what was recorded and verified until then counts")
    manifest_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["month", "revision"], name="release_month_revision_once")]
