"""``./run manage verify_month --month YYYY-MM [--site CODE]``: verify what can be, say what stands against the rest."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import get_language

from batches.management.months import month_argument
from batches.selectors.site_months import keys_to_verify
from batches.services.site_months import verify_site_months
from compostnet.shared.months import month_text
from sites.models import Site
from sites.permissions import CONSOLE
from sites.selectors import site_with_code


class Command(BaseCommand):
    help = "Verify the site-months of a month (or all), and print what was refused and what would clear it."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--month", type=month_argument, help="YYYY-MM")
        which.add_argument("--all-months", action="store_true", help="every month that something was reported for")
        parser.add_argument("--site", help="code of one site only")
        parser.add_argument("--quiet", action="store_true", help="count the refusals instead of printing each")

    def handle(self, *args: Any, **options: Any) -> None:
        language = get_language() or "zh-hans"
        site = site_with_code(options["site"]) if options["site"] else None
        done = verify_site_months(actor=CONSOLE, keys=keys_to_verify(month=options["month"], site=site))
        codes = dict(Site.objects.filter(pk__in={s for s, _ in done.refused}).values_list("pk", "code"))
        if options["quiet"]:
            found = [finding for findings in done.refused.values() for finding in findings]
            clears = {finding.code: finding.clears.render(language) for finding in reversed(found)}
            for code, number in Counter(finding.code for finding in found).most_common():
                self.stdout.write(f"{number:6,}  {code} → {clears[code]}")
        else:
            for (site_id, month), findings in done.refused.items():
                for finding in findings:
                    self.stdout.write(
                        f"{codes[site_id]} {month_text(month)}  {finding.message.render(language)} "
                        f"→ {finding.clears.render(language)}"
                    )
        self.stdout.write(
            f"verified {len(done.verified):,}, already verified {len(done.already):,}, refused {len(done.refused):,}"
        )
