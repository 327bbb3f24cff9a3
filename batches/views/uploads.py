"""Pages of uploads: send a sheet, look at what is in it, store it, mend its rows."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from batches.entry_rules import entry_rules
from batches.models import Upload, UploadRow
from batches.selectors.uploads import first_rows, visible_upload, visible_uploads
from batches.services.uploads import (
    check_upload,
    drop_row,
    fault_record,
    layout_of,
    may_store,
    mend_row,
    other_sheet,
    receive_upload,
    store_upload,
    stored_already,
)
from batches.sheet_layouts import KINDS, TEMPLATE, layouts, template, template_rows
from batches.sheets import write_csv
from batches.sheets_xlsx import workbook_sheets, write_xlsx
from compostnet.shared.problems import Problem
from sites.auth import actor
from sites.permissions import sites_where

FAULTS_SHOWN = 200
ROWS_A_PAGE = 20
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _language() -> str:
    return get_language() or "zh-hans"


@login_required
@require_http_methods(["GET", "POST"])
def uploads(request: HttpRequest) -> HttpResponse:
    """Send a sheet; below it the sheets sent so far."""
    who = actor(request)
    sites = sites_where(who, "upload_sheets").order_by("code")
    problem: dict[str, Any] | None = None
    chosen = {
        "site": request.POST.get("site", ""),
        "layout": request.POST.get("layout", "template-ledger"),
        "sheet": request.POST.get("sheet", ""),
    }
    names: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            return redirect("upload", _receive(request, sites, chosen).pk)
        except Problem as refusal:
            problem = refusal.as_json(_language())
            names = _sheets_of(request)
    page = Paginator(visible_uploads(who), ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "sites": sites,
        "layouts": [(code, layout.name) for code, layout in layouts().items()],
        "chosen": chosen,
        "problem": problem,
        "sheets": names if len(names) > 1 else (),
        "page": page,
        "columns": {kind: template().columns(kind).values() for kind in KINDS},
    }
    return render(request, "batches/uploads/list.html", context, status=problem["status"] if problem else 200)


def _sheets_of(request: HttpRequest) -> tuple[str, ...]:
    """The sheets of the workbook that could not be read, so that the person can name another."""
    file = request.FILES.get("file")
    if file is None or file.size is None or file.size > settings.MAX_UPLOAD_BYTES:
        return ()
    file.seek(0)
    return workbook_sheets(file.read())


def _receive(request: HttpRequest, sites: Any, chosen: dict[str, str]) -> Upload:
    file = request.FILES.get("file")
    if file is None:
        raise Problem("upload_file_missing")
    site = sites.filter(code=chosen["site"]).first() if chosen["site"] else None
    layout, kind = chosen["layout"], "ledger"
    if layout.startswith(f"{TEMPLATE}-"):
        layout, kind = TEMPLATE, "diary" if layout.endswith("-diary") else "ledger"
    return receive_upload(
        actor=actor(request),
        data=file.read(),
        file_name=file.name or "sheet",
        kind=kind,  # type: ignore[arg-type]
        layout=layout,
        site=site,
        sheet=chosen["sheet"],
    )


@login_required
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One sheet: the preview with every fault before it is stored, the rows that wait to be mended afterwards."""
    who = actor(request)
    found = visible_upload(who, pk)
    new_batches = (request.POST if request.method == "POST" else request.GET).get("new_batches") == "1"
    problem: dict[str, Any] | None = None
    if request.method == "POST" and request.POST.get("do") == "sheet":
        try:
            return redirect("upload", other_sheet(actor=who, upload=found, sheet=request.POST.get("sheet", "")).pk)
        except Problem as refusal:
            if refusal.status != 422:
                raise
            problem = refusal.as_json(_language())
    elif request.method == "POST":
        try:
            result = store_upload(
                actor=who, upload=found, good_only=request.POST.get("do") == "good", create_batches=new_batches
            )
        except Problem as refusal:
            if refusal.code != "upload_has_faults":
                raise
            problem = refusal.as_json(_language())
        else:
            _say_stored(request, result.counts)
            return redirect("upload", pk)
    context: dict[str, Any] = {
        "upload": found,
        "problem": problem,
        "layout_name": _layout_name(found),
        "may_store": may_store(who, found),
    }
    if found.state == Upload.State.CHECKED:
        examined = check_upload(actor=who, upload=found, create_batches=new_batches)
        records = [{**fault_record(fault), "row": fault.row} for fault in examined.all_faults[:FAULTS_SHOWN]]
        kinds = entry_rules().ledger_kinds if found.kind == Upload.Kind.LEDGER else entry_rules().diary_kinds
        context |= {
            "examined": examined,
            "other_sheets": [name for name in examined.table.sheets if name != examined.table.sheet],
            "faults": records,
            "more_faults": max(0, len(examined.all_faults) - FAULTS_SHOWN),
            "first": [(row, kinds[row.kind].name) for row in first_rows(examined)],  # type: ignore[index]
            "there": stored_already(examined, found.kind) if len(examined.rows) <= 20_000 else None,
            "new_batches": new_batches,
            "unknown_batches": any(record["code"] == "entry_batch_unknown" for record in records),
            "opens": examined.new_batches[:20],
            "opens_count": len(examined.new_batches),
        }
    else:
        waiting = found.rejected_rows.order_by("row")
        page = Paginator(waiting.filter(state=UploadRow.State.REJECTED), ROWS_A_PAGE).get_page(request.GET.get("page"))
        for row in page:
            row.fields = _fields(row)  # type: ignore[attr-defined]
        context |= {
            "page": page,
            "done_rows": waiting.exclude(state=UploadRow.State.REJECTED)[:ROWS_A_PAGE],
        }
    return render(request, "batches/uploads/detail.html", context, status=422 if problem else 200)


