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
    countries: dict[str, Text]

    @model_validator(mode="after")
    def _named(self) -> CountryFile:
        for region in self.regions.values():
            for code in region.countries:
                if code not in self.countries:
                    raise ValueError(f"{code} of the region {region.name.en} has no name; add it to countries")
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


def by_region(standards: Iterable[Standard]) -> dict[str, list[Standard]]:
    """Standards under the codes of their regions, in the order of the file; regions without any are left out."""
    found: dict[str, list[Standard]] = {code: [] for code in places().regions}
    for standard in standards:
        found[region_of(standard.country)].append(standard)
    order = [code for region in places().regions.values() for code in region.countries]

    def rank(standard: Standard) -> tuple[int, str]:
        return order.index(standard.country) if standard.country in order else len(order), standard.code

    return {code: sorted(rows, key=rank) for code, rows in found.items() if rows}
