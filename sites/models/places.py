"""Regions, organisations and sites."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Named(models.Model):
    """Something with a name in Chinese and English; ``name`` is the reader's."""

    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)

    class Meta:
        abstract = True

    @property
    def name(self) -> str:
        """The name in the active language, the other one where it is empty."""
        first, second = self.name_zh, self.name_en
        if not (get_language() or "zh").startswith("zh"):
            first, second = second, first
        return first or second

    def __str__(self) -> str:
        return self.name


class Region(Named):
    """A country, province or prefecture city. The code is ISO 3166 (``CN``) with the official code (``CN-320100``)."""

    class Level(models.IntegerChoices):
        COUNTRY = 0, _("country")
        PROVINCE = 1, _("province")
        CITY = 2, _("city")

    code = models.CharField(max_length=20, primary_key=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    level = models.SmallIntegerField(choices=Level.choices)
    country = models.CharField(max_length=2)
    official_code = models.CharField(max_length=20, blank=True, help_text="GB/T 2260 code in China")
    boundary = models.MultiPolygonField(srid=4326, null=True, blank=True)
    centre = models.PointField(srid=4326, null=True, blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="where boundary and names come from")

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(level=0, parent__isnull=True) | Q(level__gt=0, parent__isnull=False),
                name="region_country_has_no_parent",
            ),
        ]


class Organisation(Named):
    """Who runs sites, or a lab."""

    class Kind(models.TextChoices):
        OPERATOR = "operator", _("runs sites")
        LAB = "lab", _("laboratory")

    code = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OPERATOR)


class PublicLocation(models.TextChoices):
    """How exactly a site's place is shown in public."""

    EXACT = "exact", _("exact")
    COARSE = "coarse", _("coarsened to about 1 km")


class PublicDetail(models.TextChoices):
    """How much of a site's ledger anyone may read."""

    ENTRIES = "entries", _("each weighing")
    SUMS = "sums", _("monthly sums only")


class Site(Named):
    """A place that composts. ``scenario`` and ``process`` are codes of ``sites/vocabulary.yaml``.

    ``community_mode`` and ``run_by`` are classes of ``sites/classification.yaml`` that people choose. The climate zone
    follows from the three normals (with their source in ``climate_source``), or is set by hand with a reason.
    """

    code = models.SlugField(max_length=60, unique=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="sites")
    region = models.ForeignKey(Region, models.PROTECT, related_name="sites")
    scenario = models.CharField(max_length=40)
    process = models.CharField(max_length=40)
    location = models.PointField(srid=4326, null=True, blank=True, help_text="WGS-84")
    public_location = models.CharField(max_length=10, choices=PublicLocation.choices, default=PublicLocation.COARSE)
    address = models.CharField(max_length=300, blank=True)
    time_zone = models.CharField(max_length=60, default="Asia/Shanghai")
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)
    area_m2 = models.PositiveIntegerField(null=True, blank=True)
    households = models.PositiveIntegerField(null=True, blank=True)
    climate_zone = models.CharField(
        max_length=30, blank=True, help_text="zone of the methane method; empty = not known"
    )
    climate_source = models.CharField(max_length=300, blank=True)
    climate_reason = models.CharField(max_length=300, blank=True, help_text="why the zone was set by hand")
    mean_temperature_c = models.FloatField(null=True, blank=True, help_text="°C, normal of the year")
    precipitation_mm = models.FloatField(null=True, blank=True, help_text="mm a year, normal")
    evapotranspiration_mm = models.FloatField(null=True, blank=True, help_text="mm a year, potential, normal")
    community_mode = models.CharField(max_length=40, blank=True)
    run_by = models.CharField(max_length=40, blank=True)
    public_detail = models.CharField(max_length=10, choices=PublicDetail.choices, default=PublicDetail.ENTRIES)
    is_invented = models.BooleanField(default=False, help_text="belongs to the demo network")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(closed_on__gte=F("opened_on")),
                name="site_closes_after_it_opens",
            ),
        ]
