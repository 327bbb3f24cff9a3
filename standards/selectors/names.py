"""Reads of the names that a report has and the catalogue does not know, and of what a lab said of them before."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from sites.models import Organisation
from sites.permissions import Actor, may
from standards.indicators import find_indicator, indicators, similar_indicators, simplify
from standards.models import IndicatorName, LabReport, LabResult
from standards.reading.readings import Line
from standards.reading.results import read_result

NOT_JUDGED = "-"
"""In a result's ``indicator``: somebody said that the name is nothing that any standard judges."""


@dataclass(slots=True)
class UnknownName:
    """A name of a report that is not known: the results under it, and codes of indicators that look like it."""

    text: str
    reported: list[str] = field(default_factory=list)
    near: list[str] = field(default_factory=list)


def name_key(text: str) -> str:
    """The form in which the names of a lab are compared."""
    return unicodedata.normalize("NFC", simplify(text))[:200]


def unknown_names(report: LabReport) -> list[UnknownName]:
    """Every name of a report that nobody knows, once, in the order of its lines; what was not tested is not asked."""
    found: dict[str, UnknownName] = {}
    for result in report.results.all():
        if result.indicator or is_known(result) or read_result(result.value_text).kind == "not_tested":
            continue
        name = found.setdefault(name_key(result.indicator_text), UnknownName(result.indicator_text))
        name.reported.append(
            " ".join(part for part in (result.value_text, result.unit_text, result.basis_text) if part)
        )
    for name in found.values():
        name.near = list(similar_indicators(name.text))
    return [name for key, name in found.items() if key]


def is_known(result: LabResult) -> bool:
    """Whether the catalogue knows the name of a result."""
    return bool(find_indicator(result.indicator_text, result.unit_text, result.note_text))


def remembered_names(lab: Organisation | None) -> dict[str, str]:
    """What a lab means by names that the catalogue does not know: code, or `NOT_JUDGED`, by `name_key`."""
    if lab is None:
        return {}
    names = IndicatorName.objects.filter(lab=lab).values_list("simplified", "indicator")
    known = indicators().indicators
    return {key: code if code in known else NOT_JUDGED for key, code in names if code in known or not code}


def meaning_of(line: Line, said: dict[str, str]) -> str:
    """What a lab said before of the name of a line that the catalogue does not know; '' where it said nothing."""
    if not said or find_indicator(line.indicator, line.unit, line.note):
        return ""
    return said.get(name_key(line.indicator), "")


def may_name(actor: Actor, report: LabReport) -> bool:
    """Whether ``actor`` may say what the names of a report mean: its lab, or who may confirm reports."""
    return report.state == LabReport.State.RECEIVED and may(
        actor, "name_indicator", site=report.sample.batch.site, organisation=report.lab
    )
