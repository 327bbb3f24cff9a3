"""Results of many samples as columns, checked for what cannot be, and what they are evidence of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from standards.checking import core
from standards.checking.core import AR, DM, UNKNOWN, Codes, Column, Reason, Share, State
from standards.checking.plan import UNVERIFIED, Step, Term, Way, part_pairs, scatter, shown_by, ways
from standards.indicators import indicators
from standards.indicators_schema import Consistency


@dataclass(frozen=True, slots=True)
class Table:
    """Results of many samples as columns, per indicator one for each replicate, with the shares of dry matter (of the
    sample) and of organic matter (of the dry matter) of each sample."""

    size: int
    columns: dict[str, list[Column]]
    dry: Share
    organic: Share
    density: Share
    """Bulk density as received in g/mL."""

    def part(self, start: int, stop: int) -> Table:
        """The samples from ``start`` up to ``stop``, as views."""
        if start == 0 and stop >= self.size:
            return self
        cells = {code: [column.part(start, stop) for column in found] for code, found in self.columns.items()}
        shares = (share.part(start, stop) for share in (self.dry, self.organic, self.density))
        return Table(min(stop, self.size) - start, cells, *shares)

    def rebased(self, column: Column, to: int | Codes) -> Column:
        """A column of the table (or a block of such rows) on another basis (`standards.checking.core.rebase`)."""
        return core.rebase(column, to, self.dry, self.organic, self.density)


def table_of(size: int, cells: dict[str, list[Column]]) -> Table:
    """The table of ready-made columns: contradictory results flagged, dry and organic shares found."""
    cells = _consistent(cells)
    shares = (Share(np.zeros(size), np.full(size, most)) for most in (1.0, 1.0, np.inf))
    whole = Table(size, cells, *shares)
    whole = replace(whole, density=_density(whole))
    dry = _share(core.mean(evidence(whole, tuple(ways("dry_matter", ())))), whole, AR)
    whole = replace(whole, dry=dry)
    whole = replace(whole, organic=_share(core.mean(evidence(whole, tuple(ways("organic_matter", ())))), whole, DM))
    return _parts_within(whole)


def _density(whole: Table) -> Share:
    """The bulk density as received of every sample; one stated per dry matter is none."""
    column = core.mean(evidence(whole, (("direct", "bulk_density", 1.0),)))
    known = column.valued & (column.basis != DM) & (column.high > 0)
    return Share(np.where(known, column.low, 0.0), np.where(known, column.high, np.inf))


def _share(column: Column, whole: Table, basis: int) -> Share:
    known = column.valued
    if not known.any():
        return Share(np.zeros(whole.size), np.ones(whole.size))
    column = whole.rebased(column, basis)
    low = np.where(known, np.clip(column.low / 1e6, 0.0, 1.0), 0.0)
    return Share(low, np.where(known, np.clip(column.high / 1e6, 0.0, 1.0), 1.0))


def breaks(rule: Consistency, first: Any, second: Any) -> Any:
    """Whether two results (with ``low`` and ``high`` in mg/kg, numbers or arrays) break a rule of what must hold."""
    if rule.kind == "at_least":
        return first.high < second.low
    return first.low + second.low > float(rule.limit or 0) * 1e4


def _consistent(cells: dict[str, list[Column]]) -> dict[str, list[Column]]:
    """Flag pairs that contradict each other (organic matter below organic carbon, …) as implausible."""
    checked = dict(cells)
    for rule in indicators().consistency:
        if not all(code in checked for code in rule.of):
            continue
        first, second = (checked[code][0] for code in rule.of)
        comparable = first.valued & second.valued & (first.basis == second.basis)
        broken = comparable & breaks(rule, first, second)
        if not broken.any():
            continue
        for code, column in zip(rule.of, (first, second), strict=True):
            state = np.where(broken, State.IMPLAUSIBLE, column.state).astype(np.int8)
            checked[code] = [replace(column, state=state), *checked[code][1:]]
    return checked


def exceeds(part: Any, whole: Any, scatter: float) -> Any:
    """Whether a part is surely more than its whole (numbers or arrays, on one basis), by more than two measurements
    scatter; or found where that was none."""
    more = part.low > whole.high * scatter * (1 + core.EQUAL)
    none = (whole.found == 1) & ((whole.cause == Reason.NONE) | (whole.cause == Reason.NO_DETECTION_LIMIT))
    examined = (part.grams == 0) | (whole.grams == 0) | (part.grams <= whole.grams)
    return more | ((part.found == 2) & none & examined)


def _parts_within(whole: Table) -> Table:
    """Flag a part that is reported as more than its whole, and the whole, as implausible; of several results the
    least of the part against the greatest of the whole. What was found stands against "none of any": only the latter
    is flagged."""
    pairs = part_pairs(whole.columns)
    if not pairs:
        return whole
    columns = dict(whole.columns)
    for pair in pairs:
        parts, totals = (whole.columns[code] for code in pair)
        broken = np.ones(whole.size, np.bool_)
        for part in parts:
            for total in totals:
                alike = part.basis == total.basis
                more = exceeds(part, total, scatter(pair[1]))
                if not alike.all():
                    dry = [whole.rebased(one, DM) for one in (part, total)]
                    more = np.where(alike, more, exceeds(dry[0], dry[1], scatter(pair[1])))
                broken &= np.where(part.valued & total.valued, more, ~part.tested | ~total.tested)
        for columns_of in (parts, totals):
            broken &= np.any([column.valued for column in columns_of], axis=0)
        if not broken.any():
            continue
        for code in pair[1:] if pair[0] in shown_by(pair[1]) else pair:
            columns[code] = [
                replace(one, state=np.where(broken & one.valued, State.IMPLAUSIBLE, one.state).astype(np.int8))
                for one in columns[code]
            ]
    return replace(whole, columns=columns)


def _follow(step: Step, column: Column, factor: float, whole: Table) -> Column:
    if step in ("conversion", "factor"):
        return core.scale(column, factor)
    if step == "complement":
        return core.complement(column, 1e6)
    if step == "inverse":
        return core.inverse(column)
    if step in ("times_density", "over_density"):
        return core.by_density(column, whole.density, times=step == "times_density")
    if step == "part":
        return core.part_of(column)
    if step == "whole":
        return core.whole_of(column)
    if step == "whole_inverse":
        return core.inverse(core.whole_of(column))
    return core.none_found(column)


def evidence(whole: Table, known_by: Sequence[Way]) -> list[Column]:
    """Every replicate of an indicator, in its canonical unit: the first way that a sample has anything for; one empty
    column where no sample has anything."""
    best: list[Column] = []
    known = np.zeros(0, np.bool_)
    for number, (step, source, factor) in enumerate(known_by):
        if source not in whole.columns:
            continue
        found = whole.columns[source]
        if step != "direct":
            found = [_follow(step, column, factor, whole) for column in found]
        if not best:  # where the first way has nothing, its columns are empty already
            best = found
            if any(later in whole.columns for _, later, _ in known_by[number + 1 :]):
                known = np.any([column.tested for column in found], axis=0)
            continue
        if known.all():
            break
        best = list(best)
        while len(best) < len(found):
            best.append(Column.empty(whole.size))
        usable = ~known & np.any([column.tested for column in found], axis=0)
        best = [
            core.prefer(found[place] if place < len(found) else Column.empty(whole.size), column, usable)
            for place, column in enumerate(best)
        ]
        known |= usable
    return best or [Column.empty(whole.size)]


def of_own_basis(whole: Table, columns: list[Column], basis: int) -> list[Column]:
    """Replicates without those that only give a result once more on the other basis.

    US data sheets print every result dry and as received. That is one test; the figure on the limit's own basis is the
    one to judge, for the other is rounded and would have to be converted. Two that contradict each other both stay.
    """
    if len(columns) < 2 or basis not in (DM, AR):
        return columns
    own = np.stack([column.valued & (column.basis == basis) for column in columns])
    has_own = own.any(0)
    if not has_own.any():
        return columns
    agree = float(indicators().printed_twice_within_percent) / 100
    low = np.where(own, [column.low for column in columns], np.inf).min(0) * (1 - agree)
    high = np.where(own, [column.high for column in columns], -np.inf).max(0) * (1 + agree)
    kept = []
    for column in columns:
        again = has_own & column.valued & (column.basis == (AR if basis == DM else DM))
        if again.any():
            converted = core.rebase(column, basis, whole.dry, whole.organic)
            again &= (converted.low <= high) & (converted.high >= low)
            column = replace(column, state=np.where(again, State.ABSENT, column.state).astype(np.int8))
        kept.append(column)
    return kept


def in_terms(whole: Table, column: Column, term: Term) -> Column:
    """A column in the basis and unit of a term."""
    column = core.inverse(column) if term.turned else column
    bases = (DM, AR) if term.basis == UNVERIFIED else (term.basis,)
    found = [whole.rebased(column, basis) for basis in bases]
    found = [core.inverse(one) for one in found] if term.turned else found
    return core.scale(found[0] if len(found) == 1 else _either(column, core.hull(*found)), term.factor)


def _either(column: Column, held: Column) -> Column:
    """Both readings of a limit whose basis is not verified: where the result states its own, only the limit's lacks."""
    lacking = np.isin(held.cause, (Reason.BASIS_UNKNOWN, Reason.MOISTURE_NEEDED)) & (column.basis != UNKNOWN)
    return replace(held, cause=np.where(lacking, Reason.LIMIT_BASIS, held.cause).astype(np.int8))
