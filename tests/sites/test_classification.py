"""The indicator system: a site's classes, their reasons, and mistakes in the file."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from compostnet.shared.rules import RuleFileError, Text
from sites.classification import FILE, Facts, choices, classes_of, classification, classify, read_classification
from sites.vocabulary import processes, scenarios

FULL = Facts(
    scenario="village",
    process="bin",
    run_by="committee",
    community_mode="village_points",
    tonnes_12_months=12.3,
    months_expected=12,
    months_verified=10,
    months_verified_ever=22,
    share_verified=10 / 12,
    months_since_first=25,
    months_silent=0,
    product_quality="pass",
    quality_because=Text(zh="报告", en="report"),
)


def code(dimension, **facts):
    return classify(replace(FULL, **facts))[dimension].code


def test_a_site_has_one_class_in_every_dimension():
    assert {name: one.code for name, one in classify(FULL).items()} == {
        "scenario": "village",
        "scale": "small",
        "process": "bin",
        "run_by": "committee",
        "community_mode": "village_points",
        "regularity": "patchy",
        "product_quality": "meets",
        "maturity": "established",
    }


@pytest.mark.parametrize(
    ("tonnes", "expected"),
    [
        (0, "micro"),
        (9.999, "micro"),
        (10, "small"),
        (100, "medium"),
        (999.9, "medium"),
        (1000, "large"),
        (None, "unknown"),
    ],
)
def test_scale_counts_its_lower_bound_in(tonnes, expected):
    assert code("scale", tonnes_12_months=tonnes) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"months_expected": 2, "share_verified": 1.0}, "new"),
        ({"share_verified": 0.9}, "regular"),
        ({"share_verified": 0.5}, "patchy"),
        ({"share_verified": 0.49}, "rare"),
        ({"share_verified": 0.0, "months_verified": 0}, "none"),
        ({"share_verified": None, "months_verified": None, "months_expected": None}, "none"),
    ],
)
def test_regularity(facts, expected):
    assert code("regularity", **facts) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"months_verified_ever": 0, "months_since_first": None, "months_silent": None}, "not_started"),
        ({"months_silent": 6}, "dormant"),
        ({"months_silent": 5, "months_since_first": 5}, "starting"),
        ({"months_since_first": 6}, "settling"),
        ({"months_since_first": 24}, "established"),
    ],
)
def test_maturity(facts, expected):
    assert code("maturity", **facts) == expected


def test_quality_that_nobody_published_is_never_good():
    untested = classify(replace(FULL, product_quality="", quality_because=None))["product_quality"]
    assert untested.code == "untested"
    assert "检测" in untested.because.render("zh")
    assert code("product_quality", product_quality="cannot_tell") == "cannot_tell"


def test_choices_that_people_made_and_their_gaps():
    assert code("run_by", run_by="") == "unstated"
    assert code("run_by", run_by="nonsense") == "unstated"
    assert {code for code, _ in choices("run_by")} >= {"residents", "property", "school"}
    assert "unstated" not in {code for code, _ in choices("community_mode")}
    assert choices("scale") == []


def test_the_vocabulary_gives_the_classes_of_scenario_and_process():
    dimensions = classification().dimensions
    assert list(classes_of(dimensions["scenario"])) == list(scenarios())
    assert list(classes_of(dimensions["process"])) == list(processes())


@given(
    st.builds(
        Facts,
        tonnes_12_months=st.none() | st.floats(-1e9, 1e9),
        months_expected=st.none() | st.integers(0, 12),
        months_verified=st.none() | st.integers(0, 12),
        months_verified_ever=st.none() | st.integers(0, 999),
        share_verified=st.none() | st.floats(0, 1),
        months_since_first=st.none() | st.integers(0, 999),
        months_silent=st.none() | st.integers(0, 999),
    )
)
def test_whatever_is_known_there_is_a_class_and_a_reason_in_both_languages(facts):
    for name, one in classify(facts).items():
        if name not in ("scenario", "process"):
            assert one.code in classification().dimensions[name].classes
        assert one.because.render("zh")
        assert one.because.render("en")


@pytest.mark.parametrize(
    ("place", "value", "key", "remedy"),
    [
        (("scale", "source"), "nobody", "dimensions.scale.source", "add it there"),
        (("scale", "classes", "small", "when"), [], "dimensions.scale.classes.small.when", "only the last class"),
        (
            ("scale", "classes", "unknown", "when"),
            [{"fact": "tonnes_12_months", "from": 1}],
            "dimensions.scale.classes.unknown.when",
            "takes the rest",
        ),
        (
            ("scale", "classes", "small", "when"),
            [{"fact": "tonnes_12_months", "from": 9, "below": 3}],
            "dimensions.scale.classes.small.when.0",
            "no number fulfils",
        ),
        (
            ("scale", "classes", "small", "when"),
            [{"fact": "tonnes_12_months", "is": "small"}],
            "dimensions.scale.classes.small.when.0",
            "for a number",
        ),
        (
            ("scale", "classes", "small", "when"),
            [{"fact": "tonnes_12_months"}],
            "dimensions.scale.classes.small.when.0",
            "write `from`",
        ),
        (("scale", "classes"), {}, "dimensions.scale.classes", "at least one"),
        (("scenario", "fact"), None, "dimensions.scenario", "with a vocabulary"),
    ],
)
def test_a_broken_file_is_refused_with_key_and_remedy(tmp_path: Path, place, value, key, remedy):
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    at = document["dimensions"]
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    path = tmp_path / "classification.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    with pytest.raises(RuleFileError, match=remedy) as error:
        read_classification(path)
    assert error.value.key == key
