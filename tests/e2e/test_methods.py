"""Pages of methods and factors, and of a site's details, in the browser: whole on phone and desk, both languages."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Network
from tests.e2e.test_pages import LANGUAGES, SCREENS, look

pytestmark = pytest.mark.e2e
PAGES = {
    "methods": ("/methods/", None),
    "method-default": ("/methods/tool04_b_ar5_v1/", None),
    "method-tool13": ("/methods/tool04_b_tool13_ar5_v1/", None),
    "method-ipcc": ("/methods/ipcc_2019_ar5_v1/", None),
    "method-warm": ("/methods/warm_v15/", None),
    "site-details": ("/desk/sites/{site}/edit/", "administrator"),
}


@pytest.fixture(scope="module")
def site(network: Network) -> str:
    """A site without a zone set by hand."""
    ask = "from sites.models import Site; print(Site.objects.filter(climate_zone='').first().code)"
    return network.manage("shell", "-v0", "-c", ask).strip().splitlines()[-1]


@pytest.mark.parametrize("width,height", SCREENS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(visit, site, name, language, width, height):
    path, role = PAGES[name]
    seen = visit(language=language, width=width, height=height, role=role)
    page = seen.go(path.format(site=site))
    for folded in page.query_selector_all("main details > summary"):
        folded.click()
    look(seen, name, language, width)
