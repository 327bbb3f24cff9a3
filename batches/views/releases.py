"""Releases in public: the list, one release, its files as published, the keys, and what verifies it.

These pages read the releases folder and nothing else.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from batches.impact.signing.signature import Check, key_record, passed, public_pem
from batches.impact.signing.verifying import read_keys, verify_folder
from compostnet.shared import releases
from compostnet.shared.display import apart
from compostnet.shared.problems import Problem
from compostnet.shared.releases import CONTENT_TYPES, KEYS, MANIFEST, SIGNATURE, Published
from compostnet.shared.texts import Message
from compostnet.shell.answers import language as answer_language

FOREVER = "public, max-age=31536000, immutable"
SHORTLY = "public, max-age=300"
ROWS_A_PAGE = 30
MOST_CHANGES = 100
"""So many changes stand on the page; the rest is in corrections.csv."""
BADGES = {"provisional": "badge-warn", "final": "badge-pass", "restated": "badge-info"}
NUMBER = re.compile(r"[1-9]\d{0,8}")
MONTH = re.compile(r"\d{4}-\d{2}")
Checks = list[Check]
_verified: dict[Path, tuple[tuple[Any, ...], Checks]] = {}


def find(name: str) -> Published | None:
    """A release by its number, as ``latest``, or as the newest revision of a month (``YYYY-MM``)."""
    folder = Path(settings.RELEASES_DIR)
    if name == "latest":
        return releases.latest(folder)
    if MONTH.fullmatch(name):
        return releases.latest_of_month(folder, name)
    return releases.numbered(folder, int(name)) if NUMBER.fullmatch(name) else None


def _found(name: str) -> Published:
    found = find(name)
    if found is None:
        raise Problem("not_found", what=Message("thing_release"))
    return found


def with_status(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the index with the words and the colour of its status."""
    status = entry.get("status", "provisional")
    return {**entry, "status": status, "badge": BADGES[status], "status_text": Message(f"release_status_{status}")}


@require_safe
def release_list(request: HttpRequest) -> HttpResponse:
    """Every release, the newest number first, out of the index alone."""
    entries = sorted(releases.index(settings.RELEASES_DIR), key=lambda entry: -int(entry["number"]))
    page = Paginator(entries, ROWS_A_PAGE).get_page(request.GET.get("page"))
    newest = max(entries, key=lambda entry: (entry["month"], entry["revision"]), default=None)
    return render(
        request,
        "batches/releases/list.html",
        {
            "page": page,
            "entries": [with_status(entry) for entry in page.object_list],
            "newest": newest,
            "statuses": _statuses(),
        },
    )


def _statuses() -> list[dict[str, Any]]:
    meanings = {
        "provisional": _("what was verified until the cut-off; some sites may still be missing"),
        "final": _("the month is complete, or the publisher has said that nothing more is expected"),
        "restated": _("a month published before, with what changed and why; the earlier release stays where it was"),
    }
    return [with_status({"status": status, "meaning": meaning}) for status, meaning in meanings.items()]


@require_safe
def downloads(request: HttpRequest) -> HttpResponse:
    """Where the downloads stood before."""
    return HttpResponsePermanentRedirect(reverse("releases"))


@require_safe
def release(request: HttpRequest, number: str) -> HttpResponse:
    """One release: what it says of itself, its files, what changed, how to cite it."""
    found = _found(number)
    if not NUMBER.fullmatch(number):
        return HttpResponseRedirect(reverse("release", args=[found.number]))
    figures = found.figures
    about, month = found.about, figures["network"]["month"]
    entries = sorted(releases.index(settings.RELEASES_DIR), key=lambda entry: int(entry["number"]))
    numbers = [int(entry["number"]) for entry in entries]
    at = numbers.index(found.number)
    later = [e for e in entries if e["month"] == found.month and int(e["revision"]) > found.revision]
    address = request.build_absolute_uri(reverse("release", args=[found.number]))
    changes = [change for change in figures.get("changes", ()) if change["level"] in ("network", "site")]
    return render(
        request,
        "batches/releases/release.html",
        {
            "published": found,
            "release": about,
            "entry": with_status({"status": found.status}),
            "month": month,
            "weighed": 100 * (month.get("share_weighed") or 0),
            "estimated": 100 * (month.get("share_estimated") or 0),
            "cut_off": dt.datetime.fromisoformat(about["cut_off"]).astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "files": files_of(found),
            "evidence": evidence_of(found),
            "manifest_sha256": entries[at]["manifest_sha256"],
            "signed": found.file(SIGNATURE) is not None,
            "groups": _changes(changes, figures),
            "most_changes": MOST_CHANGES,
            "has_corrections": "corrections.csv" in found.files,
            "address": address,
            "bibtex": bibtex(about, address, entries[at]["manifest_sha256"]),
            "earlier": numbers[at - 1] if at else None,
            "later": numbers[at + 1] if at + 1 < len(numbers) else None,
            "restated_by": later[-1]["number"] if later else None,
            "restates": [e["number"] for e in entries if e["month"] == found.month and e["revision"] < found.revision],
        },
    )


