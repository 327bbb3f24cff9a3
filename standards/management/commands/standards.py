"""``standards [list | show | validate | diff | template]``: the library of standards on the command line."""

from __future__ import annotations

import datetime as dt
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import get_language

from compostnet.shared.problems import Problem
from compostnet.shared.rules import RuleFileError
from standards.catalogue.editions import diff_editions, edition_rules, find_edition
from standards.catalogue.library_text import (
    catalogue_rows,
    change_rows,
    find_standard,
    rule_set_json,
    rule_set_lines,
    table_lines,
    template_of,
    validate_path,
    words,
)
from standards.checking.frequency import YEARLY_INPUT, samples_a_year, sampling_notes
from standards.facts import read_facts
from standards.library import FOLDER, library, rule_sets


class Command(BaseCommand):
    """Lists, shows, validates and compares the standards of the library; prints the template of a new one."""

    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action")
        shared = ArgumentParser(add_help=False)
        shared.add_argument("--format", choices=("table", "json"), default="table", dest="shape")
        shared.add_argument("--language", choices=("zh-hans", "en"), default=get_language() or "en")
        dated = ArgumentParser(add_help=False)
        dated.add_argument("--as-of", help="the day whose editions count, YYYY-MM-DD (default: today)")
        classed = ArgumentParser(add_help=False)
        classed.add_argument("code", help="code such as CN-NYT525 or EU-FPR/PFC3A")
        classed.add_argument("--class", dest="class_code", default="", help="one class, such as PFC3A")
        actions.add_parser("list", parents=[shared, dated], help="every standard of the library")
        show = actions.add_parser(
            "show", parents=[shared, dated, classed], help="every limit and process rule of a standard"
        )
        show.add_argument(
            "--yearly-input", metavar="TONNES", help="also: how many samples a year it asks for at this input"
        )
        validate = actions.add_parser("validate", parents=[shared], help="check a file of your own, or a folder")
        validate.add_argument("path", type=Path, nargs="?", default=FOLDER, help="left out: the shipped library")
        diff = actions.add_parser("diff", parents=[shared, classed], help="what changes between two editions or days")
        diff.add_argument("editions", nargs="*", metavar="EDITION", help="the older and the newer edition")
        diff.add_argument("--from", dest="from_day", help="instead: a day, YYYY-MM-DD")
        diff.add_argument("--to", dest="to_day", help="and a later one")
        template = actions.add_parser("template", help="a new standard's file with blanks to fill in")
        template.add_argument("code", help="its code, such as XF-COMPOST")

    def handle(self, *, action: str | None, **options: Any) -> None:
        language = options.get("language") or get_language() or "en"
        nothing_said = {"as_of": None, "shape": "table"}
        try:
            getattr(self, f"do_{action or 'list'}")(**{**nothing_said, **options, "language": language})
        except Problem as problem:
            document = problem.as_json(language)
            raise CommandError(document["detail"], returncode=2) from problem

    def put(self, rows: Any, lines: list[str], shape: str) -> None:
        """Print what was found as JSON or as lines."""
        self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) if shape == "json" else "\n".join(lines))

    def do_list(self, *, as_of: str | None, shape: str, language: str, **_: Any) -> None:
        rows = catalogue_rows(library(), self.day(as_of), language)
        self.put(rows, table_lines(rows, language), shape)

    def do_show(
        self,
        *,
        code: str,
        class_code: str,
        as_of: str | None,
        shape: str,
        language: str,
        yearly_input: str | None = None,
        **_: Any,
    ) -> None:
        day, facts = self.day(as_of), read_facts({YEARLY_INPUT: yearly_input or ""})
        standard, one = find_standard(code, class_code)
        sets = rule_sets(standard, day, one)
        if not sets and standard.editions:
            first = min(edition.valid_from for edition in standard.editions).isoformat()
            raise Problem("standard_not_in_force", standard=standard.code, day=day.isoformat(), first=first)
        if not sets:
            why = standard.unavailable.in_language(language) if standard.unavailable else ""
            row = {"code": standard.code, "name": standard.name.in_language(language), "unavailable": why}
            self.put([row], [f"{row['code']}  {row['name']}", why], shape)
            return
        rows, lines = [], []
        for rules in sets:
            samples, notes = samples_a_year(rules, facts), sampling_notes(rules, facts)
            rows.append(rule_set_json(rules, language) | ({"samples_a_year": samples} if facts else {}))
            lines += [*rule_set_lines(rules, language), *(note.render(language) for note in notes), ""]
        self.put(rows, lines, shape)

    def do_validate(self, *, path: Path, shape: str, language: str, **_: Any) -> None:
        checked = validate_path(path)
        faults = [(name, error) for name, error in checked.items() if isinstance(error, RuleFileError)]
        rows = [
            {"file": str(name), "valid": False, "key": one.key, "remedy": one.remedy}
            if isinstance(one, RuleFileError)
            else {"file": str(name), "valid": True, "code": one}
            for name, one in checked.items()
        ]
        lines = [
            words("standards_invalid", language, file=name, key=one.key or "-", remedy=one.remedy)
            if isinstance(one, RuleFileError)
            else words("standards_valid", language, file=name, code=one)
            for name, one in checked.items()
        ]
        self.put(rows, lines, shape)
        if faults:
            sys.exit(1)

    def do_diff(
        self,
        *,
        code: str,
        class_code: str,
        editions: list[str],
        from_day: str | None,
        to_day: str | None,
        shape: str,
        language: str,
        **_: Any,
    ) -> None:
        standard, one = find_standard(code, class_code)
        if not standard.editions:
            raise Problem("standard_text_missing", standard=standard.code, why=standard.unavailable)
        if len(editions) == 2 and not (from_day or to_day):
            first, second = (find_edition(standard, name) for name in editions)
            olds = edition_rules(standard, first, one, last_day=first is not second)
            news = edition_rules(standard, second, one, last_day=first is second)
        elif not editions and from_day and to_day:
            days = self.day(from_day), self.day(to_day)
            olds, news = (rule_sets(standard, day, one) for day in days)
            for day, found in zip(days, (olds, news), strict=True):
                if not found:
                    start = min(edition.valid_from for edition in standard.editions).isoformat()
                    raise Problem("standard_not_in_force", standard=standard.code, day=day.isoformat(), first=start)
        else:
            raise Problem("diff_needs_two", standard=standard.code, known=[e.edition for e in standard.editions])
        rows, lines = [], []
        for old, new in zip(olds, news, strict=True):
            changes = diff_editions(old, new)
            head = {"standard": new.code, "from": old.edition.edition, "to": new.edition.edition}
            rows.append({**head, "changes": [change.as_json(language) for change in changes]})
            days_text = {"old": f"{old.edition.edition} ({old.day})", "new": f"{new.edition.edition} ({new.day})"}
            lines.append(words("standards_diff_head", language, code=new.code, **days_text))
            lines += [*(change_rows(changes, language) or [words("standards_diff_none", language)]), ""]
        self.put(rows, lines, shape)

    def do_template(self, *, code: str, **_: Any) -> None:
        self.stdout.write(template_of(code, library()), ending="")

    def day(self, text: str | None) -> dt.date:
        """A day as written; today where none is."""
        try:
            return dt.date.fromisoformat(text) if text else timezone.localdate()
        except ValueError as error:
            raise Problem("check_day_wrong", day=text) from error
