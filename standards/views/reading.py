"""What the reader of lab sheets made of a file, told to whoever sent it: particulars, and what holds no result."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from compostnet.shared.problems import Problem
from standards.reading.lab_sheets import LabFile, read_lab_file

PARTICULARS = {
    "number": gettext_lazy("Report number"),
    "reported_on": gettext_lazy("Date of the report"),
    "sampled_on": gettext_lazy("Sampled on"),
    "lab": gettext_lazy("Laboratory"),
}
MOST_LINES = 12
"""So many lines that hold no result are shown; of the others the number."""


def told(file: LabFile) -> dict[str, Any]:
    """Context of ``standards/_read.html``; empty where everything in the file was a result."""
    particulars = [(name, file.meta[kind]) for kind, name in PARTICULARS.items() if file.meta.get(kind)]
    if not (particulars or file.columns or file.ignored):
        return {}
    return {
        "particulars": particulars,
        "columns": file.columns,
        "lines": file.ignored[:MOST_LINES],
        "more": max(0, len(file.ignored) - MOST_LINES),
        "count": len(file.ignored) + len(file.columns),
    }


def tell(request: HttpRequest, data: bytes, file_name: str) -> None:
    """After handing in: which report the file says it is, and what of it was not taken for a result."""
    try:
        file = read_lab_file(data, file_name)
    except Problem:
        return  # told already by the one who read it
    pieces = [f"{name}{_(': ')}{text}" for kind, name in PARTICULARS.items() if (text := file.meta.get(kind))]
    if pieces:
        messages.info(request, _("The file says: %(what)s.") % {"what": _("; ").join(pieces)})
    left = [*file.columns, *(text for _line, text in file.ignored)]
    if left:
        words = ngettext(
            "%(n)d column or line of the file holds no result and was left out: %(what)s",
            "%(n)d columns and lines of the file hold no results and were left out: %(what)s",
            len(left),
        )
        shown = [text if len(text) <= 40 else f"{text[:39]}…" for text in left[:4]]
        messages.info(request, words % {"n": len(left), "what": _("; ").join(shown + ["…"] * (len(left) > 4))})
