"""One path for one sample and for a million: short ways say what long ways say, chunks and plans change nothing."""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standards import checker
from standards.checker import check, check_all, table_of
from standards.checking.core import AR, CANNOT_TELL, DM, FAIL, NOT_TESTED, PASS, Column, Reason, State
from standards.checking.explain import check_lines
from standards.checking.judging import Bounds, Marks, judge, judge_marks, judge_rows
from standards.checking.plan import plan_of
from standards.library import library, rule_sets
from standards.reading import bulk
from standards.reading.bulk import columns_of, number_samples, read_texts
from standards.reading.readings import Line
from standards.reading.results import read_result
from tests.conftest import ROOT
from tests.standards.made_up import answer, limit, rules_of
from tests.standards.support import DAY

ALL = [rules for standard in library().values() for rules in rule_sets(standard, DAY)]
TEXTS = st.text(max_size=30) | st.text(
    alphabet=st.sampled_from("0123456789.,<>≤≥±-~:%×^eE ()NDnd未检出gkm/LOQ至约＜０１⁻²³①٣\x00\n_"), max_size=20
)
NUMBERS = st.decimals(0, 1000, places=3).map(lambda number: f"{number:f}")
VALUES = st.one_of(TEXTS, NUMBERS, NUMBERS.map(lambda text: f"<{text}"), st.sampled_from(["ND", "-", "1,575", "3±1"]))
NAMES = st.sampled_from(
    ["Pb", "总镉", "有机质", "水分", "GI", "总磷", "Salmonella", "粪大肠菌值", "Rottegrad", "pH", "?"]
)
UNITS = st.sampled_from(["", "mg/kg", "%", "g/kg", "MPN/g", "log10 CFU/g", "mg/kg dm", "furlong"])
BASES = st.sampled_from(["", "dm", "ar", "om", "干基", "somehow"])
FIELDS = ("indicator", "low", "high", "low_open", "high_open", "basis", "state", "found", "grams", "cause")


@given(TEXTS | NUMBERS | NUMBERS.map(lambda text: f"<{text}"))
def test_what_the_short_way_reads_the_long_way_reads_alike(text):
    low, high, plain = bulk._plain_numbers([text])
    if plain[0]:
        found = read_result(text)
        assert (found.kind, found.unit, found.log10, found.ambiguous, found.grams) == ("number", "", False, False, 0)
        assert (found.low, found.high) == (low[0], high[0])
        assert (found.low_open, found.high_open) == (False, plain[0] == 2)
        assert found == bulk.plain_result(text)


@pytest.mark.parametrize("text", ["12", "0.5", "007", "100.0", "<0.05", "<3"])
def test_plain_numbers_do_take_the_short_way(text):
    assert bulk._plain_numbers([text])[2][0] > 0


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES, UNITS, BASES), min_size=1, max_size=12))
def test_lines_mean_the_same_by_either_way_and_in_any_company(rows):
    names, values, units, bases = (list(column) for column in zip(*rows, strict=True))
    together = read_texts(names, values, units, bases)
    short = bulk._plain_numbers
    bulk._plain_numbers = lambda texts: (np.zeros(len(texts)), np.zeros(len(texts)), np.zeros(len(texts), np.int8))
    try:
        long = read_texts(names, values, units, bases)
    finally:
        bulk._plain_numbers = short
    for line, row in enumerate(rows):
        alone = read_texts(*([text] for text in row))
        for other, place in ((long, line), (alone, 0)):
            for name in FIELDS[1:]:
                assert getattr(together, name)[line] == getattr(other, name)[place], (name, row)
            codes = [
                one.codes[one.indicator[at]] if one.indicator[at] >= 0 else ""
                for one, at in ((together, line), (other, place))
            ]
            assert codes[0] == codes[1]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(NAMES, VALUES, UNITS, BASES, TEXTS, TEXTS), min_size=1, max_size=8),
    st.sampled_from(["simple", "guarded"]),
    st.sampled_from([{}, {"feedstock": "manure", "packing": "bagged"}]),
)
def test_every_verdict_on_any_text_can_be_explained_in_both_languages(rows, decision, facts):
    lines = [Line("s", *row[:4], note=row[4], uncertainty=row[5], number=place) for place, row in enumerate(rows)]
    for found in check_lines(lines, [(False, ALL)], decision=decision, facts=facts):
        for language in ("en", "zh-hans"):
            for one in found.as_json(language)["indicators"]:
                assert one["reason"]
                assert one["verdict"] != "pass" or (one["reported"] and one["next_step"] is None)
                assert one["verdict"] not in ("fail", "cannot_tell", "not_tested") or one["next_step"]


