"""Sheets: taken in and kept as sent, checked as often as one likes, stored in one transaction, mended row by row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from batches.entries import Checked, Known, check_ledger, derived_ids, ledger_content
from batches.entries_diary import check_diary, diary_content
from batches.models import DiaryEntry, LedgerEntry, Upload, UploadRow
from batches.services.entries import Stored, known_names, store_diary_rows, store_ledger_rows, today, with_lines
from batches.sheet_layouts import TEMPLATE, Block, Kind, get_layout, known_headers, read_sheet, template_headers
from batches.sheets import Table, header_key, read_table
from compostnet.shared.problems import Fault, Problem
from sites import audit
from sites.models import Site
from sites.permissions import Actor, may, require, sites_where, user_or_none

CHUNK = 500
MAX_FAULTS_IN_PROBLEM = 1_000


@dataclass(slots=True)
class Examined:
    """What is in a sheet: rows that can be stored (with ids and lines) and the faults of the others, by line."""

    table: Table
    known: Known
    rows: list[Any] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: dict[int, list[Fault]] = field(default_factory=dict)
    cells: dict[int, dict[str, str]] = field(default_factory=dict)
    entries: int = 0
    blank: int = 0
    ignored: list[str] = field(default_factory=list)

    @property
    def all_faults(self) -> list[Fault]:
        """Every fault, in the order of the lines."""
        return [fault for line in sorted(self.faults) for fault in self.faults[line]]

    @property
    def new_batches(self) -> list[tuple[str, str]]:
        """Site and code of the batches that storing would open."""
        named = {(r.site, r.site_code, code) for r in self.rows for code in (r.batch, getattr(r, "to_batch", ""))}
        return sorted((code, batch) for pk, code, batch in named if batch and (pk, batch) not in self.known.batches)


@dataclass(slots=True)
class Result:
    """What storing a sheet did."""

    upload: Upload
    counts: dict[str, int]
    faults: list[Fault]
    mass_mg: int = 0


def receive_upload(
    *,
    actor: Actor,
    data: bytes,
    file_name: str,
    kind: Kind = "ledger",
    layout: str = TEMPLATE,
    site: Site | None = None,
    sheet: str = "",
) -> Upload:
    """Keep a sheet as it was sent. The same bytes in the same layout for the same site are one upload.

    ``sheet`` names the sheet of a workbook (default: the first with data); each sheet is an upload of its own.

    Raises the problems of `batches.sheets.read_table` and `batches.sheet_layouts.read_sheet`: what cannot be read at
    all is not kept.
    """
    _require(actor, site)
    sheet = _storable(sheet).strip()[:200]
    read = _read(data, file_name, kind, layout, site, sheet)
    if sheet and not read[0].sheets:
        sheet = ""  # a text file has no sheets to choose from
    digest = hashlib.sha256(data).hexdigest()
    same = Upload.objects.filter(sha256=digest, layout=_layout_key(kind, layout), site=site, sheet=sheet)
    if found := same.first():
        found.read = read  # type: ignore[attr-defined]
        return found
    name = _storable(PurePath(file_name.replace("\\", "/")).name)[-200:] or "sheet"
    upload = Upload(
        kind=kind,
        layout=_layout_key(kind, layout),
        sheet=sheet,
        site=site,
        sha256=digest,
        file_name=name,
        created_by=user_or_none(actor),
    )
    try:
        with _whole():
            upload.file.save(f"{upload.pk}{PurePath(name).suffix[:10]}", ContentFile(data), save=False)
            upload.save(force_insert=True)
            audit.record(actor, "receive_upload", upload, site=site, file_name=name, bytes=len(data))
    except IntegrityError:  # the same file came in at the same moment
        upload.file.delete(save=False)
        return same.get()
    upload.read = read  # type: ignore[attr-defined] (so that storing it at once does not read it again)
    return upload


def _layout_key(kind: str, layout: str) -> str:
    """The layout as an upload keeps it; the template of the diary is another layout than that of the ledger."""
    return f"{TEMPLATE}-diary" if layout == TEMPLATE and kind == "diary" else layout


def layout_of(upload: Upload) -> str:
    """The code of the upload's layout, ``template`` for both templates."""
    return TEMPLATE if upload.layout.startswith(TEMPLATE) else upload.layout


