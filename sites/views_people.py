"""Pages of the administration of people: who there is, their roles, new accounts, passwords, letting in and out."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ResetPasswordForm
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites import people
from sites.auth import actor
from sites.forms import PersonForm, RoleForm, place_options
from sites.models import Membership, Role, User
from sites.permissions import require, role_table

PEOPLE_A_PAGE = 50


@login_required
@never_cache
@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    """Everybody, by words, role and whether they may sign in."""
    who = actor(request)
    wish = {name: request.GET.get(name, "")[:100].replace("\x00", "").strip() for name in ("q", "role", "state")}
    if wish["role"] not in (*Role.values, people.NO_ROLE):
        wish["role"] = ""
    found = people.people_for(who, words=wish["q"], role=wish["role"], inactive=wish["state"] == "out")
    page = Paginator(found, PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "sites/desk/people.html",
        {"page": page, "wish": wish, "filtered": any(wish.values()), "roles": Role.choices, "no_role": people.NO_ROLE},
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def person_new(request: HttpRequest) -> HttpResponse:
    """A new account, with a password that is shown once or a mail in which the person sets one."""
    who = actor(request)
    require(who, "manage_people")
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        password = people.make_password()
        data = form.cleaned_data
        try:
            user = people.create_user(
                actor=who, email=data["email"], phone=data["phone"] or "", name=data["name"], password=password
            )
        except Problem as problem:
            form.tell(problem)
        else:
            if data["way"] == "mail":
                _send_reset(request, user)
                messages.success(request, _("The account is made; a mail with a link for the password is on its way."))
                return redirect("person", user.pk)
            return _page(request, user, password=password, is_new=True)
    return render(request, "sites/desk/person_new.html", {"form": form})


@login_required
@never_cache
@require_safe
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    """One person: how to reach them, their roles, and what can be done."""
    return _page(request, people.person_for(actor(request), user_id))


@login_required
@never_cache
@require_POST
def person_role(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give the person a role."""
    who = actor(request)
    user = people.person_for(who, user_id)
    form = RoleForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            people.grant_role(
                actor=who, user=user, role=data["role"], site=data["site"], organisation=data["organisation"]
            )
        except Problem as problem:
            form.tell(problem)
        else:
            messages.success(request, _("%(person)s has the role now.") % {"person": user})
            return redirect("person", user.pk)
    return _page(request, user, form=form)


@login_required
@require_POST
def person_role_end(request: HttpRequest, user_id: int, membership_id: int) -> HttpResponse:
    """Take a role of the person away."""
    who = actor(request)
    user = people.person_for(who, user_id)
    membership = Membership.objects.select_related("site", "user").filter(pk=membership_id, user=user).first()
    # Somebody else took it away a moment ago: what was wanted is so.
    if membership is not None:
        try:
            people.revoke_role(actor=who, membership=membership)
        except Problem as problem:
            return _refused(request, problem, user)
    messages.success(request, _("The role is taken away."))
    return redirect("person", user.pk)


@login_required
@never_cache
@require_POST
def person_password(request: HttpRequest, user_id: int) -> HttpResponse:
    """A new password for somebody who lost theirs: by mail, or made here and shown once."""
    who = actor(request)
    user = people.person_for(who, user_id)
    if not user.is_active:
        return _refused(request, Problem("person_is_out"), user)
    if request.POST.get("way") == "mail":
        if not user.email:
            return _refused(request, Problem("person_not_told"), user)
        _send_reset(request, user)
        messages.success(request, _("A mail with a link for a new password is on its way."))
        return redirect("person", user.pk)
    password = people.make_password()
    people.set_password(actor=who, user=user, password=password)
    return _page(request, user, password=password)


@login_required
@require_POST
def person_active(request: HttpRequest, user_id: int) -> HttpResponse:
    """Keep a person out, or let them in again."""
    who = actor(request)
    user = people.person_for(who, user_id)
    active = request.POST.get("active") == "1"
    try:
        people.set_active(actor=who, user=user, active=active)
    except Problem as problem:
        return _refused(request, problem, user)
    said = _("%(person)s can sign in again.") if active else _("%(person)s can no longer sign in.")
    messages.success(request, said % {"person": user})
    return redirect("person", user.pk)


def _page(request: HttpRequest, user: User, form: RoleForm | None = None, **more: Any) -> HttpResponse:
    table = role_table()
    held = people.memberships_of(user)
    return render(
        request,
        "sites/desk/person.html",
        {
            "person": user,
            "held": held,
            "form": form or RoleForm(),
            "options": place_options(),
            "is_self": user.pk == request.user.pk,
            "abilities": [(role.label, [table.permissions[name] for name in table.roles[role]]) for role in Role],
            **more,
        },
        status=422 if form is not None else 200,
    )


def _refused(request: HttpRequest, problem: Problem, user: User) -> HttpResponse:
    messages.error(request, Message(problem.code, problem.message.values).render(get_language() or "zh-hans"))
    return redirect("person", user.pk)


def _send_reset(request: HttpRequest, user: User) -> None:
    form = ResetPasswordForm({"email": user.email})
    if form.is_valid():
        form.save(request)
