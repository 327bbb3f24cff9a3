"""The demo network's batches, ledger and diary: what invented sites would have written down, mess included.

Pure: no Django, no database, no clock. All values are texts, as a person would have typed them; they go through the
ordinary upload path like anybody's sheet.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace

from batches.demo.network import OFF_SITE, DemoSite, MeasuredDaily, Mess, Scenario, kind_of, network_file
from batches.entries import DiaryInput, LedgerInput
from compostnet.shared.months import first_day, last_day, month_of, month_text, parse_month


@dataclass(frozen=True, slots=True)
class DemoBatch:
    """A batch with what a person would know of it at the end of the last month."""

    id: uuid.UUID
    site: str
    code: str
    process: str
    started_on: dt.date
    state: str
    finished_on: dt.date | None


@dataclass(frozen=True, slots=True)
class SiteRecords:
    """All records of one site, each month's rows under its month."""

    site: DemoSite
    batches: list[DemoBatch]
    ledger: dict[int, list[LedgerInput]]
    diary: dict[int, list[DiaryInput]]


def make_records(site: DemoSite, *, first: int, months: int, mess: Mess) -> SiteRecords:
    """Everything that ``site`` wrote down in ``months`` months from month ``first``."""
    file = network_file()
    rng = random.Random(f"{file.seed}:records:{site.number}")  # noqa: S311
    kind = kind_of(site.scenario)
    hot = kind.kg > 400 and site.process not in file.cool_processes
    last = first + months - 1
    until = last - mess.silent_months if site.number == mess.silent_site else last
    ledger: dict[int, list[LedgerInput]] = {month: [] for month in range(first, last + 1)}
    diary: dict[int, list[DiaryInput]] = {month: [] for month in range(first, last + 1)}
    batches: list[DemoBatch] = []
    size = rng.uniform(0.6, 1.5)
    for month in range(max(first, site.month_from), last + 1):
        growth = 0.75 + 0.5 * (month - first) / max(1, months)
        rows = list(_batch_ledger(rng, site, kind, month, kind.kg * size * growth, mess, last))
        for row in rows:
            index = month_of(dt.date.fromisoformat(row.occurred_on))
            if index <= until:
                ledger[index].append(row)
        diary_rows = list(() if site.process == OFF_SITE else _batch_diary(rng, site, month, hot=hot))
        for daily in file.measured_daily:
            if daily.site == site.number and month == last - daily.months_back:
                kept = [entry for entry in diary_rows if entry.kind not in ("temperature", "turning")]
                ended = next(row.occurred_on for row in rows if row.kind == "harvest")
                diary_rows = [*kept, *_daily_diary(site, month, dt.date.fromisoformat(ended), daily)]
        for entry in diary_rows:
            index = parse_month(entry.observed_at[:7])
            if index <= until:
                diary[index].append(entry)
        if month <= until:
            batches.extend(_batches(rng, site, month, until, {row.kind: row for row in rows}))
    return SiteRecords(site, batches, ledger, diary)


def _id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _day(month: int, day: int) -> str:
    return min(first_day(month) + dt.timedelta(days=day - 1), last_day(month)).isoformat()


def _season(kind: Scenario, month: int, material: str) -> float:
    """How much more or less there is of a material in a month of the year."""
    calendar = month % 12 + 1
    if kind.school and material == kind.waste:
        return {1: 0.6, 2: 0.15, 7: 0.2, 8: 0.1}.get(calendar, 1.0)
    if material == "leaves":
        return {10: 1.3, 11: 2.2, 12: 1.8, 1: 0.9}.get(calendar, 0.7)
    if material in ("grass", "garden_waste"):
        return {4: 1.2, 5: 1.4, 6: 1.5, 7: 1.3, 8: 1.3, 12: 0.6, 1: 0.5, 2: 0.5}.get(calendar, 1.0)
    # Melon season, and the quiet weeks of the Spring Festival.
    return {2: 0.8, 7: 1.2, 8: 1.2}.get(calendar, 1.0)


def _quantity(rng: random.Random, site: DemoSite, kg: float) -> dict[str, str]:
    """A mass as the site would write it down."""
    habits = network_file().habits
    if site.measured == "container":
        return {
            "value": str(max(1, round(kg / habits.bin_kg))),
            "unit": "桶",
            "measured": "container",
            "unit_mass_kg": f"{habits.bin_kg:g}",
        }
    if site.measured == "volume":
        litres = max(10, round(kg / habits.kg_per_litre, -1))
        return {"value": f"{litres:.0f}", "unit": "L", "measured": "volume", "unit_mass_kg": f"{habits.kg_per_litre:g}"}
    if site.measured == "jin":
        return {"value": f"{kg * 2:.0f}", "unit": "斤", "measured": "scale"}
    if kg > 2500:
        return {"value": f"{kg / 1000:.3f}", "unit": "t", "measured": "scale"}
    text = f"{kg:,.1f}" if rng.random() < 0.2 else f"{kg:.1f}"
    return {"value": text, "unit": "kg", "measured": "scale"}


