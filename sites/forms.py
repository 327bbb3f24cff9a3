"""Forms of the administration: people, roles, sites, organisations. What they send on is checked by the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from compostnet.shared.problems import Fault, Problem
from compostnet.shared.texts import Message
from sites.accounts import PhoneField
from sites.models import Organisation, Role, Site
from sites.models.people import SITE_ROLES

MOST_OPTIONS = 1000


def language() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


class Told(forms.Form):
    """A form that shows the faults of a problem at their fields."""

    def tell(self, problem: Problem) -> None:
        """Put each fault at its field; what has none (and a problem without faults) above the form."""
        if not problem.errors:
            self.add_error(None, problem.message.render(language()))
        for fault in problem.errors:
            self.add_error(fault.field if fault.field in self.fields else None, said(fault))


def said(fault: Fault) -> str:
    """A fault in words, with what would be accepted."""
    accepted = f" {fault.accepted.render(language())}" if fault.accepted else ""
    return fault.message.render(language()) + accepted


class PersonForm(Told):
    """A new account."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("As colleagues should see it."),
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        required=False,
        max_length=254,
        error_messages={"invalid": gettext_lazy("This is not an e-mail address. Write it as name@example.org.")},
    )
    phone = PhoneField(required=False, help_text=gettext_lazy("E-mail address or phone number: one of them is enough."))
    way = forms.ChoiceField(
        label=gettext_lazy("The first password"),
        widget=forms.RadioSelect,
        initial="show",
        choices=[
            ("show", gettext_lazy("Make one and show it to me once; I hand it over")),
            ("mail", gettext_lazy("Send a mail in which the person sets it")),
        ],
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not (data.get("email") or data.get("phone")):
            self.add_error("email", Message("email_or_phone_needed").render(language()))
        if not self.errors and data.get("way") == "mail" and not data.get("email"):
            self.add_error("email", _("A mail needs an e-mail address."))
        return data


class RoleForm(Told):
    """A role to give: which, and at which site or in which laboratory."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)
    place = forms.CharField(
        label=gettext_lazy("Site or laboratory"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("For site operators, site managers and laboratories; leave it empty for the others."),
        widget=forms.TextInput(attrs={"list": "places", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        role, place = data.get("role"), (data.get("place") or "").strip()
        data["site"] = data["organisation"] = None
        if role in SITE_ROLES:
            data["site"] = self._find(Site.objects.all(), place, _("Name the site at which the person has this role."))
        elif role == Role.LAB:
            labs = Organisation.objects.filter(kind=Organisation.Kind.LAB)
            data["organisation"] = self._find(labs, place, _("Name the laboratory in which the person works."))
        elif place:
            self.add_error("place", _("This role is held in the whole network; leave the place empty."))
        return data

    def _find(self, things: Any, text: str, needed: str) -> Any:
        """The one thing with this code or name; an error at the field where there is none or more than one."""
        if not text:
            self.add_error("place", needed)
            return None
        code = text.rpartition("(")[2].rstrip(")") if text.endswith(")") else text
        found = list(things.filter(code__in=[text, code])[:2])
        if len(found) != 1:
            found = list(things.filter(Q(name_zh__iexact=text) | Q(name_en__iexact=text))[:5])
        if len(found) == 1:
            return found[0]
        if found:
            said = Message("place_ambiguous", {"text": text, "codes": [thing.code for thing in found]})
        else:
            said = Message("place_not_found", {"text": text})
        self.add_error("place", said.render(language()))
        return None


def place_options() -> list[tuple[str, str]]:
    """What the place field of `RoleForm` suggests: code and name of sites and laboratories."""
    labs = Organisation.objects.filter(kind=Organisation.Kind.LAB).order_by("code")[:MOST_OPTIONS]
    sites = Site.objects.order_by("code").only("code", "name_zh", "name_en")[:MOST_OPTIONS]
    return [(thing.code, thing.name) for thing in (*labs, *sites)]
