"""Accounts, roles and tokens: services, commands and pages."""

import datetime as dt
import re
from io import StringIO

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from compostnet.shared.problems import Problem
from sites import people
from sites.models import ApiToken, AuditRecord, Membership, Organisation, User
from sites.permissions import CONSOLE
from sites.phones import normalise_phone

PASSWORD = "a-long-password-1"


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("+1 (212) 736-5000", "+12127365000"),
    ],
)
def test_phone_is_kept_as_e164(text, expected):
    assert normalise_phone(text) == expected


@pytest.mark.parametrize("text", ["", "12", "hello", "+86 12345", "138001380001234567", "+999 1234567"])
def test_what_is_no_phone_number_is_refused(text):
    with pytest.raises(ValueError, match="not a phone number"):
        normalise_phone(text)


def test_sign_in_by_phone_in_any_writing(client, db):
    people.create_user(actor=CONSOLE, phone="13800138000", password=PASSWORD)
    answer = client.post("/account/login/", {"login": "138 0013 8000", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/api/v1/me").json()["phone"] == "+8613800138000"


def test_sign_in_by_email_in_any_case_and_out(client, db):
    people.create_user(actor=CONSOLE, email="Wang@Example.org", password=PASSWORD)
    assert client.post("/account/login/", {"login": "wang@EXAMPLE.org", "password": PASSWORD}).status_code == 302
    assert client.get("/api/v1/me").status_code == 200
    client.post("/account/logout/")
    assert client.get("/api/v1/me").status_code == 401


def test_wrong_password_says_what_to_check_in_both_languages(client, db):
    people.create_user(actor=CONSOLE, phone="13800138000", password=PASSWORD)
    data = {"login": "13800138000", "password": "not-the-password"}
    assert "手机号或密码不正确" in client.post("/account/login/", data).content.decode()
    english = client.post("/account/login/", data, headers={"accept-language": "en"}).content.decode()
    assert "The phone number or the password is not right" in english


def test_guessing_one_number_locks_that_number_only(client, db):
    for phone in ("13800138000", "13900139000"):
        people.create_user(actor=CONSOLE, phone=phone, password=PASSWORD)
    for _ in range(6):
        client.post("/account/login/", {"login": "13800138000", "password": "wrong-password"})
    blocked = client.post("/account/login/", {"login": "+86 138 0013 8000", "password": PASSWORD})
    assert blocked.status_code == 200  # the right password does not help any more
    other = client.post("/account/login/", {"login": "13900139000", "password": PASSWORD}, REMOTE_ADDR="10.0.0.9")
    assert other.status_code == 302


def test_inactive_person_cannot_sign_in(client, db):
    user = people.create_user(actor=CONSOLE, email="a@example.org", password=PASSWORD)
    User.objects.filter(pk=user.pk).update(is_active=False)
    client.post("/account/login/", {"login": "a@example.org", "password": PASSWORD})
    assert client.get("/api/v1/me").status_code == 401


def test_sign_up_with_phone_alone_gives_no_role(client, db):
    data = {"phone": "138 0013 8000", "password1": PASSWORD, "password2": PASSWORD, "name": "王师傅"}
    assert client.post("/account/signup/", data).status_code == 302
    user = User.objects.get()
    assert (user.phone, user.email, user.name, user.phone_verified) == ("+8613800138000", None, "王师傅", False)
    assert client.get("/api/v1/me").json()["roles"] == []


def test_sign_up_needs_email_or_phone(client, db):
    page = client.post("/account/signup/", {"password1": PASSWORD, "password2": PASSWORD}).content.decode()
    assert "请填写邮箱或手机号" in page
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"), [("phone", "+86 13800138000"), ("email", "A@Example.org")], ids=["phone", "email"]
)
def test_sign_up_with_a_taken_login_is_refused(client, db, field, value):
    people.create_user(actor=CONSOLE, email="a@example.org", phone="13800138000", password=PASSWORD)
    answer = client.post("/account/signup/", {field: value, "password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 200
    assert User.objects.count() == 1


def test_password_can_be_reset_by_mail(client, db):
    people.create_user(actor=CONSOLE, email="a@example.org", password=PASSWORD)
    client.post("/account/password/reset/", {"email": "a@example.org"})
    link = re.search(r"http://testserver(/account/password/reset/key/\S+)", mail.outbox[0].body)[1]
    form = client.get(link, follow=True)
    new = "another-long-password-2"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert client.post("/account/login/", {"login": "a@example.org", "password": new}).status_code == 302


def test_changing_details_drops_the_verification_of_a_number(client, make_user):
    user = make_user()
    User.objects.filter(pk=user.pk).update(phone="+8613800138000", phone_verified=True)
    client.force_login(user)
    client.post("/account/", {"name": "李", "phone": "139 0013 9000"})
    user.refresh_from_db()
    assert (user.name, user.phone, user.phone_verified) == ("李", "+8613900139000", False)


def test_details_refuse_the_number_of_somebody_else(client, make_user, db):
    people.create_user(actor=CONSOLE, phone="13800138000", password=PASSWORD)
    user = make_user()
    client.force_login(user)
    assert "已有账号使用" in client.post("/account/", {"phone": "13800138000"}).content.decode()
    user.refresh_from_db()
    assert user.phone is None


def test_role_fits_its_place(site, make_user):
    user = make_user()
    lab = Organisation.objects.create(code="lab", name_zh="实验室", name_en="Lab", kind="lab")
    group = Organisation.objects.create(code="group", name_zh="小组", name_en="Group")
    for values, code in [
        ({"role": "operator"}, "role_needs_site"),
        ({"role": "lab"}, "role_needs_lab"),
        ({"role": "lab", "organisation": group}, "role_needs_lab"),
        ({"role": "lab", "organisation": lab, "site": site}, "role_needs_lab"),
        ({"role": "verifier", "site": site}, "role_is_of_network"),
        ({"role": "king"}, "unknown_role"),
    ]:
        with pytest.raises(Problem) as problem:
            people.grant_role(actor=CONSOLE, user=user, **values)
        assert problem.value.code == code
    people.grant_role(actor=CONSOLE, user=user, role="operator", site=site)
    again = people.grant_role(actor=CONSOLE, user=user, role="operator", site=site)
    assert user.memberships.count() == 1
    assert AuditRecord.objects.filter(action="grant_role", object_id=str(again.pk)).count() == 1


def test_only_who_manages_people_grants(site, make_user):
    for role, place in [("manager", {"site": site}), ("verifier", {}), ("publisher", {})]:
        with pytest.raises(Problem) as problem:
            people.grant_role(actor=make_user(role, **place), user=make_user(), role="administrator")
        assert problem.value.code == "not_allowed"
    assert not Membership.objects.filter(role="administrator").exists()


def test_last_administrator_stays(make_user):
    first, second = make_user("administrator"), make_user("administrator")
    people.revoke_role(actor=first, membership=second.memberships.get())
    with pytest.raises(Problem) as problem:
        people.revoke_role(actor=first, membership=first.memberships.get())
    assert problem.value.code == "last_administrator"


def test_token_is_shown_once_and_kept_as_a_digest(client, make_user):
    client.force_login(make_user())
    page = client.post("/account/tokens/", {"name": "秤", "scopes": ["read", "record"], "ends": "90"}).content.decode()
    secret = re.search(r"cn_[\w-]{40,}", page)[0]
    assert secret not in client.get("/account/tokens/").content.decode()
    token = ApiToken.objects.get()
    assert secret not in str(token.__dict__)
    assert token.prefix == secret[:8]
    assert dt.timedelta(days=89) < token.expires_at - timezone.now() <= dt.timedelta(days=90)
    client.logout()
    assert client.get("/api/v1/me", headers={"authorization": f"Bearer {secret}"}).status_code == 200


def test_revoking_a_token_of_somebody_else_is_not_found(client, make_user):
    token, _secret = people.create_token(actor=make_user(), name="x", scopes=["read"])
    client.force_login(make_user())
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_token_faults_come_all_at_once(make_user):
    with pytest.raises(Problem) as problem:
        people.create_token(
            actor=make_user(), name=" ", scopes=["read", "king"], expires_at=timezone.now() - dt.timedelta(days=1)
        )
    assert [fault.message.code for fault in problem.value.errors] == [
        "token_name_needed",
        "unknown_scope",
        "token_end_is_past",
    ]


def test_create_user_command(site, monkeypatch):
    monkeypatch.setenv("COMPOSTNET_PASSWORD", PASSWORD)
    out = StringIO()
    call_command("create_user", "--phone", "13800138000", "--role", "operator", "--site", site.code, stdout=out)
    assert out.getvalue() == "+8613800138000: operator\n"
    call_command("create_user", "--phone", "13800138000", "--existing", "--role", "trainer", stdout=out)
    user = people.find_user("138-0013-8000")
    assert {m.role for m in user.memberships.all()} == {"operator", "trainer"}
    assert user.check_password(PASSWORD)


def test_create_user_command_refuses_a_weak_password_and_keeps_nothing(db, monkeypatch):
    monkeypatch.setenv("COMPOSTNET_PASSWORD", "1234567890")
    with pytest.raises(Problem) as problem:
        call_command("create_user", "--email", "a@example.org", "--role", "verifier")
    assert problem.value.errors[0].field == "password"
    assert not User.objects.exists()


def test_set_password_command(db, monkeypatch):
    user = people.create_user(actor=CONSOLE, phone="13800138000", password=PASSWORD)
    monkeypatch.setenv("COMPOSTNET_PASSWORD", "another-long-password-2")
    call_command("set_password", "13800138000", stdout=StringIO())
    user.refresh_from_db()
    assert user.check_password("another-long-password-2")


def test_account_pages_ask_to_sign_in(client, db):
    for address in ("/account/", "/account/tokens/"):
        assert client.get(address).headers["Location"] == f"/account/login/?next={address}"


def test_phone_pages_of_allauth_lead_to_the_account(client, make_user):
    client.force_login(make_user())
    for address in ("/account/phone/change/", "/account/phone/verify/"):
        assert client.get(address).headers["Location"] == "/account/"


def test_two_people_taking_one_number_at_once_are_told_apart(db, monkeypatch):
    """The look-up sees nobody yet (the other request has not committed); the database still refuses the second."""
    people.create_user(actor=CONSOLE, phone="13800138000", password="a-long-password-1")
    monkeypatch.setattr(people, "find_user", lambda _login: None)
    monkeypatch.setattr(User, "full_clean", lambda *_args, **_options: None)
    with pytest.raises(Problem) as problem:
        people.create_user(actor=CONSOLE, phone="13800138000", password="a-long-password-1")
    assert (problem.value.code, User.objects.count()) == ("user_exists", 1)
