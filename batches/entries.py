"""The checks of ledger entries: columns of texts in, typed rows out, with every fault of every row at once.

One entry from a phone and 100,000 from a sheet go through `check_ledger`; it works column by column and reads each
distinct text once. No Django, no database, no clock: what is known (sites, batches, entries that a correction names)
and the day of today are passed in. Masses come out as integer milligrams.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

from batches.entry_checks import Checked, Checker, Columns, Known, KnownBatch, KnownSite, Place
from batches.entry_rules import entry_rules, word_key, words_of
from batches.entry_texts import (
    Bad,
    Memo,
    Suggest,
    formula,
    is_formula,
    read_number,
    read_text,
    shown,
)
from batches.materials import find_material, materials
from compostnet.shared.numbers import normalise
from compostnet.shared.texts import Message
from compostnet.shared.units import MAX_MASS_KG, MG_PER_KG, find_unit, to_mg, units

__all__ = [
    "DIARY_FIELDS",
    "LEDGER_FIELDS",
    "Checked",
    "DiaryInput",
    "Known",
    "KnownBatch",
    "KnownSite",
    "LedgerInput",
    "LedgerRow",
    "Place",
    "check_ledger",
    "columns_of",
    "derived_ids",
    "digest_of",
    "ledger_content",
]

ENTRY_NAMESPACE = uuid.UUID("6f1c3a52-52a1-5a0e-9a55-0d2c6f6f2b11")
"""Namespace of the ids that are made for rows of sheets without an id column."""
MAX_UNIT_MASS = Decimal(100_000)
MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class LedgerInput:
    """One ledger entry as its sender wrote it: every field is text, empty where nothing was written.

    ``id`` is a UUID made where the entry was born. ``site`` is a code or name, ``batch`` a code or id, ``occurred_on``
    a day or a month, ``unit_mass_kg`` kilograms per litre (volumes) or per container (counts).
    """

    id: str = ""
    site: str = ""
    batch: str = ""
    kind: str = ""
    material: str = ""
    value: str = ""
    unit: str = ""
    measured: str = ""
    occurred_on: str = ""
    to_batch: str = ""
    unit_mass_kg: str = ""
    note: str = ""
    supersedes: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DiaryInput:
    """One diary entry as its sender wrote it, all as text. ``observed_at`` without a zone is the site's local time."""

    id: str = ""
    site: str = ""
    batch: str = ""
    kind: str = ""
    observed_at: str = ""
    value: str = ""
    unit: str = ""
    point: str = ""
    depth_cm: str = ""
    note: str = ""
    photo: str = ""
    supersedes: str = ""
    reason: str = ""


LEDGER_FIELDS = tuple(LedgerInput.__dataclass_fields__)
DIARY_FIELDS = tuple(DiaryInput.__dataclass_fields__)


class LedgerRow(NamedTuple):
    """A ledger entry that may be stored. Ids are 32 hexadecimal digits, empty where there is none."""

    id: str
    site: int
    site_code: str
    batch: str
    to_batch: str
    kind: str
    material: str
    mass_mg: int
    measured: str
    entered_value: str
    entered_unit: str
    unit_mass_kg: str
    occurred_on: dt.date
    month_only: bool
    month: int
    note: str
    supersedes: str
    reason: str


def columns_of(inputs: Sequence[LedgerInput] | Sequence[DiaryInput], fields: Sequence[str]) -> dict[str, list[str]]:
    """The columns of single entries."""
    return {name: [getattr(item, name) for item in inputs] for name in fields}


class _Mass(NamedTuple):
    mass_mg: int
    unit_mass: str
    unit_kind: str
    entered_value: str
    entered_unit: str


def _read_unit(text: str) -> tuple[str, str] | Bad:
    plain = normalise(text)
    if is_formula(plain):
        return formula("unit", plain)
    known = find_unit(plain)
    if known is None:
        code = "entry_unit_unknown" if plain else "entry_unit_missing"
        names = [name for kind in (units().mass, units().volume, units().count) for name in kind]
        return Bad("unit", Message(code, {"value": shown(plain)}), Message("accepted_one_of", {"words": names}), text)
    return known


