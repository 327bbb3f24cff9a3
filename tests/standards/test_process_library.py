"""Every process rule of the library: against the reference's numbers, and with a diary that just meets or misses it."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standards.facts import known_facts
from standards.library import library, rule_sets
from standards.process.rules import HeatReading, Turning, check_process
from standards.process.schema import FactCondition
from tests.standards.process_support import DAY, ZONE, at

AS_OF = dt.date(2026, 6, 1)
RULES = {
    (rules.standard.code, rule.id): rule
    for standard in library().values()
    for rules in rule_sets(standard, AS_OF)
    for rule in rules.process
}
WAYS = [(code, rule, option) for (code, _), rule in RULES.items() for option in rule.any_of]

# What the reference (shared notes on the standards) says: temperature, strict, days (h: hours), turnings, mean above.
REFERENCE = {
    ("CN-CJJ52", "heat"): {("55", "", "5", 0, None)},
    ("CN-GB7959", "heat"): {("50", "", "10", 0, None), ("60", "", "5", 0, None), ("50", "", "2", 0, None)},
    ("CN-NYT3442", "heat"): {("55", "", "15", 0, None), ("55", "", "7", 0, None), ("55", "", "5", 0, None)},
    ("EU-FPR", "*"): {
        ("70", "", "3", 0, None),
        ("65", "", "5", 0, None),
        ("60", "", "7", 0, None),
        ("55", "", "14", 0, None),
    },
    ("DE-BIOABFV", "hygiene"): {("55", "", "14", 0, None), ("60", "", "6", 0, None), ("65", "", "3", 0, None)},
    ("UK-PAS100", "sanitation"): {("65", "", "7", 2, None)},
    ("US-503", "pfrp"): {("55", "", "3", 0, None), ("55", "", "15", 5, None)},
    ("US-503", "psrp_40"): {("40", "", "5", 0, None)},
    ("US-503", "psrp_55"): {("55", ">", "4h", 0, None)},
    ("US-503", "vector"): {("40", ">", "14", 0, "45")},
    ("US-NOP", "heat"): {("55", "", "3", 0, None), ("55", "", "15", 5, None)},
    ("CA-CCME", "heat"): {("55", "", "3", 0, None), ("55", "", "15", 5, None)},
    ("AU-AS4454", "pasteurisation"): {("55", "", "3", 3, None)},
    ("AU-AS4454", "pasteurisation_high_risk"): {("55", "", "15", 5, None)},
    ("NZ-4454", "pasteurisation"): {("55", "", "3", 0, None)},
    ("NZ-4454", "pasteurisation_high_risk"): {("55", "", "15", 0, None)},
    ("ECN-QAS", "sanitation"): {("55", "", "10", 0, None)},
}


def plain(option):
    amount = f"{option.hours.normalize():f}h" if option.hours is not None else f"{option.days.normalize():f}"
    average = None if option.average_above is None else f"{option.average_above.normalize():f}"
    return (f"{option.at_least.normalize():f}", ">" if option.strict else "", amount, option.turnings, average)


@pytest.mark.parametrize(("code", "name"), REFERENCE, ids=str)
def test_the_library_says_what_the_reference_says(code, name):
    found = [rule for (standard, rule_id), rule in RULES.items() if standard == code and name in ("*", rule_id)]
    assert found, f"{code} has no process rule {name}"
    assert {plain(option) for rule in found for option in rule.any_of} == REFERENCE[code, name]


def facts_for(rule):
    """Facts under which the rule applies, and facts under which it does not (None where it always does)."""
    applies, not_ = {}, None
    for one in rule.when:
        assert isinstance(one, FactCondition), "a diary knows no lab results"
        choices = list(known_facts()[one.fact].choices)
        inside = list(one.is_) or [choice for choice in choices if choice not in one.is_not]
        outside = [choice for choice in choices if choice not in inside]
        applies[one.fact], not_ = inside[0], {one.fact: outside[0]}
    return applies, not_


def lowest(option):
    """The lowest whole or tenth degree that is hot enough, by day and on the mean."""
    floor = max(option.at_least, option.average_above or Decimal(0))
    strict = option.strict and option.at_least == floor
    return float(floor + Decimal("0.1") if strict or option.average_above == floor else floor)


def just(option, *, degrees=0.0, shorter=0, turnings=None):
    """Readings at two points and turnings that just meet the way; ``shorter``, colder or less often turned on request.

    The diary goes on, cold, so that nothing is left open.
    """
    hot, cold = lowest(option) + degrees, min(20.0, float(option.at_least) - 10)
    if option.hours is not None:
        steps = int(option.hours * 60) // 10 - shorter
        start = at(0)
        readings = [
            HeatReading(point, start + dt.timedelta(minutes=10 * n), hot if 6 <= n <= 6 + steps else cold)
            for point in ("P1", "P2")
            for n in range(-48, 150)
        ]
        return readings, []
    days = math.ceil(option.days)
    wanted = option.turnings if turnings is None else turnings
    if option.days_per_turning is not None:
        block = math.ceil(option.days_per_turning)
        days = max(days, block * option.turnings)
        turned = [block * (n + 1) - 1 for n in range(wanted)]
    else:
        turned = list(range(wanted))
    days -= shorter
    readings = [HeatReading(point, at(n), hot if n < days else cold) for point in ("P1", "P2") for n in range(days + 6)]
    return readings, [Turning(at(n, 9)) for n in turned]


def told(rule, option, diary, **known):
    readings, turnings = diary
    last = max(one.at for one in readings).astimezone(ZONE).date()
    first = min(DAY, min(one.at for one in readings).astimezone(ZONE).date())
    return check_process(
        readings,
        turnings,
        [rule],
        first_day=first,
        last_day=last,
        zone=ZONE,
        **{"systems": option.systems[:1] or ["other"], "facts": facts_for(rule)[0], **known},
    )[0]


def way(result, option):
    return next(one for one in result.options if one.option.id == option.id)


@pytest.mark.parametrize(("code", "rule", "option"), WAYS, ids=lambda one: getattr(one, "id", one))
def test_a_diary_that_just_meets_each_way_and_one_that_just_misses(code, rule, option):
    met = told(rule, option, just(option))
    assert met.verdict == "pass" and way(met, option).verdict == "pass", met.reason.render("en")
    others = [
        one
        for one in rule.any_of
        if one.id != option.id and (set(one.systems) & set(option.systems[:1]) or not one.systems)
    ]
    misses = [just(option, degrees=-0.1)]
    if option.days_per_turning is None:
        misses.append(just(option, shorter=1 if option.hours is None else 3))
    if option.turnings:
        misses.append(just(option, turnings=option.turnings - 1))
    for diary in misses:
        missed = told(rule, option, diary)
        assert way(missed, option).verdict == "fail", missed.reason.render("en")
        assert missed.verdict == "fail" or others, missed.reason.render("en")
        assert missed.verdict == "pass" or missed.next_step is not None
    one_point_lags = [
        one._replace(celsius=float(option.at_least) - 0.1) if one.point == "P2" else one for one in just(option)[0]
    ]
    lagging = way(told(rule, option, (one_point_lags, just(option)[1])), option)
    assert lagging.verdict == ("fail" if option.points == "every" else "pass")


@pytest.mark.parametrize("rule", RULES.values(), ids=[f"{code}-{name}" for code, name in RULES])
def test_each_rule_applies_when_it_says_and_speaks_both_languages(rule):
    option = rule.any_of[0]
    _, outside = facts_for(rule)
    if outside is not None:
        assert told(rule, option, just(option), facts=outside).verdict == "not_applicable"
        missed = just(option, degrees=-30.0)
        assert told(rule, option, missed, facts={}).verdict == "cannot_tell"
    for diary in (just(option), just(option, degrees=-30.0)):
        for language in ("zh-hans", "en"):
            shown = told(rule, option, diary).as_json(language)
            assert shown["asked"] and shown["reason"] and shown["name"] and shown["clause"]
    if any(one.systems for one in rule.any_of):
        hopeless = told(rule, option, just(option, degrees=-30.0), systems=())
        assert hopeless.verdict == "fail", "no way is met, whichever system it is"


moments = st.datetimes(dt.datetime(2026, 2, 20), dt.datetime(2026, 4, 20), timezones=st.sampled_from([dt.UTC, ZONE]))
celsius = st.floats(-60, 110) | st.sampled_from([40.0, 50.0, 55.0, 60.0, 65.0, 70.0, math.nan, math.inf])


@settings(max_examples=60, deadline=None)
@given(
    readings=st.lists(st.builds(HeatReading, st.sampled_from(["", "P1", "{x}"]), moments, celsius), max_size=40),
    turned=st.lists(st.builds(Turning, moments), max_size=8),
    length=st.integers(-2, 40),
    systems=st.lists(st.sampled_from(["windrow", "in_vessel", "trough", "other"]), max_size=2),
    facts=st.sampled_from([{}, {"feedstock": "garden_waste"}, {"feedstock": "kitchen_waste"}]),
    running=st.booleans(),
)
def test_no_diary_breaks_a_rule(readings, turned, length, systems, facts, running):
    last = DAY + dt.timedelta(days=length)
    found = check_process(
        readings, turned, list(RULES.values()), first_day=DAY, last_day=last, zone=ZONE, systems=systems, facts=facts,
        running=running,
    )  # fmt: skip
    assert len(found) == len(RULES)
    for one in found:
        shown = one.as_json("en")
        assert json.loads(json.dumps(shown, allow_nan=False)) == shown and one.as_json("zh-hans")["reason"]
        assert one.verdict != "fail" or not running, "nothing has failed in a batch that works"
        for period in one.periods:
            assert DAY <= period.first <= period.last <= last
        assert (one.verdict == "not_tested") <= (one.periods == ())
