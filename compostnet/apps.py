from django.apps import AppConfig

from compostnet.celery import app as celery_app  # noqa: F401 (shared tasks find their application by it)


class CompostnetConfig(AppConfig):
    """The project itself: the web shell, its templates and its commands."""

    name = "compostnet"
