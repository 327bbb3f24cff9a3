"""What is missing for the certificate: examples and properties."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.eligibility import Accepted, eligibility, plain
from training.programmes import programmes

EDITION = programmes()["community_compost_trainer"].editions[0]
DAY = dt.date(2024, 5, 1)


def done(requirement, amount, day=DAY, site=None):
    return Accepted(requirement, Decimal(amount), day, site)


EVERYTHING = [
    done("class_hours", 8),
    done("class_hours", 8),
    done("class_hours", 4),
    done("attendance", 85),
    done("site_visit", 1, site="a"),
    done("site_visit", 1, site="b"),
    done("outreach", 1),
    done("story", 1),
    done("exam", 60),
]

evidence = st.builds(
    Accepted,
    requirement=st.sampled_from([one.code for one in EDITION.requirements]),
    amount=st.decimals("0.01", 100, places=2),
    occurred_on=st.dates(dt.date(2024, 1, 1), dt.date(2024, 12, 31)),
    site=st.sampled_from([None, "a", "b", "c"]),
)


def missing(accepted):
    return {s.requirement.code: s.missing for s in eligibility(EDITION.requirements, accepted).standings if not s.met}


def test_everything_done_is_met():
    result = eligibility(EDITION.requirements, EVERYTHING)
    assert result.met
    assert result.next_step is None


@pytest.mark.parametrize("left_out", range(len(EVERYTHING)))
def test_each_piece_is_needed(left_out):
    assert not eligibility(EDITION.requirements, EVERYTHING[:left_out] + EVERYTHING[left_out + 1 :]).met


def test_nothing_done_misses_everything():
    assert missing([]) == {one.code: one.at_least for one in EDITION.requirements}


def test_the_same_site_twice_is_one_site():
    assert missing([done("site_visit", 1, site="a"), done("site_visit", 1, site="a")])["site_visit"] == 1


def test_the_latest_attendance_counts_even_when_lower():
    accepted = [done("attendance", 90), done("attendance", 70, DAY + dt.timedelta(days=1))]
    assert missing(accepted)["attendance"] == 10


def test_the_best_exam_counts():
    assert "exam" not in missing([done("exam", 75), done("exam", 30, DAY + dt.timedelta(days=9))])


def test_the_nearest_step_is_named_in_both_languages():
    accepted = [done("class_hours", 8), done("class_hours", 8), done("class_hours", "3.5"), done("exam", 30)]
    step = eligibility(EDITION.requirements, accepted).next_step
    assert step.render("zh-hans") == "课程学时：还差 0.5 学时（已有 19.5 学时，要求 20 学时）"
    assert step.render("en") == "Class hours: 0.5 hours missing (19.5 of 20 hours reached)"


def test_evidence_of_something_else_is_a_programming_error():
    with pytest.raises(LookupError):
        eligibility(EDITION.requirements, [done("king", 1)])


@given(st.lists(evidence, max_size=12), st.randoms())
def test_order_does_not_matter(items, random):
    shuffled = list(items)
    random.shuffle(shuffled)
    assert eligibility(EDITION.requirements, items) == eligibility(EDITION.requirements, shuffled)


@given(st.lists(evidence, max_size=12))
def test_met_and_missing_agree(items):
    result = eligibility(EDITION.requirements, items)
    assert result.met == (result.next_step is None)
    for one in result.standings:
        assert one.missing == max(one.requirement.at_least - one.reached, 0)
        assert 0 <= one.share <= 1
        assert one.met == (one.share == 1)


@given(st.lists(evidence, max_size=12), evidence)
def test_more_evidence_never_takes_away_except_where_the_latest_counts(items, more):
    before = eligibility(EDITION.requirements, items).standings
    after = eligibility(EDITION.requirements, [*items, more]).standings
    for one, other in zip(before, after, strict=True):
        if one.requirement.counts != "latest":
            assert other.missing <= one.missing


@given(st.decimals(0, 999999, places=2))
def test_amounts_are_written_plainly_and_exactly(value):
    assert Decimal(plain(value)) == value
    assert "E" not in plain(value)
