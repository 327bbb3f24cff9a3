"""`./run manage demo_job`: the main job on the demo network, one line a step with counts and seconds."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from batches.models import Release
from batches.services.demo import generate
from batches.services.demo_job import Job, is_done, run_job
from compostnet.shared.months import month_text
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from compostnet.shell.console import console_language
from sites.models import Site
from standards.demo import hand_in_demo_reports


class Command(BaseCommand):
    help = "Uploads, checks, verifies and releases the demo network's months. A second run finds that it is done."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise Problem("demo_not_in_production")
        if not Site.objects.filter(is_invented=True, code__startswith="demo-").exists():
            raise Problem("job_needs_demo")
        network = generate()
        if is_done(network):
            latest = Release.objects.order_by("-number")[0]
            self.say(Message("job_done_before", {"number": latest.number, "month": month_text(latest.month)}))
            return
        job = Job.of(network, self.say)
        run_job(job, hand_in_demo_reports)

    def say(self, message: Message) -> None:
        """One line of the report, at once."""
        self.stdout.write(message.render(console_language()))
        self.stdout.flush()
