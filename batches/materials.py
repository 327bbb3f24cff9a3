"""What goes into a batch, as data (``materials.yaml``): is it waste, of which class, how dense, how moist, which C/N.

No Django, no database. `find_material` reads what people write: a code, a name or an alias in Chinese or English.
"""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text, load_rule

WasteClass = Literal["food", "garden", "paper", "wood"]
FILE = Path(__file__).with_name("materials.yaml")


class Measured(Rule):
    """A typical value with where it comes from (a key of ``sources`` in the file) and how well it is attested."""

    value: Decimal
    source: str
    confidence: Confidence


class Material(Rule):
    """One feedstock or amendment.

    ``waste_class`` is None where no methane is claimed. Bulk density is loose, in kg per litre; moisture in % of wet
    mass; C/N by mass.
    """

    name: Text
    aliases: tuple[str, ...] = ()
    is_waste: bool
    waste_class: WasteClass | None
    bulk_density_kg_per_l: Measured
    moisture_percent: Measured
    c_to_n: Measured | None
    note: Text | None = None


class MaterialFile(Rule):
    """The shape of ``materials.yaml``."""

    sources: dict[str, Source]
    materials: dict[str, Material]


def read_materials(path: Path) -> MaterialFile:
    """Read and cross-check one file; `RuleFileError` with file, key and remedy where it does not hold together."""
    file = load_rule(path, MaterialFile)
    _index(path, file)
    for code, material in file.materials.items():
        if material.waste_class and not material.is_waste:
            raise RuleFileError(
                path, f"materials.{code}.waste_class", "what is not waste has no waste class; write null"
            )
        for key in ("bulk_density_kg_per_l", "moisture_percent", "c_to_n"):
            measured: Measured | None = getattr(material, key)
            if measured is None:
                continue
            place = f"materials.{code}.{key}"
            if measured.source not in file.sources:
                known = ", ".join(sorted(file.sources))
                raise RuleFileError(path, f"{place}.source", f"not in sources; add it there (known: {known})")
            low, high = {"bulk_density_kg_per_l": (0, 3), "moisture_percent": (0, 100), "c_to_n": (0, 2000)}[key]
            if not low < measured.value <= high:
                raise RuleFileError(path, f"{place}.value", f"{measured.value} lies outside {low} to {high}")
    return file


def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace("_", " ").casefold().split())


def _index(path: Path, file: MaterialFile) -> dict[str, str]:
    index: dict[str, str] = {}
    for code, material in file.materials.items():
        for name in (code, material.name.zh, material.name.en, *material.aliases):
            if index.setdefault(_key(name), code) != code:
                raise RuleFileError(
                    path, f"materials.{code}", f"the name {name!r} already means {index[_key(name)]}; drop it in one"
                )
    return index


@cache
def _file() -> MaterialFile:
    return read_materials(FILE)


@cache
def _known() -> dict[str, str]:
    return _index(FILE, _file())


def materials() -> dict[str, Material]:
    """All materials by code, in the order of the file."""
    return _file().materials


def sources() -> dict[str, Source]:
    """The sources that the values of the materials name."""
    return _file().sources


def find_material(text: str) -> str | None:
    """The code that a code, name or alias means (any case, full-width too); None when nobody knows it."""
    return _known().get(_key(text))
