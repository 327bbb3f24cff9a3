"""Samples, labs and test requests in the browser: every page in both languages, and the way through them by clicks."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Network
from tests.e2e.test_pages import LANGUAGES, SCREENS, look

pytestmark = pytest.mark.e2e
FIND = """
import json
from standards.models import LabReport, TestRequest
found = {one.state: [str(one.pk), one.label_code, one.batch.site.code] for one in TestRequest.objects.all()}
found["published"] = str(LabReport.objects.exclude(published_at=None)[0].pk)
found["received"] = str(LabReport.objects.filter(state="received")[0].pk)
print(json.dumps(found))
"""
PAGES = {
    "tests": ("/sites/{site}/tests/", "administrator"),
    "test-asked": ("/test-requests/{asked}/", "administrator"),
    "test-granted": ("/test-requests/{granted}/", "administrator"),
    "test-done": ("/test-requests/{done}/", "administrator"),
    "desk-tests": ("/desk/tests/", "administrator"),
    "lab-report": ("/lab-reports/{published}/", "administrator"),
    "lab-report-received": ("/lab-reports/{received}/", "administrator"),
    "my-lab": ("/lab/", "lab"),
    "arrival": ("/samples/{label}/arrival/", "lab"),
    "arrived": ("/samples/{arrived_label}/arrival/", "lab"),
}


@pytest.fixture(scope="module")
def there(network: Network) -> dict[str, str]:
    """Ids and codes of the demo network's requests and reports."""
    found = json.loads(network.manage("shell", "-v0", "-c", FIND).strip().splitlines()[-1])
    ids = {state: value if isinstance(value, str) else value[0] for state, value in found.items()}
    return ids | {"label": found["sampled"][1], "arrived_label": found["arrived"][1], "site": found["granted"][2]}


@pytest.mark.parametrize("width,height", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(network, visit, there, name, language, width, height):
    path, role = PAGES[name]
    seen = visit(language=language, width=width, height=height, role=role)
    page = seen.go(path.format(**there))
    assert len(page.inner_text("main")) > 20
    look(seen, name, language, width)


def test_from_the_wish_to_the_label(network, visit, there):
    """On a phone: ask, grant, print, take; the code on the page is the one on the label."""
    site = visit(width=390, height=844, role="administrator", language="en")
    page = site.go(f"/sites/{there['site']}/tests/")
    page.fill("input[name=note]", "for the school garden")
    page.click("main form button[type=submit]")
    page.wait_for_url("**/test-requests/*/")
    page.click("main button:has-text('Grant the test')")
    page.wait_for_load_state("networkidle")
    code = page.inner_text("main .secret")
    assert len(code) == 9
    label = site.context.request.get(network.address + page.get_attribute("a:has-text('Label (PDF)')", "href"))
    assert label.body()[:5] == b"%PDF-"
    page.fill("input[name=sub_samples]", "12")
    page.click("main section:has(#take) button[type=submit]")
    page.wait_for_load_state("networkidle")
    assert "on its way" in page.inner_text("main h1")
    lab = visit(width=390, height=844, role="lab", language="en")
    page = lab.go(f"/samples/{code.lower()}/arrival/")
    page.click("main button[type=submit]")
    page.wait_for_load_state("networkidle")
    assert "arrived on" in page.inner_text("main")
