"""The shell's pages without a browser: the start page with and without a release, languages, and pages for faults."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from compostnet.shell.templatetags.platform import ICONS
from compostnet.shell.views import broken

ENGLISH = {"accept-language": "en"}


def figures(**changes):
    """One aggregate of figures.json."""
    return {
        "sites_expected": 3,
        "sites_reported": 2,
        "sites_verified": 1,
        "diverted_t": 12.5,
        "harvest_t": 4.0,
        "share_weighed": 0.5,
        "ch4_avoided_t": 0.25,
        "net_co2e_t": -3.0,
        "share_with_baseline": 0.4,
        "reason": None,
        **changes,
    }


@pytest.fixture
def released(tmp_path, settings):
    """``released(month=…, total=…, months=…)`` writes a release into a folder of its own and serves it."""
    settings.RELEASES_DIR = tmp_path

    def write(*, month=None, total=None, months=None):
        release = {"number": 7, "month": "2025-03", "revision": 1, "method": "no-such-method"}
        folder = tmp_path / "7"
        folder.mkdir()
        body = {
            "release": release,
            "network": {"month": month or figures(), "total": total or figures()},
            "months": months or [{**figures(), "month": "2025-03"}],
        }
        (folder / "figures.json").write_text(json.dumps(body))
        (folder / "manifest.json").write_text(json.dumps({"release": release, "files": {}}))
        index = {"latest": 7, "releases": [{"number": 7, "month": "2025-03", "revision": 1}]}
        (tmp_path / "index.json").write_text(json.dumps(index))

    return write


@pytest.mark.django_db
def test_without_a_release_the_start_page_says_so(client, settings, tmp_path):
    settings.RELEASES_DIR = tmp_path
    page = client.get("/", headers=ENGLISH).content.decode()
    assert "Nothing has been released yet" in page
    assert "<svg xmlns" not in page, "no chart without figures"


@pytest.mark.django_db
def test_the_start_page_shows_the_latest_release_with_its_coverage(client, released):
    released()
    page = client.get("/", headers=ENGLISH).content.decode()
    for words in (
        "Diverted in March 2025",
        "12.5\u00a0t",
        "2 of 3 sites reported; 1 were verified",
        "50 % of this mass was weighed",
        "It covers the 40 % of the waste",
        "Below zero",
        "Release 7",
        "revision 1 of this month",
    ):
        assert words in page, words


@pytest.mark.django_db
def test_what_is_not_estimated_is_no_zero(client, released):
    reason = {"zh": "没有基准文件。", "en": "There is no baseline document."}
    released(total=figures(ch4_avoided_t=None, net_co2e_t=None, reason=reason))
    page = client.get("/", headers=ENGLISH).content.decode()
    assert "There is no baseline document." in page
    assert page.count("Not estimated") == 2
    assert "0\u00a0t</p>" not in page.replace("12.5\u00a0t", "")
    assert "没有基准文件。" in client.get("/?lang=zh-hans").content.decode()


@pytest.mark.django_db
def test_a_month_that_nobody_verified_is_a_gap(client, released):
    months = [{**figures(), "month": "2025-02"}, {**figures(sites_verified=0, diverted_t=0.0), "month": "2025-03"}]
    released(months=months)
    assert "nothing verified" in client.get("/", headers=ENGLISH).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wish", "expected"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh-hans"), ("en-GB", "en"), ("fr,de;q=0.5", "zh-hans"), ("", "zh-hans")],
)
def test_the_language_follows_the_browser(client, wish, expected):
    answer = client.get("/about/", headers={"accept-language": wish})
    assert answer.headers["Content-Language"] == expected
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))


@pytest.mark.django_db
def test_the_choice_of_language_outlives_the_browsers_wish(client):
    answer = client.get(reverse("set_language"), {"lang": "en", "next": "/about/?a=1&lang=zh-hans"})
    assert answer.status_code == 302 and answer.headers["Location"] == "/about/?a=1"
    assert client.get("/about/", headers={"accept-language": "zh"}).headers["Content-Language"] == "en"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", "", "about"]
)
def test_the_language_switch_leads_nowhere_else(client, target):
    answer = client.get(reverse("set_language"), {"lang": "en", "next": target})
    assert answer.headers["Location"] == "/"


@pytest.mark.django_db
def test_a_language_that_we_do_not_speak_is_not_kept(client):
    assert not client.get(reverse("set_language"), {"lang": "xx"}).cookies


@pytest.mark.django_db
def test_addresses_that_lead_nowhere_have_a_page_of_ours(client):
    answer = client.get("/no/such/page/", headers=ENGLISH)
    assert answer.status_code == 404
    assert "This page does not exist" in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_is_explained():
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/account/login/", {"login": "a", "password": "b"}, headers=ENGLISH)
    assert answer.status_code == 403
    assert "The form was open for too long" in answer.content.decode()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_for_our_own_faults_needs_no_database(language):
    """No ``django_db`` here: a query would fail this test."""
    with translation.override(language):
        answer = broken(RequestFactory().get("/"))
    page = answer.content.decode()
    assert answer.status_code == 500
    assert ("Something broke on our side" if language == "en" else "平台出了错") in page


def render(source: str, **values) -> str:
    return Template("{% load platform %}" + source).render(Context(values))


@pytest.mark.parametrize(
    ("source", "value", "zh", "en"),
    [
        ("{{ x|mass }}", 1_500_000_000, "1.5\u00a0吨", "1.5\u00a0t"),
        ('{{ x|mass:"t" }}', 0.002, "2\u00a0千克", "2\u00a0kg"),
        ('{{ x|mass:"kg" }}', "2500.5", "2.5\u00a0吨", "2.5\u00a0t"),
        ("{{ x|mass }}", None, "—", "—"),
        ("{{ x|number:2 }}", 1234.5, "1,234.50", "1,234.50"),
        ("{{ x|number }}", "", "—", "—"),
        ("{{ x|month_name }}", 24292, "2024年5月", "May 2024"),
        ("{{ x|month_name }}", "2024-05", "2024年5月", "May 2024"),
        ("{{ x|exactly }}", 28.0, "28", "28"),
        ("{{ x|exactly }}", 2e-07, "0.0000002", "0.0000002"),
        ("{{ x|exactly }}", Decimal("1000.0"), "1000", "1000"),
        ("{{ x|formulas }}", "t CH4/t wet", "t CH₄/t wet", "t CH₄/t wet"),
        ("{{ x|in_language }}", Text(zh="甲", en="A"), "甲", "A"),
        ("{{ x|in_language }}", {"zh": "甲", "en": "A"}, "甲", "A"),
        ("{{ x|in_language }}", {"zh": "甲", "en": ""}, "甲", "甲"),
        ("{{ x|in_language }}", Message("chart_empty"), "还没有数据", "nothing recorded yet"),
        ("{{ x|in_language }}", "<b>", "&lt;b&gt;", "&lt;b&gt;"),
        ("{{ x|in_language }}", None, "", ""),
        ('{{ x|in_language:"name" }}', {"name_zh": "甲", "name_en": "A"}, "甲", "A"),
    ],
)
def test_filters_speak_the_readers_language(source, value, zh, en):
    for language, expected in (("zh-hans", zh), ("en", en)):
        with translation.override(language):
            assert render(source, x=value) == expected


def test_a_link_to_a_page_that_does_not_exist_is_left_out():
    request = RequestFactory().get("/about/")
    assert render('{% nav_item "no_such_page" "x" %}', request=request) == ""
    assert 'aria-current="page"' in render('{% nav_item "about" "x" %}', request=request)
    assert "aria-current" not in render('{% nav_item "set_language" "x" %}', request=request)


@pytest.mark.parametrize("name", ICONS)
def test_icons_are_hidden_from_screen_readers(name):
    drawn = render(f'{{% icon "{name}" %}}')
    assert drawn.startswith("<svg") and 'aria-hidden="true"' in drawn


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        ("operator", ["/logbook/", "/uploads/"], ["/desk/", "/training/"]),
        ("verifier", ["/desk/", "/training/"], ["/logbook/"]),
        ("trainer", ["/training/"], ["/desk/", "/uploads/"]),
    ],
)
def test_people_find_the_way_to_their_own_work(client, make_user, site, role, shown, hidden):
    client.force_login(make_user(role, site=site if role == "operator" else None))
    page = client.get("/about/", headers=ENGLISH).content.decode()
    bar = page.partition('class="work-nav"')[2].partition("</nav>")[0]
    assert all(path in bar for path in shown)
    assert not any(path in bar for path in hidden)
