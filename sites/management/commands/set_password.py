"""`./run manage set_password LOGIN`: a new password for somebody who cannot reset it by e-mail."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sites import people
from sites.management.commands.create_user import ask_password
from sites.permissions import CONSOLE


class Command(BaseCommand):
    help = "Sets a new password for the person with this e-mail address or phone number."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="e-mail address or phone number")

    def handle(self, *args: Any, **options: Any) -> None:
        user = people.find_user(options["login"])
        if user is None:
            raise CommandError(f"Nobody has an account with {options['login']!r}.")
        people.set_password(actor=CONSOLE, user=user, password=ask_password())
        self.stdout.write(f"{user}: new password set")
