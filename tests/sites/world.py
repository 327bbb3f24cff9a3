"""A small world for the matrix of roles: one site with one of each thing, another site, a person of each role."""

from __future__ import annotations

import datetime as dt
import uuid

from django.core.files.base import ContentFile
from django.utils import timezone

from batches.impact.method import default_method
from batches.impact.signing.signature import key_id, public_bytes
from batches.models import Batch, DiaryEntry, LedgerEntry, Photo, PublishJob, SiteMonth, Subscriber
from batches.services.releases import publish_release
from batches.services.signing_keys import signing_key
from batches.services.uploads import receive_upload, store_upload
from batches.sheets import write_csv
from sites import people
from sites.models import Membership, Organisation, Region, Site, User
from sites.permissions import CONSOLE
from standards.models import LabReport, Sample, TestRequest
from training import services as training
from training.models import Evidence

DAY = dt.date(2024, 5, 1)
HEADER = ["批次", "类型", "物料", "数量", "单位", "日期"]


def make_user(role: str, place: dict | None) -> User:
    """A person with a role; without one where ``place`` is None."""
    user = User.objects.create_user(email=f"{role}@example.org", password="a-long-password-1")
    if place is not None:
        Membership.objects.create(user=user, role="operator" if role == "stranger" else role, **place)
    return user


def make_test_requests(batch: Batch, laboratory: Organisation, users: dict) -> dict:
    """A request that waits, one that is granted, one whose sample travels, and one whose lab has reported with PDF."""
    made = {}
    codes = iter(("22QJ-AB32", "33QJ-AB3Y", "44QJ-AB3T"))
    for number, state in enumerate(("asked", "granted", "sampled", "reported")):
        other = Batch.objects.create(site=batch.site, code=f"T{number}", started_on=DAY)
        label = None if state == "asked" else next(codes)
        sample = None
        if state in ("sampled", "reported"):
            sample = Sample.objects.create(batch=other, code=label, taken_on=DAY)
        request = TestRequest.objects.create(
            batch=other,
            standard="CN-NYT525",
            state=state,
            lab=laboratory if label else None,
            label_code=label,
            sample=sample,
            decided_at=timezone.now() if label else None,
        )
        made[state] = request
    report = LabReport.objects.create(
        sample=made["reported"].sample,
        lab=laboratory,
        by_lab=True,
        sha256="1" * 64,
        file_name="b.csv",
        file="lab_reports/b.csv",
        created_by=users["lab"],
    )
    report.attachment.save("b.pdf", ContentFile(b"%PDF-1.7"))
    return {
        "asked": made["asked"].pk,
        "granted": made["granted"].pk,
        "label": made["sampled"].label_code,
        "lab_report": report.pk,
    }


