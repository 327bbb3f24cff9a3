from django.apps import AppConfig


class BatchesConfig(AppConfig):
    """What was composted: batches, ledger, diary, uploads, and the figures made of them."""

    name = "batches"
    default_auto_field = "django.db.models.BigAutoField"