def some_table(size=3000, seed=5):
    """Samples with everything that happens: absent, censored, unreadable, on all bases, several times, uncertain."""
    random = np.random.default_rng(seed)
    wanted = [
        "Pb",
        "Cd",
        "Hg",
        "organic_matter",
        "moisture",
        "pH",
        "N",
        "P2O5",
        "K2O",
        "faecal_coliforms",
        "Cu",
        "E_coli",
        "Cr",
    ]
    units = {
        "organic_matter": "%",
        "moisture": "%",
        "N": "%",
        "P2O5": "%",
        "K2O": "%",
        "pH": "",
        "faecal_coliforms": "MPN/g",
        "E_coli": "CFU/g",
    }
    high = {
        "Pb": 200,
        "Cd": 5,
        "Hg": 3,
        "organic_matter": 80,
        "moisture": 70,
        "pH": 10,
        "N": 4,
        "P2O5": 4,
        "K2O": 4,
        "Cu": 400,
    }
    samples, names, values, unit, basis = [], [], [], [], []
    for sample in range(size):
        for name in wanted:
            for _ in range(
                random.integers(0, 6) if name == "E_coli" else random.integers(0, 2) + (random.random() < 0.1)
            ):
                number = f"{random.random() * high.get(name, 1500):.3g}"
                text = random.choice(
                    [number, number, number, number, f"<{number}", f">{number}", "ND", "n.a.", "??", "1,575"]
                )
                samples.append(str(sample))
                names.append(name)
                values.append(str(text))
                unit.append(units.get(name, "mg/kg"))
                basis.append(str(random.choice(["dm", "dm", "ar", ""])))
    _, which = number_samples([*map(str, range(size)), *samples])
    cells = read_texts(names, values, unit, basis)
    return table_of(size, columns_of(cells, which[size:], size))


def same(one, other, number, at):
    assert one.verdict[number] == other.verdict[at]
    for left, right in zip(one.outcomes, other.outcomes, strict=True):
        assert (left.verdict[number], left.reason[number]) == (right.verdict[at], right.reason[at]), left.limit.id


def test_chunks_change_nothing(monkeypatch):
    whole = some_table()
    monkeypatch.setattr(checker, "BLOCK", 1 << 30)
    at_once = check_all(whole, ALL)
    assert at_once[0].run.evaluation is not None
    monkeypatch.setattr(checker, "BLOCK", 1)
    in_chunks = check_all(whole, ALL)
    assert in_chunks[0].run.evaluation is None
    for one, other in zip(at_once, in_chunks, strict=True):
        np.testing.assert_array_equal(one.verdict, other.verdict)
        for left, right in zip(one.outcomes, other.outcomes, strict=True):
            np.testing.assert_array_equal(left.verdict, right.verdict)
            np.testing.assert_array_equal(left.reason, right.reason)


def test_a_sample_alone_is_judged_as_among_many_and_by_one_standard_as_by_all(monkeypatch):
    monkeypatch.setattr(checker, "BLOCK", 1)
    whole = some_table()
    many = check_all(whole, ALL)
    seen = {int(code) for result in many for outcome in result.outcomes for code in np.unique(outcome.verdict)}
    assert {PASS, FAIL, CANNOT_TELL, NOT_TESTED} <= seen
    for number in (0, 1, 1023, 1024, 1025, 2047, 2999):
        alone = whole.part(number, number + 1)
        for result, other in zip(many, check_all(alone, ALL), strict=True):
            same(result, other, number, 0)
        for result in many[::5]:
            same(result, check(alone, result.rules), number, 0)


def test_what_rule_sets_ask_alike_is_judged_once():
    plan = plan_of(ALL)
    limits = sum(len(rules.limits) for rules in ALL)
    assert len(plan.judgements) < 0.7 * limits
    assert plan_of(ALL) is plan
    one, other = rules_of(limit("Pb", value="50")), rules_of(limit("Pb", value="50"), limit("Cd", value="1"))
    assert len(plan_of([one, other]).judgements) == 2


def test_rules_that_differ_in_one_thing_are_not_taken_for_the_same():
    ways = [
        limit("Pb", value="50"),
        limit("Pb", value="50.1"),
        limit("Pb", "<", "50"),
        limit("Pb", value="50", basis="ar"),
        limit("Pb", value="50", unit="g/kg"),
        limit("Pb", value="50", statistic="monthly_average"),
        limit("Pb", value="50", plan={"n": 2, "c": 0, "m": "1", "M": "50"}),
    ]
    rules = [rules_of(one) for one in ways]
    rules.append(rules_of(ways[0], rounding="gbt8170"))
    assert len(plan_of(rules).judgements) == len(rules)


def column(low, high=None, *, low_open=False, high_open=False, basis=DM):
    """One sample."""
    high = low if high is None else high
    cause = Reason.NONE if low == high else Reason.CENSORED
    codes = [np.array([code], np.int8) for code in (basis, State.VALUE, 0)]
    return Column(
        np.array([low], float), np.array([high], float), np.array([low_open]), np.array([high_open]), *codes,
        np.zeros(1), np.array([cause], np.int8),
    )  # fmt: skip


BOUNDS = st.builds(
    lambda low, high, strict_low, strict_high, sides: Bounds(
        lower=min(low, high) / 10 if "l" in sides else -np.inf,
        upper=max(low, high) / 10 if "u" in sides else np.inf,
        lower_strict=strict_low and "l" in sides,
        upper_strict=strict_high and "u" in sides,
    ),
    st.integers(0, 400),
    st.integers(0, 400),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["l", "u", "lu"]),
)


