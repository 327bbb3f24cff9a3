"""What every request passes through: an id, the reader's language, security headers, problems turned into answers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils import translation
from django.utils.translation.trans_real import get_languages, get_supported_language_variant, parse_accept_lang_header

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from compostnet.shell.answers import PROBLEM_TYPE, language, problem_response, request_id

GetResponse = Callable[[HttpRequest], HttpResponse]
REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")


def known_language(wish: str | None) -> str | None:
    """``wish`` if it is the code of a language that we speak."""
    return wish if wish and wish in get_languages() else None


def remember_language(response: HttpResponse, language: str) -> None:
    """Keep the reader's choice for a year; the cookie holds nothing but the language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )


def language_of(request: HttpRequest) -> str:
    """``?lang=``, else the reader's choice (cookie), else the browser's first language that we speak, else Chinese."""
    for wish in (request.GET.get("lang"), request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)):
        if language := known_language(wish):
            return language
    for code, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if code.startswith("zh"):
            return "zh-hans"
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


SAME_FOR_ALL = ("/static/", "/health/", "/map/data/")
"""Addresses whose answers no language changes: any cache may keep one copy for everybody. An answer says the same of
itself by ``same_for_all`` (a file of a release, beside pages that are in the reader's language)."""


class LanguageMiddleware:
    """Activates the reader's language and says so in the answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = language_of(request)
        request.LANGUAGE_CODE = chosen  # type: ignore[attr-defined]
        with translation.override(chosen):
            response = self.get_response(request)
        if request.path.startswith(SAME_FOR_ALL) or getattr(response, "same_for_all", False):
            return response
        response.headers.setdefault("Content-Language", chosen)
        response.headers["Vary"] = ", ".join(
            dict.fromkeys([*filter(None, response.headers.get("Vary", "").split(", ")), "Accept-Language", "Cookie"])
        )
        return response


class RequestIdMiddleware:
    """Gives every request an id that the logs, the audit record, problems and error pages name.

    A proxy may bring one in ``X-Request-ID``; what is not plain and short is replaced, because it goes into logs.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not REQUEST_ID.match(request.META.get("HTTP_X_REQUEST_ID", "")):
            request.META["HTTP_X_REQUEST_ID"] = str(uuid.uuid4())
        request.request_id = request.META["HTTP_X_REQUEST_ID"]  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response


class ContentSecurityMiddleware:
    """Tells browsers that a page uses nothing from any other host (Django 5.2 has no such header of its own)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        sign_in = " https://open.weixin.qq.com" if settings.SOCIALACCOUNT_PROVIDERS else ""
        self.policy = "; ".join(
            [
                "default-src 'self'",
                "img-src 'self' data: blob:",
                "style-src 'self'",
                "worker-src 'self' blob:",
                "connect-src 'self'",
                f"form-action 'self'{sign_in}",
                "base-uri 'none'",
                "object-src 'none'",
                "frame-ancestors 'none'",
            ]
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not (settings.DEBUG and response.status_code == 500):  # Django's own trace page has its styles inside
            policy = self.policy
            if getattr(response, "may_be_framed", False):  # set by the view of the embedded map
                policy = policy.replace("frame-ancestors 'none'", "frame-ancestors *")
            response.headers.setdefault("Content-Security-Policy", policy)
        return response


def _length(request: HttpRequest) -> int:
    """Bytes of the body as its sender announced them; Django reads no more than that, and nothing where it is 0."""
    text = request.META.get("CONTENT_LENGTH") or ""
    return int(text) if text.isdecimal() else 0


class ProblemMiddleware:
    """A `Problem` that a page raised becomes a page that says what is wrong; under ``/api/`` every error is a problem.

    What Django itself answers there (no such address, wrong method) becomes a problem document as well.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_api = request.path.startswith("/api/")
        # Databases keep no NUL character; no address or filter has one.
        if "\x00" in request.path or any("\x00" in text for key in request.GET for text in request.GET.getlist(key)):
            problem = Problem("not_found", what=Message("thing_address"))
            return problem_response(problem) if is_api else self._page(request, problem)
        # Before anything reads it: Django itself limits forms and JSON, but not files.
        if _length(request) > settings.MAX_REQUEST_BYTES:
            problem = Problem("too_large", limit=filesizeformat(settings.MAX_REQUEST_BYTES))
            return problem_response(problem) if is_api else self._page(request, problem)
        response = self.get_response(request)
        if is_api and response.status_code >= 400 and not response.get("Content-Type", "").startswith(PROBLEM_TYPE):
            return self._as_problem(request, response)
        if response.status_code == 405 and not is_api:  # Django's has no text: a reader would see a blank page
            allowed = response.get("Allow", "")
            page = self._page(request, Problem("method_not_allowed", method=request.method, allowed=allowed))
            page["Allow"] = allowed
            return page
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Problem):
            return None
        return problem_response(exception) if request.path.startswith("/api/") else self._page(request, exception)

    def _page(self, request: HttpRequest, problem: Problem) -> HttpResponse:
        context = {"problem": {**problem.as_json(language()), "request_id": request_id()}}
        return render(request, "problem.html", context, status=problem.status)

    def _as_problem(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code == 404:
            return problem_response(Problem("not_found", what=Message("thing_address")))
        if response.status_code == 405:
            allowed = response.get("Allow", "")
            answer = problem_response(Problem("method_not_allowed", method=request.method, allowed=allowed))
            answer["Allow"] = allowed
            return answer
        if response.status_code >= 500:
            return problem_response(Problem("unexpected", request_id=request_id()))
        return problem_response(Problem("refused", status=response.status_code))
