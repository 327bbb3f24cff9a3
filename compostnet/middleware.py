"""What every request passes through: the reader's language and problems turned into answers."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation.trans_real import get_languages, get_supported_language_variant, parse_accept_lang_header

from compostnet.shared.problems import Problem

GetResponse = Callable[[HttpRequest], HttpResponse]


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


class LanguageMiddleware:
    """Activates the reader's language and says so in the answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        response.headers["Vary"] = ", ".join(
            dict.fromkeys([*filter(None, response.headers.get("Vary", "").split(", ")), "Accept-Language", "Cookie"])
        )
        return response


class ProblemMiddleware:
    """A `Problem` that a page raised becomes a page that says what is wrong; the API answers its own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Problem):
            return None
        language = translation.get_language() or settings.LANGUAGE_CODE
        problem = exception.as_json(language)
        if request.path.startswith("/api/"):
            return JsonResponse(problem, status=exception.status, content_type="application/problem+json")
        return render(request, "problem.html", {"problem": problem}, status=exception.status)
