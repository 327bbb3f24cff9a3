"""Equality, rounding and censoring at every limit of every standard, generated from the library itself.

What is expected is worked out here in exact decimals by a few lines of its own (`expected`), not by the checker's code:
a result is an interval, a limit a set; inside passes, outside fails, anything else cannot be told.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standards.checker import check, table
from standards.checking.core import VERDICTS
from standards.indicators import indicators, read_unit
from standards.library import library, rule_sets
from standards.reading.readings import Line, read_line

ZERO, INF = Decimal(0), Decimal("Infinity")
COMPARED = ("<=", "<", ">=", ">", "range")
DRY = Decimal("0.625")  # of a sample with 37.5 % moisture: 1.6 = 1 / 0.625 is exact
MOISTURE = ("moisture", "37.5", "%", "ar")


@dataclass(frozen=True)
class Interval:
    """What a result says: from ``low`` to ``high``, each end included unless open."""

    low: Decimal
    high: Decimal
    low_open: bool = False
    high_open: bool = False

    def times(self, factor: Decimal) -> Interval:
        return replace(self, low=self.low * factor, high=self.high * factor)

    def joined(self, other: Interval) -> Interval:
        return replace(self, low=min(self.low, other.low), high=max(self.high, other.high))


def digits_of(limit):
    return max(-number.as_tuple().exponent for number in (limit.value, limit.low, limit.high) if number is not None)


def rounded(value, digits):
    """GB/T 8170: to the limit's digits, half to even."""
    if value == INF:
        return value
    with localcontext() as context:
        context.prec = 60
        return value.quantize(Decimal(1).scaleb(-max(digits, 0)), ROUND_HALF_EVEN)


def expected(limit, rounding, result):
    """The verdict for an interval in the limit's unit and basis."""
    if rounding == "gbt8170":
        low, high = (rounded(end, digits_of(limit)) for end in (result.low, result.high))
        result = Interval(low, high, result.low_open and low == result.low, result.high_open and high == result.high)
    lower, upper = {"range": (limit.low, limit.high), "<": (-INF, limit.value), "<=": (-INF, limit.value)}.get(
        limit.compare, (limit.value, INF)
    )
    strict_lower, strict_upper = limit.compare == ">", limit.compare == "<"
    above = result.low > lower or (result.low == lower and (result.low_open or not strict_lower))
    below = result.high < upper or (result.high == upper and (result.high_open or not strict_upper))
    under = result.high < lower or (result.high == lower and (result.high_open or strict_lower))
    over = result.low > upper or (result.low == upper and (result.low_open or strict_upper))
    return "pass" if above and below else "fail" if under or over else "cannot_tell"


@dataclass(frozen=True)
class Case:
    what: str
    text: str
    unit: str
    basis: str
    reported: Interval
    """As written: in ``unit`` and ``basis``."""
    meant: Interval
    """In the limit's terms."""
    also: tuple[tuple[str, ...], ...] = ()


def reading_of(operand, number):
    return {
        "": Interval(number, number),
        "<": Interval(ZERO, number, high_open=True),
        "≤": Interval(ZERO, number),
        ">": Interval(number, INF, low_open=True),
        "≥": Interval(number, INF),
    }[operand]


def plain(number):
    return f"{number:f}"


def steps(limit):
    """Values worth a look around each end of a limit: at it, one last digit aside, and less than a digit aside."""
    for end in (limit.low, limit.high) if limit.compare == "range" else (limit.value,):
        step = Decimal(1).scaleb(end.as_tuple().exponent)
        for share in ("0", "1", "-1", "0.4", "-0.4", "0.5", "-0.5", "0.51", "-0.51", "1.5", "-1.5", "2", "-2"):
            yield share, end + step * Decimal(share)


def own_basis(limit):
    return {"none": "", "unverified": "dm"}.get(limit.basis, limit.basis)


