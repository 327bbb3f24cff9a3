"""Header, language and keyboard: the ways through the site that every page shares."""

from __future__ import annotations

import pytest

from tests.e2e.test_pages import look

pytestmark = pytest.mark.e2e


def focused(page) -> str:
    return page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_the_first_tab_skips_to_the_content(visit):
    page = visit(width=1280, height=800).go("/about/")
    page.keyboard.press("Tab")
    assert "skip-link" in focused(page)
    box = page.locator(".skip-link").bounding_box()
    assert box["y"] >= 0 and box["height"] > 20
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_keyboard_reaches_the_navigation_on_a_wide_screen(visit):
    page = visit(width=1280, height=800).go("/")
    seen = []
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.getAttribute('href')"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline != "0px", f"no focus ring on {focused(page)}"
    for path in ("/map/", "/figures/", "/sites/", "/standards/", "/check/", "/account/login/"):
        assert path in seen


@pytest.mark.parametrize("scripts", [True, False])
def test_the_menu_of_a_phone_opens_with_keys_and_without_scripts(visit, scripts):
    seen = visit(java_script_enabled=scripts)
    page = seen.go("/")
    menu = page.locator(".nav-phone summary")
    menu.focus()
    page.keyboard.press("Enter")
    link = page.locator(".nav-phone a[href='/map/']")
    assert link.is_visible()
    box = link.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    if scripts:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "/map/"
        look(seen, "menu", "zh-hans", 390)


def test_the_language_switch_keeps_page_and_choice(visit):
    seen = visit()
    page = seen.go("/about/?from=test&lang=zh-hans")
    page.click(".site-header a:has-text('English')")
    assert page.url.endswith("/about/?from=test")
    assert page.get_attribute("html", "lang") == "en"
    page = seen.go("/")
    assert page.get_attribute("html", "lang") == "en"
    page.click(".site-header a:has-text('中文')")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    assert not seen.errors


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_address_that_leads_nowhere_says_so_and_leads_on(visit, language):
    seen = visit(language=language)
    page = seen.go("/no-such-page/", status=404)
    assert page.locator("main a[href='/']").is_visible()
    look(seen, "not-found", language, 390)


def test_a_page_of_others_asks_to_sign_in_and_comes_back(visit, network):
    """Who is not signed in is led to the sign-in page (or told to), and lands where they wanted to go."""
    seen = visit(language="en", width=1280, height=800)
    page = seen.page
    seen.expected_status = {401, 403}
    page.goto(network.address + "/uploads/")
    if "/account/login/" not in page.url:
        page.click("main a[href^='/account/login/']")
    page.fill("input[name=login]", "operator@compostnet.example")
    page.fill("input[name=password]", network.password)
    page.click("main button[type=submit]")
    page.wait_for_load_state("networkidle")
    assert page.url == network.address + "/uploads/"
    assert page.locator(".work-nav a[aria-current=page]").count() == 1


def test_print_shows_the_words_and_not_the_navigation(visit):
    page = visit(width=1280, height=800).go("/about/")
    page.emulate_media(media="print")
    assert page.locator("main h1").is_visible()
    assert not page.locator(".nav-wide").is_visible()
    assert not page.locator(".site-header-tools").is_visible()
