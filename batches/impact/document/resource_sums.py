"""What sites wrote down besides masses, over the spans of a release: of each site and of the network. Pure."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from batches.impact.document.inputs import Inputs
from batches.impact.document.levels import Span
from batches.resources import Resources

Amounts = dict[str, dict[str, float]]


def resource_sums(inputs: Inputs, rules: Resources, spans: dict[str, Span]) -> tuple[list[Amounts], Amounts]:
    """Of every site, and of the network, span → kind → amount in the unit of the kind.

    A kind is summed over months, or its latest value holds (people, households); over sites it is summed or not told.
    """
    records = inputs.records
    of_site: list[dict[str, dict[str, Decimal]]] = [{name: {} for name in spans} for _ in inputs.sites]
    rows = zip(records.site.tolist(), records.month.tolist(), records.kind.tolist(), records.value, strict=True)
    for n, t, number, text in rows:
        kind, value = records.kinds[number], Decimal(text)
        rule = rules.kinds.get(kind)
        if rule is None:
            continue
        for name, (start, stop) in spans.items():
            if start <= t < stop:
                here = of_site[n][name]
                here[kind] = here.get(kind, Decimal(0)) + value if rule.over_months == "sum" else value
    network: dict[str, dict[str, Decimal]] = {name: defaultdict(Decimal) for name in spans}
    for site in of_site:
        for name, amounts in site.items():
            for kind, value in amounts.items():
                if rules.kinds[kind].over_sites == "sum":
                    network[name][kind] += value
    return [_told(site) for site in of_site], _told(network)


def _told(spans: dict[str, dict[str, Decimal]]) -> dict[str, Any]:
    return {name: {kind: float(value) for kind, value in amounts.items()} for name, amounts in spans.items()}