@given(st.decimals(0, 50, places=4), BOUNDS, st.sampled_from([None, 1]))
def test_two_comparisons_decide_a_number_as_rounding_and_judging_it_does(value, bounds, digits):
    one = column(float(value))
    marks = Marks.of([bounds])
    block = one.each(lambda array: array[None])
    code, reason = judge_rows(block, marks, *marks.of_points([digits]), np.array([-1 if digits is None else digits]))
    if digits is not None:  # what GB/T 8170 says, in exact decimals
        one = column(float(value.quantize(Decimal("0.1"), ROUND_HALF_EVEN)))
    verdict, why = judge(one, bounds)
    assert (code[0, 0], reason[0, 0]) == (verdict[0], why[0])


@given(st.floats(0, 50), st.floats(0, 50), st.floats(0, 9), st.floats(0, 9), BOUNDS, st.booleans(), st.booleans())
def test_knowing_less_never_turns_a_verdict_round(one, other, more_low, more_high, bounds, low_open, high_open):
    low, high = min(one, other), max(one, other)
    narrow = column(low, high, low_open=low_open and low < high, high_open=high_open and low < high)
    wide = column(low - more_low, high + more_high)
    before, after = int(judge(narrow, bounds)[0][0]), int(judge(wide, bounds)[0][0])
    assert after in (before, CANNOT_TELL)


def test_judging_together_is_judging_one_by_one():
    random = np.random.default_rng(3)
    ends = np.sort(random.integers(0, 30, (2, 4000)) / 2, axis=0)
    block = Column(
        ends[0], ends[1], random.random(4000) < 0.3, random.random(4000) < 0.3,
        *(np.full(4000, code, np.int8) for code in (DM, State.VALUE, 0)), np.zeros(4000), np.zeros(4000, np.int8),
    )  # fmt: skip
    limits = [
        Bounds(upper=5),
        Bounds(upper=5, upper_strict=True),
        Bounds(lower=5),
        Bounds(5, 7.5),
        Bounds(5, 7.5, True, True),
    ]
    which = random.integers(0, len(limits), 4000)
    together, _ = judge_marks(block, Marks.of(limits).at(which))
    for number, bounds in enumerate(limits):
        np.testing.assert_array_equal(together[which == number], judge(block, bounds)[0][which == number])


CONTAMINANTS = [
    (rules, one)
    for rules in ALL
    for one in rules.limits
    if one.compare in ("<=", "<") and one.basis in ("dm", "ar") and one.statistic == "sample" and not one.sum
]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(CONTAMINANTS), st.floats(0.01, 2), st.floats(1, 3), st.sampled_from(["dm", "ar", ""]), st.booleans()
)
def test_more_of_a_contaminant_never_turns_fail_into_pass(case, share, more, basis, bound):
    rules, one = case
    count = one.plan.n if one.plan else 1

    def found(value):
        text = f"{'<' if bound else ''}{value:.6f}"
        rows = [f"{one.indicator}; {text}; {one.unit}; {basis}"] * count + ["moisture; 40; %"] * (
            one.indicator != "moisture"
        )
        return next(v for v in answer(rules, *rows).indicators if v.limit_id == one.id).verdict

    value = float(one.value) * share + 1e-6
    order = ["pass", "not_applicable", "cannot_tell", "fail"]
    before, after = found(value), found(value * more)
    if {before, after} <= set(order):
        assert order.index(before) <= order.index(after) or "cannot_tell" in (before, after)
    assert (before, after) != ("fail", "pass")


def test_a_table_of_ready_columns_needs_no_lines():
    whole = table_of(3, {"Pb": [Column(
        np.array([40.0, 60.0, 0.0]), np.array([40.0, 60.0, 80.0]), np.zeros(3, bool), np.array([False, False, True]),
        np.array([DM, DM, AR], np.int8), np.ones(3, np.int8), np.zeros(3, np.int8), np.zeros(3), np.zeros(3, np.int8),
    )]})  # fmt: skip
    assert check(whole, rules_of(limit("Pb", value="50"))).outcomes[0].verdict.tolist() == [PASS, FAIL, CANNOT_TELL]


def test_no_samples_and_no_lines():
    assert check_all(table_of(0, {}), ALL)[0].verdict.size == 0
    assert read_texts([], []).low.size == 0
    assert check_all(some_table(2), []) == []


def test_published_reports_by_all_standards_at_once_and_one_by_one():
    with (ROOT / "tests" / "data" / "published_compost_analyses.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names, which = number_samples([row["sample"] for row in rows])
    cells = read_texts(*([row[key] for row in rows] for key in ("indicator", "value", "unit", "basis")))
    whole = table_of(len(names), columns_of(cells, which, len(names)))
    for result in check_all(whole, ALL):
        alone = check(whole, result.rules)
        for number in range(len(names)):
            same(result, alone, number, number)
