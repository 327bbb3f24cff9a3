"""Pages of the logbook: the batches of a site, one batch with its ledger, diary and forms."""

from __future__ import annotations

import mimetypes
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from batches import forms
from batches.entry_rules import entry_rules
from batches.logbook_rules import logbook_rules, next_states
from batches.materials import materials
from batches.models import Batch, DiaryEntry, LedgerEntry
from batches.selectors.logbook import (
    DiarySeries,
    batch_masses,
    diary_lines,
    diary_series,
    harvest_findings,
    ledger_lines,
    logbook_rows,
    measuring_points,
    queried_months,
    recent_ledger,
    visible_batch,
    visible_photo,
    visible_site,
)
from batches.services.entries import Receipt, store_diary_entries, store_ledger_entries
from batches.services.logbook import (
    change_batch_state,
    correct_diary_entry,
    correct_ledger_entry,
    open_batch,
    record_photo,
    stored_sentence,
    unit_name,
    void_diary_entry,
)
from batches.services.site_months import explain_finding
from compostnet.shared.charts import Event, Series, Threshold, line_chart
from compostnet.shared.display import format_mass, format_number, is_chinese
from compostnet.shared.months import month_text
from compostnet.shared.problems import Problem
from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from compostnet.shared.units import MG_PER_KG
from sites.auth import actor
from sites.permissions import may
from sites.vocabulary import process_name, processes

LEDGER_KINDS = tuple(LedgerEntry.Kind.values)
DIARY_KINDS = ("temperature", "turning", "moisture", "smell", "watering", "oxygen", "note", "photo")
DONE = ("finished", "abandoned")
LINES_A_PAGE = 60
HOT = 55.0


def _language() -> str:
    return get_language() or "zh-hans"


def _say(code: str) -> str:
    return Message(code).render(_language())


