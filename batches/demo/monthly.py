"""What the demo's sites wrote down once a month: power and fuel, money, volunteers, households, where compost went.

Pure, and by a random stream of its own, so that no other record depends on it. Values are texts, as typed.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from batches.demo.network import OFF_SITE, DemoSite, kind_of, network_file
from batches.demo.records import SiteRecords, as_kg
from compostnet.shared.months import month_text


@dataclass(frozen=True, slots=True)
class DemoRecord:
    """One monthly record of the demo; the fields are those that `store_monthly_records` takes."""

    id: str
    site: str
    month: str
    kind: str
    value: str
    unit: str


def monthly_records(records: SiteRecords) -> list[DemoRecord]:
    """All monthly records of one site, for the months in which it wrote its ledger."""
    file, site = network_file(), records.site
    rng = random.Random(f"{file.seed}:monthly:{site.number}")  # noqa: S311
    found: list[DemoRecord] = []
    for month, rows in sorted(records.ledger.items()):
        if not rows:
            continue
        harvest = sum(as_kg(row) for row in rows if row.kind == "harvest")
        intake = sum(as_kg(row) for row in rows if row.kind == "intake")
        for kind, value, unit in _month(rng, site, intake, harvest):
            key = str(uuid.UUID(int=rng.getrandbits(128), version=4))
            found.append(DemoRecord(key, site.code, month_text(month), kind, value, unit))
    return found


def _month(rng: random.Random, site: DemoSite, intake: float, harvest: float) -> Iterator[tuple[str, str, str]]:
    """Kind, value and unit of what a site writes down of a month."""
    habits = network_file().monthly
    tonnes = intake / 1000
    if site.number % 2 == 0 and site.process != OFF_SITE:
        yield "electricity_kwh", f"{tonnes * rng.uniform(*habits.kwh_per_tonne) + 20:.0f}", "kWh"
    if site.process == OFF_SITE or site.scenario in habits.with_diesel:
        yield "diesel_l", f"{tonnes * rng.uniform(*habits.diesel_per_tonne):.1f}", "L"
    if site.number % 3 != 2:
        yield "money_in", f"{200 + tonnes * rng.uniform(*habits.yuan_per_tonne):.0f}", "CNY"
    if site.process != OFF_SITE and site.number % 4 != 3:
        people = rng.randint(*habits.volunteers)
        yield "volunteers", str(people), "people"
        yield "volunteer_hours", str(people * rng.randint(3, 8)), "h"
    if site.households:
        share = habits.share_of_households + rng.uniform(-0.06, 0.06)
        yield "households_taking_part", str(max(1, round(site.households * share))), "households"
    if harvest and site.number % 5 != 4:
        to, rest = ("compost_to_households_kg", "compost_to_greening_kg")
        if kind_of(site.scenario).kg > habits.farms_above_kg:
            to, rest = ("compost_to_farms_kg", "compost_sold_kg")
        first = harvest * rng.uniform(0.5, 0.8)
        yield to, f"{first:.0f}", "kg"
        yield rest, f"{(harvest - first) * rng.uniform(0.5, 0.9):.0f}", "kg"
