"""What the checks of ledger and diary share: known names, where a column comes from, gathering the faults.

No Django, no database, no clock.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Generic, NamedTuple, TypeVar

from batches.entry_rules import word_key
from batches.entry_texts import Bad, Memo, Suggest, formula, is_formula, last_of, read_date, read_id, read_text, shown
from compostnet.shared.numbers import normalise
from compostnet.shared.problems import Fault
from compostnet.shared.texts import Message

Columns = Mapping[str, Sequence[str]]
"""Field → texts, all of one length. A field that is missing is empty in every row."""


@dataclass(frozen=True, slots=True)
class KnownSite:
    """What the checks must know of a site. ``allowed``: whether the sender may write there."""

    pk: int
    code: str
    opened_on: dt.date
    closed_on: dt.date | None = None
    time_zone: str = "Asia/Shanghai"
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class KnownBatch:
    """A batch that exists: id as 32 hexadecimal digits."""

    id: str
    code: str
    site: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of the names in the texts.

    ``sites`` by code and names (see `word_key`); ``batches`` by (site, code); ``entries``: id of an existing entry →
    (site, id of the entry that already supersedes it or ""); ``photos``: id → site. ``only_site``: code of the one site
    that a sheet was sent for.
    """

    sites: Mapping[str, KnownSite]
    batches: Mapping[tuple[int, str], KnownBatch]
    entries: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    photos: Mapping[str, int] = field(default_factory=dict)
    new_batches: bool = False
    only_site: str = ""


Row = TypeVar("Row", bound=NamedTuple)


