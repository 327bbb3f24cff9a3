"""Pages of the shell: the start page, how figures come about, the language switch, and the page of last resort."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from compostnet.middleware import known_language, remember_language


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the network is, the headline figures of the latest release, and the ways in."""
    return render(request, "shell/home.html", {})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """How a figure comes about: weighed, checked, verified, released."""
    return render(request, "shell/about.html")


@require_safe
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the language ``?lang=`` in a cookie and go back to ``?next=`` (a page of ours, else the start page)."""
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None) or not target.startswith("/"):
        target = "/"
    parts = urlsplit(target)
    query = urlencode([(key, value) for key, value in parse_qsl(parts.query, True) if key != "lang"])
    response = HttpResponseRedirect(urlunsplit(("", "", parts.path, query, "")))
    if language := known_language(request.GET.get("lang")):
        remember_language(response, language)
    return response
