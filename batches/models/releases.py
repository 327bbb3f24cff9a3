"""Releases, what they froze, the jobs that make them, and who is told of them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compostnet.shell.fields import PackedJSONField


class FrozenPart(models.Model):
    """Something that releases rest on and that may change later (places, rules, outlines), kept by its digest."""

    digest = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 of the canonical JSON")
    content = PackedJSONField()
    created_at = models.DateTimeField(auto_now_add=True)


class Release(models.Model):
    """A frozen, numbered publication of a month. Its files stand in the releases folder under its number."""

    class Status(models.TextChoices):
        PROVISIONAL = "provisional", _("provisional")
        FINAL = "final", _("final")
        RESTATED = "restated", _("restated")

    number = models.PositiveIntegerField(primary_key=True)
    month = models.IntegerField()
    revision = models.PositiveSmallIntegerField(help_text="0 for a month's first release, then 1, 2, …")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PROVISIONAL)
    method = models.CharField(max_length=60)
    gwp = models.CharField(max_length=30)
    cut_off = models.DateTimeField(help_text="what was recorded and verified until then counts")
    reason = models.TextField(blank=True, default="", help_text="why it was restated, as the publisher says")
    manifest_sha256 = models.CharField(max_length=64)
    frozen = models.JSONField(default=dict, help_text="name of a part → its digest, see FrozenPart")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["month", "revision"], name="release_month_revision_once")]


class PublishJob(models.Model):
    """One wish to publish a month, done in the background; ``state`` and ``progress`` are what its page shows."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        CUT_OFF = "cut_off", _("cut off")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    month = models.IntegerField()
    final = models.BooleanField(default=False)
    reason = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    step = models.CharField(max_length=40, blank=True, help_text="code of the step in the catalogue of messages")
    progress = models.PositiveSmallIntegerField(default=0, help_text="percent")
    problem = models.JSONField(null=True, blank=True, help_text="code and values of the problem that refused it")
    release = models.ForeignKey(Release, models.SET_NULL, null=True, blank=True, related_name="jobs")
    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    seen_at = models.DateTimeField(null=True, blank=True, help_text="last sign of life of who does it")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["month"], condition=Q(state__in=["waiting", "running"]), name="publish_job_one_a_month"
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="publish_job_progress_is_percent"),
        ]


class Subscriber(models.Model):
    """Somebody who wants a mail when a release is published; nothing is sent before they have confirmed."""

    email = models.EmailField(unique=True)
    language = models.CharField(max_length=10)
    key = models.UUIDField(unique=True, default=uuid.uuid4, help_text="in the links that confirm and end it")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)


class Mailing(models.Model):
    """That a subscriber was told of a release: once, however often the task runs."""

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="mailings", db_index=False)
    release = models.ForeignKey(Release, models.CASCADE, related_name="+")
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscriber", "release"], name="mailing_once")]
