"""Publishing in the background: asked for once, done once, told honestly when it is refused or cut off."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from batches.models import PublishJob, Release
from batches.services import publish_jobs, releases
from batches.services.publish_jobs import packed, run_publish_job, start_publish_job, unpacked
from batches.services.site_months import verify_site_months
from batches.tasks import run_publish_job as task
from compostnet.shared import releases as published
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.models import AuditRecord
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry

MAY = parse_month("2024-05")
pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    return settings.RELEASES_DIR


@pytest.fixture
def ready(site, folder):
    """A site whose April and May 2024 are verified."""
    for month in ("2024-04", "2024-05"):
        make_entry(site, month, 100)
    verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY - 1), (site.pk, MAY)])
    return site


@pytest.fixture
def publisher(make_user):
    return make_user("publisher")


def more_data(site):
    """What makes the next release say something else."""
    from batches.services.site_months import reopen_for_late_entries

    make_entry(site, "2024-05", 5)
    reopen_for_late_entries(touched={(site.pk, MAY)})
    verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY)])


def run(callbacks, job):
    """What starts when the request is committed."""
    assert len(callbacks) == 1
    job.refresh_from_db()
    return job


def test_a_job_publishes_and_ends_with_its_release(ready, publisher, folder, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        job = start_publish_job(actor=publisher, month=MAY)
        assert (job.state, Release.objects.count()) == ("waiting", 0)
    run(callbacks[:1], job)
    assert (job.state, job.progress, job.release_id, job.step) == ("done", 100, 1, "publish_step_done")
    assert job.ended_at >= job.seen_at >= job.asked_at
    assert published.latest(folder).number == 1
    assert Release.objects.get().created_by == publisher
    assert AuditRecord.objects.filter(action="start_publish_job").count() == 1


def test_pressing_twice_is_one_job_and_one_release(ready, publisher, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        one, other = (start_publish_job(actor=publisher, month=MAY) for _ in range(2))
    assert one == other
    assert len(callbacks) == 1
    callbacks[0]()
    assert Release.objects.count() == 1


def test_a_job_delivered_twice_publishes_once(ready, publisher):
    job = start_publish_job(actor=publisher, month=MAY)
    for _ in range(3):
        task.apply(args=[str(job.pk)])
    run_publish_job(str(job.pk), redelivered=True)
    assert Release.objects.count() == 1
    job.refresh_from_db()
    assert job.state == "done"


def test_a_job_of_a_dead_worker_is_taken_over_when_it_is_delivered_again_and_not_before(ready, publisher, folder):
    job = start_publish_job(actor=publisher, month=MAY)
    PublishJob.objects.update(state="running", seen_at=timezone.now())
    run_publish_job(str(job.pk))
    assert not Release.objects.exists()
    run_publish_job(str(job.pk), redelivered=True)
    job.refresh_from_db()
    assert (job.state, job.release_id) == ("done", 1)


def test_a_worker_that_died_between_commit_and_index_is_made_good_by_the_next_delivery(
    ready, publisher, folder, monkeypatch
):
    job = start_publish_job(actor=publisher, month=MAY)
    with monkeypatch.context() as patch:
        patch.setattr(releases, "write_index", lambda folder: None)
        run_publish_job(str(job.pk))
    assert published.latest(folder) is None
    run_publish_job(str(job.pk), redelivered=True)
    assert published.latest(folder).number == 1
    assert Release.objects.count() == 1


def test_a_second_worker_that_comes_late_finds_the_job_done_and_publishes_nothing(ready, publisher, monkeypatch):
    """The broker gave the job to two; while the second makes its files, the first ends, and new data come in."""
    job = start_publish_job(actor=publisher, month=MAY)
    real = releases.make_files

    def slow(frozen, about, before, progress):
        files = real(frozen, about, before, progress)
        if not Release.objects.exists():
            monkeypatch.setattr(releases, "make_files", real)
            run_publish_job(str(job.pk), redelivered=True)
            more_data(ready)
        return files

    monkeypatch.setattr(releases, "make_files", slow)
    run_publish_job(str(job.pk))
    assert Release.objects.count() == 1
    job.refresh_from_db()
    assert (job.state, job.release_id) == ("done", 1)


def test_what_is_refused_is_told_in_the_language_of_the_reader(ready, publisher, client):
    job = start_publish_job(actor=publisher, month=MAY)
    releases.publish_release(actor=CONSOLE, month=MAY)
    run_publish_job(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.release) == ("refused", None)
    client.force_login(publisher)
    page = reverse("publish_job", args=[job.pk])
    assert "nothing has changed since" in client.get(page, {"lang": "en"}).content.decode()
    assert "没有任何变化" in client.get(page, {"lang": "zh-hans"}).content.decode()


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"month": parse_month("2090-01")}, "release_month_not_over"),
        ({"month": parse_month("2024-06")}, "release_nothing_verified"),
        ({"month": MAY, "reason": "x" * 1001}, "release_reason_too_long"),
    ],
)
def test_what_cannot_be_published_is_refused_before_any_job(ready, publisher, wish, code):
    with pytest.raises(Problem) as error:
        start_publish_job(actor=publisher, **wish)
    assert error.value.code == code
    assert not PublishJob.objects.exists()


def test_a_revision_needs_a_reason_but_making_final_does_not(ready, publisher):
    releases.publish_release(actor=CONSOLE, month=MAY)
    with pytest.raises(Problem) as error:
        start_publish_job(actor=publisher, month=MAY)
    assert error.value.code == "release_revision_reason_needed"
    assert start_publish_job(actor=publisher, month=MAY, final=True).state == "waiting"


def test_only_publishers_start_jobs(ready, make_user):
    for role in ("operator", "manager", "verifier"):
        with pytest.raises(Problem) as error:
            start_publish_job(actor=make_user(role, site=ready if role != "verifier" else None), month=MAY)
        assert error.value.code == "not_allowed"


def test_a_job_without_sign_of_life_is_cut_off_and_can_be_started_again(ready, publisher, client):
    old = start_publish_job(actor=publisher, month=MAY)
    long_ago = timezone.now() - publish_jobs.STALE - dt.timedelta(seconds=1)
    PublishJob.objects.update(state="running", seen_at=long_ago)
    client.force_login(publisher)
    page = client.get(reverse("publish_job", args=[old.pk]), {"lang": "en"}).content.decode()
    assert "no sign of life" in page
    assert "http-equiv" not in page
    new = start_publish_job(actor=publisher, month=MAY)
    old.refresh_from_db()
    assert (old.state, new.state) == ("cut_off", "waiting")
    assert new != old
    run_publish_job(str(old.pk), redelivered=True)
    assert not Release.objects.exists()
    run_publish_job(str(new.pk))
    assert Release.objects.count() == 1


def test_something_broken_ends_the_job_with_words_and_no_release(ready, publisher, folder, monkeypatch, client):
    def break_down(*args, **kwargs):
        raise RuntimeError("no such disk")

    monkeypatch.setattr(releases, "make_files", break_down)
    job = start_publish_job(actor=publisher, month=MAY)
    run_publish_job(str(job.pk))
    job.refresh_from_db()
    assert job.state == "cut_off"
    assert not Release.objects.exists()
    client.force_login(publisher)
    page = client.get(reverse("publish_job", args=[job.pk]), {"lang": "en"}).content.decode()
    assert "Something broke on our side" in page
    assert "no such disk" not in page


def test_progress_goes_up_and_every_step_has_words(ready, publisher):
    told = []
    releases.publish_release(actor=CONSOLE, month=MAY, progress=lambda step, percent: told.append((step, percent)))
    assert [percent for _, percent in told] == sorted(percent for _, percent in told)
    assert told[0][1] == 0
    assert told[-1] == ("publish_step_done", 100)
    assert len({step for step, _ in told}) > 3
    for step, _ in told:
        assert Message(step).render("zh") != Message(step).render("en")


def test_the_button_starts_a_job_and_leads_to_its_page(ready, publisher, client, django_capture_on_commit_callbacks):
    client.force_login(publisher)
    desk = client.get(reverse("desk"), {"lang": "en"}).content.decode()
    assert reverse("desk_publish") in desk
    answer = client.post(reverse("desk_publish"), {"month": "2024-05", "back": "/desk/"})
    job = PublishJob.objects.get()
    assert answer.headers["Location"] == reverse("publish_job", args=[job.pk])
    waiting = client.get(answer.headers["Location"], {"lang": "en"}).content.decode()
    assert '<meta http-equiv="refresh"' in waiting
    assert "<progress" in waiting
    run_publish_job(str(job.pk))
    done = client.get(answer.headers["Location"], {"lang": "en"}).content.decode()
    assert "Published as release 1" in done
    assert "http-equiv" not in done
    assert reverse("release", args=[1]) in done
    refused = client.post(
        reverse("desk_publish"), {"month": "2024-05", "back": "/desk/"}, follow=True, headers={"Accept-Language": "en"}
    )
    assert "Say why it is revised" in refused.content.decode()


def test_the_page_of_a_job_is_for_the_team(ready, publisher, client, make_user):
    job = start_publish_job(actor=publisher, month=MAY)
    page = reverse("publish_job", args=[job.pk])
    assert client.get(page).status_code == 302
    client.force_login(make_user("operator", site=ready))
    assert client.get(page).status_code == 403


def test_the_api_starts_and_reads_jobs(ready, publisher, client):
    client.force_login(publisher)
    answer = client.post("/api/v1/publish-jobs", {"month": "2024-05"}, content_type="application/json")
    assert answer.status_code == 202
    job = answer.json()
    assert (job["state"], job["release"], job["month"]) == ("waiting", None, "2024-05")
    run_publish_job(job["id"])
    done = client.get(f"/api/v1/publish-jobs/{job['id']}").json()
    assert (done["state"], done["release"], done["progress"]) == ("done", 1, 100)
    verified = client.get("/api/v1/releases/1/verification").json()
    assert verified["ok"] is True
    assert {check["check"] for check in verified["checks"]} >= {
        "signature",
        "canonical",
        "chain",
        "key",
        "file:figures.json",
    }
    release = client.get("/api/v1/releases/1").json()
    assert (release["status"], release["previous"], release["reason"]) == ("provisional", None, None)


def test_problems_are_kept_whole():
    inner = Message("thing_release")
    message = Message("not_found", {"what": inner})
    assert unpacked(packed(message)) == message
    message = Message("month_not_published", {"month": "2024-01", "published": ["2024-04", "2024-05"]})
    assert unpacked(packed(message)).render("en") == message.render("en")
