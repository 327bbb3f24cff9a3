"""What composting brings besides the methane: nutrients in the compost, disposal saved, what it cost, people. Pure.

The facts (nutrient contents, fees) are data with source and grade (``benefits.yaml``). What is not known is None, with
the code of the reason; nothing is guessed, and nothing is turned into trees or cars.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text, load_rule
from compostnet.shared.texts import Message

FILE = Path(__file__).with_name("benefits.yaml")
SPANS = ("month", "year", "total")
REASONS = (
    "benefit_not_verified",
    "benefit_no_fee",
    "benefit_no_money",
    "benefit_nothing_diverted",
    "benefit_no_area",
    "benefit_no_people",
)
NOT_VERIFIED, NO_FEE, NO_MONEY, NOTHING_DIVERTED, NO_AREA, NO_PEOPLE = REASONS
OWN_FEE = "site"
"""Stands for the id of a fee that the site itself wrote down."""
Year = Annotated[int, Field(ge=1900, le=2999)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Floats = NDArray[np.float64]
Json = dict[str, Any]


class Range(Rule):
    """A number with the range that its source gives."""

    low: Amount
    central: Amount
    high: Amount
    unit: str = Field(min_length=1)
    source: str
    confidence: Confidence


class Nutrient(Rule):
    """One nutrient: grams a kilogram of dry matter."""

    name: Text
    content: Range


class Fertiliser(Rule):
    """Nutrients of compost, and how much of it is dry matter."""

    dry_matter: Range
    nutrients: dict[str, Nutrient] = Field(min_length=1)
    note: Text

    @cached_property
    def contents(self) -> dict[str, tuple[float, float, float]]:
        """`per_tonne` of every nutrient."""
        return {code: self.per_tonne(code) for code in self.nutrients}

    def per_tonne(self, code: str) -> tuple[float, float, float]:
        """Kilograms of a nutrient in a tonne of compost as received: low, central, high."""
        dry, content = self.dry_matter, self.nutrients[code].content
        return dry.low * content.low, dry.central * content.central, dry.high * content.high


class Fee(Rule):
    """What disposal of a tonne costs in some years (first, last; the last may be null: until further notice)."""

    years: tuple[Year, Year | None]
    value: Amount
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    document: str
    confidence: Confidence
    what: Text

    def covers(self, year: int) -> bool:
        first, last = self.years
        return first <= year and (last is None or year <= last)


class RecordKinds(Rule):
    """Which monthly records are read for what."""

    money: str
    money_currency: str = Field(pattern=r"^[A-Z]{3}$")
    own_fee: str
    people: tuple[str, ...]
    destinations: tuple[str, ...]
    stored: str


class BenefitRules(Rule):
    """The shape of ``benefits.yaml``."""

    fertiliser: Fertiliser
    fees: dict[str, tuple[Fee, ...]]
    invented_fees: dict[str, tuple[Fee, ...]]
    records: RecordKinds
    sources: dict[str, Source]

    def fee(self, chain: Sequence[str], year: int, *, invented: bool) -> tuple[str, Fee] | None:
        """Region and fee that apply to a place (its region, then the ancestors) in a year; None: unknown."""
        table = self.invented_fees if invented else self.fees
        for region in chain:
            for fee in table.get(region, ()):
                if fee.covers(year):
                    return region, fee
        return None


def read_benefits(path: Path) -> BenefitRules:
    """Read one file; ranges upside down, unknown sources, two fees for one year, two currencies of one country fail."""
    found = load_rule(path, BenefitRules)
    ranges = {"dry_matter": found.fertiliser.dry_matter}
    ranges |= {f"nutrients.{code}.content": one.content for code, one in found.fertiliser.nutrients.items()}
    for key, one in ranges.items():
        if not one.low <= one.central <= one.high:
            raise RuleFileError(path, f"fertiliser.{key}", "write low ≤ central ≤ high")
        if one.source not in found.sources:
            raise RuleFileError(path, f"fertiliser.{key}.source", f"{one.source!r} is not in sources; add it there")
    if found.fertiliser.dry_matter.high > 1:
        raise RuleFileError(path, "fertiliser.dry_matter.high", "is a share; write at most 1")
    for table in ("fees", "invented_fees"):
        currencies: dict[str, str] = {}
        for region, fees in getattr(found, table).items():
            for number, fee in enumerate(fees):
                _check_fee(path, f"{table}.{region}.{number}", fee, fees[:number], found.sources)
                country = region.partition("-")[0]
                if currencies.setdefault(country, fee.currency) != fee.currency:
                    key = f"{table}.{region}.{number}.currency"
                    raise RuleFileError(path, key, f"fees of {country} are in {currencies[country]}; use one currency")
    return found


def _check_fee(path: Path, place: str, fee: Fee, before: Sequence[Fee], sources: Mapping[str, Source]) -> None:
    first, last = fee.years
    if last is not None and last < first:
        raise RuleFileError(path, f"{place}.years", f"{last} is before {first}; write [first, last]")
    if fee.document not in sources:
        raise RuleFileError(path, f"{place}.document", f"{fee.document!r} is not in sources; add it there")
    for other in before:
        if max(first, other.years[0]) <= min(last or math.inf, other.years[1] or math.inf):
            raise RuleFileError(
                path, f"{place}.years", "another fee of this region covers these years; end one of them"
            )


@cache
def benefit_rules() -> BenefitRules:
    """The rules in force."""
    return read_benefits(FILE)


def make_benefits(
    document: Mapping[str, Any],
    chains: Mapping[str, Sequence[str]],
    rules: BenefitRules,
    *,
    invented: Collection[str] | None = None,
) -> Json:
    """The benefits of a release's document: network and sites, by month, year and since the start.

    ``document`` needs ``release`` (month, invented), ``network``, ``series_months`` and ``sites`` (figures, series,
    resources, households, area_m2). ``chains``: site code → its region, then the ancestors. ``invented``: codes of
    invented sites; without it all sites are what the release is.

    Returns ``{rules, reasons, network: {span: …}, sites: {code: {span: …|None}}}``: nutrients in kg as [low, central,
    high], money in units of its currency, costs a tonne diverted and a square metre. A site's span without anything
    verified and without money is None. ``because`` names the reason of every None.
    """
    sites = document["sites"]
    made_up = {site["code"] for site in sites} if document["release"].get("invented") else set()
    made_up = made_up if invented is None else set(invented)
    saved = _Saved(document, chains, rules, made_up)
    found: dict[str, Json] = {}
    for number, site in enumerate(sites):
        found[site["code"]] = {span: _site(site, span, number, saved, rules) for span in SPANS}
    return {
        "rules": _rules_used(rules, saved),
        "reasons": {code: _both(code) for code in REASONS},
        "network": {span: _network(document, span, found, saved, rules) for span in SPANS},
        "sites": found,
    }


def _both(code: str) -> dict[str, str]:
    message = Message(code)
    return {"zh": message.render("zh"), "en": message.render("en")}


class _Saved:
    """Disposal saved of every site and span, out of the monthly diverted masses and the fees of their years."""

    def __init__(
        self,
        document: Mapping[str, Any],
        chains: Mapping[str, Sequence[str]],
        rules: BenefitRules,
        invented: Collection[str],
    ) -> None:
        sites, months = document["sites"], list(document.get("series_months", ()))
        self.used: dict[str, Json] = {}
        self.diverted: Floats = np.full((len(sites), len(months)), np.nan)
        for number, site in enumerate(sites):
            series = (site.get("series") or {}).get("diverted_t")
            if series:
                self.diverted[number] = np.array(series, dtype=np.float64)
        years = [int(month[:4]) for month in months]
        fees: dict[tuple[tuple[str, ...], bool], tuple[Floats, dict[int, str]]] = {}
        self.fee: Floats = np.full((len(sites), len(months)), np.nan)
        self.ids: list[dict[int, str]] = []
        for number, site in enumerate(sites):
            key = (tuple(chains.get(site["code"], ())), site["code"] in invented)
            if key not in fees:
                fees[key] = self._line(rules, key[0], years, invented=key[1])
            line, ids = fees[key]
            self.fee[number] = line
            self.ids.append(ids)
        at = {month: place for place, month in enumerate(months)}
        last = at.get(document["release"]["month"])
        stop = 0 if last is None else last + 1
        year = document["release"]["month"][:4]
        first = next((place for place in range(stop) if months[place][:4] == year), stop)
        self.bounds = {"month": (max(0, stop - 1), stop), "year": (first, stop), "total": (0, stop)}
        self.years = years
        self._listed: dict[tuple[int, str], list[str]] = {}
        both = np.where(np.isnan(self.fee), np.nan, self.diverted)
        money = self.diverted * self.fee
        self.mass = {span: np.nansum(both[:, a:b], axis=1) for span, (a, b) in self.bounds.items()}
        self.money = {span: np.nansum(money[:, a:b], axis=1) for span, (a, b) in self.bounds.items()}

    def _line(
        self, rules: BenefitRules, chain: Sequence[str], years: Sequence[int], *, invented: bool
    ) -> tuple[Floats, dict[int, str]]:
        """The fee of every month for one place, and the id of the fee of every year."""
        ids: dict[int, str] = {}
        values: dict[int, float] = {}
        for year in dict.fromkeys(years):
            known = rules.fee(chain, year, invented=invented)
            if known is None:
                continue
            region, fee = known
            ids[year] = f"{'invented' if invented else 'fee'}/{region}/{fee.years[0]}"
            values[year] = fee.value
            self.used[ids[year]] = {
                "id": ids[year],
                "region": region,
                "years": list(fee.years),
                "value": fee.value,
                "currency": fee.currency,
                "what": fee.what.model_dump(),
                "document": rules.sources[fee.document].model_dump(mode="json"),
                "confidence": fee.confidence,
                "invented": invented,
            }
        return np.array([values.get(year, np.nan) for year in years], dtype=np.float64), ids

    def of(self, number: int, span: str, site: Mapping[str, Any], rules: BenefitRules) -> Json | None:
        """{saved, currency, fees, mass} of a site in a span; None where no fee is known."""
        own = _record(site, span, rules.records.own_fee)
        diverted = site[span]["diverted_t"]
        if own is not None:
            return {
                "saved": own * diverted,
                "currency": rules.records.money_currency,
                "fees": [OWN_FEE],
                "mass": diverted,
            }
        ids = self._fees(self.ids[number], span)
        mass = float(self.mass[span][number])
        if not ids or (not mass and diverted):
            return None
        currency = self.used[ids[-1]]["currency"]
        return {"saved": float(self.money[span][number]), "currency": currency, "fees": ids, "mass": mass}

    def _fees(self, known: dict[int, str], span: str) -> list[str]:
        """The ids of a span's fees, by those of every year; places share them, so each is listed once."""
        key = (id(known), span)
        if key not in self._listed:
            first, stop = self.bounds[span]
            self._listed[key] = list(dict.fromkeys(known[y] for y in self.years[first:stop] if y in known))
        return self._listed[key]


