"""Services, pages and API of training."""

import datetime as dt
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from compostnet.shared.problems import Problem
from sites.models import AuditRecord
from sites.permissions import CONSOLE
from training import services
from training.models import Enrolment, Evidence
from training.selectors import evidence_to_review, standing

TODAY = dt.date(2024, 6, 1)
PDF = b"%PDF-1.7\n%EOF"


@pytest.fixture
def cohort(db):
    return services.open_cohort(
        actor=CONSOLE,
        code="nj-2024",
        programme="community_compost_trainer",
        name_zh="南京一期",
        name_en="Nanjing one",
        starts_on=dt.date(2024, 3, 1),
    )


@pytest.fixture
def trainer(make_user):
    return make_user("trainer")


@pytest.fixture
def enrolment(cohort, trainer):
    return services.enrol(actor=trainer, cohort=cohort)


def hand_in(enrolment, **changes):
    values = {
        "actor": enrolment.user,
        "enrolment": enrolment,
        "requirement": "class_hours",
        "amount": "8",
        "occurred_on": dt.date(2024, 5, 1),
        "description": "第一课",
        "today": TODAY,
    }
    return services.hand_in_evidence(**values | changes)


def codes(problem):
    return [fault.message.code for fault in problem.value.errors]


def test_a_cohort_follows_the_edition_of_its_first_day(cohort):
    assert cohort.edition == "2024"
    with pytest.raises(Problem) as problem:
        services.open_cohort(
            actor=CONSOLE,
            code="early",
            programme="community_compost_trainer",
            name_zh="早",
            name_en="early",
            starts_on=dt.date(2020, 1, 1),
        )
    assert problem.value.code == "programme_not_in_force"


def test_enrolling_twice_is_once(enrolment, cohort, trainer):
    assert services.enrol(actor=trainer, cohort=cohort) == enrolment
    assert Enrolment.objects.count() == 1


def test_nobody_enrols_after_the_end_or_without_the_role(cohort, trainer, make_user):
    cohort.ends_on = dt.date(2024, 5, 31)
    cohort.save()
    with pytest.raises(Problem) as problem:
        services.enrol(actor=trainer, cohort=cohort, today=TODAY)
    assert problem.value.code == "cohort_has_ended"
    with pytest.raises(Problem) as problem:
        services.enrol(actor=make_user(), cohort=cohort)
    assert problem.value.code == "not_allowed"
    with pytest.raises(Problem) as problem:
        services.enrol(actor=trainer, cohort=cohort, user=make_user("trainer"))
    assert problem.value.code == "not_allowed"


def test_evidence_counts_only_when_somebody_else_accepted_it(enrolment, make_user):
    evidence = hand_in(enrolment)
    assert standing(enrolment).eligibility.standings[0].reached == 0
    services.review_evidence(actor=make_user("verifier"), evidence=evidence, accept=True)
    assert standing(enrolment).eligibility.standings[0].reached == 8
    assert AuditRecord.objects.filter(action="review_evidence").count() == 1


def test_nobody_reviews_their_own(cohort, make_user):
    person = make_user("administrator")
    own = services.enrol(actor=person, cohort=cohort)
    evidence = hand_in(own)
    with pytest.raises(Problem) as problem:
        services.review_evidence(actor=person, evidence=evidence, accept=True)
    assert problem.value.code == "evidence_is_own"
    assert list(evidence_to_review(person)) == []


def test_a_review_is_final_and_a_refusal_has_a_reason(enrolment, make_user):
    verifier, evidence = make_user("verifier"), hand_in(enrolment)
    with pytest.raises(Problem) as problem:
        services.review_evidence(actor=verifier, evidence=evidence, accept=False, note=" ")
    assert codes(problem) == ["evidence_note_needed"]
    services.review_evidence(actor=verifier, evidence=evidence, accept=False, note="看不清日期")
    with pytest.raises(Problem) as problem:
        services.review_evidence(actor=verifier, evidence=evidence, accept=True)
    assert problem.value.code == "evidence_already_reviewed"


def test_all_faults_come_at_once(enrolment):
    with pytest.raises(Problem) as problem:
        hand_in(
            enrolment,
            requirement="site_visit",
            amount="2",
            occurred_on=TODAY + dt.timedelta(days=1),
            description=" ",
            file=SimpleUploadedFile("virus.pdf", b"MZ\x90"),
        )
    assert codes(problem) == [
        "evidence_amount_range",
        "evidence_day_in_future",
        "evidence_description_needed",
        "evidence_site_needed",
        "evidence_file_kind",
    ]
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("amount", ["0", "-1", "8.01", "1.234", "viele", "", "NaN", "1e400"])
def test_amounts_that_do_not_fit_are_refused(enrolment, amount):
    with pytest.raises(Problem) as problem:
        hand_in(enrolment, amount=amount)
    assert codes(problem) == ["evidence_amount_range"]


