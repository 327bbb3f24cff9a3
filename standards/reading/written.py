"""Results and verdicts written as CSV: the sheet that was read, in one canonical shape, and the answers to it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from compostnet.shared.display import inert
from standards.reading.readings import Line

SHEET = ("sample", "indicator", "value", "unit", "basis", "note", "uncertainty")
ANSWER = ("sample", "standard", "class", "edition", "as_of", "checker", "verdict", "provisional")
INDICATOR = (
    *("indicator", "name", "verdict", "reported", "compared", "limit", "unit", "basis", "clause", "grade"),
    *("provisional", "obligatory", "group", "code", "reason", "next_step"),
)
"""The columns of a CSV of verdicts: the answer's, then the indicator's (named ``indicator_verdict`` and so on where
both have one)."""


def lines_as_csv(lines: Sequence[Line]) -> str:
    """The results of a sheet as a long sheet that reads the same."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    uncertain = any(line.uncertainty for line in lines)
    writer.writerow(SHEET if uncertain else SHEET[:-1])
    for line in lines:
        cells = [line.sample, line.indicator, line.value, line.unit, line.basis, line.note]
        writer.writerow([*cells, line.uncertainty] if uncertain else cells)
    return out.getvalue()


def verdicts_as_csv(answers: Sequence[dict[str, Any]]) -> str:
    """A row for every indicator of every answer (`SampleVerdict.as_json`), safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((*ANSWER, *(f"indicator_{name}" if name in ANSWER else name for name in INDICATOR)))
    for answer in answers:
        head = [answer.get(name) for name in ANSWER]
        for row in answer["indicators"]:
            cells = [*head, *(row.get(name) for name in INDICATOR)]
            writer.writerow(["" if cell is None else inert(str(cell)) for cell in cells])
    return out.getvalue()
