"""``./run manage judge_reports``: judge every confirmed report by the library of today, beside what was kept."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from compostnet.shared.texts import Message
from compostnet.shell.console import console_language
from sites.permissions import CONSOLE
from standards.services import judge_reports_again


class Command(BaseCommand):
    help = "Judge every confirmed report by the library of today and by later editions; kept verdicts never change."

    def handle(self, *args: Any, **options: Any) -> None:
        done = judge_reports_again(actor=CONSOLE)
        message = Message("reports_judged_again", {"reports": done.reports, "verdicts": done.verdicts})
        self.stdout.write(message.render(console_language()))
