"""``manage.py import_ledger FILE --layout CODE``: a sheet through the ordinary upload, from the command line."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from batches.services.upload_sites import create_named_sites
from batches.services.uploads import receive_upload, store_upload
from batches.sheet_layouts import TEMPLATE, layouts
from compostnet.shared.problems import Fault, Problem
from sites.permissions import CONSOLE
from sites.selectors import site_with_code

SHOWN_FAULTS = 50


class Command(BaseCommand):
    help = "Import a ledger sheet. The same file twice stores nothing twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--layout", default=TEMPLATE, choices=(TEMPLATE, *layouts()))
        parser.add_argument("--site", help="code of the site that the sheet is for")
        parser.add_argument("--create-sites", action="store_true", help="create the sites that the sheet names")
        parser.add_argument("--create-batches", action="store_true", help="open the batches that the sheet names")
        parser.add_argument(
            "--good-only", action="store_true", help="store the good rows, keep the others to be mended"
        )
        parser.add_argument("--format", choices=("table", "json"), default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        path: Path = options["file"]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        site = site_with_code(options["site"]) if options["site"] else None
        created = 0
        try:
            if options["create_sites"]:
                created = create_named_sites(actor=CONSOLE, data=data, file_name=path.name, layout=options["layout"])
            upload = receive_upload(actor=CONSOLE, data=data, file_name=path.name, layout=options["layout"], site=site)
            result = store_upload(
                actor=CONSOLE, upload=upload, good_only=options["good_only"], create_batches=options["create_batches"]
            )
        except Problem as problem:
            raise CommandError("\n".join([str(problem), *map(_line, problem.errors[:SHOWN_FAULTS])])) from problem
        answer: dict[str, Any] = {
            "upload": str(upload.pk),
            "sites_created": created,
            **result.counts,
            "total_t": _tonnes(result.mass_mg),
            "seconds": round(time.perf_counter() - started, 3),
        }
        if options["format"] == "json":
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1))
        else:
            for name, value in answer.items():
                self.stdout.write(f"{name.replace('_', ' '):<16} {value}")
        for fault in result.faults[:SHOWN_FAULTS]:
            self.stderr.write(_line(fault))


def _tonnes(mass_mg: int) -> str:
    """Milligrams as exact tonnes."""
    return f"{mass_mg // 10**9}.{mass_mg % 10**9:09d}".rstrip("0").rstrip(".")


def _line(fault: Fault) -> str:
    found = fault.as_json("en")
    where = f"line {found['row']}" if found["row"] else ""
    column = f"column {found['column'] or found['field']}" if found["column"] or found["field"] else ""
    return "  " + " ".join(part for part in (where, column, found["detail"], found["accepted"]) if part)
