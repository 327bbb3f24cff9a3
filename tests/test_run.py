"""``./run`` as a newcomer uses it: the demo from nothing to a release, again without doing anything twice."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from tests.conftest import ROOT


def run(*arguments: str, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    """``./run …`` with the embedded database in ``data`` and nothing of this process's settings."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COMPOSTNET_") and name != "DJANGO_SETTINGS_MODULE"
    }
    environment |= {"COMPOSTNET_LANGUAGE": "en"} | ({"COMPOSTNET_DATA": str(data)} if data else {})
    return subprocess.run(
        ["./run", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False
    )


def test_help_explains_every_command() -> None:
    cases = re.findall(r"^  (\w+)(?: \||\))", (ROOT / "run").read_text().split('case "${1:-help}"')[1], re.MULTILINE)
    assert {"demo", "serve", "manage", "test", "bench", "lint", "lock", "help"} <= set(cases)
    explained = run("help").stdout
    assert [name for name in cases if f"./run {name}" not in explained] == []


def test_an_unknown_command_is_refused_with_the_list() -> None:
    done = run("frobnicate")
    assert done.returncode != 0
    assert "./run demo" in done.stderr
    assert "frobnicate" in done.stderr


def test_demo_goes_from_nothing_to_a_release_and_a_second_start_does_nothing_twice(tmp_path: Path) -> None:
    first = run("demo", "--no-serve", data=tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert re.search(r"release: number 1, \d{4}-\d{2}", first.stdout)
    published = json.loads((tmp_path / "releases" / "index.json").read_text())
    assert len(published["releases"]) == 4
    figures = json.loads((tmp_path / "releases" / "4" / "figures.json").read_text())
    assert figures["release"]["invented"] is True
    assert figures["network"]["total"]["sites_expected"] == 108
    assert len({province["code"] for province in figures["provinces"]}) == 20
    assert len({city["code"] for city in figures["cities"]}) == 41
    assert len(figures["months"]) == 24
    second = run("demo", "--no-serve", data=tmp_path)
    assert second.returncode == 0, second.stdout + second.stderr
    assert json.loads((tmp_path / "releases" / "index.json").read_text()) == published
    assert not re.search(r"(?<!latest )release: number", second.stdout)
