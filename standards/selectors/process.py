"""What a batch's diary says of process rules and of its state: two questions to the database, however long it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.utils import timezone

from batches.models import Batch, DiaryEntry
from standards.advice import DiaryNote
from standards.library import RuleSet, find, library, rule_sets
from standards.models import Sample
from standards.process.rules import HeatReading, ProcessResult, Turning, check_process, is_outside, process_rules

KINDS = ("temperature", "turning", "moisture", "smell", "oxygen")


@dataclass(frozen=True, slots=True)
class BatchDiary:
    """What process rules and advice need to know of a batch. Superseded entries are not in it.

    ``last_day`` is the day the batch ended, or today by the site's clock; ``running``: its hot phase can still come.
    """

    readings: Sequence[HeatReading]
    turnings: Sequence[Turning]
    notes: Sequence[DiaryNote]
    first_day: dt.date
    last_day: dt.date
    zone: ZoneInfo
    systems: Sequence[str]
    facts: Mapping[str, str]
    running: bool
    outside: Sequence[str] = ()
    """Measuring points that are not in the heap: their readings are left out."""


def batch_diary(batch: Batch) -> BatchDiary:
    """The diary of a batch (load it with its site)."""
    how, zone = process_rules(), ZoneInfo(batch.site.time_zone)
    rows = DiaryEntry.objects.filter(batch=batch, superseded_by__isnull=True, kind__in=KINDS).order_by(
        "observed_at", "id"
    )
    readings, turnings, notes = [], [], []
    outside: dict[str, None] = {}
    for kind, at, value, point, depth in rows.values_list("kind", "observed_at", "value", "point", "depth_cm"):
        if kind == "turning":
            turnings.append(Turning(at))
        elif kind == "temperature" and is_outside(point):
            outside[point] = None
        elif value is not None:
            if kind == "temperature":
                readings.append(HeatReading(point if depth is None else f"{point} {depth} cm".strip(), at, value))
            else:
                notes.append(DiaryNote(kind, at.astimezone(zone), value))
    if readings:
        notes.append(DiaryNote("temperature", readings[-1].at.astimezone(zone), readings[-1].celsius))
    facts = (
        Sample.objects.filter(batch=batch).order_by("-taken_on", "-created_at", "id").values_list("facts", flat=True)
    )
    return BatchDiary(
        readings=readings,
        turnings=turnings,
        notes=notes,
        first_day=batch.started_on,
        last_day=batch.finished_on or timezone.now().astimezone(zone).date(),
        zone=zone,
        systems=how.systems.get(batch.process or batch.site.process, ()),
        facts=facts.first() or {},
        running=batch.finished_on is None and batch.state in how.running_states,
        outside=sorted(outside),
    )


def process_rule_sets(codes: Sequence[str], as_of: dt.date) -> list[RuleSet]:
    """The rule sets with process rules in force on a day, of the codes asked for; ``all`` for the whole library."""
    found = []
    for code in codes:
        if code.strip().lower() == "all":
            asked = [one for standard in library().values() for one in rule_sets(standard, as_of)]
        else:
            standard, wanted = find(code)
            asked = rule_sets(standard, as_of, wanted)
        found += [one for one in asked if one.process]
    return found


def batch_process(batch: Batch, rule_sets: Sequence[RuleSet], diary: BatchDiary | None = None) -> list[ProcessResult]:
    """Each process rule of the rule sets held against the batch; a rule that several classes share is told once."""
    diary = diary or batch_diary(batch)
    wanted = {
        (one.standard.code, one.edition.edition, rule.id): (one, rule) for one in rule_sets for rule in one.process
    }
    results = check_process(
        diary.readings,
        diary.turnings,
        [rule for _, rule in wanted.values()],
        first_day=diary.first_day,
        last_day=diary.last_day,
        zone=diary.zone,
        systems=diary.systems,
        facts=diary.facts,
        running=diary.running,
    )
    return [
        replace(result, standard=one.standard.code, edition=one.edition.edition, standard_name=one.standard.name)
        for result, (one, _) in zip(results, wanted.values(), strict=True)
    ]
