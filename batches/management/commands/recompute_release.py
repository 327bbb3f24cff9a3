"""``./run manage recompute_release N [--check | --to FOLDER]``: a release made again from the database.

``--check`` compares with the published folder, names every file that differs with its first difference, and ends with
status 1 if any does; ``--to`` writes the files into a folder.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import get_language

from batches.management.release_numbers import unknown_release
from batches.models import Release
from batches.services.freezing import code_version, thaw
from batches.services.recompute import check_release, recompute_files
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message


class Command(BaseCommand):
    help = "Make a release again from the database and its own rules; --check compares it byte for byte."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="number of the release, or all")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--check", action="store_true", help="compare with what was published (the default)")
        what.add_argument("--to", type=Path, help="write the files into this folder")

    def handle(self, *args: Any, **options: Any) -> None:
        language = get_language() or "zh-hans"
        wish: str = options["number"]
        known = list(Release.objects.order_by("number").values_list("number", flat=True))
        if wish != "all" and (not wish.isdecimal() or int(wish) not in known):
            raise unknown_release(wish, known, language)
        numbers = known if wish == "all" else [int(wish)]
        is_same = True
        for number in numbers:
            try:
                is_same &= self._write(number, options["to"]) if options["to"] else self._check(number, language)
            except Problem as problem:
                raise CommandError(problem.message.render(language)) from problem
        if not is_same:
            sys.exit(1)

    def _write(self, number: int, folder: Path) -> bool:
        place = folder / str(number)
        place.mkdir(parents=True, exist_ok=True)
        for name, content in recompute_files(number).items():
            (place / name).write_bytes(content)
        self.stdout.write(str(place))
        return True

    def _check(self, number: int, language: str) -> bool:
        differences = check_release(number)
        if not differences:
            self.stdout.write(Message("recompute_same", {"number": number}).render(language))
            return True
        made_by = thaw(Release.objects.get(number=number)).parts["about"]["code_version"]
        if made_by != code_version():
            values = {"then": made_by, "now": code_version()}
            self.stdout.write(Message("recompute_other_code", values).render(language))
        for found in differences:
            values = {"number": number, "file": found.file, "at": found.at}
            self.stdout.write(Message("recompute_differs", values).render(language))
            for label, text in (("-", found.published), ("+", found.recomputed)):
                self.stdout.write(f"  {label} {text!r}")
        return False
