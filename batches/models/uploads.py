"""Sheets as they came in: the file is kept as sent, and rows that could not be stored are kept to be mended."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sites.models import Site


class Upload(models.Model):
    """One file sent. The same bytes (and sheet) in the same layout are one upload, however often they are sent."""

    class Kind(models.TextChoices):
        LEDGER = "ledger", _("ledger")
        DIARY = "diary", _("diary")

    class State(models.TextChoices):
        CHECKED = "checked", _("checked, not stored")
        STORED = "stored", _("stored")
        PARTLY = "partly", _("good rows stored, others kept to be mended")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    layout = models.CharField(max_length=60, help_text="code of batches/layouts, or 'template'")
    sheet = models.CharField(
        max_length=200, blank=True, default="", help_text="name of the workbook's sheet; empty: the first with data"
    )
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="uploads", help_text="null: the sheet names its sites"
    )
    sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=200)
    file = models.FileField(upload_to="uploads/%Y/%m/")
    state = models.CharField(max_length=10, choices=State.choices, default=State.CHECKED)
    counts = models.JSONField(default=dict, help_text="rows, entries, stored, already_stored, differs, rejected")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    stored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["sha256", "layout", "sheet", "site"],
                condition=models.Q(site__isnull=False),
                name="upload_file_once_a_site",
            ),
            models.UniqueConstraint(
                fields=["sha256", "layout", "sheet"], condition=models.Q(site__isnull=True), name="upload_file_once"
            ),
        ]


class UploadRow(models.Model):
    """A row that was refused, as it stood in the file, with every fault found in it."""

    class State(models.TextChoices):
        REJECTED = "rejected", _("to be mended")
        MENDED = "mended", _("mended and stored")
        DROPPED = "dropped", _("dropped by a person")

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="rejected_rows")
    row = models.PositiveIntegerField(help_text="line in the file, 1 = first line")
    cells = models.JSONField(help_text="column name → text as it stood there")
    faults = models.JSONField(help_text="Fault.as_json-like records: code, values, column, value")
    state = models.CharField(max_length=10, choices=State.choices, default=State.REJECTED)

    class Meta:
        ordering = ["row"]
        constraints = [models.UniqueConstraint(fields=["upload", "row"], name="upload_row_once")]
