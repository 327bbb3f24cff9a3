"""Reads cases in the shape of ``methane_cases.json`` (``cases[].kind``, ``inputs``); everything else is ignored. Pure.

What people write differs: factors as one number, as a list by period, as ``{period: value}`` or ``{stream: value}``, at
the top or within a stream; deposits as ``[period, stream, tonnes]`` or ``[period, tonnes]``, unsorted, several in one
period; periods as numbers, calendar years or ``YYYY-MM``. Every fault is told with its place and what to write instead.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from batches.impact.calculator.rules import CalculatorRules, Input, Kind, calculator_rules
from batches.impact.methane import Floats
from compostnet.shared.problems import Fault, Problem
from compostnet.shared.texts import Message

ONLY_STREAM = "waste"
CALENDAR = 1000
"""Periods from here on are calendar years (or months since year 0): they have no period 1 before them."""
FLOAT_BITS = 1000
"""Whole numbers of more bits are too great for a float."""
MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Case:
    """A case, read and checked. T periods from ``first`` on; J streams.

    ``deposits`` (T, J) in t; ``by_period`` the factors of the whole case (T,); ``by_stream`` those of streams (T, J);
    ``k`` (J,) in 1/year. ``sums`` the first and the last period of the sum. ``silent``: inputs that the case does not
    give; ``unused``: keys that nothing was made of.
    """

    id: str
    code: str
    kind: Kind
    first: int
    sums: tuple[int, int]
    months: bool
    zero: int
    streams: tuple[str, ...]
    deposits: Floats
    by_period: Mapping[str, Floats]
    by_stream: Mapping[str, Floats]
    k: Floats
    efficiency: Floats | None
    scenario: str
    in_co2e: bool
    silent: tuple[str, ...]
    unused: tuple[str, ...]

    def key(self, period: int) -> str:
        """A period as the case writes it."""
        return f"{period // 12:04d}-{period % 12 + 1:02d}" if self.months else str(period + self.zero)

    @property
    def periods(self) -> range:
        return range(self.first, self.first + len(self.deposits))


@dataclass(frozen=True)
class Skipped:
    """A case of a kind that is not computed."""

    id: str
    code: str


@dataclass(frozen=True)
class Broken:
    """A case that cannot be computed, with every fault."""

    id: str
    code: str
    faults: tuple[Fault, ...]


Read = Case | Skipped | Broken


def read_cases(document: Any) -> list[Read]:
    """Every case of a document (``{"cases": [...]}``, a list, or one case), or a `Problem` if it is none."""
    rules = calculator_rules()
    cases = document
    if isinstance(document, Mapping):
        cases = [document] if "kind" in document and "cases" not in document else document.get("cases")
    if not isinstance(cases, list):
        raise Problem("methane_no_cases")
    if len(cases) > rules.limits.cases:
        raise Problem("methane_too_many_cases", found=len(cases), most=rules.limits.cases)
    found, room = list[Read](), rules.limits.values
    for number, case in enumerate(cases):
        found.append(_read(number, case, rules, room))
        if isinstance(found[-1], Case):
            room -= found[-1].deposits.size
    return found


def _read(number: int, case: Any, rules: CalculatorRules, room: int) -> Read:
    place = f"cases[{number}]"
    if not isinstance(case, Mapping):
        return Broken(f"#{number + 1}", "", (_fault("methane_not_object", place, case),))
    name, code = str(case.get("id", f"#{number + 1}")), case.get("kind")
    if not isinstance(code, str):
        kinds = ", ".join(rules.kinds)
        return Broken(name, "", (_fault("methane_kind_missing", f"{place}.kind", code, kinds=kinds),))
    if code not in rules.kinds:
        return Skipped(name, code)
    inputs = case.get("inputs")
    if not isinstance(inputs, Mapping):
        return Broken(name, code, (_fault("methane_inputs_missing", f"{place}.inputs", inputs),))
    reader = _Reader(name, code, f"{place}.inputs", inputs, rules, room)
    found = reader.read()
    return found if found is not None else Broken(name, code, tuple(reader.faults))


def _fault(code: str, place: str, value: Any = None, **values: Any) -> Fault:
    shown = None if value is None else str(value)[:80]
    return Fault(Message(code, {"place": place, "found": shown if shown is not None else "—", **values}), field=place)


@dataclass
class _Reader:
    """Reads one case, collecting faults. ``room``: how many values (periods × streams) may still be computed."""

    id: str
    code: str
    place: str
    inputs: Mapping[str, Any]
    rules: CalculatorRules
    room: int
    faults: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    months: bool | None = None
    zero: int = 0
    opened: int = 0

    def read(self) -> Case | None:
        kind = self.rules.kinds[self.code]
        streams = self.streams()
        if self.code == "fod_warm_landfill":
            self.zero = self.calendar_zero()
        deposits = self.deposits(streams)
        if not deposits or self.faults:
            self.check_streams(streams)
            if not deposits and not self.faults:
                self.fault("methane_no_deposits", "deposits", self.inputs.get("deposits"))
            return None
        names = self.named_streams(streams, deposits)
        periods = [period for period, _, _ in deposits]
        self.opened = min(periods)
        span = self.span(kind, min(periods), max(periods), len(set(periods)))
        if span is None:
            return None
        first, start, stop, printed = span
        if (size := (printed - first + 1) * len(names)) > self.room:
            self.fault("methane_too_many_values", "", size, streams=len(names), left=self.room)
            return None
        masses = np.zeros((printed - first + 1, len(names)))
        shares = [self.constant("share", streams.get(name, {}), f"streams.{name}") for name in names]
        if any(stream is None for _, stream, _ in deposits) and len(names) > 1:
            self.check_shares(names, shares)
        column = {name: n for n, name in enumerate(names)}
        for period, stream, mass in deposits:
            if stream is not None:
                masses[period - first, column[stream]] += mass
            else:
                masses[period - first] += mass * np.array(shares)
        by_period: dict[str, Floats] = {
            name: self.series(name, first, len(masses))
            for name in ("phi", "f", "gwp", "ox", "r", "F")
            if name in kind.uses
        }
        by_stream = {
            name: np.column_stack([self.of_stream(name, s, streams, first, len(masses)) for s in names])
            for name in ("docf", "mcf", "doc")
        }
        k = np.array([self.of_stream("k", name, streams, first, 1)[0] for name in names])
        efficiency, scenario = self.efficiency(first, len(masses))
        if self.faults:
            return None
        unused = tuple(sorted(set(self.inputs) - self.used - set(self.rules.told)))
        return Case(
            id=self.id,
            code=self.code,
            kind=kind,
            first=first,
            sums=(start, stop),
            months=bool(self.months),
            zero=self.zero,
            streams=tuple(names),
            deposits=masses,
            by_period=by_period,
            by_stream=by_stream,
            k=k,
            efficiency=efficiency,
            scenario=scenario,
            in_co2e="gwp" in by_period and "gwp" not in self.silent,
            silent=tuple(name for name in self.rules.inputs if name in self.silent and name not in ("share", "gwp")),
            unused=unused,
        )

    def fault(self, code: str, key: str, value: Any = None, **values: Any) -> None:
        most = self.rules.limits.faults
        if len(self.faults) < most:
            self.faults.append(_fault(code, f"{self.place}.{key}" if key else self.place, value, **values))
        elif len(self.faults) == most:
            self.faults.append(_fault("methane_more_faults", self.place, most=most))

    # --- streams and deposits

    def streams(self) -> dict[str, Mapping[str, Any]]:
        """The streams as written; none: the whole case is one stream."""
        self.used.add("streams")
        found = self.inputs.get("streams", {})
        if not isinstance(found, Mapping):
            self.fault("methane_not_streams", "streams", found)
            return {}
        out = {}
        for name, factors in found.items():
            if isinstance(factors, Mapping):
                out[str(name)] = factors
            else:
                self.fault("methane_not_object", f"streams.{name}", factors)
        return out

    def check_streams(self, streams: Mapping[str, Mapping[str, Any]]) -> None:
        """Where deposits cannot be read, what is wrong with the streams is told all the same."""
        for name in streams:
            for factor in ("doc", "k"):
                self.of_stream(factor, name, streams, 1, 1)

    def deposits(self, streams: Mapping[str, Mapping[str, Any]]) -> list[tuple[int, str | None, float]]:
        """(period, stream or None, tonnes) in the order written."""
        self.used.add("deposits")
        found = self.inputs.get("deposits")
        if isinstance(found, Mapping):
            found = [[period, mass] for period, mass in found.items()]
        if not isinstance(found, list):
            self.fault("methane_no_deposits", "deposits", found)
            return []
        if len(found) > self.rules.limits.deposits:
            self.fault("methane_too_many_deposits", "deposits", len(found), most=self.rules.limits.deposits)
            return []
        return [one for n, item in enumerate(found) if (one := self.deposit(n, item, streams)) is not None]

    def deposit(
        self, number: int, item: Any, streams: Mapping[str, Mapping[str, Any]]
    ) -> tuple[int, str | None, float] | None:
        key = f"deposits[{number}]"
        if isinstance(item, Mapping):
            period = next((item[name] for name in ("period", "year", "month") if name in item), None)
            mass = next((item[name] for name in ("tonnes", "t", "mass") if name in item), None)
            item = [period, item["stream"], mass] if "stream" in item else [period, mass]
        if not isinstance(item, list | tuple) or len(item) not in (2, 3):
            self.fault("methane_not_deposit", key, item)
            return None
        stream = item[1] if len(item) == 3 else None
        if stream is not None and (not isinstance(stream, str) or (streams and stream not in streams)):
            self.fault("methane_stream_unknown", key, stream, known=", ".join(list(streams)[:20]) or "—")
            return None
        most = self.rules.limits.tonnes
        tonnes = Input(names=(), acts="deposit", silent=None, least=-most, most=most, unit="t")
        at, mass = self.period(item[0], key), self.number(item[-1], key, tonnes)
        return None if at is None or mass is None else (at, stream, mass)

    def named_streams(
        self, streams: Mapping[str, Mapping[str, Any]], deposits: Iterable[tuple[int, str | None, float]]
    ) -> list[str]:
        named = [*streams, *(stream for _, stream, _ in deposits if stream is not None)]
        return list(dict.fromkeys(named)) or [ONLY_STREAM]

    def check_shares(self, names: Sequence[str], shares: Sequence[float]) -> None:
        if "share" in self.silent:
            self.fault("methane_share_missing", "streams", ", ".join(names))
        elif sum(shares) > 1 + 1e-9:
            self.fault("methane_shares_above_one", "streams", f"{sum(shares):g}")

    # --- periods

    def period(self, value: Any, key: str) -> int | None:
        """A period as a number; months as months since year 0."""
        steps = self.rules.kinds[self.code].steps_per_year
        month = MONTH.fullmatch(value) if isinstance(value, str) and steps == 12 else None
        number = self.whole(value) if month is None else int(month[1]) * 12 + int(month[2]) - 1
        if number is None:
            self.fault("methane_not_period", key, value)
            return None
        if self.months is not None and self.months is not (month is not None):
            self.fault("methane_mixed_periods", key, value)
            return None
        self.months = month is not None
        return number - self.zero if number >= CALENDAR and month is None else number

    @staticmethod
    def whole(value: Any) -> int | None:
        if isinstance(value, bool):
            return None
        if isinstance(value, str):
            return int(value) if re.fullmatch(r"-?\d{1,9}", value.strip()) else None
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e9:
            return int(value)
        return value if isinstance(value, int) and abs(value) < 10**9 else None

    def span(self, kind: Kind, first: int, last: int, several: int) -> tuple[int, int, int, int] | None:
        """First period printed, first and last of the sum, last printed."""
        names = self.rules.horizon
        start = first if first >= CALENDAR or first < 1 else 1
        if (found := self.one_of(names.first)) is not None:
            given = self.period(found[1], found[0])
            start = first if given is None else min(given, first)
        begun = first if kind.lag else start
        stop = self.end(kind, begun if kind.sums_to == "horizon" else start, last, several)
        printed = max(stop, last + kind.printed_beyond) if kind.printed_beyond else max(stop, last)
        if printed - start + 1 > self.rules.limits.periods:
            self.fault("methane_too_many_periods", "", printed - start + 1, most=self.rules.limits.periods)
        return None if self.faults else (start, start, stop, printed)

    def end(self, kind: Kind, start: int, last: int, several: int) -> int:
        """The last period of the sum."""
        names, steps = self.rules.horizon, kind.steps_per_year
        for which, factor in ((names.years, steps), (names.months, steps / 12), (names.count, 1)):
            found = self.one_of(which)
            if found is None:
                continue
            key, value = found
            if isinstance(value, list):
                listed = [at for item in value if (at := self.period(item, key)) is not None]
                return max(listed, default=last)
            count = self.number(value, key)
            if count is not None and count < 1:
                self.fault("methane_horizon_below_one", key, value)
            elif count is not None:
                return start + min(math.ceil(count * factor), self.rules.limits.periods + 1) - 1
        if (found := self.one_of(names.last)) is not None:
            given = self.period(found[1], found[0])
            return last if given is None else given
        if kind.sums_to == "horizon" and kind.horizon is not None:
            return start + kind.horizon - 1
        if kind.sums_to == "long":
            count = kind.periods_of_several if several > 1 else kind.periods_of_one_deposit
            return max(start + (count or 1) - 1, last + kind.printed_beyond)
        return last

    def calendar_zero(self) -> int:
        """The calendar year of period 0."""
        found = self.one_of(self.rules.horizon.zero)
        year = 0 if found is None else self.whole(found[1])
        if found is not None and year is None:
            self.fault("methane_not_period", *found)
        return year or 0

    def one_of(self, names: Iterable[str]) -> tuple[str, Any] | None:
        """The first of the names that the case gives, with its value."""
        for name in names:
            if name in self.inputs and self.inputs[name] is not None:
                self.used.add(name)
                return name, self.inputs[name]
        return None

    # --- factors

    def number(self, value: Any, key: str, rule: Input | None = None) -> float | None:
        """A finite number within the rule's limits."""
        number = value
        if isinstance(value, str):
            try:
                number = float(value)
            except ValueError:
                number = None
        if isinstance(number, int) and number.bit_length() > FLOAT_BITS:
            number = math.inf  # JSON knows whole numbers of any length
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            self.fault("methane_not_number", key, value)
            return None
        if rule is not None and not rule.least <= number <= rule.most:
            self.fault(
                "methane_out_of_range", key, value, least=f"{rule.least:g}", most=f"{rule.most:g}", unit=rule.unit
            )
            return None
        return float(number)

    def written(self, name: str, within: Mapping[str, Any], key: str) -> tuple[str, Any] | None:
        """Where a factor stands: its key and value."""
        for alias in self.rules.inputs[name].names:
            if alias in within and within[alias] is not None:
                if within is self.inputs:
                    self.used.add(alias)
                return f"{key}.{alias}" if key else alias, within[alias]
        return None

    def constant(self, name: str, within: Mapping[str, Any], key: str) -> float:
        rule = self.rules.inputs[name]
        found = self.written(name, within, key)
        if found is None:
            self.silent.add(name)
            return rule.silent or 0.0
        value = self.number(found[1], found[0], rule)
        return 0.0 if value is None else value

    def series(self, name: str, first: int, periods: int) -> Floats:
        """A factor of the whole case by period (T,)."""
        found = self.written(name, self.inputs, "")
        return self.default(name, "", periods) if found is None else self.over(name, *found, first, periods)

    def of_stream(
        self, name: str, stream: str, streams: Mapping[str, Mapping[str, Any]], first: int, periods: int
    ) -> Floats:
        """A factor of a stream by period (T,): its own, else the case's."""
        key = f"streams.{stream}" if streams else ""
        found = self.written(name, streams.get(stream, {}), key)
        common = self.written(name, self.inputs, "")
        if found is None and common is not None:
            at, value = common
            if isinstance(value, Mapping) and (
                stream in value or not any(self.whole(key) is not None for key in value)
            ):
                if stream not in value:
                    self.fault("methane_factor_missing", at, stream, name=name)
                    return np.zeros(periods)
                found = f"{at}.{stream}", value[stream]
            else:
                found = common
        if found is None:
            return self.default(name, key, periods)
        if name == "k" and isinstance(found[1], list | Mapping):
            self.fault("methane_k_changes", found[0], found[1])
            return np.zeros(periods)
        return self.over(name, *found, first, periods)

    def default(self, name: str, key: str, periods: int) -> Floats:
        rule = self.rules.inputs[name]
        self.silent.add(name)
        if rule.silent is None:
            alias = rule.names[0]
            self.fault("methane_factor_missing", f"{key}.{alias}" if key else alias, None, name=alias)
            return np.zeros(periods)
        return np.full(periods, float(rule.silent))

    def over(self, name: str, key: str, value: Any, first: int, periods: int) -> Floats:
        """One number, a list from the first period on, or ``{period: value}``: each holds until the next."""
        rule = self.rules.inputs[name]
        out = np.zeros(periods)
        if isinstance(value, list):
            if not value:
                self.fault("methane_not_number", key, value)
            for n, item in enumerate(value[:periods]):
                out[n:] = self.number(item, f"{key}[{n}]", rule) or 0.0
        elif isinstance(value, Mapping):
            from_period: dict[int, float] = {}
            if (common := value.get("default")) is not None:
                from_period[first] = self.number(common, f"{key}.default", rule) or 0.0
            for period, item in value.items():
                at = first if period == "default" else self.period(period, f"{key}.{period}")
                if at is not None and period != "default":
                    from_period[at] = self.number(item, f"{key}.{period}", rule) or 0.0
            if not self.faults and (not from_period or min(from_period) > self.opened):
                self.fault("methane_series_starts_late", key, min(from_period, default=None), first=self.opened)
            for at in sorted(from_period):
                out[max(at - first, 0) :] = from_period[at]
        else:
            out[:] = self.number(value, key, rule) or 0.0
        return out

    def efficiency(self, first: int, periods: int) -> tuple[Floats | None, str]:
        """Share collected by period (T,) of a landfill that opened with the first deposit, and the scenario's name."""
        if self.code != "fod_warm_landfill":
            return None, ""
        year = np.maximum(np.arange(periods) + first - self.opened, 0)
        listed, named = self.one_of(self.rules.efficiency.list), self.one_of(self.rules.efficiency.scenario)
        if listed is not None:
            key, value = listed
            rule = Input(names=(), acts="emission", silent=None, least=0, most=1, unit="1")
            steps = value if isinstance(value, list) else [value]
            if not steps:
                self.fault("methane_not_number", key, value)
                return None, ""
            shares = [self.number(item, f"{key}[{n}]", rule) or 0.0 for n, item in enumerate(steps)]
            return np.array(shares)[np.minimum(year, len(shares) - 1)], "" if named is None else str(named[1])
        known = {name.lower(): name for name in self.rules.collection_scenarios}
        # lfg-calc writes false where no gas is collected.
        wanted = "None" if named is None or named[1] is False else str(named[1])
        name = known.get(wanted.strip().lower().replace(" ", "-").replace("_", "-"))
        if name is None:
            self.fault("methane_scenario_unknown", named[0] if named else "", wanted, known=", ".join(known.values()))
            return None, ""
        if named is None:
            self.silent.add("efficiency")
        found = self.rules.collection_scenarios[name]
        return np.array([found.in_year(int(n)) for n in year]), name