def _layout_name(found: Upload) -> Any:
    return None if layout_of(found) == TEMPLATE else layouts()[found.layout].name if found.layout in layouts() else None


def _fields(row: UploadRow) -> list[dict[str, Any]]:
    """The cells of a refused row with their faults; cells without a fault that are empty are left out."""
    by_column: dict[str, list[Any]] = {}
    for fault in row.faults:
        by_column.setdefault(fault["column"] or "", []).append(fault)
    fields = [
        {"column": name, "value": text, "faults": by_column.get(name, []), "key": f"cell-{number}"}
        for number, (name, text) in enumerate(row.cells.items())
    ]
    if layout_of(row.upload) == TEMPLATE:  # a field that the sheet has no column for can be filled in here
        columns = template().columns("diary" if row.upload.kind == Upload.Kind.DIARY else "ledger")
        for fault in row.faults:
            if not fault["column"] and fault["field"] in columns:
                header = columns[fault["field"]].header.in_language(_language())
                fields.append({"column": header, "value": "", "faults": [fault], "key": f"field-{fault['field']}"})
    return fields


def _say_stored(request: HttpRequest, counts: dict[str, int]) -> None:
    stored = counts["stored"]
    messages.success(request, ngettext("%(n)d entry stored.", "%(n)d entries stored.", stored) % {"n": stored})
    if again := counts["already_stored"]:
        text = ngettext("%(n)d was stored before.", "%(n)d were stored before.", again)
        messages.info(request, text % {"n": again})
    if differs := counts["differs"]:
        text = ngettext("%(n)d differs from what is stored.", "%(n)d differ from what is stored.", differs)
        messages.warning(request, text % {"n": differs})


@login_required
@require_POST
def upload_row(request: HttpRequest, pk: uuid.UUID, row: int) -> HttpResponse:
    """Mend or drop one refused row."""
    who = actor(request)
    found = visible_upload(who, pk)
    waiting = found.rejected_rows.filter(row=row).first()
    names = list(waiting.cells) if waiting else []
    cells = {name: request.POST[key] for number, name in enumerate(names) if (key := f"cell-{number}") in request.POST}
    columns = template().columns("diary" if found.kind == Upload.Kind.DIARY else "ledger")
    for name, column in columns.items():
        if text := request.POST.get(f"field-{name}"):
            cells[column.header.in_language(_language())] = text
    try:
        if request.POST.get("do") == "drop":
            drop_row(actor=who, upload=found, row=row)
            messages.success(request, _("Line %(row)d is dropped.") % {"row": row})
        else:
            mend_row(
                actor=who, upload=found, row=row, cells=cells, create_batches=request.POST.get("new_batches") == "1"
            )
            messages.success(request, _("Line %(row)d is mended and stored.") % {"row": row})
    except Problem as problem:
        if problem.code not in ("upload_row_still_faulty", "upload_row_done"):
            raise
        messages.error(request, problem.message.render(_language()))
        return redirect(f"{reverse('upload', args=[pk])}#row-{row}")
    return redirect("upload", pk)


@login_required
@require_GET
def upload_file(request: HttpRequest, pk: uuid.UUID) -> FileResponse:
    """The sheet as it was sent."""
    found = visible_upload(actor(request), pk)
    answer = FileResponse(found.file.open("rb"), as_attachment=True, filename=found.file_name)
    answer.headers["Content-Type"] = "application/octet-stream"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@require_GET
def upload_template(request: HttpRequest, form: str) -> HttpResponse:
    """The template to fill in: ``?kind=ledger|diary&lang=zh|en``, as CSV or XLSX."""
    kind = "diary" if request.GET.get("kind") == "diary" else "ledger"
    language = request.GET.get("lang") or _language()
    language = "en" if language.startswith("en") else "zh"
    rows = template_rows(kind, language)  # type: ignore[arg-type]
    data, content_type = (
        (write_csv(rows), "text/csv; charset=utf-8") if form == "csv" else (write_xlsx(rows, kind), XLSX)
    )
    answer = HttpResponse(data, content_type=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="compostnet-{kind}-{language}.{form}"'
    return answer


urlpatterns = [
    path("uploads/", uploads, name="uploads"),
    path("uploads/template.csv", upload_template, {"form": "csv"}, name="upload_template_csv"),
    path("uploads/template.xlsx", upload_template, {"form": "xlsx"}, name="upload_template_xlsx"),
    path("uploads/<uuid:pk>/", upload, name="upload"),
    path("uploads/<uuid:pk>/file", upload_file, name="upload_file"),
    path("uploads/<uuid:pk>/rows/<int:row>/", upload_row, name="upload_row"),
]
