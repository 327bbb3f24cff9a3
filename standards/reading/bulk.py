"""Texts in, columns out: the lines of any number of lab reports understood at once.

What a line means depends on few texts (name, unit, basis, note) that repeat, and on its value, which does not. The
former are understood once each (`Meaning`); plain numbers and plain bounds ("0.42", "<0.5") are read by a short way
that says exactly what `results.read_result` says of them; every other value goes through that, once a text.
Units, forms, plausibility and censoring are then applied to all lines in arrays. Nothing raises; what is not understood
has a state that never passes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from standards.checking.core import (
    AR,
    BASES,
    DM,
    EXTRACT,
    NO_BASIS,
    UNKNOWN,
    VOLUME,
    Bools,
    Codes,
    Column,
    Floats,
    Reason,
    State,
)
from standards.indicators import (
    UnitReading,
    basis_of,
    extract_code,
    extract_of,
    find_indicator,
    indicators,
    name_parts,
    read_unit,
    species_fits,
    without_own_symbol,
)
from standards.indicators_schema import Indicator
from standards.reading.results import Parsed, read_result, read_spread

_STATES = {
    "not_tested": State.ABSENT,
    "unreadable": State.UNREADABLE,
    "lab_verdict": State.LAB_VERDICT,
    "approximate": State.APPROXIMATE,
}
_NUMBER, _NOT_DETECTED, _DETECTED = 0, 1, 2
_KINDS = {"number": _NUMBER, "not_detected": _NOT_DETECTED, "detected": _DETECTED}
_LONGEST_PLAIN = 15
"""Digits of a plain number, and its point: more are left to the long way, which knows what overflows."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the texts around a value mean: the indicator ('' where the name is not known) and how its value is taken."""

    code: str
    state: int
    units: tuple[tuple[float, bool], ...] = ((1.0, False),)
    """Factor to the canonical unit and whether the value is a logarithm, for every unit that is possible."""
    basis: int = UNKNOWN
    floor: float = 0.0
    ceiling: float = math.inf
    counts: bool = False
    examined: float = 0.0
    dry_moisture: bool = False
    form_factor: float = 0.0
    """Above 0: the form is not stated, and the oxide would be so many times the element."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Lines understood, an element each; ``indicator`` is a number of ``codes``, -1 where the name is not known."""

    codes: tuple[str, ...]
    indicator: NDArray[np.int32]
    low: Floats
    high: Floats
    low_open: Bools
    high_open: Bools
    basis: Codes
    state: Codes
    found: Codes
    grams: Floats
    cause: Codes
    spread: Floats | None
    parsed: list[Parsed | None]
    """What the long way said of a value; None where the short way read it."""


Texts = Sequence[str] | str
"""A column of texts, or one text for all lines."""


def read_texts(
    names: Texts,
    values: Sequence[str],
    units: Texts = "",
    bases: Texts = "",
    notes: Texts = "",
    uncertainties: Texts = "",
    said: Texts = "",
) -> Cells:
    """Understand columns of texts; ``said``: indicator codes that somebody gave to names that are not known."""
    size = len(values)
    around = list(zip(*(_column(one, size) for one in (names, units, bases, notes, said)), strict=True))
    numbers: dict[tuple[str, ...], int] = {}
    which = np.fromiter((numbers.setdefault(key, len(numbers)) for key in around), np.int64, size)
    heads = list(numbers)
    meanings: list[Meaning] = [_meaning(*head, "", "number") for head in heads]
    known = {(number, "", "number"): number for number in range(len(heads))}

    low, high, plain = _plain_numbers(values)
    low_open, high_open = np.zeros(size, np.bool_), plain == 2
    kind, refused = np.zeros(size, np.int8), np.zeros(size, np.int8)
    grams, ambiguous, log10 = np.zeros(size), np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    parsed: list[Parsed | None] = [None] * size
    for line in np.flatnonzero(plain == 0).tolist():
        head = int(which[line])
        one = _read(values[line], around[line][3], _roman(meanings[head].code))
        parsed[line] = one
        if one.kind in _STATES:
            refused[line] = _STATES[one.kind] + 1
            continue
        kind[line], low[line], high[line] = _KINDS[one.kind], one.low, one.high
        low_open[line], high_open[line] = one.low_open, one.high_open
        grams[line], ambiguous[line], log10[line] = one.grams, one.ambiguous, one.log10
        key = (head, one.unit, one.kind)
        number = known.get(key)
        if number is None:
            number = known[key] = len(meanings)
            meanings.append(_meaning(*heads[head], one.unit, one.kind))
        which[line] = number
    spread = None
    if uncertainties or any(one is not None and one.uncertainty for one in parsed):
        stated = _column(uncertainties, size)
        spread = _spreads(stated, units, values, parsed)
    return _applied(
        meanings, which, kind, refused, low, high, low_open, high_open, grams, ambiguous, log10, spread, parsed
    )


