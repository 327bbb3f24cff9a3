"""People: accounts, roles and tokens. Every change asks for permission and is written into the audit record."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Prefetch, Q, QuerySet
from django.utils import timezone

from compostnet.shared.numbers import normalise
from compostnet.shared.problems import Fault, Problem
from compostnet.shared.texts import Message
from sites.audit import record
from sites.auth import SCOPES, token_digest
from sites.models import ApiToken, Membership, Organisation, Role, Site, User
from sites.models.people import SITE_ROLES
from sites.permissions import Actor, require
from sites.phones import normalise_phone

SECRET_START = "cn_"  # noqa: S105 (how secrets begin, so that scanners can find leaked ones)
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody takes for another one (no 0, o, 1, i, l)."""
FEWEST_DIGITS = 4
"""So many digits of a phone number are worth searching for."""
NO_ROLE = "none"


def find_user(login: str) -> User | None:
    """The user with this e-mail address (any case) or phone number (as people write it)."""
    if "@" in login:
        return User.objects.filter(email__iexact=login.strip()).first()
    try:
        return User.objects.filter(phone=normalise_phone(login)).first()
    except ValueError:
        return None


@transaction.atomic
def create_user(*, actor: Actor, email: str = "", phone: str = "", name: str = "", password: str) -> User:
    """A new person without a role. Problems: ``invalid_request`` (what is wrong, by field), ``user_exists``."""
    require(actor, "manage_people")
    email, faults = email.strip().lower(), []
    if phone:
        try:
            phone = normalise_phone(phone)
        except ValueError:
            faults.append(Fault(Message("invalid_phone", {"phone": phone}), field="phone", value=phone))
    if not email and not phone:
        faults.append(Fault(Message("email_or_phone_needed"), field="email"))
    faults += _password_faults(password)
    user = User(email=email or None, phone=phone or None, name=name)
    if not faults:
        if (email and find_user(email)) or (phone and find_user(phone)):
            raise Problem("user_exists", login=email or phone)
        try:
            user.full_clean(exclude=["password"])
        except ValidationError as error:
            faults += [
                Fault(Message("invalid_field", {"field": field, "why": " ".join(reasons)}), field=field)
                for field, reasons in error.message_dict.items()
            ]
    if faults:
        raise Problem("invalid_request", errors=faults)
    user.set_password(password)
    _save_once(user, login=email or phone)
    record(actor, "create_user", user)
    return user


def _save_once(user: User, *, login: str, update_fields: list[str] | None = None) -> None:
    """Save a person; somebody who took the same address or number meanwhile makes it the problem ``user_exists``."""
    try:
        with transaction.atomic():
            user.save(update_fields=update_fields)
    except IntegrityError as error:
        raise Problem("user_exists", login=login) from error


@transaction.atomic
def set_password(*, actor: Actor, user: User, password: str) -> None:
    """A new password for somebody who cannot reset it by e-mail. Their open sessions end."""
    require(actor, "manage_people")
    if faults := _password_faults(password, user):
        raise Problem("invalid_request", errors=faults)
    user.set_password(password)
    user.save(update_fields=["password"])
    record(actor, "set_password", user)


def _password_faults(password: str, user: User | None = None) -> list[Fault]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        why = " ".join(error.messages)
        return [Fault(Message("invalid_field", {"field": "password", "why": why}), field="password")]
    return []


@transaction.atomic
def change_details(*, actor: User, name: str, phone: str | None) -> User:
    """A person's own name and phone number (E.164). A changed number is not verified. Problem: ``user_exists``."""
    if phone != actor.phone:
        if phone and User.objects.filter(phone=phone).exclude(pk=actor.pk).exists():
            raise Problem("user_exists", login=phone)
        if not phone and not actor.email:
            raise Problem("invalid_request", errors=[Fault(Message("email_or_phone_needed"), field="phone")])
        actor.phone_verified = False
    actor.name, actor.phone = name, phone
    _save_once(actor, login=phone or "", update_fields=["name", "phone", "phone_verified"])
    record(actor, "change_details", actor)
    return actor


@transaction.atomic
def grant_role(
    *, actor: Actor, user: User, role: str, site: Site | None = None, organisation: Organisation | None = None
) -> Membership:
    """Give a person a role: at a site (operator, manager), in a lab, or in the network. Twice changes nothing."""
    require(actor, "manage_people")
    if role not in Role.values:
        raise Problem("unknown_role", role=role, known=list(Role.values))
    if role in SITE_ROLES and (site is None or organisation is not None):
        raise Problem("role_needs_site", role=role)
    if role == Role.LAB and (organisation is None or site is not None or organisation.kind != Organisation.Kind.LAB):
        raise Problem("role_needs_lab", role=role)
    if role not in (*SITE_ROLES, Role.LAB) and (site is not None or organisation is not None):
        raise Problem("role_is_of_network", role=role)
    membership, created = Membership.objects.get_or_create(user=user, role=role, site=site, organisation=organisation)
    if created:
        lab = organisation.code if organisation else None
        record(actor, "grant_role", membership, site=site, user=user.pk, role=role, organisation=lab)
    return membership


