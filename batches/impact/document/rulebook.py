"""The rules that a release rests on, together, and as the one file it publishes of them (``method.json``). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from batches.impact.baselines import BaselineFile
from batches.impact.benefits import BenefitRules
from batches.impact.cross_check import CrossCheck
from batches.impact.energy import EnergyRules
from batches.impact.gwp import GwpSet
from batches.impact.method import Method
from batches.impact.uncertainty import Uncertainty
from batches.resources import Resources
from compostnet.shared.rules import Rule
from sites.classification import Classification
from sites.climate import ClimateRule

SCHEMA = 2
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """Everything data-wise that the figures are made with.

    ``materials``: code → {is_waste, waste_class, name {zh, en}}; ``vocabulary``: scenarios and processes, code →
    {zh, en}; ``alternatives`` and ``cross_checks`` are what the method is held against, never mixed with it.
    """

    method: Method
    alternatives: tuple[Method, ...]
    cross_checks: tuple[CrossCheck, ...]
    gwp_sets: Mapping[str, GwpSet]
    baselines: tuple[BaselineFile, ...]
    materials: Mapping[str, Json]
    vocabulary: Mapping[str, Mapping[str, Json]]
    uncertainty: Uncertainty
    energy: EnergyRules
    climate: ClimateRule
    benefits: BenefitRules
    resources: Resources
    classification: Classification

    @property
    def gwp(self) -> GwpSet:
        """The set that the figures are in."""
        return self.gwp_sets[self.method.gwp]

    def with_baselines(self, codes: set[str]) -> Rules:
        """The same with those files of baselines alone."""
        return replace(self, baselines=tuple(file for file in self.baselines if file.code in codes))

    def as_json(self) -> dict[str, Any]:
        """The rules as ``method.json`` holds them."""
        return {
            "schema": SCHEMA,
            "method": _dump(self.method),
            "alternatives": [_dump(method) for method in self.alternatives],
            "cross_checks": [_dump(check) for check in self.cross_checks],
            "gwp_sets": {code: _dump(one) for code, one in self.gwp_sets.items()},
            "baselines": [_dump(file) for file in self.baselines],
            "materials": {code: dict(facts) for code, facts in self.materials.items()},
            "vocabulary": {key: dict(names) for key, names in self.vocabulary.items()},
            "uncertainty": _dump(self.uncertainty),
            "energy": _dump(self.energy),
            "climate": _dump(self.climate),
            "benefits": _dump(self.benefits),
            "resources": _dump(self.resources),
            "classification": _dump(self.classification),
        }

    @classmethod
    def from_json(cls, found: Json) -> Rules:
        """The rules of a ``method.json``."""
        return cls(
            method=Method.model_validate(found["method"]),
            alternatives=tuple(Method.model_validate(one) for one in found["alternatives"]),
            cross_checks=tuple(CrossCheck.model_validate(one) for one in found["cross_checks"]),
            gwp_sets={code: GwpSet.model_validate(one) for code, one in found["gwp_sets"].items()},
            baselines=tuple(BaselineFile.model_validate(one) for one in found["baselines"]),
            materials=found["materials"],
            vocabulary=found["vocabulary"],
            uncertainty=Uncertainty.model_validate(found["uncertainty"]),
            energy=EnergyRules.model_validate(found["energy"]),
            climate=ClimateRule.model_validate(found["climate"]),
            benefits=BenefitRules.model_validate(found["benefits"]),
            resources=Resources.model_validate(found["resources"]),
            classification=Classification.model_validate(found["classification"]),
        )


def _dump(rule: Rule) -> dict[str, Any]:
    return rule.model_dump(mode="json", by_alias=True)
