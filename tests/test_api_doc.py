"""docs/api.md: every example is sent, as it is written there, and does what the page says."""

from __future__ import annotations

import ast
import re
import shlex

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from batches.models import DiaryEntry, LedgerEntry
from batches.services.releases import publish_release
from batches.services.site_months import verify_site_months
from compostnet.shared.months import parse_month
from sites.models import Organisation
from sites.people import create_token
from sites.permissions import CONSOLE
from standards.models import LabReport
from tests.batches.makers import make_entry
from tests.conftest import ROOT

FILES = {
    "sheet.csv": "date,batch,kind,material,value,unit,measured\n"
    "2026-05-06,2026-05,intake,food_waste,20,kg,scale\n2026-05-07,2026-05,intake,food_waste,many,kg,scale\n",
    "report.csv": "sample,indicator,value,unit,basis\nLS-01,Cd,0.4,mg/kg,dm\n",
}


def examples(page="api.md"):
    """The ``curl`` commands of a page, each as its words."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for block in blocks:
        for part in re.split(r"^(?=curl )", block, flags=re.MULTILINE):
            if part.startswith("curl "):
                yield shlex.split(part.replace("\\\n", " "), comments=True)[1:]


def send(client, words, names, files=FILES):
    """What curl would send, through the test client."""
    headers, form, body, address, posts = {}, {}, None, "", False
    rest = [re.sub(r"\$(\w+)", lambda m: names[m[1]], word) for word in words]
    while rest:
        word = rest.pop(0)
        if word == "-H":
            name, value = rest.pop(0).split(": ", 1)
            headers[name.lower()] = value
        elif word == "-d":
            body = rest.pop(0)
        elif word == "-F":
            name, value = rest.pop(0).split("=", 1)
            form[name] = SimpleUploadedFile(value[1:], files[value[1:]].encode()) if value[0] == "@" else value
        elif word == "-X":
            posts = rest.pop(0) == "POST"
        else:
            address = word
    kind = headers.pop("content-type", "")
    if body is not None:
        return client.post(address, body, content_type=kind, headers=headers)
    return client.post(address, form, headers=headers) if form or posts else client.get(address, headers=headers)


@pytest.mark.django_db
def test_every_example_does_what_the_page_says(client, site, make_user, settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    make_entry(site, "2024-05", 100)
    verify_site_months(actor=CONSOLE, keys=[(site.pk, parse_month("2024-05"))])
    publish_release(actor=CONSOLE, month=parse_month("2024-05"))
    operator = make_user("operator", site=site)
    lab = make_user("lab", organisation=Organisation.objects.create(code="lishui-lab", name_zh="实验室", kind="lab"))
    names = {
        "API": "/api/v1",
        "TOKEN": create_token(actor=operator, name="phone", scopes=["read", "record", "lab"])[1],
        "LAB_TOKEN": create_token(actor=lab, name="lab", scopes=["lab"])[1],
    }
    sent = list(examples())
    assert len(sent) == 17
    answers = {}
    for words in sent:
        answer = send(client, words, names)
        assert answer.status_code in (200, 201), (words, answer.content)
        path = words[-1].removeprefix("$API/").partition("?")[0]
        answers[path] = answer.json()
        if path == "uploads":
            names["UPLOAD"] = answers[path]["id"]
    assert answers["figures"]["network"]["month"]["diverted_kg"] == "100"
    assert answers["uploads"]["check"]["good"] == 1
    assert answers["uploads"]["check"]["faults"][0]["value"] == "many"
    assert LedgerEntry.objects.filter(occurred_on__year=2026).count() == 2
    assert DiaryEntry.objects.count() == 1
    assert LabReport.objects.get().number == "R-17"
    # Everything again: nothing is stored twice.
    for words in sent:
        assert send(client, words, names).status_code in (200, 201)
    assert LedgerEntry.objects.filter(occurred_on__year=2026).count() == 2
    assert DiaryEntry.objects.count() == 1
    assert LabReport.objects.count() == 1


def test_no_two_shapes_of_the_api_share_a_name():
    """OpenAPI knows a shape by its name alone: of two it would describe one as the other."""
    seen: dict[str, list[str]] = {}
    files = [
        *ROOT.glob("*/api/*.py"),
        *ROOT.glob("*/api.py"),
        *ROOT.glob("*/*_api.py"),
        ROOT / "compostnet/shared/schemas.py",
    ]
    for path in files:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                seen.setdefault(node.name, []).append(path.name)
    assert len(seen) > 50
    assert {name: where for name, where in seen.items() if len(where) > 1} == {}
