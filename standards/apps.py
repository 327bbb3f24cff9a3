from django.apps import AppConfig


class StandardsConfig(AppConfig):
    """Is it good: the library of standards, the checker, samples, lab reports, verdicts."""

    name = "standards"
    default_auto_field = "django.db.models.BigAutoField"
