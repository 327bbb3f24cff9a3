"""Batches, the ledger of masses and the diary of what was seen. Entries are append-only: a correction supersedes."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sites.models import Site


class Batch(models.Model):
    """One body of material composted together, from first intake to harvest."""

    class State(models.TextChoices):
        OPEN = "open", _("taking in")
        COMPOSTING = "composting", _("composting")
        CURING = "curing", _("curing")
        FINISHED = "finished", _("finished")
        ABANDONED = "abandoned", _("abandoned")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    site = models.ForeignKey(Site, models.PROTECT, related_name="batches", db_index=False)
    code = models.CharField(max_length=60, help_text="the site's own name of the batch, unique within the site")
    process = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    started_on = models.DateField()
    finished_on = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-started_on", "code"]
        constraints = [
            models.UniqueConstraint(fields=["site", "code"], name="batch_code_once_a_site"),
            models.CheckConstraint(
                condition=Q(finished_on__isnull=True) | Q(finished_on__gte=F("started_on")),
                name="batch_finishes_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Entry(models.Model):
    """What ledger and diary entries share. ``id`` is made by the sender; ``digest`` tells repeat from difference."""

    id = models.UUIDField(primary_key=True)
    digest = models.UUIDField(help_text="128-bit BLAKE2b of the canonical content")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="%(class)s_set")
    note = models.TextField(blank=True, default="")
    upload = models.ForeignKey("batches.Upload", models.PROTECT, null=True, blank=True, related_name="+")
    upload_row = models.PositiveIntegerField(null=True, blank=True)
    supersedes = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="superseded_by",
        help_text="the entry that this one corrects",
    )
    reason = models.CharField(max_length=300, blank=True, default="", help_text="why it was corrected")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class LedgerEntry(Entry):
    """Mass in or out of a batch. The figures rest on these rows and on nothing else.

    ``mass_mg`` is what counts (milligrams, exact); ``entered_value`` and ``entered_unit`` are as typed. A correction to
    nothing has ``mass_mg`` 0. A transfer leaves ``batch`` and arrives in ``to_batch`` with the same mass. A removal is
    taken out before composting (it was never diverted); a residue leaves after it and goes to disposal.
    """

    class Kind(models.TextChoices):
        INTAKE = "intake", _("intake")
        REMOVAL = "removal", _("removal")
        TRANSFER = "transfer", _("transfer")
        HARVEST = "harvest", _("harvest")
        RESIDUE = "residue", _("residue")

    class Measured(models.TextChoices):
        SCALE = "scale", _("weighed")
        CONTAINER = "container", _("counted containers")
        VOLUME = "volume", _("volume × density")
        ESTIMATE = "estimate", _("estimated")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    to_batch = models.ForeignKey(
        Batch, models.PROTECT, null=True, blank=True, related_name="transfers_in", help_text="of a transfer"
    )
    material = models.CharField(max_length=40, help_text="code of batches/materials.yaml")
    mass_mg = models.BigIntegerField()
    measured = models.CharField(max_length=10, choices=Measured.choices)
    entered_value = models.CharField(max_length=60)
    entered_unit = models.CharField(max_length=40)
    unit_mass_kg = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="kg per litre (volume) or per container (counted) that the mass was made with",
    )
    occurred_on = models.DateField(help_text="the day; the first of the month where only the month is known")
    month_only = models.BooleanField(default=False, help_text="dated to the month, not to the day")
    month = models.IntegerField(help_text="year * 12 + month - 1 of occurred_on")

    class Meta:
        indexes = [
            models.Index(fields=["site", "month"], name="ledger_site_month"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(mass_mg__gte=0), name="ledger_mass_not_negative"),
            models.CheckConstraint(
                condition=(Q(kind="transfer", to_batch__isnull=False) & ~Q(to_batch=F("batch")))
                | (~Q(kind="transfer") & Q(to_batch__isnull=True)),
                name="ledger_transfer_has_another_batch",
            ),
        ]


class DiaryEntry(Entry):
    """What was seen and done. Hygiene rests on it. ``value`` is in the unit of its kind (°C, %, % oxygen, …)."""

    class Kind(models.TextChoices):
        TEMPERATURE = "temperature", _("temperature")
        MOISTURE = "moisture", _("moisture")
        OXYGEN = "oxygen", _("oxygen")
        SMELL = "smell", _("smell")
        TURNING = "turning", _("turning")
        WATERING = "watering", _("watering")
        PHOTO = "photo", _("photo")
        NOTE = "note", _("note")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    observed_at = models.DateTimeField()
    value = models.FloatField(null=True, blank=True)
    entered_value = models.CharField(max_length=60, blank=True)
    entered_unit = models.CharField(max_length=40, blank=True)
    point = models.CharField(max_length=40, blank=True, help_text="measuring point, as the site names it")
    depth_cm = models.PositiveSmallIntegerField(null=True, blank=True)
    photo = models.ForeignKey("batches.Photo", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["batch", "observed_at"], name="diary_batch_time")]


class Photo(models.Model):
    """A picture of the diary, sent after the text with an id and checksum of its own."""

    id = models.UUIDField(primary_key=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to="photos/%Y/%m/")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
