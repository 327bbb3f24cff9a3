"""Lists ask the database as often for many rows as for one."""

from __future__ import annotations

import uuid

from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.models import Batch, DiaryEntry, LedgerEntry, Upload
from sites.models import Membership, Site, User
from standards.models import LabReport, Sample, TestRequest, Verdict
from tests.sites.world import make_things

MORE = 5
LISTS = (
    "sites",
    "batches",
    "ledger-entries",
    "diary-entries",
    "uploads",
    "samples",
    "lab-reports",
    "test-requests",
    "memberships",
)


def again(row, **changes):
    """The same row once more, under another key."""
    row.pk = uuid.uuid4() if row._meta.pk.get_internal_type() == "UUIDField" else None
    row._state.adding = True
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def grow():
    """Five more of everything that lists show."""
    for number in range(MORE):
        site = again(Site.objects.get(code="lishui-1"), code=f"more-{number}")
        user = User.objects.create_user(email=f"more{number}@example.org", password="a-long-password-1")
        Membership.objects.create(user=user, role="operator", site=site)
        batch = again(Batch.objects.filter(code="B1").first(), site=site, code=f"M{number}")
        again(LedgerEntry.objects.order_by("recorded_at").first(), site=site, batch=batch)
        again(DiaryEntry.objects.first(), site=site, batch=batch)
        again(Upload.objects.first(), site=site)
        sample = again(Sample.objects.filter(code="S1").first(), batch=batch, code=f"S-{number}")
        report = again(LabReport.objects.filter(public_code=None).first(), sample=sample)
        again(TestRequest.objects.get(label_code="44QJ-AB3T"), batch=batch, label_code=f"L-{number}", sample=sample)
        Verdict.objects.create(
            report=report, standard="CN-NYT525", edition="2021", verdict="pass", provisional=False, detail={}
        )


def test_lists_ask_as_often_for_many_rows_as_for_few(db, client, settings, tmp_path):
    settings.RELEASES_DIR, settings.MEDIA_ROOT = tmp_path / "releases", tmp_path / "files"
    things = make_things()
    client.force_login(things["users"]["administrator"])

    def ask(address):
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(f"/api/v1/{address}")
        assert answer.status_code == 200, answer.content
        return len(answer.json()["items"]), [query["sql"] for query in asked]

    for address in LISTS:
        ask(address)  # what is asked for once in the life of a process
    few = {address: ask(address) for address in LISTS}
    grow()
    for address in LISTS:
        rows, asked = ask(address)
        assert rows >= few[address][0] + MORE, address
        assert len(asked) <= len(few[address][1]), "\n".join([address, *asked])
