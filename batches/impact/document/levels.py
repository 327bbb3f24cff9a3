"""Sums of site accounts over spans of months and groups of sites, and the figures of them. Pure.

A `Book` holds the accounts of every site and month; a `Level` groups the sites (each alone, by province, by class…) and
gives the figures of every group for a span, or its series by month. Everything summed is a whole number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from batches.impact.accounts import Accounts, Flags, Masses, Whole
from batches.impact.document.canonical import Series, SeriesBlock
from batches.impact.document.figure_table import SERIES, Doubts, Figure, Warming, make_figure_table
from batches.impact.document.inputs import Inputs
from batches.impact.factors import Factors, Place
from batches.impact.methane import Ints
from batches.impact.uncertainty import Intervals

Span = tuple[int, int]
Columns = Mapping[str, Whole]
SPANS = ("month", "year", "total")
MG_DIGITS, UG_DIGITS = 9, 12
NET_OF = (
    "ch4_avoided",
    "n2o_avoided",
    "composting_ch4_known",
    "composting_n2o_known",
    "residue_ch4",
    "residue_n2o",
    "energy_co2e_known",
)
"""The accounts that a net is made of."""


@dataclass(frozen=True)
class Book:
    """The accounts of every site and month, (T, N), and all that they were made of.

    ``known``: verified, with a baseline and, where something rots, a climate zone. ``columns``: the accounts by name,
    and what is counted beside them. ``low`` and ``high``: the accounts by those baseline scenarios, where any baseline
    has them; ``intervals``: by the name of a level.
    """

    inputs: Inputs
    places: Sequence[Place]
    group: Ints
    factors: Factors
    masses: Masses
    accounts: Accounts
    columns: Columns
    known: Flags
    warming: Warming
    low: Columns | None = None
    high: Columns | None = None
    intervals: Mapping[str, Intervals] = field(default_factory=dict)
    _sums: dict[tuple[str, Span], dict[str, Whole]] = field(default_factory=dict, repr=False)
    _counts: dict[Span, dict[str, Whole]] = field(default_factory=dict, repr=False)
    _doubts: dict[int, dict[str, Flags]] = field(default_factory=dict, repr=False)

    @property
    def spans(self) -> dict[str, Span]:
        """First and end (excluded) of the month, of the year so far, and of all months."""
        stop = self.inputs.months
        return dict(zip(SPANS, ((stop - 1, stop), (self._january(stop), stop), (0, stop)), strict=True))

    @property
    def last_year(self) -> dict[str, Span] | None:
        """The same month of the year before, and that year up to it; None where nothing was verified by then."""
        stop = self.inputs.months - 12
        return {"month": (stop - 1, stop), "year": (self._january(stop), stop)} if stop >= 1 else None

    def _january(self, stop: int) -> int:
        return max(0, stop - 1 - self.inputs.month % 12)

    def site_sums(self, side: str, span: Span) -> dict[str, Whole] | None:
        """Accounts of every site (N,) over a span; ``side``: ``columns``, ``low`` or ``high``; None: no such side."""
        columns: Columns | None = getattr(self, side)
        if columns is None:
            return None
        if (side, span) not in self._sums:
            self._sums[side, span] = {name: values[span[0] : span[1]].sum(axis=0) for name, values in columns.items()}
        return self._sums[side, span]

    def site_counts(self, span: Span) -> dict[str, Whole]:
        """Whether a site, and for how many months of a span, was expected, reported, verified (N,)."""
        if span in self._counts:
            return self._counts[span]
        found: dict[str, Whole] = self._counts.setdefault(span, {})
        for name in ("expected", "reported", "verified"):
            flags = getattr(self.inputs, name)[span[0] : span[1]]
            found[f"sites_{name}"] = flags.any(axis=0).astype(np.int64)
            found[f"site_months_{name}"] = flags.sum(axis=0, dtype=np.int64)
        return found

    def site_doubts(self, stop: int) -> dict[str, Flags]:
        """What is known of every site (N,) by the end of a span: is anything verified, estimated, not estimated."""
        if stop not in self._doubts:
            until, known = self.inputs.verified[:stop], self.known[:stop]
            without = until & ~self.factors.has_baseline[:stop][:, self.group]
            unplaced = until & ~without & ~known
            varied = known & self.factors.has_scenarios[:stop][:, self.group]
            flags = {"seen": until, "known": known, "no_baseline": without, "no_zone": unplaced, "varied": varied}
            self._doubts[stop] = {name: np.any(one, axis=0) for name, one in flags.items()}
        return self._doubts[stop]

    @cached_property
    def net(self) -> Whole:
        """The net of every site and month (T, N), in whole µg CO2e / scale."""
        return net_of(self.columns, self.warming)


class Level:
    """The sites of one level in groups; sites with a negative group are left out. ``name`` is that of its intervals."""

    def __init__(self, book: Book, name: str, of: Ints, groups: int) -> None:
        self.book, self.name, self.groups = book, name, groups
        self.sites = np.flatnonzero(of >= 0)
        self.of = of[self.sites]
        self.alone = groups == of.size and bool(np.array_equal(of, np.arange(groups)))

    def sums(self, values: Mapping[str, Any]) -> dict[str, Whole]:
        """Values of sites (N,) summed by group."""
        if self.alone:
            return {name: column.astype(np.int64) for name, column in values.items()}
        found = {}
        for name, column in values.items():
            found[name] = np.zeros(self.groups, dtype=np.int64)
            np.add.at(found[name], self.of, column[self.sites].astype(np.int64))
        return found

    def figures(self, span: Span, *, at: int | None = None) -> list[Figure]:
        """The figure of every group for a span; ``at``: which of the spans that the intervals were made for."""
        book = self.book

        def over(side: str) -> dict[str, Whole] | None:
            found = book.site_sums(side, span)
            return None if found is None else self.sums(found)

        sums = over("columns")
        assert sums is not None
        flags = {name: found > 0 for name, found in self.sums(book.site_doubts(span[1])).items()}
        low, high = over("low"), over("high")
        return make_figure_table(
            book.warming,
            sums,
            self.sums(book.site_counts(span)),
            Doubts(**flags),
            scenarios=None if low is None or high is None else {"low": low, "high": high},
            interval=None if at is None else ends_of(book.intervals.get(self.name), at),
        )

    def spans(self, *, series: bool = True) -> list[dict[str, Any]]:
        """Of every group the figures of month, year and total, and its series."""
        columns: dict[str, Sequence[Any]] = {
            name: self.figures(span, at=at) for at, (name, span) in enumerate(self.book.spans.items())
        }
        if series:
            columns["series"] = self.series()
        names = tuple(columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def by_month(self, values: Whole) -> Whole:
        """An account (T, N) summed by group: (groups, T)."""
        if self.alone:
            return np.ascontiguousarray(values.T)
        found = np.zeros((self.groups, values.shape[0]), dtype=np.int64)
        for group, sites in self._members:
            # Whoever is whole needs no copy of the account.
            found[group] = (values if sites.size == values.shape[1] else values[:, sites]).sum(axis=1)
        return found

    def any_by_month(self, flags: Flags) -> Flags:
        """Whether a flag (T, N) is up for any site of the group: (groups, T)."""
        if self.alone:
            return np.ascontiguousarray(flags.T)
        found = np.zeros((self.groups, flags.shape[0]), dtype=np.bool_)
        for group, sites in self._members:
            found[group] = (flags if sites.size == flags.shape[1] else flags[:, sites]).any(axis=1)
        return found

    @cached_property
    def _members(self) -> list[tuple[int, Ints]]:
        """Every group that has sites, with them."""
        order = np.argsort(self.of, kind="stable")
        of, starts = np.unique(self.of[order], return_index=True)
        return list(zip(of.tolist(), np.split(self.sites[order], starts)[1:], strict=True))

    def series(self) -> list[dict[str, Series]]:
        """The series of every group: null where nothing is verified, or nothing estimated."""
        book = self.book
        verified = self.any_by_month(book.inputs.verified)
        known = np.logical_or.accumulate(self.any_by_month(book.known), axis=1)
        account = {name: self.by_month(book.columns[name]) for name in ("diverted", "harvest", "ch4_avoided")}
        net = self.by_month(book.net)
        blocks = (
            SeriesBlock(account["diverted"], verified, MG_DIGITS),
            SeriesBlock(account["harvest"], verified, MG_DIGITS),
            SeriesBlock(account["ch4_avoided"], known, UG_DIGITS),
            SeriesBlock(net, known, UG_DIGITS + book.warming.places),
        )
        rows = zip(*(block.series() for block in blocks), strict=True)
        return [dict(zip(SERIES, row, strict=True)) for row in rows]


def ends_of(found: Intervals | None, at: int) -> dict[str, list[list[float]]] | None:
    """Lower and upper ends of every group in one span, as lists."""
    if found is None:
        return None
    ends = (found.diverted, found.ch4_avoided, found.net_co2e)
    names = ("diverted_t", "ch4_avoided_t", "net_co2e_t")
    return {name: values[:, at].tolist() for name, values in zip(names, ends, strict=True)}


def net_of(columns: Columns, warming: Warming) -> Whole:
    """Net effect in whole µg CO2e / scale: avoided, less composting's own, residue's and energy's."""
    gases = warming.whole(
        columns["ch4_avoided"] - columns["composting_ch4_known"] - columns["residue_ch4"],
        columns["n2o_avoided"] - columns["composting_n2o_known"] - columns["residue_n2o"],
    )
    net: Whole = gases - warming.scale * columns["energy_co2e_known"]
    return net


def month_figures(book: Book) -> list[Figure]:
    """The figure of the whole network for every month, without intervals."""
    sums = {name: values.sum(axis=1) for name, values in book.columns.items()}
    counts: dict[str, Whole] = {}
    for name in ("expected", "reported", "verified"):
        counts[f"sites_{name}"] = counts[f"site_months_{name}"] = getattr(book.inputs, name).sum(axis=1, dtype=np.int64)
    verified, known = book.inputs.verified, book.known
    without = verified & ~book.factors.has_baseline[:, book.group]
    varied = known & book.factors.has_scenarios[:, book.group]

    def so_far(flags: Flags) -> Flags:
        found: Flags = np.logical_or.accumulate(flags.any(axis=1))
        return found

    doubts = Doubts(*(so_far(flags) for flags in (verified, known, without, verified & ~without & ~known, varied)))
    sides = {"low": book.low, "high": book.high}
    scenarios = {
        name: {key: values.sum(axis=1) for key, values in side.items()} for name, side in sides.items() if side
    }
    return make_figure_table(book.warming, sums, counts, doubts, scenarios=scenarios or None)
