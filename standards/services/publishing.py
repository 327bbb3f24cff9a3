"""Show a confirmed lab report in public, under a short code, and take it back."""

from __future__ import annotations

import secrets

from django.db import IntegrityError, transaction
from django.utils import timezone

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites import audit
from sites.permissions import Actor, require, user_or_none
from standards.codes import new_code
from standards.models import LabReport

ATTEMPTS = 20
"""Codes are drawn from 32^7; that twenty in a row are taken is no accident."""


def locked_report(report: LabReport) -> LabReport:
    """The report as it stands now, held until the end of the transaction."""
    locked = LabReport.objects.select_for_update(of=("self",))
    return locked.select_related("sample__batch__site", "lab").get(pk=report.pk)


def publish_lab_report(*, actor: Actor, report: LabReport) -> LabReport:
    """Show a confirmed report in public; it keeps its code for ever. Again changes nothing."""
    site = report.sample.batch.site
    require(actor, "publish_lab_report", site=site)
    with transaction.atomic():
        found = locked_report(report)
        if found.state != LabReport.State.CONFIRMED:
            raise Problem("lab_report_not_confirmed", state=Message(f"lab_report_{found.state}"))
        if found.published_at is not None:
            return found
        found.published_at, found.published_by = timezone.now(), user_or_none(actor)
        found.save(update_fields=["published_at", "published_by"])
        if found.public_code is None:
            found.public_code = _own_code(found)
        audit.record(actor, "publish_lab_report", found, site=site, code=found.public_code)
    return found


def _own_code(report: LabReport) -> str:
    """Give a report a code that no other has; of two that draw the same one the database lets one have it."""
    for attempt in range(ATTEMPTS):
        code = new_code(secrets.choice)
        try:
            with transaction.atomic():
                LabReport.objects.filter(pk=report.pk).update(public_code=code)
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return code
    raise AssertionError("no attempt was made")


def unpublish_lab_report(*, actor: Actor, report: LabReport) -> LabReport:
    """Show a report no longer. Its code stays reserved, and its page says so."""
    site = report.sample.batch.site
    require(actor, "publish_lab_report", site=site)
    with transaction.atomic():
        found = locked_report(report)
        if found.published_at is None:
            return found
        found.published_at = found.published_by = None
        found.save(update_fields=["published_at", "published_by"])
        audit.record(actor, "unpublish_lab_report", found, site=site, code=found.public_code)
    return found