def _column(texts: Texts, size: int) -> Sequence[str]:
    return [texts] * size if isinstance(texts, str) else texts


def _plain_numbers(values: Sequence[str]) -> tuple[Floats, Floats, Codes]:
    """Lower and upper end of plain numbers (1) and plain bounds ``<x`` (2); 0 where the long way must read the text."""
    size = len(values)
    number = math.nan
    found = np.fromiter(
        (
            float(text)
            if text.replace(".", "", 1).isdigit()
            and len(text) <= _LONGEST_PLAIN
            and text.isascii()
            and text[0] != "."
            and text[-1] != "."
            else number
            for text in values
        ),
        np.float64,
        size,
    )
    high = found.copy()
    plain = (~np.isnan(found)).astype(np.int8)
    for line in np.flatnonzero(plain == 0).tolist():
        text = values[line]
        if text[:1] != "<" or not text.isascii() or len(text) > _LONGEST_PLAIN:
            continue
        rest = text[1:]
        if rest.replace(".", "", 1).isdigit() and rest[0] != "." and rest[-1] != "." and float(rest) > 0:
            found[line], high[line], plain[line] = 0.0, float(rest), 2
    return found, high, plain


def plain_result(text: str) -> Parsed:
    """What the long way would say of a text that the short way reads."""
    if text[:1] == "<":
        return Parsed(text, "number", 0.0, float(text[1:]), high_open=True)
    return Parsed(text, "number", float(text), float(text))


@lru_cache(maxsize=65536)
def _read(text: str, note: str, roman: bool) -> Parsed:
    return read_result(text, note, roman=roman)


@lru_cache(maxsize=1024)
def _roman(code: str) -> bool:
    return bool(code) and indicators().indicators[code].scale == "roman"


def _spreads(
    stated: Sequence[str],
    units: Texts,
    values: Sequence[str],
    parsed: Sequence[Parsed | None],
) -> Floats:
    """Standard uncertainties in the results' own units: of the column beside, else of the value's own text."""
    spread = np.zeros(len(values))
    beside = _column(units, len(values))
    for line, text in enumerate(stated):
        one = parsed[line]
        if text.strip():
            spread[line] = read_spread(text, one or plain_result(values[line]), beside[line]) or 0.0
        elif one is not None and one.uncertainty:
            spread[line] = read_spread("", one) or 0.0
    return spread


