"""``./run manage verify_release N | all | PATH``: check signature, files and chain of releases.

A number or ``all`` is looked up in the releases folder; anything else is a folder that somebody has downloaded, for
which no database is needed. ``--keys`` names a keys.json to trust (else the one beside the folder). Ends with status 1
if anything fails.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import get_language

from batches.impact.signing.signature import Check, passed
from batches.impact.signing.verifying import verify_folder
from batches.management.release_numbers import unknown_release
from compostnet.shared import releases
from compostnet.shared.texts import Message

MARKS = {True: "ok  ", False: "FAIL", None: "?   "}


class Command(BaseCommand):
    help = "Check the signature, the files and the chain of a release, of all of them, or of a downloaded folder."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("release", help="number, all, or the path of a downloaded folder")
        parser.add_argument("--keys", type=Path, help="keys.json of the platform, downloaded on its own")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        language = get_language() or "zh-hans"
        told: list[dict[str, Any]] = []
        for folder in self._folders(options["release"], language):
            checks = verify_folder(folder, keys=options["keys"])
            is_good = passed(checks)
            told.append({"release": folder.name, "ok": is_good, "checks": [c.as_json(language) for c in checks]})
            if options["format"] == "table":
                self._print(folder, checks, is_good, language)
        if options["format"] == "json":
            self.stdout.write(json.dumps({"releases": told}, ensure_ascii=False, indent=1))
        if not all(one["ok"] for one in told):
            sys.exit(1)

    def _folders(self, wish: str, language: str) -> list[Path]:
        known = [Path(settings.RELEASES_DIR) / str(e["number"]) for e in releases.index(settings.RELEASES_DIR)]
        if wish == "all":
            return known
        if wish.isdecimal() and (found := [folder for folder in known if folder.name == wish]):
            return found
        if Path(wish).is_dir():
            return [Path(wish)]
        raise unknown_release(wish, sorted(int(folder.name) for folder in known), language)

    def _print(self, folder: Path, checks: list[Check], is_good: bool, language: str) -> None:
        for check in checks:
            self.stdout.write(f"{folder.name}  {MARKS[check.ok]}  {check.why.render(language)}")
        failed = sum(check.ok is False for check in checks)
        code = "command_release_good" if is_good else "command_release_bad"
        whole = Message(code, {"number": folder.name, "checks": len(checks), "failed": failed})
        self.stdout.write(f"{folder.name}  {MARKS[is_good]}  {whole.render(language)}")
