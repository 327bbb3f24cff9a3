"""Who may do what where. Every service that writes and every private selector asks here first.

The table of roles and permissions is data (``sites/roles.yaml``). `CONSOLE` is the person at the machine's command
line, who may do everything; it is never reachable from the web.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from compostnet.shared.problems import Problem
from compostnet.shared.rules import Rule, RuleFileError, Text, load_rule
from sites.models import Organisation, Role, Site, User
from sites.models.people import SITE_ROLES


class Console:
    """The person at the command line."""

    pk = None

    def __str__(self) -> str:
        return "console"


CONSOLE = Console()
Actor = User | AnonymousUser | Console


class RoleTable(Rule):
    """The shape of ``roles.yaml``."""

    permissions: dict[str, Text]
    roles: dict[str, tuple[str, ...]]


@cache
def role_table() -> RoleTable:
    """The table of roles; refused when it names a role or permission that does not exist."""
    path = Path(__file__).with_name("roles.yaml")
    table = load_rule(path, RoleTable)
    for role, permissions in table.roles.items():
        if role not in Role.values:
            raise RuleFileError(path, f"roles.{role}", f"unknown role; known are {', '.join(Role.values)}")
        for permission in permissions:
            if permission not in table.permissions:
                raise RuleFileError(path, f"roles.{role}", f"{permission} is not in permissions; add it there")
    return table


def roles_with(permission: str) -> list[str]:
    """The roles that hold a permission. KeyError-safe: an unknown permission is a programming error."""
    if permission not in role_table().permissions:
        raise LookupError(f"{permission} is not in sites/roles.yaml")
    return [role for role, held in role_table().roles.items() if permission in held]


def may(actor: Actor, permission: str, *, site: Site | None = None, organisation: Organisation | None = None) -> bool:
    """Whether ``actor`` holds ``permission`` in the network, at ``site`` or in the lab ``organisation``."""
    roles = roles_with(permission)
    if isinstance(actor, Console):
        return True
    if not isinstance(actor, User) or not actor.is_active:
        return False
    memberships = actor.memberships.filter(role__in=roles)
    if memberships.exclude(role__in=[*SITE_ROLES, Role.LAB]).exists():
        return True
    if site is not None and memberships.filter(site=site, role__in=SITE_ROLES).exists():
        return True
    return organisation is not None and memberships.filter(organisation=organisation, role=Role.LAB).exists()


def require(
    actor: Actor, permission: str, *, site: Site | None = None, organisation: Organisation | None = None
) -> None:
    """Raise the problem ``sign_in_needed`` or ``not_allowed`` unless `may`."""
    if may(actor, permission, site=site, organisation=organisation):
        return
    if isinstance(actor, AnonymousUser):
        raise Problem("sign_in_needed")
    raise Problem("not_allowed", action=role_table().permissions[permission])


def sites_where(actor: Actor, permission: str) -> QuerySet[Site]:
    """The sites at which ``actor`` holds ``permission`` (all of them for a network role)."""
    if may(actor, permission):
        return Site.objects.all()
    if not isinstance(actor, User):
        return Site.objects.none()
    return Site.objects.filter(
        memberships__user=actor, memberships__role__in=set(roles_with(permission)) & set(SITE_ROLES)
    ).distinct()


def user_or_none(actor: Actor) -> User | None:
    """The user to write into ``recorded_by`` and the like; None for the console."""
    return actor if isinstance(actor, User) else None
