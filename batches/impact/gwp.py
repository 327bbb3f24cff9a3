"""Sets of global warming potentials as data (``gwp/*.yaml``), and the one place where gases become CO2e.

A set is one report's values for one horizon; both of its potentials come from one source, and `GwpSet.co2e_t` takes
both gases at once, so that no sum can ever mix two sets (the trap of AR6 methane with AR4 nitrous oxide).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from compostnet.shared.cited import Factor, check_sources
from compostnet.shared.rules import Rule, RuleFileError, Source, Text, load_rule, load_rules

FOLDER = Path(__file__).with_name("gwp")
UG_PER_T = 1e12
UNITS = {"ch4": "t CO2e/t CH4", "n2o": "t CO2e/t N2O"}
Use = Literal["default", "sensitivity", "reference"]


class GwpSet(Rule):
    """One set. ``use``: the default, shown as a sensitivity beside it, or there to read old documents with."""

    code: str = Field(pattern=r"^[A-Za-z0-9-]+$")
    title: Text
    use: Use
    horizon_years: Literal[20, 100]
    sources: dict[str, Source]
    ch4: Factor
    n2o: Factor
    note: Text | None = None

    def co2e_t(self, ch4_ug: float, n2o_ug: float) -> float:
        """t CO2e of µg of methane and µg of nitrous oxide."""
        return (self.ch4.value * ch4_ug + self.n2o.value * n2o_ug) / UG_PER_T


def check_gwp(path: Path, found: GwpSet) -> GwpSet:
    """Refuse a set of two sources, a wrong unit, a file of another name."""
    check_sources(path, found, found.sources)
    if found.ch4.source != found.n2o.source:
        remedy = f"ch4 is of {found.ch4.source} and n2o of {found.n2o.source}; a set takes both from one report"
        raise RuleFileError(path, "n2o.source", remedy)
    if len(found.sources) != 1:
        raise RuleFileError(path, "sources", "a set stands on one report; write a file for each")
    for gas, unit in UNITS.items():
        if getattr(found, gas).unit != unit:
            raise RuleFileError(path, f"{gas}.unit", f"write {unit!r}")
    if found.code.lower().replace("-", "_") != path.stem:
        name = found.code.lower().replace("-", "_")
        raise RuleFileError(path, "code", f"name the file {name}.yaml, or write the code that fits {path.name}")
    return found


def read_gwp(path: Path) -> GwpSet:
    """Read and check one file."""
    return check_gwp(path, load_rule(path, GwpSet))


@cache
def gwp_sets() -> dict[str, GwpSet]:
    """All sets by code, the default first, then those of a sensitivity, then the others; exactly one is the default."""
    order: tuple[Use, ...] = ("default", "sensitivity", "reference")
    found = [check_gwp(path, rule) for path, rule in load_rules(FOLDER, GwpSet).items()]
    defaults = [rule.code for rule in found if rule.use == "default"]
    if len(defaults) != 1:
        raise RuleFileError(FOLDER, "use", f"exactly one set is the default; found {', '.join(defaults) or 'none'}")
    return {rule.code: rule for rule in sorted(found, key=lambda rule: (order.index(rule.use), rule.code))}
