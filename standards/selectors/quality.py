"""The record of product quality that releases class sites by: only what is published, by the site's own standards."""

from __future__ import annotations

import datetime as dt
from typing import Any

from compostnet.shared.months import last_day
from compostnet.shared.texts import Message
from standards.catalogue.countries import near_home
from standards.library import library
from standards.models import LabReport, Verdict
from standards.selectors import published_verdicts, report_day

WORDS = {"pass": "quality_pass", "fail": "quality_fail", "cannot_tell": "quality_cannot_tell"}


def product_quality(month: int) -> dict[str, dict[str, Any]]:
    """By site code: what the latest report published by the end of a month says of the standards of its country.

    ``verdict`` is pass where one of them is met, fail where one is failed and none met, else cannot_tell.
    """
    until = last_day(month)
    reports = (
        LabReport.objects.filter(state=LabReport.State.CONFIRMED, published_at__date__lte=until)
        .select_related("sample__batch__site__region")
        .prefetch_related("verdicts")
    )
    newest: dict[str, LabReport] = {}
    for report in sorted(reports, key=lambda one: (report_day(one), one.created_at, str(one.pk))):
        newest[report.sample.batch.site.code] = report
    found = {}
    for code, report in sorted(newest.items()):
        home = near_home(report.sample.batch.site.region.country, library().values())
        verdicts = [one for one in published_verdicts(report) if one.standard.partition("/")[0] in home]
        found[code] = _record(report_day(report), verdicts)
    return found


def _record(day: dt.date, verdicts: list[Verdict]) -> dict[str, Any]:
    by = {word: sorted(one.standard for one in verdicts if one.verdict == word) for word in WORDS}
    word = next((word for word in WORDS if by[word]), "cannot_tell")
    because = Message(WORDS[word], {"day": day.isoformat(), "standards": by[word] or ["—"]})
    return {
        "verdict": word,
        "standard": by[word][0] if by[word] else "",
        "on": day.isoformat(),
        "because": {"zh": because.render("zh"), "en": because.render("en")},
    }
