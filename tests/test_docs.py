"""README and docs: every link leads somewhere, every command written there runs as written."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


def commands_of(page: Path) -> list[str]:
    """The lines of the page's ``sh`` blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


def test_readme_commands_run_as_written(tmp_path: Path) -> None:
    """In order, in one fresh data folder, with the embedded database, as a newcomer would."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COMPOSTNET_") and name not in ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")
    }
    environment["COMPOSTNET_DATA"] = str(tmp_path)
    commands = commands_of(ROOT / "README.md")
    assert len(commands) >= 6
    outputs, answers = {}, {}
    answer_pdf = ROOT / "var" / "answer.pdf"
    for name in ("answer.pdf", "answers.json", "report.pdf"):
        (ROOT / "var" / name).unlink(missing_ok=True)
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        outputs[command.split()[2]] = done.stdout
        answers[command] = done.stdout
    month = json.loads(outputs["figures"])["totals"]
    assert month["sites_expected"] == 59
    assert month["interval"]["ch4_avoided_t"][0] < month["ch4_avoided_t"] < month["interval"]["ch4_avoided_t"][1]
    assert "signature holds" in outputs["verify_release"]
    assert "the same to the byte" in outputs["recompute_release"]
    assert (ROOT / "var" / "report.pdf").read_bytes().startswith(b"%PDF-")
    # `|| true` hides the exit status: what the checker and the library print is looked at.
    judged = json.loads((ROOT / "var" / "answers.json").read_text(encoding="utf-8"))
    assert {"CN-NYT525", "US-503", "EU-FPR"} <= {one["standard"] for one in judged}
    assert {"fail", "cannot_tell", "incomplete"} <= {one["verdict"] for one in judged}
    assert any("EU-FPR" in text for line, text in answers.items() if "--explain" in line)
    assert answer_pdf.read_bytes().startswith(b"%PDF-")
    assert all(text.count("CN-NYT525") for line, text in answers.items() if "manage standards" in line)
