"""``./run manage figures --month YYYY-MM --format json|table``: the live figures of a month."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import get_language

from batches.impact.method import methods
from batches.management.months import month_argument
from batches.selectors.figures import figures_of
from compostnet.shared.display import format_number, is_chinese

SPANS = ("month", "year", "total")


class Command(BaseCommand):
    help = "Print what is verified now: totals of the month, the year so far and since the start."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", type=month_argument, required=True, help="YYYY-MM")
        parser.add_argument("--format", choices=("json", "table"), default="table")
        parser.add_argument("--sites", action="store_true", help="every site too (json)")

    def handle(self, *args: Any, **options: Any) -> None:
        found = figures_of(options["month"], with_sites=options["sites"])
        named = {"method": found["method"], "gwp": found["gwp"]}
        spans = {"month": "totals", "year": "year_totals", "total": "all_totals"}
        network = found.pop("network")
        document = {"month": found.pop("month"), **found, **{spans[s]: {**network[s], **named} for s in SPANS}}
        if options["format"] == "json":
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))
            return
        method = methods()[found["method"]]
        self.stdout.write(f"{document['month']}  {method.label}  GWP {method.gwp}")
        self.stdout.write(f"{'':34}" + "".join(f"{span:>16}" for span in SPANS))
        for name, value in network["month"].items():
            if isinstance(value, int | float) or (value is None and name not in ("reason", "note")):
                cells = "".join(f"{format_number(network[span][name]):>16}" for span in SPANS)
                self.stdout.write(f"{name:34}{cells}")
        language = "zh" if is_chinese(get_language() or "zh") else "en"
        for name in ("reason", "note"):
            if network["month"][name]:
                self.stdout.write(network["month"][name][language])
