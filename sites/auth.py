"""Who is asking the API: a session (with CSRF check on writes) or a personal token with scopes.

``@router.post("/…", auth=signed_in("record"))`` lets in a signed-in person, or a token that has the scope; then
``actor(request)`` is that user. ``signed_in("read", optional=True)`` lets everybody in and knows who it is when they
say so. A public operation has ``auth=None``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import suppress
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django_ratelimit.core import get_usage
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from compostnet.shared.problems import Problem
from compostnet.shared.rules import Text
from sites.models import ApiToken, User

SCOPES: dict[str, Text] = {
    "read": Text(zh="读取内部记录", en="read private records"),
    "record": Text(zh="台账、日志、批次与表格上传", en="ledger, diary, batches and uploads"),
    "lab": Text(zh="样品与检测报告", en="samples and lab reports"),
    "desk": Text(zh="审核、发布、堆肥点与人员管理", en="verify and publish months, manage sites and people"),
    "training": Text(zh="培训报名与证明材料", en="training enrolments and evidence"),
}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
LAST_USED_EVERY = dt.timedelta(minutes=1)


def token_digest(token: str) -> str:
    """The SHA-256 under which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_of(secret: str) -> ApiToken | None:
    """The token that ``secret`` is, unless it is unknown, revoked, expired or its owner inactive."""
    now = timezone.now()
    token = ApiToken.objects.select_related("user").filter(sha256=token_digest(secret)).first()
    if token is None or token.revoked_at is not None or not token.user.is_active:
        return None
    if token.expires_at is not None and token.expires_at <= now:
        return None
    if token.last_used_at is None or now - token.last_used_at >= LAST_USED_EVERY:
        # When it was last used is good to know, but no reason to turn a sender away while the database is busy.
        with suppress(OperationalError), transaction.atomic():
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


class SignedIn(AuthBase):
    """The check that `signed_in` makes; ninja calls it before the operation."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: str, *, optional: bool = False, session_only: bool = False) -> None:
        if scope not in SCOPES:
            raise LookupError(f"{scope} is no scope; known are {', '.join(SCOPES)}")
        self.scope, self.optional, self.session_only = scope, optional, session_only
        super().__init__()

    def __call__(self, request: HttpRequest) -> User | AnonymousUser | None:
        user = self._user(request)
        if request.method not in SAFE_METHODS:
            limit_writes(request, user)
        return user

    def _user(self, request: HttpRequest) -> User | AnonymousUser:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme:
            token = token_of(secret.strip()) if scheme.lower() == "bearer" else None
            if token is None:
                raise Problem("sign_in_needed")
            if self.session_only:
                raise Problem("session_needed")
            if self.scope not in token.scopes:
                raise Problem("scope_needed", scope=self.scope, meaning=SCOPES[self.scope])
            return token.user
        user = request.user
        if isinstance(user, User) and user.is_active:
            if check_csrf(request):
                raise Problem("csrf_needed")
            return user
        if self.optional:
            return AnonymousUser()
        raise Problem("sign_in_needed")


def signed_in(scope: str, *, optional: bool = False, session_only: bool = False) -> SignedIn:
    """The ``auth=`` of an operation that needs a signed-in person, or a token with ``scope``."""
    return SignedIn(scope, optional=optional, session_only=session_only)


def actor(request: HttpRequest) -> User | AnonymousUser:
    """Who is asking, for services and selectors: in the API and in pages alike.

    A session counts only where its CSRF token was checked or nothing can change.
    """
    known: Any = getattr(request, "auth", None)
    if isinstance(known, User | AnonymousUser):
        return known
    if request.method in SAFE_METHODS or getattr(request, "csrf_processing_done", False):
        user = getattr(request, "user", None)
        if isinstance(user, User) and user.is_active:
            return user
    return AnonymousUser()


def _address(request: HttpRequest) -> str:
    """The sender's address; all whose address nobody told (a server on a Unix socket) share one limit."""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return "unknown"


def limit_writes(
    request: HttpRequest, user: User | AnonymousUser, *, group: str = "api-writes", rate: str = ""
) -> None:
    """Raise ``too_many_requests`` when one person (or address) writes more often than `settings.API_WRITE_RATE`.

    What costs more than a write has a ``group`` and ``rate`` of its own.
    """
    who = f"user:{user.pk}" if isinstance(user, User) else f"address:{_address(request)}"
    rate = rate or settings.API_WRITE_RATE
    usage = get_usage(request, group=group, key=lambda *_: who, rate=rate, increment=True)
    if usage is not None and usage["should_limit"]:
        raise Problem("too_many_requests", seconds=max(1, int(usage["time_left"])))