def _record(site: Mapping[str, Any], span: str, kind: str) -> float | None:
    value = ((site.get("resources") or {}).get(span) or {}).get(kind)
    return None if value is None else float(value)


def _nutrients(harvest_t: float | None, rules: BenefitRules) -> dict[str, list[float] | None]:
    """Kilograms of each nutrient in a harvest: [low, central, high]."""
    if harvest_t is None:
        return {f"{code}_kg": None for code in rules.fertiliser.nutrients}
    return {
        f"{code}_kg": [harvest_t * low, harvest_t * central, harvest_t * high]
        for code, (low, central, high) in rules.fertiliser.contents.items()
    }


def _site(site: Mapping[str, Any], span: str, number: int, saved: _Saved, rules: BenefitRules) -> Json | None:
    figure = site[span]
    verified = bool(figure.get("site_months_verified"))
    money = _record(site, span, rules.records.money)
    if not verified and money is None:
        return None
    because: dict[str, str] = {}
    disposal = saved.of(number, span, site, rules) if verified else None
    if disposal is None:
        because["disposal_saved"] = NO_FEE if verified else NOT_VERIFIED
    diverted = figure["diverted_t"] if verified else None
    area = site.get("area_m2")
    if money is None:
        because["money_in"] = because["cost_per_t"] = because["cost_per_m2"] = NO_MONEY
    else:
        if not diverted:
            because["cost_per_t"] = NOTHING_DIVERTED if verified else NOT_VERIFIED
        if not area:
            because["cost_per_m2"] = NO_AREA
    return {
        **_nutrients(figure["harvest_t"] if verified else None, rules),
        "disposal_saved": None if disposal is None else disposal["saved"],
        "disposal_currency": None if disposal is None else disposal["currency"],
        "disposal_fees": [] if disposal is None else disposal["fees"],
        "disposal_t": None if disposal is None else disposal["mass"],
        "money_in": money,
        "cost_per_t": None if money is None or not diverted else money / diverted,
        "cost_per_m2": None if money is None or not area else money / area,
        "because": because,
    }


