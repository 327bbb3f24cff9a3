"""Uploads: checked as a whole, stored once, bad rows kept and mended; by service, page and API."""

from __future__ import annotations

import datetime as dt
import io
import threading
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connections
from django.urls import reverse
from openpyxl import Workbook

from batches.models import Batch, DiaryEntry, LedgerEntry, Upload, UploadRow
from batches.services.uploads import check_upload, drop_row, mend_row, receive_upload, store_upload
from batches.sheets import write_csv
from compostnet.shared.problems import Problem
from sites.models import Site
from sites.permissions import CONSOLE

HEADER = ["批次", "类型", "物料", "数量", "单位", "日期", "备注"]


@pytest.fixture
def batch(site):
    return Batch.objects.create(site=site, code="A-1", started_on=dt.date(2024, 3, 1))


@pytest.fixture
def operator(make_user, site):
    return make_user("operator", site=site)


def row(value="12.5", batch="A-1", kind="进料", material="厨余垃圾", unit="公斤", date="2024-05-03", note=""):
    return [batch, kind, material, value, unit, date, note]


def sheet(*rows, header=HEADER) -> bytes:
    return write_csv([header, *rows])


def receive(data, site, actor=CONSOLE, name="五月.csv", **options):
    return receive_upload(actor=actor, data=data, file_name=name, site=site, **options)


def send(data, site, *, good_only=False, actor=CONSOLE, create_batches=False, **options):
    upload = receive(data, site, actor, **options)
    return store_upload(actor=actor, upload=upload, good_only=good_only, create_batches=create_batches)


