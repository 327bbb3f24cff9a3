"""The desk of the platform team: what needs action first, asked, answered, verified, published; among thousands too."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from batches.models import Release, SiteMonth, Upload, UploadRow
from batches.selectors.findings import findings_for
from batches.selectors.site_months import month_states, silent_sites, waiting_site_months
from batches.services.releases import publish_release
from batches.services.site_months import (
    query_site_month,
    reopen_for_late_entries,
    roll_up,
    submit_site_month,
    verify_site_month,
)
from compostnet.shared.months import month_of, parse_month
from sites.models import Region, Site
from sites.permissions import CONSOLE
from tests.batches.makers import make_batch, make_entry

pytestmark = pytest.mark.django_db
MAY = parse_month("2024-05")
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"


@pytest.fixture
def signed_in(client, make_user):
    def sign_in(role, **place):
        client.force_login(make_user(role, **place))
        return client

    return sign_in


@pytest.fixture
def more(site):
    """A second site in another province."""
    Region.objects.create(
        code="CN-440000", parent_id="CN", level=1, country="CN", name_zh="广东省", name_en="Guangdong"
    )
    return Site.objects.create(
        code="south-1", name_zh="南点", name_en="South", region_id="CN-440000", scenario="village", process="bin",
        opened_on=dt.date(2024, 1, 1),
    )  # fmt: skip


def waiting():
    return [(row.site.code, row.month - MAY) for row in waiting_site_months(Site.objects.all())]


def read(answer):
    return answer.content.decode()


def test_what_needs_action_first_stands_first(site, more):
    now = month_of(timezone.localdate())
    for month in ("2024-05", "2024-06", "2024-07", "2024-08"):
        make_entry(site, month, 10)
    SiteMonth.objects.bulk_create(SiteMonth(site=site, month=month) for month in (*range(MAY, MAY + 4), now))
    submit_site_month(actor=CONSOLE, site=site, month=MAY)
    verify_site_month(actor=CONSOLE, site=site, month=MAY + 1)
    reopen_for_late_entries(touched={(site.pk, MAY + 1)})
    query_site_month(actor=CONSOLE, site=site, month=MAY + 3, reason="?")
    # Reopened, submitted, open, queried, and last what is not over.
    assert waiting() == [(site.code, 1), (site.code, 0), (site.code, 2), (site.code, 3), (site.code, now - MAY)]


def test_the_list_is_narrowed_by_month_province_and_state(site, more, signed_in):
    for place in (site, more):
        for month in ("2024-05", "2024-06"):
            make_entry(place, month, 10)
    roll_up()
    submit_site_month(actor=CONSOLE, site=more, month=MAY)
    client = signed_in("verifier")

    def shown(**wish):
        return sorted(re.findall(r'type="checkbox" name="key" value="([^"]+)"', read(client.get("/desk/", wish))))

    assert len(shown()) == 4
    assert shown(month="2024-05") == ["lishui-1:2024-05", "south-1:2024-05"]
    assert shown(province="CN-440000") == ["south-1:2024-05", "south-1:2024-06"]
    assert shown(province="CN-440000", state="submitted") == ["south-1:2024-05"]
    assert shown(state="queried") == []
    assert shown(state="nonsense") == shown()
    assert client.get("/desk/", {"month": "May"}).status_code == 422


def test_thousands_wait_and_the_page_asks_as_often_as_for_one_page(site, more, signed_in):
    client = signed_in("administrator")

    def queries(number):
        SiteMonth.objects.all().delete()
        SiteMonth.objects.bulk_create(SiteMonth(site=(site, more)[n % 2], month=MAY - n // 2) for n in range(number))
        with CaptureQueriesContext(connection) as seen:
            page = read(client.get("/desk/"))
        assert page.count('type="checkbox" name="key"') == min(number, 30)
        return len(seen)

    assert queries(2500) <= queries(31) + 1


def test_all_that_the_filters_show_can_be_verified_at_once_and_the_rest_is_told_briefly(site, more, signed_in):
    for place in (site, more):
        for number in range(1, 10):
            make_entry(place, f"2024-0{number}", 10)
    for number in range(1, 10):
        harvest = {"kind": "harvest", "material": "mixture", "batch": make_batch(more, f"B{number}")}
        make_entry(more, f"2024-0{number}", 99, **harvest)
        make_entry(more, f"2024-0{number}", 99, **harvest | {"batch": make_batch(more, f"C{number}")})
    roll_up()
    client = signed_in("verifier")
    # The diary says nothing, which is a warning: nobody has read it, so nothing is verified in one go.
    answer = client.post("/desk/verify/", {"which": "shown", "province": "CN-320000"}, headers=ENGLISH)
    assert "0 site-months verified" in read(answer) and "9 site-months have warnings" in read(answer)
    Site.objects.update(process="off_site")
    answer = client.post("/desk/verify/", {"which": "shown", "province": "CN-320000"}, headers=ENGLISH)
    assert "9 site-months verified" in read(answer)
    answer = client.post("/desk/verify/", {"which": "shown"}, headers=ENGLISH)
    page = read(answer)
    assert "9 site-months were not verified" in page
    assert page.count("More came out of batch") == 18
    assert set(SiteMonth.objects.filter(state="verified").values_list("site__code", flat=True)) == {site.code}


def test_the_verifier_reads_the_answer_of_the_site(site, signed_in, make_user):
    make_entry(site, "2024-05", 10)
    query_site_month(actor=CONSOLE, site=site, month=MAY, reason="Really ten?")
    manager = make_user("manager", site=site)
    submit_site_month(actor=manager, site=site, month=MAY, answer="Yes, a small month.")
    page = read(signed_in("verifier").get("/desk/", headers=ENGLISH))
    assert "Really ten?" in page and "Yes, a small month." in page and str(manager) in page
    # A new question stands below the earlier answer, and the month waits for the site again.
    query_site_month(actor=CONSOLE, site=site, month=MAY, reason="Sure?")
    page = read(signed_in("administrator").get("/desk/", headers=ENGLISH))
    thread = page[page.index('class="thread"') :]
    assert thread.index("Really ten?") < thread.index("Yes, a small month.") < thread.index("Sure?")
    assert "has answered" not in page


def test_a_silent_site_is_named_with_its_last_report(site, more, signed_in):
    make_entry(site, "2024-05", 10)
    make_entry(more, "2024-03", 10)
    roll_up()
    # A query makes a site-month, but the site has reported nothing all the same.
    query_site_month(actor=CONSOLE, site=more, month=MAY, reason="Where is your month?")
    assert [(place.code, place.last) for place in silent_sites(MAY)] == [("south-1", MAY - 2)]
    page = read(signed_in("verifier").get("/desk/", {"month": "2024-05"}, headers=ENGLISH))
    assert "last report: March 2024" in page


def test_the_months_say_how_far_they_are_and_what_is_new_since_their_release(
    site, more, signed_in, django_capture_on_commit_callbacks
):
    make_entry(site, "2024-05", 10)
    make_entry(more, "2024-04", 10)
    roll_up()
    verify_site_month(actor=CONSOLE, site=site, month=MAY)
    state = month_states()[0]
    assert (state.month, state.expected, state.verified, state.silent, state.release) == (MAY, 2, 1, 1, None)
    assert state.has_news
    client = signed_in("publisher")
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/desk/publish/", {"month": "2024-05"})
    assert (month_states()[0].release.number, month_states()[0].has_news) == (1, False)
    make_entry(site, "2024-05", 5)
    reopen_for_late_entries(touched={(site.pk, MAY)})
    assert (month_states()[0].verified, month_states()[0].open) == (0, 1)
    verify_site_month(actor=CONSOLE, site=site, month=MAY)
    assert month_states()[0].has_news
    assert "verified again since" in read(client.get("/desk/", headers=ENGLISH))
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/desk/publish/", {"month": "2024-05", "reason": "a late load"})
    assert Release.objects.order_by("-number").values_list("number", "revision").first() == (2, 1)


def test_a_closed_site_is_expected_to_the_month_of_its_closing(site, more):
    Site.objects.filter(pk=more.pk).update(closed_on=dt.date(2024, 5, 1))
    for month in ("2024-05", "2024-06"):
        make_entry(site, month, 10)
    roll_up()
    assert [(state.month - MAY, state.expected) for state in month_states()] == [(1, 1), (0, 2)]


def test_only_sites_and_materials_that_can_be_far_above_habit_are_read(site, more):
    for number in range(1, 9):
        make_entry(site, f"2024-0{number}", 10 + number)
        make_entry(more, f"2024-0{number}", 10)
    keys = [(site.pk, MAY + 4), (more.pk, MAY + 4)]
    make_entry(more, "2024-09", 200)
    make_entry(site, "2024-09", 100)

    with CaptureQueriesContext(connection) as seen:
        found = findings_for(keys, verifier=CONSOLE)
    assert [f.code for f in found[more.pk, MAY + 4] if f.blocks] == ["mass_far_above_habit"]
    assert not any(f.blocks for f in found[site.pk, MAY + 4])
    reads = [query["sql"] for query in seen if "occurred_on" in query["sql"] and "GROUP BY" not in query["sql"]]
    assert len(reads) == 1 and f"IN ({more.pk})" in reads[0]


def test_refused_rows_of_other_sites_are_not_read(site, more):
    make_entry(site, "2024-05", 10)
    for place in (site, more):
        upload = Upload.objects.create(
            kind="ledger", layout="template", sha256=place.code, file_name=f"{place.code}.csv", site=place,
            state="partly", counts={},
        )  # fmt: skip
        UploadRow.objects.create(upload=upload, row=2, cells={"日期": "2024-05-03"}, faults=[], state="rejected")
    found = [f for f in findings_for([(site.pk, MAY)], verifier=CONSOLE)[site.pk, MAY] if f.blocks]
    codes = [(f.code, f.message.values["file"]) for f in found]
    assert codes == [("rows_to_mend", "lishui-1.csv")]


def test_a_publisher_sees_the_desk_but_no_button_that_is_not_theirs(site, signed_in):
    make_entry(site, "2024-05", 10)
    roll_up()
    verify_site_month(actor=CONSOLE, site=site, month=MAY)
    publish_release(actor=CONSOLE, month=MAY)
    publisher = read(signed_in("publisher").get("/desk/"))
    assert reverse("desk_publish") in publisher and reverse("desk_verify") not in publisher
    make_entry(site, "2024-06", 10)
    roll_up()
    verifier = read(signed_in("verifier").get("/desk/"))
    assert reverse("desk_publish") not in verifier and reverse("desk_verify") in verifier
