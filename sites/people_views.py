"""Pages of a person's own account: overview, details, tokens."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from compostnet.shared.problems import Problem
from sites import people
from sites.accounts import PhoneField
from sites.auth import SCOPES, actor
from sites.permissions import role_table


class DetailsForm(forms.Form):
    """A person's own name and phone number."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100, required=False)
    phone = PhoneField(required=False)


class TokenForm(forms.Form):
    """A new token: name, scopes, when it ends."""

    name = forms.CharField(
        label=gettext_lazy("What is it for?"),
        max_length=100,
        help_text=gettext_lazy("For example: scale in the yard, monthly script."),
    )
    scopes = forms.MultipleChoiceField(label=gettext_lazy("What it may do"), widget=forms.CheckboxSelectMultiple)
    ends = forms.ChoiceField(
        label=gettext_lazy("How long it works"),
        choices=[
            ("90", gettext_lazy("90 days")),
            ("365", gettext_lazy("one year")),
            ("", gettext_lazy("until I revoke it")),
        ],
        required=False,
        initial="365",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = translation.get_language() or "zh-hans"
        self.fields["scopes"].choices = [(scope, text.in_language(language)) for scope, text in SCOPES.items()]

    def expires_at(self) -> dt.datetime | None:
        days = self.cleaned_data["ends"]
        return timezone.now() + dt.timedelta(days=int(days)) if days else None


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """My roles and sites, my name and number, ways to my tokens and password."""
    user = actor(request)
    form = DetailsForm(request.POST or None, initial={"name": user.name, "phone": user.phone})
    if request.method == "POST" and form.is_valid():
        try:
            people.change_details(actor=user, **form.cleaned_data)
        except Problem as problem:
            form.add_error("phone", problem.message.render(translation.get_language() or "zh-hans"))
        else:
            messages.success(request, _("Saved."))
            return redirect("account")
    table = role_table()
    roles = [
        {"membership": membership, "may": [table.permissions[name] for name in table.roles[membership.role]]}
        for membership in people.memberships_of(user)
    ]
    return render(request, "sites/people/account.html", {"form": form, "roles": roles})


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """My tokens; a new one is shown once, in the answer to its making."""
    user, secret = actor(request), None
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _token, secret = people.create_token(
            actor=user,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at(),
        )
        form = TokenForm()
    now = timezone.now()
    rows = [
        {
            "token": token,
            "scopes": [SCOPES[scope] for scope in token.scopes if scope in SCOPES],
            "ended": token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now),
        }
        for token in people.tokens_of(user)
    ]
    return render(request, "sites/people/tokens.html", {"form": form, "rows": rows, "secret": secret})


@login_required
@require_POST
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """End a token of mine."""
    token = people.revoke_token(actor=actor(request), token_id=token_id)
    messages.success(request, _("The token “%(name)s” no longer works.") % {"name": token.name})
    return redirect("tokens")


@login_required
@require_GET
def phone_moved(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """allauth's pages for verifying a phone need a text message gateway; the number is changed on my account page."""
    return redirect("account")
