"""A releases folder that somebody has laid hands on: verifying says so, pages show nothing of it, nothing crashes."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from batches.impact.signing.signature import passed
from batches.impact.signing.verifying import verify_folder
from batches.services.releases import publish_release
from batches.services.site_months import verify_site_months
from compostnet.shared.months import parse_month
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry

pytestmark = [pytest.mark.usefixtures("undrawn"), pytest.mark.django_db]
SECRET = "not for the public"
ODD = (None, "x", -1, 10**400, float("inf"), [], {}, True, "../1", {"number": float("inf")}, {"number": 10**400})


@pytest.fixture
def two(site, settings, tmp_path):
    """Releases 1 and 2; beside their folder a file that is nobody's business."""
    settings.RELEASES_DIR = tmp_path / "releases"
    months = ("2024-04", "2024-05")
    for month in months:
        make_entry(site, month, 100)
    verify_site_months(actor=CONSOLE, keys=[(site.pk, parse_month(month)) for month in months])
    for month in months:
        publish_release(actor=CONSOLE, month=parse_month(month))
    (tmp_path / "secret.csv").write_text(SECRET)
    return settings.RELEASES_DIR


def failed(folder):
    checks = verify_folder(folder)
    for check in checks:
        assert check.as_json("zh-hans")["detail"]
    assert passed(checks) == (not any(check.ok is False for check in checks))
    return {check.code for check in checks if check.ok is False}


def replaced(path, content):
    if path.is_symlink() or path.is_file():
        path.unlink()
    path.write_bytes(content)


def linked(path, target):
    path.unlink()
    path.symlink_to(target)


def alter_manifest(folder, change):
    path = folder / "manifest.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


def each_tampered(two, tmp_path, changes):
    """Each change to a copy of the second release, with what it does to the folder of releases beside it."""
    whole = tmp_path / "whole"
    if not whole.exists():
        shutil.copytree(two, whole)
    for name, change in changes.items():
        shutil.rmtree(two)
        shutil.copytree(whole, two)
        change(two / "2")
        yield name


PAGES = ("/releases/", "/releases/2/", "/releases/2/figures.csv", "/releases/2/manifest.json", "/figures/", "/map/")


def hold_pages(client, name, secret=SECRET):
    """No page breaks, none shows what is not of the release; verifying tells what is wrong."""
    for page in PAGES:
        answer = client.get(page)
        assert answer.status_code in (200, 404, 503), (name, page)
        assert secret not in b"".join(answer).decode("utf-8", "replace"), (name, page)
    assert client.get("/releases/2/verify/", {"lang": "en"}).status_code == 200, name
    assert client.get("/api/v1/releases/2/verification").json()["ok"] is False, name


def test_every_file_altered_removed_linked_or_put_in_a_folder_s_place(two, tmp_path, client):
    names = sorted(path.name for path in (two / "2").iterdir())
    assert len(names) > 10
    shutil.copytree(two, tmp_path / "whole")
    for name in names:
        code = {"manifest.json": "manifest", "manifest.sig": "signature"}.get(name, f"file:{name}")
        data = (tmp_path / "whole" / "2" / name).read_bytes()
        middle = len(data) // 2
        changes = {
            "one byte": lambda folder, n=name, d=data, m=middle: replaced(
                folder / n, d[:m] + bytes([d[m] ^ 1]) + d[m + 1 :]
            ),
            "gone": lambda folder, n=name: (folder / n).unlink(),
            "empty": lambda folder, n=name: replaced(folder / n, b""),
            "deep": lambda folder, n=name: replaced(folder / n, b"[" * 100_000),
            "a link to a secret": lambda folder, n=name: linked(folder / n, tmp_path / "secret.csv"),
            "a link to the same": lambda folder, n=name: linked(folder / n, tmp_path / "whole" / "2" / n),
            "a link to nothing": lambda folder, n=name: linked(folder / n, "/nowhere"),
            "a folder": lambda folder, n=name: ((folder / n).unlink(), (folder / n).mkdir()),
        }
        for change in each_tampered(two, tmp_path, changes):
            found = failed(two / "2")
            # A byte inside of the manifest may leave it readable: then the signature tells.
            assert found & {code, "signature"}, (name, change, found)
            if name in ("manifest.json", "figures.json", "sites.geojson") and change in (
                "one byte",
                "a link to a secret",
            ):
                hold_pages(client, (name, change))


