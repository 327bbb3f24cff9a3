"""docs/standards.md: its example, its commands and its tables of keys, as written there."""

from __future__ import annotations

import io
import re
import shlex

import pytest
from django.core.management import call_command

from compostnet.shared import rules as shared_rules
from standards import facts, indicators_schema, library_schema
from standards import library as books
from standards.process import schema as process_schema
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "standards.md").read_text(encoding="utf-8")


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def freedonia(tmp_path, monkeypatch):
    """The two files of the example, where the page says to save them."""
    (tmp_path / "my-standards").mkdir()
    (tmp_path / "my-standards" / "XF-COMPOST.yaml").write_text(block("yaml"), encoding="utf-8")
    (tmp_path / "report.csv").write_text(block("csv"), encoding="utf-8")
    assert all(f"`{name}`" in TEXT for name in ("my-standards/XF-COMPOST.yaml", "report.csv"))
    monkeypatch.chdir(tmp_path)
    books.library.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    books.library.cache_clear()


def manage(*arguments):
    """What a command prints, and its exit status."""
    out, status = io.StringIO(), 0
    try:
        call_command(*arguments, stdout=out, stderr=io.StringIO())
    except SystemExit as exit_:
        status = exit_.code
    return out.getvalue(), status


def run_lines(monkeypatch):
    """The lines of the page's shell block, one after the other: what each printed, by its arguments."""
    printed = {}
    for line in block("sh").splitlines():
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            monkeypatch.setenv(name, value)
            books.library.cache_clear()
            continue
        words = shlex.split(line)
        assert words[:2] == ["./run", "manage"], line
        printed[line] = manage(*words[2:])
    return printed


def test_the_example_as_written(freedonia):
    printed = list(run_lines(freedonia).items())
    assert [line.split()[2] for line, _ in printed] == ["standards", "standards", "check_lab_report"]
    (_, (valid, status)), (_, (shown, _)), (judge_line, (judged, failed)) = printed
    assert (status, "XF-COMPOST" in valid) == (0, True)
    assert "150" in shown
    assert "CN-NY884 2012 faecal_coliforms" in shown
    assert failed == 0
    assert judged.startswith("heap 4 · XF-COMPOST/PLAIN (2025)")
    assert "pass · provisional" in judged.splitlines()[0]
    # and what the page says of the other two ways to ask
    bagged, failed = manage(*shlex.split(judge_line.replace("packing=loose", "packing=bagged"))[2:])
    assert (failed, " fail" in bagged.splitlines()[0]) == (1, True)
    unsaid, failed = manage(*shlex.split(judge_line.replace("--fact packing=loose ", ""))[2:])
    assert (failed, " cannot tell" in unsaid.splitlines()[0]) == (0, True)


def test_every_other_command_of_the_page_runs(freedonia, tmp_path):
    commands = re.findall(r"`\./run manage (standards [^`]*)`", TEXT)
    assert {one.split()[1] for one in commands} == {"list", "show", "diff", "template", "validate"}
    (tmp_path / "XF-COMPOST.yaml").write_text(block("yaml"), encoding="utf-8")
    for command in commands:
        text, status = manage(*shlex.split(command.partition(">")[0]))
        assert (status, bool(text.strip())) == (0, True), command


MODELS = [
    library_schema.Standard,
    library_schema.ProductClass,
    library_schema.Edition,
    shared_rules.Source,
    library_schema.Limit,
    library_schema.Plan,
    library_schema.Change,
    library_schema.AnyOf,
    library_schema.AllOf,
    library_schema.Delegated,
    process_schema.FactCondition,
    process_schema.ResultCondition,
    library_schema.Conversion,
    library_schema.Requirement,
    process_schema.ProcessRule,
    process_schema.HeatOption,
    process_schema.DelegatedProcess,
    process_schema.Sampling,
    process_schema.Frequency,
    facts.Fact,
    indicators_schema.Quantity,
    indicators_schema.UnitRule,
    indicators_schema.Indicator,
    indicators_schema.Ambiguous,
    indicators_schema.Relation,
    indicators_schema.Consistency,
]


def keys_in_doc(name):
    """Keys named in the table under a heading: in its first column, and whether each may be left out.

    A key of a limit that belongs to one way to compare stands in the second column, with its question mark.
    """
    section = re.search(rf"^### {name}\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL)[1]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    found = {}
    for row in rows:
        for key, optional in re.findall(r"`(\w+)`( \?)?", row[1]):
            assert key not in found, key
            found[key] = bool(optional)
        found |= dict.fromkeys(re.findall(r"`(\w+)` \?", "|".join(row[2:])), True)
    return found


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_page_names_every_key_of_every_model(model):
    keys = {field.alias or name: not field.is_required() for name, field in model.model_fields.items()}
    assert keys_in_doc(model.__name__) == keys


def test_no_model_of_a_standards_file_is_left_out():
    named = set(re.findall(r"^### (\w+)$", TEXT, re.MULTILINE))
    for module in (library_schema, process_schema):
        for name, one in vars(module).items():
            if isinstance(one, type) and issubclass(one, shared_rules.Rule) and one.__module__ == module.__name__:
                assert name in named, name


def test_every_word_of_a_choice_is_named():
    for words in (
        library_schema.Basis.__args__,
        library_schema.Compare.__args__,
        library_schema.Statistic.__args__,
        library_schema.Rounding.__args__,
        process_schema.System.__args__,
        shared_rules.Confidence.__args__,
    ):
        assert [word for word in words if f"`{word}`" not in TEXT] == []
