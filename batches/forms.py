"""Forms of the logbook: few fields, sensible defaults, texts kept as typed. What a value means the services decide.

Every form carries the id of the record it will make, so that pressing twice on a bad line stores once.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from batches.entries import DiaryInput, LedgerInput
from batches.entry_rules import diary_units, entry_rules, word_key
from batches.materials import materials
from batches.models import Batch, DiaryEntry, LedgerEntry
from compostnet.shared.numbers import normalise
from compostnet.shared.problems import Fault
from compostnet.shared.texts import Message
from compostnet.shared.units import units
from sites.models import Site

UNITS = ("kg", "jin", "t", "l", "container")
ROWS = 3
"""Measuring points that the temperature form offers at least."""


ON_PAGE = {
    "accepted_number": "accepted_number_here",
    "accepted_number_alone": "accepted_number_alone_here",
    "accepted_not_negative": "accepted_not_negative_here",
    "accepted_container": "accepted_container_here",
    "accepted_batch": "accepted_batch_here",
    "accepted_plain_text": "accepted_some_words",
}
"""What is accepted, in the words of a form where those of a sheet speak of columns and blanks."""
_NUMBER_AND_UNIT = re.compile(r"^([+-]?[\d.,\s]*\d)\s*([^\d\s.,+-].*)$")


def words_of(fault: Fault) -> str:
    """A fault in the reader's language, with what would be accepted."""
    words = fault.message.render(_language())
    if fault.accepted is None:
        return words
    accepted = Message(ON_PAGE.get(fault.accepted.code, fault.accepted.code), fault.accepted.values)
    return f"{words} {accepted.render(_language())}"


def value_and_unit(kind: str, text: str) -> tuple[str, str]:
    """``140 °F`` as ``140`` and ``°F`` where the unit is one of the kind's; otherwise the text and nothing."""
    if (match := _NUMBER_AND_UNIT.match(normalise(text))) and word_key(match[2]) in diary_units(kind):
        return match[1], match[2]
    return text, ""


def focus_first_fault(form: forms.BaseForm) -> None:
    """Let the browser begin at the first field that has a fault."""
    for field in form.visible_fields():
        if field.errors:
            field.field.widget.attrs["autofocus"] = True
            return


def local_now(site: Site) -> dt.datetime:
    """Now at the site, to the minute, without zone, as ``datetime-local`` inputs want it."""
    return timezone.now().astimezone(ZoneInfo(site.time_zone)).replace(tzinfo=None, second=0, microsecond=0)


def _language() -> str:
    return get_language() or "zh-hans"


def unit_choices() -> list[tuple[str, str]]:
    """The units that a yard uses, in the reader's language."""
    known = {**units().mass, **units().volume, **units().count}
    return [(code, known[code].name.in_language(_language())) for code in UNITS]