def _require(actor: Actor, site: Site | None) -> None:
    if site is not None or not sites_where(actor, "upload_sheets").exists():
        require(actor, "upload_sheets", site=site)


def _read(data: bytes, file_name: str, kind: Kind, layout: str, site: Site | None, sheet: str) -> tuple[Table, Any]:
    if layout != TEMPLATE:
        get_layout(layout)
    headers = known_headers(layout, kind)
    table = read_table(data, file_name, sheet=sheet or None, known_headers=headers, max_bytes=settings.MAX_UPLOAD_BYTES)
    return table, read_sheet(table, layout, kind, site=site.code if site else "")


def _read_kept(upload: Upload, kind: Kind, layout: str) -> tuple[Table, Any]:
    with upload.file.open("rb") as stream:
        data = stream.read()
    return _read(data, upload.file_name, kind, layout, upload.site, upload.sheet)


def other_sheet(*, actor: Actor, upload: Upload, sheet: str) -> Upload:
    """The upload that reads another sheet of the same workbook; the file is the one that was sent."""
    with upload.file.open("rb") as stream:
        data = stream.read()
    kind: Kind = "diary" if upload.kind == Upload.Kind.DIARY else "ledger"
    layout = layout_of(upload)
    return receive_upload(
        actor=actor, data=data, file_name=upload.file_name, kind=kind, layout=layout, site=upload.site, sheet=sheet
    )


def check_upload(*, actor: Actor, upload: Upload, create_batches: bool = False) -> Examined:
    """The preview: what would be stored, and every fault of every row at once. Changes nothing.

    Who may only read the site's records (a verifier) may look at it, too.
    """
    permission = "upload_sheets" if may_store(actor, upload) else "view_site_private"
    if permission == "view_site_private":
        require(actor, permission, site=upload.site)
    return _examine(actor, upload, create_batches, permission=permission)


def may_store(actor: Actor, upload: Upload) -> bool:
    """Whether the actor may store this sheet (or, where it names its sites, any of it)."""
    if upload.site is not None:
        return may(actor, "upload_sheets", site=upload.site)
    return sites_where(actor, "upload_sheets").exists()


def _examine(
    actor: Actor,
    upload: Upload,
    create_batches: bool,
    current: UploadRow | None = None,
    permission: str = "upload_sheets",
) -> Examined:
    """Read and check the kept file again, in the order that keeps derived ids the same whatever was mended when.

    Rows of the file that were never refused come first, then those that people mended, then the others (or, with
    ``current``, only that one).
    """
    kind: Kind = "diary" if upload.kind == Upload.Kind.DIARY else "ledger"
    layout = layout_of(upload)
    create_batches = create_batches or layout != TEMPLATE
    table, reading = getattr(upload, "read", None) or _read_kept(upload, kind, layout)
    refused = {row.row: row for row in upload.rejected_rows.order_by("row")}
    parts: list[Block] = []
    mended = [row for row in refused.values() if row.state == UploadRow.State.MENDED and row is not current]
    if current is not None:
        mended = [row for row in mended if row.pk != current.pk] + [current]
    for row in mended:
        # A mended row may have columns that the sheet lacks (the kilograms of a container, say).
        header = (*table.header, *(name for name in row.cells if name not in table.header))
        one = Table(header, table.header_line, [[row.cells.get(name, "") for name in header]], [row.row])
        parts += read_sheet(one, layout, kind, site=upload.site.code if upload.site else "").blocks
    again = {line for line, row in refused.items() if row.state == UploadRow.State.REJECTED}
    model = LedgerEntry if kind == "ledger" else DiaryEntry
    known = known_names(
        actor, model, [b.columns for b in (*reading.blocks, *parts)], permission, new_batches=create_batches
    )
    if upload.site is not None:
        known = replace(known, only_site=upload.site.code)
    examined = Examined(table, known, ignored=reading.ignored, blank=reading.blank)
    seen: Counter[str] = Counter()
    check = partial(check_ledger if kind == "ledger" else check_diary, known=known, today=today())
    found = [(block, check(block.columns, place=block.place)) for block in reading.blocks]
    for block, checked in found:
        _take(examined, block, checked, upload.layout, kind, seen, leave=set(refused))
    for block in parts:
        checked = check(block.columns, place=block.place)
        _take(examined, block, checked, upload.layout, kind, seen, leave=set())
    if current is None and again:
        for block, checked in found:
            _take(examined, block, checked, upload.layout, kind, seen, only=again)
    examined.blank += sum(len(checked.blank) for _, checked in found)
    by_line = dict(zip(table.lines, table.rows, strict=True)) if examined.faults else {}
    for line in examined.faults:
        examined.cells[line] = dict(zip(table.header, by_line.get(line, ()), strict=False))
    return examined


