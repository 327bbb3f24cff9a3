"""The form of a month's records: every kind in one page, blank where nothing was written down yet."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from batches.entry_rules import word_key
from batches.forms import words_of
from batches.models import MonthlyRecord
from batches.resources import resources, unit_factors, unit_names
from batches.services.records import RecordInput
from compostnet.shared.display import format_number
from compostnet.shared.months import month_text
from compostnet.shared.problems import Fault
from compostnet.shared.units import units
from sites.models import Site

UNIT_WORDS = {
    "people": _("people"),
    "households": _("households"),
    "h": _("hours"),
    "day": _("working days of 8 hours"),
    "CNY": _("yuan"),
    "万元": _("10,000 yuan"),
    "CNY/t": _("yuan per tonne"),
    "CNY/kg": _("yuan per kg"),
}


@dataclass(frozen=True, slots=True)
class RecordField:
    """A kind in the form: its bound fields, and what stands already (``total`` in the unit of the kind)."""

    code: str
    name: str
    value: forms.BoundField
    unit: forms.BoundField
    hidden: Sequence[forms.BoundField]
    total: str


def unit_word(code: str) -> str:
    """A unit as people say it."""
    if code in UNIT_WORDS:
        return str(UNIT_WORDS[code])
    known = {**units().mass, **units().volume}.get("l" if code == "L" else code)
    return code if known is None else known.name.in_language(get_language() or "zh-hans")


class RecordsForm(forms.Form):
    """One field a kind. What stands already is filled in; changing it corrects it, with one reason for all changes."""

    reason = forms.CharField(
        label=_("Why do you correct it?"), required=False, max_length=300, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, site: Site, month: int, standing: Iterable[MonthlyRecord], **more: object) -> None:
        self.site, self.month = site, month
        self.standing: dict[str, list[MonthlyRecord]] = {}
        for record in standing:
            self.standing.setdefault(record.kind, []).append(record)
        initial: dict[str, object] = {}
        for code in resources().kinds:
            there = self.standing.get(code, [])
            one = there[0] if len(there) == 1 else None
            value, unit = self._written(code, one)
            initial |= {
                f"id_{code}": uuid.uuid4(),
                f"corrects_{code}": str(one.pk) if one else "",
                f"value_{code}": value,
                f"unit_{code}": unit,
            }
        super().__init__(initial=initial, **more)  # type: ignore[arg-type]
        for code, kind in resources().kinds.items():
            typed = {"inputmode": "numeric" if kind.whole else "decimal", "autocomplete": "off"}
            name = kind.name.in_language(get_language() or "zh-hans")
            self.fields[f"id_{code}"] = forms.CharField(widget=forms.HiddenInput, required=False)
            self.fields[f"corrects_{code}"] = forms.CharField(widget=forms.HiddenInput, required=False)
            self.fields[f"value_{code}"] = forms.CharField(
                label=name, required=False, max_length=60, widget=forms.TextInput(typed)
            )
            self.fields[f"unit_{code}"] = forms.ChoiceField(
                label=_("Unit of: %(kind)s") % {"kind": name},
                required=False,
                choices=[(unit, unit_word(unit)) for unit in unit_names(code)],
            )
        if not self.standing:
            del self.fields["reason"]

    @staticmethod
    def _written(code: str, record: MonthlyRecord | None) -> tuple[str, str]:
        """Value and unit as the form shows a record: as typed where it offers that unit, else in the kind's own."""
        offered, factors = unit_names(code), unit_factors(code)
        if record is None:
            return "", offered[0]
        factor = factors.get(word_key(record.entered_unit))
        unit = next((one for one in offered if factors.get(word_key(one)) == factor), None)
        if unit is None:
            return f"{record.value.normalize():f}", offered[0]
        return record.entered_value, unit

    def groups(self) -> list[tuple[str, list[RecordField]]]:
        """The kinds under their categories."""
        language = get_language() or "zh-hans"
        found = []
        for category, name in resources().categories.items():
            rows = [self._row(code) for code, kind in resources().kinds.items() if kind.category == category]
            found.append((name.in_language(language), rows))
        return found

    def _row(self, code: str) -> RecordField:
        there = self.standing.get(code, [])
        total = ""
        if len(there) > 1:
            unit = unit_word(resources().kinds[code].unit)
            total = f"{format_number(sum((one.value for one in there), Decimal(0)))} {unit}"
        return RecordField(
            code,
            resources().kinds[code].name.in_language(get_language() or "zh-hans"),
            self[f"value_{code}"],
            self[f"unit_{code}"],
            (self[f"id_{code}"], self[f"corrects_{code}"]),
            total,
        )

    def entries(self) -> dict[str, RecordInput]:
        """Code of the kind → what to store: what is new and what was changed; what stands unchanged is left out."""
        wanted: dict[str, RecordInput] = {}
        for code in resources().kinds:
            value = str(self.cleaned_data.get(f"value_{code}") or "").strip()
            unit = str(self.cleaned_data.get(f"unit_{code}") or "")
            corrects = str(self.cleaned_data.get(f"corrects_{code}") or "")
            if not value:
                if corrects:
                    self.add_error(f"value_{code}", _("To take it back, write 0 and say why."))
                continue
            if corrects and not self._is_changed(code):
                continue
            wanted[code] = RecordInput(
                id=str(self.cleaned_data.get(f"id_{code}") or uuid.uuid4()),
                site=self.site.code,
                month=month_text(self.month),
                kind=code,
                value=value,
                unit=unit,
                supersedes=corrects,
                reason=str(self.cleaned_data.get("reason") or "") if corrects else "",
            )
        return wanted

    def _is_changed(self, code: str) -> bool:
        return any(
            str(self.cleaned_data.get(name) or "").strip() != str(self.initial.get(name) or "")
            for name in (f"value_{code}", f"unit_{code}")
        )

    def show(self, faults: Mapping[str, Iterable[Fault]]) -> None:
        """Put the faults of each kind at its fields; that a reason is missing stands at the reason, once."""
        for code, listed in faults.items():
            for fault in listed:
                words = words_of(fault)
                name = "reason" if fault.field == "reason" else f"{fault.field}_{code}"
                target = name if name in self.fields and not name.startswith("id_") else f"value_{code}"
                if words not in self.errors.get(target, []):
                    self.add_error(target, words)
