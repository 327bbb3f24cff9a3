"""``check_lab_report FILE --standard CODE``: a lab sheet against standards, without account or network data."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import get_language

from batches.sheets import MAX_BYTES, MAX_ROWS
from compostnet.shared.display import inert
from compostnet.shared.problems import Problem
from standards.explain import SampleVerdict, check_lines
from standards.lab_sheets import read_lab_sheet
from standards.library import selected

COLUMNS = ("sample", "standard", "class", "edition", "sample_verdict", "provisional")
INDICATOR_COLUMNS = (
    *(
        "indicator",
        "verdict",
        "reported",
        "compared",
        "limit",
        "unit",
        "basis",
        "clause",
        "grade",
        "reason",
        "next_step",
    ),
)


class Command(BaseCommand):
    """Check a lab sheet (CSV or XLSX: sample, indicator, value, unit, basis, note). Exit status 1 if a sample fails."""

    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--standard",
            action="append",
            required=True,
            help="code such as CN-NYT525 or EU-FPR/PFC3A, or all; repeatable",
        )
        parser.add_argument("--as-of", help="the day whose editions count, YYYY-MM-DD (default: today)")
        parser.add_argument("--format", choices=("table", "json", "csv"), default="table", dest="shape")
        parser.add_argument("--language", choices=("zh-hans", "en"), default=get_language() or "en")

    def handle(self, *, file: Path, standard: list[str], shape: str, language: str, **options: Any) -> None:
        try:
            answers = self.check(file, standard, options["as_of"])
        except Problem as problem:
            document = problem.as_json(language)
            details = [document["detail"], *(fault["detail"] for fault in document["errors"])]
            raise CommandError("\n".join(details), returncode=2) from problem
        write = {"json": self.as_json, "csv": self.as_csv, "table": self.as_table}[shape]
        self.stdout.write(write(answers, language))
        unknown = {
            one.reason.render(language) for a in answers for one in a.indicators if one.code == "reason_name_unknown"
        }
        for sentence in sorted(unknown):
            self.stderr.write(sentence)
        if any(answer.verdict == "fail" for answer in answers):
            sys.exit(1)

    def check(self, file: Path, codes: list[str], as_of: str | None) -> list[SampleVerdict]:
        """The verdicts, or a `Problem` that says what is wrong with file, code or day."""
        try:
            day = dt.date.fromisoformat(as_of) if as_of else timezone.localdate()
        except ValueError as error:
            raise Problem("check_day_wrong", day=as_of) from error
        groups = selected(codes, day)
        try:
            data = file.read_bytes()
        except OSError as error:
            raise Problem("lab_file_missing", name=str(file), why=error.strerror or "") from error
        return check_lines(read_lab_sheet(data, file.name, max_bytes=MAX_BYTES, max_lines=MAX_ROWS), groups)

    def as_json(self, answers: list[SampleVerdict], language: str) -> str:
        return json.dumps([answer.as_json(language) for answer in answers], ensure_ascii=False, indent=2)

    def as_csv(self, answers: list[SampleVerdict], language: str) -> str:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow((*COLUMNS, *INDICATOR_COLUMNS))
        for answer in answers:
            one = answer.as_json(language)
            head = [
                one["sample"],
                one["standard"],
                one["class"] or "",
                one["edition"],
                one["verdict"],
                one["provisional"],
            ]
            for indicator in one["indicators"]:
                cells = [*head, *(indicator[key] for key in INDICATOR_COLUMNS)]
                writer.writerow(["" if cell is None else inert(str(cell)) for cell in cells])
        return out.getvalue()

    def as_table(self, answers: list[SampleVerdict], language: str) -> str:
        words = WORDS["zh" if language.startswith("zh") else "en"]
        lines = []
        for answer in answers:
            one = answer.as_json(language)
            name = answer.rules.name.in_language(language)
            mark = f" · {words['provisional']}" if one["provisional"] else ""
            lines.append(
                f"{one['sample']} · {answer.rules.code} ({one['edition']}) {name}: {words[one['verdict']]}{mark}"
            )
            for indicator in one["indicators"]:
                step = f" → {indicator['next_step']}" if indicator["next_step"] else ""
                lines.append(f"  [{words[indicator['verdict']]}] {indicator['name']}: {indicator['reason']}{step}")
            lines.append("")
        return "\n".join(lines)


WORDS = {
    "zh": {
        "pass": "合格",
        "fail": "不合格",
        "cannot_tell": "无法判定",
        "incomplete": "项目不全",
        "not_tested": "未检测",
        "not_applicable": "不适用",
        "declared": "已标明",
        "provisional": "暂定",
    },
    "en": {
        "pass": "pass",
        "fail": "fail",
        "cannot_tell": "cannot tell",
        "incomplete": "incomplete",
        "not_tested": "not tested",
        "not_applicable": "not applicable",
        "declared": "declared",
        "provisional": "provisional",
    },
}