def material_choices(first: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Materials in the reader's language, those in ``first`` before the others."""
    codes = list(dict.fromkeys([*(code for code in first if code in materials()), *materials()]))
    return [(code, materials()[code].name.in_language(_language())) for code in codes]


def _number(label: str, **more: object) -> forms.CharField:
    attributes = {"inputmode": "decimal", "autocomplete": "off"}
    return forms.CharField(label=label, required=False, max_length=60, widget=forms.TextInput(attributes), **more)


def _day(label: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=30, widget=forms.TextInput({"type": "date"}))


def _note(rows: int = 2) -> forms.CharField:
    return forms.CharField(
        label=_("Remark"),
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": rows}),
        help_text=_("optional"),
    )


def _reason() -> forms.CharField:
    return forms.CharField(
        label=_("Why"),
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": _("Write in a few words why, for those who check the month.")},
    )


class Kept(forms.Form):
    """A form whose faults come from a service; the input stays as it was typed."""

    id = forms.CharField(widget=forms.HiddenInput, required=False)

    def show(self, faults: Iterable[Fault]) -> None:
        """Put each fault at its field (at the top where the form has none of that name)."""
        for fault in faults:
            words = words_of(fault)
            name = (fault.field or "").rpartition(".")[2]
            self.add_error(name if name in self.fields else None, words)

    def renew_ids(self) -> None:
        """New ids for what the form will make: sent again it makes another entry."""
        self.data = self.data.copy()  # type: ignore[union-attr]
        for name in self.fields:
            if name == "id" or name.startswith("id_"):
                self.data[name] = str(uuid.uuid4())  # type: ignore[index]

    def text(self, name: str) -> str:
        """What was typed into a field."""
        return str(self.cleaned_data.get(name) or "")


class OpenBatchForm(Kept):
    """A new batch of a site."""

    code = forms.CharField(label=_("Name of the batch"), required=False, max_length=200)
    started_on = forms.DateField(label=_("Started on"), widget=forms.DateInput({"type": "date"}))
    process = forms.ChoiceField(label=_("Process"), required=False)

    def __init__(self, site: Site, processes: Sequence[tuple[str, str]], taken: set[str], **more: object) -> None:
        today = local_now(site).date()
        code, number = f"{today:%Y-%m}", 1
        while code in taken:
            number += 1
            code = f"{today:%Y-%m}-{number}"
        initial = {"id": uuid.uuid4(), "code": code, "started_on": today.isoformat(), "process": site.process}
        super().__init__(initial=initial, **more)  # type: ignore[arg-type]
        self.fields["process"].choices = list(processes)  # type: ignore[attr-defined]


class LedgerForm(Kept):
    """One ledger entry of a batch."""

    material = forms.ChoiceField(label=_("Material"), required=False)
    value = _number(_("How much"))
    unit = forms.ChoiceField(label=_("Unit"), required=False)
    unit_mass_kg = _number(
        _("Kilograms in one litre or one container"),
        help_text=_("only for litres and containers; for litres the material's usual density counts if you leave it"),
    )
    to_batch = forms.ChoiceField(label=_("Into which batch"), required=False)
    occurred_on = _day(_("Day"))
    estimated = forms.BooleanField(label=_("Estimated by eye, not measured"), required=False)
    sure = forms.BooleanField(label=_("Yes, it is this much"), required=False, widget=forms.HiddenInput)
    note = _note()

    def __init__(self, batch: Batch, kind: str, *, recent: Sequence[LedgerEntry] = (), **more: object) -> None:
        self.batch, self.kind = batch, kind
        last = next((entry for entry in recent if entry.kind == kind), None)
        unit = last.entered_unit if last and last.entered_unit in UNITS else "kg"
        known_mass = last.unit_mass_kg if last and unit in ("l", "container") else None
        initial = {
            "id": uuid.uuid4(),
            "unit": unit,
            "unit_mass_kg": f"{known_mass.normalize():f}" if known_mass is not None else "",
            "occurred_on": local_now(batch.site).date().isoformat(),
            "material": {
                "removal": "contaminants",
                "transfer": "mixture",
                "harvest": "mature_compost",
                "residue": "mixture",
            }.get(kind, last.material if last else "food_waste"),
        }
        super().__init__(initial=initial, **more)  # type: ignore[arg-type]
        used = [entry.material for entry in recent if entry.kind == kind]
        self.fields["material"].choices = material_choices([str(initial["material"]), *used])  # type: ignore[attr-defined]
        self.fields["unit"].choices = unit_choices()  # type: ignore[attr-defined]
        if kind == "transfer":
            others = Batch.objects.filter(site=batch.site, state__in=("open", "composting", "curing")).exclude(
                pk=batch.pk
            )
            choices = [("", "—"), *((str(other.pk), other.code) for other in others)]
            self.fields["to_batch"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["to_batch"]

    def ask_whether_sure(self, words: str) -> None:
        """Show the box that must be ticked for an amount that is nearly always a slip."""
        self.fields["sure"].widget = forms.CheckboxInput()
        self.add_error("sure", words)

    def entry(self) -> LedgerInput:
        """What was typed, as the services take it."""
        unit = self.text("unit")
        return LedgerInput(
            id=self.text("id"),
            site=self.batch.site.code,
            batch=str(self.batch.pk),
            kind=self.kind,
            material=self.text("material"),
            value=self.text("value"),
            unit=unit,
            measured="estimate" if self.cleaned_data.get("estimated") else "",
            occurred_on=self.text("occurred_on"),
            to_batch=self.text("to_batch"),
            # A density that was left standing from the last time means nothing beside kilograms.
            unit_mass_kg=self.text("unit_mass_kg") if unit in ("l", "container") else "",
            note=self.text("note"),
        )


class CorrectionForm(Kept):
    """The correction of one ledger entry."""

    value = _number(_("Right amount"), help_text=_("0 if the entry should not be there"))
    unit = forms.ChoiceField(label=_("Unit"), required=False)
    unit_mass_kg = _number(_("Kilograms in one litre or one container"))
    material = forms.ChoiceField(label=_("Material"), required=False)
    occurred_on = forms.CharField(label=_("Day"), required=False, max_length=30)
    reason = _reason()

    def __init__(self, entry: LedgerEntry, **more: object) -> None:
        day = entry.occurred_on.strftime("%Y-%m" if entry.month_only else "%Y-%m-%d")
        initial = {
            "id": uuid.uuid4(),
            "value": entry.entered_value,
            "unit": entry.entered_unit,
            "unit_mass_kg": f"{entry.unit_mass_kg.normalize():f}" if entry.unit_mass_kg is not None else "",
            "material": entry.material,
            "occurred_on": day,
        }
        super().__init__(initial=initial, **more)  # type: ignore[arg-type]
        self.fields["material"].choices = material_choices([entry.material])  # type: ignore[attr-defined]
        written = [] if entry.entered_unit in UNITS else [(entry.entered_unit, entry.entered_unit)]
        self.fields["unit"].choices = [*written, *unit_choices()]  # type: ignore[attr-defined]
        self.fields["occurred_on"].widget.input_type = "month" if entry.month_only else "date"  # type: ignore[attr-defined]


class DiaryForm(Kept):
    """One diary entry of any kind but temperature and photo."""

    value = _number(_("Value"))
    level = forms.ChoiceField(label=_("How does it smell"), required=False)
    point = forms.CharField(label=_("Where"), required=False, max_length=40, help_text=_("optional"))
    observed_at = forms.CharField(
        label=_("When"), required=False, max_length=40, widget=forms.TextInput({"type": "datetime-local"})
    )
    note = _note()

    FIELDS = {
        "moisture": ("value", "point"),
        "oxygen": ("value", "point"),
        "smell": ("level",),
        "turning": (),
        "watering": ("value",),
        "note": (),
    }
    LABELS = {
        "moisture": _("Moisture in %"),
        "oxygen": _("Oxygen in %"),
        "watering": _("Litres of water"),
    }
    SMELLS = (
        ("0", _("0 none")),
        ("1", _("1 earthy, like a forest")),
        ("2", _("2 slight")),
        ("3", _("3 clear")),
        ("4", _("4 strong")),
        ("5", _("5 unbearable")),
    )

    def __init__(self, batch: Batch, kind: str, **more: object) -> None:
        self.batch, self.kind = batch, kind
        initial = {"id": uuid.uuid4(), "observed_at": local_now(batch.site).isoformat(timespec="minutes")}
        super().__init__(initial=initial, **more)  # type: ignore[arg-type]
        for name in ("value", "level", "point"):
            if name not in self.FIELDS[kind]:
                del self.fields[name]
        if "level" in self.fields:
            self.fields["level"].choices = self.SMELLS  # type: ignore[attr-defined]
        if kind in self.LABELS:
            self.fields["value"].label = self.LABELS[kind]
        if kind == "note":
            self.fields["note"].help_text = ""
            self.order_fields(["note", "observed_at"])

    def entry(self, photo: str = "") -> DiaryInput:
        """What was typed, as the services take it."""
        value, unit = value_and_unit(self.kind, self.text("value"))
        return DiaryInput(
            id=self.text("id"),
            site=self.batch.site.code,
            batch=str(self.batch.pk),
            kind=self.kind,
            observed_at=self.text("observed_at"),
            value=value or self.text("level"),
            unit=unit,
            point=self.text("point"),
            note=self.text("note"),
            photo=photo,
        )


class DiaryCorrectionForm(Kept):
    """The correction of one diary entry; a wrong one is struck out and leaves the reason as a note."""

    value = _number(_("Right value"))
    level = forms.ChoiceField(label=_("How does it smell"), required=False, choices=DiaryForm.SMELLS)
    observed_at = forms.CharField(
        label=_("When"), required=False, max_length=40, widget=forms.TextInput({"type": "datetime-local"})
    )
    point = forms.CharField(label=_("Where"), required=False, max_length=40)
    depth_cm = _number(_("Depth, cm"))
    note = _note()
    void = forms.BooleanField(label=_("This entry should not be there: strike it out"), required=False)
    reason = _reason()

    def __init__(self, entry: DiaryEntry, **more: object) -> None:
        self.entry = entry
        rule = entry_rules().diary_kinds[entry.kind]  # type: ignore[index]
        value = "" if entry.value is None else entry.entered_value or f"{entry.value:g}"
        local = entry.observed_at.astimezone(ZoneInfo(entry.site.time_zone)).replace(tzinfo=None)
        self.minute = local.isoformat(timespec="minutes")
        initial = {
            "id": uuid.uuid4(),
            "value": f"{value} {entry.entered_unit or rule.unit}".strip() if value else "",
            "level": value,
            "observed_at": self.minute,
            "point": entry.point,
            "depth_cm": "" if entry.depth_cm is None else entry.depth_cm,
            "note": entry.note,
        }
        super().__init__(initial=initial, **more)  # type: ignore[arg-type]
        unused = {"value" if entry.kind == "smell" else "level"}
        if rule.value == "none":
            unused |= {"value"}
        if entry.kind not in ("temperature", "moisture", "oxygen"):
            unused |= {"point"}
        if entry.kind != "temperature":
            unused |= {"depth_cm"}
        for name in unused:
            del self.fields[name]

    def changes(self) -> dict[str, str]:
        """The fields as typed, by the names of the service; a time that was left alone stays to the second."""
        value, unit = value_and_unit(self.entry.kind, self.text("value") or self.text("level"))
        changes = {name: self.text(name) for name in ("point", "depth_cm") if name in self.fields}
        if self.text("observed_at") != self.minute:
            changes["observed_at"] = self.text("observed_at")
        return {**changes, "value": value, "unit": unit, "note": self.text("note")}


class PhotoForm(Kept):
    """A photo for the diary."""

    photo = forms.FileField(
        label=_("Photo"),
        required=False,
        widget=forms.FileInput({"accept": "image/jpeg,image/png,image/webp"}),
        allow_empty_file=True,
    )
    observed_at = forms.CharField(
        label=_("When"), required=False, max_length=40, widget=forms.TextInput({"type": "datetime-local"})
    )
    note = _note()

    def __init__(self, batch: Batch, **more: object) -> None:
        initial = {"id": uuid.uuid4(), "observed_at": local_now(batch.site).isoformat(timespec="minutes")}
        super().__init__(initial=initial, **more)  # type: ignore[arg-type]


class TemperatureForm(Kept):
    """Temperatures at several points in one go; a point left blank stores nothing."""

    unit = forms.ChoiceField(label=_("Unit"), required=False, choices=(("°C", "°C"), ("°F", "°F")))
    observed_at = forms.CharField(
        label=_("When"), required=False, max_length=40, widget=forms.TextInput({"type": "datetime-local"})
    )
    note = _note()

    def __init__(self, batch: Batch, points: Sequence[tuple[str, int | None]], **more: object) -> None:
        self.batch = batch
        last = DiaryEntry.objects.filter(site=batch.site, kind="temperature").order_by("-recorded_at").first()
        unit = diary_units("temperature").get(word_key(last.entered_unit), "°C") if last else "°C"
        now = local_now(batch.site).isoformat(timespec="minutes")
        initial: dict[str, object] = {"observed_at": now, "unit": unit}
        places = list(points) or [(str(_("centre")), 50), (str(_("edge")), 20)]
        self.count = max(ROWS, len(places) + 1)
        for number in range(self.count):
            point, depth = places[number] if number < len(places) else ("", None)
            initial |= {
                f"id_{number}": uuid.uuid4(),
                f"point_{number}": point,
                f"depth_cm_{number}": "" if depth is None else depth,
            }
        super().__init__(initial=initial, **more)  # type: ignore[arg-type]
        for number in range(self.count):
            self.fields[f"id_{number}"] = forms.CharField(widget=forms.HiddenInput, required=False)
            self.fields[f"value_{number}"] = _number(_("Reading"))
            self.fields[f"point_{number}"] = forms.CharField(label=_("Where"), required=False, max_length=40)
            self.fields[f"depth_cm_{number}"] = _number(_("Depth, cm"))
        self.order_fields(["unit", *(name for name in self.fields if "_" in name and name[-1].isdigit())])

    @property
    def rows(self) -> list[dict[str, forms.BoundField]]:
        """The bound fields, one dict a measuring point."""
        names = ("id", "value", "point", "depth_cm")
        return [{name: self[f"{name}_{number}"] for name in names} for number in range(self.count)]

    def entries(self) -> list[tuple[int, DiaryInput]]:
        """Row number and entry of each point with a temperature."""
        made = []
        for number in range(self.count):
            if not self.text(f"value_{number}").strip():
                continue
            value, unit = value_and_unit("temperature", self.text(f"value_{number}"))
            entry = DiaryInput(
                id=self.text(f"id_{number}"),
                site=self.batch.site.code,
                batch=str(self.batch.pk),
                kind="temperature",
                observed_at=self.text("observed_at"),
                value=value,
                unit=unit or self.text("unit"),
                point=self.text(f"point_{number}"),
                depth_cm=self.text(f"depth_cm_{number}"),
                note=self.text("note"),
            )
            made.append((number, entry))
        return made

    def show_row(self, number: int, faults: Iterable[Fault]) -> None:
        """Put the faults of one point at its fields."""
        for fault in faults:
            words = words_of(fault)
            name = f"{fault.field}_{number}"
            if fault.field == "unit":  # it was written behind the number
                name = f"value_{number}"
            shared = fault.field if fault.field in self.fields else None
            target = name if name in self.fields else shared
            if target is None or words not in self.errors.get(target, []):
                self.add_error(target, words)


class ExplainForm(forms.Form):
    """Why something that looks wrong is right."""

    text = forms.CharField(label=_("Explanation"), max_length=2000, widget=forms.Textarea({"rows": 3}))
