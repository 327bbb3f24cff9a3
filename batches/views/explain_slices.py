"""The explain pages as data: the same addresses with ``.csv`` and ``.json``, with licence and citation inside."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from batches.impact.document.release_files import canonical, sha256
from batches.impact.explain.agreement import month_checks
from batches.impact.explain.arithmetic import SiteAccount
from batches.impact.explain.rows import LINE_COLUMNS, line_rows, month_json, release_json
from batches.impact.explain.values import SiteMonth
from batches.selectors import released
from compostnet.shared.display import inert
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from compostnet.shared.releases import CONTENT_TYPES, Published
from compostnet.shared.texts import Message

Json = dict[str, Any]
FOREVER = "public, max-age=31536000, immutable"
SPANS = ("month", "year", "total")
SHARED = ("release", "licence", "citation_zh", "citation_en")
FIGURE_COLUMNS = ("level", "code", "name_zh", "name_en", "months", "indicator", "low", "value", "high")


def answer(request: HttpRequest, published: Published, form: str, name: str, content: bytes) -> HttpResponseBase:
    """A slice, or 304 where the reader has it already. It never changes: the release does not."""
    etag = f'"{sha256(content)}"'
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        response: HttpResponseBase = unchanged
    else:
        response = HttpResponse(content, content_type=CONTENT_TYPES[f".{form}"])
        file = f"compostnet-{published.month}-{published.number}-{name}.{form}"
        response.headers["Content-Disposition"] = f'inline; filename="{file}"'
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = FOREVER
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def table(published: Published, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table in which every row names its release, licence and citation, so that a cut-out still says them."""
    about = published.figures["release"]
    shared = (published.number, about["licence"], about["citation"]["zh"], about["citation"]["en"])
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow((*columns, *SHARED))
    writer.writerows((*row, *shared) for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _document(published: Published, content: Mapping[str, Any]) -> bytes:
    return canonical({"release": release_json(published.figures["release"]), **content})


def slice_of_part(
    request: HttpRequest,
    published: Published,
    form: str,
    level: str,
    whole: Json,
    parts: Sequence[tuple[str, Sequence[Json]]],
) -> HttpResponseBase:
    """The figures of a part of the network and of everything that it is the sum of."""
    name = f"explain-{whole['code'] or 'network'}"
    if form == "json":
        listed = {f"{kind}s" if kind != "city" else "cities": list(things) for kind, things in parts}
        content = _document(published, {"level": level, **_named(whole), "figures": _spans(whole), "parts": listed})
        return answer(request, published, form, name, content)

    def rows() -> Iterator[tuple[Any, ...]]:
        if "month" in whole:
            yield from figure_rows(published, level, whole)
        for kind, things in parts:
            for thing in things:
                yield from figure_rows(published, kind, thing)

    return answer(request, published, form, name, table(published, FIGURE_COLUMNS, rows()))


def _named(thing: Json) -> Json:
    return {key: thing[key] for key in ("code", "name_zh", "name_en")}


def _spans(thing: Json) -> Json | None:
    return {span: thing[span] for span in SPANS} if "month" in thing else None


def figure_rows(published: Published, level: str, thing: Json) -> Iterator[tuple[Any, ...]]:
    """The figures of one thing: an indicator a row, a span of months as first/last, blank where it is not known."""
    month = published.month
    axis = published.figures["series_months"]
    spans = {"month": month, "year": f"{month[:4]}-01/{month}", "total": f"{axis[0] if axis else month}/{month}"}
    named = (level, *(inert(thing[key]) for key in ("code", "name_zh", "name_en")))
    for span, months in spans.items():
        figure = thing[span]
        intervals = figure.get("interval") or {}
        for indicator, value in figure.items():
            if isinstance(value, dict) or indicator in ("reason", "note", "explanation", "interval", "scenarios"):
                continue
            low, high = intervals.get(indicator) or (None, None)
            yield (*named, months, indicator, _text(low), _text(value), _text(high))


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(value)


def slice_of_site(
    request: HttpRequest, published: Published, form: str, site: Json, account: SiteAccount
) -> HttpResponseBase:
    """A site's figures, its series and its whole evidence."""
    name = f"explain-{site['code']}"
    if form == "json":
        months = published.figures["series_months"]
        content = {"site": site, "series_months": months, "evidence": dict(account.evidence)}
        return answer(request, published, form, name, _document(published, content))

    def rows() -> Iterator[tuple[Any, ...]]:
        yield from figure_rows(published, "site", site)
        named = ("site", *(inert(site[key]) for key in ("code", "name_zh", "name_en")))
        axis = published.figures["series_months"]
        for indicator, values in site["series"].items():
            for month, value in zip(axis, values, strict=True):
                if value is not None and month != published.month:
                    yield (*named, month, indicator, "", _text(value), "")
        for month, kind, material, measured, kg, _entries in account.evidence["masses"]:
            yield (*named, month, f"kg {kind} {material} {measured}", "", kg, "")
        for month, kind, value in account.evidence.get("energy") or ():
            yield (*named, month, kind, "", _text(value), "")

    return answer(request, published, form, name, table(published, FIGURE_COLUMNS, rows()))


def month_document(published: Published, site: Json, account: SiteAccount, month: str, step: SiteMonth | None) -> Json:
    """One explained month of a site as JSON, with its entries; ``explained`` null before the first verified month."""
    entries: list[Json] | None = None
    number = None
    if site["detail"] != "sums":
        found = released.entries_of(published, site["code"], month, settings.RELEASES_DIR)
        number = found.number
        if number is not None:
            entries = [{**entry.row, "earlier": list(entry.earlier)} for entry in found.found]
    axis = published.figures["series_months"]
    checks = month_checks(site, axis, step, account.rules.gwp) if step else []
    return {
        "site": _named(site),
        "month": month,
        "detail": site["detail"],
        "places": list(account.evidence["places"]),
        "explained": month_json(step, checks) if step else None,
        "net_co2e_t": step.net if step and step.known else None,
        "entries_release": number,
        "entries": entries,
    }


def slice_of_month(
    request: HttpRequest,
    published: Published,
    form: str,
    site: Json,
    account: SiteAccount,
    month: str,
    step: SiteMonth | None,
) -> HttpResponseBase:
    """A site's month, line by line, with its entries."""
    name = f"explain-{site['code']}-{month}"
    document = month_document(published, site, account, month, step)
    if form == "json":
        return answer(request, published, form, name, _document(published, document))

    def rows() -> Iterator[tuple[Any, ...]]:
        if step is not None:
            yield from line_rows(step)
        for entry in document["entries"] or ():
            words = f"{entry['kind']} {entry['material']} {entry['measured']}"
            typed = f"{entry['entered_value']} {entry['entered_unit']}"
            yield "entry", "", "", entry["date"], "", words, words, entry["kg"], "kg", inert(typed), entry["id"], ""

    return answer(request, published, form, name, table(published, LINE_COLUMNS, rows()))


def slice_of_stream(
    request: HttpRequest,
    published: Published,
    form: str,
    site: Json,
    account: SiteAccount,
    month: str,
    step: SiteMonth,
    stream: str,
) -> HttpResponseBase:
    """One waste class of a site's month."""
    name = f"explain-{site['code']}-{month}-{stream}"
    if form == "json":
        whole = month_json(step, ())
        content = {
            "site": _named(site),
            "month": month,
            "stream": next((one for one in whole["streams"] if one["stream"] == stream), None),
            "routes": [one for one in whole["routes"] if one["stream"] == stream],
            "residue": [one for one in whole["residue"] if one["stream"] == stream],
        }
        return answer(request, published, form, name, _document(published, content))
    return answer(request, published, form, name, table(published, LINE_COLUMNS, line_rows(step, stream)))


def explained_month(published: Published, code: str, month: str) -> Json:
    """What the API answers: the release and one explained month of a site."""
    site = released.site_of(published, code)
    account = released.account_of(published, site) if site else None
    if site is None or account is None or month > published.month:
        raise Problem("not_found", what=Message("thing_explained"))
    step = account.explain(parse_month(month))
    document = month_document(published, site, account, month, step)
    found: Json = json.loads(_document(published, document))
    return found
