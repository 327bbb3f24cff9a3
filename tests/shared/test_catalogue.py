"""The catalogue of sentences: complete, in both languages, with the same values in each."""

import re
from pathlib import Path
from string import Formatter

from compostnet.shared.texts import ROOT, catalogue

ROOMS = ("compostnet", "sites", "batches", "standards", "training")
NAMED = re.compile(r"""\b(?:Message|Problem)\(\s*["']([a-z0-9_]*[a-z0-9])["']""")


def sources():
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if "node_modules" not in path.parts:
                yield path


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_code_that_is_named_has_its_sentence():
    unknown = {
        f"{path.relative_to(ROOT)}: {code}"
        for path in sources()
        for code in NAMED.findall(Path(path).read_text(encoding="utf-8"))
        if code not in catalogue()
    }
    assert not unknown


def test_both_languages_name_the_same_values():
    uneven = {
        code
        for code, entry in catalogue().items()
        for text in (entry.text, entry.title)
        if text is not None and names(text.zh) != names(text.en)
    }
    assert not uneven


def test_chinese_is_chinese_and_english_is_not():
    def chinese(text: str) -> bool:
        return bool(re.search(r"[\u4e00-\u9fff]", text))

    wordy = {
        code: entry.text
        for code, entry in catalogue().items()
        if re.search(r"[A-Za-z]{3}", re.sub(r"\{.*?\}", "", entry.text.en))
    }
    assert len(wordy) > 100
    assert not [code for code, text in wordy.items() if not chinese(text.zh)]
    assert not [code for code, entry in catalogue().items() if entry.title and not chinese(entry.title.zh)]


def test_every_problem_has_a_title_and_a_status_of_an_error():
    for code, entry in catalogue().items():
        if entry.status is not None:
            assert entry.title is not None, code
            assert 400 <= entry.status < 600, code


def test_no_sentence_is_left_that_nobody_says():
    """Each code stands in the code or a rule file, or begins like one that the code puts together (f"kind_{…}")."""
    rules = [path for room in ROOMS for path in (ROOT / room).rglob("*.yaml") if not path.name.startswith("messages")]
    said = "\n".join(
        path.read_text(encoding="utf-8") for path in (*sources(), *rules) if "node_modules" not in path.parts
    )
    words = set(re.findall(r"\w+", said))
    starts = tuple(re.findall(r'(?:Message\(\s*f?|\bf)"([a-z]\w*_)(?:\{|" \+)', said))
    assert starts
    assert [code for code in catalogue() if code not in words and not code.startswith(starts)] == []
