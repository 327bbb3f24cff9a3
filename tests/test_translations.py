"""Nothing is left in one language: every catalogue is complete and as new as the templates and the code."""

from __future__ import annotations

import os
import re
import shutil
import string
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ["compostnet", "sites", "batches", "standards", "training"]
CHINESE = re.compile(r"[\u3400-\u9fff]")
SIDES = re.compile(r"%\((\w+)\)[sdf]")


def entries(path: Path) -> dict[tuple[str, str], tuple[str, bool]]:
    """(context, msgid) → (msgstr, fuzzy) of a catalogue; obsolete entries left out."""
    import ast

    found = {}
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        parts: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if match := re.match(r'(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?) (".*")$', line):
                key = match[1].replace("msgstr[0]", "msgstr")
                parts[key] = ast.literal_eval(match[2])
            elif line.startswith('"') and key:
                parts[key] += ast.literal_eval(line)
        if parts.get("msgid"):
            fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in block.splitlines())
            found[parts.get("msgctxt", ""), parts["msgid"]] = (parts.get("msgstr", ""), fuzzy)
    return found


def catalogue(room: str) -> Path:
    return ROOT / room / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


@pytest.fixture(scope="module")
def extracted(tmp_path_factory) -> dict[str, set[tuple[str, str]]]:
    """Room → what its templates and code say now, by makemessages on a copy."""
    folder = tmp_path_factory.mktemp("messages")
    found = {}
    for room in ROOMS:
        copy = folder / room
        shutil.copytree(
            ROOT / room, copy, ignore=shutil.ignore_patterns("frontend", "static", "locale", "*.mo", "__pycache__")
        )
        (copy / "locale").mkdir()
        done = subprocess.run(
            [Path(sys.executable).with_name("django-admin"), "makemessages", "-l", "zh_Hans", "--no-location"],
            cwd=copy,
            env={key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        made = copy / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
        found[room] = set(entries(made)) if made.exists() else set()
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_catalogue_has_all_that_is_said(room, extracted):
    """A room that says nothing needs no catalogue; the others need every sentence, and none that is gone."""
    known = entries(catalogue(room)) if catalogue(room).exists() else {}
    # Another room's catalogue may hold a shared label; Django merges them all.
    everywhere = {key for other in ROOMS if catalogue(other).exists() for key in entries(catalogue(other))}
    assert sorted(extracted[room] - everywhere) == [], "not in the catalogue; run makemessages in the room"
    assert sorted(set(known) - extracted[room]) == [], "nobody says this any more; run makemessages in the room"


@pytest.mark.parametrize("room", ROOMS)
def test_a_catalogue_is_translated_and_checked(room):
    if not catalogue(room).exists():
        assert not list((ROOT / room).rglob("templates/**/*.html"))
        return
    text = catalogue(room).read_text(encoding="utf-8")
    assert "#~ " not in text, "obsolete entries; remove them"
    for (_, source), (translation, fuzzy) in entries(catalogue(room)).items():
        assert translation, f"not translated: {source}"
        assert not fuzzy, f"nobody has looked at it: {source}"
        assert set(SIDES.findall(source)) == set(SIDES.findall(translation)), f"placeholders differ: {source}"
        words = re.findall(r"[A-Za-z]{3,}", SIDES.sub("", source))
        if len(words) > 2:
            assert CHINESE.search(translation), f"not in Chinese: {translation}"


def test_one_sentence_is_translated_one_way():
    """Django merges the catalogues; of two translations of one msgid only one would ever be seen."""
    seen: dict[tuple[str, str], dict[str, str]] = {}
    for room in ROOMS:
        if catalogue(room).exists():
            for key, (translation, _) in entries(catalogue(room)).items():
                seen.setdefault(key, {})[room] = translation
    different = {key[1]: rooms for key, rooms in seen.items() if len(set(rooms.values())) > 1}
    assert not different


def rule_texts() -> list[tuple[str, str, str]]:
    """(place, zh, en) of every text in both languages in every YAML file of the rooms."""
    found = []

    def walk(node: object, place: str) -> None:
        if isinstance(node, dict):
            if set(node) == {"zh", "en"}:
                found.append((place, str(node["zh"]), str(node["en"])))
            for key, value in node.items():
                walk(value, f"{place}.{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                walk(value, f"{place}[{index}]")

    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.yaml")):
            if "node_modules" not in path.parts:
                walk(yaml.safe_load(path.read_text(encoding="utf-8")), str(path.relative_to(ROOT)))
    return found


def test_texts_of_rules_speak_both_languages():
    """Every text has both sides, Chinese in the Chinese one and none in the English one."""
    texts = rule_texts()
    assert len(texts) > 100
    for place, zh, en in texts:
        assert bool(zh.strip()) == bool(en.strip()), f"{place}: one side is empty"
        assert not CHINESE.search(en), f"{place}: Chinese in the English side: {en}"
        if len(re.findall(r"[A-Za-z]{3,}", re.sub(r"\{.*?\}", "", en))) > 3:
            assert CHINESE.search(zh), f"{place}: not in Chinese: {zh}"


def placeholders(text: str) -> set[str]:
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_sentences_have_the_same_placeholders_in_both_languages():
    from compostnet.shared.texts import catalogue as sentences

    assert len(sentences()) > 20
    for code, entry in sentences().items():
        assert isinstance(entry, BaseModel)
        assert placeholders(entry.text.zh) == placeholders(entry.text.en), f"{code}: placeholders differ"
        if entry.title is not None:
            assert not placeholders(entry.title.zh) and not placeholders(entry.title.en)
