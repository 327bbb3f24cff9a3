"""What a document says besides the verdicts: plain values, so that a document needs no database."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from compostnet.shared.rules import Text
from standards.checking.explain import SampleVerdict
from standards.library import library
from standards.library_schema import Edition, Standard

_SAMPLE_KEYS = ("sample", "standard", "class", "edition", "as_of", "checker", "verdict", "provisional")
_INDICATOR_KEYS = ("indicator", "verdict", "code", "reported", "compared", "unit", "basis", "grade", "provisional")


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One line of a lab sheet as written."""

    indicator: str
    value: str
    unit: str = ""
    basis: str = ""
    uncertainty: str = ""
    sample: str = ""
    code: str = ""
    """The indicator that somebody said this name means."""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """Where a sample is from, how it came to the lab and what the report is. Never the name of a person."""

    site: Text | None = None
    place: Text | None = None
    batch: str = ""
    batch_started_on: dt.date | None = None
    batch_finished_on: dt.date | None = None
    sample: str = ""
    taken_on: dt.date | None = None
    sub_samples: int | None = None
    mass_kg: str = ""
    arrived_on: dt.date | None = None
    lab: Text | None = None
    by_lab: bool | None = None
    number: str = ""
    reported_on: dt.date | None = None
    confirmed_on: dt.date | None = None
    withdrawn_on: dt.date | None = None
    waiting: bool = False
    sha256: str = ""
    attachment_sha256: str = ""
    file_name: str = ""
    stated: tuple[tuple[Text, Text], ...] = ()
    lines: tuple[ResultLine, ...] = ()
    is_invented: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """A material of a batch and its part of what went in (0 to 1, by wet mass)."""

    name: Text
    part: float
    is_waste: bool = True


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What stands on the bag: the report's facts, what it was made from, and the public code."""

    report: ReportFacts
    code: str = ""
    materials: tuple[Share, ...] = ()
    country: str = ""
    """Country of the site (``CN``): its own standards come first."""


def as_dicts(answers: Sequence[SampleVerdict | Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    """Verdicts as the JSON that commands and the API print."""
    return [one.as_json(language) if isinstance(one, SampleVerdict) else dict(one) for one in answers]


def rules_code(answer: Mapping[str, Any]) -> str:
    """``EU-FPR/PFC3A``, or the standard's code where it has no classes."""
    return f"{answer['standard']}/{answer['class']}" if answer.get("class") else str(answer["standard"])


def standard_of(answer: Mapping[str, Any]) -> tuple[Standard | None, Edition | None]:
    """The standard and edition of a verdict, where the library (still) has them."""
    standard = library().get(answer["standard"])
    if standard is None:
        return None, None
    return standard, next((one for one in standard.editions if one.edition == answer["edition"]), None)


def rules_name(answer: Mapping[str, Any], language: str) -> str:
    """The name of the standard with its class; its code where the library has it no more."""
    standard, _ = standard_of(answer)
    if standard is None:
        return rules_code(answer)
    name = standard.name.in_language(language)
    found = next((one for one in standard.classes if one.code == answer.get("class")), None)
    if found is None:
        return name
    joint = "，" if language.startswith("zh") else ", "
    return f"{name}{joint}{found.name.in_language(language)}"


def checksum(answers: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of the verdicts without sentences: the same in every language."""
    kept = [
        {
            **{key: one.get(key) for key in _SAMPLE_KEYS},
            "indicators": [
                {key: item.get(key) for key in _INDICATOR_KEYS}
                for item in one["indicators"]
                if item["code"] != "reason_name_unknown"
            ],
        }
        for one in answers
    ]
    return hashlib.sha256(rfc8785.dumps(kept)).hexdigest()
