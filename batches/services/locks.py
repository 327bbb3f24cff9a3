"""One writer at a time where a change is computed from many rows and must not be computed twice."""

from __future__ import annotations

import hashlib

from django.db import connection

LEDGER = "ledger"
"""Held shared by whoever stores entries or records, before it takes its time stamp; alone by a publisher that sets the
cut-off. So whatever bears a time before the cut-off is in the release, and nothing else is. Always before the lock of
the site-months, so that nobody waits in a circle."""


def hold(name: str) -> None:
    """Wait for, and hold alone to the end of the transaction, the lock ``name``.

    PostgreSQL has advisory locks for it. SQLite needs none: its transactions begin IMMEDIATE, so there is one writer.
    """
    _lock("pg_advisory_xact_lock", name)


def hold_shared(name: str) -> None:
    """Hold the lock ``name`` together with others, to the end of the transaction; whoever wants it alone waits."""
    _lock("pg_advisory_xact_lock_shared", name)


def _lock(function: str, name: str) -> None:
    if connection.vendor == "postgresql":
        key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [key])