def cases(limit):
    """Every way to report a value near a limit, with what it means in the limit's terms."""
    unit = "" if limit.unit == "-" else limit.unit
    basis = own_basis(limit)
    own = (("moisture", "0", "%", "ar"),) if limit.basis == "unverified" else ()
    for share, value in steps(limit):
        for operand in ("", "<", "≤", ">", "≥") if share in ("0", "1", "-1", "2", "-2") else ("",):
            if value < 0 or (value == 0 and operand in ("<", "≤")):
                continue
            meant = reading_of(operand, value)
            yield Case(f"{share} digits", operand + plain(value), unit, basis, meant, meant, own)
        if value <= 0:
            continue
        meant = reading_of("", value)
        if share in ("0", "1", "-1"):
            yield from other_units(limit, value, basis, own)
            yield from other_bases(limit, value, unit)
        nd = reading_of("<", value)
        yield Case("not detected, with a limit", f"ND (<{plain(value)})", unit, basis, nd, nd, own)
    if indicators().quantities[indicators().indicators[limit.indicator].quantity].counts:
        meant = Interval(ZERO, Decimal(1), high_open=True)
    else:
        meant = Interval(ZERO, INF)
    yield Case("not detected", "未检出", unit, basis, meant, meant, own)


def other_units(limit, value, basis, own):
    """The same value in every other unit of the quantity in which it is exact."""
    quantity = indicators().quantities[indicators().indicators[limit.indicator].quantity]
    factor = unit_factor(limit.indicator, limit.unit)
    for unit, rule in quantity.units.items():
        number = (value * factor / rule.factor).normalize()
        if unit == limit.unit or number * rule.factor != value * factor or len(number.as_tuple().digits) > 15:
            continue
        reported = reading_of("", number)
        yield Case(
            f"in {unit}", plain(number), "" if unit == "-" else unit, basis, reported, reading_of("", value), own
        )


def other_bases(limit, value, unit):
    """The same value on another basis, with and without the moisture, and on none."""
    silent = indicators().indicators[limit.indicator].silent_basis
    if limit.indicator in ("moisture", "dry_matter", "organic_matter", "volatile_solids", "ash") or silent:
        return
    quantity = indicators().quantities[indicators().indicators[limit.indicator].quantity]
    to_dry = DRY if quantity.inverse else 1 / DRY
    point = reading_of("", value)
    least, most = Interval(ZERO, value), Interval(value, INF)
    if quantity.inverse:
        least, most = most, least
    if limit.basis == "dm":
        fresh = value / to_dry
        yield Case("as received", plain(fresh), unit, "ar", reading_of("", fresh), point, (MOISTURE,))
        yield Case("as received, no moisture", plain(value), unit, "ar", point, most)
        both = point.joined(point.times(to_dry))
        yield Case("no basis", plain(value), unit, "", point, both, (MOISTURE,))
        yield Case("no basis, no moisture", plain(value), unit, "", point, most)
    elif limit.basis == "ar":
        dry = value * to_dry
        yield Case("dry", plain(dry), unit, "dm", reading_of("", dry), point, (MOISTURE,))
        yield Case("dry, no moisture", plain(value), unit, "dm", point, least)
        both = point.joined(point.times(1 / to_dry))
        yield Case("no basis", plain(value), unit, "", point, both, (MOISTURE,))
        yield Case("no basis, no moisture", plain(value), unit, "", point, least)
    elif limit.basis == "om":
        dry = value / 2
        organic = ("organic_matter", "50", "%", "dm")
        yield Case("dry", plain(dry), unit, "dm", reading_of("", dry), point, (organic,))
    elif limit.basis == "unverified":
        both = point.joined(point.times(DRY))
        yield Case("dry against an open basis", plain(value), unit, "dm", point, both, (MOISTURE,))
        both = point.joined(point.times(1 / DRY))
        yield Case("as received against an open basis", plain(value), unit, "ar", point, both, (MOISTURE,))
        yield Case("dry, no moisture", plain(value), unit, "dm", point, Interval(ZERO, value))
        yield Case("as received, no moisture", plain(value), unit, "ar", point, Interval(value, INF))


def unit_factor(indicator, unit):
    """Exact factor of a unit to the canonical one of its quantity."""
    quantity = indicators().quantities[indicators().indicators[indicator].quantity]
    for code, rule in quantity.units.items():
        if unit == code or unit in rule.aliases:
            return rule.factor
    reading = read_unit(indicators().indicators[indicator].quantity, unit)
    return 1 / Decimal(str(reading.grams)) if reading.grams else Decimal(str(reading.factor))


