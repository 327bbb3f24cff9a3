"""Rules as data: one strict loader for every YAML file that holds a limit, a factor, a material or a requirement.

A rule file is described by a pydantic model that forbids unknown keys. A broken file stops the start with the file, the
key and what to write instead, because a rule that is silently ignored is worse than none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

Confidence = Literal["A", "B", "B-", "C"]
"""How well a fact is attested: A primary text, B secondary source, B- weak agreeing sources, C from memory."""


class RuleFileError(Exception):
    """A rule file cannot be used. The message names the file, the key and the remedy."""

    def __init__(self, path: Path | str, key: str, remedy: str) -> None:
        self.path, self.key, self.remedy = str(path), key, remedy
        super().__init__(f"{path}: {key}: {remedy}" if key else f"{path}: {remedy}")


class Rule(BaseModel):
    """Base of every rule model: unknown keys refused, values never changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Text(Rule):
    """A text in both languages of the platform."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """The text for a language code such as ``zh-hans`` or ``en``; Chinese for any ``zh…``, else English."""
        return self.zh if language.lower().startswith("zh") else self.en


class Source(Rule):
    """Where a fact comes from: who said it, in what, and where in it."""

    title: str
    issuer: str = ""
    section: str = ""
    date: dt.date | None = None
    url: str = ""


_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C where PyYAML was built with it: some ten times faster, which every start feels."""


class _StrictLoader(_SafeLoader):  # type: ignore[misc]
    """SafeLoader that refuses a key written twice (plain YAML lets the last one win)."""


def _no_duplicate_keys(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is written twice; keep one of them", key_node.start_mark
            )
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _no_duplicate_keys)

R = TypeVar("R", bound=BaseModel)


def load_rule(path: Path, model: type[R]) -> R:
    """Read one YAML file into ``model``; raise `RuleFileError` with file, key and remedy if it does not fit."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 (a SafeLoader)
    except UnicodeDecodeError as error:
        raise RuleFileError(path, f"byte {error.start}", "save the file as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise RuleFileError(path, where, f"{error.problem or 'not YAML'}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise RuleFileError(path, "", f"not YAML that can be read: {error}") from error
    if not isinstance(raw, dict):
        raise RuleFileError(path, "", "write a mapping (key: value lines) at the top of the file")
    return validate_rule(path, raw, model)


def validate_rule(path: Path | str, raw: dict[str, Any], model: type[R]) -> R:
    """Fit an already read mapping into ``model`` with the same errors as `load_rule`."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        remedy = first["msg"]
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(model.model_fields)) if len(first["loc"]) == 1 else "see the schema in docs"
            remedy = f"unknown key; remove it or correct its spelling (known here: {known})"
        elif first["type"] == "missing":
            remedy = "this key is required; add it"
        elif first["type"] == "string_type" and isinstance(first.get("input"), bool):
            remedy = "YAML reads on, off, yes, no, true and false as yes-or-no values; write it in quotes"
        else:
            remedy = f"{remedy} (found: {first.get('input')!r})"
        raise RuleFileError(path, key, remedy) from error


def load_rules(folder: Path, model: type[R], pattern: str = "*.yaml") -> dict[Path, R]:
    """Read every file of a folder (sorted, recursive) into ``model``."""
    return {path: load_rule(path, model) for path in sorted(folder.rglob(pattern))}


class Dated(Protocol):
    """Anything that is valid from a day on, to a day (inclusive) or without end."""

    @property
    def valid_from(self) -> dt.date: ...
    @property
    def valid_to(self) -> dt.date | None: ...


D = TypeVar("D", bound=Dated)


def in_force(editions: Iterable[D], as_of: dt.date) -> D | None:
    """The edition valid on a day, or None. Editions must not overlap (see `refuse_overlap`)."""
    for edition in editions:
        if edition.valid_from <= as_of and (edition.valid_to is None or as_of <= edition.valid_to):
            return edition
    return None


def refuse_overlap(path: Path | str, key: str, editions: Sequence[Dated]) -> None:
    """Raise `RuleFileError` when an edition ends before it starts or two are valid on one day."""
    ordered = sorted(editions, key=lambda e: e.valid_from)
    for edition in ordered:
        if edition.valid_to is not None and edition.valid_to < edition.valid_from:
            raise RuleFileError(path, key, f"valid_to {edition.valid_to} is before valid_from {edition.valid_from}")
    for earlier, later in pairwise(ordered):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            raise RuleFileError(
                path, key, f"two editions are valid on {later.valid_from}; end the earlier one the day before"
            )
