"""The administration of people: finding, adding, roles, passwords, letting in and out; and never nobody left."""

from __future__ import annotations

import re
import threading
import time

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import OperationalError, connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compostnet.shared.problems import Problem
from sites import people
from sites.models import AuditRecord, Membership, Organisation, User
from sites.permissions import CONSOLE

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()


@pytest.fixture
def administrator(make_user):
    return make_user("administrator", email="admin@example.org")


@pytest.fixture
def desk(client, administrator):
    client.force_login(administrator)
    return client


def read(answer):
    return answer.content.decode()


def test_people_are_found_by_name_number_mail_site_and_role(desk, make_user, site):
    wang = people.create_user(actor=CONSOLE, phone="13800138000", name="王师傅", password="a-long-password-1")
    people.grant_role(actor=CONSOLE, user=wang, role="operator", site=site)
    make_user("verifier", email="verifier@example.org")
    make_user(email="nobody@example.org")

    def found(**wish):
        page = read(desk.get("/desk/people/", wish, headers=ENGLISH))
        return [name for name in ("王师傅", "admin@", "verifier@", "nobody@") if f"<strong>{name}" in page]

    assert found() == ["王师傅", "admin@", "verifier@", "nobody@"]
    assert (
        found(q="138 0013 8000")
        == found(q="１３８００１３８０００")
        == found(q="王")
        == found(q="lishui-1")
        == ["王师傅"]
    )
    assert found(q="VERIFIER@example") == ["verifier@"]
    assert found(role="operator") == ["王师傅"]
    assert found(role="none") == ["nobody@"]
    assert found(q="nothing like it") == found(state="out") == []
    people.set_active(actor=CONSOLE, user=wang, active=False)
    assert found(state="out") == ["王师傅"]
    assert "王师傅" not in found()


def test_the_list_asks_as_often_for_many_people_as_for_few(desk, make_user, site):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            desk.get("/desk/people/")
        return len(seen)

    few = queries()
    for _ in range(20):
        make_user("operator", site=site)
    assert queries() == few


def test_a_new_person_gets_a_password_that_is_shown_once_and_works(desk):
    answer = desk.post(
        "/desk/people/new/", {"name": "李", "phone": "138 0013 8000", "email": "", "way": "show"}, headers=ENGLISH
    )
    password = re.search(r'class="secret">([^<]+)<', read(answer))[1]
    user = User.objects.get(name="李")
    assert "no-store" in answer.headers["Cache-Control"]
    assert password not in read(desk.get(reverse("person", args=[user.pk])))
    visitor = Client()
    assert visitor.post("/account/login/", {"login": "13800138000", "password": password}).status_code == 302
    assert visitor.get("/api/v1/me").json()["roles"] == []


def test_a_new_person_can_set_the_password_from_a_mail(desk):
    desk.post("/desk/people/new/", {"email": "new@example.org", "way": "mail"})
    link = re.search(r"http://testserver(/account/password/reset/key/\S+)", mail.outbox[0].body)[1]
    visitor = Client()
    form = visitor.get(link, follow=True)
    new = "another-long-password-2"
    visitor.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert visitor.post("/account/login/", {"login": "new@example.org", "password": new}).status_code == 302


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"way": "show"}, "at least one of them"),
        ({"phone": "12", "way": "show"}, "is not a phone number"),
        ({"email": "no-address", "way": "show"}, "This is not an e-mail address"),
        ({"email": "ADMIN@example.org", "way": "show"}, "There is already an account with admin@example.org"),
        ({"phone": "13800138000", "way": "mail"}, "A mail needs an e-mail address"),
    ],
)
def test_what_cannot_be_an_account_is_said_at_its_field_and_kept(desk, data, words):
    page = read(desk.post("/desk/people/new/", {"name": "Keep me", **data}, headers=ENGLISH))
    assert words in page
    assert 'value="Keep me"' in page
    assert User.objects.count() == 1


def test_roles_are_given_by_code_or_name_and_taken_away(desk, make_user, site):
    user = make_user(email="wang@example.org")
    Organisation.objects.create(code="lab-1", name_zh="检测室", name_en="Lab", kind="lab")
    give, page = reverse("person_role", args=[user.pk]), reverse("person", args=[user.pk])
    for role, place in (("operator", "lishui-1"), ("manager", "溧水一号堆肥点"), ("lab", "lab-1"), ("trainer", "")):
        assert desk.post(give, {"role": role, "place": place}).headers["Location"] == page
    held = {(m.role, m.site and m.site.code, m.organisation and m.organisation.code) for m in user.memberships.all()}
    assert held == {
        ("operator", "lishui-1", None),
        ("manager", "lishui-1", None),
        ("lab", None, "lab-1"),
        ("trainer", None, None),
    }
    for membership in user.memberships.all():
        for _twice in range(2):
            assert desk.post(reverse("person_role_end", args=[user.pk, membership.pk])).headers["Location"] == page
    assert not user.memberships.exists()
    assert AuditRecord.objects.filter(action="revoke_role").count() == 4


