"""Every role against every operation of the API and every page; the expected answers are data (``matrix.yaml``)."""

from __future__ import annotations

import base64
import functools
import json
import uuid
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from compostnet.api import api
from tests.sites.world import make_things

ROLES = (
    "anonymous",
    "nobody",
    "operator",
    "manager",
    "stranger",
    "lab",
    "trainer",
    "verifier",
    "publisher",
    "administrator",
)
TABLE = yaml.safe_load(Path(__file__).with_name("matrix.yaml").read_text(encoding="utf-8"))
REFUSED = (401, 403, 404)
REACHED = (200, 201, 204, 409)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
FILES = {
    "photo.png": base64.b64decode(PIXEL),
    "sheet.csv": b"batch,kind,material,value,unit,date\nB1,intake,food_waste,7,kg,2024-05-04\n",
    "signed.pdf": b"%PDF-1.7 signed",
    "lab.csv": b"sample,indicator,value,unit\nS1,pH,7.1,\n",
}
# Pages of packages: allauth's own (they are about the person's own account) and redirects.
FOREIGN = ("allauth.", "django.", "ninja.")


@functools.cache
def operations():
    """Every operation of the API by id: (method, path template)."""
    found = {}
    for path, methods in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items():
        for method, details in methods.items():
            found[details["operationId"]] = (method, path)
    return found


def pages(resolver=None, prefix=""):
    """The URL names of every page of ours."""
    names = []
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            if pattern.namespace != "api":
                names += pages(pattern)
        elif pattern.name and not pattern.callback.__module__.startswith(FOREIGN):
            names.append(pattern.name)
    return names


def roles_allowed(allow):
    if allow == "everyone":
        return set(ROLES)
    if allow == "signed_in":
        return set(ROLES) - {"anonymous"}
    assert set(allow) <= set(ROLES), f"unknown role in {allow}"
    return set(allow)


@pytest.fixture
def things(db, settings, tmp_path):
    """The small world; each call of the matrix is undone by itself."""
    cache.clear()
    settings.RELEASES_DIR = tmp_path / "releases"
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.API_WRITE_RATE = None
    things = make_things()
    return things | {"clients": {role: client_of(things["users"].get(role)) for role in ROLES}}


def client_of(user):
    """A client and its session (none for anonymous), made once: signing in costs more than most requests."""
    client = Client(raise_request_exception=True)
    if user is None:
        return client, None
    client.force_login(user)
    return client, client.cookies[settings.SESSION_COOKIE_NAME].value


def fill(value, things):
    """``$batch`` and the like replaced by the id of the thing."""
    if isinstance(value, str) and value.startswith("$"):
        return str(uuid.uuid4()) if value == "$uuid" else str(things[value[1:]])
    if isinstance(value, dict):
        return {key: fill(item, things) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, things) for item in value]
    return value


def test_every_operation_and_page_has_a_row():
    assert {name.partition(":")[0] for name in TABLE["api"]} == set(operations())
    assert {name.partition(":")[0] for name in TABLE["pages"]} == set(pages())


def answer_of(role, things, send):
    """What ``send(client)`` answers to a role; whatever it changed is undone."""
    client, session = things["clients"][role]
    client.cookies.clear()
    if session is not None:
        client.cookies[settings.SESSION_COOKIE_NAME] = session
    with transaction.atomic():
        answer = send(client)
        if not answer.streaming:
            answer.content  # noqa: B018 (read before the rows are gone)
        transaction.set_rollback(True)
    return answer


def is_refused(answer):
    if answer.status_code == 302:
        return "/account/login/" in answer.headers["Location"]
    if answer.status_code in REFUSED:
        return True
    if (
        answer.headers.get("Content-Type", "").startswith("application/json")
        and not answer.streaming
        and answer.content
    ):
        # A list of entries is answered one by one; what is not allowed stands in the outcome of each.
        body = answer.json()
        receipts = body.get("receipts", []) if isinstance(body, dict) else []
        return any("not_allowed" in str(receipt) for receipt in receipts)
    return False


def outcomes_of(things, send):
    """The answers to all roles, and the roles that were let in."""
    answers = {role: answer_of(role, things, send) for role in ROLES}
    return answers, {role for role, answer in answers.items() if not is_refused(answer)}


def sender(row, method, template, things):
    """A function that sends the row's request with a client."""

    def send(client):
        path = template.format(**fill(row.get("path", {}), things))
        body = fill(row.get("body", {}), things)
        if "file" in row:
            return client.post(path, body | {"file": ContentFile(FILES[row["file"]], name=row["file"])})
        if method == "get":
            return client.get(path, fill(row.get("query", {}), things))
        return client.generic(method.upper(), path, json.dumps(body), content_type="application/json")

    return send


def seen_in(answer, thing):
    """Whether a list's answer holds a thing, by its id."""
    text = answer.content.decode()
    return f'"{thing}"' in text or f'"id": {thing},' in text


def test_api(things):
    """Every operation lets in the roles of its row and no other, and shows each only what is theirs."""
    found, wanted = {}, {}
    for name, row in TABLE["api"].items():
        method, template = operations()[name.partition(":")[0]]
        answers, found[name] = outcomes_of(things, sender(row, method, template, things))
        wanted[name] = roles_allowed(row["allow"])
        # 409 is a refusal for the state of things, after the permission check.
        stuck = {role: answers[role].content for role in found[name] if answers[role].status_code not in REACHED}
        assert not stuck, f"{name}: path or body do not get as far as the permission check"
        if "sees" in row:
            thing = fill(row["thing"], things)
            found[f"{name} sees"] = {role for role in found[name] if seen_in(answers[role], thing)}
            wanted[f"{name} sees"] = set(row["sees"])
    assert found == wanted


def test_pages(things):
    """Every page lets in the roles of its row and no other."""
    found, wanted = {}, {}
    for name, row in TABLE["pages"].items():
        address = reverse(name.partition(":")[0], kwargs=fill(row.get("path", {}), things))
        body = fill(row.get("body", {}), things)
        method = row.get("method", "get")
        answers, found[name] = outcomes_of(things, lambda client, a=address, b=body, m=method: getattr(client, m)(a, b))
        wanted[name] = roles_allowed(row["allow"])
        assert all(answer.status_code in (*range(405), 422) for answer in answers.values()), name
    assert found == wanted