def _read_kind(text: str) -> str | Bad:
    code = words_of("ledger_kinds").get(word_key(text))
    if code is None:
        names = [kind.name for kind in entry_rules().ledger_kinds.values()]
        message = Message("entry_kind_unknown" if text.strip() else "entry_kind_missing", {"value": shown(text)})
        return Bad("kind", message, Message("accepted_one_of", {"words": names}), text)
    return code


def read_material(suggest: Suggest, kind: str | Bad, text: str) -> str | Bad:
    """The code of a material; where none is written, what the kind of entry means by itself."""
    if not text.strip():
        implied = None if isinstance(kind, Bad) else entry_rules().ledger_kinds[kind].material  # type: ignore[index]
        return implied or Bad("material", Message("entry_material_missing"), suggest(""), text)
    code = None if is_formula(text) else find_material(text)
    return code or Bad("material", Message("entry_material_unknown", {"value": shown(text)}), suggest(text), text)


def _unit_mass(unit_kind: str, text: str, material: str | Bad) -> Decimal | Bad | None:
    """Kilograms per litre or container, six decimals: as given, or for litres the material's bulk density."""
    given = read_number("unit_mass_kg", text)
    if isinstance(given, Bad):
        return given
    if unit_kind == "mass":
        if given is None:
            return None
        return Bad("unit_mass_kg", Message("entry_unit_mass_needless"), Message("accepted_nothing"), text)
    if given is None:
        if unit_kind == "count":
            return Bad("unit_mass_kg", Message("entry_container_mass_missing"), Message("accepted_container"), text)
        if isinstance(material, Bad):
            return None
        given = materials()[material].bulk_density_kg_per_l.value
    given = given.quantize(MICRO, ROUND_HALF_EVEN) if given < MAX_UNIT_MASS else MAX_UNIT_MASS
    if not 0 < given < MAX_UNIT_MASS:
        return Bad("unit_mass_kg", Message("entry_unit_mass_absurd", {"value": shown(text)}), None, text)
    return given


def _read_mass(
    number: Decimal, unit: tuple[str, str], unit_mass: Decimal | None, texts: tuple[str, str]
) -> _Mass | Bad:
    kind, code = unit
    absurd = Bad(
        "value",
        Message("entry_mass_absurd", {"value": shown(texts[0].strip()), "unit": texts[1].strip()}),
        Message("accepted_at_most", {"kg": f"{MAX_MASS_KG:,}"}),
        texts[0],
    )
    if number > MAX_MASS_KG * 1000:
        return absurd
    if kind == "mass":
        mass_mg, text = to_mg(number, code), ""
    else:
        assert unit_mass is not None
        factor = (units().volume if kind == "volume" else units().count)[code].factor
        mass_mg = int((number * factor * unit_mass * MG_PER_KG).to_integral_value(ROUND_HALF_EVEN))
        text = format(unit_mass, "f")
    if mass_mg > MAX_MASS_KG * MG_PER_KG:
        return absurd
    return _Mass(mass_mg, text, kind, texts[0].strip(), texts[1].strip()[:40])


def _read_measured(unit: tuple[str, str] | Bad, text: str) -> str | Bad:
    rules = entry_rules()
    if not text.strip():
        return "" if isinstance(unit, Bad) else rules.measured_by_unit[unit[0]]  # type: ignore[index]
    code = words_of("measured").get(word_key(text))
    names = [way.name for way in rules.measured.values()]
    if code is None:
        message = Message("entry_measured_unknown", {"value": shown(text)})
        return Bad("measured", message, Message("accepted_one_of", {"words": names}), text)
    if not isinstance(unit, Bad) and unit[0] not in rules.measured[code].unit_kinds:  # type: ignore[index]
        names = [way.name for way in rules.measured.values() if unit[0] in way.unit_kinds]
        message = Message("entry_measured_not_in_unit", {"value": shown(text), "unit": unit[1]})
        return Bad("measured", message, Message("accepted_one_of", {"words": names}), text)
    return code


