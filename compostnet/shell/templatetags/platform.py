"""``{% load platform %}``: figures, months and texts in the reader's language, navigation and our few icons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from compostnet.shared.display import NOTHING, MassUnit, Number, format_mass, format_month, format_number
from compostnet.shared.months import month_of, month_text
from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from sites.models import Role, Site
from sites.models.people import SITE_ROLES
from sites.permissions import roles_with

register = template.Library()
MOST_SITES_IN_BAR = 5


def _language() -> str:
    return get_language() or "zh-hans"


def _number(value: Any) -> Number | None:
    """A number from a number or an exact text (``"1.5"``); None for None and an empty text."""
    if value is None or value == "":
        return None
    return Decimal(value) if isinstance(value, str) else value


@register.filter
def number(value: Any, decimals: int | None = None) -> str:
    """``{{ x|number }}`` with three significant digits, ``{{ x|number:1 }}`` with one decimal; None is a dash."""
    return format_number(_number(value), decimals)


@register.filter
def mass(value: Any, unit: MassUnit = "mg") -> str:
    """``{{ mass_mg|mass }}``: milligrams as tonnes or kilograms with the unit; ``|mass:"t"`` when it is in tonnes."""
    return format_mass(_number(value), _language(), unit)


@register.filter
def tonnes_in(value: Any, shown: MassUnit) -> str:
    """``{{ figure.ch4_avoided_t|tonnes_in:"kg" }}``: tonnes in one unit, the same for every row of a table."""
    return format_mass(_number(value), _language(), "t", shown)


@register.filter
def exactly(value: Any) -> str:
    """A factor with all its digits and none that say nothing: ``28.0`` as ``28``, ``2e-07`` as ``0.0000002``."""
    found = Decimal(str(value))
    return f"{found.normalize():f}" if found.is_finite() else str(value)


@register.filter
def formulas(value: Any) -> str:
    """Chemical formulas and cubic metres of a unit with their small figures: ``t CH4/t`` as ``t CH₄/t``."""
    text = str(value)
    for plain, shown in (("CH4", "CH₄"), ("N2O", "N₂O"), ("CO2", "CO₂"), ("m3", "m³")):
        text = text.replace(plain, shown)
    return text


@register.filter
def month_name(value: Any) -> str:
    """A month index, ``YYYY-MM`` or a date as ``2024年5月`` or ``May 2024``."""
    if value is None or value == "":
        return NOTHING
    return format_month(month_of(value) if isinstance(value, dt.date) else value, _language())


@register.filter
def month_code(value: int) -> str:
    """A month index as ``YYYY-MM``, for addresses and forms."""
    return month_text(value)


@register.filter
def in_language(value: Any, base: str | None = None) -> str:
    """The reader's side of a Text, a Message or a ``{zh, en}`` mapping; a plain text as it is.

    ``{{ place|in_language:"name" }}`` reads ``name_zh`` and ``name_en`` of a mapping or an object; where the reader's
    is empty the other one stands in.
    """
    language = _language()
    if value is None:
        return ""
    if base is not None:
        sides = (f"{base}_zh", f"{base}_en")
        zh, en = (value.get(key) if isinstance(value, Mapping) else getattr(value, key, "") for key in sides)
    elif isinstance(value, Message):
        return value.render(language)
    elif isinstance(value, Text):
        return value.in_language(language)
    elif isinstance(value, Mapping):
        zh, en = value.get("zh"), value.get("en")
    else:
        return str(value)
    return str((zh or en or "") if language.startswith("zh") else (en or zh or ""))


@register.simple_tag(takes_context=True)
def nav_item(context: Context, url_name: str, label: str) -> str:
    """A list item that links to a page, marked when the reader is there; nothing while the page does not exist."""
    try:
        address = reverse(url_name)
    except NoReverseMatch:
        return ""
    request = context.get("request")
    here = request.path if request is not None else ""
    mark = ""
    if here == address:
        mark = mark_safe(' aria-current="page"')
    elif here.startswith(address):
        mark = mark_safe(' aria-current="true"')
    return format_html('<li><a href="{}"{}>{}</a></li>', address, mark, label)


# Our own drawings on a 24 × 24 grid, stroked with the text's colour.
ICONS = {
    "map": '<path d="M9 4 3 6.5v13L9 17l6 2.5 6-2.5V4l-6 2.5L9 4Z"/><path d="M9 4v13M15 6.5v13"/>',
    "figures": '<path d="M4 20h16"/><path d="M6.5 20v-6M12 20V8M17.5 20V4"/>',
    "check": '<path d="M6 3h8l4 4v14H6z"/><path d="M14 3v4h4"/><path d="m9 14 2.2 2.2L15.5 12"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c1-4 4-6 7.5-6s6.5 2 7.5 6"/>',
    "language": '<circle cx="12" cy="12" r="9"/><path d="M3 12h18"/>'
    '<path d="M12 3c3 2.5 4 5.5 4 9s-1 6.5-4 9c-3-2.5-4-5.5-4-9s1-6.5 4-9Z"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v6M12 7.3v.2"/>',
    "download": '<path d="M12 4v11m0 0-4.5-4.5M12 15l4.5-4.5"/><path d="M4 20h16"/>',
    "scale": '<path d="M12 4v16M7 20h10M5 7h14"/><path d="m5 7-2.5 6h5L5 7Zm14 0-2.5 6h5L19 7Z"/>',
    "leaf": '<path d="M5 19C4 10 9 4.5 20 4c.5 10-4.5 16-13 14"/><path d="M4 21c2-5 5-8 10-11"/>',
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of our icons as inline SVG, hidden from screen readers: the words beside it say what it means."""
    return mark_safe(  # noqa: S308 (our own constants)
        '<svg class="icon" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" '
        'stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
        f"{ICONS[name]}</svg>"
    )


@register.simple_tag(takes_context=True)
def work_places(context: Context) -> list[dict[str, Any]]:
    """Where a signed-in person works: the logbooks of their sites, uploads, the desk, training; each if it exists."""
    user = context["request"].user
    own_sites = Site.objects.filter(memberships__user=user, memberships__role__in=SITE_ROLES).distinct()
    places: list[tuple[str, str, list[str]]] = [
        (_("Logbook: %(site)s") % {"site": site.name}, "logbook", [site.code])
        for site in own_sites.order_by("code")[:MOST_SITES_IN_BAR]
    ]
    roles = set(user.memberships.values_list("role", flat=True))
    if roles & set(roles_with("upload_sheets")):
        places.append((_("Uploads"), "uploads", []))
    if Role.LAB in roles:
        places.append((_("My lab"), "my_lab", []))
    if roles & set(roles_with("view_network")):
        places.append((_("Desk"), "desk", []))
    if roles & set(roles_with("create_site")):
        places.append((_("Manage sites"), "desk_sites", []))
    if roles & set(roles_with("manage_people")):
        places.append((_("People"), "people", []))
    if roles & set(roles_with("hand_in_evidence")) | roles & set(roles_with("review_evidence")):
        places.append((_("Training"), "training", []))
    found = []
    for label, url_name, arguments in places:
        try:
            address = reverse(url_name, args=arguments)
        except NoReverseMatch:
            continue
        found.append({"label": label, "address": address, "here": context["request"].path == address})
    return found
