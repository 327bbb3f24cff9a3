"""What a release folder holds of one site: evidence, rules, single entries. Nothing here asks the database."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from batches.impact.energy import EnergyRules
from batches.impact.explain.arithmetic import Grounds, SiteAccount
from batches.impact.gwp import GwpSet
from batches.impact.method import Method
from compostnet.shared import releases
from compostnet.shared.releases import Published

ENTRIES, CORRECTIONS, METHOD = "entries.csv", "corrections.csv", "method.json"
NOWHERE = "none"
"""Stands for the province of sites that lie in none."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One published ledger entry, and what it corrected, the newest first."""

    row: dict[str, str]
    earlier: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Entries:
    """The published entries of a site's month and the number of the release that holds them (None: none does)."""

    number: int | None
    found: tuple[Entry, ...]


def site_of(published: Published, code: str) -> Json | None:
    """A site's figures in a release."""
    return next((site for site in published.figures["sites"] if site["code"] == code), None)


def is_explained(published: Published) -> bool:
    """Whether the release holds the evidence of its figures (the first releases of the platform did not)."""
    return METHOD in published.files


def account_of(published: Published, site: Json) -> SiteAccount | None:
    """The evidence of a site with the rules of its release; None where the release holds none."""
    name = f"evidence-{site['province'] or NOWHERE}.json"
    if name not in published.files or not is_explained(published):
        return None
    evidence = _json(published.path / name, _stamp(published))["sites"].get(site["code"])
    return None if evidence is None else SiteAccount(evidence, grounds_of(published))


def grounds_of(published: Published) -> Grounds:
    """The rules of a release, out of its ``method.json``."""
    return _grounds(published.path / METHOD, _stamp(published))


def _stamp(published: Published) -> int:
    return (published.path / releases.MANIFEST).stat().st_mtime_ns


@lru_cache(maxsize=6)
def _json(path: Path, _stamp: int) -> Json:
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=6)
def _grounds(path: Path, stamp: int) -> Grounds:
    found = _json(path, stamp)
    method = Method.model_validate(found["method"])
    energy = found.get("energy")
    return Grounds(
        method=method,
        gwp=GwpSet.model_validate(found["gwp_sets"][method.gwp]),
        energy=EnergyRules.model_validate(energy) if energy else None,
        materials=found["materials"],
    )


# --- single entries -------------------------------------------------------------------------------------------------


def entries_of(published: Published, code: str, month: str, folder: Path) -> Entries:
    """The entries of a site's month, out of the newest release of that month up to this one, with what they corrected.

    What a correction replaced stands in the earlier releases of the month.
    """
    numbers = sorted((entry["number"] for entry in releases.index(folder) if entry["month"] == month), reverse=True)
    of_month = [releases.numbered(folder, number) for number in numbers if number <= published.number]
    holding = [found for found in of_month if found is not None and ENTRIES in found.files]
    if not holding:
        return Entries(None, ())
    newest = holding[0]
    before: dict[str, dict[str, str]] = {}
    for earlier in holding[1:]:
        before |= {row["id"]: row for row in _rows(earlier, ENTRIES, code) if row["id"] not in before}
    replaced = {row["entry"]: row for found in of_month if found for row in _corrections(found, code)}
    entries = [Entry(row, tuple(_chain(row, before, replaced))) for row in _rows(newest, ENTRIES, code)]
    return Entries(newest.number, tuple(entries))


def _chain(
    row: dict[str, str], before: dict[str, dict[str, str]], replaced: dict[str, dict[str, str]]
) -> Iterator[dict[str, str]]:
    """What an entry corrected, and what that one corrected, as far as it was published."""
    seen = {row["id"]}
    while row["supersedes"] and row["supersedes"] not in seen:
        seen.add(row["supersedes"])
        old = before.get(row["supersedes"])
        if old is None:
            told = replaced.get(row["id"])
            yield {"id": row["supersedes"], "kg": told["old"] if told else "", "entered_value": "", "entered_unit": ""}
            return
        yield old
        row = old


def _corrections(published: Published, code: str) -> Iterator[dict[str, str]]:
    if CORRECTIONS in published.files:
        yield from _rows(published, CORRECTIONS, code)


def _rows(published: Published, name: str, code: str) -> list[dict[str, str]]:
    """The rows of one site of a table of a release."""
    path = published.path / name
    head, places = _places(path, _stamp(published))
    found: list[dict[str, str]] = []
    with path.open("rb") as file:
        for start, end in places.get(code, ()):
            file.seek(start)
            text = file.read(end - start).decode("utf-8")
            found += [dict(zip(head, row, strict=True)) for row in csv.reader(io.StringIO(text, newline=""))]
    return found


Places = dict[str, tuple[tuple[int, int], ...]]


@lru_cache(maxsize=6)
def _places(path: Path, _stamp: int) -> tuple[tuple[str, ...], Places]:
    """The columns of a table, and from which byte to which the rows of each site stand, neighbours joined."""
    found: dict[str, list[tuple[int, int]]] = {}
    head: tuple[str, ...] = ()
    column, at = 0, 0
    with path.open("rb") as file:
        start, held = 0, b""
        for line in file:
            held, at = held + line, at + len(line)
            if held.count(b'"') % 2:  # a line break within quotes: the row goes on
                continue
            row = next(csv.reader(io.StringIO(held.decode("utf-8-sig"), newline="")), [])
            if not head:
                head = tuple(row)
                column = head.index("site")
            elif len(row) > column:
                ranges = found.setdefault(row[column], [])
                if ranges and ranges[-1][1] == start:
                    ranges[-1] = (ranges[-1][0], at)
                else:
                    ranges.append((start, at))
            start, held = at, b""
    return head, {code: tuple(ranges) for code, ranges in found.items()}
