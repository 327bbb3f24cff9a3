"""The batches of a site by state, for its public page: how many there are, not what is in them."""

from __future__ import annotations

from django.db.models import Count
from django.utils.translation import gettext as _

from batches.models import Batch
from compostnet.shared.display import format_number
from sites.models import Site
from sites.panels import Item, Panel


def batches_by_state(site: Site) -> Panel | None:
    """A line for each state in which the site has batches; None where it has none."""
    counted = dict(
        Batch.objects.filter(site=site)
        .order_by()
        .values_list("state")
        .annotate(Count("pk"))
        .values_list("state", "pk__count")
    )
    items = [
        Item(str(state.label), format_number(counted[state.value])) for state in Batch.State if counted.get(state.value)
    ]
    return Panel(_("Batches by state"), items) if items else None
