"""Django's SpatiaLite backend, with the spatial metadata made in one transaction (0.1 s, not minutes on a disk)."""

from __future__ import annotations

from django.contrib.gis.db.backends.spatialite.base import DatabaseWrapper as SpatiaLiteWrapper


class DatabaseWrapper(SpatiaLiteWrapper):
    def prepare_database(self) -> None:
        with self.cursor() as cursor:
            cursor.execute("PRAGMA table_info(geometry_columns);")
            if cursor.fetchall() == []:
                cursor.execute("SELECT InitSpatialMetaData(1)")
