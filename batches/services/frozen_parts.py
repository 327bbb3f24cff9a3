"""What a release froze besides the ledger, as JSON parts and back: places, flags and rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batches.impact.inputs import Inputs, RegionFacts, SiteFacts, flags_of, ranges_of
from batches.impact.rulebook import Rules

Json = dict[str, Any]


def parts_of(inputs: Inputs, rules: Rules) -> dict[str, Json]:
    """The parts of a release: name → content. Masses and records are not among them: they stand in the ledger."""
    return {
        "rules": rules.as_json(),
        "places": {
            "sites": [vars(site) for site in inputs.sites],
            "regions": [vars(inputs.regions[code]) for code in sorted(inputs.regions)],
        },
        "flags": {
            "month": inputs.month,
            "first": inputs.first,
            "verified": _ranges(inputs, "verified"),
            "reported": _ranges(inputs, "reported"),
        },
    }


def _ranges(inputs: Inputs, name: str) -> dict[str, list[list[int]]]:
    ranges = ranges_of(getattr(inputs, name), inputs.first)
    return {inputs.sites[n].code: parts for n, parts in ranges.items()}


def places_of(part: Mapping[str, Any]) -> tuple[list[SiteFacts], dict[str, RegionFacts]]:
    """Sites and regions as they were frozen."""
    return (
        [SiteFacts(**facts) for facts in part["sites"]],
        {facts["code"]: RegionFacts(**facts) for facts in part["regions"]},
    )


def frozen_flags(part: Mapping[str, Any], sites: list[SiteFacts]) -> dict[str, Any]:
    """Month, first month and the flags (T, N) as they were frozen."""
    at = {site.code: n for n, site in enumerate(sites)}
    shape = (part["month"] - part["first"] + 1, len(sites))
    return {
        "month": part["month"],
        "first": part["first"],
        **{
            name: flags_of({at[code]: ranges for code, ranges in part[name].items()}, part["first"], shape)
            for name in ("verified", "reported")
        },
    }