def _take(
    examined: Examined,
    block: Block,
    checked: Checked[Any],
    layout: str,
    kind: Kind,
    seen: Counter[str],
    leave: set[int] | None = None,
    only: set[int] | None = None,
) -> None:
    """Add what was checked of a block, with ids for the rows that brought none."""
    lines = block.place.lines

    def wanted(position: int) -> bool:
        line = lines[position]
        return line in only if only is not None else line not in (leave or ())

    rows, positions = checked.rows, checked.positions
    if only is not None or leave:
        kept = [(row, position) for row, position in zip(rows, positions, strict=True) if wanted(position)]
        rows, positions = [row for row, _ in kept], [position for _, position in kept]
    content = ledger_content if kind == "ledger" else diary_content
    nameless = [index for index, row in enumerate(rows) if not row.id]
    if nameless:
        keys = (
            [block.keys[positions[index]] for index in nameless]
            if block.keys is not None
            else [content(rows[index]) for index in nameless]
        )
        # A row under a key is that row, however often it stands in the file; without one, equal rows are told apart.
        ids = derived_ids(layout, keys, seen if block.keys is None else None)
        rows = list(rows)
        for index, entry_id in zip(nameless, ids, strict=True):
            rows[index] = rows[index]._replace(id=entry_id)
    examined.rows += rows
    examined.lines += [lines[position] for position in positions]
    examined.entries += len(rows)
    for position, faults in checked.faults.items():
        if wanted(position):
            examined.faults.setdefault(lines[position], []).extend(faults)
            examined.entries += 1


@contextmanager
def _whole() -> Iterator[None]:
    """One transaction; where a lock did not come, the problem ``busy_try_again``, with nothing changed."""
    try:
        with transaction.atomic():
            yield
    except OperationalError as error:
        if connection.in_atomic_block:
            raise
        raise Problem("busy_try_again") from error


