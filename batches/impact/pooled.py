"""Masses of sites pooled by place, for what is told of the network alone: the same but for roundings of a microgram.

Pure NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batches.impact.accounts import Flags, Masses, diverted_by_stream, residue_by_stream
from batches.impact.exact import added
from batches.impact.methane import Ints


def pooled(masses: Masses, group: Ints, groups: int, known: Flags) -> tuple[Masses, Ints, Flags]:
    """Masses of 2 × ``groups`` stand-ins for the sites of each place, their places, and what of them is known.

    Two for each place: the months whose diary shows aerobic operation, and the others. What is shared out within a site
    (a removal among all that went in) has been shared out before.
    """
    months, sites = masses.verified.shape
    of = np.broadcast_to(group, (months, sites))
    if masses.aerobic is not None:
        of = of + groups * masses.aerobic
    cell = (of + (2 * groups * np.arange(months))[:, None]).ravel()

    def pool(values: NDArray[Any]) -> NDArray[Any]:
        tail = values.shape[2:]
        out = np.zeros((months * 2 * groups, *tail), dtype=values.dtype)
        for index in np.ndindex(*tail):
            column = values[(slice(None), slice(None), *index)].ravel()
            if column.any() and column.dtype == np.int64:
                out[(slice(None), *index)] = added(cell, column, len(out))
            elif column.any():  # in the same order as one by one, so to the same bit
                out[(slice(None), *index)] = np.bincount(cell, weights=column, minlength=len(out))
        return out.reshape(months, 2 * groups, *tail)

    streams, diverted = diverted_by_stream(masses)
    made = Masses(
        intake=pool(masses.intake),
        removal=pool(masses.removal),
        harvest=pool(masses.harvest),
        weighed=pool(masses.weighed),
        estimated=pool(masses.estimated),
        verified=_any(pool, masses.verified),
        residue=None if masses.residue is None else pool(masses.residue),
        energy=None if masses.energy is None else pool(masses.energy),
        aerobic=np.repeat(np.repeat([[False, True]], groups, axis=1), months, axis=0),
    )
    made.__dict__["diverted_streams"] = (pool(streams), pool(diverted))
    if masses.residue is not None:
        made.__dict__["residue_streams"] = pool(residue_by_stream(masses))
    return made, np.tile(np.arange(groups, dtype=np.intp), 2), _any(pool, known)


def _any(pool: Any, flags: Flags) -> Flags:
    found: Flags = pool(flags.astype(np.int64)) > 0
    return found