def _network(
    document: Mapping[str, Any], span: str, found: Mapping[str, Json], saved: _Saved, rules: BenefitRules
) -> Json:
    figure = document["network"][span]
    verified = bool(figure.get("site_months_verified"))
    because: dict[str, str] = {}
    pairs = [(site, found[site["code"]][span]) for site in document["sites"]]
    known = [(site, one) for site, one in pairs if one is not None]
    with_fee = [one for _, one in known if one["disposal_saved"] is not None]
    by_currency: dict[str, list[float]] = {}
    for one in with_fee:
        by_currency.setdefault(one["disposal_currency"], []).append(one["disposal_saved"])
    diverted = figure["diverted_t"] if verified else None
    if not with_fee:
        because["disposal_saved"] = NO_FEE if verified else NOT_VERIFIED
    paid = [(site, one) for site, one in known if one["money_in"] is not None]
    per_tonne = [(one["money_in"], site[span]["diverted_t"]) for site, one in paid if one["cost_per_t"] is not None]
    per_area = [(one["money_in"], float(site["area_m2"])) for site, one in paid if one["cost_per_m2"] is not None]
    for key, there in (("money_in", paid), ("cost_per_t", per_tonne), ("cost_per_m2", per_area)):
        if not there:
            because[key] = NO_MONEY if not paid else (NOTHING_DIVERTED if key == "cost_per_t" else NO_AREA)
    return {
        **_nutrients(figure["harvest_t"] if verified else None, rules),
        "disposal_saved": {key: math.fsum(values) for key, values in sorted(by_currency.items())} or None,
        "disposal_sites": len(with_fee),
        "disposal_share": math.fsum(one["disposal_t"] for one in with_fee) / diverted if diverted else None,
        "money_in": math.fsum(one["money_in"] for _, one in paid) if paid else None,
        "money_currency": rules.records.money_currency,
        "money_sites": len(paid),
        "cost_per_t": _ratio(per_tonne),
        "cost_per_m2": _ratio(per_area),
        "households": _households(document),
        "people": {kind: _summed(document, span, kind) for kind in rules.records.people},
        "compost_to": {
            kind: _summed(document, span, kind) for kind in (*rules.records.destinations, rules.records.stored)
        },
        "because": because,
    }


