from django.apps import AppConfig


class BatchesConfig(AppConfig):
    """What was composted: batches, ledger, diary, uploads, and the figures made of them."""

    name = "batches"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Offer what the public page of a site shows of its batches."""
        from batches.site_panel import batches_by_state
        from sites.panels import offer

        offer("batches", batches_by_state)
