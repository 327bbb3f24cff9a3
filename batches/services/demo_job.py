"""The demo's main job: upload → check → verify → release, as people would do it, each step through its own service.

Every step may be run again: what is there already is found and nothing is stored twice.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from batches.demo.monthly import monthly_records
from batches.demo.sheets import Sheet, diary_sheets, faulty_sheet, fixed_id, ledger_sheets
from batches.models import LedgerEntry, MonthlyRecord, Release, Remark, SiteMonth, UploadRow
from batches.selectors.findings import HABIT, HARVEST, findings_for
from batches.services.demo import MAIL, DemoNetwork
from batches.services.logbook import correct_ledger_entry
from batches.services.records import RecordInput, correct_monthly_record, store_monthly_records
from batches.services.releases import publish_release
from batches.services.site_months import (
    explain_finding,
    query_site_month,
    remark_on_site_month,
    roll_up,
    submit_site_month,
    verify_site_month,
    verify_site_months,
)
from batches.services.uploads import drop_row, mend_row, receive_upload, store_upload
from compostnet.shared.display import format_number
from compostnet.shared.months import month_text
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text
from sites.models import Site, User

RELEASED_MONTHS = 3
FAULTY_SITE = 5
HARVEST_WORDS = "出料过筛前掺了少量园土，园土没有记台账；下月起单独记。"
QUERY_WORDS = "本月进料比上月少一半，请核对是否漏记。"
SLIP_WORDS = "本月有一笔进料约为平时的一百倍，请核对小数点。"
SLIP_REASON = "小数点点错，多记了一百倍"
LATE_REASON = "复核磅单：少记了一车"
ANSWER_WORDS = "问过清运班组，月中停收了十天，还在核对磅单，核对完再提交。"
BILL_REASON = "电费单到了，按电费单更正"

Say = Callable[[Message], None]


@dataclass(slots=True)
class Job:
    """The network, its people, and where the lines of the report go."""

    network: DemoNetwork
    say: Say
    verifier: User
    publisher: User
    managers: dict[str, User]

    @classmethod
    def of(cls, network: DemoNetwork, say: Say) -> Job:
        """The job with the people that `load_network` made."""
        people = {user.email: user for user in User.objects.filter(email__endswith=f"@{MAIL}")}
        managers = {site.organisation: people[f"{site.organisation}@{MAIL}"] for site in network.sites}
        return cls(network, say, people[f"verifier@{MAIL}"], people[f"publisher@{MAIL}"], managers)

    def site(self, number: int) -> Site:
        """The site with a number of the network."""
        return Site.objects.get(code=self.network.sites[number].code)

    def manager(self, number: int) -> User:
        """Who sends the sheets of a site."""
        return self.managers[self.network.sites[number].organisation]

    @property
    def months(self) -> list[int]:
        return list(range(self.network.first, self.network.last + 1))

    @property
    def released(self) -> list[int]:
        return self.months[-RELEASED_MONTHS:]


def is_done(network: DemoNetwork) -> bool:
    """Whether the job has been done: the last month is published, and restated."""
    return Release.objects.filter(month=network.last, revision__gte=1).exists()


def timed(say: Say, code: str, step: Callable[[], dict[str, Any]]) -> None:
    """Run one step and say its line: counts and seconds."""
    started = time.perf_counter()
    values = step()
    say(Message(code, {**values, "seconds": f"{time.perf_counter() - started:.1f}"}))


def run_job(job: Job, labs: Callable[[Job], dict[str, Any]]) -> None:
    """All steps in order, the last is what `is_done` asks for; ``labs`` is the lab's (it belongs to another room)."""
    network, say = job.network, job.say
    timed(say, "job_ledger", lambda: _send(job, ledger_sheets(network.records, job.months)))
    timed(say, "job_diary", lambda: _send(job, diary_sheets(network.records, job.months)))
    timed(say, "job_records", lambda: _send_records(job))
    timed(say, "job_faulty", lambda: _send_faulty(job))
    timed(say, "job_roll_up", _roll_up)
    timed(say, "job_submit", lambda: _submit(job))
    timed(say, "job_check", lambda: _check(job))
    timed(say, "job_verify", lambda: _verify(job))
    timed(say, "job_lab", lambda: labs(job))
    for month in job.released:
        timed(say, "job_release", lambda month=month: _publish(job, month))  # type: ignore[misc]
    timed(say, "job_late", lambda: _correct_late(job))
    # Before the last step, for that one tells that all is done.
    timed(say, "job_restated", lambda: _publish(job, network.last))
    _late_bill(job)


