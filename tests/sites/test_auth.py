"""Who may call the API: sessions with CSRF, tokens with scopes, limits."""

import datetime as dt

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.utils import timezone

from sites import people
from sites.auth import actor, signed_in
from sites.models import ApiToken, Membership, Site


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()


def bearer(secret):
    return {"headers": {"authorization": f"Bearer {secret}"}}


@pytest.fixture
def make_token(make_user):
    def make(*scopes, role="administrator"):
        return people.create_token(actor=make_user(role), name="test", scopes=scopes)

    return make


def test_scope_is_enforced_and_named(client, make_token):
    _token, secret = make_token("read")
    assert client.get("/api/v1/me", **bearer(secret)).status_code == 200
    answer = client.get("/api/v1/memberships", **bearer(secret))
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "/problems/scope_needed"
    assert "desk" in problem["detail"]


def test_scope_does_not_give_a_role(client, make_token):
    _token, secret = make_token("desk", role="trainer")
    answer = client.get("/api/v1/memberships", **bearer(secret))
    assert answer.json()["type"] == "/problems/not_allowed"


@pytest.mark.parametrize(
    "end",
    [
        {"revoked_at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)},
        {"expires_at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)},
    ],
    ids=["revoked", "expired"],
)
def test_ended_token_is_nobody(client, make_token, end):
    token, secret = make_token("read")
    ApiToken.objects.filter(pk=token.pk).update(**end)
    answer = client.get("/api/v1/me", **bearer(secret))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_token_of_an_inactive_person_is_nobody(client, make_token):
    token, secret = make_token("read")
    token.user.is_active = False
    token.user.save()
    assert client.get("/api/v1/me", **bearer(secret)).status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Basic YTpi", "cn_abc", "Bearer é"])
def test_wrong_header_is_refused_even_with_a_session(client, make_user, header):
    client.force_login(make_user())
    assert client.get("/api/v1/me", headers={"authorization": header}).status_code == 401


def test_last_use_is_noted_at_most_once_a_minute(client, make_token):
    token, secret = make_token("read")
    client.get("/api/v1/me", **bearer(secret))
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    client.get("/api/v1/me", **bearer(secret))
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now() - dt.timedelta(seconds=61))
    client.get("/api/v1/me", **bearer(secret))
    token.refresh_from_db()
    assert token.last_used_at > first


def test_session_writes_need_the_csrf_token(make_user):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user("administrator"))
    body = {"login": "nobody@example.org", "role": "trainer"}
    refused = browser.post("/api/v1/memberships", body, content_type="application/json")
    assert refused.json()["type"] == "/problems/csrf_needed"
    browser.get("/account/tokens/")
    token = browser.cookies["csrftoken"].value
    headers = {"X-CSRFToken": token}
    passed = browser.post("/api/v1/memberships", body, content_type="application/json", headers=headers)
    assert passed.json()["type"] == "/problems/user_not_found"


def test_token_cannot_make_or_revoke_tokens(client, make_token):
    token, secret = make_token("read", "desk")
    body = {"name": "more", "scopes": ["lab"]}
    made = client.post("/api/v1/tokens", body, content_type="application/json", **bearer(secret))
    ended = client.delete(f"/api/v1/tokens/{token.pk}", **bearer(secret))
    assert {made.json()["type"], ended.json()["type"]} == {"/problems/session_needed"}
    assert ApiToken.objects.filter(revoked_at=None).count() == 1


def test_writes_are_limited_for_each_person(client, make_token, settings):
    settings.API_WRITE_RATE = "2/m"
    _token, secret = make_token("desk")
    _other, other_secret = make_token("desk")
    body = {"login": "nobody@example.org", "role": "trainer"}

    def write(key):
        return client.post("/api/v1/memberships", body, content_type="application/json", **bearer(key)).status_code

    assert [write(secret) for _ in range(3)] == [404, 404, 429]
    assert write(other_secret) == 404
    assert client.get("/api/v1/memberships", **bearer(secret)).status_code == 200


def test_actor_is_nobody_where_a_write_was_not_checked(make_user):
    user = make_user()
    request = RequestFactory().post("/api/v1/standards/check")
    request.user = user
    assert isinstance(actor(request), AnonymousUser)
    request.csrf_processing_done = True
    assert actor(request) == user


def test_unknown_scope_is_a_programming_error():
    with pytest.raises(LookupError):
        signed_in("everything")


def test_memberships_by_api(client, make_user, site):
    client.force_login(make_user("administrator"))
    person = make_user(email="op@example.org")
    body = {"login": "OP@example.org", "role": "operator", "site": site.code}
    made = client.post("/api/v1/memberships", body, content_type="application/json")
    assert made.status_code == 201
    assert made.json()["site"] == site.code
    assert person.memberships.count() == 1
    assert client.delete(f"/api/v1/memberships/{made.json()['id']}").status_code == 204
    assert person.memberships.count() == 0


def test_tokens_by_api_are_paged(client, make_user):
    user = make_user()
    for number in range(5):
        people.create_token(actor=user, name=f"t{number}", scopes=["read"])
    people.create_token(actor=make_user(), name="other", scopes=["read"])
    client.force_login(user)
    seen, cursor = [], None
    while True:
        page = client.get("/api/v1/tokens", {"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [row["name"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["t4", "t3", "t2", "t1", "t0"]


def test_after_signing_in_an_operator_stands_before_the_own_logbook(make_user, site, nanjing, client):
    def arrives(user):
        user.set_password("a long enough secret")
        user.save()
        login = {"login": user.email, "password": "a long enough secret"}
        return client.post("/account/login/", login)["Location"]

    operator = make_user("operator", site=site)
    assert arrives(operator) == f"/sites/{site.code}/logbook/"
    client.logout()
    other = Site.objects.create(
        code="other-9",
        name_zh="别处",
        name_en="Elsewhere",
        region=nanjing,
        scenario="park",
        process="bin",
        opened_on=dt.date(2023, 1, 1),
    )
    Membership.objects.create(user=operator, role="manager", site=other)
    assert arrives(operator) == "/account/"
    client.logout()
    assert arrives(make_user("verifier")) == "/"


@pytest.mark.django_db
def test_a_sender_without_an_address_is_answered(client):
    """As behind a server that listens on a Unix socket and names no address."""
    body = {"standards": ["CN-NYT525"], "lines": [{"sample": "1", "indicator": "Cd", "value": "1"}]}
    answer = client.post("/api/v1/standards/check", body, content_type="application/json", REMOTE_ADDR="")
    assert answer.status_code == 200
