"""Forms of sites and organisations. They read what people write; what is wrong with it the services say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compostnet.shared.numbers import parse_number
from compostnet.shared.texts import Message
from sites.classification import choices
from sites.forms import Told, language
from sites.models import Organisation, PublicDetail, PublicLocation, Region, Site
from sites.services import CHOSEN, PLAIN_FIELDS, SITE_CODE
from sites.vocabulary import climate_zones, processes, scenarios

DIGITS = 6
"""Decimals of a degree that are shown: about 0.1 m."""
DATE_FORMATS = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"]
DATUM_CHOICES = [
    ("wgs84", gettext_lazy("WGS-84: GPS devices, OpenStreetMap")),
    ("gcj02", gettext_lazy("GCJ-02: Amap, Tencent maps, WeChat")),
    ("bd09", gettext_lazy("BD-09: Baidu maps")),
]
Group = tuple[str, str, Sequence[str]]


class NumberField(forms.CharField):
    """A number as people write it (full-width digits, thousands separators); whole ones only if ``whole``."""

    def __init__(self, *, whole: bool = False, **kwargs: Any) -> None:
        self.whole = whole
        kwargs.setdefault("widget", forms.TextInput({"inputmode": "numeric" if whole else "decimal"}))
        super().__init__(required=False, max_length=40, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            number: Decimal = parse_number(text)
        except ValueError:
            number = Decimal("NaN")
        if not number.is_finite() or (self.whole and number != number.to_integral_value()):
            said = _("“%(text)s” is no whole number.") if self.whole else _("“%(text)s” is no number.")
            raise forms.ValidationError(said % {"text": text}, code="invalid")
        return int(number) if self.whole else float(number)


def _date(label: str, *, required: bool, help_text: str = "") -> forms.DateField:
    said = gettext_lazy("This is no date. Write it as 2026-03-31.")
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        label=label,
        required=required,
        help_text=help_text,
        widget=widget,
        input_formats=DATE_FORMATS,
        error_messages={"invalid": said, "required": gettext_lazy("Write the date.")},
    )


def _choice(label: str, help_text: str = "", *, required: bool = True) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        required=required,
        help_text=help_text,
        error_messages={"required": gettext_lazy("Choose one.")},
    )


class SiteForm(Told):
    """All that a site may be told. ``code`` is there for a new site only; ``seen`` says which version was edited."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=60,
        help_text=gettext_lazy(
            "Small letters, digits and hyphens, for example nanjing-lishui-1. It stands in addresses and never changes."
        ),
        error_messages={"required": gettext_lazy("Give the site a code.")},
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), required=False, max_length=200)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), required=False, max_length=200)
    organisation = _choice(gettext_lazy("Organisation"), required=False)
    scenario = _choice(gettext_lazy("Scenario"))
    process = _choice(gettext_lazy("Process"))
    opened_on = _date(
        gettext_lazy("Opened on"),
        required=True,
        help_text=gettext_lazy("From this month on the site is expected to report."),
    )
    closed_on = _date(
        gettext_lazy("Closed on"),
        required=False,
        help_text=gettext_lazy("The last day. Leave it empty while the site works."),
    )
    longitude = NumberField(
        label=gettext_lazy("Longitude"), help_text=gettext_lazy("Degrees east, for example 118.796.")
    )
    latitude = NumberField(label=gettext_lazy("Latitude"), help_text=gettext_lazy("Degrees north, for example 32.058."))
    datum = forms.ChoiceField(
        label=gettext_lazy("Where does the position come from?"),
        choices=DATUM_CHOICES,
        help_text=gettext_lazy("Maps in China are shifted by 50 to 800 m. The position is stored as WGS-84."),
    )
    region = _choice(gettext_lazy("Region"), required=False)
    public_location = forms.ChoiceField(
        label=gettext_lazy("The place in public"), choices=PublicLocation.choices, initial=PublicLocation.COARSE
    )
    address = forms.CharField(
        label=gettext_lazy("Address"), required=False, max_length=300, help_text=gettext_lazy("Never shown in public.")
    )
    time_zone = forms.CharField(label=gettext_lazy("Time zone"), max_length=60, initial="Asia/Shanghai")
    area_m2 = NumberField(whole=True, label=gettext_lazy("Area, m²"))
    households = NumberField(whole=True, label=gettext_lazy("Households taking part"))
    run_by = _choice(gettext_lazy("Run by"), gettext_lazy("Who runs the site from day to day."), required=False)
    community_mode = _choice(
        gettext_lazy("Community mode"),
        gettext_lazy("How the community organises drop-off, composting and use."),
        required=False,
    )
    public_detail = forms.ChoiceField(
        label=gettext_lazy("The ledger in public"),
        choices=PublicDetail.choices,
        required=False,
        initial=PublicDetail.ENTRIES,
        help_text=gettext_lazy("Published figures are explained down to this."),
    )
    mean_temperature_c = NumberField(
        label=gettext_lazy("Mean temperature of the year, °C"),
        help_text=gettext_lazy("Normals of the nearest weather station; empty: those of the region."),
    )
    precipitation_mm = NumberField(label=gettext_lazy("Rain and snow a year, mm"))
    evapotranspiration_mm = NumberField(
        label=gettext_lazy("Potential evapotranspiration a year, mm"),
        help_text=gettext_lazy("Decides between dry and wet where the mean is 20 °C or less."),
    )
    climate_source = forms.CharField(
        label=gettext_lazy("Source of the normals"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Which station and years, and who published them: anyone may ask."),
    )
    climate_zone = _choice(
        gettext_lazy("Climate zone, set by hand"),
        gettext_lazy("Only where the normals mislead; it then overrides them."),
        required=False,
    )
    climate_reason = forms.CharField(
        label=gettext_lazy("Reason for setting it by hand"), required=False, max_length=300
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    GROUPS: tuple[Group, ...] = (
        ("what", gettext_lazy("What it is"), ("code", "name_zh", "name_en", "organisation", "scenario", "process")),
        ("who", gettext_lazy("Who runs it, and how"), ("run_by", "community_mode", "area_m2", "households")),
        ("when", gettext_lazy("Since when"), ("opened_on", "closed_on")),
        (
            "where",
            gettext_lazy("Where it is"),
            ("longitude", "latitude", "datum", "region", "address", "time_zone"),
        ),
        ("public", gettext_lazy("What the public sees"), ("public_location", "public_detail")),
        (
            "climate",
            gettext_lazy("Climate"),
            (
                *("mean_temperature_c", "precipitation_mm", "evapotranspiration_mm", "climate_source"),
                *("climate_zone", "climate_reason"),
            ),
        ),
    )

    def __init__(self, data: Any = None, *, site: Site | None = None) -> None:
        self.site = site
        super().__init__(data, initial=None if site is None else stored(site))
        said = language()
        nothing = ("", "—")
        self.fields["organisation"].choices = [
            nothing,
            *((one.code, one.name) for one in Organisation.objects.filter(kind=Organisation.Kind.OPERATOR)),
        ]
        self.fields["scenario"].choices = [nothing, *((c, s.name.in_language(said)) for c, s in scenarios().items())]
        self.fields["process"].choices = [nothing, *((c, p.name.in_language(said)) for c, p in processes().items())]
        self.fields["climate_zone"].choices = [
            ("", _("follows from the normals")),
            *((code, name.in_language(said)) for code, name in climate_zones().items()),
        ]
        for name in CHOSEN:
            chosen = [(code, text.in_language(said)) for code, text in choices(name)]
            there = getattr(site, name, "")
            if there and there not in dict(chosen):
                chosen.append((there, there))
            self.fields[name].choices = [("", _("not filled in")), *chosen]
        self.fields["region"].choices = region_choices()
        if site is not None:
            del self.fields["code"]
            if site.organisation and site.organisation.kind != Organisation.Kind.OPERATOR:
                self.fields["organisation"].choices.append((site.organisation.code, site.organisation.name))

    def clean(self) -> dict[str, Any]:
        """What can be said before the service is asked, so that everything is named in one go."""
        data = super().clean() or {}
        code = data.get("code")
        if code and not SITE_CODE.match(code):
            self.add_error("code", Message("site_code_unusable").render(language()))
        elif code and Site.objects.filter(code=code).exists():
            self.add_error("code", Message("site_code_taken", {"code": code}).render(language()))
        if not data.get("name_zh") and not data.get("name_en"):
            self.add_error("name_zh", Message("site_without_name").render(language()))
        if not data.get("public_detail"):
            data["public_detail"] = self.site.public_detail if self.site else PublicDetail.ENTRIES
        position = [name for name in ("longitude", "latitude") if name in data]
        missing = [name for name in position if data[name] is None]
        if len(position) == 2 and len(missing) == 1:
            self.add_error(missing[0], Message("site_position_half").render(language()))
        return data

    def groups(self) -> list[tuple[str, str, list[forms.BoundField]]]:
        """The fields under their headings, with the key of each group."""
        return [(key, title, [self[n] for n in names if n in self.fields]) for key, title, names in self.GROUPS]

    def new(self) -> dict[str, Any]:
        """What `create_site` is told."""
        data = self.cleaned_data
        return {
            **{name: data[name] for name in (*PLAIN_FIELDS, "code", "longitude", "latitude", "datum")},
            "region": data["region"] or None,
            "organisation": data["organisation"] or None,
        }

    def changes(self) -> dict[str, Any]:
        """What `update_site` is told: the place only where it was changed, for what is shown is rounded."""
        assert self.site is not None
        data = self.cleaned_data
        told: dict[str, Any] = {name: data[name] for name in PLAIN_FIELDS}
        told["organisation"] = data["organisation"] or None
        before = stored(self.site)
        shown = {name: None if before[name] == "" else float(before[name]) for name in ("longitude", "latitude")}
        moved = any(data[name] != shown[name] for name in shown)
        # A stored position is shown as WGS-84: to say that it was of another datum all along moves it, too.
        if moved or (shown["longitude"] is not None and data["datum"] != "wgs84"):
            told |= {name: data[name] for name in ("longitude", "latitude", "datum")}
            told["region"] = data["region"] or None
        elif data["region"] != self.site.region_id:
            point = self.site.location
            if data["region"]:
                told["region"] = data["region"]
            elif point is not None:
                told |= {"longitude": point.x, "latitude": point.y, "datum": "wgs84", "region": None}
        return told

    def differences(self) -> list[tuple[str, str]]:
        """Label and stored value of each field that is stored otherwise than it was written here."""
        assert self.site is not None
        before = stored(self.site)
        found = []
        for name, field in self.fields.items():
            if name in ("seen", "datum"):
                continue
            now, written = str(before[name]), str(self.data.get(name, "")).strip()
            if now != written:
                choices = dict(getattr(field, "choices", ()))
                found.append((str(field.label), str(choices.get(now, now)) or "—"))
        return found


def stored(site: Site) -> dict[str, str]:
    """A site's values as the form shows them, with the digest of them as ``seen``."""
    values: dict[str, str] = {}
    for name in PLAIN_FIELDS:
        value = getattr(site, name)
        whole = isinstance(value, float) and value.is_integer()
        values[name] = "" if value is None else str(int(value) if whole else value)
    values["organisation"] = site.organisation.code if site.organisation else ""
    values["region"] = site.region_id
    values["longitude"] = "" if site.location is None else f"{site.location.x:.{DIGITS}f}"
    values["latitude"] = "" if site.location is None else f"{site.location.y:.{DIGITS}f}"
    values["datum"] = "wgs84"
    values["seen"] = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:20]
    return values


def region_choices() -> list[Any]:
    """Regions for a select: a group a province with its cities, after “found from the position”."""
    regions = list(Region.objects.defer("boundary", "centre").order_by("code"))
    cities: dict[str, list[tuple[str, str]]] = {}
    for region in regions:
        if region.level == Region.Level.CITY:
            cities.setdefault(region.parent_id or "", []).append((region.code, region.name))
    groups: list[Any] = [("", _("found from the position"))]
    for region in regions:
        if region.level == Region.Level.PROVINCE:
            groups.append((region.name, [(region.code, region.name), *cities.get(region.code, ())]))
        elif region.level == Region.Level.COUNTRY:
            groups.append((region.code, region.name))
    return groups


class OrganisationForm(Told):
    """An organisation that runs sites, or a laboratory. Code and kind are fixed once it is there."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=60,
        help_text=gettext_lazy("Small letters, digits and hyphens, for example green-lishui. It never changes."),
        error_messages={"required": gettext_lazy("Give the organisation a code.")},
    )
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), required=False, max_length=200)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), required=False, max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Organisation.Kind.choices)

    def __init__(self, data: Any = None, *, organisation: Organisation | None = None) -> None:
        initial = None
        if organisation is not None:
            initial = {"name_zh": organisation.name_zh, "name_en": organisation.name_en}
        super().__init__(data, initial=initial)
        if organisation is not None:
            del self.fields["code"], self.fields["kind"]
