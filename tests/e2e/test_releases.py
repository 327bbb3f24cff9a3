"""Releases in the browser: every page in both languages, and publishing from the desk by clicks, without JavaScript."""

from __future__ import annotations

import pytest

from tests.e2e.test_pages import LANGUAGES, SCREENS, look

pytestmark = pytest.mark.e2e
PAGES = {
    "releases": "/releases/",
    "release": "/releases/4/",
    "release-verify": "/releases/4/verify/",
    "subscribe": "/subscribe/",
}


@pytest.mark.parametrize("width,height", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(network, visit, name, language, width, height):
    seen = visit(language=language, width=width, height=height)
    page = seen.go(PAGES[name])
    assert len(page.inner_text("main")) > 20
    look(seen, name, language, width)


@pytest.mark.parametrize(("language", "width", "height"), [("en", 390, 844), ("zh-hans", 1280, 800)])
def test_publishing_from_the_desk_shows_how_far_it_is_and_ends_with_the_release_or_the_reason(
    network, visit, language, width, height
):
    """The first press makes the newest month final; the second one finds nothing changed and is told so."""
    seen = visit(language=language, width=width, height=height, role="administrator")
    page = seen.go("/desk/")
    form = page.locator("details.publish").first
    form.locator("summary").click()
    look(seen, "desk-publish", language, width)
    if form.locator("input[value=final]").count():
        form.locator("input[value=final]").check()
    if form.locator("input[name=confirmed]").count():
        form.locator("input[name=confirmed]").check()
    form.locator("textarea").fill("all sites have reported")
    form.locator("button").click()
    page.wait_for_url("**/desk/publish/*/")
    page.wait_for_selector(".notice", timeout=60_000)
    look(seen, "publish-job", language, width)
    if page.locator(".notice-ok").count():
        page.locator("main .button-primary").click()
        page.wait_for_url("**/releases/*/")
    else:
        assert "第" in page.inner_text(".notice-error") or "nothing has changed" in page.inner_text(".notice-error")