def make_things() -> dict:
    """Ids by name, users by role under ``users``."""
    country = Region.objects.create(code="CN", level=0, country="CN", name_zh="中国", name_en="China")
    province = Region.objects.create(
        code="CN-320000", parent=country, level=1, country="CN", name_zh="江苏省", name_en="Jiangsu"
    )
    region = Region.objects.create(
        code="CN-320100", parent=province, level=2, country="CN", name_zh="南京市", name_en="Nanjing"
    )
    kind = {"region": region, "scenario": "village", "process": "windrow", "opened_on": dt.date(2024, 1, 1)}
    site = Site.objects.create(code="lishui-1", name_zh="溧水", name_en="Lishui", **kind)
    elsewhere = Site.objects.create(code="elsewhere", name_zh="别处", name_en="Elsewhere", **kind)
    laboratory = Organisation.objects.create(code="laboratory", name_zh="检测室", name_en="Laboratory", kind="lab")
    places = {
        "operator": {"site": site},
        "manager": {"site": site},
        "stranger": {"site": elsewhere},
        "lab": {"organisation": laboratory},
        "nobody": None,
    }
    network = ("trainer", "verifier", "publisher", "administrator")
    users = {role: make_user(role, places.get(role, {})) for role in (*places, *network)}
    now = timezone.now()
    batch = Batch.objects.create(site=site, code="B1", started_on=DAY)
    entry = {"digest": uuid.uuid4(), "site": site, "batch": batch, "recorded_at": now}
    ledger = LedgerEntry.objects.create(
        id=uuid.uuid4(),
        kind="intake",
        material="food_waste",
        mass_mg=5_000_000,
        measured="scale",
        entered_value="5",
        entered_unit="kg",
        occurred_on=DAY,
        month=2024 * 12 + 4,
        **entry,
    )
    diary = DiaryEntry.objects.create(
        id=uuid.uuid4(), kind="note", observed_at=dt.datetime(2024, 5, 1, tzinfo=dt.UTC), note="x", **entry
    )
    photo = Photo(id=uuid.uuid4(), site=site, sha256="0" * 64)
    photo.file.save("photo.png", ContentFile(b"\x89PNG"))
    good = receive_upload(
        actor=users["operator"],
        data=write_csv([HEADER, ["B1", "进料", "厨余垃圾", "3", "公斤", "2024-05-03"]]),
        file_name="good.csv",
        site=site,
    )
    partly = receive_upload(
        actor=users["operator"],
        data=write_csv(
            [
                HEADER,
                ["B1", "进料", "厨余垃圾", "many", "公斤", "2024-05-03"],
                ["B1", "进料", "厨余垃圾", "4", "公斤", "2024-05-03"],
            ]
        ),
        file_name="partly.csv",
        site=site,
    )
    store_upload(actor=users["operator"], upload=partly, good_only=True)
    SiteMonth.objects.update(state=SiteMonth.State.OPEN)
    SiteMonth.objects.create(site=site, month=2024 * 12 + 3, state=SiteMonth.State.VERIFIED, verified_at=now)
    publish_release(actor=CONSOLE, month=2024 * 12 + 3)
    sample = Sample.objects.create(batch=batch, code="S1", taken_on=DAY)
    report = LabReport.objects.create(
        sample=sample, lab=laboratory, sha256="0" * 64, file_name="a.csv", file="lab_reports/a.csv"
    )
    requests = make_test_requests(batch, laboratory, users)
    product = LabReport.objects.create(
        sample=Sample.objects.create(batch=batch, code="S0", taken_on=DAY),
        lab=laboratory,
        sha256="2" * 64,
        file_name="c.csv",
        file="lab_reports/c.csv",
        state=LabReport.State.CONFIRMED,
        confirmed_at=now,
        public_code="55QJ-AB39",
        published_at=now,
    )
    cohort = training.open_cohort(
        actor=CONSOLE,
        code="course",
        programme="community_compost_trainer",
        name_zh="一期",
        name_en="One",
        starts_on=DAY,
    )
    enrolment = training.enrol(actor=users["trainer"], cohort=cohort)
    evidence = Evidence.objects.create(
        enrolment=enrolment, requirement="story", amount=1, occurred_on=DAY, description="x"
    )
    evidence.file.save("proof.pdf", ContentFile(b"%PDF-1.7"))
    token, _secret = people.create_token(actor=users["operator"], name="scale", scopes=["read"])
    return {
        "users": users,
        "site": site.code,
        "batch": batch.pk,
        "ledger": ledger.pk,
        "diary": diary.pk,
        "photo": photo.pk,
        "upload": good.pk,
        "upload_partly": partly.pk,
        "sample": sample.pk,
        "report": report.pk,
        "product": product.public_code,
        "product_report": product.pk,
        **requests,
        "enrolment": enrolment.pk,
        "evidence": evidence.pk,
        "method": default_method(DAY).code,
        "token": token.pk,
        "publish_job": PublishJob.objects.create(month=2024 * 12 + 3, state="refused").pk,
        "subscriber": Subscriber.objects.create(email="subscriber@example.org", language="en").key,
        "signing_key": key_id(public_bytes(signing_key())),
        "person": users["trainer"].pk,
        "membership": users["trainer"].memberships.get().pk,
    }
