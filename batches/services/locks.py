"""One writer at a time where a change is computed from many rows and must not be computed twice."""

from __future__ import annotations

import hashlib

from django.db import connection


def hold(name: str) -> None:
    """Wait for, and hold to the end of the transaction, the lock ``name``.

    PostgreSQL has advisory locks for it. SQLite needs none: its transactions begin IMMEDIATE, so there is one writer.
    """
    if connection.vendor == "postgresql":
        key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
