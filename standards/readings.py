"""Lines of a lab report understood: name to indicator, text to interval, unit and basis; then put into columns."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from standards.core import AR, BASES, DM, NO_BASIS, UNKNOWN, Column, Reason, State
from standards.indicators import Indicator, UnitReading, basis_of, find_indicator, indicators, read_unit
from standards.results import Parsed, read_result


@dataclass(frozen=True, slots=True)
class Line:
    """One result exactly as the lab wrote it; ``number`` is its line in the file."""

    sample: str
    indicator: str
    value: str
    unit: str = ""
    basis: str = ""
    note: str = ""
    number: int = 0
    uncertainty: str = ""
    code: str = ""
    """The indicator that somebody said this name means; empty: found by the name."""

    @property
    def reported(self) -> str:
        """Value, unit and basis as written."""
        return " ".join(part for part in (self.value.strip(), self.unit.strip(), self.basis.strip()) if part)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line means: an interval in the canonical unit of ``indicator`` ('' where the name is not known)."""

    line: Line
    indicator: str
    parsed: Parsed
    state: int
    low: float = 0.0
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    basis: int = UNKNOWN
    found: int = 0
    grams: float = 0.0
    cause: int = Reason.NONE
    spread: float = 0.0
    """Standard uncertainty (k = 1) in the canonical unit; 0 where none is stated."""


_STATES = {
    "not_tested": State.ABSENT,
    "unreadable": State.UNREADABLE,
    "lab_verdict": State.LAB_VERDICT,
    "approximate": State.APPROXIMATE,
}


def read_line(line: Line) -> Reading:
    """Understand one line. Nothing raises; what is not understood has a state that never passes."""
    codes = find_indicator(line.indicator, line.unit, line.note)
    if not codes:
        return Reading(line, "", read_result(line.value, line.note), State.ABSENT)
    code = _by_unit(codes[-1], line.unit)
    indicator = indicators().indicators[code]
    parsed = read_result(line.value, line.note, roman=indicator.scale == "roman")
    if parsed.kind in _STATES:
        return Reading(line, code, parsed, _STATES[parsed.kind])
    units, unit_state = _units(indicator, parsed.unit, line.unit, parsed.kind)
    if unit_state != State.VALUE:
        return Reading(line, code, parsed, unit_state)
    basis, basis_state = _basis(code, indicator, line, units)
    if basis_state != State.VALUE:
        return Reading(line, code, parsed, basis_state)
    counts = indicators().quantities[indicator.quantity].counts
    examined = parsed.grams or (1.0 / units[0].factor if counts and units else 0.0)
    if parsed.kind == "detected":
        return Reading(line, code, parsed, State.VALUE, 0, math.inf, True, False, basis, 2, examined)
    if parsed.kind == "not_detected" and math.isinf(parsed.high):
        if counts and examined:
            return Reading(line, code, parsed, State.VALUE, 0, 1 / examined, False, True, basis, 1, examined)
        cause = Reason.NO_DETECTION_LIMIT
        return Reading(line, code, parsed, State.VALUE, 0, math.inf, basis=basis, found=1, grams=examined, cause=cause)
    return _quantity(line, code, indicator, parsed, units, basis, len(codes) > 1, counts, examined)


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


def _basis(code: str, indicator: Indicator, line: Line, units: Sequence[UnitReading]) -> tuple[int, int]:
    if not indicators().quantities[indicator.quantity].basis:
        return NO_BASIS, State.VALUE
    if code == "dry_matter":
        return AR, State.VALUE
    column = basis_of(line.basis)
    if column == "?":
        return UNKNOWN, State.BASIS_WORD
    bracket = line.indicator.replace("（", "(").replace("）", ")").partition("(")[2].rstrip(") ")
    texts = [column, units[0].basis if units else "", basis_of(bracket), basis_of(line.note)]
    stated = {text for text in texts if text not in ("", "?")}
    if len(stated) > 1:
        return UNKNOWN, State.VALUE
    return BASES[stated.pop() if stated else (indicator.silent_basis or "")], State.VALUE


