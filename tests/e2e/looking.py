"""What the browser tests hold against a page: nothing untranslated, nothing overlapping, everything named."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from batches.demo.network import network_file

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "tests" / "screenshots"
DEMO_REPORTS = ROOT / "standards" / "demo_reports.yaml"
SHEET_WORDS = ROOT / "standards" / "reading" / "lab_sheets.yaml"
LOOK = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")

CHINESE = re.compile(r"[\u3400-\u9fff]")
# Three words of Latin letters in a row are a sentence; names, units and codes are not.
ENGLISH_SENTENCE = re.compile(r"\b[A-Za-z][a-z']+(?:[ ,;:]+[A-Za-z']{2,}){2,}\b")
# What may stand in Latin letters on a Chinese page: licences, titles of documents that exist in English only, names.
NOT_ENGLISH = re.compile(
    r"AGPL-3\.0-or-later|Creative Commons[\w .-]*|CC BY[\w .-]*|CDM TOOL ?\d+|OpenStreetMap contributors|"
    r"[\w.+-]+@[\w.-]+|https?://\S+|MapLibre|\./run [\w ]+"
)


@cache
def translations() -> dict[str, str]:
    """English → Chinese of every room's catalogue (entries without plural and placeholders)."""
    found: dict[str, str] = {}
    for path in sorted(ROOT.glob("*/locale/zh_Hans/LC_MESSAGES/django.po")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            parts: dict[str, str] = {}
            key = ""
            for line in block.splitlines():
                if match := re.match(r'(msgid|msgstr) (".*")$', line):
                    key = match[1]
                    parts[key] = ast.literal_eval(match[2])
                elif line.startswith('"') and key:
                    parts[key] += ast.literal_eval(line)
            if parts.get("msgid") and parts.get("msgstr") and "%(" not in parts["msgid"]:
                found[parts["msgid"]] = parts["msgstr"]
    return found


@cache
def words_of_people() -> list[str]:
    """What the invented people of the demo network write: their words stay in their language on every page."""
    found = set()
    for path in (*sorted((ROOT / "batches" / "demo").glob("*.py")), *(ROOT / "batches" / "services").glob("demo*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CHINESE.search(node.value):
                found.add(node.value)
    heads = texts_of(yaml.safe_load(SHEET_WORDS.read_text(encoding="utf-8")))  # words of the platform, not of a person
    found |= texts_of(yaml.safe_load(DEMO_REPORTS.read_text(encoding="utf-8"))) - heads
    found |= {point for daily in network_file().measured_daily for point in daily.points}
    return sorted(found, key=len, reverse=True)


def texts_of(node: Any) -> set[str]:
    """The Chinese texts anywhere in a YAML file: what the demo's lab and sites wrote."""
    if isinstance(node, str):
        return {node} if CHINESE.search(node) else set()
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return {text for child in children for text in texts_of(child)}


def without_words_of_people(text: str) -> str:
    """The text without people's own words, and without titles that stand as their document prints them."""
    text = re.sub(r"《[^》]*》", " ", text)
    for words in words_of_people():
        text = text.replace(words, " ")
    return text


def untranslated(read: list[dict[str, str]], language: str) -> list[str]:
    """The texts of a page (with the language that the page itself says they are in) that are in the wrong one."""
    wrong = []
    if language == "en":
        wrong = [
            t["words"]
            for t in read
            if CHINESE.search(without_words_of_people(t["words"])) and not t["language"].startswith("zh")
        ]
    else:
        missed = {en for en, zh in translations().items() if en != zh}
        for text in read:
            words = NOT_ENGLISH.sub(" ", text["words"])
            if text["language"].startswith("en"):
                continue
            if ENGLISH_SENTENCE.search(words) or (words in missed and re.search(r"[a-z]{3}", words)):
                wrong.append(text["words"])
    return sorted(set(wrong))


def faults(report: dict[str, Any], language: str) -> list[str]:
    """Everything that is wrong with a page, as sentences; empty for a good one."""
    found = []
    if report["lang"] != ("en" if language == "en" else "zh-Hans"):
        found.append(f"html lang is {report['lang']!r}")
    if report["overflow"] > 0:
        found.append(f"{report['overflow']} px wider than the screen: {report['wide']}")
    if len(report["headings"]) != 1:
        found.append(f"not one h1: {report['headings']}")
    names = {
        "drawnOverlaps": "words overlap in a drawing",
        "controlOverlaps": "controls overlap",
        "textOverlaps": "texts overlap",
        "contrast": "too little contrast",
        "unnamed": "without label or name",
        "doubleIds": "ids used twice",
        "inlineCode": "inline style or handler",
        "tablesInScroll": "wide table outside of .table-scroll",
        "small": "control too small to touch",
    }
    found += [f"{words}: {report[key]}" for key, words in names.items() if report[key]]
    if wrong := untranslated(report["read"], language):
        found.append(f"not in {language}: {wrong}")
    return found
