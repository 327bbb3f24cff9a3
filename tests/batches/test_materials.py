"""Materials as data: what is known, what a broken file says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.materials import FILE, find_material, materials, read_materials, sources
from compostnet.shared.rules import RuleFileError


def test_every_value_has_a_source_and_only_waste_has_a_class():
    for code, material in materials().items():
        for measured in (material.bulk_density_kg_per_l, material.moisture_percent, material.c_to_n):
            assert measured is None or measured.source in sources(), code
        assert material.is_waste or material.waste_class is None, code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("厨余", "food_waste"),
        ("湿垃圾", "food_waste"),
        (" FOOD  waste ", "food_waste"),
        ("Food_Waste", "food_waste"),
        ("ＬＥＡＶＥＳ", "leaves"),
        ("Christmas trees", "christmas_trees"),
        ("school organics", "school_organics"),
        ("尾菜", "vegetable_market_waste"),
        ("mature_compost", "mature_compost"),
    ],
)
def test_what_people_write_is_found(text, code):
    assert find_material(text) == code


@pytest.mark.parametrize("text", ["", "   ", "plutonium", "food-waste!", "厨"])
def test_what_nobody_knows_is_not_guessed(text):
    assert find_material(text) is None


@given(st.text())
def test_any_text_is_an_answer_or_none(text):
    assert find_material(text) in {None, *materials()}


@pytest.mark.parametrize(
    ("before", "after", "key", "remedy"),
    [
        ("waste_class: garden", "waste_class: plants", "materials.leaves.waste_class", "plants"),
        ("source: haug", "source: hearsay", "source", "not in sources"),
        ("aliases: [炭,", "aliases: [落叶,", "materials.biochar", "already means leaves"),
        ('value: "87"', 'value: "870"', "moisture_percent", "outside 0 to 100"),
        ("    is_waste: true\n    waste_class: food", "    waste_class: food", "is_waste", "required"),
        (
            "is_waste: false\n    waste_class: null",
            "is_waste: false\n    waste_class: wood",
            "waste_class",
            "no waste class",
        ),
        ("    moisture_percent:", "    moisture:", "moisture", "unknown key|required"),
    ],
)
def test_a_broken_file_names_the_key_and_the_remedy(tmp_path, before, after, key, remedy):
    text = FILE.read_text(encoding="utf-8")
    assert before in text
    broken = tmp_path / "materials.yaml"
    broken.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(RuleFileError, match=remedy) as caught:
        read_materials(broken)
    assert key in caught.value.key or key in str(caught.value)
