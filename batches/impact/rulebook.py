"""The rules that a release rests on, together, and as the one file it publishes of them (``method.json``). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from batches.impact.baselines import BaselineFile
from batches.impact.climate import ClimateRule
from batches.impact.energy import EnergyRules
from batches.impact.gwp import GwpSet
from batches.impact.method import Method

SCHEMA = 2
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """Method, baselines, classes of materials, and whatever else the figures are made with.

    ``materials``: code → {is_waste, waste_class, name {zh, en}}; ``vocabulary``: scenarios and processes, code →
    {zh, en}.
    """

    method: Method
    baselines: tuple[BaselineFile, ...]
    materials: Mapping[str, Json]
    gwp_sets: Mapping[str, GwpSet]
    energy: EnergyRules
    climate: ClimateRule
    vocabulary: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)

    @property
    def gwp(self) -> GwpSet:
        """The set that the figures are in."""
        return self.gwp_sets[self.method.gwp]

    def as_json(self) -> dict[str, Any]:
        """The rules as ``method.json`` holds them."""
        return {
            "schema": SCHEMA,
            "method": self.method.model_dump(mode="json"),
            "gwp_sets": {code: one.model_dump(mode="json") for code, one in self.gwp_sets.items()},
            "energy": self.energy.model_dump(mode="json"),
            "climate": self.climate.model_dump(mode="json"),
            "baselines": [file.model_dump(mode="json") for file in self.baselines],
            "materials": {code: dict(facts) for code, facts in self.materials.items()},
            "vocabulary": {key: dict(names) for key, names in self.vocabulary.items()},
        }

    @classmethod
    def from_json(cls, found: Json) -> Rules:
        """The rules of a ``method.json``."""
        return cls(
            method=Method.model_validate(found["method"]),
            baselines=tuple(BaselineFile.model_validate(file) for file in found["baselines"]),
            materials=found["materials"],
            gwp_sets={code: GwpSet.model_validate(one) for code, one in found["gwp_sets"].items()},
            energy=EnergyRules.model_validate(found["energy"]),
            climate=ClimateRule.model_validate(found["climate"]),
            vocabulary=found["vocabulary"],
        )