@lru_cache(maxsize=65536)
def _meaning(name: str, unit: str, basis: str, note: str, said: str, inside: str, kind: str) -> Meaning:
    """What name, unit, basis and note mean for a value of some kind that has the unit ``inside`` in its own text."""
    if not unit.strip() or not basis.strip():  # "Pb (mg/kg dm)" says them in the name
        named = name_parts(name)
        unit, basis = unit if unit.strip() else named.unit, basis if basis.strip() else named.basis
    codes = (said,) if said in indicators().indicators else find_indicator(name, unit, note)
    if not codes:
        return Meaning("", State.ABSENT)
    code = _by_unit(codes[-1], unit)
    indicator = indicators().indicators[code]
    counts = indicators().quantities[indicator.quantity].counts
    if not all(species_fits(one, codes) for one in (unit, inside)):
        return Meaning(code, State.UNIT_UNKNOWN)
    units, state = _units(indicator, inside, unit, kind)
    if state != State.VALUE:
        return Meaning(code, state)
    number, state = _basis(code, indicator, name, unit, basis, note, units)
    if state != State.VALUE:
        return Meaning(code, state)
    plausible = read_unit(indicator.quantity, indicator.plausible.unit)
    scale = plausible.factor if plausible else 1.0
    form = 0.0
    if len(codes) > 1:
        form = max(float(r.factor or 1) for r in indicators().relations if r.of == code and r.kind == "factor")
    return Meaning(
        code,
        State.VALUE,
        tuple((one.factor, one.log10) for one in units) or ((1.0, False),),
        number,
        float(indicator.plausible.low) * scale,
        float(indicator.plausible.high) * scale,
        counts,
        1.0 / units[0].factor if counts and units and not units[0].per_volume else 0.0,
        code == "moisture" and number == DM,
        form,
    )


def _by_unit(code: str, unit: str) -> str:
    """What a name means with this unit: a coliform *value* printed as a count ("大肠菌值 46 个/g") is a count."""
    file = indicators()
    if not unit.strip() or read_unit(file.indicators[code].quantity, unit):
        return code
    for other in file.indicators[code].by_unit:
        if read_unit(file.indicators[other].quantity, unit):
            return other
    for relation in file.relations:
        counts = relation.kind == "inverse" and relation.from_ == code
        if counts and read_unit(file.indicators[relation.of].quantity, unit):
            return relation.of
    return code


def _units(indicator: Indicator, inside: str, beside: str, kind: str) -> tuple[list[UnitReading], int]:
    """The unit readings that are possible, from the text inside the value and the unit column."""
    counts = indicators().quantities[indicator.quantity].counts
    found: list[UnitReading] = []
    for text in (inside, beside):
        if not text.strip() or (text is beside and text.strip() in ("-", "/") and indicator.silent_units):
            continue
        reading = read_unit(indicator.quantity, text) or (read_unit(indicator.quantity, "/" + text) if counts else None)
        if reading is None:
            if kind in ("detected", "not_detected") and not inside:
                continue
            return [], State.UNIT_UNKNOWN
        found.append(reading)
    if len(found) == 2 and (found[0].factor != found[1].factor or found[0].log10 != found[1].log10):
        return [], State.UNIT_UNKNOWN
    if found:
        return found[-1:], State.VALUE
    silent = [read_unit(indicator.quantity, unit) for unit in indicator.silent_units or ("",)]
    known = [unit for unit in silent if unit is not None]
    if not known and kind == "number":
        return [], State.UNIT_MISSING
    return known, State.VALUE


def _basis(
    code: str, indicator: Indicator, name: str, unit: str, basis: str, note: str, units: Sequence[UnitReading]
) -> tuple[int, int]:
    if not indicators().quantities[indicator.quantity].basis:
        if code in indicators().name_words.extracts.of and (extract := extract_of(name, unit, basis, note)):
            return EXTRACT + extract_code(extract), State.VALUE
        # of no consequence for a limit; but a bulk density per dry matter converts no count per volume
        return DM if code == "bulk_density" and basis_of(basis) == "dm" else NO_BASIS, State.VALUE
    if code == "dry_matter":
        return AR, State.VALUE
    column = basis_of(basis)
    if column == "?":
        return UNKNOWN, State.BASIS_WORD
    if units and units[0].per_volume:
        return VOLUME, State.VALUE
    own = without_own_symbol(name.replace("（", "(").replace("）", ")"), (code,))
    bracket = own.partition("(")[2].rstrip(") ")
    texts = [column, units[0].basis if units else "", basis_of(bracket), basis_of(note)]
    stated = {text for text in texts if text not in ("", "?")}
    if len(stated) > 1:
        return UNKNOWN, State.VALUE
    return BASES[stated.pop() if stated else (indicator.silent_basis or "")], State.VALUE