def as_kg(row: LedgerInput) -> float:
    """Kilograms of a row as the generator wrote it."""
    value = float(row.value.replace(",", ""))
    factor = {"kg": 1.0, "斤": 0.5, "t": 1000.0}.get(row.unit) or float(row.unit_mass_kg)
    return value * factor


def _batch_ledger(
    rng: random.Random, site: DemoSite, kind: Scenario, month: int, kg: float, mess: Mess, last: int
) -> Iterator[LedgerInput]:
    """Ledger of the batch begun in ``month``: intakes, a removal, perhaps a transfer, the harvest two months on."""
    batch = month_text(month)

    def row(name: str, material: str, amount: float, day: str, **more: str) -> LedgerInput:
        return LedgerInput(
            _id(rng), site.code, batch, name, material, occurred_on=day, **{**_quantity(rng, site, amount), **more}
        )

    rows: list[LedgerInput] = []
    for day in (3, 8, 13, 18, 23, 27):
        amount = kg / 6 * _season(kind, month, kind.waste) * rng.uniform(0.75, 1.25)
        rows.append(row("intake", kind.waste, max(1.0, amount), _day(month, day)))
    for day in (4, 19):
        amount = kg * 0.12 * _season(kind, month, kind.brown) * rng.uniform(0.7, 1.3)
        rows.append(row("intake", kind.brown, max(1.0, amount), _day(month, day)))
    if rng.random() < 0.5:
        extra = rng.choice(["coffee_grounds", "tea_leaves", "fruit_waste", "paper_card", "mature_compost"])
        rows.append(row("intake", extra, kg * rng.uniform(0.01, 0.05) + 1, _day(month, rng.randint(1, 28))))
    if site.number == mess.hundredfold_site and month == last - mess.hundredfold_month:
        # The point was forgotten twice: 100 times what was on the scale.
        slip = rows[2]
        rows[2] = replace(slip, value=f"{float(slip.value.replace(',', '')) * 100:.1f}")
    total = sum(as_kg(entry) for entry in rows)
    if rng.random() < 0.6:
        out = max(0.5, kg * rng.uniform(0.005, 0.02))
        fields = {"value": f"{out:.1f}", "unit": "kg", "measured": "scale", "unit_mass_kg": ""}
        rows.append(row("removal", "contaminants", out, _day(month, 28), note="挑出塑料袋和一次性餐具", **fields))
        total -= out
    if site.process == OFF_SITE:
        yield from rows
        return
    left, outlet = total, batch
    if site.curing_batches:
        # What is transferred is lighter than what went in: water and carbon have left.
        left = total * rng.uniform(0.62, 0.72)
        outlet = f"{batch}-C"
        fields = {"value": f"{left:.1f}", "unit": "kg", "measured": "scale", "unit_mass_kg": ""}
        rows.append(row("transfer", "mixture", left, _day(month + 1, 20), to_batch=outlet, **fields))
        fresh = rng.uniform(0.60, 0.72)
    else:
        fresh = rng.uniform(*network_file().habits.screened_yield)
    harvest = left * fresh
    note = ""
    if site.number == mess.harvest_site and month + 2 == last - mess.harvest_month:
        harvest = left * 1.06
        note = "出料过筛前掺了园土，园土没有记台账"
    if site.number == mess.balance_site and month + 2 == last - mess.balance_month:
        harvest = left * 1.32
        note = "连同上一批的存货一起过秤"
    fields = {"value": f"{harvest:.1f}", "unit": "kg", "measured": "scale", "unit_mass_kg": ""}
    final = row("harvest", "mature_compost", harvest, _day(month + 2, rng.randint(12, 26)), note=note, **fields)
    rows.append(replace(final, batch=outlet))
    if not note and (residue := _residue(site, month, rows[-1], harvest)):
        rows.append(residue)
    yield from rows


def _residue(site: DemoSite, month: int, harvest: LedgerInput, mass: float) -> LedgerInput | None:
    """What was left on the screen and went to disposal, at sites that screen; by a random stream of its own."""
    rng = random.Random(f"{network_file().seed}:residue:{site.number}:{month}")  # noqa: S311
    if site.number % 4 != 0 or rng.random() < 0.3:
        return None
    out = max(0.5, mass * rng.uniform(0.02, 0.06))
    fields = {"value": f"{out:.1f}", "unit": "kg", "measured": "scale", "unit_mass_kg": ""}
    return replace(harvest, id=_id(rng), kind="residue", material="mixture", note="筛上物，送填埋", **fields)


def _batches(
    rng: random.Random, site: DemoSite, month: int, until: int, rows: dict[str, LedgerInput]
) -> Iterator[DemoBatch]:
    """The batch of a month and, where the site cures apart, the batch that it is transferred into."""
    if site.process == OFF_SITE:
        ended = None if month == until else last_day(month)
        state = "open" if month == until else "finished"
        yield DemoBatch(uuid.UUID(_id(rng)), site.code, month_text(month), site.process, first_day(month), state, ended)
        return
    harvest = dt.date.fromisoformat(rows["harvest"].occurred_on)
    done = month + 2 <= until
    moved = site.curing_batches and month + 1 <= until
    transfer = rows.get("transfer")
    day = dt.date.fromisoformat(transfer.occurred_on) if transfer else harvest
    state = "finished" if (moved or (done and not site.curing_batches)) else "open" if month == until else "composting"
    if not site.curing_batches and state == "composting" and month + 1 < until:
        state = "curing"
    finished = (day if site.curing_batches else harvest) if state == "finished" else None
    yield DemoBatch(uuid.UUID(_id(rng)), site.code, month_text(month), site.process, first_day(month), state, finished)
    if moved:
        yield DemoBatch(
            uuid.UUID(_id(rng)),
            site.code,
            f"{month_text(month)}-C",
            site.process,
            day,
            "finished" if done else "curing",
            harvest if done else None,
        )


