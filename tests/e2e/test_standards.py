"""The standards room in a browser: library, check, compare, one indicator over time, a batch's chain.

Each page at the size of a phone and of a desk, in Chinese and English: readable, nothing over anything, nothing left
untranslated, no page wider than its screen. Takes the screenshots that show it.
"""

from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import Network, Visit
from tests.e2e.test_pages import LANGUAGES, SCREENS, address_of, look

pytestmark = pytest.mark.e2e
SHEET = """sample,indicator,value,unit,basis,note,uncertainty
A-1,organic matter,38.2,%,dm,,
A-1,moisture,27.5,%,,,
A-1,pH,7.6,,,,
A-1,Cd,<0.1,mg/kg,dm,,
A-1,Pb,49,mg/kg,dm,,4
A-1,E. coli,420,CFU/g,ar,,
A-2,Pb,167,mg/kg,dm,,
A-2,cadmiun,1,mg/kg,dm,,
"""
CHOSEN = ("CN-NYT525", "EU-FPR", "AT-KOMPOSTVO", "UK-PAS100")
# Page → (address, who looks at it). Those that test_pages.py has (standards, standard, check) are not repeated.
PAGES: dict[str, tuple[str, str | None]] = {
    "standard-classes": ("/standards/EU-FPR/", None),
    "standard-process": ("/standards/CA-CCME/", None),
    "standard-missing": ("/standards/CN-GBT33891/", None),
    "standards-filtered": ("/standards/?country=europe&text=at_hand", None),
    "compare": ("/compare/", None),
    "indicator": ("/compare/indicator/?indicator=Pb&standard=CN-NYT525&standard=EU-FPR/PFC3A", "administrator"),
    "chain": ("/batches/{batch}/chain/", "administrator"),
}


@pytest.fixture(scope="session")
def tested_batch(network: Network) -> str:
    """A batch with a confirmed report and a temperature of every day."""
    found = "LabReport.objects.get(number='演-2026-001').sample.batch_id"
    script = f"from standards.models import LabReport; print({found})"
    return network.manage("shell", "-v0", "-c", script).strip()


@pytest.mark.parametrize("width,height", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(network, visit, tested_batch, name, language, width, height):
    path, role = PAGES[name]
    seen = visit(language=language, width=width, height=height, role=role)
    page = seen.go(address_of(network, seen, path.replace("{batch}", tested_batch)))
    assert len(page.inner_text("main")) > 100
    look(seen, name, language, width)


def send(seen: Visit, path: str, text: str = SHEET) -> None:
    """Paste a sheet into a page's form, choose standards where it asks for them, and send it."""
    page = seen.go(path)
    page.fill("textarea[name=text]", text)
    if path.startswith("/check/"):
        page.evaluate("document.querySelectorAll('main form details').forEach(d => d.open = true)")
        for box in page.locator("input[name=standard]:checked").all():
            box.uncheck()
        for code in CHOSEN:
            page.check(f"input[name=standard][value='{code}']")
        page.select_option("select[name=decision]", "guarded")
    page.click("main form.stack p button[type=submit]")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("width,height", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_are_read_from_overview_to_reason(network, visit, language, width, height):
    seen = visit(language=language, width=width, height=height)
    send(seen, "/check/")
    page = seen.page
    table = page.locator("table.overview")
    assert table.locator("tbody tr:not(.heading)").count() >= len(CHOSEN)
    link = table.locator("a").first
    target = link.get_attribute("href")
    link.click()
    page.wait_for_timeout(100)
    assert page.locator(target).is_visible(), "the link from the overview opens the details"
    first = page.locator(f"{target} .findings > li").first
    assert first.locator(".badge").is_visible() and len(first.inner_text()) > 40
    look(seen, "checked", language, width)


@pytest.mark.parametrize("width,height", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_matrix_fits_its_screen(network, visit, language, width, height):
    """On a desk a table that scrolls by itself under a fixed first column; on a phone a list an indicator."""
    seen = visit(language=language, width=width, height=height)
    send(seen, "/compare/")
    page = seen.page
    matrix, phone = page.locator("table.compare"), page.locator(".only-phone details.answer")
    if width > 640:
        assert matrix.is_visible() and not phone.first.is_visible()
        region = page.locator(".table-scroll:has(table.compare)")
        region.evaluate("(r) => { r.scrollLeft = 1500; }")
        heading, box = matrix.locator("tbody th").first.bounding_box(), region.bounding_box()
        assert abs(heading["x"] - box["x"]) < 3, "the first column stays"
        region.evaluate("(r) => { r.scrollLeft = 0; }")
    else:
        assert phone.count() >= 5 and not matrix.is_visible()
        phone.first.locator("summary").click()
        lines = phone.first.locator(".indicator-lines li")
        assert lines.count() > 10 and lines.first.is_visible()
        assert re.search(r"✗|✓|\?|○", lines.first.inner_text())
    look(seen, "compared", language, width)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chain_page_shows_the_heat_that_was_met(network, visit, tested_batch, language):
    """Drawn and told; what a rule asks in detail, and rules of other ways and countries, are folded."""
    seen = visit(language=language, role="administrator")
    page = seen.go(PAGES["chain"][0].replace("{batch}", tested_batch))
    heat = page.locator("section[aria-labelledby=process]")
    assert heat.locator("svg").first.is_visible() and heat.locator(".findings .badge-pass").count() >= 1
    assert heat.locator("details[open]").count() == 0
    assert page.evaluate("document.documentElement.scrollHeight") < 7000, "a phone's reader gets to the end of it"


def test_verdicts_are_told_without_colour(network, visit):
    """Every badge and cell of a verdict has a sign and a word."""
    seen = visit(language="en", width=1280, height=800)
    send(seen, "/compare/")
    for mark in seen.page.locator("table.compare .mark").all_inner_texts()[:200]:
        assert re.fullmatch(r"[✓✗?…○–•] \w[\w ]+", mark.strip()), mark


def test_answers_are_downloaded_from_the_page(network, visit):
    seen = visit(language="zh-hans", width=1280, height=800)
    send(seen, "/check/")
    for shape in ("csv", "json", "pdf"):
        with seen.page.expect_download() as started:
            seen.page.click(f"button[name=format][value={shape}]")
        assert started.value.suggested_filename == f"verdicts.{shape}"
    assert not seen.errors


@pytest.mark.parametrize("path", ["/standards/EU-FPR/", "/compare/", "/compare/indicator/"])
def test_pages_are_read_without_javascript(network, visit, path):
    plain = visit(java_script_enabled=False)
    assert plain.go(path).locator("main h1").is_visible()
    assert not plain.errors


@pytest.mark.parametrize("name", ["standard-classes", "chain"])
def test_dark_pages_keep_their_contrast(network, visit, tested_batch, name):
    path, role = PAGES[name]
    dark = visit(color_scheme="dark", role=role, language="en")
    dark.go(path.replace("{batch}", tested_batch))
    look(dark, f"{name}-dark", "en", 390)