def files_of(found: Published) -> list[dict[str, Any]]:
    """The files with what they hold, in the order in which people look for them."""
    files = [name for name in found.files if not name.startswith(EVIDENCE)]
    named = sorted(files, key=lambda name: (FILES.index(name) if name in FILES else len(FILES), name))
    return [{"name": name, "about": _about_file(name), **found.files[name]} for name in named]


def evidence_of(found: Published) -> list[dict[str, Any]]:
    """The files of evidence, each with the name of its province."""
    names = {f"{EVIDENCE}{province['code']}.json": province for province in found.figures["provinces"]}
    language = "zh" if answer_language().startswith("zh") else "en"
    return [
        {"name": name, "about": names[name][f"name_{language}"] if name in names else _("no province"), **vouched}
        for name, vouched in sorted(found.files.items())
        if name.startswith(EVIDENCE)
    ]


EVIDENCE = "evidence-"
FILES = (
    "report-zh.pdf", "report-en.pdf", "figures.csv", "datadictionary.csv", "figures.json", "sites.geojson", "map.svg",
    "map.png", "corrections.csv", "method.json", "entries.csv",
)  # fmt: skip


def _about_file(name: str) -> str:
    told = {
        "report-zh.pdf": _("the report in Chinese"),
        "report-en.pdf": _("the report in English"),
        "figures.csv": _("all figures as a tidy table: one value a line; blank is not known, never zero"),
        "datadictionary.csv": _("what each indicator of the table means, with its unit"),
        "figures.json": _("all figures at full precision; null is not known, with a reason"),
        "sites.geojson": _("the sites with their figures, at the place that they show in public"),
        "map.svg": _("the map as a drawing"),
        "map.png": _("the map as a picture"),
        "corrections.csv": _("what changed since the release before, and why"),
        "method.json": _("method, factors, baselines and all other rules that the figures rest on"),
        "entries.csv": _("the ledger entries of the month, of sites that show them"),
    }
    return told.get(name, "")


