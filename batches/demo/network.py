"""The demo network's places: 108 invented sites in 41 real cities, from ``network.yaml`` and a fixed seed.

Pure: no Django, no database, no clock. The same arguments give the same network on every machine.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from compostnet.shared.months import first_day, parse_month
from compostnet.shared.rules import Rule, Text, load_rule


class Place(Rule):
    """A real city with the point around which its invented sites stand (WGS-84)."""

    code: str
    province: str
    zh: str
    en: str
    lon: float
    lat: float
    zone: str


class Named(Rule):
    """An invented organisation."""

    code: str
    zh: str
    en: str


class Scenario(Rule):
    """What a site of a scenario is like: kg of its main waste a month, its main waste, what it mixes in."""

    zh: str
    en: str
    kg: float
    waste: str
    brown: str
    households: int
    area: int
    school: bool = False


class Habits(Rule):
    """How the sites measure: kg of food waste in one 120 L bin, kg per litre, and compost per input (kg per kg)."""

    bin_kg: float
    kg_per_litre: float
    screened_yield: tuple[float, float]


class Monthly(Rule):
    """What sites write down once a month: ranges per tonne taken in, heads, and the share of households taking part."""

    kwh_per_tonne: tuple[float, float]
    diesel_per_tonne: tuple[float, float]
    with_diesel: tuple[str, ...]
    yuan_per_tonne: tuple[float, float]
    volunteers: tuple[int, int]
    share_of_households: float
    farms_above_kg: float


class Mess(Rule):
    """Where the mess of real life sits: site numbers, and months counted back from the last one (0 = the last)."""

    silent_site: int
    silent_months: int
    hundredfold_site: int
    hundredfold_month: int
    harvest_site: int
    harvest_month: int
    queried_site: int
    queried_month: int
    corrected_site: int
    corrected_month: int
    balance_site: int
    balance_month: int
    late_bill_site: int

    @classmethod
    def fitting(cls, sites: int) -> Mess:
        """The mess of the whole network; on other sites where the network is small (at least 5 sites)."""
        file = network_file()
        return file.mess if sites > max(file.mess.sites) else file.mess_of_a_small_network

    @property
    def sites(self) -> tuple[int, ...]:
        """The sites that have any; -1 is none."""
        return (
            *(self.silent_site, self.hundredfold_site, self.harvest_site, self.queried_site, self.corrected_site),
            *(self.balance_site, self.late_bill_site),
        )


class MeasuredDaily(Rule):
    """A batch with a reading a day at each point; temperatures in °C, days counted from its start."""

    site: int
    months_back: int
    plateau: float
    hot_days: int
    cooling_per_day: float
    points: dict[str, float]
    turnings: tuple[int, ...]
    dip: float


class NetworkFile(Rule):
    """The shape of ``network.yaml``."""

    seed: int
    first_month: str
    months: int
    sites: int
    note: Text
    climate_source: str
    organisations: tuple[Named, ...]
    lab: Named
    cities: tuple[Place, ...]
    habits: Habits
    monthly: Monthly
    run_by: dict[str, str]
    community_mode: dict[str, str]
    mess: Mess
    mess_of_a_small_network: Mess
    measured_daily: tuple[MeasuredDaily, ...]
    scenarios: dict[str, Scenario]
    cool_processes: tuple[str, ...]
    unturned_processes: tuple[str, ...]
    off_site: Scenario
    places: tuple[tuple[str, str], ...]


@cache
def network_file() -> NetworkFile:
    """The demo network as data."""
    return load_rule(Path(__file__).with_name("network.yaml"), NetworkFile)


OFF_SITE = "off_site"
OFF_SITE_SCENARIO = "collection_district"


def kind_of(scenario: str) -> Scenario:
    """What a site of a scenario is like."""
    file = network_file()
    return file.off_site if scenario == OFF_SITE_SCENARIO else file.scenarios[scenario]


@dataclass(frozen=True, slots=True)
class DemoSite:
    """One invented site. ``month_from`` is its first month with entries; ``measured`` how it weighs."""

    number: int
    code: str
    name_zh: str
    name_en: str
    organisation: str
    city: Place
    scenario: str
    process: str
    longitude: float
    latitude: float
    coarse: bool
    opened_on: dt.date
    month_from: int
    households: int | None
    area_m2: int
    measured: str
    curing_batches: bool


def make_sites(count: int, *, months: int, processes: Sequence[str]) -> list[DemoSite]:
    """The first ``count`` sites of the network (cities in turn), reporting over ``months`` months."""
    file = network_file()
    first = parse_month(file.first_month)
    scenarios = list(file.scenarios)
    here = [process for process in processes if process != OFF_SITE]
    sites = []
    for number in range(count):
        rng = random.Random(f"{file.seed}:site:{number}")  # noqa: S311 (a repeatable demo, no secret)
        city = file.cities[number % len(file.cities)]
        # Two municipal districts only collect and send away; all others compost where they are.
        off_site = number % 54 == 53
        scenario = OFF_SITE_SCENARIO if off_site else scenarios[number % len(scenarios)]
        kind = kind_of(scenario)
        place_zh, place_en = file.places[(number // len(scenarios) * 5 + number * 7) % len(file.places)]
        # Every ninth site joined later; the others were there before the first month.
        late = rng.randint(2, max(2, months // 2)) if number % 9 == 4 and months > 6 else 0
        opened = first_day(first + late) if late else dt.date(rng.randint(2021, 2024), rng.randint(1, 10), 1)
        sites.append(
            DemoSite(
                number=number,
                code=f"demo-{city.code}-{number // len(file.cities) + 1}",
                name_zh=f"{place_zh}{kind.zh}堆肥点",
                name_en=f"{place_en} {kind.en} compost site",
                organisation=file.organisations[number % len(file.organisations)].code,
                city=city,
                scenario=scenario,
                process=OFF_SITE if off_site else here[(number * 3 + number // len(here)) % len(here)],
                longitude=round(city.lon + rng.uniform(-0.035, 0.035), 6),
                latitude=round(city.lat + rng.uniform(-0.03, 0.03), 6),
                coarse=number % 3 != 0,
                opened_on=opened,
                month_from=first + late,
                households=round(kind.households * rng.uniform(0.6, 1.5)) or None,
                area_m2=max(10, round(kind.area * rng.uniform(0.7, 1.5))),
                measured=("scale", "scale", "jin", "scale", "container", "scale", "volume")[number % 7],
                curing_batches=number % 3 == 1 and not off_site,
            )
        )
    return sites
