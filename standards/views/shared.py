"""What several pages show alike: verdict words, badges, and a verdict for the template."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language, gettext_lazy

from compostnet.shared.texts import Message
from standards.catalogue.countries import by_region, places
from standards.checking.explain import SampleVerdict
from standards.library import library
from standards.units import unit_in

BADGES = {
    "pass": "badge-pass",
    "fail": "badge-fail",
    "cannot_tell": "badge-unknown",
    "incomplete": "badge-warn",
    "not_tested": "badge-warn",
    "not_applicable": "badge-info",
    "declared": "badge-info",
}
WORDS = {
    "pass": gettext_lazy("pass"),
    "fail": gettext_lazy("fail"),
    "cannot_tell": gettext_lazy("cannot tell"),
    "incomplete": gettext_lazy("incomplete"),
    "not_tested": gettext_lazy("not tested"),
    "not_applicable": gettext_lazy("not applicable"),
    "declared": gettext_lazy("declared"),
}
MARKS = {
    "pass": "✓",
    "fail": "✗",
    "cannot_tell": "?",
    "incomplete": "…",
    "not_tested": "○",
    "not_applicable": "–",
    "declared": "•",
}
"""A sign beside the word, so that a verdict is never told by its colour alone."""
BASES = {
    "dm": gettext_lazy("dry matter"),
    "ar": gettext_lazy("as received"),
    "om": gettext_lazy("organic matter"),
    "ad": gettext_lazy("air-dry sample"),
    "unverified": gettext_lazy("basis to be checked"),
    "none": "",
    "": "",
}
URGENCY = ("fail", "cannot_tell", "not_tested", "pass", "declared", "not_applicable")
MOST_DETAILS = 150
"""Answers that a page spells out; beyond, the overview and the downloads have them all."""


def language() -> str:
    return get_language() or "zh-hans"


def answer_context(answer: SampleVerdict) -> dict[str, Any]:
    """A verdict for the template: words, badges, and the lines that no limit uses apart from the others."""
    return shown(answer.as_json(language()), answer.rules.code, answer.rules.name.in_language(language()))


def shown(one: dict[str, Any], code: str, name: str) -> dict[str, Any]:
    """The JSON of a verdict (of now, or frozen) for ``_answer.html``: failures and gaps apart from what is met."""
    rows = [
        {
            **item,
            "badge": BADGES[item["verdict"]],
            "word": WORDS[item["verdict"]],
            "mark": MARKS[item["verdict"]],
            "basis_name": BASES.get(item["basis"], ""),
            "unit": "" if item["unit"] == "-" else unit_in(item["unit"], language()),
            "percent": _percent(item.get("probability")),
            "flagged": item["reason"] != Message("reason_no_limit").render(language()),
        }
        for item in one["indicators"]
    ]
    judged = [row for row in rows if row["code"] not in ("reason_no_limit", "reason_name_unknown")]
    ordered = sorted(judged, key=lambda row: (URGENCY.index(row["verdict"]), not row["obligatory"]))
    return {
        **one,
        "code": code,
        "name": name,
        "badge": BADGES[one["verdict"]],
        "word": WORDS[one["verdict"]],
        "mark": MARKS[one["verdict"]],
        "judged": judged,
        "open": [row for row in ordered if row["verdict"] in URGENCY[:3] and not _is_missing(row)],
        "missing": [row for row in ordered if _is_missing(row)],
        "settled": [row for row in ordered if row["verdict"] not in URGENCY[:3]],
        "counts": [
            {"verdict": verdict, "word": WORDS[verdict], "count": sum(row["verdict"] == verdict for row in judged)}
            for verdict in URGENCY[:4]
            if any(row["verdict"] == verdict for row in judged)
        ],
        "unknown": [row for row in rows if row["code"] == "reason_name_unknown"],
        "others": [row for row in rows if row["code"] == "reason_no_limit"],
    }


def _is_missing(row: dict[str, Any]) -> bool:
    """Whether the report simply says nothing of a limit: listed shortly, the next step is the same for all."""
    return bool(row["verdict"] == "not_tested" and row["code"] == "reason_not_reported")


def _percent(probability: float | None) -> str:
    """A probability as people read it: never 0 or 100 %, which no measurement is."""
    if probability is None:
        return ""
    if probability < 0.01:
        return "< 1 %"
    return "> 99 %" if probability > 0.99 else f"{round(probability * 100)} %"


def overview(answers: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Answers (of `shown`) as a table, standards by region × samples, with the number of each verdict.

    Every answer gets the ``number`` that its details are found under. An answer marked ``best`` (the best class of a
    ranked standard) stands in the row of its standard, whatever its class.
    """
    samples: dict[str, list[dict[str, Any]]] = {}
    rows: dict[str, dict[str, Any]] = {}
    for number, answer in enumerate(answers, 1):
        answer["number"], answer["detailed"] = number, number <= MOST_DETAILS
        samples.setdefault(answer["sample"], []).append(answer)
        best, standard = bool(answer.get("best")), library().get(answer["standard"])
        key = answer["standard"] if best else answer["code"]
        name = standard.name.in_language(language()) if best and standard else answer["name"]
        row = rows.setdefault(key, {"code": key, "standard": answer["standard"], "name": name, "best": best, "by": {}})
        row["by"].setdefault(answer["sample"], answer)
    regions = []
    for region, standards in by_region(library().values()).items():
        codes = [one.code for one in standards]
        found = sorted(
            (row for row in rows.values() if row["standard"] in codes), key=lambda r: codes.index(r["standard"])
        )
        if found:
            regions.append({"name": places().regions[region].name, "rows": found})
    gone = [row for row in rows.values() if row["standard"] not in library()]
    if gone:
        regions.append({"name": list(places().regions.values())[-1].name, "rows": gone})
    for row in rows.values():
        row["cells"] = [{"sample": name, "answer": row["by"].get(name)} for name in samples]
    every = [answer for found in samples.values() for answer in found]
    return {
        "samples": [
            {"name": name, "answers": sorted(found, key=_gravity), "unknown": _unknown(found)}
            for name, found in samples.items()
        ],
        "regions": regions,
        "tally": [
            {
                "verdict": verdict,
                "word": WORDS[verdict],
                "badge": BADGES[verdict],
                "mark": MARKS[verdict],
                "count": count,
            }
            for verdict in ("pass", "fail", "cannot_tell", "incomplete")
            if (count := sum(answer["verdict"] == verdict for answer in every))
        ],
        "total": len(every),
        "few": len(every) <= 3,
        "cut": max(0, len(every) - MOST_DETAILS),
    }


def _gravity(answer: dict[str, Any]) -> int:
    """Where an answer stands among those of its sample: failures first, then gaps."""
    return ("fail", "cannot_tell", "incomplete", "pass").index(answer["verdict"])


def _unknown(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a sample whose names are not known, each once."""
    return list({row["reason"]: row for answer in answers for row in answer["unknown"]}.values())
