"""The countries of the library and the regions that its pages group them by (``countries.yaml``)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pydantic import Field, model_validator

from compostnet.shared.rules import Rule, Text, load_rule
from standards.library_schema import Standard

PATH = Path(__file__).with_name("countries.yaml")


class Region(Rule):
    """A heading of the library's page with its countries, in the order that they are shown in."""

    name: Text
    countries: tuple[str, ...] = Field(min_length=1)


class CountryFile(Rule):
    """The shape of ``countries.yaml``."""

    regions: dict[str, Region]
    at_home: dict[str, tuple[str, ...]] = {}
    countries: dict[str, Text]

    @model_validator(mode="after")
    def _named(self) -> CountryFile:
        for region in self.regions.values():
            for code in region.countries:
                if code not in self.countries:
                    raise ValueError(f"{code} of the region {region.name.en} has no name; add it to countries")
        for whose, members in self.at_home.items():
            for code in (whose, *members):
                if code not in self.countries:
                    raise ValueError(f"{code} of at_home has no name; add it to countries")
        return self


@cache
def places() -> CountryFile:
    """Regions and countries."""
    return load_rule(PATH, CountryFile)


def country_name(code: str) -> Text:
    """A country's name; its code where it is not in the file."""
    return places().countries.get(code) or Text(zh=code, en=code)


def region_of(country: str) -> str:
    """The code of a country's region; the last region for a country that is in none."""
    regions = places().regions
    return next((code for code, region in regions.items() if country in region.countries), list(regions)[-1])


def near_home(country: str, standards: Iterable[Standard]) -> set[str]:
    """The codes of the standards that count in a country; of its region where it has none, of all where that has none.

    Its own and those of whoever makes rules for it (``at_home``): a site in Germany answers to the German and the
    Union's standards, not to the Austrian ones.
    """
    known = list(standards)
    own = {country, *(whose for whose, members in places().at_home.items() if country in members)}
    region = region_of(country)
    found = {one.code for one in known if one.country in own and one.editions}
    return found or {one.code for one in known if region_of(one.country) == region} or {one.code for one in known}


def by_region(standards: Iterable[Standard]) -> dict[str, list[Standard]]:
    """Standards under the codes of their regions, in the order of the file; regions without any are left out."""
    found: dict[str, list[Standard]] = {code: [] for code in places().regions}
    for standard in standards:
        found[region_of(standard.country)].append(standard)
    order = [code for region in places().regions.values() for code in region.countries]

    def rank(standard: Standard) -> tuple[int, str]:
        return order.index(standard.country) if standard.country in order else len(order), standard.code

    return {code: sorted(rows, key=rank) for code, rows in found.items() if rows}
