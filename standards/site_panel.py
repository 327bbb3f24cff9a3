"""The published lab reports of a site's compost, for its public page."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from sites.models import Site
from sites.panels import Item, Panel
from standards.models import LabReport

MOST_REPORTS = 5


def published_reports(site: Site) -> Panel | None:
    """The newest published reports, each leading to its public page; None where there is none."""
    found = (
        LabReport.objects.filter(sample__batch__site=site, published_at__isnull=False, public_code__isnull=False)
        .exclude(state=LabReport.State.WITHDRAWN)
        .order_by("-reported_on", "-published_at")
        .values_list("public_code", "reported_on", "sample__batch__code")[:MOST_REPORTS]
    )
    items = [
        Item(
            _("Batch %(batch)s") % {"batch": batch},
            _("Lab report of %(day)s") % {"day": day.isoformat()} if day else _("Lab report"),
            reverse("product", args=[code]),
        )
        for code, day, batch in found
    ]
    return Panel(_("Published lab reports"), items) if items else None