def _ratio(pairs: Sequence[tuple[float, float]]) -> float | None:
    below = math.fsum(b for _, b in pairs)
    return math.fsum(a for a, _ in pairs) / below if below else None


def _summed(document: Mapping[str, Any], span: str, kind: str) -> Json | None:
    """The sum over the sites that wrote a kind down, and how many did; None where nobody did."""
    values = [value for site in document["sites"] if (value := _record(site, span, kind)) is not None]
    return {"value": math.fsum(values), "sites": len(values)} if values else None


def _households(document: Mapping[str, Any]) -> Json | None:
    """Households that the sites now at work say they serve."""
    served = [s["households"] for s in document["sites"] if s.get("households") and s.get("state") != "closed"]
    return {"value": sum(served), "sites": len(served)} if served else None


def _rules_used(rules: BenefitRules, saved: _Saved) -> Json:
    """The factors and fees behind the numbers, with source and grade."""
    fertiliser = rules.fertiliser
    sources = {fertiliser.dry_matter.source, *(one.content.source for one in fertiliser.nutrients.values())}
    return {
        "dry_matter": fertiliser.dry_matter.model_dump(),
        "nutrients": {
            code: {
                "name": one.name.model_dump(),
                "content": one.content.model_dump(),
                "kg_per_t": list(fertiliser.per_tonne(code)),
            }
            for code, one in fertiliser.nutrients.items()
        },
        "note": fertiliser.note.model_dump(),
        "fees": [saved.used[key] for key in sorted(saved.used)],
        "sources": {key: rules.sources[key].model_dump(mode="json") for key in sorted(sources)},
    }
