"""`./run manage load_demo`: the invented network: regions, organisations, sites, people, batches."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from batches.services.demo import MAIL, demo_password, generate, load_network
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from compostnet.shell.console import console_language
from sites.models import Region, User
from sites.permissions import CONSOLE


class Command(BaseCommand):
    help = "Loads the demo network (invented sites, people and batches). A second run finds it and changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sites", type=int, default=None, help="number of sites (108)")
        parser.add_argument("--months", type=int, default=None, help="number of months (24)")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise Problem("demo_not_in_production")
        started = time.perf_counter()
        if not Region.objects.filter(country="CN", level=2).exists():
            call_command("import_regions", china=True, stdout=self.stdout)
        network = generate(sites=options["sites"], months=options["months"])
        fresh = not User.objects.filter(email=f"operator@{MAIL}").exists()
        password = demo_password()
        made = load_network(actor=CONSOLE, network=network, password=password)
        values = {
            "organisations": made.organisations,
            "sites": made.sites,
            "people": made.people,
            "batches": made.batches,
            "seconds": f"{time.perf_counter() - started:.1f}",
        }
        code = "demo_loaded" if fresh or made.sites or made.batches else "demo_there"
        self.stdout.write(Message(code, values).render(console_language()))
        self.stdout.write(Message("demo_sign_in", {"mail": MAIL, "password": password}).render(console_language()))
