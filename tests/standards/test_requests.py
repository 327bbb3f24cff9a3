"""Testing on request: from the site's wish over label, sample and arrival to the report; who may what, and races."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import threading
import time
import uuid
from decimal import Decimal

import pytest
from django.db import OperationalError, connections
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from batches.models import Batch, SiteMonth
from compostnet.shared.months import month_of, parse_month
from compostnet.shared.problems import Problem
from compostnet.shared.rules import RuleFileError, load_rule
from sites.models import AuditRecord, Organisation
from sites.permissions import CONSOLE
from sites.selectors import today_at
from standards.codes import ALPHABET, check_character, new_code, read_code, written
from standards.library import library
from standards.models import LabReport, Sample, TestRequest
from standards.selectors.requests import sample_with_label, site_activity, timeline, visible_test_requests
from standards.services import (
    ask_for_test,
    cancel_test_request,
    confirm_lab_report,
    decide_test_request,
    hand_in_lab_report,
    hand_in_lab_sheet,
    mark_arrived,
    take_requested_sample,
    withdraw_lab_report,
)
from standards.testing import PATH, TestingFile, activity, protocol, rules_of_testing

BODIES = st.text(ALPHABET, min_size=7, max_size=7)
DAY = dt.date(2024, 6, 1)


def sheet(*codes: str) -> bytes:
    rows = "".join(f"{code},总铅,12,mg/kg,干基\n{code},pH,7.4,,\n" for code in codes)
    return f"样品,指标,结果,单位,基准\n{rows}".encode()


def refused(expected, call, /, **kwargs):
    with pytest.raises(Problem) as problem:
        call(**kwargs)
    assert problem.value.code == expected, problem.value
    return problem.value


def verify(site, *months):
    for month in months:
        SiteMonth.objects.create(site=site, month=month, state="verified", verified_at=dt.datetime.now(dt.UTC))


@pytest.fixture
def batch(site):
    return Batch.objects.create(site=site, code="2024-1", started_on=dt.date(2024, 3, 1), state="curing")


@pytest.fixture
def active(site):
    last = month_of(today_at(site)) - 1
    verify(site, last, last - 1, last - 2)


@pytest.fixture
def operator(site, make_user):
    return make_user("operator", site=site)


@pytest.fixture
def desk(make_user):
    return make_user("verifier")


@pytest.fixture
def lab(db):
    return Organisation.objects.create(code="lab-1", kind="lab", name_zh="一号实验室", name_en="Lab one")


@pytest.fixture
def chemist(lab, make_user):
    return make_user("lab", organisation=lab)


@pytest.fixture
def asked(active, batch, operator):
    return ask_for_test(actor=operator, batch=batch, standard="CN-NYT525", note="想卖")


@pytest.fixture
def granted(asked, desk, lab):
    return decide_test_request(actor=desk, request=asked, grant=True, lab=lab)


@pytest.fixture
def sample(granted, operator):
    return take_requested_sample(
        actor=operator, request=granted, taken_on=DAY, sub_samples=12, facts={"feedstock": "kitchen_waste", "use": ""}
    )


# --- codes -----------------------------------------------------------------------------------------------------------


@given(BODIES, st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(body, place, other):
    code = body + check_character(body)
    assert read_code(code) == written(code)
    wrong = code[:place] + other + code[place + 1 :]
    assert (read_code(wrong) is None) == (other != code[place])


@given(BODIES, st.integers(0, 7), st.integers(0, 7))
def test_two_exchanged_characters_are_noticed(body, first, second):
    code = list(body + check_character(body))
    code[first], code[second] = code[second], code[first]
    text = "".join(code)
    assert read_code(text) is None or text[:7] == body


@given(st.text(max_size=20))
def test_any_text_is_a_code_or_none(text):
    code = read_code(text)
    assert code is None or read_code(code) == code


def test_codes_have_no_look_alikes_and_are_read_as_people_write_them():
    code = new_code(secrets.choice)
    assert len(code) == 9 and not set(code) & set("0O1I")
    full_width = "".join(chr(ord(one) + 0xFEE0) if one != "-" else "－" for one in code)
    for text in (code, code.lower(), code.replace("-", ""), f" {code[:4]} {code[5:]} ", full_width):
        assert read_code(text) == code


# --- the rules -------------------------------------------------------------------------------------------------------


def test_the_running_month_and_old_months_do_not_count():
    rule = rules_of_testing().active_site
    today = dt.date(2026, 11, 21)
    month = parse_month("2026-11")
    found = activity([month, month - 1, month - 12, month - 13], today, rule)
    assert found.counted == (month - 12, month - 1)
    assert (found.missing, found.is_active) == (rule.verified_months - 2, False)
    sentence = found.why.render("en")
    assert "2026-10" in sentence and "2025-11" in sentence and "1 more" in sentence
    assert activity([month - 1, month - 1, month - 2, month - 3], today, rule).is_active
    assert "没有" in activity([], today, rule).why.render("zh-hans")


@given(st.sets(st.integers(24000, 24400)), st.dates(dt.date(2001, 1, 1), dt.date(2033, 1, 1)))
def test_another_verified_month_never_takes_a_test_away(months, today):
    rule = rules_of_testing().active_site
    before = activity(months, today, rule)
    after = activity(months | {before.last}, today, rule)
    assert after.missing <= before.missing
    assert len(after.counted) <= rule.within_months


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("verified_months: 3", "verified_months: 13", "more than within_months"),
        ("verified_months: 3", "verified_months: 3\n  colour: red", "unknown key"),
        ("source: general", "source: nowhere", "add it to sources"),
        ("[composting, curing, finished]", "[rotting]", "rotting"),
    ],
)
def test_a_broken_file_of_rules_is_refused_with_its_key(tmp_path, old, new, words):
    text = PATH.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "testing.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleFileError, match=words):
        load_rule(tmp_path / "testing.yaml", TestingFile)


def test_the_protocol_is_the_standards_own_and_filled_from_the_general_one():
    for standard in library().values():
        for edition in standard.editions:
            found = protocol(standard, edition.valid_from)
            assert found.sampling.steps and found.sampling.packing and found.sampling.sub_samples
            assert found.edition == (edition.edition if edition.sampling else "")
            if edition.sampling:
                assert found.sampling.clause == edition.sampling.clause
            # Steps of its own are never the whole procedure: the general ones follow, marked as such.
            own = edition.sampling.steps if edition.sampling else ()
            assert found.general_steps == (rules_of_testing().sampling.steps if own else ())
    assert protocol(library()["CN-NYT525"], DAY).general_steps
    unknown = protocol(None, DAY)
    assert unknown.sampling == rules_of_testing().sampling and set(unknown.general) >= {"steps", "packing"}


# --- the services ----------------------------------------------------------------------------------------------------


def test_only_an_active_site_may_ask_and_is_told_what_is_missing(batch, site, operator, make_user):
    last = month_of(today_at(site)) - 1
    verify(site, last - 1)
    wish = {"actor": operator, "batch": batch, "standard": "CN-NYT525"}
    problem = refused("test_site_not_active", ask_for_test, **wish)
    assert f"{(last - 1) // 12:04d}-{(last - 1) % 12 + 1:02d}" in str(problem) and "2 more" in str(problem)
    verify(site, last, last - 2)
    refused("not_allowed", ask_for_test, **{**wish, "actor": make_user("verifier")})
    refused("standard_unknown", ask_for_test, **{**wish, "standard": "NOPE"})
    batch.state = "abandoned"
    refused("test_batch_state", ask_for_test, **wish)
    batch.state = "finished"
    assert ask_for_test(**wish).state == "asked"
    assert site_activity(site).is_active


def test_one_open_request_a_batch_and_repeats_change_nothing(active, batch, operator, site, desk):
    key = uuid.uuid4()
    wish = {"actor": operator, "batch": batch, "standard": "cn-nyt525", "id": key}
    first = ask_for_test(**wish)
    assert ask_for_test(**wish).pk == first.pk == key and first.standard == "CN-NYT525"
    refused("test_request_differs", ask_for_test, **{**wish, "standard": "US-503"})
    problem = refused("test_request_open", ask_for_test, **{**wish, "id": uuid.uuid4()})
    assert "asked for" in str(problem)
    decide_test_request(actor=desk, request=first, grant=False, note="预算用完")
    assert ask_for_test(**{**wish, "id": uuid.uuid4()}).pk != key
    assert AuditRecord.objects.filter(action="ask_for_test").count() == 2


def test_the_desk_grants_or_refuses_once(asked, desk, lab, operator, make_user):
    refused("not_allowed", decide_test_request, actor=operator, request=asked, grant=True, lab=lab)
    refused("test_lab_needed", decide_test_request, actor=desk, request=asked, grant=True)
    runner = Organisation.objects.create(code="runs", name_zh="运营", name_en="Runs")
    refused("test_lab_needed", decide_test_request, actor=desk, request=asked, grant=True, lab=runner)
    refused("test_reason_needed", decide_test_request, actor=desk, request=asked, grant=False, note=" ")
    found = decide_test_request(actor=desk, request=asked, grant=True, lab=lab)
    assert read_code(found.label_code) == found.label_code
    again = decide_test_request(actor=make_user("verifier"), request=asked, grant=True, lab=lab)
    assert (again.label_code, again.decided_by) == (found.label_code, desk)
    problem = refused("test_request_decided", decide_test_request, actor=desk, request=asked, grant=False, note="no")
    assert str(desk) in str(problem)


def test_the_sample_carries_the_labels_code_and_the_facts(granted, sample, operator, desk):
    assert sample.code == granted.label_code
    assert sample.facts == {"feedstock": "kitchen_waste"}
    assert take_requested_sample(actor=operator, request=granted, taken_on=DAY).pk == sample.pk
    again = {"actor": operator, "request": granted, "taken_on": DAY}
    refused("test_request_wrong_state", take_requested_sample, **again, id=uuid.uuid4())
    refused("not_allowed", take_requested_sample, **{**again, "actor": desk})


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("fact_unknown", {"facts": {"colour": "brown"}}),
        ("fact_value", {"facts": {"feedstock": "gold"}}),
        ("sample_mass_impossible", {"mass_kg": Decimal("0.0001")}),
        ("sample_mass_impossible", {"mass_kg": Decimal("NaN")}),
        ("sample_sub_samples_impossible", {"sub_samples": 0}),
        ("sample_before_batch", {"taken_on": dt.date(2999, 1, 1)}),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(granted, operator, code, more):
    refused(code, take_requested_sample, **{"actor": operator, "request": granted, "taken_on": DAY, **more})
    granted.refresh_from_db()
    assert granted.state == "granted" and not Sample.objects.exists()


def test_the_lab_scans_the_label_once(granted, operator, chemist, make_user, client):
    refused("test_sample_not_registered", sample_with_label, code=granted.label_code.lower())
    sample = take_requested_sample(actor=operator, request=granted, taken_on=DAY)
    other = Organisation.objects.create(code="lab-2", kind="lab", name_zh="二号", name_en="Lab two")
    refused("sample_for_another_lab", mark_arrived, actor=make_user("lab", organisation=other), sample=sample)
    refused("not_allowed", mark_arrived, actor=operator, sample=sample)
    first = mark_arrived(actor=chemist, sample=sample_with_label(sample.code.replace("-", "").lower()))
    second = mark_arrived(actor=chemist, sample=sample)
    assert first.arrived_at == second.arrived_at and first.arrived_lab.code == "lab-1"
    assert TestRequest.objects.get().state == "arrived"
    assert AuditRecord.objects.filter(action="mark_arrived").count() == 1
    refused("test_request_wrong_state", cancel_test_request, actor=operator, request=granted)


def test_the_site_sees_where_its_sample_is(asked, desk, lab, operator, chemist, make_user):
    def way():
        request = TestRequest.objects.get(pk=asked.pk)
        return request.state, [step.code for step in timeline(request) if step.at], timeline(request)

    assert way()[:2] == ("asked", ["asked"])
    assert [step.code for step in way()[2]] == ["asked", "granted", "sampled", "arrived", "reported", "confirmed"]
    granted = decide_test_request(actor=desk, request=asked, grant=True, lab=lab)
    sample = take_requested_sample(actor=operator, request=granted, taken_on=DAY)
    mark_arrived(actor=chemist, sample=sample)
    assert way()[:2] == ("arrived", ["asked", "granted", "sampled", "arrived"])
    report = hand_in_lab_report(actor=chemist, sample=sample, data=sheet(sample.code), file_name="r.csv", lab=lab)
    assert way()[0] == "reported" and way()[2][4].organisation == lab
    withdraw_lab_report(actor=chemist, report=report, reason="称错样")
    assert way()[:2] == ("arrived", ["asked", "granted", "sampled", "arrived"])
    data = sheet(sample.code) + b"\n"
    report = hand_in_lab_report(actor=chemist, sample=sample, data=data, file_name="r.csv", lab=lab)
    confirm_lab_report(actor=desk, report=report)
    assert way()[0] == "done" and all(step.at for step in way()[2])


def test_a_step_that_was_passed_over_is_not_to_come(granted, operator, chemist, lab):
    sample = take_requested_sample(actor=operator, request=granted, taken_on=DAY)
    hand_in_lab_report(actor=chemist, sample=sample, data=sheet(sample.code), file_name="r.csv", lab=lab)
    steps = timeline(TestRequest.objects.get())
    assert [step.code for step in steps] == ["asked", "granted", "sampled", "reported", "confirmed"]


def test_a_lab_hands_in_nothing_for_a_sample_that_another_lab_was_given(sample, make_user):
    other = Organisation.objects.create(code="lab-2", kind="lab", name_zh="二号", name_en="Lab two")
    stranger = make_user("lab", organisation=other)
    sending = {"actor": stranger, "lab": other, "data": sheet(sample.code), "file_name": "r.csv"}
    refused("sample_for_another_lab", hand_in_lab_report, sample=sample, **sending)
    problem = refused("lab_sheet_nothing_new", hand_in_lab_sheet, **sending)
    assert problem.errors[0].message.code == "lab_sheet_code_elsewhere" and not LabReport.objects.exists()


def test_who_sees_which_request(asked, granted, chemist, operator, make_user, site):
    for who, number in (
        (operator, 1),
        (chemist, 1),
        (make_user("publisher"), 1),
        (make_user("trainer"), 0),
        (CONSOLE, 1),
    ):
        assert visible_test_requests(who).count() == number
    other = Organisation.objects.create(code="lab-2", kind="lab", name_zh="二号", name_en="Lab two")
    assert not visible_test_requests(make_user("lab", organisation=other)).exists()


def test_cancelling(asked, operator, desk, lab, chemist):
    refused("not_allowed", cancel_test_request, actor=chemist, request=asked)
    found = cancel_test_request(actor=operator, request=asked, reason="下雨")
    assert (found.state, found.cancelled_reason) == ("cancelled", "下雨")
    assert cancel_test_request(actor=desk, request=asked).cancelled_by == operator
    refused("test_request_wrong_state", decide_test_request, actor=desk, request=asked, grant=True, lab=lab)
    assert [step.code for step in timeline(found)] == ["asked", "cancelled"]


def test_a_label_code_that_is_taken_is_never_given_again(asked, desk, lab, batch, site, operator, monkeypatch):
    from standards.services import requests

    other = Batch.objects.create(site=site, code="2024-2", started_on=batch.started_on, state="curing")
    second = ask_for_test(actor=operator, batch=other, standard="CN-NYT525")
    codes = ["22QJ-AB32", "22QJ-AB32", "33QJ-AB3Y", "44QJ-AB3T"]
    Sample.objects.create(batch=batch, code="33QJ-AB3Y", taken_on=DAY)
    monkeypatch.setattr(requests, "new_code", lambda _choose: codes.pop(0))
    given_codes = [decide_test_request(actor=desk, request=r, grant=True, lab=lab).label_code for r in (asked, second)]
    assert given_codes == ["22QJ-AB32", "44QJ-AB3T"]


# --- races -----------------------------------------------------------------------------------------------------------


def at_once(number, work):
    """``work`` in so many threads at once; where the embedded database is busy a thread tries again."""
    start, outcomes = threading.Barrier(number), []

    def go(which):
        try:
            start.wait()
            for _ in range(200):
                try:
                    outcomes.append(work(which))
                    return
                except Problem as problem:
                    if problem.code != "busy_try_again":
                        outcomes.append(problem.code)
                        return
                except OperationalError as error:
                    assert "locked" in str(error)
                time.sleep(0.05)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(which,)) for which in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_two_desk_people_decide_at_once_and_one_decision_stands(transactional_db, asked, desk, lab, make_user):
    people = [desk, make_user("verifier")]

    def decide(which):
        return decide_test_request(
            actor=people[which], request=asked, grant=which == 0, lab=lab if which == 0 else None, note="名额已满"
        ).state

    outcomes = at_once(2, decide)
    asked.refresh_from_db()
    assert sorted(outcomes) == sorted([asked.state, "test_request_decided"])
    assert AuditRecord.objects.filter(action__in=("grant_test_request", "refuse_test_request")).count() == 1


@pytest.mark.django_db(transaction=True)
def test_five_parallel_sendings_of_one_sheet_store_it_once(transactional_db, sample, chemist, lab):
    data = sheet(sample.code)

    def send(_which):
        done = hand_in_lab_sheet(actor=chemist, lab=lab, data=data, file_name="r.csv")
        return len(done.stored), len(done.already)

    assert sorted(at_once(5, send)) == [(0, 1)] * 4 + [(1, 0)]
    assert LabReport.objects.get().results.count() == 2


@pytest.mark.django_db(transaction=True)
def test_five_parallel_wishes_for_one_batch_are_one_request(transactional_db, active, batch, operator):
    outcomes = at_once(5, lambda _: ask_for_test(actor=operator, batch=batch, standard="CN-NYT525").state)
    assert sorted(outcomes) == ["asked"] + ["test_request_open"] * 4
    assert TestRequest.objects.count() == 1


# --- API and pages ---------------------------------------------------------------------------------------------------


def test_the_whole_way_through_the_api(client, active, batch, operator, desk, lab, chemist):
    def post(address, body, status):
        answer = client.post(f"/api/v1/{address}", json.dumps(body), content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    client.force_login(operator)
    wish = {"id": str(uuid.uuid4()), "batch": str(batch.pk), "standard": "CN-NYT525"}
    asked = [post("test-requests", wish, 201) for _ in range(2)]
    assert asked[0] == asked[1] and asked[0]["state"] == "asked"
    client.force_login(desk)
    assert post(f"test-requests/{wish['id']}/decide", {"grant": True, "lab": "nowhere"}, 404)
    granted = post(f"test-requests/{wish['id']}/decide", {"grant": True, "lab": "lab-1"}, 200)
    code = granted["label_code"]
    client.force_login(operator)
    taken = {"id": str(uuid.uuid4()), "taken_on": "2024-06-01", "mass_kg": "1.5", "facts": {"use": "sold"}}
    samples = [post(f"test-requests/{wish['id']}/sample", taken, 201) for _ in range(2)]
    assert samples[0] == samples[1] and samples[0]["code"] == code and samples[0]["mass_kg"] == "1.500"
    client.force_login(chemist)
    arrivals = [post(f"samples/{code.lower()}/arrival", {}, 200) for _ in range(2)]
    assert [one["before"] for one in arrivals] == [False, True]
    assert arrivals[0]["arrived_at"] == arrivals[1]["arrived_at"]
    found = client.get(f"/api/v1/test-requests/{wish['id']}").json()
    assert found["state"] == "arrived" and [step["step"] for step in found["way"] if step["at"]][-1] == "arrived"
    assert client.get("/api/v1/test-requests").json()["items"][0]["id"] == wish["id"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_whole_way_through_the_pages(client, active, batch, site, operator, desk, lab, chemist, language):
    zh = language == "zh-hans"
    own = reverse("test_requests", args=[site.code])
    client.force_login(operator)
    headers = {"accept-language": language}
    assert ("申请检测" if zh else "Ask for a test") in client.get(own, headers=headers).content.decode()
    answer = client.post(own, {"id": str(uuid.uuid4()), "batch": str(batch.pk), "standard": "CN-NYT525"})
    request = TestRequest.objects.get()
    page = reverse("test_request", args=[request.pk])
    assert answer.url == page
    assert (
        client.post(own, {"id": str(uuid.uuid4()), "batch": str(batch.pk), "standard": "CN-NYT525"}).status_code == 422
    )
    client.force_login(desk)
    assert batch.code in client.get(reverse("desk_test_requests")).content.decode()
    assert client.post(page, {"do": "refuse", "note": ""}).status_code == 422
    assert client.post(page, {"do": "grant", "lab": "lab-1"}).status_code == 302
    request.refresh_from_db()
    client.force_login(operator)
    assert request.label_code in client.get(page).content.decode()
    assert client.post(page, {"do": "take", "id": str(uuid.uuid4()), "taken_on": "?"}).status_code == 422
    taken = {"do": "take", "id": str(uuid.uuid4()), "taken_on": "2024-06-01", "fact_use": "sold"}
    assert client.post(page, taken).status_code == 302
    client.force_login(chemist)
    assert request.label_code in client.get(reverse("my_lab"), headers=headers).content.decode()
    scan = reverse("sample_arrival", args=[request.label_code])
    assert ("确认已收到样品" if zh else "has arrived") in client.get(scan, headers=headers).content.decode()
    for _ in range(2):
        assert client.post(scan, headers=headers).url == scan
    assert ("签收" if zh else "arrived on") in client.get(scan, headers=headers).content.decode()
    client.force_login(operator)
    assert ("已收样" if zh else "Arrived at the lab") in client.get(page, headers=headers).content.decode()


def test_a_site_that_may_not_ask_reads_why(client, site, batch, operator):
    client.force_login(operator)
    text = client.get(reverse("test_requests", args=[site.code]), headers={"accept-language": "zh-CN"}).content.decode()
    assert "还差 3 个月" in text and 'name="batch"' not in text


def test_the_label_of_a_sample_that_is_not_registered_says_what_to_do(client, granted, chemist):
    client.force_login(chemist)
    answer = client.get(reverse("sample_arrival", args=[granted.label_code]), headers={"accept-language": "zh-CN"})
    assert answer.status_code == 409 and "还没有登记取样" in answer.content.decode()
    assert client.get(reverse("sample_arrival", args=["AAAA-AAAA"])).status_code == 404
