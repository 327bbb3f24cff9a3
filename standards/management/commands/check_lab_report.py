"""``check_lab_report FILE --standard CODE``: a lab sheet against standards, without account or database."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import get_language

from batches.sheets import MAX_BYTES, MAX_ROWS
from compostnet.shared.display import inert
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from standards.checking.decision import Decision
from standards.checking.explain import SampleVerdict, check_lines
from standards.facts import known_facts, read_fact, read_facts
from standards.library import library, rule_sets, selected
from standards.reading.lab_sheets import read_lab_sheet
from standards.reading.readings import Line
from standards.terminal import compact, explained

COLUMNS = ("sample", "standard", "class", "edition", "sample_verdict", "provisional")
INDICATOR_COLUMNS = (
    *("indicator", "verdict", "reported", "compared", "limit", "unit", "basis", "clause", "grade"),
    *("reason", "next_step"),
)
FAILED, UNUSABLE = 1, 2


class Command(BaseCommand):
    """Check a lab sheet (CSV or XLSX) against standards. Exit status 1 if a sample fails, 2 if the file is unusable.

    Nothing is kept and no database is touched.
    """

    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--standard",
            action="append",
            required=True,
            help="code such as CN-NYT525 or EU-FPR/PFC3A, or all; repeatable. Without class: the best class met",
        )
        parser.add_argument("--as-of", help="the day whose editions count, YYYY-MM-DD (default: today)")
        parser.add_argument("--format", choices=("table", "json", "csv", "pdf"), default="table", dest="shape")
        parser.add_argument("--explain", action="store_true", help="table: reasons, conversions, clauses and sources")
        parser.add_argument(
            "--fact",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help=f"what is known of the product, repeatable: {', '.join(known_facts())}",
        )
        parser.add_argument(
            "--decision",
            choices=("simple", "guarded"),
            default="simple",
            help="what a stated measurement uncertainty does: simple acceptance, or a guard band (ILAC-G8)",
        )
        parser.add_argument("--output", type=Path, help="write into this file instead of the standard output")
        parser.add_argument("--language", choices=("zh-hans", "en"), default=get_language() or "en")

    def handle(self, *, file: Path, standard: list[str], shape: str, language: str, **options: Any) -> None:
        try:
            lines, answers = self.check(file, standard, options)
            if shape == "pdf":
                self.write_bytes(self.as_pdf(lines, answers, file, language), options["output"])
            else:
                self.write_text(self.as_text(shape, answers, language, options["explain"]), options["output"])
        except Problem as problem:
            document = problem.as_json(language)
            details = [document["detail"], *(fault["detail"] for fault in document["errors"])]
            raise CommandError("\n".join(details), returncode=UNUSABLE) from problem
        for sentence in self.notes(standard, options["as_of"], answers, language):
            self.stderr.write(sentence)
        if any(answer.verdict == "fail" for answer in answers):
            sys.exit(FAILED)

    def check(self, file: Path, codes: list[str], options: dict[str, Any]) -> tuple[list[Line], list[SampleVerdict]]:
        """The lines read and the verdicts, or a `Problem` that says what is wrong with file, code, day or fact."""
        groups = selected(codes, read_day(options["as_of"]))
        facts = read_facts(dict(read_fact(text) for text in options["fact"]))
        try:
            data = file.read_bytes()
        except OSError as error:
            raise Problem("lab_file_missing", name=str(file), why=error.strerror or "") from error
        lines = read_lab_sheet(data, file.name, max_bytes=MAX_BYTES, max_lines=MAX_ROWS)
        decision: Decision = options["decision"]
        return lines, check_lines(lines, groups, facts=facts, decision=decision)

    def notes(self, codes: list[str], as_of: str | None, answers: list[SampleVerdict], language: str) -> list[str]:
        """What to know besides: names that are not known, and standards that ``all`` had to leave out."""
        unknown = {
            one.reason.render(language) for a in answers for one in a.indicators if one.code == "reason_name_unknown"
        }
        notes = sorted(unknown)
        if any(code.strip().lower() == "all" for code in codes):
            day = read_day(as_of)
            without = [code for code, book in library().items() if not any(one.nodes for one in rule_sets(book, day))]
            if without:
                notes.append(Message("check_left_out", {"codes": without, "day": day.isoformat()}).render(language))
        return notes

    def write_text(self, text: str, output: Path | None) -> None:
        if output is None:
            self.stdout.write(text)
        else:
            self.write_bytes(text.encode("utf-8"), output)

    def write_bytes(self, data: bytes, output: Path | None) -> None:
        if output is None:
            stream = getattr(self.stdout, "_out", sys.stdout)
            if stream.isatty():
                raise Problem("check_output_needed")
            getattr(stream, "buffer", stream).write(data)
            return
        try:
            output.parent.mkdir(exist_ok=True)  # a folder, but no path that was mistyped
            whole = output.with_name(f".{output.name}.{os.getpid()}")
            try:
                whole.write_bytes(data)
                if output.exists() and not output.is_file():  # a pipe or a device: nothing that can be replaced
                    output.write_bytes(data)
                else:
                    whole.replace(output)  # all or nothing, even when it is stopped in the middle
            finally:
                whole.unlink(missing_ok=True)
        except OSError as error:
            raise Problem("check_output_unwritable", name=str(output), why=error.strerror or "") from error

    def as_text(self, shape: str, answers: list[SampleVerdict], language: str, explain: bool) -> str:
        if shape == "json":
            return json.dumps([answer.as_json(language) for answer in answers], ensure_ascii=False, indent=2)
        if shape == "csv":
            return self.as_csv(answers, language)
        return (explained if explain else compact)(answers, language)

    def as_csv(self, answers: list[SampleVerdict], language: str) -> str:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow((*COLUMNS, *INDICATOR_COLUMNS))
        for answer in answers:
            one = answer.as_json(language)
            head = [one[name] for name in ("sample", "standard", "class", "edition", "verdict", "provisional")]
            for indicator in one["indicators"]:
                cells = [*head, *(indicator[key] for key in INDICATOR_COLUMNS)]
                writer.writerow(["" if cell is None else inert(str(cell)) for cell in cells])
        return out.getvalue()

    def as_pdf(self, lines: list[Line], answers: list[SampleVerdict], file: Path, language: str) -> bytes:
        from standards.pdf import ReportFacts, ResultLine, summary_pdf  # loads ReportLab, which the others do not need

        facts = ReportFacts(
            file_name=file.name,
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
            lines=tuple(
                ResultLine(one.indicator, one.value, one.unit, one.basis, one.uncertainty, one.sample) for one in lines
            ),
        )
        return summary_pdf(answers, language=language, report=facts, font=settings.PDF_FONT)


def read_day(text: str | None) -> dt.date:
    """The day whose editions count; the problem ``check_day_wrong`` for what is no day."""
    try:
        return dt.date.fromisoformat(text) if text else timezone.localdate()
    except ValueError as error:
        raise Problem("check_day_wrong", day=text) from error
