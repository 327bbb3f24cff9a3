"""``./run manage roll_up [--month YYYY-MM …]``: sum the ledger into site-months."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from batches.management.months import month_argument
from batches.services.site_months import roll_up


class Command(BaseCommand):
    help = "Sum the current ledger entries into site-months (all, or the given months)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", type=month_argument, action="append", help="YYYY-MM; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        done = roll_up(months=options["month"])
        self.stdout.write(f"{done.entries:,} entries in {done.rows:,} rows of site-months, {done.seconds:.2f} s")
