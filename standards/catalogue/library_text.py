"""The library in words and rows, as the command ``standards`` prints it; a new standard's file, and its validation."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from compostnet.shared.problems import Problem
from compostnet.shared.rules import RuleFileError, in_force
from compostnet.shared.texts import Message
from standards.catalogue.describe import (
    condition_words,
    conversion_words,
    frequency_rows,
    heat_words,
    plan_words,
    sampling_words,
    statistic_words,
    system_words,
)
from standards.catalogue.editions import Change, Placed, group_words, limit_name, placed, shown, whole_limit
from standards.library import (
    TEMPLATE,
    RuleSet,
    check_delegations,
    known_codes,
    library,
    load_standard,
    rule_sets,
)
from standards.library_schema import Requirement, Standard
from standards.process.schema import ProcessRule, Sampling

CODE = re.compile(r"^[A-Z]{2,3}(-[A-Z0-9]+)+$")


def words(code: str, language: str, /, **values: Any) -> str:
    """A sentence of the catalogue."""
    return Message(code, values).render(language)


def find_standard(code: str, class_code: str = "") -> tuple[Standard, str | None]:
    """A standard (also one without text) and the class asked for, from ``CODE`` or ``CODE/CLASS``, in any case."""
    name, _, wanted = code.strip().upper().partition("/")
    wanted = class_code.strip().upper() or wanted
    standard = library().get(name)
    classes = {one.code.upper(): one.code for one in standard.classes} if standard else {}
    if standard is None or (wanted and wanted not in classes):
        raise Problem("standard_unknown", standard="/".join((name, wanted)) if wanted else code, known=known_codes())
    return standard, classes.get(wanted)


# --- list ------------------------------------------------------------------------------------------------------------


def catalogue_rows(books: dict[str, Standard], day: dt.date, language: str) -> list[dict[str, Any]]:
    """A row for every standard: classes, the edition in force, grades, whether provisional, why there is no text."""
    rows = []
    for code, standard in books.items():
        edition = in_force(standard.editions, day)
        sets = rule_sets(standard, day, books=books)
        grades = {limit.grade for rules in sets for limit in rules.limits}
        grades |= {rule.grade for rules in sets for rule in rules.process}
        rows.append(
            {
                "code": code,
                "name": standard.name.in_language(language),
                "country": standard.country,
                "classes": [one.code for one in standard.classes],
                "edition": edition.edition if edition else None,
                "editions": [one.edition for one in standard.editions],
                "limits": len({limit.id for rules in sets for limit in rules.limits}),
                "process": len({rule.id for rules in sets for rule in rules.process}),
                "grades": [grade for grade in ("A", "B", "B-", "C") if grade in grades],
                "provisional": any(rules.provisional for rules in sets),
                "unavailable": standard.unavailable.in_language(language) if standard.unavailable else None,
            }
        )
    return rows


def table_lines(rows: Sequence[Mapping[str, Any]], language: str) -> list[str]:
    """The catalogue as aligned lines, why a standard is not covered below it."""
    cells = [
        [
            Message(f"standards_head_{name}").render(language)
            for name in ("code", "edition", "classes", "grades", "state", "name")
        ]
    ]
    for row in rows:
        state = (
            words("standards_unavailable", language)
            if row["unavailable"]
            else words("standards_not_in_force", language)
            if row["edition"] is None
            else words("standards_provisional", language)
            if row["provisional"]
            else ""
        )
        cells.append(
            [row["code"], row["edition"] or "-", " ".join(row["classes"]), " ".join(row["grades"]), state, row["name"]]
        )
    widths = [max(_width(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [
        "  ".join(text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    reasons = [f"{row['code']}: {row['unavailable']}" for row in rows if row["unavailable"]]
    return [*lines, "", *reasons] if reasons else lines


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


# --- show ------------------------------------------------------------------------------------------------------------


def rule_set_json(rules: RuleSet, language: str) -> dict[str, Any]:
    """Everything that a class asks on its day."""
    edition = rules.edition
    return {
        "standard": rules.standard.code,
        "class": rules.product_class.code if rules.product_class else None,
        "name": rules.name.in_language(language),
        "edition": edition.edition,
        "title": edition.title.in_language(language),
        "valid_from": edition.valid_from.isoformat(),
        "valid_to": edition.valid_to.isoformat() if edition.valid_to else None,
        "dates_grade": edition.dates_grade,
        "as_of": rules.day.isoformat(),
        "rounding": edition.rounding,
        "provisional": rules.provisional,
        "scope": rules.standard.scope.in_language(language),
        "note": edition.note.in_language(language) if edition.note else "",
        "limits": [_limit_json(one, language) for one in placed(rules).values()],
        "conversions": [shown(conversion_words(one), language) for one in edition.conversions],
        "process": [_process_json(rule, language) for rule in rules.process],
        "sampling": _sampling_lines(edition.sampling, language) if edition.sampling else [],
        "also_required": [shown(one.text, language) for one in _required(rules)],
        "sources": {key: one.model_dump(mode="json") for key, one in edition.sources.items()},
    }


def _limit_json(one: Placed, language: str) -> dict[str, Any]:
    limit = one.limit
    return {
        "id": limit.id,
        "indicator": limit.indicator,
        "name": limit_name(limit).in_language(language),
        "limit": shown(whole_limit(limit), language),
        "compare": limit.compare,
        "unit": limit.unit,
        "basis": limit.basis,
        "group": [group_words(group).render(language) for group in one.groups],
        "plan": shown(plan_words(limit) or "", language),
        "statistic": shown(statistic_words(limit) or "", language),
        "when": [shown(condition_words(condition), language) for condition in limit.when],
        "method": shown(limit.method or "", language),
        "clause": shown(limit.clause, language),
        "source": limit.source,
        "grade": limit.grade,
        "obligatory": limit.obligatory,
        "delegated_from": limit.delegated_from,
        "note": shown(limit.note or "", language),
        "changes": [{"valid_from": c.valid_from.isoformat(), "value": str(c.value)} for c in limit.changes],
    }


def _process_json(rule: ProcessRule, language: str) -> dict[str, Any]:
    ways = [
        {
            "id": option.id,
            "systems": [shown(word, language) for word in system_words(option)],
            "asks": [shown(word, language) for word in heat_words(option)],
        }
        for option in rule.any_of
    ]
    return {
        "id": rule.id,
        "name": rule.name.in_language(language),
        "any_of": ways,
        "clause": rule.clause.in_language(language),
        "source": rule.source,
        "grade": rule.grade,
        "delegated_from": rule.delegated_from,
        "note": shown(rule.note or "", language),
    }


def _required(rules: RuleSet) -> list[Requirement]:
    code = rules.product_class.code if rules.product_class else ""
    return [one for one in rules.edition.also_required if not one.classes or code in one.classes]


def _sampling_lines(sampling: Sampling, language: str) -> list[str]:
    lines = [shown(word, language) for word in sampling_words(sampling)]
    lines += [shown(one, language) for one in (sampling.packing, *sampling.steps) if one]
    return lines + [
        words("standards_yearly", language, input=step, samples=count)
        for step, count in frequency_rows(sampling.yearly)
    ]


def rule_set_lines(rules: RuleSet, language: str) -> list[str]:
    """A class as lines to read."""
    one = rule_set_json(rules, language)
    colon, comma, listed = ("：", "，", "、") if language.startswith("zh") else (": ", ", ", ", ")
    until = one["valid_to"] or words("standards_open_end", language)
    head = f"{rules.code} ({one['edition']}) {one['title']}"
    mark = f" · {words('standards_provisional', language)}" if one["provisional"] else ""
    lines = [head + mark, f"  {one['valid_from']} – {until}  {shown(_rounding(rules), language)}"]
    lines += [f"  {text}" for text in (one["scope"], one["note"]) if text]
    lines += [_limit_line(limit, language) for limit in one["limits"]]
    for rule in one["process"]:
        ways = " / ".join(listed.join(way["systems"]) + colon + comma.join(way["asks"]) for way in rule["any_of"])
        lines.append(f"  [{rule['grade']}] {rule['name']}{colon}{ways} · {rule['clause']}{_from(rule, language)}")
    for title in ("conversions", "sampling", "also_required"):
        heading = Message(f"standards_more_{title}").render(language)
        lines += [f"  {heading}{colon}{text}" for text in one[title]]
    for source in rules.edition.sources.values():
        parts = [
            source.title,
            source.issuer,
            source.section,
            source.date.isoformat() if source.date else "",
            source.url,
        ]
        lines.append(f"  {words('standards_source', language)}{colon}{'; '.join(part for part in parts if part)}")
    return lines


def _rounding(rules: RuleSet) -> Message:
    return Message(f"edition_rounding_{rules.edition.rounding}")


def _limit_line(limit: Mapping[str, Any], language: str) -> str:
    group = "".join(f"{name} › " for name in limit["group"])
    extras = [limit["plan"], limit["statistic"], *limit["when"], limit["method"], limit["note"], limit["clause"]]
    extras += [words("standards_from", language, day=c["valid_from"], value=c["value"]) for c in limit["changes"]]
    if not limit["obligatory"]:
        extras.insert(0, words("standards_optional", language))
    behind = " · ".join(extra for extra in extras if extra)
    return f"  [{limit['grade']}] {group}{limit['name']} {limit['limit']} · {behind}{_from(limit, language)}"


def _from(one: Mapping[str, Any], language: str) -> str:
    return f" · {words('standards_delegated', language, to=one['delegated_from'])}" if one["delegated_from"] else ""


# --- diff ------------------------------------------------------------------------------------------------------------


def change_rows(changes: Sequence[Change], language: str) -> list[str]:
    """Changes as lines: ``~ Pb limit: ≤ 50 → ≤ 45``."""
    lines = []
    for one in changes:
        field = Message(f"standards_field_{one.field}").render(language)
        before, after = shown(one.before, language), shown(one.after, language)
        name = one.name.in_language(language)
        if one.kind == "added":
            lines.append(f"+ {name}: {after}")
        elif one.kind == "removed":
            lines.append(f"- {name}: {before}")
        else:
            day = f" ({words('standards_since', language, day=one.day.isoformat())})" if one.day else ""
            lines.append(f"~ {name} · {field}: {before or '-'} → {after or '-'}{day}")
    return lines


# --- template, validate ----------------------------------------------------------------------------------------------


def template_of(code: str, books: Mapping[str, Standard]) -> str:
    """The template with the code in it; what the catalogue knows of a standard without text is filled in."""
    wanted = code.strip().upper()
    if not CODE.match(wanted):
        raise Problem("template_code", wanted=code)
    entry = books.get(wanted)
    if entry is not None and entry.editions:
        raise Problem("template_taken", standard=wanted)
    text = TEMPLATE.read_text(encoding="utf-8").replace("<<CODE>>", wanted).replace("CODE.yaml", f"{wanted}.yaml")
    if entry is None:
        return text
    text = text.replace("<<two letters, such as CN>>", entry.country)
    for zh, en, known in (
        ("<<标准编号和名称>>", "<<number and title>>", entry.name),
        ("<<适用和不适用的产品>>", "<<what products it is for, and what not>>", entry.scope),
    ):
        text = text.replace(f'"{zh}"', _quoted(known.zh)).replace(f'"{en}"', _quoted(known.en))
    return text


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def validate_path(path: Path) -> dict[Path, str | RuleFileError]:
    """Every standard's file under a path (one file, or a folder) with its code, or with the first mistake in it."""
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        return {path: RuleFileError(path, "", "there is no .yaml file in this folder; put the standards there")}
    found: dict[Path, str | RuleFileError] = {}
    books = dict(library())
    loaded: dict[Path, Standard] = {}
    for file in files:
        try:
            standard = load_standard(file)
        except OSError as error:
            found[file] = RuleFileError(file, "", f"cannot be opened ({error.strerror}); check the name")
        except RuleFileError as error:
            found[file] = error
        else:
            loaded[file] = standard
            books[standard.code] = standard
    for file, standard in loaded.items():
        try:
            check_delegations(file, standard, books)
            found[file] = standard.code
        except RuleFileError as error:
            found[file] = error
    return {file: found[file] for file in files}
