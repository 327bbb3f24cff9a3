from django.apps import AppConfig


class StandardsConfig(AppConfig):
    """Is it good: the library of standards, the checker, samples, lab reports, verdicts."""

    name = "standards"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Read the rule files at start: a broken one stops it, with file, key and remedy; offer what figures ask."""
        from batches.providers import provide
        from sites.panels import offer
        from standards.advice import advice_rules
        from standards.library import library
        from standards.process.rules import process_rules
        from standards.selectors.quality import product_quality
        from standards.site_panel import published_reports

        library()
        process_rules()
        advice_rules()
        provide("product_quality", product_quality)
        offer("reports", published_reports)