def store_upload(*, actor: Actor, upload: Upload, good_only: bool = False, create_batches: bool = False) -> Result:
    """Store a sheet in one transaction: everything, or nothing where the process ends before.

    Where rows have faults nothing is stored (problem ``upload_has_faults`` with all of them) unless ``good_only``; then
    the good rows are stored and the others kept as `UploadRow` to be mended. Storing again stores nothing twice.
    """
    _require(actor, upload.site)
    with _whole():
        read = upload.__dict__.pop("read", None)
        upload = Upload.objects.select_for_update(of=("self",)).select_related("site").get(pk=upload.pk)
        upload.read = read  # type: ignore[attr-defined]
        examined = _examine(actor, upload, create_batches)
        if examined.faults and not good_only:
            faults = examined.all_faults
            raise Problem(
                "upload_has_faults",
                errors=faults[:MAX_FAULTS_IN_PROBLEM],
                rows=len(examined.faults),
                faults=len(faults),
            )
        store = store_ledger_rows if upload.kind == Upload.Kind.LEDGER else store_diary_rows
        done = store(actor=actor, rows=examined.rows, known=examined.known, upload=upload, lines=examined.lines)
        refused = _refused_lines(examined, done)
        _keep_rows(upload, examined, refused)
        first = upload.stored_at is None
        counts = {
            "rows": len(examined.table.rows),
            "entries": examined.entries,
            "stored": done.stored,
            "already_stored": done.count("already_stored"),
            "differs": done.count("differs"),
            "rejected": len(examined.faults),
        }
        upload.counts = counts if first else {**counts, "stored": upload.counts.get("stored", 0) + done.stored}
        upload.stored_at = timezone.now()
        _set_state(upload)
        upload.save()
        if done.stored or first:
            audit.record(actor, "store_upload", upload, site=upload.site, **counts)
    faults = [fault for line in sorted(refused) for fault in refused[line]]
    mass = sum(getattr(row, "mass_mg", 0) for row in examined.rows)
    return Result(upload, counts, faults, mass)


def _refused_lines(examined: Examined, done: Stored) -> dict[int, list[Fault]]:
    refused = {line: list(faults) for line, faults in examined.faults.items()}
    for position, faults in done.faults.items():
        line = examined.lines[position]
        refused.setdefault(line, []).extend(with_lines(fault, line) for fault in faults)
    return refused


def fault_record(fault: Fault) -> dict[str, Any]:
    """A fault as it is kept with its row: the sentences in both languages."""
    zh, en = fault.as_json("zh-hans"), fault.as_json("en")
    record = {name: en[name] for name in ("code", "column", "field", "value")}
    return record | {
        "detail": {"zh": zh["detail"], "en": en["detail"]},
        "accepted": {"zh": zh["accepted"], "en": en["accepted"]} if en["accepted"] else None,
    }


def _keep_rows(upload: Upload, examined: Examined, refused: Mapping[int, Sequence[Fault]]) -> None:
    """Keep the refused rows; rows refused before that are good now (their batch was opened, say) are done."""
    before = {row.row: row for row in upload.rejected_rows.filter(state=UploadRow.State.REJECTED)}
    cured = [row.pk for line, row in before.items() if line not in refused]
    for start in range(0, len(cured), CHUNK):
        UploadRow.objects.filter(pk__in=cured[start : start + CHUNK]).update(state=UploadRow.State.MENDED, faults=[])
    cells: dict[int, dict[str, str]] = examined.cells
    missing = set(refused) - set(cells)
    if missing:
        table = examined.table
        for line, row in zip(table.lines, table.rows, strict=True):
            if line in missing:
                cells[line] = dict(zip(table.header, row, strict=True))
    handled = set(upload.rejected_rows.values_list("row", flat=True))
    UploadRow.objects.bulk_create(
        [
            UploadRow(upload=upload, row=line, cells=cells[line], faults=[fault_record(fault) for fault in faults])
            for line, faults in sorted(refused.items())
            if line not in handled
        ],
        batch_size=CHUNK,
    )


def _set_state(upload: Upload) -> None:
    waiting = upload.rejected_rows.filter(state=UploadRow.State.REJECTED).exists()
    upload.state = Upload.State.PARTLY if waiting else Upload.State.STORED


