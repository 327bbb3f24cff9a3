"""Equality, rounding and censoring at every limit of every standard, generated from the library itself."""

from __future__ import annotations

from decimal import Decimal

import pytest

from standards.checker import check_limit, table
from standards.core import CANNOT_TELL, FAIL, PASS, VERDICTS
from standards.indicators import decimals, indicators, unit_factor
from standards.library import library, rule_sets
from standards.readings import Line, read_line
from tests.standards.support import DAY

CASES = [
    (rules, limit)
    for standard in library().values()
    for rules in rule_sets(standard, DAY)
    for limit in rules.limits
    if limit.compare in ("<=", "<", ">=", ">", "range")
]


def outcome(rules, limit, text):
    count = limit.plan.n if limit.plan else limit.n or 1
    basis = {"none": "", "unverified": "dm"}.get(limit.basis, limit.basis)
    extra = [] if limit.basis != "unverified" else [Line("s", "moisture", "0", "%", "ar")]
    rows = [Line("s", limit.indicator, text, "" if limit.unit == "-" else limit.unit, basis)] * count
    if limit.indicator in ("moisture", "dry_matter"):
        extra = []
    limit = limit.model_copy(update={"when": ()})  # as if it applied
    return int(check_limit(table([[read_line(row) for row in rows + extra]]), limit, rules).verdict[0])


def ends(limit):
    """(value, sign): the value itself and the direction in which it gets worse."""
    if limit.compare == "range":
        return [(limit.low, -1), (limit.high, 1)]
    return [(limit.value, 1 if limit.compare in ("<=", "<") else -1)]


def plausible(limit, number):
    """Whether a value in the limit's unit lies inside of what the indicator's bounds call plausible."""
    bounds = indicators().indicators[limit.indicator].plausible
    scale = unit_factor(limit.indicator, bounds.unit)
    value = float(number) * unit_factor(limit.indicator, limit.unit)
    return float(bounds.low) * scale <= value <= float(bounds.high) * scale


def step_of(limit, number):
    return Decimal(1).scaleb(-max(decimals(number), 0))


@pytest.mark.parametrize(("rules", "limit"), CASES, ids=lambda one: getattr(one, "code", getattr(one, "id", "")))
def test_every_limit(rules, limit):
    def of(text):
        return VERDICTS[outcome(rules, limit, str(text))]

    for value, worse in ends(limit):
        strict = limit.compare in ("<", ">")
        assert of(value) == VERDICTS[FAIL if strict else PASS], "equality"
        unit = step_of(limit, value)
        beyond = value + worse * unit
        inside = value - worse * unit
        assert of(beyond) == VERDICTS[FAIL if plausible(limit, beyond) else CANNOT_TELL], "one last digit beyond"
        assert of(inside) == VERDICTS[PASS if plausible(limit, inside) else CANNOT_TELL], "one last digit inside"
        slightly = value + worse * unit * Decimal("0.4")
        expected = PASS if rules.edition.rounding == "gbt8170" else FAIL
        expected = expected if plausible(limit, slightly) else CANNOT_TELL
        assert of(slightly) == VERDICTS[expected], "rounding"
        if limit.compare in ("<=", "<"):
            assert of(f"<{value}") == VERDICTS[PASS if value else CANNOT_TELL], "censored at the limit (nothing is <0)"
            assert of(f"<{value + 2 * unit}") == VERDICTS[CANNOT_TELL], "reporting limit above the limit"
            assert of(f">{value}") == VERDICTS[FAIL]
        elif limit.compare in (">=", ">"):
            assert of(f"<{value}") == VERDICTS[FAIL], "for a minimum it is the other way round"
            assert of(f"≥{value}") == VERDICTS[CANNOT_TELL if strict else PASS]
            assert of(f"<{value + 2 * unit}") == VERDICTS[CANNOT_TELL]
        assert of("unreadable") == VERDICTS[CANNOT_TELL]
        assert of("-") == "not_tested"