def _keep_an_administrator(user: User) -> None:
    """Refuse what would leave nobody who can manage people: ``last_administrator``.

    Locks every administrator's role and account to the end of the transaction: of two administrators who take each
    other's role at the same moment, the second waits and is refused.
    """
    held = Membership.objects.select_for_update().filter(role=Role.ADMINISTRATOR, user__is_active=True)
    holders = {membership.user_id for membership in held.order_by("pk")}
    if user.pk in holders and len(holders) == 1:
        raise Problem("last_administrator")


@transaction.atomic
def set_active(*, actor: Actor, user: User, active: bool) -> User:
    """Let a person in or keep them out. Who is kept out can neither sign in nor use a token; what they did stays.

    Their roles stay too, so that letting them in again restores everything. Problem: ``last_administrator``.
    """
    require(actor, "manage_people")
    if not active:
        _keep_an_administrator(user)
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_active != active:
        user.is_active = active
        user.save(update_fields=["is_active"])
        record(actor, "activate_user" if active else "deactivate_user", user)
    return user


@transaction.atomic
def revoke_role(*, actor: Actor, membership: Membership) -> None:
    """Take a role away. The last administrator keeps theirs: ``last_administrator``."""
    require(actor, "manage_people")
    if membership.role == Role.ADMINISTRATOR:
        _keep_an_administrator(membership.user)
    record(actor, "revoke_role", membership, site=membership.site, user=membership.user_id, role=membership.role)
    membership.delete()


@transaction.atomic
def create_token(
    *, actor: User, name: str, scopes: Collection[str], expires_at: dt.datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token of the actor, and its secret, which is shown once and kept nowhere.

    Problem ``invalid_request``: no name, no scope or an unknown one, an end in the past.
    """
    faults = []
    if not name.strip():
        faults.append(Fault(Message("token_name_needed"), field="name"))
    faults += [
        Fault(Message("unknown_scope", {"scope": scope, "known": list(SCOPES)}), field="scopes", value=scope)
        for scope in scopes
        if scope not in SCOPES
    ]
    if not scopes:
        faults.append(Fault(Message("token_scope_needed"), field="scopes"))
    if expires_at is not None and expires_at <= timezone.now():
        faults.append(Fault(Message("token_end_is_past"), field="expires_at"))
    if faults:
        raise Problem("invalid_request", errors=faults)
    secret = SECRET_START + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=actor,
        name=name.strip(),
        prefix=secret[:8],
        sha256=token_digest(secret),
        scopes=[scope for scope in SCOPES if scope in scopes],
        expires_at=expires_at,
    )
    record(actor, "create_token", token, scopes=token.scopes)
    return token, secret


@transaction.atomic
def revoke_token(*, actor: User, token_id: int) -> ApiToken:
    """End one of the actor's own tokens. Twice changes nothing; somebody else's is ``not_found``."""
    token = ApiToken.objects.select_for_update().filter(user=actor, pk=token_id).first()
    if token is None:
        raise Problem("not_found", what=Message("thing_token"))
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record(actor, "revoke_token", token)
    return token


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """A person's tokens, the usable ones first, newest first."""
    return ApiToken.objects.filter(user=user).order_by(F("revoked_at").asc(nulls_first=True), "-created_at")


def memberships_of(user: User) -> list[Membership]:
    """A person's roles with their places."""
    return list(user.memberships.select_related("site__region", "organisation").order_by("role", "site__code", "pk"))


def people_for(
    actor: Actor, *, words: str = "", role: str = "", site: Site | None = None, inactive: bool = False
) -> QuerySet[User]:
    """Everybody with their roles, for those who manage people; by words in name, e-mail, number or site, and by role.

    ``inactive``: those who are kept out, instead of those who may sign in.
    """
    require(actor, "manage_people")
    found = User.objects.filter(is_active=not inactive)
    plain = normalise(words)
    digits = "".join(sign for sign in plain if sign.isdecimal())
    if len(digits) >= FEWEST_DIGITS and not plain.strip("+0123456789 ()-"):
        found, plain = found.filter(phone__contains=digits), ""
    for word in plain.split():
        asked = Q(name__icontains=word) | Q(email__icontains=word)
        places = Membership.objects.filter(
            Q(site__code__icontains=word) | Q(site__name_zh__icontains=word) | Q(site__name_en__icontains=word)
        )
        found = found.filter(asked | Q(pk__in=places.values("user_id")))
    if role == NO_ROLE:
        found = found.filter(memberships__isnull=True)
    elif role:
        found = found.filter(pk__in=Membership.objects.filter(role=role).values("user_id"))
    if site is not None:
        found = found.filter(pk__in=Membership.objects.filter(site=site).values("user_id"))
    roles = Membership.objects.select_related("site", "organisation").order_by("role", "site__code", "pk")
    return found.prefetch_related(Prefetch("memberships", roles)).order_by("name", "email", "phone", "pk")


def person_for(actor: Actor, user_id: int) -> User:
    """One person, for those who manage people; Problem ``not_found``."""
    require(actor, "manage_people")
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise Problem("not_found", what=Message("thing_person"))
    return user


def make_password() -> str:
    """A password that can be read out and typed on a phone: no letters that look alike, 59 random bits."""
    return "-".join("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(3))


def memberships_for(actor: Actor) -> QuerySet[Membership]:
    """Every role of everybody, for those who manage people."""
    require(actor, "manage_people")
    return Membership.objects.select_related("user", "site", "organisation")
