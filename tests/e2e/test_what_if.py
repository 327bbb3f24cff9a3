"""The what-if page in the browser: whole in both languages and sizes, alive with sliders."""

from __future__ import annotations

import pytest

from tests.e2e.test_pages import LANGUAGES, SCREENS, look

pytestmark = pytest.mark.e2e
NET = "#headline .card:nth-child(3) .figure-number"


@pytest.mark.parametrize("width,height", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole(visit, language, width, height):
    seen = visit(language=language, width=width, height=height)
    seen.go("/what-if/?incinerated=80&food=x")
    look(seen, "what-if", language, width)


def test_moving_a_slider_renews_the_outcome_and_the_address(visit):
    seen = visit(language="en", width=390, height=844)
    page = seen.go("/what-if/")
    assert "−" not in page.inner_text(NET)
    slider = page.locator("#field-incinerated").locator("xpath=preceding-sibling::input[@type='range']")
    slider.fill("100")
    page.wait_for_url("**incinerated=100**")
    page.wait_for_function(f"document.querySelector('{NET}').textContent.includes('−')")
    assert page.input_value("#field-incinerated") == "100"
    assert "incinerated=100" in page.input_value("#permalink")
    assert "little methane to avoid" in page.inner_text("#outcome")
    page.fill("#field-years", "99")
    page.wait_for_selector(".field-error")
    assert "from 1 to 30" in page.inner_text("#about-years")


def test_without_a_connection_it_says_so_and_goes_on_when_there_is_one(visit):
    seen = visit(language="en", width=390, height=844)
    page = seen.go("/what-if/")
    assert not page.is_visible("#stale")
    before = page.inner_text("#outcome")
    page.context.set_offline(True)
    page.fill("#field-incinerated", "100")
    page.wait_for_selector("#stale", state="visible")
    assert page.inner_text("#outcome") == before
    page.context.set_offline(False)
    page.wait_for_selector("#stale", state="hidden", timeout=15_000)
    assert "−" in page.inner_text(NET)