@login_required
@require_http_methods(["GET", "POST"])
def logbook(request: HttpRequest, code: str) -> HttpResponse:
    """The batches of a site by state, and the form that opens a new one."""
    who = actor(request)
    site = visible_site(who, code)
    may_open = may(who, "manage_batches", site=site)
    choices = [(key, process.name.in_language(_language())) for key, process in processes().items()]
    taken = set(site.batches.values_list("code", flat=True))
    form = forms.OpenBatchForm(site, choices, taken, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            batch = open_batch(
                actor=who,
                site=site,
                code=form.text("code"),
                started_on=form.cleaned_data["started_on"],
                process=form.text("process"),
                id=_uuid(form.text("id")),
            )
        except Problem as problem:
            if not problem.errors:
                raise
            form.show(problem.errors)
        else:
            messages.success(request, _("The batch %(code)s is open. Record what goes in.") % {"code": batch.code})
            return redirect("batch", batch.pk)
    rows = [{"row": row, "state": _state_word(row.batch)} for row in logbook_rows(site)]
    context = {
        "site": site,
        "process": process_name(site.process),
        "working": [row for row in rows if row["row"].batch.state not in DONE],
        "done": [row for row in rows if row["row"].batch.state in DONE],
        "queried": [month_text(month) for month in queried_months(site)],
        "form": form,
        "may_open": may_open,
    }
    return render(request, "batches/logbook/site.html", context, status=422 if form.errors else 200)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _state_word(batch: Batch) -> str:
    return _say(f"batch_state_{batch.state}")


@login_required
@require_http_methods(["GET", "POST"])
def batch(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One batch: summary, curve, ledger, diary; ``?do=`` opens a form, POST stores what it says."""
    who = actor(request)
    found = visible_batch(who, pk)
    do = request.POST.get("do") or request.GET.get("do") or ""
    form: Any = None
    if request.method == "POST":
        answer = ACTIONS.get(do, _unknown)(request, found, do)
        if isinstance(answer, HttpResponse):
            return answer
        form = answer
        forms.focus_first_fault(form)
    elif may(who, "record_entries", site=found.site):
        form = _fresh_form(request, found, do)
    return render(
        request, "batches/logbook/batch.html", _batch_context(request, found, do, form), status=_status(request, form)
    )


def _status(request: HttpRequest, form: Any) -> int:
    return 422 if request.method == "POST" and form is not None and form.errors else 200


def _fresh_form(request: HttpRequest, batch: Batch, do: str) -> Any:
    if do in LEDGER_KINDS:
        return forms.LedgerForm(batch, do, recent=recent_ledger(batch.site))
    if do == "temperature":
        return forms.TemperatureForm(batch, measuring_points(batch))
    if do == "photo":
        return forms.PhotoForm(batch)
    if do in forms.DiaryForm.FIELDS:
        return forms.DiaryForm(batch, do)
    if do == "correct" and (entry := _entry(batch, request.GET.get("entry", ""))):
        return forms.CorrectionForm(entry)
    if do == "correct_diary" and (line := _diary_entry(batch, request.GET.get("entry", ""))):
        return forms.DiaryCorrectionForm(line)
    return None


def _entry(batch: Batch, text: str) -> LedgerEntry | None:
    key = _uuid(text)
    entries = LedgerEntry.objects.select_related("site", "batch", "to_batch")
    return entries.filter(pk=key, batch=batch).first() if key else None


def _diary_entry(batch: Batch, text: str) -> DiaryEntry | None:
    key = _uuid(text)
    entries = DiaryEntry.objects.select_related("site", "batch")
    return entries.filter(pk=key, batch=batch).first() if key else None


def _batch_context(request: HttpRequest, batch: Batch, do: str, form: Any) -> dict[str, Any]:
    who = actor(request)
    masses = batch_masses(batch)
    series = diary_series(batch)
    ledger_start, diary_start = _start(request, "ledger"), _start(request, "diary")
    lines = ledger_lines(batch, ledger_start, LINES_A_PAGE + 1)
    diary = diary_lines(batch, diary_start, LINES_A_PAGE + 1)
    may_record = may(who, "record_entries", site=batch.site)
    names = {code: material.name.in_language(_language()) for code, material in materials().items()}
    diary_rules = entry_rules().diary_kinds
    zone = ZoneInfo(batch.site.time_zone)
    return {
        "batch": batch,
        "site": batch.site,
        "zone": zone,
        "state": _state_word(batch),
        "process": process_name(batch.process or batch.site.process),
        "masses": masses,
        "yield_percent": None if masses.yield_share is None else round(masses.yield_share * 100),
        "chart": _curve(batch, series) if series.curves else None,
        "hottest": series.hottest,
        "turnings": len(series.turnings),
        "lines": [
            {
                "entry": line.entry,
                "material": names.get(line.entry.material, line.entry.material),
                "kind": _say(f"ledger_kind_{line.entry.kind}"),
                "arrives": line.arrives,
                "unit": _in_words(unit_name(line.entry.entered_unit)),
                "superseded": line.superseded_by is not None,
                "outward": line.entry.kind != "intake" and not line.arrives,
                "correctable": may_record and line.superseded_by is None and not line.arrives,
            }
            for line in lines[:LINES_A_PAGE]
        ],
        "diary": [
            {
                "entry": entry,
                "kind": diary_rules[entry.kind].name.in_language(_language()),  # type: ignore[index]
                "unit": diary_rules[entry.kind].unit,  # type: ignore[index]
                "words": _smell(entry),
                "superseded": superseded,
                "correctable": may_record and not superseded,
            }
            for entry, superseded in diary[:LINES_A_PAGE]
        ],
        "ledger_pages": _pages("ledger", ledger_start, len(lines)),
        "diary_pages": _pages("diary", diary_start, len(diary)),
        "do": do,
        "form": form,
        "form_title": _form_title(do),
        "entry_id": request.POST.get("entry") or request.GET.get("entry") or "",
        "ledger_actions": [(kind, _say(f"ledger_kind_{kind}")) for kind in LEDGER_KINDS],
        "diary_actions": [(kind, diary_rules[kind].name.in_language(_language())) for kind in DIARY_KINDS],  # type: ignore[index]
        "states": [(state, _say(f"batch_state_{state}")) for state in next_states(batch.state)],
        "may_record": may_record,
        "may_manage": may(who, "manage_batches", site=batch.site),
        "may_explain": may(who, "explain_finding", site=batch.site),
        "findings": [{"month": month, "finding": finding} for month, finding in harvest_findings(batch)],
        "explain_form": form if do == "explain" and form is not None else forms.ExplainForm(),
    }


def _start(request: HttpRequest, name: str) -> int:
    """The line that a list begins with, of ``?ledger=60``; 0 for whatever else stands there."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _pages(name: str, start: int, found: int) -> dict[str, Any]:
    """Where the newer and the older lines are; None where there are none."""
    return {
        "name": name,
        "newer": max(0, start - LINES_A_PAGE) if start else None,
        "older": start + LINES_A_PAGE if found > LINES_A_PAGE else None,
    }


def _form_title(do: str) -> str:
    language = _language()
    if do in LEDGER_KINDS:
        return _say(f"ledger_kind_{do}")
    if do in DIARY_KINDS:
        return entry_rules().diary_kinds[do].name.in_language(language)  # type: ignore[index]
    return _("Correct an entry") if do in ("correct", "correct_diary") else ""


def _smell(entry: DiaryEntry) -> str:
    """A level of smell in words."""
    if entry.kind != "smell" or entry.value is None:
        return ""
    return str(dict(forms.DiaryForm.SMELLS).get(f"{entry.value:g}", ""))


def _in_words(text: Text | str) -> str:
    return text if isinstance(text, str) else text.in_language(_language())


def _curve(batch: Batch, series: DiarySeries) -> str:
    """The temperature curves with the turnings on them, in the site's own time."""
    zone, language = ZoneInfo(batch.site.time_zone), _language()

    def name(point: str, depth: int | None) -> str:
        parts = [point or _("somewhere in the heap")]
        if depth is not None:
            parts.append(f"{depth} cm")
        return " ".join(parts)

    lines = [
        Series(name(curve.point, curve.depth_cm), [(at.astimezone(zone), value) for at, value in curve.values])
        for curve in series.curves[:6]
    ]
    turned = _("turned")
    return line_chart(
        lines,
        title=_("Temperature of batch %(code)s") % {"code": batch.code},
        description=_("Hottest reading %(hottest)s °C; turned %(count)s times. The readings stand in the diary below.")
        % {"hottest": format_number(series.hottest), "count": len(series.turnings)},
        unit="°C",
        language=language,
        events=[Event(at.astimezone(zone), turned) for at in series.turnings],
        thresholds=[Threshold(HOT, _("55 °C: hot enough to kill germs"))],
    )


# --- what a POST does: a redirect when it is done, the form with its faults when not --------------------------------


def _back(batch: Batch) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("batch", args=[batch.pk]))


def _tell(request: HttpRequest, receipt: Receipt, sentence: Callable[[], str]) -> None:
    if receipt.outcome == "already_stored":
        messages.info(request, _("This was stored before; nothing was stored twice."))
    else:
        messages.success(request, sentence())


def _done(receipt: Receipt) -> bool:
    return receipt.outcome in ("stored", "already_stored")


def _refused(form: forms.Kept, receipt: Receipt) -> forms.Kept:
    if receipt.outcome == "retry":
        form.add_error(None, _("The platform was busy; nothing is lost. Press once more."))
    if receipt.outcome == "differs":
        _say_differs(form)
    else:
        form.show(receipt.faults)
    return form


def _say_differs(form: forms.Kept) -> None:
    """The form was sent before with other content (people go back and write another number)."""
    form.renew_ids()
    form.add_error(
        None,
        _(
            "This form has stored an entry before, with other content; that one was not overwritten. If this is "
            "another entry, press “Store” again. To change the earlier one, press “Correct” beside it below."
        ),
    )


def _record_ledger(request: HttpRequest, batch: Batch, do: str) -> Any:
    who = actor(request)
    form = forms.LedgerForm(batch, do, recent=recent_ledger(batch.site), data=request.POST)
    if not form.is_valid():
        return form
    with transaction.atomic():
        receipt = store_ledger_entries(actor=who, inputs=[form.entry()])[0]
        entry = LedgerEntry.objects.get(pk=receipt.id) if _done(receipt) else None
        is_much = entry is not None and entry.mass_mg > logbook_rules().confirm_above_kg * MG_PER_KG
        if is_much and receipt.outcome == "stored" and not form.cleaned_data.get("sure"):
            transaction.set_rollback(True)
            form.ask_whether_sure(
                _("That is %(mass)s in one entry. Check the amount and the unit; if it is right, tick the box.")
                % {"mass": format_mass(entry.mass_mg, _language())}
            )
            return form
    if entry is None:
        return _refused(form, receipt)
    _tell(request, receipt, lambda: stored_sentence(entry).render(_language()))
    if any(finding.blocks for _month, finding in harvest_findings(batch)):
        messages.warning(
            request, _("More has now come out of this batch than ever went in. It is stored; please explain it below.")
        )
    return _back(batch)


def _record_diary(request: HttpRequest, batch: Batch, do: str) -> Any:
    form = forms.DiaryForm(batch, do, data=request.POST)
    if not form.is_valid():
        return form
    receipt = store_diary_entries(actor=actor(request), inputs=[form.entry()])[0]
    if not _done(receipt):
        return _refused(form, receipt)
    _tell(request, receipt, lambda: _("Stored: %(what)s.") % {"what": _form_title(do)})
    return _back(batch)


def _record_temperatures(request: HttpRequest, batch: Batch, do: str) -> Any:
    form = forms.TemperatureForm(batch, measuring_points(batch), data=request.POST)
    if not form.is_valid():
        return form
    entries = form.entries()
    if not entries:
        form.add_error("value_0", _("Write at least one temperature."))
        return form
    receipts = store_diary_entries(actor=actor(request), inputs=[entry for _number, entry in entries])
    stored = [entry for (_number, entry), receipt in zip(entries, receipts, strict=True) if _done(receipt)]
    for (number, _entry), receipt in zip(entries, receipts, strict=True):
        if receipt.outcome == "retry":
            form.add_error(None, _("The platform was busy; nothing is lost. Press once more."))
        if receipt.outcome != "differs":
            form.show_row(number, receipt.faults)
    if any(receipt.outcome == "differs" for receipt in receipts):
        _say_differs(form)
    if stored:
        separator = "、" if is_chinese(_language()) else ", "
        words = separator.join(f"{entry.point} {entry.value} {entry.unit or '°C'}".strip() for entry in stored)
        messages.success(request, _("Stored: %(what)s.") % {"what": words})
    return form if form.errors else _back(batch)


def _record_photo(request: HttpRequest, batch: Batch, do: str) -> Any:
    form = forms.PhotoForm(batch, data=request.POST, files=request.FILES)
    if not form.is_valid():
        return form
    key, picture = _uuid(form.text("id")), form.cleaned_data.get("photo")
    if picture is None or key is None:
        form.add_error("photo", _("Choose a picture first."))
        return form
    try:
        receipt = record_photo(
            actor=actor(request),
            batch=batch,
            id=key,
            content=picture.read(),
            observed_at=form.text("observed_at"),
            note=form.text("note"),
        )
    except Problem as problem:
        if not problem.errors:
            raise
        form.show(problem.errors)
        return form
    if not _done(receipt):
        return _refused(form, receipt)
    _tell(request, receipt, lambda: _("Stored: %(what)s.") % {"what": _form_title(do)})
    return _back(batch)


def _correct(request: HttpRequest, batch: Batch, do: str) -> Any:
    entry = _entry(batch, request.POST.get("entry", ""))
    if entry is None:
        raise Problem("not_found", what=Message("thing_ledger_entry"))
    form = forms.CorrectionForm(entry, data=request.POST)
    if not form.is_valid():
        return form
    unit = form.text("unit")
    receipt = correct_ledger_entry(
        actor=actor(request),
        entry=entry,
        value=form.text("value"),
        unit=unit,
        unit_mass_kg=form.text("unit_mass_kg"),
        material=form.text("material"),
        occurred_on=form.text("occurred_on"),
        reason=form.text("reason"),
        id=_uuid(form.text("id")),
    )
    if not _done(receipt):
        return _refused(form, receipt)
    corrected = LedgerEntry.objects.get(pk=receipt.id)
    _tell(request, receipt, lambda: stored_sentence(corrected).render(_language()))
    return _back(batch)


def _correct_diary(request: HttpRequest, batch: Batch, do: str) -> Any:
    entry = _diary_entry(batch, request.POST.get("entry", ""))
    if entry is None:
        raise Problem("not_found", what=Message("thing_diary_entry"))
    form = forms.DiaryCorrectionForm(entry, data=request.POST)
    if not form.is_valid():
        return form
    who, reason, key = actor(request), form.text("reason"), _uuid(form.text("id"))
    if form.cleaned_data.get("void"):
        receipt = void_diary_entry(actor=who, entry=entry, reason=reason, id=key)
    else:
        receipt = correct_diary_entry(actor=who, entry=entry, reason=reason, id=key, **form.changes())
    if not _done(receipt):
        return _refused(form, receipt)
    _tell(request, receipt, lambda: _("The correction is stored; the earlier entry stays readable."))
    return _back(batch)


def _change_state(request: HttpRequest, batch: Batch, do: str) -> HttpResponse:
    state = request.POST.get("state", "")
    try:
        batch = change_batch_state(actor=actor(request), batch=batch, state=state)
    except Problem as problem:
        if problem.status != 409:
            raise
        messages.error(request, problem.message.render(_language()))
    else:
        messages.success(request, _("The batch is now: %(state)s.") % {"state": _state_word(batch)})
    return _back(batch)


def _explain(request: HttpRequest, batch: Batch, do: str) -> Any:
    form = forms.ExplainForm(data=request.POST)
    if not form.is_valid():
        return form
    for month, finding in harvest_findings(batch):
        if not finding.is_explainable:
            continue
        explain_finding(
            actor=actor(request),
            site=batch.site,
            month=month,
            finding=finding.code,
            batch=batch,
            text=form.cleaned_data["text"],
        )
    messages.success(request, _("The explanation is stored; it stands beside the month for the verifier."))
    return _back(batch)


def _unknown(request: HttpRequest, batch: Batch, do: str) -> Any:
    raise Problem("not_found", what=Message("thing_address"))


ACTIONS: dict[str, Callable[[HttpRequest, Batch, str], Any]] = {
    **dict.fromkeys(LEDGER_KINDS, _record_ledger),
    **dict.fromkeys(forms.DiaryForm.FIELDS, _record_diary),
    "temperature": _record_temperatures,
    "photo": _record_photo,
    "correct": _correct,
    "correct_diary": _correct_diary,
    "state": _change_state,
    "explain": _explain,
}


@login_required
@require_GET
def photo(request: HttpRequest, pk: uuid.UUID) -> FileResponse:
    """A picture of the diary, for those who may read the site's records."""
    found = visible_photo(actor(request), pk)
    kind = mimetypes.guess_type(found.file.name)[0] or "application/octet-stream"
    answer = FileResponse(found.file.open("rb"), content_type=kind)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


urlpatterns = [
    path("sites/<slug:code>/logbook/", logbook, name="logbook"),
    path("batches/<uuid:pk>/", batch, name="batch"),
    path("photos/<uuid:pk>/", photo, name="photo"),
]