def check_ledger(
    columns: Columns,
    known: Known,
    *,
    today: dt.date,
    place: Place | None = None,
    id_needed: bool = False,
    blank_is_fault: bool = False,
) -> Checked[LedgerRow]:
    """Check ledger entries column by column.

    A row without a value is blank (nothing was reported: no entry, and no zero) unless ``blank_is_fault``. Every other
    row is either in ``rows`` or has all its faults in ``faults``.
    """
    check = Checker(columns, known, today, place or Place())
    column = check.column
    numbers: Memo[str, Decimal | Bad | None] = Memo(lambda text: read_number("value", text))
    values: list[Decimal | Bad | None] = list(map(numbers.__getitem__, column("value")))
    if blank_is_fault:
        missing = Bad("value", Message("entry_value_missing"), Message("accepted_number"), "")
        values = [missing if value is None else value for value in values]
        blank: set[int] = set()
    else:
        blank = {position for position, value in enumerate(values) if value is None}
    suggest = Suggest(
        lambda: (word for m in materials().values() for word in (m.name.zh, m.name.en, *m.aliases)),
        Message("accepted_material", {"examples": [m.name for m in list(materials().values())[:5]]}),
    )
    kinds_memo: Memo[str, str | Bad] = Memo(_read_kind)
    units_memo: Memo[str, tuple[str, str] | Bad] = Memo(_read_unit)
    material_memo: Memo[tuple[str, str], str | Bad] = Memo(lambda k: read_material(suggest, kinds_memo[k[0]], k[1]))
    measured_memo: Memo[tuple[str, str], str | Bad] = Memo(lambda k: _read_measured(units_memo[k[0]], k[1]))
    unit_mass_memo: Memo[tuple[str, str, str, str], Any] = Memo(
        lambda k: (
            None if isinstance(unit := units_memo[k[0]], Bad) else _unit_mass(unit[0], k[1], material_memo[k[2], k[3]])
        )
    )

    def mass_of(key: tuple[str, str, str, str, str]) -> _Mass | Bad | None:
        value, unit_text, unit_mass_text, kind, material = key
        number, unit = numbers[value], units_memo[unit_text]
        unit_mass = unit_mass_memo[unit_text, unit_mass_text, kind, material]
        if number is None or isinstance(number, Bad) or isinstance(unit, Bad) or isinstance(unit_mass, Bad):
            return None
        if unit[0] != "mass" and unit_mass is None:
            return None
        return _read_mass(number, unit, unit_mass, (value, unit_text))

    masses: Memo[tuple[str, str, str, str, str], _Mass | Bad | None] = Memo(mass_of)

    def day_of(key: tuple[str, str]) -> Bad | None:
        site, date = check.sites[key[0]], check.dates[key[1]]
        if isinstance(site, Bad) or isinstance(date, Bad):
            return None
        return check.check_day("occurred_on", site, *date, key[1])

    def to_batch_of(key: tuple[str, str, str, str]) -> str | Bad | None:
        kind, site, text = kinds_memo[key[0]], check.sites[key[1]], key[3]
        if kind != "transfer":
            if not text.strip() or isinstance(kind, Bad):
                return ""
            return Bad("to_batch", Message("entry_to_batch_needless"), Message("accepted_nothing"), text)
        if isinstance(site, Bad):
            return None
        code = check.batch_code("to_batch", site, text)
        if code == check.batches[key[1], key[2]]:
            return Bad("to_batch", Message("entry_to_batch_same"), Message("accepted_other_batch"), text)
        return code

    days: Memo[tuple[str, str], Bad | None] = Memo(day_of)
    to_batches: Memo[tuple[str, str, str, str], str | Bad | None] = Memo(to_batch_of)
    notes: Memo[str, str | Bad] = Memo(lambda text: read_text("note", text))
    reasons: Memo[str, str | Bad] = Memo(lambda text: read_text("reason", text, 300))
    read = check.read
    ids = read("id", check.ids(id_needed))
    sites = read("site", map(check.sites.__getitem__, column("site")))
    batches = read("batch", map(check.batches.__getitem__, zip(column("site"), column("batch"), strict=True)))
    kinds = read("kind", map(kinds_memo.__getitem__, column("kind")))
    found = read("material", map(material_memo.__getitem__, zip(column("kind"), column("material"), strict=True)))
    read("value", values)
    read("unit", map(units_memo.__getitem__, column("unit")))
    measured = read("measured", map(measured_memo.__getitem__, zip(column("unit"), column("measured"), strict=True)))
    keys = zip(column("unit"), column("unit_mass_kg"), column("kind"), column("material"), strict=True)
    read("unit_mass_kg", map(unit_mass_memo.__getitem__, keys))
    names = ("value", "unit", "unit_mass_kg", "kind", "material")
    mass = read("value", map(masses.__getitem__, zip(*(column(name) for name in names), strict=True)))
    dates = read("occurred_on", map(check.dates.__getitem__, column("occurred_on")))
    read("occurred_on", map(days.__getitem__, zip(column("site"), column("occurred_on"), strict=True)))
    keys_to = zip(column("kind"), column("site"), column("batch"), column("to_batch"), strict=True)
    to_batch = read("to_batch", map(to_batches.__getitem__, keys_to))
    note = read("note", map(notes.__getitem__, column("note")))
    supersedes = read("supersedes", check.corrections(ids, sites))
    reason = read("reason", map(reasons.__getitem__, column("reason")))
    nothing = _Mass(0, "", "", "", "")
    mass = [item if isinstance(item, _Mass) else nothing for item in mass]
    no_day = (dt.date.min, False)
    dates = [no_day if isinstance(item, Bad) else item for item in dates]
    return check.finish(
        LedgerRow,
        (
            ids,
            [getattr(site, "pk", 0) for site in sites],
            [getattr(site, "code", "") for site in sites],
            batches,
            to_batch,
            kinds,
            found,
            [item.mass_mg for item in mass],
            measured,
            [item.entered_value for item in mass],
            [item.entered_unit for item in mass],
            [item.unit_mass for item in mass],
            [day for day, _ in dates],
            [month_only for _, month_only in dates],
            [day.year * 12 + day.month - 1 for day, _ in dates],
            note,
            supersedes,
            reason,
        ),
        blank,
    )