@pytest.mark.parametrize(
    ("role", "place", "words"),
    [
        ("operator", "", "Name the site"),
        ("operator", "no-such-site", "There is no “no-such-site”"),
        ("lab", "lishui-1", "There is no “lishui-1”"),
        ("verifier", "lishui-1", "held in the whole network"),
        ("emperor", "", "emperor"),
    ],
)
def test_a_role_that_cannot_be_given_is_said_at_its_field(desk, make_user, site, role, place, words):
    user = make_user()
    answer = desk.post(reverse("person_role", args=[user.pk]), {"role": role, "place": place}, headers=ENGLISH)
    assert words in read(answer)
    assert answer.status_code == 422
    assert not user.memberships.exists()


def test_a_role_of_one_person_is_not_ended_through_another(desk, make_user):
    membership = make_user("trainer").memberships.get()
    desk.post(reverse("person_role_end", args=[make_user().pk, membership.pk]))
    assert Membership.objects.filter(pk=membership.pk).exists()


def test_the_last_administrator_stays(desk, administrator, make_user):
    out, end = reverse("person_active", args=[administrator.pk]), administrator.memberships.get()
    for answer in (
        desk.post(out, {"active": "0"}, follow=True, headers=ENGLISH),
        desk.post(reverse("person_role_end", args=[administrator.pk, end.pk]), follow=True, headers=ENGLISH),
    ):
        assert "the last administrator" in read(answer)
    administrator.refresh_from_db()
    assert administrator.is_active and administrator.memberships.filter(role="administrator").exists()
    # One who is switched off does not count: the other is the last all the same.
    other = make_user("administrator")
    people.set_active(actor=CONSOLE, user=other, active=False)
    with pytest.raises(Problem, match="last administrator"):
        people.set_active(actor=CONSOLE, user=administrator, active=False)
    people.set_active(actor=CONSOLE, user=other, active=True)
    people.set_active(actor=CONSOLE, user=administrator, active=False)


def test_who_is_switched_off_is_out_at_once_and_comes_back_with_everything(desk, make_user, site):
    user = make_user("operator", site=site, email="wang@example.org")
    _token, secret = people.create_token(actor=user, name="scale", scopes=["read"])
    visitor = Client()
    visitor.force_login(user)
    bearer = {"authorization": f"Bearer {secret}"}
    assert visitor.get("/uploads/").status_code == Client().get("/api/v1/me", headers=bearer).status_code == 200
    desk.post(reverse("person_active", args=[user.pk]), {"active": "0"})
    assert visitor.get("/uploads/").status_code == 302
    assert Client().get("/api/v1/me", headers=bearer).status_code == 401
    desk.post(reverse("person_active", args=[user.pk]), {"active": "1"})
    assert Client().get("/api/v1/me", headers=bearer).json()["roles"][0]["site"] == site.code
    told = AuditRecord.objects.filter(object_id=user.pk, object_type="sites.user")
    assert list(told.values_list("action", flat=True)) == ["activate_user", "deactivate_user"]


def test_a_new_password_ends_open_sessions(desk, make_user):
    user = make_user("trainer", email="wang@example.org")
    visitor = Client()
    visitor.force_login(user)
    page = read(desk.post(reverse("person_password", args=[user.pk]), {"way": "show"}))
    password = re.search(r'class="secret">([^<]+)<', page)[1]
    assert visitor.get("/account/").status_code == 302
    assert visitor.post("/account/login/", {"login": "wang@example.org", "password": password}).status_code == 302
    desk.post(reverse("person_password", args=[user.pk]), {"way": "mail"})
    assert mail.outbox[0].to == ["wang@example.org"]


def test_no_mail_where_there_is_no_address_and_no_password_for_who_is_out(desk):
    user = people.create_user(actor=CONSOLE, phone="13800138000", password="a-long-password-1")
    address = reverse("person_password", args=[user.pk])
    assert "has no e-mail address" in read(desk.post(address, {"way": "mail"}, follow=True, headers=ENGLISH))
    people.set_active(actor=CONSOLE, user=user, active=False)
    assert "switched off" in read(desk.post(address, {"way": "show"}, follow=True, headers=ENGLISH))
    assert not mail.outbox


def test_nobody_of_that_number_is_not_found(desk):
    assert desk.get("/desk/people/999999/").status_code == 404
    assert desk.get("/desk/people/99999999999999999999999/").status_code == 404


def test_a_made_password_is_strong_and_never_the_same():
    made = {people.make_password() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"[a-hj-km-np-z2-9]{4}(-[a-hj-km-np-z2-9]{4}){2}", one) for one in made)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_switch_each_other_off_at_once_leave_one(make_user):
    pair = [make_user("administrator") for _ in range(2)]
    barrier, refused = threading.Barrier(2), []

    def switch_off(actor, user):
        barrier.wait()
        try:
            while True:
                try:
                    people.set_active(actor=actor, user=user, active=False)
                except OperationalError:
                    # SQLite in memory does not wait for the other writer, as a file and PostgreSQL do: ask again.
                    assert connection.vendor == "sqlite"
                    time.sleep(0.005)
                else:
                    return
        except Problem as problem:
            refused.append(problem.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=switch_off, args=pair[::step]) for step in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.filter(is_active=True).count() == 1
    # Refused as the last, or because the other one was quicker and the actor is out.
    assert len(refused) == 1 and refused[0] in ("last_administrator", "not_allowed")
