"""The ground: problems of the API, request ids, headers, health, error pages."""

import json
import logging
import re

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from compostnet.shared.texts import catalogue
from compostnet.shell import ground
from sites import people

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("method", "address", "status", "kind"),
    [
        ("get", "/api/v1/nothing-here", 404, "not_found"),
        ("get", "/api/nothing-here", 404, "not_found"),
        ("post", "/api/v1/me", 405, "method_not_allowed"),
        ("get", "/api/v1/me", 401, "sign_in_needed"),
        ("get", "/api/v1/cohorts?limit=x", 422, "invalid_request"),
        ("get", "/api/v1/cohorts?cursor=x", 422, "bad_cursor"),
        ("get", "/api/v1/programmes/a%00b", 404, "not_found"),
        ("get", "/api/v1/cohorts?cursor=%00", 404, "not_found"),
    ],
)
def test_every_error_under_api_is_a_problem(client, db, method, address, status, kind):
    answer = getattr(client, method)(address)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == PROBLEM
    document = answer.json()
    assert document["type"] == f"/problems/{kind}"
    assert document["status"] == status
    assert document["request_id"] == answer.headers["X-Request-ID"]
    assert client.get(document["type"]).status_code == 200


def test_the_texts_of_a_problem_follow_the_reader(client, db):
    assert client.get("/api/v1/me").json()["title"] == "请先登录"
    assert client.get("/api/v1/me", headers={"accept-language": "en-GB"}).json()["title"] == "Sign in first"


def test_wrong_method_names_the_right_ones(client, db):
    answer = client.post("/api/v1/me", headers={"accept-language": "en"})
    assert answer.headers["Allow"] == "GET"
    assert "it takes GET" in answer.json()["detail"]


@pytest.mark.parametrize("body", ["{", "", '{"name": "\\u0000"}', '{"name": "\\ud800"}', '{"name": NaN}', "\xff"])
def test_unreadable_bodies_are_refused(client, make_user, body):
    client.force_login(make_user())
    answer = client.generic("POST", "/api/v1/tokens", body.encode("latin-1"), content_type="application/json")
    assert answer.status_code == (422 if body == "" else 400)
    assert answer.headers["Content-Type"] == PROBLEM


def test_every_fault_of_a_request_comes_at_once_with_its_place(client, make_user):
    client.force_login(make_user("administrator"))
    body = {"name": "", "scopes": "read", "expires_at": "tomorrow"}
    answer = client.post("/api/v1/tokens", body, content_type="application/json")
    assert answer.status_code == 422
    faults = {fault["field"]: fault for fault in answer.json()["errors"]}
    assert set(faults) == {"body.name", "body.scopes", "body.expires_at"}
    assert faults["body.expires_at"]["value"] == "tomorrow"
    assert "2024-05-31T08:00:00+08:00" in faults["body.expires_at"]["accepted"]
    assert faults["body.name"]["accepted"] == "至少 1 个字"


