from django.apps import AppConfig


class SitesConfig(AppConfig):
    """Who composts where: regions, organisations, sites, people and their roles, the map."""

    name = "sites"
    default_auto_field = "django.db.models.BigAutoField"