def _applied(
    meanings: Sequence[Meaning],
    which: NDArray[np.int64],
    kind: Codes,
    refused: Codes,
    low: Floats,
    high: Floats,
    low_open: Bools,
    high_open: Bools,
    grams: Floats,
    ambiguous: Bools,
    log10: Bools,
    spread: Floats | None,
    parsed: list[Parsed | None],
) -> Cells:
    """Units, forms and plausibility applied to all values. Every array is one element a line."""
    codes = tuple(dict.fromkeys(one.code for one in meanings if one.code))
    place = {code: number for number, code in enumerate(codes)}

    def of(values: Iterable[Any], dtype: Any) -> NDArray[Any]:
        """A property of the meanings, for every line."""
        return np.array(list(values), dtype)[which] if meanings else np.zeros(0, dtype)

    indicator = of((place.get(one.code, -1) for one in meanings), np.int32)
    state = of((one.state for one in meanings), np.int8)
    floor, ceiling = of((one.floor for one in meanings), float), of((one.ceiling for one in meanings), float)
    counts, form = of((one.counts for one in meanings), np.bool_), of((one.form_factor for one in meanings), float)
    basis = of((one.basis for one in meanings), np.int8)
    dry_moisture = of((one.dry_moisture for one in meanings), np.bool_)
    examined = np.where(grams > 0, grams, of((one.examined for one in meanings), float))
    stated = kind == _NUMBER
    censored = stated & (low != high)
    zero = (low == 0) & (high < np.inf)
    from_zero = (low == 0) & high_open
    any_dry, any_log = bool(dry_moisture.any()), bool(log10.any())
    least, most = np.full(low.size, np.inf), np.full(low.size, -np.inf)
    readings = np.zeros(low.size, np.int8)
    first_factor = np.ones(low.size)
    for alternative in range(max((len(one.units) for one in meanings), default=0)):
        units = [one.units[alternative] if alternative < len(one.units) else (math.nan, False) for one in meanings]
        factor = of((one[0] for one in units), float)
        bottom, top = low, high
        if any_log or any(one[1] for one in units):
            power = log10 | of((one[1] for one in units), np.bool_)
            bottom = np.where(power & stated, _power(low), low)
            bottom = np.where(power & from_zero, 0.0, bottom)
            top = np.where(power, _power(high), high)
        with np.errstate(over="ignore"):
            bottom, top = bottom * factor, top * factor
        if any_dry:
            with np.errstate(invalid="ignore", divide="ignore"):
                as_received = 1e6 * top / (1e6 + top)
                top = np.where(dry_moisture, np.where(np.isinf(top), 1e6, as_received), top)
                bottom = np.where(dry_moisture & (bottom >= 0), 1e6 * bottom / (1e6 + bottom), bottom)
        fits = (top >= floor) & (bottom <= ceiling) & ((bottom >= 0) | np.isinf(bottom))
        least = np.where(fits, np.minimum(least, np.maximum(bottom, 0.0)), least)
        most = np.where(fits, np.maximum(most, top), most)
        readings += fits
        if alternative == 0:
            first_factor = factor
    implausible = readings == 0
    cause = np.where(censored, Reason.CENSORED, Reason.NONE)
    cause[ambiguous] = Reason.AMBIGUOUS_NUMBER
    cause[(readings > 1) & (least != most)] = Reason.UNIT_OPEN
    unstated = form > 0
    if unstated.any():
        np.multiply(most, form, out=most, where=unstated)
        cause[unstated] = Reason.FORM_UNSTATED
    none = (most == 0) | ((least == 0) & zero) | ~stated
    found = np.where(counts, np.where(none, 1, 2), np.where(kind == _NOT_DETECTED, 1, 0))
    if any_dry:
        basis = np.where(dry_moisture, AR, basis)
    ok = (state == State.VALUE) & (refused == 0)
    short = kind != _NUMBER
    if short.any():
        some = kind == _DETECTED
        unbounded = (kind == _NOT_DETECTED) & np.isinf(high)
        within = unbounded & counts & (examined > 0)
        without = unbounded & ~within
        words = some | unbounded
        least = np.where(words, 0.0, least)
        most = np.where(words, np.inf, most)
        most = np.where(within, 1.0 / np.where(examined > 0, examined, 1.0), most)
        low_open = np.where(words, some, low_open)
        high_open = np.where(words, within, high_open)
        found = np.where(some, 2, np.where(unbounded, 1, found))
        cause = np.where(without, Reason.NO_DETECTION_LIMIT, np.where(some | within, Reason.NONE, cause))
        implausible = implausible & ~words
    state = np.where(ok & implausible, State.IMPLAUSIBLE, state)
    state = np.where((refused > 0) & (indicator >= 0), refused - 1, state).astype(np.int8)
    ok &= ~implausible
    if spread is not None:
        spread = np.where(ok & ~log10 & (readings == 1), spread * first_factor, 0.0)
    return Cells(
        codes,
        indicator,
        np.where(ok, least, 0.0),
        np.where(ok, most, np.inf),
        low_open & ok,
        high_open & ok,
        np.where(ok, basis, UNKNOWN).astype(np.int8),
        state,
        np.where(ok, found, 0).astype(np.int8),
        np.where(ok, examined, 0.0),
        np.where(ok, cause, Reason.NONE).astype(np.int8),
        spread,
        parsed,
    )


