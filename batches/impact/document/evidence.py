"""``evidence-<province>.json``: what every figure of a site was made of, enough to make it again by hand. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from batches.impact.baselines import Baseline
from batches.impact.document.inputs import KINDS, MEASURED, PROVINCE
from batches.impact.document.levels import Book
from batches.impact.energy import ENERGY
from compostnet.shared.months import month_text
from compostnet.shared.units import kg_text

NOWHERE = "none"
Json = dict[str, Any]


def evidence_name(province: str | None) -> str:
    """The name of the file of a province's sites."""
    return f"evidence-{province or NOWHERE}.json"


def evidence_files(book: Book) -> dict[str, Json]:
    """Name of a file → its content: for every site its zone, regions, baselines, verified masses and records."""
    inputs = book.inputs
    months = {m - inputs.first: month_text(m) for m in range(inputs.first, inputs.month + 1)}
    masses = _masses(book, months)
    energy: dict[int, list[list[str]]] = defaultdict(list)
    records = inputs.records
    columns = zip(records.site.tolist(), records.month.tolist(), records.kind.tolist(), records.value, strict=True)
    for n, t, kind, value in columns:
        if records.kinds[kind] in ENERGY:
            energy[n].append([months[t], records.kinds[kind], value])
    verified: dict[int, list[str]] = defaultdict(list)
    for n, t in np.argwhere(inputs.verified.T).tolist():
        verified[n].append(months[t])
    baselines: dict[int, Json] = defaultdict(dict)
    for (g, year), baseline in sorted(book.factors.baselines.items()):
        baselines[g][str(year)] = baseline_facts(baseline)
    files: dict[str, Json] = {}
    for n, site in enumerate(inputs.sites):
        province = inputs.region_at(site, PROVINCE)
        file = files.setdefault(evidence_name(province), {"province": province, "sites": {}})
        chain = [inputs.regions[code] for code in inputs.chains[site.region]]
        file["sites"][site.code] = {
            "zone": site.zone or None,
            "places": [{"code": r.code, "name_zh": r.name_zh, "name_en": r.name_en} for r in chain],
            "invented": site.invented,
            "baselines": baselines[int(book.group[n])],
            "masses": masses[n],
            "verified": verified[n],
            "energy": energy[n],
        }
    return files


def _masses(book: Book, months: dict[int, str]) -> dict[int, list[list[Any]]]:
    rows = book.inputs.rows
    found: dict[int, list[list[Any]]] = defaultdict(list)
    material = np.array(sorted(range(len(rows.materials)), key=lambda at: rows.materials[at]), dtype=np.intp)
    rank = np.empty_like(material)
    rank[material] = np.arange(material.size)
    order = np.lexsort((rows.measured, rank[rows.material], rows.kind, rows.month, rows.site))
    parts = (rows.site, rows.month, rows.kind, rows.material, rows.measured, rows.mass, rows.entries)
    for n, t, kind, code, measured, mass, entries in zip(*(part[order].tolist() for part in parts), strict=True):
        row = [months[t], KINDS[kind], rows.materials[code], MEASURED[measured], kg_text(mass), entries]
        found[n].append(row)
    return found


def baseline_facts(baseline: Baseline) -> Json:
    """One baseline with its mix, document and review, as the evidence prints it."""
    period, file = baseline.period, baseline.file
    return {
        "id": baseline.id,
        "region": baseline.region,
        **period.model_dump(mode="json"),
        "document": file.documents[period.document].model_dump(mode="json"),
        "review": file.reviews[period.review].model_dump(mode="json"),
    }
