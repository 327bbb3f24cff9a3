"""Sums of site accounts over spans of months and groups of sites, and the figures of them. Pure.

A `Ledgerbook` holds the accounts of every site and month; a level groups the sites (each alone, by province, by
class…) and gives the figures of every group for a span, or its series by month. Everything summed is a whole number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from batches.impact.accounts import Flags, Whole
from batches.impact.canonical import Series, SeriesBlock
from batches.impact.factors import Factors
from batches.impact.figure_table import SERIES, Figure, Warming, make_figure_table
from batches.impact.inputs import Inputs
from batches.impact.methane import Ints

Span = tuple[int, int]
MG_DIGITS, UG_DIGITS = 9, 12


@dataclass(frozen=True)
class Ledgerbook:
    """The accounts of every site and month, (T, N), with what is known of them.

    ``known``: verified, with a baseline and, where something rots, a climate zone.
    """

    inputs: Inputs
    factors: Factors
    group: Ints
    accounts: Mapping[str, Whole]
    known: Flags
    warming: Warming

    @property
    def spans(self) -> dict[str, Span]:
        """First and end (excluded) of the month, of the year so far, and of all months."""
        stop = self.inputs.months
        year = max(0, stop - 1 - self.inputs.month % 12)
        return {"month": (stop - 1, stop), "year": (year, stop), "total": (0, stop)}

    @property
    def last_year(self) -> dict[str, Span] | None:
        """The same month of the year before, and that year up to it; None where nothing was verified by then."""
        stop = self.inputs.months - 12
        if stop < 1:
            return None
        return {"month": (stop - 1, stop), "year": (max(0, stop - 1 - self.inputs.month % 12), stop)}

    def site_sums(self, span: Span) -> dict[str, Whole]:
        """Every account of every site (N,) over a span."""
        return {name: values[span[0] : span[1]].sum(axis=0) for name, values in self.accounts.items()}

    def site_counts(self, span: Span) -> dict[str, Whole]:
        """Whether a site, and for how many months of a span, was expected, reported, verified (N,)."""
        found: dict[str, Whole] = {}
        for name in ("expected", "reported", "verified"):
            flags = getattr(self.inputs, name)[span[0] : span[1]]
            found[f"sites_{name}"] = flags.any(axis=0).astype(np.int64)
            found[f"site_months_{name}"] = flags.sum(axis=0, dtype=np.int64)
        return found

    def site_doubts(self, stop: int) -> dict[str, Flags]:
        """What is known of every site (N,) by the end of a span: is anything verified, estimated, not estimated."""
        until, known = self.inputs.verified[:stop], self.known[:stop]
        without = until & ~self.factors.has_baseline[:stop][:, self.group]
        unplaced = until & ~without & ~known
        flags = {"seen": until, "known": known, "no_baseline": without, "no_zone": unplaced}
        return {name: np.any(one, axis=0) for name, one in flags.items()}


class Level:
    """The sites of one level in groups; sites with a negative group are left out."""

    def __init__(self, book: Ledgerbook, of: Ints, groups: int) -> None:
        self.book, self.groups = book, groups
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

    def figures(self, span: Span) -> list[Figure]:
        """The figure of every group for a span."""
        book = self.book
        doubts = self.sums(book.site_doubts(span[1]))
        return make_figure_table(
            book.warming,
            self.sums(book.site_sums(span)),
            self.sums(book.site_counts(span)),
            doubts["known"] > 0,
            (doubts["seen"] > 0, doubts["no_baseline"] > 0, doubts["no_zone"] > 0),
        )

    def by_month(self, values: Whole) -> Whole:
        """An account (T, N) summed by group: (groups, T)."""
        if self.alone:
            return np.ascontiguousarray(values.T)
        order = np.argsort(self.of, kind="stable")
        columns = self.sites[order]
        of, starts = np.unique(self.of[order], return_index=True)
        found = np.zeros((self.groups, values.shape[0]), dtype=np.int64)
        if columns.size:
            found[of] = np.add.reduceat(values[:, columns], starts, axis=1, dtype=np.int64).T
        return found

    def series(self) -> list[dict[str, Series]]:
        """The series of every group: null where nothing is verified, or nothing estimated."""
        book = self.book
        verified = self.by_month(book.inputs.verified.astype(np.int64)) > 0
        known = np.maximum.accumulate(self.by_month(book.known.astype(np.int64)) > 0, axis=1)
        account = {name: self.by_month(book.accounts[name]) for name in ("diverted", "harvest", "ch4_avoided")}
        net = self.by_month(net_of(book.accounts, book.warming))
        blocks = (
            SeriesBlock(account["diverted"], verified, MG_DIGITS),
            SeriesBlock(account["harvest"], verified, MG_DIGITS),
            SeriesBlock(account["ch4_avoided"], known, UG_DIGITS),
            SeriesBlock(net, known, UG_DIGITS + len(str(book.warming.scale)) - 1),
        )
        rows = zip(*(block.series() for block in blocks), strict=True)
        return [dict(zip(SERIES, row, strict=True)) for row in rows]


def net_of(accounts: Mapping[str, Whole], warming: Warming) -> Whole:
    """Net effect (T, N) in whole µg CO2e / scale: avoided, less composting's own, residue and energy."""
    return (
        warming.whole(
            accounts["ch4_avoided"] - accounts["composting_ch4_known"] - accounts["residue_ch4"],
            accounts["n2o_avoided"] - accounts["composting_n2o_known"] - accounts["residue_n2o"],
        )
        - warming.scale * accounts["energy_co2e_known"]
    )


def month_figures(book: Ledgerbook) -> list[Figure]:
    """The figure of the whole network for every month."""
    stop = book.inputs.months
    sums = {name: values.sum(axis=1) for name, values in book.accounts.items()}
    counts: dict[str, Whole] = {}
    for name in ("expected", "reported", "verified"):
        counts[f"sites_{name}"] = counts[f"site_months_{name}"] = getattr(book.inputs, name).sum(axis=1, dtype=np.int64)
    verified, known = book.inputs.verified, book.known
    without = verified & ~book.factors.has_baseline[:stop][:, book.group]
    so_far = [np.logical_or.accumulate(f.any(axis=1)) for f in (verified, without, verified & ~without & ~known)]
    known_so_far = np.logical_or.accumulate(known.any(axis=1))
    return make_figure_table(book.warming, sums, counts, known_so_far, (so_far[0], so_far[1], so_far[2]))
