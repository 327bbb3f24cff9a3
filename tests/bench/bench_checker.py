"""How many results a second the standards checker judges, beside NumPy's bare comparison and beside pandera."""

from __future__ import annotations

import datetime as dt
import importlib.util
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from standards.checker import check, check_all, table_of
from standards.checking.core import NOT_TESTED, Column
from standards.checking.explain import check_lines
from standards.library import RuleSet, selected
from standards.reading.bulk import columns_of, number_samples, read_texts
from standards.reading.readings import Line
from tests.conftest import ROOT

SAMPLES = 100_000
RESULTS = 10 * SAMPLES
DAY = dt.date(2026, 3, 1)
ROUNDS = 7
CENSORED = 0.05
MASS = (("mg/kg", 1.0), ("g/kg", 1e-3), ("ppm", 1.0), ("ug/kg", 1e3))
SHARE = (("%", 1.0), ("g/kg", 10.0))
MIXED, FRESH = ("dm", "dm", "dm", "ar", ""), ("ar",)
# name as labs write it, units with their factors, bases, range of values (a tenth or so does not meet the limit), and
# the limit that NumPy and pandera get
NYT525 = (
    ("有机质", SHARE, MIXED, (27, 60), (30, None)),
    ("水分", (("%", 1.0),), FRESH, (10, 32), (None, 30)),
    ("pH", (("", 1.0),), ("",), (5.3, 8.7), (5.5, 8.5)),
    ("总砷", MASS, MIXED, (1, 16.5), (None, 15)),
    ("总汞", MASS, MIXED, (0.05, 2.2), (None, 2)),
    ("总铅", MASS, MIXED, (5, 55), (None, 50)),
    ("总镉", MASS, MIXED, (0.1, 3.3), (None, 3)),
    ("总铬", MASS, MIXED, (10, 165), (None, 150)),
    ("粪大肠菌群数", (("MPN/g", 1.0), ("CFU/g", 1.0)), FRESH, (1, 110), (None, 100)),
    ("种子发芽指数", (("%", 1.0),), ("",), (65, 120), (70, None)),
)
PFC3A = (
    ("Cd", MASS, MIXED, (0.1, 2.2), (None, 2)),
    ("Cr VI", MASS, MIXED, (0.1, 2.2), (None, 2)),
    ("Hg", MASS, MIXED, (0.05, 1.1), (None, 1)),
    ("Ni", MASS, MIXED, (5, 55), (None, 50)),
    ("Pb", MASS, MIXED, (5, 132), (None, 120)),
    ("inorganic arsenic", MASS, MIXED, (1, 44), (None, 40)),
    ("Cu", MASS, MIXED, (10, 330), (None, 300)),
    ("Zn", MASS, MIXED, (40, 880), (None, 800)),
    ("PAH16", MASS, MIXED, (0.1, 6.6), (None, 6)),
    ("dry matter", (("%", 1.0),), FRESH, (14, 80), (20, None)),
)


