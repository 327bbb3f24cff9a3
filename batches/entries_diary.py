"""The checks of diary entries: as `batches.entries`, for what was seen and done. No Django, no database, no clock."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from batches.entry_checks import Checked, Checker, Columns, Known, Place
from batches.entry_rules import diary_units, entry_rules, word_key, words_of
from batches.entry_texts import Bad, Memo, read_id, read_moment, read_number, read_signed, read_text, shown
from compostnet.shared.texts import Message

NOON = dt.time(12)
MAX_DEPTH_CM = 1000


class DiaryRow(NamedTuple):
    """A diary entry that may be stored. ``value`` is in the unit of its kind (``entries.yaml``)."""

    id: str
    site: int
    site_code: str
    batch: str
    kind: str
    observed_at: dt.datetime
    value: float | None
    entered_value: str
    entered_unit: str
    point: str
    depth_cm: int | None
    note: str
    photo: str
    supersedes: str
    reason: str


def _read_kind(text: str) -> str | Bad:
    code = words_of("diary_kinds").get(word_key(text))
    if code is None:
        names = [kind.name for kind in entry_rules().diary_kinds.values()]
        message = Message("entry_kind_unknown" if text.strip() else "entry_kind_missing", {"value": shown(text)})
        return Bad("kind", message, Message("accepted_one_of", {"words": names}), text)
    return code


def _read_value(kind: str, value: str, unit: str) -> float | Bad | None:
    """The value in the unit of its kind; refused outside what is possible."""
    rule = entry_rules().diary_kinds[kind]  # type: ignore[index]
    number = read_signed("value", value)
    if isinstance(number, Bad):
        return number
    if rule.value == "none":
        if number is None:
            return None
        message = Message("entry_value_needless", {"kind": rule.name})
        return Bad("value", message, Message("accepted_nothing"), value)
    if number is None:
        if rule.value == "optional":
            return None
        return Bad("value", Message("entry_value_missing"), Message("accepted_number"), value)
    code = diary_units(kind).get(word_key(unit)) if unit.strip() else rule.unit
    if code is None:
        accepted = Message("accepted_one_of", {"words": list(rule.units)})
        return Bad("unit", Message("entry_unit_unknown", {"value": shown(unit)}), accepted, unit)
    converted = (number - rule.units[code].subtract) / rule.units[code].divide
    assert rule.minimum is not None and rule.maximum is not None
    if not rule.minimum <= converted <= rule.maximum:
        values = {"value": shown(value.strip()), "low": rule.minimum, "high": rule.maximum, "unit": rule.unit}
        return Bad("value", Message("entry_value_impossible", values), Message("accepted_between", values), value)
    return float(converted)


def _read_depth(text: str) -> int | Bad | None:
    number = read_number("depth_cm", text)
    if number is None or isinstance(number, Bad):
        return number
    if number != number.to_integral_value() or number > MAX_DEPTH_CM:
        accepted = Message("accepted_between", {"low": 0, "high": Decimal(MAX_DEPTH_CM), "unit": "cm"})
        return Bad("depth_cm", Message("entry_depth", {"value": shown(text.strip())}), accepted, text)
    return int(number)


def check_diary(
    columns: Columns, known: Known, *, today: dt.date, place: Place | None = None, id_needed: bool = False
) -> Checked[DiaryRow]:
    """Check diary entries column by column; a row is either in ``rows`` or has all its faults in ``faults``.

    A reading without a time of day is kept at noon of the site's own day.
    """
    check = Checker(columns, known, today, place or Place())
    kinds: Memo[str, str | Bad] = Memo(_read_kind)
    moments: Memo[str, tuple[dt.date, dt.time | None, dt.timezone | None] | Bad] = Memo(
        lambda text: read_moment("observed_at", text)
    )

    def value_of(key: tuple[str, str, str]) -> float | Bad | None:
        kind = kinds[key[0]]
        return None if isinstance(kind, Bad) else _read_value(kind, key[1], key[2])

    def moment_of(key: tuple[str, str]) -> dt.datetime | Bad | None:
        site, moment = check.sites[key[0]], moments[key[1]]
        if isinstance(moment, Bad):
            return moment
        if isinstance(site, Bad):
            return None
        day, clock, zone = moment
        local = dt.datetime.combine(day, clock or NOON, zone or ZoneInfo(site.time_zone))
        try:
            local_day, in_utc = local.astimezone(ZoneInfo(site.time_zone)).date(), local.astimezone(dt.UTC)
        except OverflowError:
            return Bad("observed_at", Message("entry_date_unknown", {"value": shown(key[1])}), None, key[1])
        return check.check_day("observed_at", site, local_day, False, key[1]) or in_utc

    def photo_of(key: tuple[str, str, str]) -> str | Bad | None:
        kind, site = kinds[key[0]], check.sites[key[1]]
        photo = read_id("photo", key[2])
        if isinstance(photo, Bad) or isinstance(kind, Bad) or isinstance(site, Bad):
            return photo
        if photo and known.photos.get(photo) != site.pk:
            message = Message("entry_photo_unknown", {"value": shown(key[2])})
            return Bad("photo", message, Message("accepted_photo_first"), key[2])
        return photo

    def note_of(key: tuple[str, str]) -> str | Bad:
        note = read_text("note", key[1])
        if kinds[key[0]] == "note" and note == "":
            return Bad("note", Message("entry_note_missing"), Message("accepted_plain_text"), key[1])
        return note

    values: Memo[tuple[str, str, str], float | Bad | None] = Memo(value_of)
    moments_at: Memo[tuple[str, str], dt.datetime | Bad | None] = Memo(moment_of)
    photos: Memo[tuple[str, str, str], str | Bad | None] = Memo(photo_of)
    notes: Memo[tuple[str, str], str | Bad] = Memo(note_of)
    points: Memo[str, str | Bad] = Memo(lambda text: read_text("point", text, 40))
    depths: Memo[str, int | Bad | None] = Memo(_read_depth)
    reasons: Memo[str, str | Bad] = Memo(lambda text: read_text("reason", text, 300))
    column, read = check.column, check.read

    def together(*names: str) -> zip[tuple[str, ...]]:
        return zip(*(column(name) for name in names), strict=True)

    ids = read("id", check.ids(id_needed))
    sites = read("site", map(check.sites.__getitem__, column("site")))
    return check.finish(
        DiaryRow,
        (
            ids,
            [getattr(site, "pk", 0) for site in sites],
            [getattr(site, "code", "") for site in sites],
            read("batch", [check.batches[site, batch] for site, batch in together("site", "batch")]),
            read("kind", map(kinds.__getitem__, column("kind"))),
            read("observed_at", [moments_at[site, at] for site, at in together("site", "observed_at")]),
            read("value", [values[kind, value, unit] for kind, value, unit in together("kind", "value", "unit")]),
            [text.strip()[:60] for text in column("value")],
            [text.strip()[:40] for text in column("unit")],
            read("point", map(points.__getitem__, column("point"))),
            read("depth_cm", map(depths.__getitem__, column("depth_cm"))),
            read("note", [notes[kind, note] for kind, note in together("kind", "note")]),
            read("photo", [photos[kind, site, photo] for kind, site, photo in together("kind", "site", "photo")]),
            read("supersedes", check.corrections(ids, sites)),
            read("reason", map(reasons.__getitem__, column("reason"))),
        ),
        set(),
    )


def diary_content(row: DiaryRow) -> str:
    """What an entry says, in one canonical text; see `batches.entries.ledger_content`."""
    return "\x1f".join(
        (
            row.site_code,
            row.batch,
            row.kind,
            row.observed_at.isoformat(),
            "" if row.value is None else repr(row.value),
            row.point,
            "" if row.depth_cm is None else str(row.depth_cm),
            row.note,
            row.photo,
            row.supersedes,
            row.reason,
        )
    )