def plausible(limit, case):
    """Whether a result lies where a measurement can lie."""
    bounds = indicators().indicators[limit.indicator].plausible
    scale = unit_factor(limit.indicator, case.unit or limit.unit)
    low, high = (end * unit_factor(limit.indicator, bounds.unit) for end in (bounds.low, bounds.high))
    return case.reported.high * scale >= low and case.reported.low * scale <= high


def verdict_of(limit, rounding, case):
    indicator = indicators().indicators[limit.indicator]
    if not plausible(limit, case) and case.text != "未检出":
        return "cannot_tell"
    should = expected(limit, rounding, case.meant)
    none_found = case.text == "未检出" or case.text.startswith("ND")
    return "pass" if none_found and indicator.not_detected_satisfies and should != "fail" else should


def sample(name, limit, case):
    """A sample with as many like results as the limit needs."""
    count = limit.plan.n if limit.plan else limit.n or 1
    rows = [Line(name, limit.indicator, case.text, case.unit, case.basis)] * count
    return [read_line(row) for row in [*rows, *(Line(name, *other) for other in case.also)]]


def alone(rules):
    """The limits of a rule set side by side: out of their groups, and whatever the product is."""
    limits = tuple(limit.model_copy(update={"when": ()}) for limit in rules.limits if limit.compare in COMPARED)
    return replace(rules, nodes=limits)


def every_rule_set():
    """Every class of every edition of every standard, on the first day and on each day on which a limit changes."""
    for standard in library().values():
        for edition in standard.editions:
            first = rule_sets(standard, edition.valid_from)
            days = {change.valid_from for rules in first for limit in rules.limits for change in limit.changes}
            for day in sorted({edition.valid_from, *days}):
                yield from (alone(rules) for rules in rule_sets(standard, day))


RULES = [rules for rules in every_rule_set() if rules.nodes]


def judged_alike(rules, wanted):
    """What of the cases ``[(limit, case)]`` is judged otherwise than expected, all in one table."""
    result = check(table([sample(str(n), limit, case) for n, (limit, case) in enumerate(wanted)]), rules)
    verdicts = {outcome.limit.id: outcome.verdict for outcome in result.outcomes}
    wrong = []
    for number, (limit, case) in enumerate(wanted):
        found = VERDICTS[int(verdicts[limit.id][number])]
        should = verdict_of(limit, rules.edition.rounding, case)
        if found != should:
            wrong.append(f"{limit.id} {limit.compare} {limit.value}: {case} is {found}, not {should}")
    return wrong


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: f"{rules.code}-{rules.edition.edition}-{rules.day}")
def test_every_limit(rules):
    wanted = [(limit, case) for limit in rules.limits for case in cases(limit)]
    assert len(wanted) >= 15 * len(rules.limits)
    assert judged_alike(rules, wanted) == []


def test_the_cases_reach_every_limit_and_every_verdict():
    limits = [(rules, limit) for rules in RULES for limit in rules.limits]
    assert len(limits) >= 500
    found = {}
    for rules, limit in limits:
        for case in cases(limit):
            should = verdict_of(limit, rules.edition.rounding, case)
            found.setdefault((rules.code, rules.day, limit.id), set()).add(should)
    assert all({"pass", "fail", "cannot_tell"} <= verdicts for key, verdicts in found.items() if key[2] != "none")


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_any_value_near_any_limit(data):
    rules = data.draw(st.sampled_from(RULES))
    limit = data.draw(st.sampled_from(rules.limits))
    end = limit.value if limit.value is not None else data.draw(st.sampled_from([limit.low, limit.high]))
    places = data.draw(st.integers(0, 3)) - end.as_tuple().exponent
    spread = 3 * max(int(abs(end) * 10 ** max(places, 0)), 10)
    value = Decimal(data.draw(st.integers(0, spread))).scaleb(-max(places, 0))
    operand = data.draw(st.sampled_from(["", "", "<", "≤", ">", "≥"]))
    if value == 0 and operand in ("<", "≤"):
        return
    meant = reading_of(operand, value)
    own = (("moisture", "0", "%", "ar"),) if limit.basis == "unverified" else ()
    unit = "" if limit.unit == "-" else limit.unit
    case = Case("any", operand + plain(value), unit, own_basis(limit), meant, meant, own)
    assert judged_alike(replace(rules, nodes=(limit,)), [(limit, case)]) == []


# --- what is not one number against one limit ------------------------------------------------------------------------

