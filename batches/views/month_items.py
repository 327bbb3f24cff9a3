"""What the desk and the pages of a site share: site-months as they show them, and forms that tell their refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from batches.models import Remark, SiteMonth
from batches.selectors.findings import Finding, findings_for
from batches.selectors.site_months import (
    LATE_ENTRIES,
    masses_of,
    note_of,
    said,
    this_month,
    threads_of,
)
from compostnet.shared.months import month_text, parse_month
from compostnet.shared.problems import Fault, Problem

View = Callable[..., HttpResponse | None]


def language() -> str:
    """The language of the page."""
    return get_language() or settings.LANGUAGE_CODE


def month_of_text(text: str) -> int:
    """A month of a form or address; the problem says how to write it."""
    try:
        return parse_month(text)
    except ValueError:
        raise Problem("month_not_readable", value=text) from None


def key_of_text(text: str) -> tuple[str, int]:
    """Site code and month of a form's ``lishui-1:2024-05``."""
    code, _colon, month = text.partition(":")
    return code, month_of_text(month)


def told(view: View) -> Callable[..., HttpResponse]:
    """A form that leads back to its page: a refusal becomes a message there. A view may answer with a page itself."""

    @wraps(view)
    def tell(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer = view(request, *args, **kwargs)
        except Problem as problem:
            if problem.status in (401, 403, 404):
                raise
            faults = [fault_words(fault) for fault in problem.errors]
            messages.error(request, " ".join([problem.message.render(language()), *faults]))
            answer = None
        return answer if isinstance(answer, HttpResponse) else redirect(back_of(request))

    return login_required(require_POST(tell))  # type: ignore[no-any-return]


def back_of(request: HttpRequest) -> str:
    """The page that a form came from; the desk where it names none of ours."""
    back = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return back
    return reverse("desk")


def fault_words(fault: Fault) -> str:
    accepted = f" → {fault.accepted.render(language())}" if fault.accepted else ""
    return fault.message.render(language()) + accepted


def group_of(row: SiteMonth) -> str:
    """Under which head of the desk a site-month stands."""
    if row.month >= this_month():
        return "not_over"
    if row.note == LATE_ENTRIES and row.state != SiteMonth.State.VERIFIED:
        return "reopened"
    return str(row.state)


@dataclass(frozen=True, slots=True)
class Item:
    """A site-month as the pages show it."""

    row: SiteMonth
    key: str
    month: str
    note: str
    group: str
    mass: Any
    findings: list[Finding]
    thread: list[dict[str, Any]]
    answered: bool
    """Whether the site has said something since the platform last asked."""

    @property
    def is_verified(self) -> bool:
        return self.row.state == SiteMonth.State.VERIFIED

    @property
    def is_blocked(self) -> bool:
        return any(finding.blocks for finding in self.findings)

    @property
    def is_clean(self) -> bool:
        """Nothing stands against it, and no warning waits for somebody to read it."""
        return not any(finding.blocks or finding.warns for finding in self.findings)


def items(rows: Sequence[SiteMonth], verifier: Any) -> list[Item]:
    """Site-months with masses, findings and thread; a constant number of queries."""
    keys = [(row.site_id, row.month) for row in rows]
    findings, masses, threads = findings_for(keys, verifier=verifier), masses_of(keys), threads_of(keys)
    return [
        Item(
            row=row,
            key=f"{row.site.code}:{month_text(row.month)}",
            month=month_text(row.month),
            note=note_of(row, language()),
            group=group_of(row),
            mass=masses[key],
            findings=[] if row.state == SiteMonth.State.VERIFIED else findings[key],
            thread=[_remark(remark) for remark in threads[key]],
            answered=_is_answered(threads[key]),
        )
        for row, key in zip(rows, keys, strict=True)
    ]


def _remark(remark: Remark) -> dict[str, Any]:
    return {
        "kind": remark.kind,
        "text": said(remark.text, language()),
        "at": remark.created_at,
        "by": str(remark.created_by or ""),
    }


def _is_answered(thread: Sequence[Remark]) -> bool:
    for remark in reversed(thread):
        if remark.kind == Remark.Kind.QUERY:
            return False
        if remark.kind == Remark.Kind.ANSWER:
            return True
    return False