def ledger_content(row: LedgerRow) -> str:
    """What an entry says, in one canonical text: two sendings with equal content are repeats of each other."""
    return "\x1f".join(
        (
            row.site_code,
            row.batch,
            row.to_batch,
            row.kind,
            row.material,
            str(row.mass_mg),
            row.measured,
            row.unit_mass_kg,
            row.occurred_on.isoformat(),
            "month" if row.month_only else "day",
            row.note,
            row.supersedes,
            row.reason,
        )
    )


def digest_of(content: str) -> str:
    """128 bits of BLAKE2b as 32 hexadecimal digits."""
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def derived_id(layout: str, natural_key: str, occurrence: int) -> str:
    """The id of a sheet's row that brought none: UUIDv5 (RFC 9562) of layout, natural key and occurrence number.

    The same row in another file of the same layout gets the same id, so a cumulative export stores nothing twice; the
    second of two equal rows in one file has the occurrence number 1 and is an entry of its own.
    """
    name = f"{layout}\x1f{natural_key}\x1f{occurrence}".encode()
    digits = hashlib.sha1(ENTRY_NAMESPACE.bytes + name, usedforsecurity=False).hexdigest()
    return f"{digits[:12]}5{digits[13:16]}{'89ab'[int(digits[16], 16) & 3]}{digits[17:32]}"


def derived_ids(layout: str, natural_keys: Iterable[str], seen: Counter[str] | None) -> list[str]:
    """Ids of rows in their order; ``seen`` counts the equal rows before them and is carried on.

    Without ``seen`` a key is one entry, however often it stands there.
    """
    if seen is None:
        return [derived_id(layout, key, 0) for key in natural_keys]
    made = []
    for key in natural_keys:
        made.append(derived_id(layout, key, seen[key]))
        seen[key] += 1
    return made