@dataclass(slots=True)
class Checked(Generic[Row]):
    """What a check found: the rows that may be stored, where each stood, the faults, and the rows left blank."""

    rows: list[Row] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    faults: dict[int, list[Fault]] = field(default_factory=dict)
    blank: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the columns come from, so that a fault can name it: line numbers and column headers of the file."""

    lines: Sequence[int] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    date_pattern: str = ""


class Checker:
    """What the checks of ledger and diary share: reading sites, batches, ids, and gathering faults."""

    def __init__(self, columns: Columns, known: Known, today: dt.date, place: Place) -> None:
        self.known, self.today, self.place = known, today, place
        self.count = max((len(column) for column in columns.values()), default=0)
        self.columns = columns
        self.faults: dict[int, list[Fault]] = {}
        self._suggest_site = Suggest(lambda: (site.code for site in known.sites.values() if site.allowed))
        self._suggest_batch: dict[int, Suggest] = {}
        self.sites: Memo[str, KnownSite | Bad] = Memo(self._read_site)
        self.batches: Memo[tuple[str, str], str | Bad | None] = Memo(self._read_batch)
        self.dates: Memo[str, tuple[dt.date, bool] | Bad] = Memo(
            lambda text: read_date("occurred_on", text, place.date_pattern)
        )

    def column(self, name: str) -> Iterable[str]:
        """The texts of a field; an endless run of empty texts where the sender has no such column."""
        return self.columns.get(name) or repeat("", self.count)

    def read(self, name: str, values: Iterable[Any]) -> list[Any]:
        """A column of read values; faults of it are noted with their rows."""
        read = list(values)
        for position, value in enumerate(read):
            if isinstance(value, Bad):
                self.refuse(position, value)
        return read

    def refuse(self, position: int, bad: Bad) -> None:
        """Note a fault of a row, once a field."""
        place = self.place
        noted = self.faults.setdefault(position, [])
        if all(fault.field != bad.field for fault in noted):
            noted.append(
                Fault(
                    bad.message,
                    row=place.lines[position] if place.lines else None,
                    column=place.headers.get(bad.field),
                    field=bad.field,
                    value=bad.value,
                    accepted=bad.accepted,
                )
            )

    def _read_site(self, text: str) -> KnownSite | Bad:
        if not text.strip():
            return Bad("site", Message("entry_site_missing"), self._suggest_site(""), text)
        site = self.known.sites.get(word_key(text))
        if site is None:
            return Bad("site", Message("entry_site_unknown", {"value": shown(text)}), self._suggest_site(text), text)
        if self.known.only_site and site.code != self.known.only_site:
            values = {"value": shown(text), "site": self.known.only_site}
            return Bad("site", Message("entry_site_not_this", values), None, text)
        if not site.allowed:
            return Bad("site", Message("entry_site_not_yours", {"value": site.code}), self._suggest_site(text), text)
        return site

    def batch_code(self, name: str, site: KnownSite, text: str) -> str | Bad:
        """The code of a batch of the site; a new one only where new batches may be opened."""
        code = normalise(text)
        if not code:
            return Bad(name, Message("entry_batch_missing"), Message("accepted_batch"), text)
        if is_formula(code):
            return formula(name, code)
        if (site.pk, code) in self.known.batches:
            return code
        if len(code) in (32, 36) and isinstance(read := read_id(name, code), str):
            for batch in self.known.batches.values():
                if batch.id == read and batch.site == site.pk:
                    return batch.code
        if self.known.new_batches:
            return read_text(name, code, 60)
        if site.pk not in self._suggest_batch:
            self._suggest_batch[site.pk] = Suggest(lambda: (c for pk, c in self.known.batches if pk == site.pk))
        message = Message("entry_batch_unknown", {"value": shown(code), "site": site.code})
        return Bad(name, message, self._suggest_batch[site.pk](code) or Message("accepted_batch"), text)

    def _read_batch(self, key: tuple[str, str]) -> str | Bad | None:
        site = self.sites[key[0]]
        return None if isinstance(site, Bad) else self.batch_code("batch", site, key[1])

    def check_day(self, name: str, site: KnownSite, day: dt.date, month_only: bool, text: str) -> Bad | None:
        """A `Bad` for a day that lies in the future or outside the site's life."""
        values = {"value": shown(text), "site": site.code, "opened_on": site.opened_on.isoformat()}
        if day > self.today:
            today = Message("accepted_until", {"today": self.today.isoformat()})
            return Bad(name, Message("entry_date_in_future", values), today, text)
        if last_of(day, month_only) < site.opened_on:
            return Bad(name, Message("entry_date_before_opening", values), Message("accepted_since", values), text)
        if site.closed_on is not None and day > site.closed_on:
            values["closed_on"] = site.closed_on.isoformat()
            return Bad(name, Message("entry_date_after_closing", values), None, text)
        return None

    def corrections(self, ids: list[Any], sites: list[Any]) -> list[Any]:
        """The column ``supersedes``: it must name an entry of the same site that nothing supersedes yet."""
        texts = list(self.column("supersedes"))
        if not any(texts):
            return [""] * self.count
        here: dict[str, tuple[int, str]] = {}
        for entry_id, site in zip(ids, sites, strict=True):
            if isinstance(entry_id, str) and entry_id and isinstance(site, KnownSite):
                here.setdefault(entry_id, (site.pk, ""))
        taken: dict[str, str] = {}
        read: list[Any] = []
        for text, entry_id, site in zip(texts, ids, sites, strict=True):
            target = read_id("supersedes", text)
            if isinstance(target, str) and target and isinstance(site, KnownSite):
                found = self.known.entries.get(target) or here.get(target)
                by = taken.get(target) or (found[1] if found else "")
                values = {"value": text.strip()}
                if found is None or found[0] != site.pk or target == entry_id:
                    target_bad = Message("entry_supersedes_unknown", values)
                    target = Bad("supersedes", target_bad, Message("accepted_entry_of_site"), text)
                elif by and by != entry_id:
                    values["by"] = str(uuid.UUID(by))
                    already = Message("entry_already_superseded", values)
                    target = Bad("supersedes", already, Message("accepted_latest_entry", values), text)
                elif isinstance(entry_id, str) and entry_id:
                    taken[target] = entry_id
            read.append(target)
        return read

    def ids(self, needed: bool) -> list[Any]:
        """The column ``id``."""
        if "id" not in self.columns and not needed:
            return [""] * self.count
        missing = Bad("id", Message("entry_id_missing"), Message("accepted_uuid"), "")
        return [
            missing if needed and entry_id == "" else entry_id
            for entry_id in (read_id("id", text) for text in self.column("id"))
        ]

    def finish(self, row_type: Any, columns: Sequence[Iterable[Any]], blank: set[int]) -> Checked[Any]:
        """The rows without a fault, and the faults of the others."""
        for position in blank:
            self.faults.pop(position, None)
        made = map(row_type._make, zip(*columns, strict=True))
        if not self.faults and not blank:
            rows = list(made)
            return Checked(rows, list(range(self.count)))
        done: Checked[Any] = Checked(faults=dict(sorted(self.faults.items())), blank=sorted(blank))
        for position, row in enumerate(made):
            if position not in self.faults and position not in blank:
                done.rows.append(row)
                done.positions.append(position)
        return done
