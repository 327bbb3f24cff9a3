"""Every page, on a phone and on a screen, in Chinese and English: it works, it reads well, nothing lies over anything.

Takes the screenshots (tests/screenshots/<page>-<language>-<width>.png) that show it.
"""

from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import Network, Visit
from tests.e2e.looking import LOOK, SCREENSHOTS, faults

pytestmark = pytest.mark.e2e
SCREENS = [(390, 844), (1280, 800)]
LANGUAGES = ["zh-hans", "en"]
# Page → (address, who looks at it). Addresses may hold {site}, {batch} and {month}.
PAGES: dict[str, tuple[str, str | None]] = {
    "home": ("/", None),
    "about": ("/about/", None),
    "map": ("/map/", None),
    "figures": ("/figures/", None),
    "figures-month": ("/figures/{month}/", None),
    "sites": ("/sites/", None),
    "site": ("/sites/{site}/", None),
    "standards": ("/standards/", None),
    "standard": ("/standards/CN-NYT525/", None),
    "check": ("/check/", None),
    "downloads": ("/downloads/", None),
    "sign-in": ("/account/login/", None),
    "sign-up": ("/account/signup/", None),
    "logbook": ("/sites/{site}/logbook/", "operator"),
    "batch": ("/batches/{batch}/", "operator"),
    "samples": ("/batches/{batch}/samples/", "operator"),
    "uploads": ("/uploads/", "operator"),
    "tokens": ("/account/tokens/", "operator"),
    "desk": ("/desk/", "administrator"),
    "people": ("/desk/people/", "administrator"),
    "person": ("/desk/people/1/", "administrator"),
    "person-new": ("/desk/people/new/", "administrator"),
    "manage-sites": ("/desk/sites/", "administrator"),
    "site-edit": ("/desk/sites/{site}/edit/", "administrator"),
    "site-new": ("/desk/sites/new/", "administrator"),
    "organisations": ("/desk/organisations/", "administrator"),
    "training": ("/training/", "trainer"),
}


def address_of(network: Network, visit: Visit, path: str) -> str:
    """The path with a real site, batch and month of the network in it."""
    if "{month}" in path:
        page = visit.context.request.get(network.address + "/figures/").text()
        path = path.replace("{month}", re.search(r"/figures/(\d{4}-\d{2})/", page)[1])
    if "{site}" in path or "{batch}" in path:
        logbook = visit.context.request.get(network.address + "/").text()
        site = re.search(r"/sites/([\w-]+)/logbook/", logbook)
        code = site[1] if site else first_site(network)
        path = path.replace("{site}", code)
    if "{batch}" in path:
        page = visit.context.request.get(f"{network.address}/sites/{code}/logbook/").text()
        path = path.replace("{batch}", re.search(r"/batches/([0-9a-f-]{36})/", page)[1])
    return path


def first_site(network: Network) -> str:
    return network.manage(
        "shell", "-v0", "-c", "from sites.models import Site; print(Site.objects.first().code)"
    ).strip()


def look(visit: Visit, name: str, language: str, width: int) -> None:
    """Take the screenshot and fail with everything that is wrong with the page."""
    found = faults(visit.page.evaluate(LOOK), language) + visit.errors
    SCREENSHOTS.mkdir(exist_ok=True)
    visit.page.screenshot(path=SCREENSHOTS / f"{name}-{language}-{width}.png", full_page=True)
    assert not found, f"{name} ({language}, {width} px):\n" + "\n".join(found)


@pytest.mark.parametrize("width,height", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(network, visit, name, language, width, height):
    path, role = PAGES[name]
    seen = visit(language=language, width=width, height=height, role=role)
    page = seen.go(address_of(network, seen, path))
    assert len(page.inner_text("main")) > 40
    if role is None and not name.startswith("sign") and name not in ("about", "check"):
        banner = "This network is invented" if language == "en" else "虚构"
        assert banner in page.inner_text("body")
    look(seen, name, language, width)


@pytest.mark.parametrize("name", [name for name, (_, role) in PAGES.items() if role is None])
def test_a_public_page_is_read_without_javascript(network, visit, name):
    """The words of a page are there before any script runs; a script may only add to them."""
    path = PAGES[name][0]
    plain = visit(java_script_enabled=False)
    words = plain.go(address_of(network, plain, path)).inner_text("main")
    assert len(words) > 40
    assert plain.page.locator("main h1").is_visible()
    assert not plain.errors


@pytest.mark.parametrize("name", ["home", "figures", "map", "site", "batch"])
def test_dark_pages_keep_their_contrast(network, visit, name):
    path, role = PAGES[name]
    dark = visit(color_scheme="dark", role=role, language="en")
    dark.go(address_of(network, dark, path))
    look(dark, f"{name}-dark", "en", 390)


@pytest.mark.parametrize("width,height", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sheet_with_errors_says_where_and_what_to_do(network, visit, language, width, height):
    """A sheet with one good row and several bad ones: the page names row, column, value and remedy."""
    seen = visit(language=language, width=width, height=height, role="operator")
    page = seen.go("/uploads/")
    code = address_of(network, seen, "{site}")
    logbook = seen.context.request.get(f"{network.address}/sites/{code}/logbook/").text()
    batch = re.search(r"/batches/[0-9a-f-]{36}/\">([\w-]+)<", logbook)[1]
    sheet = (
        "id,site,batch,kind,material,value,unit,measured,occurred_on\n"
        f",{code},{batch},intake,food_waste,120.5,kg,scale,2025-01-05\n"
        f",{code},{batch},intake,food_waste,twelve,kg,scale,2025-01-06\n"
        f",{code},{batch},intake,moon_dust,12,kg,scale,2025-01-07\n"
        f",{code},{batch},intake,leaves,12,furlong,scale,2025-01-08\n"
        f",{code},{batch},intake,leaves,12,kg,scale,2025-02-30\n"
        f",nowhere-{width}-{language},{batch},intake,leaves,12,kg,scale,2025-01-09\n"
    )
    page.set_input_files(
        "main input[type=file]", {"name": "january.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    )
    page.click("main form:has(input[type=file]) button[type=submit]")
    page.wait_for_load_state("networkidle")
    assert re.search(r"/uploads/[0-9a-f-]{36}/", page.url), page.url
    words = page.inner_text("main")
    assert page.locator("main button[value=good]").count() == 1, "the good row cannot be stored without the bad ones"
    for value in ("twelve", "moon_dust", "furlong", "2025-02-30", "nowhere"):
        assert value in words, f"{value} is not named:\n{words[:3000]}"
    look(seen, "upload-errors", language, width)