def masses() -> list[int]:
    return sorted(LedgerEntry.objects.values_list("mass_mg", flat=True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_sheet_in_any_encoding_is_stored_and_the_same_file_again_stores_nothing(batch, encoding):
    data = sheet(row(), row("1,234.5"), row(""), row("0")).decode("utf-8-sig").encode(encoding)
    result = send(data, batch.site)
    assert result.counts == {
        "rows": 4, "entries": 3, "stored": 3, "already_stored": 0, "differs": 0, "rejected": 0,
    }  # fmt: skip
    assert masses() == [0, 12_500_000, 1_234_500_000]
    again = send(data, batch.site)
    assert (again.counts["stored"], again.counts["already_stored"], again.upload) == (0, 3, result.upload)
    assert again.upload.counts["stored"] == 3
    with result.upload.file.open("rb") as kept:
        assert kept.read() == data


def test_two_equal_loads_are_two_entries_and_a_cumulative_sheet_adds_only_the_new_one(batch):
    send(sheet(row(), row()), batch.site)
    assert masses() == [12_500_000] * 2
    result = send(sheet(row(), row(), row(), row("3")), batch.site, name="更长.csv")
    assert (result.counts["stored"], result.counts["already_stored"]) == (2, 2)
    assert masses() == [3_000_000] + [12_500_000] * 3


def test_a_workbook_with_serial_dates_equals_the_csv(batch):
    book = Workbook()
    book.active.append(["batch", "kind", "material", "quantity", "unit", "date"])
    book.active.append(["A-1", "intake", "Food waste", 12.5, "kg", dt.date(2024, 5, 3)])
    book.active.append(["A-1", "intake", "leaves", 3, "kg", 45415])
    out = io.BytesIO()
    book.save(out)
    assert send(out.getvalue(), batch.site, name="may.xlsx").counts["stored"] == 2
    assert set(LedgerEntry.objects.values_list("occurred_on", flat=True)) == {dt.date(2024, 5, 3)}
    assert send(sheet(row()), batch.site).counts["already_stored"] == 1


def test_a_formula_without_result_is_refused_with_its_place(batch):
    book = Workbook()
    book.active.append(["batch", "kind", "material", "quantity", "unit", "date"])
    book.active.append(["A-1", "intake", "Food waste", "=1+2", "kg", dt.date(2024, 5, 3)])
    out = io.BytesIO()
    book.save(out)
    upload = receive(out.getvalue(), batch.site, name="may.xlsx")
    [fault] = check_upload(actor=CONSOLE, upload=upload).all_faults
    assert (fault.row, fault.column, fault.value, fault.message.code) == (2, "quantity", "=1+2", "entry_formula")


def test_every_fault_of_every_row_at_once_and_nothing_is_stored(batch):
    data = sheet(row(), row("12 kg", material="厨馀"), row(unit="磅磅", date="2031-01-01"), row("x", batch="A-9"))
    with pytest.raises(Problem) as refused:
        send(data, batch.site)
    assert refused.value.code == "upload_has_faults" and not LedgerEntry.objects.exists()
    places = {(fault.row, fault.column) for fault in refused.value.errors}
    assert places == {(3, "数量"), (3, "物料"), (4, "单位"), (4, "日期"), (5, "数量"), (5, "批次")}
    for fault in refused.value.errors:
        assert fault.as_json("zh-hans")["detail"] and fault.as_json("en")["accepted"], fault


def test_good_rows_are_stored_without_the_bad_ones_which_are_mended_one_by_one(batch):
    result = send(sheet(row(), row("1O"), row("2O")), batch.site, good_only=True)
    assert (result.counts["stored"], result.counts["rejected"]) == (1, 2)
    upload = result.upload
    assert upload.state == Upload.State.PARTLY
    kept = upload.rejected_rows.get(row=3)
    assert kept.cells["数量"] == "1O" and kept.faults[0]["column"] == "数量"
    with pytest.raises(Problem) as refused:
        mend_row(actor=CONSOLE, upload=upload, row=3, cells={"数量": "1o"})
    assert refused.value.code == "upload_row_still_faulty"
    # Mended to the same content as a row that is stored: it is a load of its own, not a repeat.
    mend_row(actor=CONSOLE, upload=upload, row=3, cells={"数量": "12.5"})
    assert masses() == [12_500_000] * 2
    assert mend_row(actor=CONSOLE, upload=upload, row=3, cells={"数量": "12.5"}).state == UploadRow.State.MENDED
    with pytest.raises(Problem) as refused:
        mend_row(actor=CONSOLE, upload=upload, row=3, cells={"数量": "99"})
    assert refused.value.code == "upload_row_done"
    mend_row(actor=CONSOLE, upload=upload, row=4, cells={"数量": "12.5"})
    assert masses() == [12_500_000] * 3
    upload.refresh_from_db()
    assert (upload.state, upload.counts["stored"], upload.counts["rejected"]) == (Upload.State.STORED, 3, 0)
    assert send(sheet(row(), row("12.5"), row("12.5")), batch.site, name="mended.csv").counts["stored"] == 0


@pytest.mark.parametrize("order", [(3, 2), (2, 3)])
def test_rows_mended_in_any_order_are_all_kept(batch, order):
    upload = send(sheet(row("1O"), row("2O"), row("12.5")), batch.site, good_only=True).upload
    for line in order:
        mend_row(actor=CONSOLE, upload=upload, row=line, cells={"数量": "12.5"})
    assert masses() == [12_500_000] * 3
    assert store_upload(actor=CONSOLE, upload=upload, good_only=True).counts["stored"] == 0
    assert masses() == [12_500_000] * 3


def test_a_field_that_the_sheet_has_no_column_for_can_be_filled_in(batch, operator, client):
    upload = send(sheet(row("2", unit="桶"), row()), batch.site, good_only=True).upload
    client.force_login(operator)
    address = reverse("upload", args=[upload.pk])
    assert 'name="field-unit_mass_kg"' in client.get(address).content.decode()
    client.post(reverse("upload_row", args=[upload.pk, 2]), {"do": "mend", "field-unit_mass_kg": "55"})
    assert masses() == [12_500_000, 110_000_000]
    assert LedgerEntry.objects.get(mass_mg=110_000_000).measured == "container"


def test_characters_that_no_database_keeps_do_no_harm(batch):
    upload = send(sheet(row("1O")), batch.site, good_only=True, name="五\x00月\ud800.csv").upload
    assert upload.file_name == "五月.csv"
    assert (
        mend_row(actor=CONSOLE, upload=upload, row=2, cells={"数量": "10\x00", "备注": "\ud800"}).cells["数量"] == "10"
    )
    assert masses() == [10_000_000]


def test_a_row_can_be_dropped_and_stays_readable(batch):
    upload = send(sheet(row(), row("1O")), batch.site, good_only=True).upload
    drop_row(actor=CONSOLE, upload=upload, row=3)
    upload.refresh_from_db()
    assert upload.state == Upload.State.STORED and upload.rejected_rows.get().state == UploadRow.State.DROPPED
    assert store_upload(actor=CONSOLE, upload=upload, good_only=True).counts["stored"] == 0


def test_rows_whose_batch_was_opened_later_are_stored_by_storing_again(batch):
    data = sheet(row(), row(batch="A-2"))
    upload = send(data, batch.site, good_only=True).upload
    Batch.objects.create(site=batch.site, code="A-2", started_on=dt.date(2024, 3, 1))
    result = store_upload(actor=CONSOLE, upload=upload)
    assert (result.counts["stored"], result.counts["already_stored"]) == (1, 1)
    assert result.upload.state == Upload.State.STORED
    assert masses() == [12_500_000] * 2


def test_new_batches_are_opened_when_asked(batch):
    data = sheet(row(batch="B-1"))
    examined = check_upload(actor=CONSOLE, upload=receive(data, batch.site), create_batches=True)
    assert examined.new_batches == [("lishui-1", "B-1")] and not Batch.objects.filter(code="B-1").exists()
    send(data, batch.site, create_batches=True)
    assert Batch.objects.get(code="B-1").started_on == dt.date(2024, 5, 3)


def test_the_example_row_of_the_template_is_skipped(batch, client):
    for form in ("csv", "xlsx"):
        for language in ("zh", "en"):
            answer = client.get(reverse(f"upload_template_{form}"), {"kind": "ledger", "lang": language})
            examined = check_upload(
                actor=CONSOLE, upload=receive(answer.content, batch.site, name=f"template-{language}.{form}")
            )
            assert (examined.entries, examined.faults) == (0, {})


def test_a_sheet_for_one_site_names_no_other(batch, nanjing):
    Site.objects.create(
        code="other", name_zh="另一", name_en="Other", region=nanjing, scenario="farm", process="windrow",
        opened_on=dt.date(2024, 1, 1),
    )  # fmt: skip
    data = sheet(["other", *row()], header=["堆肥点", *HEADER])
    [fault] = check_upload(actor=CONSOLE, upload=receive(data, batch.site)).all_faults
    assert fault.message.code == "entry_site_not_this"


def test_missing_columns_are_named(batch):
    with pytest.raises(Problem) as refused:
        receive(sheet(["A-1", "12"], header=["批次", "数量"]), batch.site)
    assert refused.value.code == "sheet_columns_missing"
    assert "日期" in refused.value.as_json("zh-hans")["detail"] and "date" in refused.value.as_json("en")["detail"]
    assert not Upload.objects.exists()


def test_an_id_in_the_sheet_is_kept_and_other_content_under_it_is_reported_with_both_values(batch):
    entry_id = "3f0c8a52-1b7e-4c1d-9d55-2f6a4b0c9e11"
    header = [*HEADER, "编号"]
    send(sheet([*row(), entry_id], header=header), batch.site)
    result = send(sheet([*row("13"), entry_id], [*row("7"), ""], header=header), batch.site, name="2.csv")
    assert (result.counts["stored"], result.counts["differs"]) == (1, 1)
    sentence = result.faults[0].message.render("zh-hans")
    assert "12.5" in sentence and "13" in sentence and result.faults[0].row == 2
    assert LedgerEntry.objects.get(pk=entry_id).mass_mg == 12_500_000


def test_a_diary_sheet(batch):
    header = ["批次", "类型", "时间", "数值", "测点", "深度(cm)"]
    rows = [["A-1", "温度", "2024-05-03 14:30", "61.5", "北", "40"], ["A-1", "翻堆", "2024-05-04", "", "", ""]]
    result = send(sheet(*rows, header=header), batch.site, kind="diary")
    assert result.counts["stored"] == 2 == DiaryEntry.objects.count()
    assert send(sheet(*rows, header=header), batch.site, kind="diary", name="b.csv").counts["already_stored"] == 2


@pytest.mark.django_db(transaction=True)
def test_five_parallel_sendings_of_one_sheet_store_it_once(transactional_db, site):
    Batch.objects.create(site=site, code="A-1", started_on=dt.date(2024, 3, 1))
    data = sheet(*(row(str(number)) for number in range(200)))
    start, counts = threading.Barrier(5), []

    def go():
        try:
            start.wait()
            for _ in range(200):
                try:
                    counts.append(send(data, site).counts)
                    return
                except Problem as problem:  # the embedded database lets one write at a time and says so
                    assert problem.code == "busy_try_again"
                except OperationalError as error:  # the tests' database in memory locks readers out, too
                    assert "locked" in str(error)
                time.sleep(0.05)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(c["stored"] for c in counts) == [0, 0, 0, 0, 200]
    assert Upload.objects.count() == 1 and LedgerEntry.objects.count() == 200


# --- pages and API ------------------------------------------------------------------------------------------------


def file(data: bytes, name="五月.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "text/csv")


def test_the_way_through_the_pages(batch, operator, client):
    client.force_login(operator)
    assert client.get(reverse("uploads")).status_code == 200
    answer = client.post(
        reverse("uploads"),
        {"file": file(sheet(row(), row("1O"))), "site": "lishui-1", "layout": "template-ledger"},
    )
    upload = Upload.objects.get()
    assert answer.status_code == 302 and answer.url == reverse("upload", args=[upload.pk])
    page = client.get(answer.url).content.decode()
    assert "1O" in page and "不是数字" in page and "数量" in page, page
    refused = client.post(answer.url, {"do": "all"})
    assert refused.status_code == 422 and not LedgerEntry.objects.exists()
    client.post(answer.url, {"do": "good"})
    assert masses() == [12_500_000]
    page = client.get(answer.url).content.decode()
    assert 'id="row-3"' in page
    client.post(reverse("upload_row", args=[upload.pk, 3]), {"do": "mend", "cell-3": "10"})
    assert masses() == [10_000_000, 12_500_000]
    assert 'id="row-3"' not in client.get(answer.url).content.decode()
    assert client.get(reverse("upload_file", args=[upload.pk])).status_code == 200


def test_a_file_that_cannot_be_read_is_refused_on_the_page(batch, operator, client):
    client.force_login(operator)
    answer = client.post(
        reverse("uploads"), {"file": file(b"%PDF-1.7"), "site": "lishui-1", "layout": "template-ledger"}
    )
    assert answer.status_code == 422 and "XLSX" in answer.content.decode()
    assert client.post(reverse("uploads"), {"layout": "template-ledger"}).status_code == 422


def test_who_sees_which_upload(batch, operator, make_user, client):
    upload = receive(sheet(row()), batch.site, actor=operator)
    address = reverse("upload", args=[upload.pk])
    assert client.get(address).status_code == 302
    client.force_login(make_user("trainer"))
    assert client.get(address).status_code == 404
    assert client.post(address, {"do": "all"}).status_code == 404
    verifier = make_user("verifier")
    client.force_login(verifier)
    page = client.get(address)
    assert page.status_code == 200 and 'name="do"' not in page.content.decode()
    assert client.get(f"/api/v1/uploads/{upload.pk}").json()["check"]["good"] == 1
    assert client.post(address, {"do": "all"}).status_code == 403
    assert not LedgerEntry.objects.exists()
    with pytest.raises(Problem, match="may not"):
        receive(sheet(row("2")), batch.site, actor=verifier)


def test_the_way_through_the_api(batch, operator, client):
    client.force_login(operator)
    answer = client.post("/api/v1/uploads", {"file": file(sheet(row(), row("1O"))), "site": "lishui-1"})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["check"]["good"], body["check"]["faulty_rows"]) == (1, 1)
    assert body["check"]["faults"][0] | {"detail": ""} == {
        "code": "entry_not_a_number", "row": 3, "column": "数量", "field": "value", "value": "1O", "detail": "",
        "accepted": body["check"]["faults"][0]["accepted"],
    }  # fmt: skip
    address = f"/api/v1/uploads/{body['id']}"
    refused = client.post(f"{address}/store", {}, content_type="application/json")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/upload_has_faults")
    stored = client.post(f"{address}/store", {"good_only": True}, content_type="application/json").json()
    assert stored["counts"]["stored"] == 1 and stored["upload"]["state"] == "partly"
    assert client.get(address).json()["rows"][0]["cells"]["数量"] == "1O"
    mended = client.post(f"{address}/rows/3", {"cells": {"数量": "10"}}, content_type="application/json")
    assert (mended.status_code, mended.json()["state"]) == (200, "mended")
    assert client.get("/api/v1/uploads").json()["items"][0]["state"] == "stored"
    assert masses() == [10_000_000, 12_500_000]
    assert client.get("/api/v1/upload-layouts").json()["layouts"][0]["code"] == "nyc_dsny"


def workbook(**sheets: list[tuple[str, ...]]) -> bytes:
    """A workbook with the named sheets of text."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for cells in rows:
            page.append(list(cells))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


MAY, JUNE = row("12.5"), row("30", date="2024-06-03")


def test_each_sheet_of_a_workbook_is_an_upload_of_its_own(batch):
    data = workbook(五月=[HEADER, MAY], 六月=[HEADER, JUNE])
    may = receive(data, batch.site, name="表.xlsx")
    june = receive(data, batch.site, name="表.xlsx", sheet="六月")
    assert (may.pk != june.pk, june.pk) == (True, receive(data, batch.site, name="表.xlsx", sheet="六月").pk)
    for upload, kg in ((june, 30), (may, 12.5)):
        fresh = Upload.objects.get(pk=upload.pk)  # the kept file is read again, of the sheet that was asked for
        assert store_upload(actor=CONSOLE, upload=fresh).mass_mg == int(kg * 1_000_000)
    assert masses() == [12_500_000, 30_000_000]


def test_a_sheet_that_is_not_there_is_refused_and_a_text_file_has_none(batch):
    with pytest.raises(Problem) as refused:
        receive(workbook(五月=[HEADER, MAY]), batch.site, name="表.xlsx", sheet="七月")
    assert refused.value.code == "sheet_unknown_sheet"
    assert receive(sheet(MAY), batch.site, sheet="七月").pk == receive(sheet(MAY), batch.site).pk


def test_the_page_says_which_sheets_there_are_and_changes_between_them(batch, operator, client):
    client.force_login(operator)
    form = {"site": "lishui-1", "layout": "template-ledger"}
    said = client.post(
        reverse("uploads"), {**form, "file": file(workbook(说明=[("写给您",), ("一",)], 五月=[HEADER, MAY]))}
    )
    assert said.status_code == 422
    assert "说明”, “五月" in said.content.decode()
    answer = client.post(
        reverse("uploads"), {**form, "file": file(workbook(五月=[HEADER, MAY], 六月=[HEADER, JUNE]))}, follow=True
    )
    assert [(row.when, row.value) for row, _kind in answer.context["first"]] == [("2024-05-03", "12.5")]
    here = answer.redirect_chain[-1][0]
    answer = client.post(here, {"do": "sheet", "sheet": "六月"}, follow=True)
    assert [(row.when, row.value) for row, _kind in answer.context["first"]] == [("2024-06-03", "30")]
    assert client.post(here, {"do": "sheet", "sheet": "七月"}).status_code == 422


def test_a_sheet_with_nothing_but_the_example_says_so_and_offers_no_button(batch, operator, client):
    client.force_login(operator)
    data = client.get(reverse("upload_template_csv"), {"kind": "ledger", "lang": "zh"}).content
    answer = client.post(
        reverse("uploads"), {"file": file(data), "site": "lishui-1", "layout": "template-ledger"}, follow=True
    )
    html = answer.content.decode()
    assert ("没有可以入账的记录" in html, 'value="all"' in html) == (True, False)


def test_a_sheet_without_a_good_row_can_be_mended_on_the_page(batch, operator, client):
    client.force_login(operator)
    answer = client.post(
        reverse("uploads"),
        {"file": file(sheet(row("1O"))), "site": "lishui-1", "layout": "template-ledger"},
        follow=True,
    )
    here = answer.redirect_chain[-1][0]
    assert 'value="good"' in answer.content.decode()
    client.post(here, {"do": "good"})
    upload = Upload.objects.get()
    assert (upload.state, upload.rejected_rows.get().cells["数量"]) == ("partly", "1O")
