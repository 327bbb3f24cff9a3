"""``./run manage publish_release --month YYYY-MM``: freeze the verified figures of a month as the next release.

``--final`` says that the month is complete (``--confirm``: although not every expected site is verified); ``--reason``
why a month that was published before is restated. What it is doing goes to stderr, the number to stdout.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import get_language

from batches.management.months import month_argument
from batches.services.releases import publish_release
from compostnet.shared.months import month_text
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.permissions import CONSOLE


class Command(BaseCommand):
    help = "Publish a month: prints the number of the release."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", type=month_argument, required=True, help="YYYY-MM")
        parser.add_argument("--final", action="store_true", help="the month is complete")
        parser.add_argument("--confirm", action="store_true", help="final although not every site is verified")
        parser.add_argument("--reason", default="", help="why it is published again; readers see it")

    def handle(self, *args: Any, **options: Any) -> None:
        language = get_language() or "zh-hans"

        def progress(step: str, percent: int) -> None:
            self.stderr.write(f"{percent:3d} % {Message(step).render(language)}")

        try:
            release = publish_release(
                actor=CONSOLE,
                month=options["month"],
                final=options["final"],
                reason=options["reason"],
                confirmed=options["confirm"],
                progress=progress,
            )
        except Problem as problem:
            raise CommandError(problem.message.render(language)) from problem
        self.stdout.write(
            f"release {release.number} of {month_text(release.month)}, revision {release.revision}, {release.status}: "
            f"{settings.RELEASES_DIR / str(release.number)}"
        )
