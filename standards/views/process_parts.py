"""What a page about a batch shows of its process: results, the temperature chart with its table of days, advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from batches.models import Batch
from standards.advice import advise, diary_facts
from standards.library import RuleSet
from standards.process.chart import process_chart, process_days
from standards.selectors.process import BatchDiary, batch_diary, batch_process
from standards.views.shared import BADGES, MARKS, WORDS

SILENT = "process_no_way"
ORDER = ("pass", "fail", "cannot_tell", "not_tested", "incomplete", "declared", "not_applicable")


def process_context(
    batch: Batch,
    rule_sets: Sequence[RuleSet],
    language: str,
    answers: Sequence[Mapping[str, Any]] = (),
    diary: BatchDiary | None = None,
) -> dict[str, Any]:
    """Context of ``standards/_process.html`` and ``standards/_advice.html``.

    ``rule_sets``: whose process rules count. ``answers``: verdicts of the batch's lab reports as JSON in the page's
    language, for the advice. Keys: ``process``, ``process_silent`` (rules that say nothing of the batch's way of
    composting), ``process_chart``, ``process_days``, ``process_running``, ``process_outside``, ``advice``.
    """
    diary = diary or batch_diary(batch)
    results = batch_process(batch, rule_sets, diary)
    period = {"first_day": diary.first_day, "last_day": diary.last_day, "zone": diary.zone, "language": language}
    chart = process_chart(diary.readings, diary.turnings, results, code=batch.code, **period)
    rows = sorted((process_row(one.as_json(language)) for one in results), key=lambda row: ORDER.index(row["verdict"]))
    return {
        "process": [row for row in rows if row["code"] != SILENT],
        "process_silent": [row for row in rows if row["code"] == SILENT],
        "process_chart": chart,
        "process_days": process_days(diary.readings, diary.turnings, results, **period),
        "process_running": diary.running,
        "process_outside": list(diary.outside),
        "advice": [one.as_json(language) for one in advise(answers, results, diary_facts(diary.notes))],
    }


def process_row(result: Mapping[str, Any]) -> dict[str, Any]:
    """A process result in JSON with word, sign and badge."""
    options = [
        {**one, **_shown(one["verdict"]), "points": [{**point, **_shown(point["verdict"])} for point in one["points"]]}
        for one in result["options"]
        if one["applies"] is not False
    ]
    return {**result, **_shown(result["verdict"]), "options": options}


def _shown(verdict: str) -> dict[str, Any]:
    return {"badge": BADGES[verdict], "word": WORDS[verdict], "mark": MARKS[verdict]}
