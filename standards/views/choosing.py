"""Choosing standards, facts and a decision rule: what the pages that judge have in common."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from standards.catalogue.countries import by_region, places
from standards.checking.explain import SampleVerdict, check_lines
from standards.facts import known_facts, read_facts
from standards.library import RuleSet, library, rule_sets, selected
from standards.reading.readings import Line
from standards.views.shared import language

ALL, REGION = "all", "region:"
DECISIONS = ("simple", "guarded")
Groups = list[tuple[bool, list[RuleSet]]]


def default_choice() -> list[str]:
    """What is chosen before anybody has chosen: the standards of the library's first region."""
    return [f"{REGION}{next(iter(by_region(library().values())))}"]


def expanded(chosen: Iterable[str]) -> list[str]:
    """Codes of standards and classes; ``all`` and ``region:…`` opened, in the order of the library's page."""
    wanted = list(dict.fromkeys(code.strip() for code in chosen if code.strip()))
    codes: list[str] = []
    for region, standards in by_region(library().values()).items():
        whole = ALL in (one.lower() for one in wanted) or f"{REGION}{region}" in wanted
        for standard in standards:
            codes += [standard.code] if whole or standard.code in wanted else []
            codes += [code for code in (f"{standard.code}/{one.code}" for one in standard.classes) if code in wanted]
    known = {ALL, *(f"{REGION}{region}" for region in places().regions), *codes}
    return codes + [code for code in wanted if code not in known and code.lower() != ALL]


def groups_for(
    chosen: Sequence[str], day: dt.date, *, every_class: bool = False
) -> tuple[Groups, list[dict[str, Any]]]:
    """The rule sets to judge by, and the standards that cannot be judged (no text, or no edition on that day).

    A standard asked for by itself answers with its best class that is met, or with every class (``every_class``).
    Whatever is asked for by name and is not known is the problem ``standard_unknown``.
    """
    groups: Groups = []
    left_out = []
    for code in expanded(chosen):
        standard = library().get(code.partition("/")[0])
        sets = rule_sets(standard, day) if standard is not None else []
        process_only = bool(sets) and not any(one.nodes for one in sets) and code not in chosen
        if standard is not None and (not sets or process_only):
            row = {"standard": standard, "text_missing": not standard.editions, "process_only": process_only}
            left_out.append(row)
            continue
        found = selected([code], day)
        groups += [(False, [one]) for _best, sets in found for one in sets] if every_class else found
    return groups, left_out


def judge(
    lines: Sequence[Line], groups: Groups, facts: Mapping[str, str] | None = None, decision: str = "simple"
) -> list[SampleVerdict]:
    """The checker's answers under the stated facts and the decision rule."""
    return check_lines(lines, groups, facts=facts or {}, decision="guarded" if decision == "guarded" else "simple")


def stated_facts(data: QueryDict) -> dict[str, str]:
    """The facts of a form (fields ``fact_<code>``); the problems of `read_facts`."""
    return read_facts({code: data.get(f"fact_{code}", "") for code in known_facts()})


def fact_fields(stated: Mapping[str, str]) -> list[dict[str, Any]]:
    """The facts for a form, with what has been stated."""
    return [
        {
            "code": code,
            "name": fact.name,
            "choices": [(key, name, stated.get(code) == key) for key, name in fact.choices.items()],
            "unit": fact.unit,
            "value": stated.get(code, ""),
        }
        for code, fact in known_facts().items()
    ]


def region_choices(chosen: Sequence[str]) -> list[dict[str, Any]]:
    """The library by region for a form of check boxes, with what has been chosen."""
    wanted = set(chosen)
    regions = []
    for code, standards in by_region(library().values()).items():
        rows = [
            {
                "code": one.code,
                "name": one.name,
                "checked": one.code in wanted,
                "missing": not one.editions,
                "classes": [
                    {"code": f"{one.code}/{c.code}", "name": c.name, "checked": f"{one.code}/{c.code}" in wanted}
                    for c in one.classes
                ]
                if len(one.classes) > 1
                else [],
            }
            for one in standards
        ]
        some = sum(row["checked"] or any(c["checked"] for c in row["classes"]) for row in rows)
        regions.append(
            {
                "code": f"{REGION}{code}",
                "name": places().regions[code].name.in_language(language()),
                "rows": rows,
                "checked": f"{REGION}{code}" in wanted,
                "some": some,
                "size": sum(not row["missing"] for row in rows),
            }
        )
    return regions