def test_a_manifest_of_any_shape_is_told_and_crashes_nothing(two, tmp_path, client):
    changes = {}
    for key in ("number", "month", "revision", "created_at", "previous"):
        for odd in ODD:
            changes[f"{key} {odd!r:.30}"] = lambda folder, k=key, o=odd: alter_manifest(
                folder, lambda document: document["release"].__setitem__(k, o)
            )
    for odd in (None, "x", [], 5, ["number", "month", "revision", "created_at"]):
        for key in ("release", "files"):
            changes[f"{key} is {odd!r}"] = lambda folder, k=key, o=odd: alter_manifest(
                folder, lambda document: document.__setitem__(k, o)
            )
    for name in ("../../secret.csv", "..", "/etc/passwd", "a\0b", "<script>alert(1)</script>"):
        changes[f"names {name!r}"] = lambda folder, n=name: alter_manifest(
            folder, lambda document: document["files"].__setitem__(n, {"sha256": "0" * 64, "bytes": 18})
        )
    for change in each_tampered(two, tmp_path, changes):
        assert failed(two / "2") & {"signature", "manifest"}, change
        if change.startswith(("number", "names")):
            hold_pages(client, change)


def test_what_stands_in_the_folder_besides_is_told(two, tmp_path):
    changes = {
        "a file": lambda folder: (folder / "more.txt").write_text("x"),
        "a hidden file": lambda folder: (folder / ".more").write_text("x"),
        "a folder": lambda folder: (folder / "more").mkdir(),
        "a pipe": lambda folder: os.mkfifo(folder / "more"),
        "a link": lambda folder: (folder / "more.csv").symlink_to("/nowhere"),
    }
    for change in each_tampered(two, tmp_path, changes):
        assert failed(two / "2") == {"extra"}, change


def test_another_release_in_its_place_is_told_though_its_signature_holds(two, tmp_path, client):
    def swap(folder):
        (folder.parent / "1").rename(folder.parent / "0")
        folder.rename(folder.parent / "1")
        (folder.parent / "0").rename(folder)

    changes = {
        "another one": lambda folder: (shutil.rmtree(folder), shutil.copytree(folder.parent / "1", folder)),
        "swapped": swap,
    }
    for change in each_tampered(two, tmp_path, changes):
        assert failed(two / "2") == {"place"}, change
        hold_pages(client, change)


def test_keys_and_list_of_any_shape(two, tmp_path, client):
    short = json.dumps({"keys": [{"public_key": "AAAA", "valid_from": "x", "valid_until": None}]})
    deep = "[" * 100_000
    changes = {("keys", text): lambda folder, t=text: (folder.parent / "keys.json").write_text(t)
               for text in ("", "[]", deep, '{"keys": 5}', '{"keys": [5]}', short)}  # fmt: skip
    changes |= {("index", text): lambda folder, t=text: (folder.parent / "index.json").write_text(t)
                for text in ("", "[]", deep, '{"releases": 5}', '{"releases": [5]}')}  # fmt: skip
    for change, text in each_tampered(two, tmp_path, changes):
        assert failed(two / "2") == {"keys": {"key"}, "index": {"index"}}[change], text[:40]
        hold_pages(client, (change, text[:40]))


def test_a_file_that_was_blown_up_is_not_read(two, client):
    for name in ("figures.json", "manifest.json"):
        os.truncate(two / "2" / name, 40 * 2**30)
        assert failed(two / "2") & {"file:figures.json", "manifest"}
        hold_pages(client, name)
