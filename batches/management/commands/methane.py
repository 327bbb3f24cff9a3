"""``methane CASES.json``: worked cases of first-order decay through our engine, without account or database."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import get_language

from batches.impact.calculator.calculate import Answer, Answers, calculate
from batches.impact.calculator.steps import explained
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message

BROKEN, UNUSABLE = 1, 2


class Command(BaseCommand):
    """Compute the cases of a file in the shape of methane_cases.json (- reads the standard input).

    Exit status: 0 all cases of the kinds it knows are computed (others are named and left out), 1 a case has faults
    (the others are computed), 2 the file is unusable.
    """

    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="JSON with cases[].kind and inputs; expected values are ignored")
        parser.add_argument("--format", choices=("table", "json"), default="table", dest="shape")
        parser.add_argument("--explain", action="store_true", help="the arithmetic step by step, with sources")
        parser.add_argument("--language", choices=("zh-hans", "en"), default=get_language() or "en")

    def handle(self, *, file: str, shape: str, explain: bool, language: str, **options: Any) -> None:
        try:
            answers = calculate(read_json(file))
        except Problem as problem:
            raise CommandError(problem.as_json(language)["detail"], returncode=UNUSABLE) from problem
        found = answers.as_json(language)
        if shape == "json":
            if explain:
                for told, answer in zip(found["cases"], answers.answers, strict=True):
                    told["explanation"] = [line.render(language) for line in explained(answer)]
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1))
        else:
            self.stdout.write("\n".join(table(answers, explain=explain, language=language)))
        for one in found["not_computed"]:
            self.stderr.write(f"{one['id']}: {one['reason']}")
        for one in found["errors"]:
            for fault in one["errors"]:
                self.stderr.write(f"{one['id']}: {fault['detail']}")
        if answers.broken:
            sys.exit(BROKEN)


def read_json(file: str) -> Any:
    """The document of a file, or a `Problem`."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return json.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise Problem("methane_file_unreadable", name=file, why=error.strerror or "") from error
    except (ValueError, RecursionError) as error:
        raise Problem("methane_file_unreadable", name=file, why=str(error)[:200]) from error


def table(answers: Answers, *, explain: bool, language: str) -> list[str]:
    """Lines for a terminal: each case, its periods within the sum, the sum."""
    lines: list[str] = []
    for answer in answers.answers:
        case = answer.case
        title = Message("methane_table_case", {"id": case.id, "title": case.kind.title, "unit": answer.unit})
        lines += ["", title.render(language)]
        lines += [f"  {line.render(language)}" for line in explained(answer)] if explain else []
        shown = within_sum(answer)
        width = max(len(key) for key in shown)
        lines += [f"  {key:>{width}}  {value!r}" for key, value in shown.items()]
    return lines[1:]


def within_sum(answer: Answer) -> dict[str, float]:
    """The values without the periods that the sum does not cover."""
    case = answer.case
    if case.efficiency is not None:
        return answer.values
    covered = {case.key(period) for period in range(case.sums[0], case.sums[1] + 1)}
    return {key: value for key, value in answer.values.items() if key == "sum" or key in covered}