def test_the_same_evidence_twice_is_stored_once(enrolment):
    key = uuid.uuid4()
    assert hand_in(enrolment, id=key) == hand_in(enrolment, id=key, amount="８.0")
    assert Evidence.objects.count() == 1
    with pytest.raises(Problem) as problem:
        hand_in(enrolment, id=key, amount="7")
    assert problem.value.code == "evidence_differs"


def test_nobody_hands_in_for_somebody_else(enrolment, make_user):
    with pytest.raises(Problem) as problem:
        hand_in(enrolment, actor=make_user("trainer"))
    assert problem.value.status == 404


def test_the_public_page_needs_nobody_signed_in(client, cohort):
    chinese = client.get("/training/").content.decode()
    assert "社区堆肥讲师" in chinese
    assert "南京一期" in chinese
    english = client.get("/training/", headers={"accept-language": "en"}).content.decode()
    assert "Community compost trainer" in english
    assert "Nanjing one" in english


def test_from_enrolling_to_accepted_on_the_pages(client, cohort, trainer, make_user, site):
    client.force_login(trainer)
    client.post("/training/courses/nj-2024/enrol/")
    enrolment = Enrolment.objects.get(user=trainer)
    form = {
        "id": str(uuid.uuid4()),
        "requirement": "site_visit",
        "amount": "1",
        "occurred_on": "2024-05-01",
        "site": site.pk,
        "description": "看了翻堆",
        "file": SimpleUploadedFile("visit.pdf", PDF),
    }
    assert client.post(f"/training/enrolments/{enrolment.pk}/evidence/", form).status_code == 302
    evidence = Evidence.objects.get()
    own = client.get(f"/training/evidence/{evidence.pk}/file")
    assert b"".join(own.streaming_content) == PDF
    assert own.headers["Content-Disposition"].startswith("attachment")

    client.force_login(make_user("trainer"))
    assert client.get(f"/training/evidence/{evidence.pk}/file").status_code == 404

    client.force_login(make_user("verifier"))
    assert "看了翻堆" in client.get("/training/").content.decode()
    client.post(f"/training/evidence/{evidence.pk}/review/", {"accept": "1"})
    evidence.refresh_from_db()
    assert evidence.state == "accepted"

    client.force_login(trainer)
    assert "还差" in client.get("/training/").content.decode()


def test_a_fault_stands_at_its_field(client, enrolment):
    client.force_login(enrolment.user)
    page = client.post(
        f"/training/enrolments/{enrolment.pk}/evidence/",
        {
            "id": str(uuid.uuid4()),
            "requirement": "class_hours",
            "amount": "九",
            "occurred_on": "2024-05-01",
            "description": "x",
        },
    )
    assert page.status_code == 200
    assert "最多 8 学时" in page.content.decode()


def test_api_from_enrolment_to_review(client, cohort, trainer, make_user):
    client.force_login(trainer)
    made = client.post("/api/v1/enrolments", {"cohort": "nj-2024"}, content_type="application/json").json()
    assert made["met"] is False
    body = {
        "id": str(uuid.uuid4()),
        "requirement": "exam",
        "amount": "59.5",
        "occurred_on": "2024-05-01",
        "description": "考试",
    }
    address = f"/api/v1/enrolments/{made['id']}/evidence"
    first = client.post(address, body, content_type="application/json")
    again = client.post(address, body, content_type="application/json")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"] == body["id"]

    client.force_login(make_user("verifier"))
    waiting = client.get("/api/v1/evidence").json()["items"]
    assert [row["id"] for row in waiting] == [body["id"]]
    client.post(f"/api/v1/evidence/{body['id']}/review", {"accept": True}, content_type="application/json")

    client.force_login(trainer)
    row = client.get("/api/v1/enrolments").json()["items"][0]
    assert row["next_step"] == "结业考试：还差 0.5 分（已有 59.5 分，要求 60 分）"


def test_programmes_by_api_are_public(client, db):
    items = client.get("/api/v1/programmes").json()["items"]
    assert items[0]["code"] == "community_compost_trainer"
    assert client.get("/api/v1/programmes/community_compost_trainer").json() == items[0]
    assert client.get("/api/v1/programmes/none").json()["type"] == "/problems/not_found"
