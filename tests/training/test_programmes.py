"""The programme files and their strict loader."""

import datetime as dt

import pytest
import yaml

from compostnet.shared.rules import RuleFileError
from training.programmes import FOLDER, load_programmes, programmes

GOOD = yaml.safe_load((FOLDER / "community_compost_trainer.yaml").read_text())


def write(folder, data, name="one.yaml"):
    (folder / name).write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return folder


def test_the_programme_asks_for_what_the_network_decided():
    edition = programmes()["community_compost_trainer"].as_of(dt.date(2024, 6, 1))
    assert {one.code: str(one.at_least) for one in edition.requirements} == {
        "class_hours": "20",
        "attendance": "80",
        "site_visit": "2",
        "outreach": "1",
        "story": "1",
        "exam": "60",
    }
    assert edition.invented
    assert programmes()["community_compost_trainer"].as_of(dt.date(2023, 12, 31)) is None


def break_unknown_key(edition):
    edition["requirments"] = []


def break_missing_unit(edition):
    del edition["requirements"][0]["unit"]


def break_impossible_day(edition):
    edition["valid_from"] = "2024-02-30"


def break_twice(edition):
    edition["requirements"].append(edition["requirements"][0])


def break_unreachable(edition):
    edition["requirements"][1]["most_each"] = 79


def break_zero(edition):
    edition["requirements"][0]["at_least"] = 0


def break_sites(edition):
    edition["requirements"][2]["most_each"] = 2


@pytest.mark.parametrize(
    ("breaking", "key"),
    [
        (break_unknown_key, "editions.0.requirments"),
        (break_missing_unit, "editions.0.requirements.0.unit"),
        (break_impossible_day, "editions.0.valid_from"),
        (break_twice, "editions.0"),
        (break_unreachable, "editions.0"),
        (break_zero, "editions.0.requirements.0.at_least"),
        (break_sites, "editions.0"),
    ],
)
def test_a_broken_file_is_refused_with_its_key(tmp_path, breaking, key):
    data = yaml.safe_load(yaml.safe_dump(GOOD))
    breaking(data["editions"][0])
    with pytest.raises(RuleFileError) as error:
        load_programmes(write(tmp_path, data))
    assert error.value.key == key
    assert "one.yaml" in str(error.value)


def test_two_editions_on_one_day_are_refused(tmp_path):
    data = yaml.safe_load(yaml.safe_dump(GOOD))
    second = dict(data["editions"][0], edition="2025", valid_from=dt.date(2025, 1, 1))
    data["editions"].append(second)
    with pytest.raises(RuleFileError, match="two editions are valid on 2025-01-01"):
        load_programmes(write(tmp_path, data))
    data["editions"][0]["valid_to"] = dt.date(2024, 12, 31)
    assert (
        load_programmes(write(tmp_path, data))["community_compost_trainer"].as_of(dt.date(2025, 1, 1)).edition == "2025"
    )


def test_one_code_in_two_files_is_refused(tmp_path):
    write(tmp_path, GOOD)
    with pytest.raises(RuleFileError, match="stands in another file"):
        load_programmes(write(tmp_path, GOOD, "two.yaml"))