def _power(exponents: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.where(exponents < 300, 10.0 ** np.minimum(exponents, 300.0), np.inf)


def number_samples(names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The samples in the order of their first line, and the number of the sample of every line."""
    numbers: dict[str, int] = {}
    which = np.fromiter((numbers.setdefault(name, len(numbers)) for name in names), np.int64, len(names))
    return list(numbers), which


def columns_of(cells: Cells, sample: NDArray[np.int64], size: int) -> dict[str, list[Column]]:
    """Lines as columns of ``size`` samples: per indicator one column for each replicate, in the order of the lines.
    Lines whose name is not known, or that were not tested, are in none."""
    used = np.flatnonzero((cells.indicator >= 0) & (cells.state != State.ABSENT))
    if not used.size:
        return {}
    indicator = cells.indicator[used].astype(np.int64)
    key = indicator * size + sample[used]
    replicate = _replicates(key, len(cells.codes) * size)
    depth = np.zeros(len(cells.codes), np.int64)
    np.maximum.at(depth, indicator, replicate + 1) if replicate.any() else np.put(depth, np.unique(indicator), 1)
    start = np.concatenate([[0], np.cumsum(depth)])
    place = (start[indicator] + replicate) * size + sample[used]

    def spread_out(values: NDArray[Any]) -> NDArray[Any]:
        array = np.zeros(int(start[-1]) * size, values.dtype)
        array[place] = values[used]
        return array.reshape(int(start[-1]), size)

    arrays: list[Any] = [
        spread_out(one)
        for one in (
            cells.low,
            cells.high,
            cells.low_open,
            cells.high_open,
            cells.basis,
            cells.state,
            cells.found,
            cells.grams,
            cells.cause,
        )
    ]
    if cells.spread is not None and cells.spread.any():
        arrays.append(spread_out(cells.spread))
    return {
        code: [Column(*[one[row] for one in arrays]) for row in range(int(start[number]), int(start[number + 1]))]
        for number, code in enumerate(cells.codes)
        if depth[number]
    }


def _replicates(key: NDArray[np.int64], keys: int) -> NDArray[np.int64]:
    """For every line the how-manieth it is of its sample and indicator, in their order."""
    if np.bincount(key, minlength=keys).max() <= 1:
        return np.zeros(key.size, np.int64)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counted = np.arange(key.size) - np.repeat(first, np.diff(np.append(first, key.size)))
    replicate = np.empty(key.size, np.int64)
    replicate[order] = counted
    return replicate
