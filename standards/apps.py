from django.apps import AppConfig


class StandardsConfig(AppConfig):
    """Is it good: the library of standards, the checker, samples, lab reports, verdicts."""

    name = "standards"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Read the library at start: a broken file stops it, with file, key and remedy."""
        from standards.library import library

        library()