def temperature(day: float, *, peak: float, ambient: float, turnings: tuple[int, ...]) -> float:
    """°C in the middle of a batch ``day`` days after it was filled.

    A quick rise, a plateau that each turning (day) breaks for about two days, then a decline towards ``ambient``.
    """
    rise = 1 - math.exp(-day / 1.6)
    decline = 1.0 if day < 20 else math.exp(-(day - 20) / 18)
    dip = sum(9.0 * math.exp(-(day - turned) / 1.2) for turned in turnings if day >= turned)
    return max(ambient, ambient + (peak - ambient) * rise * decline - dip)


def _batch_diary(rng: random.Random, site: DemoSite, month: int, *, hot: bool) -> Iterator[DiaryInput]:
    """Diary of the batch begun in ``month``: temperatures, turnings, moisture, watering, smell."""
    batch, start = month_text(month), first_day(month)
    calendar = month % 12
    ambient = 16 - 11 * math.cos(2 * math.pi * (calendar - 0.5) / 12) - (site.city.lat - 30) * 0.6
    # A small heap loses its warmth: it gets warm but rarely hot.
    peak = rng.uniform(60, 69) if hot and rng.random() < 0.93 else rng.uniform(42, 52)
    turnings = () if site.process in network_file().unturned_processes else (7, 14, 24)

    def row(day: int, clock: str, name: str, **more: str) -> DiaryInput:
        at = start + dt.timedelta(days=day)
        return DiaryInput(_id(rng), site.code, batch, name, f"{at.isoformat()} {clock}", **more)

    for position, day in enumerate((1, 3, 5, 7, 9, 11, 13, 16, 19, 23, 28, 36)):
        here = temperature(day, peak=peak, ambient=ambient, turnings=turnings) + rng.gauss(0, 1.0)
        minute = rng.randint(0, 59)
        yield row(day, f"07:{minute:02d}", "temperature", value=f"{here:.1f}", unit="℃", point="中心", depth_cm="50")
        if position % 3 == 1:
            edge = here - rng.uniform(3, 9)
            yield row(
                day, f"07:{minute:02d}", "temperature", value=f"{edge:.1f}", unit="℃", point="边缘", depth_cm="20"
            )
    for day in turnings:
        yield row(day, "09:10", "turning")
    yield row(6, "07:30", "moisture", value=f"{rng.uniform(48, 66):.0f}", unit="%", point="中心")
    if rng.random() < 0.4:
        yield row(16, "09:30", "watering", value=str(rng.randint(2, 12) * 10), unit="L")
    if rng.random() < 0.5:
        yield row(10, "08:00", "smell", value=str(rng.choice([0, 0, 1, 1, 2])))
    if rng.random() < 0.08:
        yield row(
            14,
            "09:20",
            "note",
            note=rng.choice(["翻堆时见到白色放线菌", "邻居反映有点酸味，加了落叶", "雨后表层偏湿，盖了雨布"]),
        )


def _daily_diary(site: DemoSite, month: int, ended: dt.date, how: MeasuredDaily) -> Iterator[DiaryInput]:
    """Temperatures of every day at every point, and the turnings, of a batch that is measured daily.

    Two days of warming, the plateau, then slow cooling; after four weeks every third day until the batch has ended.
    By a random stream of its own, so that no other record depends on it.
    """
    rng = random.Random(f"{network_file().seed}:daily:{site.number}")  # noqa: S311
    batch, start = month_text(month), first_day(month)

    def row(day: int, clock: str, name: str, **more: str) -> DiaryInput:
        at = start + dt.timedelta(days=day)
        return DiaryInput(_id(rng), site.code, batch, name, f"{at.isoformat()} {clock}", **more)

    last = (ended - start).days
    for day in (*range(30), *range(30, last, 3), last):
        warming, cooling = max(0, 3 - day) * 14.0, max(0, day - 2 - how.hot_days) * how.cooling_per_day
        dip = how.dip if day - 1 in how.turnings else 0.0
        middle = how.plateau - warming - cooling - dip
        minute = rng.randint(0, 50)
        for position, (point, cooler) in enumerate(how.points.items()):
            here = max(18.0, middle - cooler + rng.uniform(-0.8, 0.8))
            yield row(
                day,
                f"08:{minute + position:02d}",
                "temperature",
                value=f"{here:.1f}",
                unit="℃",
                point=point,
                depth_cm=str(50 - 15 * position),
            )
    for day in how.turnings:
        yield row(day, "09:10", "turning")
