"""What a release says of single entries: those of its month, and every correction and late entry since the last one."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q

from batches.impact.document.changes import Values, differences, values_of
from batches.impact.document.dictionary import unit_of
from batches.impact.document.figure_table import both
from batches.impact.document.release_files import table
from batches.impact.energy import ENERGY
from batches.models import LedgerEntry, MonthlyRecord
from batches.resources import resources
from batches.selectors.ledger import entries_as_of
from batches.services.freezing import Frozen
from compostnet.shared.display import inert
from compostnet.shared.months import month_text, parse_month
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text
from sites.models import PublicDetail

ENTRY_COLUMNS = (
    "id", "site", "batch", "date", "kind", "material", "kg", "measured", "entered_value", "entered_unit", "supersedes",
    "reason",
)  # fmt: skip
CORRECTION_COLUMNS = (
    "change", "level", "site", "month", "indicator", "old", "new", "unit", "entry", "supersedes", "recorded_at",
    "reason_zh", "reason_en",
)  # fmt: skip
Json = Mapping[str, Any]


def entries_csv(frozen: Frozen, about: Json) -> bytes:
    """The entries behind the verified sums of the month, of the sites that show them."""
    inputs = frozen.inputs
    shown = {
        site.code: n
        for n, site in enumerate(inputs.sites)
        if site.detail == PublicDetail.ENTRIES and inputs.verified[-1, n]
    }
    found = entries_as_of(dt.datetime.fromisoformat(about["cut_off"])).filter(month=frozen.month)
    rows = []
    columns = (
        "id", "site__code", "batch__code", "occurred_on", "month_only", "kind", "material", "mass_mg", "measured",
        "entered_value", "entered_unit", "supersedes_id", "reason",
    )  # fmt: skip
    for row in found.values_list(*columns).iterator(chunk_size=5_000):
        key, site, batch, day, month_only, kind, material, mass, measured, value, unit, supersedes, reason = row
        if site in shown:
            date = day.isoformat()[:7] if month_only else day.isoformat()
            told = (inert(value), inert(unit), str(supersedes or ""), inert(reason))
            rows.append((str(key), site, inert(batch), date, kind, material, kg_text(mass), measured, *told))
    return table(ENTRY_COLUMNS, sorted(rows, key=lambda row: (row[1], row[3], row[0])))


class News:
    """Entries and energy records written after one cut-off and up to another: what was corrected, what came late.

    ``energy_…``: of energy records, which change the net and nothing else.
    """

    def __init__(self, since: dt.datetime, until: dt.datetime, covered: int, months: tuple[int, int]) -> None:
        self.corrected: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.late: set[tuple[str, int]] = set()
        self.energy_corrected: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.energy_late: set[tuple[str, int]] = set()
        self.rows: list[dict[str, Any]] = []
        self._read_entries(since, until, covered, months)
        self._read_energy(since, until, covered, months)
        self.rows.sort(key=lambda row: (row["site"], row["month"], row["recorded_at"], row["entry"]))

    def _read_entries(self, since: dt.datetime, until: dt.datetime, covered: int, months: tuple[int, int]) -> None:
        # What was corrected into a month beyond is told for the month that it left.
        within = Q(month__range=months) | Q(supersedes__month__range=months)
        found = LedgerEntry.objects.filter(within, recorded_at__gt=since, recorded_at__lte=until)
        columns = (
            "id", "site__code", "month", "kind", "mass_mg", "recorded_at", "reason",
            "supersedes_id", "supersedes__mass_mg", "supersedes__month",
        )  # fmt: skip
        for key, site, month, kind, mass, at, reason, old, old_mass, old_month in found.values_list(*columns):
            is_late = old is None and month <= covered
            if old is None and not is_late:
                continue  # an ordinary entry of a new month
            if is_late:
                self.late.add((site, month))
            else:
                self.corrected[site, month].add(reason)
                # What was corrected into another month changed the month that it left, too.
                self.corrected[site, old_month].add(reason)
            before = None if old is None else kg_text(old_mass)
            self._add("entry", is_late, site, month, (kind, before, kg_text(mass), "kg"), (key, old), at, reason)

    def _read_energy(self, since: dt.datetime, until: dt.datetime, covered: int, months: tuple[int, int]) -> None:
        found = MonthlyRecord.objects.filter(
            recorded_at__gt=since, recorded_at__lte=until, month__gte=months[0], month__lte=months[1], kind__in=ENERGY
        )
        columns = ("id", "site__code", "month", "kind", "value", "recorded_at", "reason", "supersedes_id")
        for key, site, month, kind, value, at, reason, old, before in found.values_list(*columns, "supersedes__value"):
            is_late = old is None and month <= covered
            if old is None and not is_late:
                continue
            if is_late:
                self.energy_late.add((site, month))
            else:
                self.energy_corrected[site, month].add(reason)
            texts = (None if before is None else _plain(before), _plain(value), resources().kinds[kind].unit)
            self._add("record", is_late, site, month, (kind, *texts), (key, old), at, reason)

    def _add(
        self,
        level: str,
        is_late: bool,
        site: str,
        month: int,
        told: tuple[str, str | None, str, str],
        ids: tuple[Any, Any],
        at: dt.datetime,
        reason: str,
    ) -> None:
        """``told`` is indicator, old and new value and their unit; ``ids`` the row's own, and what it supersedes."""
        indicator, old, new, unit = told
        row: dict[str, Any] = {
            "change": "late" if is_late else "correction",
            "level": level,
            "site": site,
            "month": month,
        }
        row |= {"indicator": indicator, "old": old, "new": new, "unit": unit, "entry": str(ids[0])}
        row |= {"supersedes": str(ids[1] or ""), "recorded_at": at.astimezone(dt.UTC).isoformat(), "reason": reason}
        self.rows.append(row)


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def news_since(earlier: Json, about: Json, first: int) -> News:
    """The corrections and late entries between the cut-offs of two releases."""
    since, until = (dt.datetime.fromisoformat(one["cut_off"]) for one in (earlier["release"], about))
    covered = parse_month(earlier["release"]["month"])
    return News(since, until, covered, (min(first, covered), parse_month(about["month"])))


