"""Publishing from the desk: the button, and the page that shows how far it is."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_safe

from batches.models import PublishJob
from batches.services.publish_jobs import ACTIVE, is_stale, start_publish_job, unpacked
from batches.views.month_items import month_of_text, told
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.auth import actor
from sites.permissions import require


@told
def desk_publish(request: HttpRequest) -> HttpResponse:
    """Start publishing a month; what refuses it is told on the page that the form came from."""
    job = start_publish_job(
        actor=actor(request),
        month=month_of_text(request.POST.get("month", "")),
        final=request.POST.get("status") == "final",
        reason=request.POST.get("reason", ""),
        confirmed=bool(request.POST.get("confirmed")),
    )
    return redirect("publish_job", job=job.pk)


@login_required
@require_safe
def publish_job(request: HttpRequest, job: uuid.UUID) -> HttpResponse:
    """How far a job is. The page comes again by itself while there is something to wait for."""
    require(actor(request), "view_network")
    found = PublishJob.objects.select_related("release", "asked_by").filter(pk=job).first()
    if found is None:
        raise Problem("not_found", what=Message("thing_publish_job"))
    stale = is_stale(found)
    return render(
        request,
        "batches/releases/job.html",
        {
            "job": found,
            "waits": found.state in ACTIVE and not stale,
            "is_cut_off": stale or found.state == PublishJob.State.CUT_OFF,
            "step": Message(found.step) if found.step else None,
            "problem": unpacked(found.problem) if found.problem else None,
        },
    )


urlpatterns = [
    path("desk/publish/", desk_publish, name="desk_publish"),
    path("desk/publish/<uuid:job>/", publish_job, name="publish_job"),
]
