"""``./run manage publish_release --month YYYY-MM``: freeze the verified figures of a month as the next release."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import get_language

from batches.management.months import month_argument
from batches.services.releases import publish_release
from compostnet.shared.months import month_text
from compostnet.shared.problems import Problem
from sites.permissions import CONSOLE


class Command(BaseCommand):
    help = "Publish a month: prints the number of the release."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", type=month_argument, required=True, help="YYYY-MM")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            release = publish_release(actor=CONSOLE, month=options["month"])
        except Problem as problem:
            raise CommandError(problem.message.render(get_language() or "zh-hans")) from problem
        self.stdout.write(
            f"release {release.number} of {month_text(release.month)}, revision {release.revision}: "
            f"{settings.RELEASES_DIR / str(release.number)}"
        )