def changes_since(earlier: Json, document: Json, frozen: Frozen, revised: Values | None = None) -> list[dict[str, Any]]:
    """What a document says otherwise than the release before, each with its kind and reason.

    ``revised``: what the data of the release before give by the rules of now, where the rules have changed.
    """
    last = min(earlier["release"]["month"], document["release"]["month"])
    old, new = values_of(earlier, last), values_of(document, last)
    found = []
    if revised is not None:
        revised = {key: value for key, value in revised.items() if key[2] <= last}
        what = revised_things(earlier["release"], document["release"])
        why = {"kind": "revision", "reason": both([Message("change_revised", {"what": what})])}
        found += [{**change, **why} for change in differences(old, revised)]
        old = revised
    news = news_since(earlier, document["release"], frozen.inputs.first)
    place = {site.code: n for n, site in enumerate(frozen.inputs.sites)}
    for change in differences(old, new):
        kind, reasons = _why(change, news, place, frozen)
        found.append({**change, "kind": kind, "reason": both(reasons)})
    return found


def revised_things(before: Json, now: Json) -> list[Message]:
    """What of the rules has changed between two releases; the factors where none of their names has."""
    names = ("method", "gwp", "baselines", "code_version")
    found = [Message(f"revised_{name}") for name in names if before.get(name) != now.get(name)]
    return found or [Message("revised_factors")]


def _why(change: Json, news: News, place: Mapping[str, int], frozen: Frozen) -> tuple[str, list[Message]]:
    """Kind and reasons of a change of data."""
    if change["level"] != "site":
        return "correction", [Message("change_of_sites")]
    code, month = change["code"], parse_month(change["month"])
    inputs = frozen.inputs
    if code not in place or month < inputs.first or not inputs.verified[month - inputs.first, place[code]]:
        return "reopened", [Message("change_not_verified")]
    of_net = change["indicator"] == "net_co2e_t"
    said = sorted(filter(None, news.corrected[code, month] | (news.energy_corrected[code, month] if of_net else set())))
    reasons = [Message("change_corrected", {"reason": reason}) for reason in said]
    if (code, month) in news.late:
        reasons.append(Message("change_late"))
    if of_net and (code, month) in news.energy_late:
        reasons.append(Message("change_late_energy"))
    if said:
        return "correction", reasons
    if reasons:
        return "late", reasons
    if change["old"] in (None, 0):
        return "verified_later", [Message("change_verified_later")]
    return "correction", [Message("change_knock_on")]


def corrections_csv(frozen: Frozen, about: Json, earlier: Json | None, changes: Iterable[Json]) -> bytes:
    """Every superseding and late entry or energy record since the release before, then every figure that changed."""
    shown = {site.code for site in frozen.inputs.sites if site.detail == PublicDetail.ENTRIES}
    rows: list[tuple[Any, ...]] = []
    for row in news_since(earlier, about, frozen.inputs.first).rows if earlier else ():
        # Monthly energy stands in the evidence of every site; single entries only where the site shows them.
        is_shown = row["site"] in shown or row["level"] == "record"
        values = (row["old"] or "", *(row[key] for key in ("new", "unit", "entry", "supersedes")))
        values = values if is_shown else ("",) * 5
        told = (inert(row["reason"]), inert(row["reason"]))
        place = (row["level"], row["site"], month_text(row["month"]), row["indicator"])
        rows.append((row["change"], *place, *values, row["recorded_at"], *told))
    for change in changes:
        values = tuple("" if change[key] is None else repr(change[key]) for key in ("old", "new"))
        place = (change["level"], change["code"], change["month"], change["indicator"])
        told = (inert(change["reason"]["zh"]), inert(change["reason"]["en"]))
        rows.append((change["kind"], *place, *values, unit_of(change["indicator"]), "", "", "", *told))
    return table(CORRECTION_COLUMNS, rows)
