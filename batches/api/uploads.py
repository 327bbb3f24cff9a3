"""The API of uploads: send a sheet, read what is wrong with it, store it, mend its rows."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field, StringConstraints

from batches.models import Upload, UploadRow
from batches.selectors.uploads import visible_upload, visible_uploads
from batches.services.uploads import (
    Examined,
    check_upload,
    drop_row,
    layout_of,
    mend_row,
    receive_upload,
    store_upload,
)
from batches.sheet_layouts import layouts, template
from compostnet.shared.paging import Page, PageQuery, paginate
from compostnet.shared.problems import Problem
from compostnet.shared.schemas import FaultOut, TextOut
from sites.auth import actor, signed_in
from sites.selectors import site_with_code

router = Router()
MAX_FAULTS = 1_000
Code = Annotated[str, StringConstraints(max_length=60, pattern=r"^[^\x00]*$")]


class CountsOut(Schema):
    """`rows` of the sheet, `entries` that they mean, and what became of those."""

    rows: int = 0
    entries: int = 0
    stored: int = 0
    already_stored: int = 0
    differs: int = 0
    rejected: int = 0


class RowOut(Schema):
    """A refused row as it stands now, with its faults."""

    row: int = Field(description="line in the file, 1 = first")
    state: Literal["rejected", "mended", "dropped"]
    cells: dict[str, str]
    faults: list[FaultOut]


class UploadOut(Schema):
    id: uuid.UUID
    kind: Literal["ledger", "diary"]
    layout: str
    site: str | None = Field(description="code of the site the sheet was sent for; null: it names its sites")
    sheet: str = Field(description="name of the workbook's sheet that was asked for; empty: the first with data")
    file_name: str
    sha256: str
    state: Literal["checked", "stored", "partly"]
    counts: CountsOut
    created_at: dt.datetime
    stored_at: dt.datetime | None


class CheckOut(Schema):
    """What storing would do, and every fault found (at most 1000 are listed)."""

    rows: int
    entries: int
    good: int = Field(description="entries that can be stored")
    blank: int = Field(description="cells or rows in which nothing was reported")
    faulty_rows: int
    faults: list[FaultOut]
    new_batches: list[str] = Field(description="site and code of batches that storing would open")
    ignored_columns: list[str]


class UploadDetail(UploadOut):
    check: CheckOut | None = Field(None, description="of a sheet that is not stored yet")
    rows: list[RowOut] = Field([], description="refused rows (at most 1000)")


class UploadIn(Schema):
    kind: Literal["ledger", "diary"] = "ledger"
    layout: Code = Field("template", description="`template` or the code of a described layout")
    site: Code = Field("", description="code of the site; empty: the sheet names its sites")
    sheet: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] = Field(
        "", description="name of the sheet of a workbook; empty: the first with data"
    )


class StoreIn(Schema):
    good_only: bool = Field(False, description="store the good rows and keep the others to be mended")
    create_batches: bool = Field(False, description="open the batches that are not there yet")


class StoredOut(Schema):
    """What this call stored; `faults` names what differs from what is stored and what was rejected."""

    upload: UploadOut
    counts: CountsOut
    faults: list[FaultOut]


class RowIn(Schema):
    cells: dict[
        Annotated[str, StringConstraints(max_length=200)], Annotated[str, StringConstraints(max_length=2000)]
    ] = {}
    drop: bool = Field(False, description="give the row up instead of mending it")
    create_batches: bool = False


class UploadFilter(Schema):
    site: Code | None = None
    state: Literal["checked", "stored", "partly"] | None = None


def _upload(upload: Upload) -> dict[str, object]:
    return {
        "id": upload.pk,
        "kind": upload.kind,
        "layout": layout_of(upload),
        "site": upload.site.code if upload.site else None,
        "sheet": upload.sheet,
        "file_name": upload.file_name,
        "sha256": upload.sha256,
        "state": upload.state,
        "counts": upload.counts,
        "created_at": upload.created_at,
        "stored_at": upload.stored_at,
    }


def _check(examined: Examined) -> dict[str, object]:
    language = get_language() or "zh-hans"
    faults = examined.all_faults[:MAX_FAULTS]
    return {
        "rows": len(examined.table.rows),
        "entries": examined.entries,
        "good": len(examined.rows),
        "blank": examined.blank,
        "faulty_rows": len(examined.faults),
        "faults": [fault.as_json(language) for fault in faults],
        "new_batches": [f"{site} {code}" for site, code in examined.new_batches],
        "ignored_columns": examined.ignored,
    }


def _row(row: UploadRow) -> dict[str, object]:
    side = "zh" if (get_language() or "zh").startswith("zh") else "en"
    faults = [
        {
            **fault,
            "row": row.row,
            "detail": fault["detail"][side],
            "accepted": fault["accepted"][side] if fault["accepted"] else None,
        }
        for fault in row.faults
    ]
    return {"row": row.row, "state": row.state, "cells": row.cells, "faults": faults}


@router.get(
    "/uploads", response=Page[UploadOut], auth=signed_in("read"), operation_id="list_uploads", summary="Uploads"
)
def list_uploads(request: HttpRequest, page: Query[PageQuery], only: Query[UploadFilter]) -> dict[str, object]:
    """The uploads that you may read, newest first."""
    queryset = visible_uploads(actor(request))
    if only.site is not None:
        queryset = queryset.filter(site__code=only.site)
    if only.state is not None:
        queryset = queryset.filter(state=only.state)
    rows, following = paginate(queryset, ("-created_at", "id"), page.cursor, page.limit)
    return {"items": [_upload(upload) for upload in rows], "next": following}


@router.post(
    "/uploads",
    response={201: UploadDetail},
    auth=signed_in("record"),
    operation_id="send_upload",
    summary="Send a sheet",
)
def send_upload(request: HttpRequest, file: File[UploadedFile], body: Form[UploadIn]) -> Status[dict[str, object]]:
    """Send a CSV or XLSX sheet and read what is in it. Nothing is stored yet; a file sent again is the same upload."""
    who = actor(request)
    site = site_with_code(body.site) if body.site else None
    if file.size is not None and file.size > settings.MAX_UPLOAD_BYTES:
        raise Problem(
            "sheet_too_large", found=f"{file.size / 2**20:.1f}", limit=f"{settings.MAX_UPLOAD_BYTES / 2**20:.1f}"
        )
    upload = receive_upload(
        actor=who,
        data=file.read(),
        file_name=file.name or "sheet",
        kind=body.kind,
        layout=body.layout,
        site=site,
        sheet=body.sheet,
    )
    return Status(201, _detail(request, upload))


def _detail(request: HttpRequest, upload: Upload) -> dict[str, object]:
    answer = _upload(upload)
    if upload.state == Upload.State.CHECKED:
        answer["check"] = _check(check_upload(actor=actor(request), upload=upload))
    answer["rows"] = [_row(row) for row in upload.rejected_rows.order_by("row")[:MAX_FAULTS]]
    return answer


@router.get(
    "/uploads/{uuid:id}",
    response=UploadDetail,
    auth=signed_in("read"),
    operation_id="read_upload",
    summary="One upload",
)
def read_upload(request: HttpRequest, id: uuid.UUID) -> dict[str, object]:
    """An upload: before it is stored with every fault found, afterwards with the rows that wait to be mended."""
    return _detail(request, visible_upload(actor(request), id))


@router.post(
    "/uploads/{uuid:id}/store",
    response=StoredOut,
    auth=signed_in("record"),
    operation_id="store_upload",
    summary="Store a sheet",
)
def post_store(request: HttpRequest, id: uuid.UUID, body: StoreIn) -> dict[str, object]:
    """Store the sheet. With faults nothing is stored unless `good_only`. Storing again stores nothing twice."""
    who = actor(request)
    result = store_upload(
        actor=who,
        upload=visible_upload(who, id),
        good_only=body.good_only,
        create_batches=body.create_batches,
    )
    language = get_language() or "zh-hans"
    return {
        "upload": _upload(result.upload),
        "counts": result.counts,
        "faults": [fault.as_json(language) for fault in result.faults[:MAX_FAULTS]],
    }


@router.post(
    "/uploads/{uuid:id}/rows/{int:row}",
    response=RowOut,
    auth=signed_in("record"),
    operation_id="mend_upload_row",
    summary="Mend or drop a refused row",
)
def post_row(request: HttpRequest, id: uuid.UUID, row: int, body: RowIn) -> dict[str, object]:
    """Store a refused row with other cells (those not named stay), or give it up with `drop`."""
    who = actor(request)
    upload = visible_upload(who, id)
    if body.drop:
        return _row(drop_row(actor=who, upload=upload, row=row))
    return _row(mend_row(actor=who, upload=upload, row=row, cells=body.cells, create_batches=body.create_batches))


class TemplateColumnOut(Schema):
    """One column of the template."""

    field: str
    header: TextOut
    aliases: list[str]
    required: bool
    help: TextOut


class LayoutOut(Schema):
    code: str
    name: TextOut
    kind: Literal["ledger", "diary"]
    columns: list[str] = Field(description="columns that the sheet must have")


class LayoutsOut(Schema):
    """The ways in which a sheet can be written."""

    ledger_template: list[TemplateColumnOut]
    diary_template: list[TemplateColumnOut]
    layouts: list[LayoutOut]


@router.get("/upload-layouts", response=LayoutsOut, auth=None, operation_id="list_layouts", summary="Sheet layouts")
def list_layouts(request: HttpRequest) -> dict[str, object]:
    """The template with its headers in both languages, and the described layouts of other people's sheets."""

    def columns(kind: Literal["ledger", "diary"]) -> list[dict[str, object]]:
        return [
            {"field": name, **column.model_dump(include={"header", "aliases", "required", "help"})}
            for name, column in template().columns(kind).items()
        ]

    return {
        "ledger_template": columns("ledger"),
        "diary_template": columns("diary"),
        "layouts": [
            {"code": code, "name": layout.name.model_dump(), "kind": "ledger", "columns": layout.sheet_columns()}
            for code, layout in layouts().items()
        ],
    }
