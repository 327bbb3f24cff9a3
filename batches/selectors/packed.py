"""Millions of small rows from the database as arrays: grouped there, so that few rows travel, each with whole columns.

PostgreSQL sends the numbers of a group as bytes, SQLite as a text of numbers; both leave the rows of a group in one
order for all of its columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection, models, transaction

WORK_MEMORY = "512MB"
Packed = list[tuple[Any, ...]]


def read_packed(
    model: type[models.Model], groups: Sequence[str], values: Sequence[str], where: str, parameters: Sequence[Any]
) -> Packed:
    """The rows of a table by group: the group's columns, then an array of whole numbers for each value.

    ``groups`` and ``values`` are columns and ``where`` a condition of this code's own, with ``%s`` for parameters.
    """
    is_postgresql = connection.vendor == "postgresql"
    pack = "string_agg(int8send({}::bigint), ''::bytea)" if is_postgresql else "group_concat({}, ' ')"
    columns = ", ".join([*groups, *(pack.format(value) for value in values)])
    sql = f"SELECT {columns} FROM {model._meta.db_table} WHERE {where} GROUP BY {', '.join(groups)}"  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        if is_postgresql:
            # Else the groups go through the disk, and compiling the query takes longer than it saves.
            cursor.execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'; SET LOCAL jit = off")
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    at = len(groups)
    return [(*row[:at], *(_array(packed) for packed in row[at:])) for row in rows]


def _array(packed: Any) -> np.ndarray:
    if isinstance(packed, str | int):
        return np.array(str(packed).split(" "), dtype=np.int64)
    return np.frombuffer(packed, dtype=">i8").astype(np.int64)
