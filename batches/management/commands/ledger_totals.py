"""``manage.py ledger_totals --by year``: exact sums of the ledger."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from batches.models import LedgerEntry
from batches.selectors.ledger import ledger_totals
from compostnet.shared.units import kg_text


class Command(BaseCommand):
    help = "Sums of the ledger by year, month, site or material; kilograms exact, superseded entries left out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", choices=("year", "month", "site", "material"), default="year")
        parser.add_argument("--kind", choices=LedgerEntry.Kind.values, help="only this kind of entry")
        parser.add_argument("--format", choices=("table", "json"), default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        by = options["by"]
        rows = [
            {by: row[by], "kind": row["kind"], "kg": kg_text(row["mass_mg"]), "entries": row["entries"]}  # type: ignore[arg-type]
            for row in ledger_totals(by=by, kind=options["kind"])
        ]
        if options["format"] == "json":
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        width = max((len(str(row[by])) for row in rows), default=8)
        for row in rows:
            self.stdout.write(
                f"{row[by]!s:<{width}}  {row['kind']:<8}  {row['kg']:>22} kg  {row['entries']:>9} entries"
            )