@dataclass
class Data:
    """A million results as texts, as columns, and as numbers in the limits' units."""

    samples: list[str]
    names: list[str]
    values: list[str]
    units: list[str]
    bases: list[str]
    numbers: np.ndarray
    limits: list[tuple[float | None, float | None]]

    def columns(self) -> dict[str, list[Column]]:
        """The results read: what the checker is given."""
        labels, which = number_samples(self.samples)
        return columns_of(read_texts(self.names, self.values, self.units, self.bases), which, len(labels))


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark table: name, value, unit, note. Nothing here uses more than one core."""
    rows = []
    for code, wanted in (("CN-NYT525", NYT525), ("EU-FPR/PFC3A", PFC3A)):
        rows += _many(code, wanted)
    return [*rows, _all_standards(), *_one_report()]


def _made(wanted: tuple[Any, ...]) -> Data:
    random = np.random.default_rng(20261121)
    shape = (SAMPLES, len(wanted))
    numbers = np.empty(shape)
    values, units, bases = (np.empty(shape, object) for _ in range(3))
    for place, (_, ways, on, (low, high), _) in enumerate(wanted):
        number = low + random.random(SAMPLES) * (high - low)
        way = random.integers(0, len(ways), SAMPLES)
        written = np.array([f"{n:.5g}" for n in number * np.array([factor for _, factor in ways])[way]], object)
        below = random.random(SAMPLES) < CENSORED
        values[:, place] = np.where(below, "<" + written, written)
        units[:, place] = np.array([unit for unit, _ in ways], object)[way]
        bases[:, place] = np.array(on, object)[random.integers(0, len(on), SAMPLES)]
        numbers[:, place] = number
    return Data(
        [str(sample) for sample in range(SAMPLES) for _ in wanted],
        [one[0] for one in wanted] * SAMPLES,
        values.ravel().tolist(),
        units.ravel().tolist(),
        bases.ravel().tolist(),
        numbers,
        [one[4] for one in wanted],
    )


def _best(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def _many(code: str, wanted: tuple[Any, ...]) -> list[dict[str, Any]]:
    rules: RuleSet = selected([code], DAY)[0][1][0]
    data = _made(wanted)
    columns = data.columns()
    judged = check(table_of(SAMPLES, columns), rules)
    tested = sum(int((one.verdict != NOT_TESTED).sum()) for one in judged.outcomes)
    ours = _best(lambda: check(table_of(SAMPLES, columns), rules))
    texts = _best(lambda: check(table_of(SAMPLES, data.columns()), rules), 3)
    bare = _best(lambda: _bare(data))
    note = f"{tested:,} verdicts with a result behind them, and {SAMPLES:,} of whole samples"

    def row(name: str, seconds: float, note: str) -> dict[str, Any]:
        return {"name": f"{code}: {name}", "value": round(RESULTS / seconds), "unit": "results/s", "note": note}

    rows = [
        row("columns in, verdicts and reasons out", ours, note),
        row(
            "the bare comparison in NumPy",
            bare,
            f"numbers only, no bases, units, censoring or reasons; {ours / bare:.0f} × as fast as the checker",
        ),
        row("from raw texts, reading included", texts, "values, units, bases, names and samples as texts"),
    ]
    if importlib.util.find_spec("pandas") is None:  # pandera has it as an extra: pandera[pandas]
        return rows
    other = _best(_pandera(data), 3)
    note = f"the same numbers in a frame, nothing else; the checker does {other / ours:.1f} × as many"
    return [*rows, row("pandera, range checks, failures collected", other, note)]


def _all_standards() -> dict[str, Any]:
    """The first million against every rule set of the library at once."""
    columns = _made(NYT525).columns()
    sets = [rules for _, group in selected(["all"], DAY) for rules in group]
    found = check_all(table_of(SAMPLES, columns), sets)
    tested = sum(int((one.verdict != NOT_TESTED).sum()) for result in found for one in result.outcomes)
    seconds = _best(lambda: check_all(table_of(SAMPLES, columns), sets), 3)
    note = f"{SAMPLES:,} samples, {len(sets)} rule sets, {tested:,} verdicts with a result behind them: {seconds:.2f} s"
    return {
        "name": "all standards at once: columns in, verdicts out",
        "value": round(tested / seconds),
        "unit": "verdicts/s",
        "note": note,
    }


def _bare(data: Data) -> list[np.ndarray]:
    """Ten columns of plain numbers against their limits, nothing else."""
    found = []
    for place, (low, high) in enumerate(data.limits):
        column = data.numbers[:, place]
        if low is None:
            found.append(column <= high)
        else:
            found.append(column >= low if high is None else (column >= low) & (column <= high))
    return found


def _pandera(data: Data) -> Callable[[], Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        import pandera.pandas as pa
    frame = pd.DataFrame({f"c{place}": data.numbers[:, place] for place in range(len(data.limits))})
    checks = {}
    for place, (low, high) in enumerate(data.limits):
        wanted = [pa.Check.ge(low)] if low is not None else []
        wanted += [pa.Check.le(high)] if high is not None else []
        checks[f"c{place}"] = pa.Column(float, wanted)
    schema = pa.DataFrameSchema(checks)

    def validate() -> Any:
        try:
            return schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as errors:
            return errors.failure_cases

    return validate


def _one_report() -> list[dict[str, Any]]:
    """A published analysis of some twenty lines, changed a little each time so that no value has been seen before."""
    rows = (ROOT / "tests" / "bench" / "one_report.csv").read_text(encoding="utf-8").splitlines()[1:]

    def lines(turn: int) -> list[Line]:
        """The report with another last digit in every plain number."""
        cells = [row.split(",") for row in rows]
        return [
            Line("s", name, value + str(turn % 10) if value[-1:].isdigit() and "." in value else value, unit, basis)
            for name, value, unit, basis in cells
        ]

    every, one = selected(["all"], DAY), selected(["CN-NYT525"], DAY)
    limits = sum(len(rules.limits) for _, group in every for rules in group)
    sets = sum(len(group) for _, group in every)
    turn = iter(range(10_000))
    check_lines(lines(next(turn)), every)
    check_lines(lines(next(turn)), one)
    all_ = _best(lambda: check_lines(lines(next(turn)), every), 30)
    json = _best(lambda: [answer.as_json("en") for answer in check_lines(lines(next(turn)), every)], 30)
    alone = _best(lambda: [answer.as_json("en") for answer in check_lines(lines(next(turn)), one)], 30)
    note = f"{len(rows)} lines, {sets} rule sets, {limits} limits"
    return [
        {"name": "one report, all standards, explained", "value": all_ * 1e3, "unit": "ms", "note": note},
        {"name": "the same, rendered for JSON as well", "value": json * 1e3, "unit": "ms", "note": ""},
        {"name": "one report, one standard, rendered", "value": alone * 1e3, "unit": "ms", "note": ""},
    ]
