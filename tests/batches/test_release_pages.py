"""Releases in public: pages, files for caches and for other sites, feeds, and the check that anybody can repeat."""

from __future__ import annotations

import hashlib
import html
import json
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from batches.models import Release, SiteMonth
from batches.services.releases import publish_release
from batches.services.site_months import reopen_for_late_entries, verify_site_months
from compostnet.shared import releases as published
from compostnet.shared.months import parse_month
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry
from tests.sites.release_folder import figure, write_release

MAY = parse_month("2024-05")
ATOM = "{http://www.w3.org/2005/Atom}"
LANGUAGES = ("zh-hans", "en")


@pytest.fixture
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    return settings.RELEASES_DIR


@pytest.fixture
def three(site, folder, undrawn):
    """April, May, and May restated."""
    for month in ("2024-04", "2024-05"):
        make_entry(site, month, 1000)
    keys = [(site.pk, MAY - 1), (site.pk, MAY)]
    verify_site_months(actor=CONSOLE, keys=keys)
    for _, month in keys:
        publish_release(actor=CONSOLE, month=month)
    wrong = make_entry(site, "2024-05", 1)
    make_entry(site, "2024-05", 501, supersedes=wrong, reason="the scale stood on a slope")
    reopen_for_late_entries(touched={(site.pk, MAY)})
    verify_site_months(actor=CONSOLE, keys=keys)
    publish_release(actor=CONSOLE, month=MAY, reason="A load was missing")
    return folder


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["/releases/", "/releases/1/", "/releases/3/", "/releases/3/verify/", "/subscribe/"])
def test_pages_read_the_folder_and_not_the_database(three, client, page, language):
    SiteMonth.objects.all().delete()
    Release.objects.all().delete()
    answer = client.get(page, {"lang": language})
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language
    assert "Cookie" in answer.headers["Vary"]
    assert "Traceback" not in answer.content.decode()


def test_the_list_says_month_status_and_headline_of_each(three, client):
    page = text_of(client.get("/releases/?lang=en"))
    assert re.search(r"May 2024 number 3 revision 1 restated \S+ 1\.50? t not estimated", page)
    assert re.search(r"April 2024 number 1 provisional", page)
    assert client.get("/downloads/").headers["Location"] == "/releases/"


def test_a_release_says_what_it_is_what_changed_and_how_to_cite_it(three, client):
    answer = client.get("/releases/3/?lang=en")
    page = text_of(answer)
    assert "restated" in page and "revision 1" in page and "signed" in page
    assert "Why it was published again: A load was missing" in page
    assert "Corrections: the data changed" in page and "Revisions: the method changed" not in page
    assert re.search(r"Lishui one May 2024 Waste diverted \(t\) 1\S* 1\.5 ", page), page
    assert "the scale stood on a slope" in page
    manifest = published.numbered(three, 3)
    for name, file in manifest.files.items():
        assert name in page and file["sha256"] in page
    digest = published.index(three)[2]["manifest_sha256"]
    assert "http://testserver/releases/3/" in page
    assert "@misc{compostnet-2024-05-3," in page and f"SHA-256 of manifest.json: {digest}" in page
    assert "figures of 2024-05, release 3 (revision 1)" in page
    earlier = text_of(client.get("/releases/2/?lang=en"))
    assert "May 2024 has been restated since" in earlier and "See release 3" in earlier
    assert "has been restated since" not in page


def test_latest_and_months_lead_to_their_newest_release(three, client):
    assert client.get("/releases/latest/").headers["Location"] == "/releases/3/"
    assert client.get("/releases/2024-05/").headers["Location"] == "/releases/3/"
    assert client.get("/releases/2024-04/").headers["Location"] == "/releases/1/"
    for nobody in ("/releases/2024-03/", "/releases/9/", "/releases/0/", "/releases/x/", "/releases/9/verify/"):
        assert client.get(nobody).status_code == 404