def _changes(changes: list[dict[str, Any]], figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Corrections (the data changed) apart from revisions (the method did), each with the names of the sites."""
    names = {site["code"]: {name: site[name] for name in ("name_zh", "name_en")} for site in figures["sites"]}
    network = {"name_zh": "全网", "name_en": "the network"}
    labels = {
        "diverted_t": _("Waste diverted (t)"),
        "diverted_kg": _("Waste diverted (kg)"),
        "harvest_t": _("Compost harvested (t)"),
        "ch4_avoided_t": _("Methane avoided (t)"),
        "net_co2e_t": _("Net effect (t CO₂e)"),
    }
    groups = []
    for title, is_revision in ((_("Corrections: the data changed"), False), (_("Revisions: the method changed"), True)):
        rows = [change for change in changes if (change.get("kind") == "revision") == is_revision]
        if rows:
            named = [
                {
                    **row,
                    **(network if row["level"] == "network" else names.get(row["code"], _unnamed(row["code"]))),
                    "label": labels.get(row["indicator"], row["indicator"]),
                    **dict(zip(("old", "new"), apart(row["old"], row["new"]), strict=True)),
                }
                for row in rows[:MOST_CHANGES]
            ]
            groups.append({"title": title, "rows": named, "count": len(rows), "more": len(rows) - len(named)})
    return groups


def _unnamed(code: str) -> dict[str, str]:
    """A site that the release does not hold any more."""
    return {"name_zh": code, "name_en": code}


def bibtex(about: dict[str, Any], address: str, manifest_sha256: str) -> str:
    """The release for a bibliography."""
    made = dt.datetime.fromisoformat(about["created_at"])
    citation = about["citation"]["en"].rstrip(".")
    return (
        f"@misc{{compostnet-{about['month']}-{about['number']},\n"
        f"  author = {{{{compostnet}}}},\n"
        f"  title = {{{citation}}},\n"
        f"  year = {{{made.year}}},\n"
        f"  month = {{{made.month}}},\n"
        f"  url = {{{address}}},\n"
        f"  note = {{SHA-256 of manifest.json: {manifest_sha256}}}\n"
        f"}}"
    )


def checks_of(path: Path) -> Checks:
    """The checks of a release's folder; made anew whenever any file, key or list beside it has another size or time."""
    beside = [path.parent / name for name in (KEYS, releases.INDEX)]
    earlier = int(path.name) - 1
    beside.append(path.parent / str(earlier) / MANIFEST)
    paths = [*sorted(path.iterdir()), *(one for one in beside if one.exists())]
    stamp = tuple((one, stat.st_size, stat.st_mtime_ns, stat.st_ino) for one in paths for stat in [one.lstat()])
    kept = _verified.get(path)
    if kept is None or kept[0] != stamp:
        if len(_verified) > 100:
            _verified.clear()
        kept = _verified[path] = (stamp, verify_folder(path))
    return kept[1]


def folder_of(number: int) -> Path:
    """The folder of a published release, however damaged it may be: to verify it is to say what is wrong with it."""
    folder = Path(settings.RELEASES_DIR)
    try:
        is_listed = any(entry["number"] == number for entry in releases.index(folder))
    except Problem:  # the list itself is damaged: the check of it says so
        is_listed = True
    if not is_listed or not (folder / str(number)).is_dir():
        raise Problem("not_found", what=Message("thing_release"))
    return folder / str(number)


@require_safe
def verify_release(request: HttpRequest, number: str) -> HttpResponse:
    """Every check of a release, made now from its files, and how to make them oneself."""
    path = folder_of(int(number)) if NUMBER.fullmatch(number) else _found(number).path
    checks = checks_of(path)
    known = read_keys(Path(settings.RELEASES_DIR) / KEYS) or []
    return render(
        request,
        "batches/releases/verify.html",
        {
            "number": int(path.name),
            "checks": [c for c in checks if not c.code.startswith("file:")],
            "file_checks": [c for c in checks if c.code.startswith("file:")],
            "files_hold": all(c.ok for c in checks if c.code.startswith("file:")),
            "passed": passed(checks),
            # Releases made before there were signatures stand there unsigned; a signature that is gone is no such.
            "signed": (path / SIGNATURE).exists(),
            "keys": [key_record(key) for key in known],
            "site": request.build_absolute_uri("/").rstrip("/"),
            "files": [c.code.removeprefix("file:") for c in checks if c.code.startswith("file:")],
        },
    )


@require_safe
def release_file(request: HttpRequest, number: str, name: str) -> HttpResponseBase:
    """A file of a release, byte for byte as published; ``latest`` and a month are their newest one."""
    found = find(number)
    file = found.file(name) if found else None
    if found is None or file is None:
        raise Problem("not_found", what=Message("thing_release_file"))
    made = dt.datetime.fromisoformat(found.about["created_at"])
    disposition = f'inline; filename="compostnet-{found.month}-{found.number}-{name}"'
    lasting = FOREVER if NUMBER.fullmatch(number) else SHORTLY
    return _send(request, file, _digest(found, name), int(made.timestamp()), lasting, disposition)


def _digest(found: Published, name: str) -> str:
    if name in found.files:
        return str(found.files[name]["sha256"])
    entries = releases.index(Path(settings.RELEASES_DIR))
    manifest = next(str(e["manifest_sha256"]) for e in entries if e["number"] == found.number)
    return manifest if name == MANIFEST else f"{manifest}-signature"


def _send(
    request: HttpRequest, file: Path, etag: str, modified: int, lasting: str, disposition: str = ""
) -> HttpResponseBase:
    """A static file with its validators, for any cache and any page of the world."""
    unchanged = get_conditional_response(request, etag=f'"{etag}"', last_modified=modified)
    response: HttpResponseBase = unchanged if unchanged is not None else FileResponse(file.open("rb"))
    if unchanged is None:
        response.headers["Content-Type"] = CONTENT_TYPES[file.suffix]
        response.headers.setdefault("Content-Disposition", disposition or "inline")
        if disposition:
            response.headers["Content-Disposition"] = disposition
        response.headers["Last-Modified"] = dt.datetime.fromtimestamp(modified, dt.UTC).strftime(HTTP_DATE)
    response.headers["ETag"] = f'"{etag}"'
    response.headers["Cache-Control"] = lasting
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.same_for_all = True  # type: ignore[attr-defined]
    return response


HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


def _of_folder(request: HttpRequest, name: str) -> HttpResponseBase:
    file = Path(settings.RELEASES_DIR) / name
    if not file.exists():
        raise Problem("not_found", what=Message("thing_release_file"))
    stat = file.stat()
    return _send(request, file, f"{stat.st_mtime_ns:x}-{stat.st_size:x}", int(stat.st_mtime), SHORTLY)


@require_safe
def release_index(request: HttpRequest) -> HttpResponseBase:
    """``index.json``: what has been published."""
    return _of_folder(request, releases.INDEX)


@require_safe
def release_keys(request: HttpRequest) -> HttpResponseBase:
    """``keys.json``: the public keys that signed releases, each with its time."""
    return _of_folder(request, KEYS)


@require_safe
def release_key(request: HttpRequest, key: str) -> HttpResponseBase:
    """One public key as PEM, as OpenSSL reads it."""
    for known in read_keys(Path(settings.RELEASES_DIR) / KEYS) or ():
        if known.id == key:
            response = HttpResponse(public_pem(known.public), content_type="application/x-pem-file")
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Cache-Control"] = SHORTLY
            response.same_for_all = True  # type: ignore[attr-defined]
            return response
    raise Problem("not_found", what=Message("thing_release_file"))


urlpatterns = [
    path("downloads/", downloads, name="downloads"),
    path("releases/", release_list, name="releases"),
    path("releases/index.json", release_index, name="release_index"),
    path("releases/keys.json", release_keys, name="release_keys"),
    path("releases/keys/<str:key>.pem", release_key, name="release_key"),
    path("releases/<str:number>/", release, name="release"),
    path("releases/<str:number>/verify/", verify_release, name="verify_release"),
    path("releases/<str:number>/<str:name>", release_file, name="release_file"),
]
