"""Subscribing to releases by mail: asked for, confirmed by a link, ended by one."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from batches.services.subscribers import confirm_subscription, end_subscription, subscribe
from compostnet.shared.problems import Problem
from compostnet.shell.answers import language
from sites.auth import actor, limit_writes

RATE = "10/h"
"""So often one address may ask for mails."""


@require_http_methods(["GET", "HEAD", "POST"])
def subscription(request: HttpRequest) -> HttpResponse:
    """The form; its answer is the same whether the address is known or not."""
    faulty, email = None, ""
    if request.method == "POST":
        user = actor(request)
        limit_writes(request, user, group="subscribe", rate=RATE)
        email = request.POST.get("email", "")
        try:
            subscribe(actor=user, email=email, language=language())
        except Problem as problem:
            faulty = problem.message.render(language())
        else:
            messages.success(
                request,
                _("If this address is not subscribed yet, a mail with a link is on its way. Open the link to confirm."),
            )
            return redirect("subscribe")
    status = 200 if faulty is None else 422
    return render(request, "batches/releases/subscribe.html", {"faulty": faulty, "email": email}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def subscription_confirm(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The page of the link: a button, because programs that look into mails follow links."""
    done = request.method == "POST"
    if done:
        confirm_subscription(actor=actor(request), key=key)
    return render(request, "batches/releases/subscription.html", {"what": "confirm", "done": done})


@csrf_exempt  # programs for mail end a subscription by themselves (RFC 8058); the key is the proof
@require_http_methods(["GET", "HEAD", "POST"])
def subscription_end(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """One press, and no mail comes any more."""
    done = request.method == "POST"
    if done:
        end_subscription(actor=actor(request), key=key)
    return render(request, "batches/releases/subscription.html", {"what": "end", "done": done})


urlpatterns = [
    path("subscribe/", subscription, name="subscribe"),
    path("subscribe/<uuid:key>/confirm/", subscription_confirm, name="subscription_confirm"),
    path("subscribe/<uuid:key>/end/", subscription_end, name="subscription_end"),
]
