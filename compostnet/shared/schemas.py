"""Shapes of the API that every room uses: a problem (RFC 9457) and a text in both languages."""

from __future__ import annotations

from ninja import Schema
from pydantic import Field


class TextOut(Schema):
    """A text in Chinese and English."""

    zh: str
    en: str


class FaultOut(Schema):
    """One thing wrong at one place of what was sent."""

    code: str = Field(description="stable code of the fault")
    row: int | None = Field(None, description="line in the file or place in the list, 1 = first")
    column: str | None = Field(None, description="column of the sheet")
    field: str | None = Field(None, description="field of the request, as body.entries.0.value")
    value: str | None = Field(None, description="what was sent")
    detail: str = Field(description="what is wrong, in the reader's language")
    accepted: str | None = Field(None, description="what would be accepted")


class ProblemOut(Schema):
    """Problem details (RFC 9457): why a request was not done, and what to do."""

    type: str = Field(description="stable address of the kind of problem, /problems/<code>")
    title: str
    status: int
    detail: str
    errors: list[FaultOut] = []
    request_id: str = Field("", description="name it when you ask for help")
