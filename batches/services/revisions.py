"""What the data of the release before give by the rules of now: tells a revision of rules from a correction of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from batches.impact.document.changes import Values, values_of
from batches.impact.document.figures import make_series
from batches.models import Release
from batches.services.freezing import Frozen, thaw
from compostnet.shared.problems import Problem

Json = Mapping[str, Any]
FACTS = ("region", "zone", "invented")
"""What of a site's own facts changes its methane."""


def revised_values(earlier: Json, about: Json, frozen: Frozen) -> Values | None:
    """The values of the release before with its own data and the rules, zones and code of now.

    None where neither rules nor code nor places have changed, or where nothing was kept of that release.
    """
    release = Release.objects.filter(number=earlier["release"]["number"]).first()
    if release is None:
        return None
    try:
        before = thaw(release)
    except Problem:
        return None
    now = {site.code: site for site in frozen.inputs.sites}
    sites = [
        replace(site, **{name: getattr(now[site.code], name) for name in FACTS}) if site.code in now else site
        for site in before.inputs.sites
    ]
    same_rules = before.parts["rules"] == frozen.parts["rules"]
    same_code = earlier["release"]["code_version"] == about["code_version"]
    if same_rules and same_code and sites == list(before.inputs.sites):
        return None
    regions = {**before.inputs.regions, **frozen.inputs.regions}
    inputs = replace(before.inputs, sites=sites, regions=regions)
    return values_of(make_series(inputs, frozen.rules), earlier["release"]["month"])
