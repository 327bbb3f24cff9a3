"""What a lab means by a name that the catalogue does not know: asked once, remembered for that lab."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites import audit
from sites.models import Organisation
from sites.permissions import Actor, require, user_or_none
from standards.indicators import find_indicator, indicators
from standards.models import IndicatorName, LabReport, LabResult
from standards.selectors.names import NOT_JUDGED, is_known, name_key
from standards.services.publishing import locked_report
from standards.services.texts import clean


def teach_indicator_name(*, actor: Actor, lab: Organisation, text: str, indicator: str) -> IndicatorName:
    """Remember what a lab means by a name; ``indicator`` empty: nothing that is judged.

    It changes the lab's reports that are not confirmed yet, and those to come; frozen verdicts stay. Said again, the
    newer answer counts. A name that the catalogue knows keeps its meaning (``indicator_name_known``).
    """
    require(actor, "name_indicator", organisation=lab)
    text = _checked(text, indicator)
    with transaction.atomic():
        name, _ = IndicatorName.objects.update_or_create(
            lab=lab,
            simplified=name_key(text),
            defaults={"text": text, "indicator": indicator, "created_by": user_or_none(actor)},
        )
        waiting = LabResult.objects.filter(report__lab=lab, report__state=LabReport.State.RECEIVED)
        changed = _apply(waiting, text, indicator)
        audit.record(actor, "teach_indicator_name", lab, text=text, indicator=indicator, results=changed)
    return name


def name_indicator(*, actor: Actor, report: LabReport, text: str, indicator: str) -> LabReport:
    """Say what a name of a report means; remembered for its lab, or for this report alone where it has no lab."""
    require(actor, "name_indicator", site=report.sample.batch.site, organisation=report.lab)
    _checked(text, indicator)
    with transaction.atomic():
        found = locked_report(report)
        if found.state != LabReport.State.RECEIVED:
            raise Problem("lab_report_not_received", state=Message(f"lab_report_{found.state}"))
        if found.lab is not None:
            teach_indicator_name(actor=actor, lab=found.lab, text=text, indicator=indicator)
        else:
            changed = _apply(LabResult.objects.filter(report=found), clean(text), indicator)
            audit.record(actor, "name_indicator", found, text=clean(text), indicator=indicator, results=changed)
    return found


def _checked(text: str, indicator: str) -> str:
    text = clean(text)[:200]
    if not name_key(text):
        raise Problem("indicator_name_empty")
    if known := find_indicator(text):
        raise Problem("indicator_name_known", name=text, means=[indicators().indicators[code].name for code in known])
    if indicator and indicator not in indicators().indicators:
        raise Problem("indicator_unknown", indicator=indicator[:60])
    return text


def _apply(results: QuerySet[LabResult], text: str, indicator: str) -> int:
    """Give the results with this name, which the catalogue does not know, their meaning; how many they were."""
    waiting = results.only("pk", "indicator_text", "unit_text", "note_text")
    key = name_key(text)
    mine = [one.pk for one in waiting if name_key(one.indicator_text) == key and not is_known(one)]
    return int(LabResult.objects.filter(pk__in=mine).update(indicator=indicator or NOT_JUDGED))
