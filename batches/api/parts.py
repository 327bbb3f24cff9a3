"""What the endpoints of this room share: how months and codes are written in addresses."""

from __future__ import annotations

from typing import Annotated

from ninja import Path, Schema
from pydantic import ConfigDict, Field

MONTH = r"^(19|2\d)\d{2}-(0[1-9]|1[0-2])$"
MonthText = Annotated[str, Field(pattern=MONTH, description="YYYY-MM")]
CodePath = Annotated[str, Path(max_length=60, pattern=r"^[-\w]+$", description="code of the site")]
MonthPath = Annotated[str, Path(pattern=MONTH, description="YYYY-MM")]


class Strict(Schema):
    """A body in which unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")
