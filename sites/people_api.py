"""The API of people: who I am, my tokens, everybody's roles."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema, Status
from pydantic import AwareDatetime, Field

from compostnet.shared.paging import Page, PageQuery, paginate
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites import people
from sites.auth import SCOPES, actor, signed_in
from sites.models import ApiToken, Membership, Organisation
from sites.selectors import site_with_code

router = Router()
IdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]


class RoleOut(Schema):
    """A role that a person holds, and where."""

    id: int
    role: str
    site: str | None = Field(None, description="code of the site, for operator and manager")
    organisation: str | None = Field(None, description="code of the laboratory, for lab")

    @staticmethod
    def resolve_site(membership: Membership) -> str | None:
        return membership.site.code if membership.site else None

    @staticmethod
    def resolve_organisation(membership: Membership) -> str | None:
        return membership.organisation.code if membership.organisation else None


class MeOut(Schema):
    """Who is asking."""

    id: int
    name: str
    email: str | None
    phone: str | None
    roles: list[RoleOut]


class TokenOut(Schema):
    """A token, without its secret."""

    id: int
    name: str
    prefix: str = Field(description="how the token begins")
    scopes: list[str]
    created_at: dt.datetime
    expires_at: dt.datetime | None
    last_used_at: dt.datetime | None
    revoked_at: dt.datetime | None
    usable: bool

    @staticmethod
    def resolve_usable(token: ApiToken) -> bool:
        return token.revoked_at is None and (token.expires_at is None or token.expires_at > timezone.now())


class NewTokenOut(Schema):
    """A token just made. The secret is shown this once."""

    token: TokenOut
    secret: str


class TokenIn(Schema):
    name: str = Field(min_length=1, max_length=100)
    scopes: list[str] = Field(min_length=1, max_length=20, description=f"of {', '.join(SCOPES)}")
    expires_at: AwareDatetime | None = None


class MembershipOut(RoleOut):
    """A role with the person who holds it."""

    user_id: int
    user: str

    @staticmethod
    def resolve_user(membership: Membership) -> str:
        return str(membership.user)


class MembershipIn(Schema):
    login: str = Field(min_length=1, max_length=254, description="e-mail address or phone number of the person")
    role: str = Field(max_length=20)
    site: str | None = Field(None, max_length=60, description="code of the site, for operator and manager")
    organisation: str | None = Field(None, max_length=60, description="code of the laboratory, for lab")


@router.get("/me", auth=signed_in("read"), response=MeOut, operation_id="read_me", summary="Who I am and what I may do")
def read_me(request: HttpRequest):
    user = actor(request)
    return {
        "id": user.pk,
        "name": user.name,
        "email": user.email,
        "phone": user.phone,
        "roles": people.memberships_of(user),
    }


@router.get("/tokens", auth=signed_in("read"), response=Page[TokenOut], operation_id="list_tokens", summary="My tokens")
def list_tokens(request: HttpRequest, page: Query[PageQuery]):
    rows, after = paginate(
        ApiToken.objects.filter(user=actor(request)), order=("-id",), cursor=page.cursor, limit=page.limit
    )
    return {"items": rows, "next": after}


@router.post(
    "/tokens",
    auth=signed_in("read", session_only=True),
    response={201: NewTokenOut},
    operation_id="create_token",
    summary="Make a token (from a session only)",
)
def create_token(request: HttpRequest, body: TokenIn):
    token, secret = people.create_token(
        actor=actor(request), name=body.name, scopes=body.scopes, expires_at=body.expires_at
    )
    return Status(201, {"token": token, "secret": secret})


@router.delete(
    "/tokens/{token_id}",
    auth=signed_in("read", session_only=True),
    response=TokenOut,
    operation_id="revoke_token",
    summary="Revoke one of my tokens (from a session only)",
)
def revoke_token(request: HttpRequest, token_id: IdPath):
    return people.revoke_token(actor=actor(request), token_id=token_id)


@router.get(
    "/memberships",
    auth=signed_in("desk"),
    response=Page[MembershipOut],
    operation_id="list_memberships",
    summary="Everybody's roles",
)
def list_memberships(request: HttpRequest, page: Query[PageQuery]):
    rows, after = paginate(people.memberships_for(actor(request)), order=("id",), cursor=page.cursor, limit=page.limit)
    return {"items": rows, "next": after}


@router.post(
    "/memberships",
    auth=signed_in("desk"),
    response={201: MembershipOut},
    operation_id="grant_role",
    summary="Give a person a role",
)
def grant_role(request: HttpRequest, body: MembershipIn):
    who = actor(request)
    people.require(who, "manage_people")
    user = people.find_user(body.login)
    if user is None:
        raise Problem("user_not_found", login=body.login)
    site = organisation = None
    if body.site is not None:
        site = site_with_code(body.site)
    if body.organisation is not None:
        organisation = Organisation.objects.filter(code=body.organisation).first()
        if organisation is None:
            raise Problem("not_found", what=Message("thing_organisation"))
    membership = people.grant_role(actor=who, user=user, role=body.role, site=site, organisation=organisation)
    return Status(201, membership)


@router.delete(
    "/memberships/{membership_id}",
    auth=signed_in("desk"),
    response={204: None},
    operation_id="revoke_role",
    summary="Take a role away",
)
def revoke_role(request: HttpRequest, membership_id: IdPath):
    who = actor(request)
    people.require(who, "manage_people")
    membership = Membership.objects.select_related("site").filter(pk=membership_id).first()
    if membership is None:
        raise Problem("not_found", what=Message("thing_membership"))
    people.revoke_role(actor=who, membership=membership)
    return Status(204, None)
