"""Rule sets made up for a test, without a file."""

from __future__ import annotations

import datetime as dt

from standards.checking.explain import SampleVerdict, check_lines
from standards.library import RuleSet, rule_sets
from standards.library_schema import Standard
from tests.standards.support import DAY, lines

_PLACE = {"clause": {"zh": "一", "en": "1"}, "source": "s", "grade": "A"}
_TEXT = {"zh": "试验", "en": "trial"}


def limit(indicator: str, compare: str = "<=", value: str | None = None, **more) -> dict:
    """One limit as a file would write it; mg/kg dm unless ``more`` says otherwise."""
    basis = {} if compare in ("absent", "declared") else {"unit": "mg/kg"}
    given = {"id": indicator, "indicator": indicator, "compare": compare, "basis": "dm", **basis, **_PLACE}
    return {**given, **({} if value is None else {"value": value}), **more}


def any_of(*members: dict, **more) -> dict:
    """A choice between limits."""
    return {"id": "choice", "name": _TEXT, "any_of": list(members), **more}


def all_of(*members: dict, **more) -> dict:
    """Limits that belong together."""
    return {"id": "both", "name": _TEXT, "all_of": list(members), **more}


def rules_of(*limits: dict, rounding: str = "none", conversions: tuple = (), day: dt.date = DAY) -> RuleSet:
    """A rule set of a standard with these limits."""
    standard = Standard.model_validate(
        {
            "code": "XX-TEST",
            "name": _TEXT,
            "issuer": _TEXT,
            "country": "XX",
            "scope": _TEXT,
            "editions": [
                {
                    "edition": "1",
                    "title": _TEXT,
                    "valid_from": dt.date(2000, 1, 1),
                    "rounding": rounding,
                    "sources": {"s": {"title": "made up"}},
                    "limits": list(limits),
                    "conversions": list(conversions),
                }
            ],
        }
    )
    return rule_sets(standard, day)[0]


def answer(rules: RuleSet, *rows: str, **more) -> SampleVerdict:
    """One sample against a rule set."""
    return check_lines(lines(*rows), [(False, [rules])], **more)[0]


def verdicts(rules: RuleSet, *rows: str, **more) -> dict[str, tuple[str, str]]:
    """Verdict and reason by limit id; the sample's verdict under ''."""
    found = answer(rules, *rows, **more)
    by_id = {one.limit_id: (one.verdict, one.code.removeprefix("reason_")) for one in found.indicators if one.limit_id}
    return {**by_id, "": (found.verdict, "")}