def _quantity(
    line: Line,
    code: str,
    indicator: Indicator,
    parsed: Parsed,
    units: Sequence[UnitReading],
    basis: int,
    form_unstated: bool,
    counts: bool,
    examined: float,
) -> Reading:
    plausible_unit = read_unit(indicator.quantity, indicator.plausible.unit)
    scale = plausible_unit.factor if plausible_unit else 1.0
    floor, ceiling = float(indicator.plausible.low) * scale, float(indicator.plausible.high) * scale
    intervals = []
    for unit in units:
        low, high = parsed.low, parsed.high
        if parsed.log10 or unit.log10:
            low, high = (_power(low) if parsed.censored or parsed.kind == "number" else low), _power(high)
            if parsed.low == 0 and parsed.high_open:
                low = 0.0
        low, high = low * unit.factor, high * unit.factor
        if code == "moisture" and basis == DM:
            low, high = (
                1e6 * low / (1e6 + low) if low >= 0 else low,
                1e6 if math.isinf(high) else 1e6 * high / (1e6 + high),
            )
        if high >= floor and low <= ceiling and (low >= 0 or math.isinf(low)):
            intervals.append((max(low, 0.0), high))
    if not intervals:
        return Reading(line, code, parsed, State.IMPLAUSIBLE)
    low, high = min(one[0] for one in intervals), max(one[1] for one in intervals)
    cause = Reason.CENSORED if parsed.censored else Reason.NONE
    if parsed.ambiguous:
        cause = Reason.AMBIGUOUS_NUMBER
    if len(intervals) > 1 and low != high:
        cause = Reason.UNIT_MISSING
    if form_unstated:
        high *= max(float(r.factor or 1) for r in indicators().relations if r.of == code and r.kind == "factor")
        cause = Reason.FORM_UNSTATED
    found = 0
    if counts:
        none = high == 0 or (low == 0 and parsed.low == 0 and parsed.high < math.inf) or parsed.kind == "not_detected"
        found = 1 if none else 2
    elif parsed.kind == "not_detected":
        found = 1
    if code == "moisture":
        basis = AR
    return Reading(
        line, code, parsed, State.VALUE, low, high, parsed.low_open, parsed.high_open, basis, found, examined, cause
    )


def _power(exponent: float) -> float:
    return 10.0**exponent if exponent < 300 else math.inf


def columns(samples: Sequence[Sequence[Reading]]) -> dict[str, list[Column]]:
    """Readings of every sample as columns: per indicator one column for each replicate."""
    cells: dict[str, list[list[tuple[int, Reading]]]] = defaultdict(list)
    for number, readings in enumerate(samples):
        seen: dict[str, int] = defaultdict(int)
        for reading in readings:
            if not reading.indicator or reading.state == State.ABSENT:
                continue
            replicate = seen[reading.indicator]
            seen[reading.indicator] += 1
            stack = cells[reading.indicator]
            if replicate == len(stack):
                stack.append([])
            stack[replicate].append((number, reading))
    size = len(samples)
    return {code: [_column(size, replicate) for replicate in stack] for code, stack in cells.items()}


def _column(size: int, cells: Sequence[tuple[int, Reading]]) -> Column:
    index = np.array([number for number, _ in cells], dtype=np.intp)

    def floats(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        array = np.zeros(size)
        array[index] = values
        return array

    def codes(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
        array = np.zeros(size, np.int8)
        array[index] = values
        return array

    def flags(values: list[bool]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        array = np.zeros(size, np.bool_)
        array[index] = values
        return array

    return Column(
        low=floats([r.low for _, r in cells]),
        high=floats([r.high for _, r in cells]),
        low_open=flags([r.low_open for _, r in cells]),
        high_open=flags([r.high_open for _, r in cells]),
        basis=codes([int(r.basis) for _, r in cells]),
        state=codes([int(r.state) for _, r in cells]),
        found=codes([r.found for _, r in cells]),
        grams=floats([r.grams for _, r in cells]),
        cause=codes([int(r.cause) for _, r in cells]),
    )
