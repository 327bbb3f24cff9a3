"""What several pages show alike: verdict words, badges, and a verdict for the template."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language, gettext_lazy

from compostnet.shared.texts import Message
from standards.explain import SampleVerdict

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
BASES = {
    "dm": gettext_lazy("dry matter"),
    "ar": gettext_lazy("as received"),
    "om": gettext_lazy("organic matter"),
    "unverified": gettext_lazy("basis to be checked"),
    "none": "",
    "": "",
}


def language() -> str:
    return get_language() or "zh-hans"


def answer_context(answer: SampleVerdict) -> dict[str, Any]:
    """A verdict for the template: words, badges, and the lines that no limit uses apart from the others."""
    return shown(answer.as_json(language()), answer.rules.code, answer.rules.name.in_language(language()))


def shown(one: dict[str, Any], code: str, name: str) -> dict[str, Any]:
    rows = [
        {
            **item,
            "badge": BADGES[item["verdict"]],
            "word": WORDS[item["verdict"]],
            "basis_name": BASES.get(item["basis"], ""),
            "unit": "" if item["unit"] == "-" else item["unit"],
            "flagged": item["reason"] != Message("reason_no_limit").render(language()),
        }
        for item in one["indicators"]
    ]
    return {
        **one,
        "code": code,
        "name": name,
        "badge": BADGES[one["verdict"]],
        "word": WORDS[one["verdict"]],
        "judged": [row for row in rows if row["code"] not in ("reason_no_limit", "reason_name_unknown")],
        "unknown": [row for row in rows if row["code"] == "reason_name_unknown"],
        "others": [row for row in rows if row["code"] == "reason_no_limit"],
    }
