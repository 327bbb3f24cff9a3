"""Figures, their explanations and a site's page in the browser: in both languages, on a phone and on a screen."""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests.e2e.conftest import Network
from tests.e2e.test_pages import LANGUAGES, SCREENS, look

pytestmark = pytest.mark.e2e
FIND = """
import json
from django.conf import settings
from compostnet.shared import releases
found = releases.latest(settings.RELEASES_DIR)
sites = [s for s in found.figures["sites"] if s["state"] == "verified" and s["month"]["ch4_avoided_t"]]
site = max(sites, key=lambda s: s["total"]["ch4_avoided_t"])
months = found.figures["series_months"]
print(json.dumps({"number": found.number, "site": site["code"], "province": site["province"], "city": site["city"],
                  "month": found.month, "early": months[-3]}))
"""
PAGES = {
    "explain-network": "/explain/{number}/",
    "explain-province": "/explain/{number}/regions/{province}/?span=total",
    "explain-city": "/explain/{number}/regions/{city}/?span=year",
    "explain-site": "/explain/{number}/sites/{site}/?span=total",
    "explain-month": "/explain/{number}/sites/{site}/{month}/",
    "explain-early": "/explain/{number}/sites/{site}/{early}/",
    "explain-stream": "/explain/{number}/sites/{site}/{month}/{stream}/",
    "site-figures": "/sites/{site}/",
}


@pytest.fixture(scope="module")
def there(network: Network) -> dict[str, str]:
    """Codes of the release, of the site with the most methane, and of its first waste class."""
    found = json.loads(network.manage("shell", "-v0", "-c", FIND).strip().splitlines()[-1])
    address = f"{network.address}/explain/{found['number']}/sites/{found['site']}/{found['month']}.json"
    with urllib.request.urlopen(address) as answer:
        explained = json.load(answer)["explained"]
    return {**found, "stream": explained["routes"][0]["stream"]}


@pytest.mark.parametrize("width,height", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(network, visit, there, name, language, width, height):
    seen = visit(language=language, width=width, height=height)
    page = seen.go(PAGES[name].format(**there))
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    look(seen, name, language, width)


@pytest.mark.parametrize("name", ["explain-network", "explain-month"])
def test_dark_pages_keep_their_contrast(network, visit, there, name):
    dark = visit(color_scheme="dark", language="en")
    dark.go(PAGES[name].format(**there))
    look(dark, f"{name}-dark", "en", 390)


def test_from_the_figures_to_a_weighing_by_clicks(network, visit, there):
    """On a phone: the headline, the province, the city, the site, the month, the entries."""
    seen = visit(width=390, height=844, language="en")
    page = seen.go("/figures/")
    page.click(".headline .card:first-child .figure-number a")
    page.wait_for_url("**/explain/*/?span=month#diverted")
    for code in (there["province"], there["city"]):
        page.click(f"main tbody th a[href*='/regions/{code}/']")
        page.wait_for_url(f"**/regions/{code}/**")
    page.click(f"main tbody th a[href*='/sites/{there['site']}/']")
    page.wait_for_url(f"**/sites/{there['site']}/**")
    page.click(f"main tbody th a[href$='/{there['month']}/']")
    page.wait_for_url(f"**/{there['month']}/")
    assert "to the last digit" in page.inner_text("main")
    assert page.locator("main section:has(#entries) tbody tr").count() > 0
    assert not seen.errors
