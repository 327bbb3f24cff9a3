"""`./run manage import_regions --china` or `import_regions FILE.geojson`: regions with names and boundaries."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from compostnet.shared.coordinates import DATUMS
from compostnet.shared.problems import Problem
from sites.models import Region
from sites.permissions import CONSOLE
from sites.regions import china_regions, geojson_regions
from sites.services import store_regions


class Command(BaseCommand):
    help = "Imports regions: China's provinces and cities from the packages, or any country's from GeoJSON."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("file", nargs="?", help="GeoJSON with code, level, name or name_zh and name_en, parent")
        what.add_argument("--china", action="store_true", help="provinces and cities of China (GB/T 2260)")
        parser.add_argument("--datum", choices=DATUMS, default="wgs84", help="of the file's coordinates")
        parser.add_argument("--source", default="", help="where the file comes from (kept with every region)")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        if options["china"]:
            rows = china_regions(settings.FRONTEND_DIST.parent / "node_modules")
        else:
            path = Path(options["file"])
            if not path.is_file():
                raise Problem("region_file_missing", path=path)
            known = dict(Region.objects.values_list("code", "level"))
            source = options["source"] or path.name
            rows = geojson_regions(
                path.read_text(encoding="utf-8-sig"), source=source, known=known, datum=options["datum"]
            )
        new, total = store_regions(actor=CONSOLE, rows=rows)
        bounded = sum(row.boundary is not None for row in rows)
        seconds = time.perf_counter() - started
        self.stdout.write(f"regions: {total} ({new} new), {bounded} with a boundary, {seconds:.1f} s")
