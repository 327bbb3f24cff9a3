"""The live map takes the drawn one over, and the drawn one stays where it cannot."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e
NO_WEBGL = """
const real = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return String(kind).startsWith("webgl") ? null : real.call(this, kind, ...rest);
};
"""


@pytest.mark.parametrize("width,height", [(390, 844), (1280, 800)])
def test_the_live_map_takes_over_without_a_jump(visit, width, height):
    seen = visit(language="en", width=width, height=height)
    seen.page.add_init_script("window.tall = () => document.documentElement.scrollHeight")
    page = seen.go("/map/")
    before = page.evaluate("tall()")
    page.wait_for_selector(".map-is-live", timeout=30_000)
    assert page.evaluate("tall()") == before
    assert not page.locator("[data-map] > svg.map-wide, [data-map] > svg.map-narrow").first.is_visible()
    canvas = page.locator(".map-live canvas")
    assert canvas.get_attribute("tabindex") == "0" and canvas.bounding_box()["height"] > 150
    # Without pointing: choose a site in the list, read its figures, go to its page.
    code = page.locator("#map-site option").nth(1).get_attribute("value")
    page.select_option("#map-site", code)
    panel = page.locator("[data-map-panel]")
    panel.wait_for(state="visible")
    assert page.locator("#map-site option:checked").inner_text() in panel.inner_text()
    assert panel.get_by_role("link").get_attribute("href") == f"/sites/{code}/"
    assert not seen.errors


def test_filters_change_map_and_table_in_place(visit):
    seen = visit(language="en", width=1280, height=800)
    page = seen.go("/map/")
    page.wait_for_selector(".map-is-live", timeout=30_000)
    everywhere = page.locator("table").last.locator("tbody tr").count()
    scenario = page.evaluate("JSON.parse(document.getElementById('map-data').textContent).sites[0].scenario")
    page.evaluate("window.sameDocument = true")
    page.select_option("#filter-scenario", scenario)
    page.wait_for_url(f"**scenario={scenario}**")
    assert page.evaluate("window.sameDocument") is True
    assert 0 < page.locator("table").last.locator("tbody tr").count() < everywhere
    assert page.locator(".map-live canvas").is_visible()
    assert not seen.errors


def test_the_drawing_stays_without_webgl(visit):
    seen = visit(language="zh-hans")
    seen.page.add_init_script(NO_WEBGL)
    page = seen.go("/map/")
    page.locator("[data-map]").hover()
    page.wait_for_timeout(2500)
    assert page.locator(".map-live").count() == 0
    assert page.locator("svg.map-narrow").is_visible()
    assert page.locator("svg.map-narrow a").count() > 3
    assert not seen.errors


def test_the_map_is_read_and_walked_with_the_keyboard_and_no_script(visit):
    seen = visit(language="en", width=1280, height=800, java_script_enabled=False)
    page = seen.go("/map/")
    first = page.locator("svg.map-wide a").first
    assert first.get_attribute("aria-label")
    first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**province=**")
    assert page.locator("svg.map-wide").is_visible() and not page.locator("svg.map-narrow").is_visible()
