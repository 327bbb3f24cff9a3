"""``./run manage report --month YYYY-MM|--year YYYY [--site CODE] --language zh|en --output FILE``: a report as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import get_language

from batches.selectors.reports import report_of
from compostnet.shared.problems import Problem


class Command(BaseCommand):
    help = "Draw the report of the network or of a site, from the newest release of a month or a year, as PDF."

    def add_arguments(self, parser: CommandParser) -> None:
        span = parser.add_mutually_exclusive_group(required=True)
        span.add_argument("--month", help="YYYY-MM")
        span.add_argument("--year", help="YYYY, as far as it is published")
        parser.add_argument("--site", default="", help="code of a site; without it: the network")
        parser.add_argument("--language", choices=("zh", "en"), default="zh")
        parser.add_argument("--output", type=Path, required=True, help="the file to write")

    def handle(self, *args: Any, **options: Any) -> None:
        output: Path = options["output"]
        try:
            data = report_of(options["month"] or options["year"], options["language"], options["site"]).render()
        except Problem as problem:
            raise CommandError(problem.message.render(get_language() or "zh-hans")) from problem
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_bytes(data)
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror}") from error
        self.stdout.write(f"{output}: {len(data)} bytes")