def _send(job: Job, sheets: Iterable[Sheet]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    mass = 0
    for sheet in sheets:
        actor = job.managers[sheet.organisation]
        upload = receive_upload(actor=actor, data=sheet.data, file_name=sheet.name, kind=sheet.kind)
        done = store_upload(actor=actor, upload=upload)
        counts.update(done.counts)
        counts["sheets"] += 1
        mass += done.mass_mg
    return {
        **{name: counts[name] for name in ("sheets", "rows", "stored", "already_stored", "rejected")},
        "tonnes": format_number(mass / 1e9, 1),
    }


def _send_records(job: Job) -> dict[str, Any]:
    """What the sites wrote down once a month, sent by their managers."""
    by_organisation: dict[str, list[RecordInput]] = {}
    for one in job.network.records:
        inputs = [RecordInput(**asdict(record)) for record in monthly_records(one)]
        by_organisation.setdefault(one.site.organisation, []).extend(inputs)
    outcomes: Counter[str] = Counter()
    for organisation, inputs in by_organisation.items():
        receipts = store_monthly_records(actor=job.managers[organisation], inputs=inputs)
        outcomes.update(receipt.outcome for receipt in receipts)
    return {"stored": outcomes["stored"], "already_stored": outcomes["already_stored"]}


def _late_bill(job: Job) -> None:
    """A bill that comes after the release: the record is corrected, and the month stands at the desk, reopened."""
    number, last = job.network.mess.late_bill_site, job.network.last
    if number < 0:
        return
    site = job.site(number)
    key = fixed_id(f"bill:{site.code}:{last}")
    records = MonthlyRecord.objects.select_related("site").filter(site=site, month=last, kind="electricity_kwh")
    wrong = records.filter(superseded_by__isnull=True).first()
    if wrong is None or wrong.pk == key:
        return
    value = f"{wrong.value * 2:.0f}"
    correct_monthly_record(actor=job.manager(number), record=wrong, value=value, reason=BILL_REASON, id=key)


def _send_faulty(job: Job) -> dict[str, Any]:
    """A sheet with faulty rows: the good ones are stored, one is mended, one dropped, the others wait for a person."""
    number = min(FAULTY_SITE, len(job.network.sites) - 1)
    actor, last = job.manager(number), job.network.last
    sheet = faulty_sheet(job.network.records[number], last)
    upload = receive_upload(actor=actor, data=sheet.data, file_name=sheet.name)
    done = store_upload(actor=actor, upload=upload, good_only=True)
    waiting = list(upload.rejected_rows.filter(state=UploadRow.State.REJECTED).order_by("row"))
    faulty = upload.rejected_rows.count()
    if len(waiting) == faulty:
        header = next(name for name, text in waiting[0].cells.items() if text == "36.5kg")
        mend_row(actor=actor, upload=upload, row=waiting[0].row, cells={header: "36.5"})
        drop_row(actor=actor, upload=upload, row=waiting[-1].row)
    left = upload.rejected_rows.filter(state=UploadRow.State.REJECTED).count()
    return {"stored": done.counts["stored"], "faulty": faulty, "waiting": left, "site": job.network.sites[number].code}


def _roll_up() -> dict[str, Any]:
    done = roll_up()
    return {"entries": done.entries, "rows": done.rows}


def _submit(job: Job) -> dict[str, Any]:
    """The managers submit the months that will be published."""
    done = 0
    sites = {site.pk: site for site in Site.objects.filter(is_invented=True).select_related("organisation")}
    for month in job.released:
        for row in SiteMonth.objects.filter(month=month, state=SiteMonth.State.OPEN, site__in=sites):
            site = sites[row.site_id]
            submit_site_month(actor=job.managers[site.organisation.code], site=site, month=month)
            done += 1
    return {"months": done}


def _check(job: Job) -> dict[str, Any]:
    """What the checks find in the months to be published, and what verifier and sites do about it."""
    mess, last = job.network.mess, job.network.last
    keys = [key for month in job.released for key in _keys(month)]
    found = findings_for(keys, verifier=job.verifier)
    codes = Counter(finding.code for findings in found.values() for finding in findings if finding.blocks)
    _ask_about(job, mess.queried_site, last - mess.queried_month, QUERY_WORDS)
    _answer(job, mess.queried_site, last - mess.queried_month)
    _slip(job, mess.hundredfold_site, last - mess.hundredfold_month)
    _explain_harvest(job, mess.harvest_site, last - mess.harvest_month)
    return {"findings": sum(codes.values()), "slips": codes[HABIT], "harvests": codes[HARVEST]}


def _ask_about(job: Job, number: int, month: int, words: str) -> None:
    site = job.site(number)
    state = SiteMonth.objects.filter(site=site, month=month).first()
    if state is not None and state.state in (SiteMonth.State.OPEN, SiteMonth.State.SUBMITTED):
        query_site_month(actor=job.verifier, site=site, month=month, reason=words)


def _answer(job: Job, number: int, month: int) -> None:
    """The site says in the thread what it is doing; the month stays queried."""
    site = job.site(number)
    if not Remark.objects.filter(site=site, month=month, kind=Remark.Kind.ANSWER).exists():
        remark_on_site_month(actor=job.manager(number), site=site, month=month, text=ANSWER_WORDS)


def _slip(job: Job, number: int, month: int) -> None:
    """A mass a hundred times too large: asked about, corrected by the site, submitted again."""
    site, actor = job.site(number), job.manager(number)
    entries = LedgerEntry.objects.select_related("site", "batch", "to_batch").filter(site=site, month=month)
    worst = entries.filter(kind="intake", supersedes__isnull=True).order_by("-mass_mg").first()
    if worst is None or entries.filter(supersedes=worst).exists():
        return
    _ask_about(job, number, month, SLIP_WORDS)
    right = f"{float(worst.entered_value.replace(',', '')) / 100:.1f}"
    correct_ledger_entry(
        actor=actor, entry=worst, value=right, reason=SLIP_REASON, id=fixed_id(f"slip:{site.code}:{month}")
    )
    submit_site_month(actor=actor, site=site, month=month, answer=SLIP_REASON)


def _explain_harvest(job: Job, number: int, month: int) -> None:
    site, actor = job.site(number), job.manager(number)
    for finding in findings_for([(site.pk, month)], verifier=job.verifier)[site.pk, month]:
        if finding.code == HARVEST and finding.blocks:
            explain_finding(
                actor=actor, site=site, month=month, finding=HARVEST, text=HARVEST_WORDS, batch=finding.batch
            )


def _keys(month: int) -> list[tuple[int, int]]:
    """The (site, month) pairs of a month that the network has entries of."""
    rows = SiteMonth.objects.filter(month=month, site__is_invented=True).order_by("site_id")
    return [(site, month) for site in rows.values_list("site_id", flat=True)]


def _verify(job: Job) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for month in job.months:
        done = verify_site_months(actor=job.verifier, keys=_keys(month))
        counts["verified"] += len(done.verified) + len(done.already)
        counts["refused"] += len(done.refused)
    return {"verified": counts["verified"], "refused": counts["refused"]}


def _publish(job: Job, month: int) -> dict[str, Any]:
    try:
        release = publish_release(actor=job.publisher, month=month)
    except Problem as problem:
        if problem.code != "release_unchanged":
            raise
        release = Release.objects.filter(month=month).order_by("-number")[0]
    return {"number": release.number, "month": month_text(month), "revision": release.revision}


def _correct_late(job: Job) -> dict[str, Any]:
    """A correction that comes after the release: the month reopens, and is verified again."""
    number, month = job.network.mess.corrected_site, job.network.last - job.network.mess.corrected_month
    site, actor = job.site(number), job.manager(number)
    key = fixed_id(f"late:{site.code}:{month}")
    entries = LedgerEntry.objects.select_related("site", "batch", "to_batch").filter(site=site, month=month)
    done = entries.filter(pk=key).select_related("supersedes").first()
    if done is None:
        wrong = entries.filter(kind="intake", superseded_by__isnull=True).order_by("occurred_on", "id")[0]
        value = f"{float(wrong.entered_value.replace(',', '')) + 250:.0f}"
        receipt = correct_ledger_entry(actor=actor, entry=wrong, value=value, reason=LATE_REASON, id=key)
        if receipt.outcome != "stored":
            raise Problem("invalid_request", errors=receipt.faults)
        done = entries.select_related("supersedes").get(pk=key)
        submit_site_month(actor=actor, site=site, month=month, answer=LATE_REASON)
        verify_site_month(actor=job.verifier, site=site, month=month)
    assert done.supersedes is not None
    return {"site": site.code, "before": kg_text(done.supersedes.mass_mg), "after": kg_text(done.mass_mg)}
