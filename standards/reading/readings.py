"""Lines of a lab report understood: name to indicator, text to interval, unit and basis; then put into columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from standards.checking.core import UNKNOWN, Column, Reason
from standards.reading.bulk import Cells, columns_of, plain_result, read_texts
from standards.reading.results import Parsed


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


def cells_of(lines: Sequence[Line]) -> Cells:
    """Lines understood together, as arrays."""
    return read_texts(
        [one.indicator for one in lines],
        [one.value for one in lines],
        [one.unit for one in lines],
        [one.basis for one in lines],
        [one.note for one in lines],
        [one.uncertainty for one in lines] if any(one.uncertainty for one in lines) else "",
        [one.code for one in lines],
    )


def readings_of(lines: Sequence[Line], cells: Cells) -> list[Reading]:
    """The same, an object a line."""
    spreads = np.zeros(len(lines)) if cells.spread is None else cells.spread
    return [
        Reading(
            line,
            cells.codes[indicator] if indicator >= 0 else "",
            parsed or plain_result(line.value),
            state,
            low,
            high,
            low_open,
            high_open,
            basis,
            found,
            grams,
            cause,
            spread,
        )
        for line, indicator, parsed, state, low, high, low_open, high_open, basis, found, grams, cause, spread in zip(
            lines,
            cells.indicator.tolist(),
            cells.parsed,
            cells.state.tolist(),
            cells.low.tolist(),
            cells.high.tolist(),
            cells.low_open.tolist(),
            cells.high_open.tolist(),
            cells.basis.tolist(),
            cells.found.tolist(),
            cells.grams.tolist(),
            cells.cause.tolist(),
            spreads.tolist(),
            strict=True,
        )
    ]


def read_lines(lines: Sequence[Line]) -> list[Reading]:
    """Understand lines. Nothing raises; what is not understood has a state that never passes."""
    return readings_of(lines, cells_of(lines))


def read_line(line: Line) -> Reading:
    """Understand one line."""
    return read_lines([line])[0]


def columns(samples: Sequence[Sequence[Reading]]) -> dict[str, list[Column]]:
    """Readings of every sample as columns: per indicator one column for each replicate."""
    readings = [reading for sample in samples for reading in sample]
    sample = np.repeat(np.arange(len(samples)), [len(one) for one in samples])
    codes = tuple(dict.fromkeys(reading.indicator for reading in readings if reading.indicator))
    place = {code: number for number, code in enumerate(codes)}
    cells = Cells(
        codes,
        np.array([place.get(one.indicator, -1) for one in readings], np.int32),
        np.array([one.low for one in readings], float),
        np.array([one.high for one in readings], float),
        np.array([one.low_open for one in readings], np.bool_),
        np.array([one.high_open for one in readings], np.bool_),
        np.array([one.basis for one in readings], np.int8),
        np.array([one.state for one in readings], np.int8),
        np.array([one.found for one in readings], np.int8),
        np.array([one.grams for one in readings], float),
        np.array([one.cause for one in readings], np.int8),
        np.array([one.spread for one in readings], float),
        [],
    )
    return columns_of(cells, sample, len(samples))
