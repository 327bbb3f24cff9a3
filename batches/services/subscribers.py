"""Who wants a mail when a release is published: they ask, confirm by a link, and end it by a link in every mail."""

from __future__ import annotations

import datetime as dt
import uuid

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import MaxLengthValidator, validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from batches.models import Mailing, Release, Subscriber
from compostnet.shared import releases
from compostnet.shared.display import format_mass, format_month
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from compostnet.shell import background
from sites.audit import record
from sites.permissions import Actor

AGAIN = dt.timedelta(minutes=10)
"""So long nobody gets a second mail that asks them to confirm, however often their address is typed in."""
FORGET = dt.timedelta(days=14)
"""So long an address that nobody confirmed is kept."""
RECENT = dt.timedelta(days=3)
"""So long after publishing, whoever was not reached yet is still told."""
log = structlog.get_logger(__name__)


def subscribe(*, actor: Actor, email: str, language: str) -> None:
    """Send a mail with the link that confirms; nothing is told about whether the address is known already."""
    email = email.strip().lower()
    try:
        # No address is longer than 254 characters (RFC 5321), though the validator of its form allows more.
        MaxLengthValidator(Subscriber._meta.get_field("email").max_length or 254)(email)
        validate_email(email)
    except ValidationError:
        raise Problem("email_not_readable", value=email[:100]) from None
    now = timezone.now()
    with transaction.atomic():
        Subscriber.objects.filter(confirmed_at__isnull=True, created_at__lt=now - FORGET).delete()
        found, is_new = Subscriber.objects.get_or_create(email=email, defaults={"language": language})
        if found.confirmed_at is not None or not (is_new or now - found.created_at > AGAIN):
            return
        if not is_new:
            Subscriber.objects.filter(pk=found.pk).update(created_at=now, language=language)
        record(actor, "subscribe", found)
        transaction.on_commit(lambda: _ask(found))


def _ask(subscriber: Subscriber) -> None:
    from batches.tasks import ask_subscriber  # the tasks know the services

    background.start(ask_subscriber, subscriber.pk)


def confirm_subscription(*, actor: Actor, key: uuid.UUID) -> Subscriber:
    """The address is who asked: from now on it is told of releases."""
    with transaction.atomic():
        found = Subscriber.objects.select_for_update().filter(key=key).first()
        if found is None:
            raise Problem("not_found", what=Message("thing_subscription"))
        if found.confirmed_at is None:
            found.confirmed_at = timezone.now()
            found.save(update_fields=["confirmed_at"])
            record(actor, "confirm_subscription", found)
    return found


def end_subscription(*, actor: Actor, key: uuid.UUID) -> None:
    """Forget the address. Asked again it is as good: there is nothing to end."""
    with transaction.atomic():
        found = Subscriber.objects.select_for_update().filter(key=key).first()
        if found is not None:
            record(actor, "end_subscription", found)
            found.delete()


def address_of(name: str, *arguments: object) -> str:
    """The address of a page as people outside reach it."""
    return settings.PUBLIC_URL + reverse(name, args=arguments)


def send_confirmation(subscriber: int) -> None:
    """The mail that asks whether they meant it."""
    found = Subscriber.objects.filter(pk=subscriber, confirmed_at__isnull=True).first()
    if found is not None:
        values = {"confirm": address_of("subscription_confirm", found.key), "days": FORGET.days}
        _mail(found, Message("mail_confirm_subject"), Message("mail_confirm_body", values)).send()


def tell_of_release(number: int | None = None) -> int:
    """Tell every subscriber of a release, once each; how many were told now.

    Without a number: of the newest one, if it is recent. Only those are told who had confirmed when it was published.
    """
    release = Release.objects.filter(number=number).first() if number else Release.objects.order_by("-number").first()
    if release is None or (number is None and timezone.now() - release.created_at > RECENT):
        return 0
    entry = next((e for e in releases.index(settings.RELEASES_DIR) if e["number"] == release.number), None)
    if entry is None:
        return 0
    waiting = Subscriber.objects.filter(confirmed_at__lte=release.created_at).exclude(
        Q(pk__in=Mailing.objects.filter(release=release).values("subscriber"))
    )
    told = 0
    with get_connection() as connection:
        for subscriber in waiting:
            try:
                with transaction.atomic():
                    mailing = Mailing.objects.create(subscriber=subscriber, release=release)
            except IntegrityError:
                continue  # another worker tells them
            try:
                mail = release_mail(subscriber, entry)
                mail.connection = connection
                mail.send()
                told += 1
            except Exception as error:
                # One address that the server refuses keeps nobody else from being told; it is tried again later.
                log.error("mail_not_sent", subscriber=subscriber.pk, release=release.number, exc_info=error)
                mailing.delete()
    return told


def release_mail(subscriber: Subscriber, entry: releases.Entry) -> EmailMessage:
    """The mail about a release, in the subscriber's language, out of the index alone."""
    language = subscriber.language
    values = {
        "number": entry["number"],
        "month": format_month(entry["month"], language),
        "status": Message(f"release_status_{entry['status']}"),
        "summary": summary_of(entry, language),
        "page": address_of("release", entry["number"]),
        "verify": address_of("verify_release", entry["number"]),
        "end": address_of("subscription_end", subscriber.key),
    }
    return _mail(subscriber, Message("mail_release_subject", values), Message("mail_release_body", values))


def summary_of(entry: releases.Entry, language: str) -> str:
    """The headline of a release in sentences: for mails and feeds."""
    headline = (entry.get("headline") or {}).get("month")
    told = []
    if headline:
        values = {name: _tonnes(headline[name], language) for name in ("diverted_t", "ch4_avoided_t", "net_co2e_t")}
        counts = {name: headline[name] for name in ("sites_expected", "sites_verified")}
        told.append(Message("release_summary", {**values, **counts}))
    if entry.get("reason"):
        side = "zh" if language.startswith("zh") else "en"
        told.append(Message("release_summary_reason", {"reason": entry["reason"][side]}))
    if entry.get("invented"):
        told.append(Message("release_summary_invented"))
    return ("" if language.startswith("zh") else " ").join(message.render(language) for message in told)


def _tonnes(value: float | None, language: str) -> str | Message:
    return Message("not_estimated") if value is None else format_mass(value, language, "t")


def _mail(subscriber: Subscriber, subject: Message, body: Message) -> EmailMessage:
    end = address_of("subscription_end", subscriber.key)
    return EmailMessage(
        subject.render(subscriber.language),
        body.render(subscriber.language),
        to=[subscriber.email],
        headers={"List-Unsubscribe": f"<{end}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )
