"""The worked example of docs/standards.md, as written there."""

from __future__ import annotations

import re

import pytest

from standards import library as books
from standards.explain import check_lines
from standards.indicators import indicators
from tests.conftest import ROOT
from tests.standards.support import DAY, lines


@pytest.fixture
def freedonia(tmp_path):
    text = (ROOT / "docs" / "standards.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]
    (tmp_path / "XF-COMPOST.yaml").write_text(example, encoding="utf-8")
    return books.load_library(tmp_path, indicators())


def test_the_example_is_a_standard_that_judges(freedonia):
    def verdicts(*rows):
        answers = check_lines(lines(*rows), books.selected(["XF-COMPOST"], DAY, freedonia))
        return [(one.rules.code, one.verdict) for one in answers]

    rest = ["moisture; 30; %", "GI; 92; %", *["Salmonella; absent in 25 g"] * 5]
    assert verdicts("Pb; 20; mg/kg; dm", *rest) == [("XF-COMPOST/GOLD", "pass")]
    assert verdicts("Pb; 90; mg/kg; dm", *rest) == [("XF-COMPOST/PLAIN", "pass")]
    assert verdicts("Pb; 200; mg/kg; dm", *rest) == [("XF-COMPOST/PLAIN", "fail")]
    assert verdicts("Pb; 20; mg/kg; dm", *rest[:2], "Salmonella; absent in 25 g") == [
        ("XF-COMPOST/GOLD", "cannot_tell")
    ]


def test_the_doc_names_every_key_of_a_limit():
    from standards.library_schema import Limit

    text = (ROOT / "docs" / "standards.md").read_text(encoding="utf-8")
    missing = [key for key in Limit.model_fields if not re.search(rf"\b{key}\b", text)]
    assert missing == []