def test_files_bear_what_caches_and_other_sites_need(three, client):
    for name, kind in {
        "figures.json": "application/json; charset=utf-8",
        "figures.csv": "text/csv; charset=utf-8",
        "sites.geojson": "application/geo+json; charset=utf-8",
        "map.svg": "image/svg+xml; charset=utf-8",
        "map.png": "image/png",
        "report-zh.pdf": "application/pdf",
        "manifest.json": "application/json; charset=utf-8",
        "manifest.sig": "application/json; charset=utf-8",
    }.items():
        answer = client.get(reverse("release_file", args=["3", name]))
        assert answer.status_code == 200, name
        assert b"".join(answer.streaming_content) == (three / "3" / name).read_bytes()
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "immutable" in answer.headers["Cache-Control"]
        assert "Cookie" not in answer.headers.get("Vary", "")
        etag, modified = answer.headers["ETag"], answer.headers["Last-Modified"]
        for alias in ("latest", "2024-05"):
            other = client.get(reverse("release_file", args=[alias, name]))
            assert other.headers["ETag"] == etag
            assert other.headers["Cache-Control"] == "public, max-age=300"
            b"".join(other.streaming_content)
        for condition in ({"If-None-Match": etag}, {"If-Modified-Since": modified}):
            unchanged = client.get(reverse("release_file", args=["3", name]), headers=condition)
            assert unchanged.status_code == 304
            assert unchanged.headers["Access-Control-Allow-Origin"] == "*"
    older = client.get(reverse("release_file", args=["2", "figures.json"]))
    newer = client.get(reverse("release_file", args=["3", "figures.json"]))
    assert older.headers["ETag"] != newer.headers["ETag"]


