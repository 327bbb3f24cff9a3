"""The built front end in templates: ``{% load frontend %}{% frontend_asset 'src/map.ts' %}``."""

from __future__ import annotations

from pathlib import Path

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django_vite.core.asset_loader import DjangoViteAssetLoader

register = template.Library()


@register.simple_tag
def frontend_asset(path: str) -> SafeString:
    """Script and style tags of one entry of the bundle; nothing where the front end has not been built.

    Pages never depend on the bundle, so a missing build is no error here.
    """
    if not Path(settings.DJANGO_VITE["default"]["manifest_path"]).exists():
        return mark_safe("")
    tags = DjangoViteAssetLoader.instance().generate_vite_asset(path, app="default")
    return mark_safe(tags)  # noqa: S308 (made of our own manifest, nothing of a visitor's)
