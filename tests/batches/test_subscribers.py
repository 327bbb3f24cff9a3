"""Mails about releases: to who asked and confirmed, each once, ended by one press; nobody learns who subscribes."""

from __future__ import annotations

import re
import uuid

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from batches.models import Mailing, Subscriber
from batches.services import subscribers
from batches.services.releases import publish_release
from batches.services.site_months import verify_site_months
from batches.services.subscribers import confirm_subscription, end_subscription, subscribe, tell_of_release
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from sites.models import AuditRecord
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry

MAY = parse_month("2024-05")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("undrawn")]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    settings.PUBLIC_URL = "https://compost.example.org"
    cache.clear()
    return settings.RELEASES_DIR


@pytest.fixture
def release(site):
    make_entry(site, "2024-05", 200)
    verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY)])

    def publish():
        return publish_release(actor=CONSOLE, month=MAY)

    return publish


def subscriber(email, language="en", confirmed=True):
    return Subscriber.objects.create(email=email, language=language, confirmed_at=timezone.now() if confirmed else None)


def links(text):
    return re.findall(r"https://compost\.example\.org(\S+)", text)


def test_from_the_form_to_the_mail_and_out_again(client, release, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("subscribe"), {"email": " Reader@Example.org "}, headers={"Accept-Language": "en"})
    assert answer.status_code == 302
    (asked,) = mail.outbox
    assert asked.to == ["reader@example.org"]
    (confirm,) = links(asked.body)
    assert client.get(confirm).status_code == 200
    assert Subscriber.objects.get().confirmed_at is None, "programs that look into mails open links"
    assert "Confirmed" in client.post(f"{confirm}?lang=en").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        release()
    told = mail.outbox[1]
    assert "May 2024 (provisional)" in told.subject
    assert "200\xa0kg" in told.body
    page, verify, end = links(told.body)
    assert (page, verify) == ("/releases/1/", "/releases/1/verify/")
    assert told.extra_headers["List-Unsubscribe"] == f"<https://compost.example.org{end}>"
    assert told.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert client.get(end).status_code == 200
    assert Subscriber.objects.exists()
    # A program for mail: no session, no CSRF token.
    from django.test import Client

    assert Client(enforce_csrf_checks=True).post(end, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Subscriber.objects.exists()
    assert client.post(end).status_code == 200
    actions = list(AuditRecord.objects.filter(object_type="batches.subscriber").order_by("pk"))
    assert [record.action for record in actions] == ["subscribe", "confirm_subscription", "end_subscription"]
    assert "example.org" not in str([record.detail for record in actions])


def test_everybody_is_told_once_in_their_language(release, django_capture_on_commit_callbacks):
    subscriber("zh@example.org", "zh-hans")
    subscriber("en@example.org", "en")
    subscriber("never@example.org", confirmed=False)
    with django_capture_on_commit_callbacks(execute=True):
        number = release().number
    assert sorted(message.to[0] for message in mail.outbox) == ["en@example.org", "zh@example.org"]
    texts = {message.to[0]: message.subject + message.body for message in mail.outbox}
    assert "初步数据" in texts["zh@example.org"] and "未估算" in texts["zh@example.org"]
    assert "provisional" in texts["en@example.org"] and "not estimated" in texts["en@example.org"]
    assert tell_of_release(number) == 0
    assert tell_of_release() == 0
    assert len(mail.outbox) == 2
    assert Mailing.objects.count() == 2


def test_one_address_that_the_server_refuses_keeps_nobody_else_waiting_and_is_tried_again(release, monkeypatch):
    number = release().number
    for name in ("a", "b", "c"):
        subscriber(f"{name}@example.org")
    Subscriber.objects.update(confirmed_at="2024-01-01T00:00Z")
    real = subscribers.EmailMessage.send

    def send(message, *args, **kwargs):
        if message.to == ["b@example.org"]:
            raise OSError("refused")
        return real(message, *args, **kwargs)

    monkeypatch.setattr(subscribers.EmailMessage, "send", send)
    assert tell_of_release(number) == 2
    monkeypatch.setattr(subscribers.EmailMessage, "send", real)
    assert tell_of_release() == 1
    assert sorted(message.to[0] for message in mail.outbox) == ["a@example.org", "b@example.org", "c@example.org"]


def test_who_subscribes_after_a_release_is_told_of_the_next(release):
    number = release().number
    subscriber("late@example.org")
    assert tell_of_release(number) == 0


def test_the_answer_does_not_tell_who_subscribes(client, django_capture_on_commit_callbacks):
    subscriber("known@example.org")
    pages = []
    for email in ("known@example.org", "unknown@example.org"):
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(f"{reverse('subscribe')}?lang=en", {"email": email}, follow=True)
        pages.append(re.sub(r'value="[^"]{64}"', "", answer.content.decode()))
    assert pages[0] == pages[1]
    assert [message.to for message in mail.outbox] == [["unknown@example.org"]]


def test_nobody_is_flooded(client, django_capture_on_commit_callbacks):
    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            subscribe(actor=CONSOLE, email="victim@example.org", language="en")
    assert len(mail.outbox) == 1
    answers = [client.post(reverse("subscribe"), {"email": f"a{n}@example.org"}).status_code for n in range(12)]
    assert answers[:10] == [302] * 10
    assert answers[-1] == 429


def test_what_is_no_address_is_said_at_the_field(client, db):
    answer = client.post(f"{reverse('subscribe')}?lang=en", {"email": "not an address"})
    assert answer.status_code == 422
    assert "name@example.org" in answer.content.decode()
    assert 'value="not an address"' in answer.content.decode()
    assert not Subscriber.objects.exists()


def test_links_of_nobody_and_unconfirmed_addresses_are_forgotten(db):
    with pytest.raises(Problem) as error:
        confirm_subscription(actor=CONSOLE, key=uuid.uuid4())
    assert error.value.status == 404
    end_subscription(actor=CONSOLE, key=uuid.uuid4())
    old = subscriber("old@example.org", confirmed=False)
    Subscriber.objects.filter(pk=old.pk).update(created_at=timezone.now() - subscribers.FORGET * 2)
    subscribe(actor=CONSOLE, email="new@example.org", language="en")
    assert list(Subscriber.objects.values_list("email", flat=True)) == ["new@example.org"]


@pytest.mark.parametrize(
    "email",
    [
        "x@" + ".".join(["x" * 60] * 5) + ".org",
        "reader@example.org\nBcc: other@example.org",
        "reader@example.org,other@example.org",
        "reader\0@example.org",
    ],
)
def test_what_is_no_address_is_refused_in_words_and_kept_nowhere(client, email):
    answer = client.post(f"{reverse('subscribe')}?lang=en", {"email": email})
    assert answer.status_code == 422
    assert not Subscriber.objects.exists()
    assert not mail.outbox
