"""A JSON document kept compressed: frozen verdicts are long, much alike, and never searched inside."""

from __future__ import annotations

import json
import zlib
from typing import Any

from django.db import models


class PackedJSONField(models.BinaryField):
    """Any JSON value, stored as zlib of its UTF-8 text; some ten times smaller for verdicts than the text."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None and not isinstance(value, bytes | memoryview):
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            value = zlib.compress(text.encode(), 6)
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(zlib.decompress(bytes(value)))

    def to_python(self, value: Any) -> Any:
        """Nothing to convert: what is assigned is the JSON value itself."""
        return value