def test_the_list_and_the_keys_are_files_too(three, client):
    for name in ("index.json", "keys.json"):
        answer = client.get(f"/releases/{name}")
        assert b"".join(answer.streaming_content) == (three / name).read_bytes()
        again = client.get(f"/releases/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    (key,) = json.loads((three / "keys.json").read_bytes())["keys"]
    assert client.get(f"/releases/keys/{key['key_id']}.pem").content.decode() == key["pem"]
    assert client.get("/releases/keys/0000000000000000.pem").status_code == 404


@pytest.mark.parametrize(
    "address", ["/releases/3/signing.key", "/releases/3/..%2fkeys.json", "/releases/3/.writing-x", "/releases/latest/x"]
)
def test_nothing_else_is_served(three, client, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("language", "good", "bad"),
    [("zh-hans", "全部相符", "有不符之处"), ("en", "Everything holds", "Something does not hold")],
)
def test_the_check_is_made_anew_when_a_file_is_touched(three, client, language, good, bad):
    page = f"/releases/3/verify/?lang={language}"
    assert good in text_of(client.get(page))
    file = three / "3" / "figures.csv"
    content = file.read_bytes()
    file.write_bytes(content.replace(b"1.501", b"9.501"))
    told = text_of(client.get(page))
    assert bad in told and good not in told
    assert "figures.csv" in told
    api = client.get("/api/v1/releases/3/verification").json()
    assert [check["check"] for check in api["checks"] if check["ok"] is False] == ["file:figures.csv"]
    file.write_bytes(content)
    assert good in text_of(client.get(page))


def commands(client, page):
    """The commands that the page tells people to type."""
    found = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", client.get(page).content.decode(), re.DOTALL)
    return [html.unescape(command) for command in found]


def test_the_commands_on_the_page_do_what_it_says(three, client, tmp_path):
    """Everything but the download itself, for which the folder is copied, and ours, tested by itself."""
    copy = tmp_path / "copy"
    shutil.copytree(three / "3", copy)
    download, checksums, signature, _ours = commands(client, "/releases/3/verify/?lang=en")
    for name in published.numbered(three, 3).files:
        assert f" {name}" in download
    (copy / "key.pem").write_bytes(client.get(re.search(r"http://testserver(\S+\.pem)", signature)[1]).content)
    script = "\n".join(line for line in signature.splitlines() if not line.startswith("curl"))

    def shell(text):
        return subprocess.run(["bash", "-c", text], cwd=copy, capture_output=True, text=True, check=False)

    done = shell(checksums)
    assert done.returncode == 0 and "figures.json: OK" in done.stdout, done.stderr
    done = shell(script)
    assert done.returncode == 0 and "Verified Successfully" in done.stdout, done.stderr
    (copy / "figures.csv").write_text("changed")
    assert shell(checksums).returncode != 0
    manifest = copy / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"provisional"', b'"final"').replace(b'"restated"', b'"final"'))
    assert shell(script).returncode != 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_release_from_before_signing_is_shown_and_said_to_bear_no_signature(folder, client, db, language):
    lite = {"code": "a", "name_zh": "甲", "name_en": "A", "province": "CN-1", "city": "CN-2", "scenario": "village"}
    lite |= {"process": "windrow", "position": [119, 31], **{span: figure(1) for span in ("month", "year", "total")}}
    write_release(folder, [lite])
    manifest = folder / "1" / "manifest.json"
    document = json.loads(manifest.read_text())
    times = {"created_at": "2026-07-03T00:00:00+00:00", "cut_off": "2026-07-03T00:00:00+00:00"}
    about = {**document["release"], **times, "baselines": [], "code_version": "0", "licence": "CC-BY-4.0"}
    document = {"release": {**about, "citation": {"zh": "引", "en": "c"}}, "files": document["files"]}
    for name in document["files"]:
        digest = hashlib.sha256((folder / "1" / name).read_bytes()).hexdigest()
        document["files"][name] = {"sha256": digest, "bytes": (folder / "1" / name).stat().st_size}
        document["files"][name]["content_type"] = "application/json"
    manifest.write_text(json.dumps(document))
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()
    index = json.loads((folder / "index.json").read_text())
    index["releases"][0] |= {"manifest_sha256": digest, "cut_off": times["cut_off"], "method": "m", "gwp": "AR5"}
    (folder / "index.json").write_text(json.dumps(index))
    told = {"en": "bears no signature", "zh-hans": "没有签名"}[language]
    assert told in text_of(client.get("/releases/1/verify/", {"lang": language}))
    for page in ("/releases/", "/releases/1/", "/feeds/releases.atom", "/feeds/releases.rss"):
        assert client.get(page, {"lang": language}).status_code == 200
    assert client.get("/api/v1/releases/1/verification").json()["ok"] is False
    assert client.get("/api/v1/releases/1").json()["status"] == "provisional"


@pytest.mark.parametrize(("language", "status"), [("zh-hans", "修订"), ("en", "restated")])
def test_feeds_tell_of_every_release_out_of_the_index_alone(three, client, language, status):
    for number in (1, 2, 3):
        shutil.rmtree(three / str(number))
    atom = ElementTree.fromstring(client.get("/feeds/releases.atom", {"lang": language}).content)
    entries = atom.findall(f"{ATOM}entry")
    assert len(entries) == 3
    newest = entries[0]
    assert status in newest.find(f"{ATOM}title").text
    assert newest.find(f"{ATOM}link").attrib["href"] == "http://testserver/releases/3/"
    digests = [entry["manifest_sha256"] for entry in published.index(three)]
    assert [entry.find(f"{ATOM}id").text for entry in entries] == [f"urn:sha256:{digest}" for digest in digests[::-1]]
    summary = newest.find(f"{ATOM}summary").text
    assert "1.5" in summary and "A load was missing" in summary
    assert {"zh-hans": "未估算", "en": "not estimated"}[language] in summary
    own = next(link for link in atom.findall(f"{ATOM}link") if link.attrib["rel"] == "self")
    assert own.attrib["href"] == f"http://testserver/feeds/releases.atom?lang={language}"
    answer = client.get("/feeds/releases.rss", {"lang": language})
    rss = ElementTree.fromstring(answer.content)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert len(rss.findall("channel/item")) == 3
    assert rss.find("channel/language").text == {"zh-hans": "zh-Hans", "en": "en"}[language]
    assert status in rss.find("channel/item/title").text


def test_pages_lead_to_the_feeds(three, client):
    for page in ("/releases/", "/releases/3/", "/subscribe/", "/figures/"):
        found = client.get(f"{page}?lang=en").content.decode()
        assert 'type="application/atom+xml"' in found and 'type="application/rss+xml"' in found


def test_what_goes_into_a_feed_is_escaped(three, client):
    index = json.loads((three / "index.json").read_text())
    index["releases"][2]["reason"] = {"zh": "<script>", "en": "<script>alert(1)</script> & more"}
    (three / "index.json").write_text(json.dumps(index))
    content = client.get("/feeds/releases.atom?lang=en").content.decode()
    assert "<script>" not in content and "&lt;script&gt;" in content
    ElementTree.fromstring(content.encode())
