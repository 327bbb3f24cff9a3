"""`./run manage create_user --email … --role …`: a person with a role, from the command line."""

from __future__ import annotations

import getpass
import os
import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from sites import people
from sites.models import Organisation, Role, Site
from sites.permissions import CONSOLE


class Command(BaseCommand):
    help = "Creates a person who can sign in, and gives a role; with --existing only gives the role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="")
        parser.add_argument("--phone", default="", help="with country code, or a Chinese number")
        parser.add_argument("--name", default="")
        parser.add_argument("--role", choices=Role.values)
        parser.add_argument("--site", help="code of the site, for operator and manager")
        parser.add_argument("--organisation", help="code of the laboratory, for lab")
        parser.add_argument("--existing", action="store_true", help="the person has an account already")
        parser.add_argument(
            "--make-password",
            action="store_true",
            help="make a password and print it; else COMPOSTNET_PASSWORD of the environment is taken, or asked for",
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        login = options["email"] or options["phone"]
        if options["existing"]:
            user = people.find_user(login)
            if user is None:
                raise CommandError(f"Nobody has an account with {login!r}; leave --existing out to create it.")
        else:
            made = secrets.token_urlsafe(12) if options["make_password"] else None
            user = people.create_user(
                actor=CONSOLE,
                email=options["email"],
                phone=options["phone"],
                name=options["name"],
                password=made or ask_password(),
            )
            if made:
                self.stdout.write(f"password: {made}")
        if role := options["role"]:
            people.grant_role(
                actor=CONSOLE,
                user=user,
                role=role,
                site=self._find(Site, options["site"]),
                organisation=self._find(Organisation, options["organisation"]),
            )
        self.stdout.write(
            f"{user.email or user.phone}: {', '.join(m.role for m in people.memberships_of(user)) or '-'}"
        )

    def _find(self, model: Any, code: str | None) -> Any:
        if not code:
            return None
        found = model.objects.filter(code=code).first()
        if found is None:
            raise CommandError(f"There is no {model._meta.model_name} with the code {code!r}.")
        return found


def ask_password() -> str:
    """The password from COMPOSTNET_PASSWORD, else typed twice without showing it."""
    if given := os.environ.get("COMPOSTNET_PASSWORD"):
        return given
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise CommandError("The two passwords differ; start again.")
    return first
