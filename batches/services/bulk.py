"""Writing many rows at once, append-only: what is there stays, what is new goes in, and each row learns which it was.

PostGIS takes the rows by COPY into a temporary table and moves them over in one statement; SQLite takes them by
``executemany``. Both inside the caller's transaction: a killed process leaves nothing behind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import connection, models

CHUNK = 5_000
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(slots=True)
class Inserted:
    """How many rows went in, and of the others (by id, 32 hexadecimal digits) why not.

    ``same``: there already, with the same digest; ``other``: there already, with another one; ``refused``: another
    unique constraint of the table stands against it.
    """

    stored: int = 0
    same: set[str] = field(default_factory=set)
    other: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


def moment_text(moment: dt.datetime) -> str:
    """An instant as the database of this connection keeps it."""
    in_utc = moment.astimezone(dt.UTC)
    if connection.vendor == "postgresql":
        return in_utc.isoformat()
    return in_utc.replace(tzinfo=None).isoformat(sep=" ")


def insert_new(model: type[models.Model], columns: Mapping[str, Sequence[Any]], texts: Sequence[str]) -> Inserted:
    """Insert the rows whose ``id`` is not there yet. Must run inside a transaction; ids must not repeat.

    ``columns``: database column → values (text, number, bool or None), all of one length, among them ``id`` and
    ``digest`` as 32 hexadecimal digits; ``texts`` names the columns that may hold tabs or line ends.
    """
    if not columns["id"]:
        return Inserted()
    if connection.vendor == "postgresql":
        return _insert_postgresql(model._meta.db_table, columns, frozenset(texts))
    return _insert_sqlite(model._meta.db_table, columns)


def _copy_texts(values: Sequence[Any], escape: bool) -> Sequence[str]:
    if not escape:
        return ["\\N" if value is None else str(value) for value in values]
    memo: dict[Any, str] = {None: "\\N"}
    for value in values:
        if value not in memo:
            memo[value] = str(value).translate(_ESCAPES)
    return [memo[value] for value in values]


def copy_blocks(columns: Mapping[str, Sequence[Any]], texts: frozenset[str]) -> Iterator[bytes]:
    """The rows in PostgreSQL's COPY text format, some thousand lines a block."""
    lines = map("\t".join, zip(*(_copy_texts(v, name in texts) for name, v in columns.items()), strict=True))
    while block := list(islice(lines, CHUNK)):
        block.append("")
        yield "\n".join(block).encode()


def _insert_postgresql(table: str, columns: Mapping[str, Sequence[Any]], texts: frozenset[str]) -> Inserted:
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.incoming, pg_temp.arrived")
        cursor.execute(f'CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {names} FROM "{table}" WITH NO DATA')  # noqa: S608
        cursor.execute("CREATE TEMP TABLE arrived (id uuid) ON COMMIT DROP")
        with cursor.copy(f"COPY incoming ({names}) FROM STDIN") as copy:
            for block in copy_blocks(columns, texts):
                copy.write(block)
        # In the order of ids, so that two equal sendings wait for each other instead of deadlocking.
        cursor.execute(
            f'WITH added AS (INSERT INTO "{table}" ({names}) SELECT {names} FROM incoming ORDER BY id'  # noqa: S608
            " ON CONFLICT DO NOTHING RETURNING id) INSERT INTO arrived SELECT id FROM added"
        )
        done = Inserted(stored=cursor.rowcount)
        if done.stored < len(columns["id"]):
            cursor.execute(
                f'SELECT i.id, e.digest = i.digest FROM incoming i LEFT JOIN "{table}" e ON e.id = i.id'  # noqa: S608
                " WHERE NOT EXISTS (SELECT 1 FROM arrived a WHERE a.id = i.id)"
            )
            _sort_in(done, ((found.hex, same) for found, same in cursor.fetchall()))
    return done


def _insert_sqlite(table: str, columns: Mapping[str, Sequence[Any]]) -> Inserted:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" for _ in columns)
    with connection.cursor() as cursor:
        cursor.execute('DROP TABLE IF EXISTS temp."incoming"')
        cursor.execute(f'CREATE TEMP TABLE incoming AS SELECT {names} FROM "{table}" WHERE 0')  # noqa: S608
        rows = zip(*columns.values(), strict=True)
        # The plain sqlite3 connection: Django's cursor rewrites the parameters of every row.
        connection.connection.executemany(f"INSERT INTO temp.incoming ({names}) VALUES ({marks})", rows)  # noqa: S608
        cursor.execute(
            f'SELECT i.id, e.digest = i.digest FROM temp.incoming i JOIN "{table}" e ON e.id = i.id'  # noqa: S608
        )
        done = Inserted()
        _sort_in(done, cursor.fetchall())
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {names} FROM temp.incoming i'  # noqa: S608
            f' WHERE NOT EXISTS (SELECT 1 FROM "{table}" e WHERE e.id = i.id) ON CONFLICT DO NOTHING'
        )
        done.stored = cursor.rowcount
        if done.stored + len(done.same) + len(done.other) < len(columns["id"]):
            cursor.execute(
                f'SELECT i.id FROM temp.incoming i WHERE NOT EXISTS (SELECT 1 FROM "{table}" e WHERE e.id = i.id)'  # noqa: S608
            )
            done.refused = {row[0] for row in cursor.fetchall()}
        cursor.execute('DROP TABLE temp."incoming"')
    return done


def _sort_in(done: Inserted, found: Any) -> None:
    for entry_id, same in found:
        (done.refused if same is None else done.same if same else done.other).add(entry_id)