def mend_row(
    *, actor: Actor, upload: Upload, row: int, cells: Mapping[str, str], create_batches: bool = False
) -> UploadRow:
    """Store a refused row with mended cells (columns not named stay as they were).

    Raises ``upload_row_unknown``, ``upload_row_done``, or ``upload_row_still_faulty`` with the faults that remain;
    the mended text is kept even then.
    """
    _require(actor, upload.site)
    with _whole():
        found = _waiting_row(upload, row, cells)
        if found is None:
            return upload.rejected_rows.get(row=row)
        found.cells = _mended(upload, found.cells, cells)
        examined = _examine(actor, upload, create_batches, current=found)
        faults = examined.faults.get(row, [])
        if not faults:
            chosen = [position for position, line in enumerate(examined.lines) if line == row]
            store = store_ledger_rows if upload.kind == Upload.Kind.LEDGER else store_diary_rows
            done = store(
                actor=actor,
                rows=[examined.rows[position] for position in chosen],
                known=examined.known,
                upload=upload,
                lines=[row] * len(chosen),
            )
            faults = [with_lines(fault, row) for position in done.faults for fault in done.faults[position]]
            if not faults:
                found.state = UploadRow.State.MENDED
                upload.counts["stored"] = upload.counts.get("stored", 0) + done.stored
        found.faults = [fault_record(fault) for fault in faults]
        found.save()
        _after_row(actor, upload, found, "mend_upload_row")
    if faults:
        raise Problem("upload_row_still_faulty", errors=faults, row=row)
    return found


def _storable(text: str) -> str:
    """A text without what no database keeps: NUL and halves of surrogate pairs."""
    return str(text).replace("\x00", "").encode("utf-8", "ignore").decode()


def _mended(upload: Upload, before: Mapping[str, str], cells: Mapping[str, str]) -> dict[str, str]:
    """The cells with those of ``cells``; beside the sheet's own columns also those of the template are taken."""
    cells = {name: _storable(text) for name, text in cells.items()}
    after = {name: cells.get(name, text) for name, text in before.items()}
    if layout_of(upload) == TEMPLATE:
        headers = template_headers("diary" if upload.kind == Upload.Kind.DIARY else "ledger")
        there = {headers.get(header_key(name)) for name in before}
        for name, text in cells.items():
            field_name = headers.get(header_key(name))
            if text and name not in before and field_name is not None and field_name not in there:
                after[_storable(name)] = text
    return after


def drop_row(*, actor: Actor, upload: Upload, row: int) -> UploadRow:
    """Give a refused row up: it stays readable and is not asked for any more."""
    _require(actor, upload.site)
    with _whole():
        found = _waiting_row(upload, row, None)
        if found is None:
            return upload.rejected_rows.get(row=row)
        found.state = UploadRow.State.DROPPED
        found.save(update_fields=["state"])
        _after_row(actor, upload, found, "drop_upload_row")
    return found


def _waiting_row(upload: Upload, row: int, cells: Mapping[str, str] | None) -> UploadRow | None:
    """The refused row, locked; None where the same was asked before; problems where it cannot be."""
    Upload.objects.select_for_update().get(pk=upload.pk)
    found = upload.rejected_rows.filter(row=row).first()
    if found is None:
        raise Problem("upload_row_unknown", row=row)
    if found.state == UploadRow.State.REJECTED:
        return found
    wanted = UploadRow.State.DROPPED if cells is None else UploadRow.State.MENDED
    if found.state == wanted and all(found.cells.get(name) == _storable(text) for name, text in (cells or {}).items()):
        return None
    raise Problem("upload_row_done", row=row)


def _after_row(actor: Actor, upload: Upload, row: UploadRow, action: str) -> None:
    upload.counts["rejected"] = upload.rejected_rows.filter(state=UploadRow.State.REJECTED).count()
    _set_state(upload)
    upload.save(update_fields=["counts", "state"])
    audit.record(actor, action, upload, site=upload.site, row=row.row, state=row.state)


def stored_already(examined: Examined, kind: str) -> int:
    """How many of the rows are in the database (by their ids), for the preview."""
    model = LedgerEntry if kind == Upload.Kind.LEDGER else DiaryEntry
    ids: Iterable[str] = (row.id for row in examined.rows)
    chosen = list(ids)
    return sum(
        model.objects.filter(pk__in=chosen[start : start + CHUNK]).count() for start in range(0, len(chosen), CHUNK)
    )
