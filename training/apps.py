from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """Who can teach it: programmes, cohorts, enrolments, evidence."""

    name = "training"
    default_auto_field = "django.db.models.BigAutoField"