ABSENT = [
    (rules, limit)
    for standard in library().values()
    for rules in rule_sets(standard, dt.date(2026, 3, 1))
    for limit in rules.limits
    if limit.compare == "absent"
]


def outcome(rules, limit, rows):
    bare = limit.model_copy(update={"when": ()})
    readings = [read_line(Line("s", limit.indicator, *row)) for row in rows]
    return VERDICTS[int(check(table([readings]), replace(rules, nodes=(bare,))).outcomes[0].verdict[0])]


@pytest.mark.parametrize(("rules", "limit"), ABSENT, ids=lambda one: getattr(one, "code", getattr(one, "id", "")))
def test_absence(rules, limit):
    count = limit.plan.n if limit.plan else 1
    if not indicators().quantities[indicators().indicators[limit.indicator].quantity].counts:
        assert outcome(rules, limit, [("ND", "", own_basis(limit))] * count) == "pass"
        assert outcome(rules, limit, [("0.3", "mg/kg", own_basis(limit))] * count) == "fail"
        return
    mass = limit.in_mass_g or Decimal(25)

    def of(text, number=count):
        return outcome(rules, limit, [(text,)] * number)

    assert of(f"absent in {mass} g") == "pass"
    assert of(f"not detected in {mass * 2} g") == "pass"
    assert of(f"absent in {mass / 2} g") == ("cannot_tell" if limit.in_mass_g else "pass")
    assert of("absent") == ("cannot_tell" if limit.in_mass_g else "pass")
    assert of(f"detected in {mass} g") == "fail"
    assert of(f"detected in {mass / 5} g") == "fail"
    assert of(f"detected in {mass * 2} g") == ("cannot_tell" if limit.in_mass_g else "fail")
    assert of("-") == "not_tested"
    if count > 1:
        assert of(f"absent in {mass} g", count - 1) == "cannot_tell"
        assert of(f"detected in {mass} g", 1) == "fail"


SUMS = [(rules, limit) for rules in RULES for limit in rules.limits if limit.sum]


@pytest.mark.parametrize(("rules", "limit"), SUMS, ids=lambda one: getattr(one, "code", getattr(one, "id", "")))
def test_sums_of_parts(rules, limit):
    """The parts add up exactly to the limit, to a little less or more, and one of them is not known."""
    step = Decimal(1).scaleb(limit.value.as_tuple().exponent - 1)
    part = (limit.value / len(limit.sum) / 2).quantize(step / 10)

    def of(total):
        values = [part] * (len(limit.sum) - 1)
        values.append(total - sum(values))
        readings = [
            read_line(Line("s", code, plain(value), limit.unit, own_basis(limit)))
            for code, value in zip(limit.sum, values, strict=True)
        ]
        readings.append(read_line(Line("s", "moisture", "0", "%", "ar")))
        return readings

    def verdict(readings):
        found = check(table([readings]), replace(rules, nodes=(limit,))).outcomes[0].verdict[0]
        return VERDICTS[int(found)]

    for total in (limit.value + step * share for share in (0, 1, -1, 5, -5, 6, -6)):
        should = expected(limit, rules.edition.rounding, reading_of("", total))
        assert verdict(of(total)) == should, total
    assert verdict(of(limit.value)[1:]) == "not_tested"  # a part is missing, so the sum is not known
    enough = "pass" if limit.compare in (">=", ">") else "fail"
    assert verdict(of(limit.value * 3)[1:]) == enough  # but what is there decides already


UNREADABLE = ["unreadable", "合格?", "5..0", "1/2/3", "约50", "~", "#REF!", "see annex", "5 furlongs"]


def test_nothing_that_cannot_be_read_passes_any_limit():
    for rules in RULES:
        bad = [
            (limit, Case("unreadable", text, "", own_basis(limit), reading_of("", ZERO), reading_of("", ZERO)))
            for limit in rules.limits
            for text in UNREADABLE
        ]
        result = check(table([sample(str(n), limit, case) for n, (limit, case) in enumerate(bad)]), rules)
        verdicts = {one.limit.id: one.verdict for one in result.outcomes}
        for number, (limit, case) in enumerate(bad):
            assert VERDICTS[int(verdicts[limit.id][number])] in ("cannot_tell", "not_tested"), (limit.id, case.text)