def test_a_defect_is_a_500_with_an_id_that_stands_in_the_log(client, make_user, monkeypatch, caplog):
    def broken(user):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(people, "memberships_of", broken)
    client.force_login(make_user())
    with caplog.at_level(logging.ERROR):
        answer = client.get("/api/v1/me")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == PROBLEM
    assert "secret detail" not in answer.content.decode()
    identity = answer.headers["X-Request-ID"]
    assert identity in answer.json()["detail"]
    assert any(identity in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("address", ["/api/v1/photos", "/check/"])
def test_a_request_above_the_limit_is_refused_before_anything_reads_it(client, db, settings, address):
    settings.MAX_REQUEST_BYTES = 1000
    answer = client.post(address, {"file": ContentFile(bytes(2000), name="a.csv")}, headers={"accept-language": "en"})
    assert answer.status_code == 413
    assert "the limit is 1000" in answer.content.decode().replace("\xa0", " ")
    assert (answer.headers["Content-Type"] == PROBLEM) == address.startswith("/api/")
    settings.MAX_REQUEST_BYTES = 3000
    assert client.post(address, {"file": ContentFile(bytes(2000), name="a.csv")}).status_code != 413


def test_people_behind_the_proxy_do_not_share_its_limits(client, db, settings):
    settings.API_CHECK_RATE = "2/m"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    cache.clear()

    def check(*forwarded):
        body = {"file": ContentFile(b"indicator,value\npH,7", name="a.csv"), "standards": "CN-NYT525"}
        return client.post("/api/v1/standards/check-file", body, headers={"x-forwarded-for": ", ".join(forwarded)})

    assert [check("192.0.2.1").status_code for _ in range(3)] == [200, 200, 429]
    assert check("192.0.2.2").status_code == 200
    # What the client itself claims stands before what the proxy adds, and changes nothing.
    refused = check("192.0.2.3", "192.0.2.1")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_a_json_body_above_the_limit_is_a_413(client, make_user, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    client.force_login(make_user("administrator"))
    answer = client.post("/api/v1/ledger-entries", {"entries": ["x" * 2000]}, content_type="application/json")
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == PROBLEM


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space in it", "newline\\nInjected", "ünïcode-id"])
def test_a_request_id_from_outside_is_replaced_unless_plain(client, db, given):
    answer = client.get("/health/live", headers={"x-request-id": given})
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["X-Request-ID"])


def test_a_plain_request_id_is_kept(client, db):
    assert client.get("/health/live", headers={"x-request-id": "proxy-12345"}).headers["X-Request-ID"] == "proxy-12345"


def test_pages_allow_nothing_from_other_hosts(client, db):
    policy = client.get("/account/login/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "worker-src 'self' blob:" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_ready_says_what_is_wrong(client, db, monkeypatch):
    good = client.get("/health/ready")
    assert good.status_code == 200
    assert set(good.json()["checks"]) == {"database", "migrations", "cache", "releases"}

    def broken():
        raise ConnectionError("secret host")

    monkeypatch.setitem(ground.CHECKS, "cache", broken)
    bad = client.get("/health/ready")
    assert bad.status_code == 503
    assert bad.json()["checks"]["cache"] == "ConnectionError"
    assert "secret host" not in bad.content.decode()


def test_a_waiting_migration_is_not_ready(client, db):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'training'")
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "run migrate" in answer.json()["checks"]["migrations"]


def test_an_unwritable_releases_folder_is_not_ready(client, db, monkeypatch):
    monkeypatch.setattr(ground.os, "access", lambda *_: False)
    assert client.get("/health/ready").json()["checks"]["releases"] == "cannot be read and written"


def test_live_needs_no_database(client):
    # Without the db mark every query would fail the test.
    assert client.get("/health/live").json() == {"status": "ok"}


def test_every_problem_has_its_page_in_both_languages(client, db):
    listing = client.get("/problems/").content.decode()
    problems = {code: entry for code, entry in catalogue().items() if entry.status}
    assert len(problems) > 20
    for code, entry in problems.items():
        assert entry.title is not None, f"{code} has no title"
        assert reverse("problem", args=[code]) in listing
    page = client.get("/problems/scope_needed").content.decode()
    assert "令牌权限不足" in page
    assert "The token lacks a scope" in page
    assert client.get("/problems/no_such_problem").status_code == 404
    assert client.get("/problems/invalid_field").status_code == 404  # a sentence, not a problem


def test_the_documentation_lists_every_operation_and_no_outside_host(client, db):
    document = client.get("/api/v1/openapi.json").json()
    page = client.get("/api/v1/docs").content.decode()
    for methods in document["paths"].values():
        for details in methods.values():
            assert f'id="{details["operationId"]}"' in page
    assert not re.findall(r'(?:src|href|action)="https?://', page)


def test_the_contract_names_problems_scopes_and_ids(client, db):
    document = client.get("/api/v1/openapi.json").json()
    seen = []
    for path, methods in document["paths"].items():
        for method, details in methods.items():
            where = f"{method} {path}"
            seen.append(details["operationId"])
            assert re.fullmatch(r"[a-z][a-z0-9_]+", details["operationId"]), where
            assert details["summary"], where
            assert "500" in details["responses"], where
            assert any(status.startswith("2") for status in details["responses"]), where
            for status, response in details["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == [PROBLEM], where
            if "security" in details:
                assert "401" in details["responses"], where
                assert details["x-scope"] in ("read", "record", "lab", "desk", "training"), where
    assert len(seen) == len(set(seen)), "an operation id is used twice"
    assert document["servers"] == [{"url": "/", "description": "this platform"}]


def test_error_pages_are_translated(client, db):
    chinese = client.get("/nothing-here/")
    english = client.get("/nothing-here/", headers={"accept-language": "en"})
    assert chinese.status_code == english.status_code == 404
    assert "This page does not exist" in english.content.decode()
    assert "This page does not exist" not in chinese.content.decode()


def test_the_page_of_a_defect_names_the_request(db, make_user, monkeypatch):
    def broken(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr(people, "tokens_of", broken)
    browser = Client(raise_request_exception=False)
    browser.force_login(make_user())
    answer = browser.get("/account/tokens/")
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.content.decode()


def test_a_form_without_its_token_says_what_to_do(make_user):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user())
    answer = browser.post("/account/tokens/", {"name": "x", "scopes": ["read"]})
    assert answer.status_code == 403
    assert "<h1>" in answer.content.decode()


def test_a_refusal_on_a_page_is_a_page(client, make_user):
    client.force_login(make_user())
    answer = client.post("/account/tokens/999999/revoke/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "找不到这个令牌" in answer.content.decode()


def test_log_lines_are_json(client, db, capsys):
    from compostnet.logs import formatter

    record = logging.LogRecord("x", logging.WARNING, "f", 1, "hello", None, None)
    line = json.loads(formatter().format(record))
    assert line["event"] == "hello"
    assert line["level"] == "warning"
