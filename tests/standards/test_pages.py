"""Pages of the standards room: library, check, compare, one indicator over time, and the chain of a batch."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from batches.models import Batch, LedgerEntry
from sites.models import Organisation, Site
from sites.permissions import CONSOLE
from standards.checking.explain import check_lines
from standards.library import library, selected
from standards.models import LabReport, LabResult, Sample
from standards.selectors.compare import Terms, limits_of, over_time, own_terms, scaled
from standards.services import confirm_lab_report, hand_in_lab_report, register_sample
from tests.standards.support import lines, whole_report

DAY = dt.date(2026, 6, 1)
LEAD = "sample,indicator,value,unit,basis\nA-1,Pb,67,mg/kg,dm\nA-1,organic matter,38.2,%,dm\n"


@pytest.fixture(autouse=True)
def english(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def batch(site):
    return Batch.objects.create(site=site, code="2024-1", started_on=dt.date(2024, 3, 1))


def read(client, address, language="en", status=200, **more):
    answer = client.get(address, headers={"accept-language": language}, **more)
    assert answer.status_code == status, answer.content[:2000]
    return answer.content.decode()


def send(client, address, data, language="en", status=200):
    answer = client.post(address, data, headers={"accept-language": language})
    assert answer.status_code == status, answer.content[:2000]
    return answer


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- the library ----------------------------------------------------------------------------------------------------


def test_the_list_has_every_standard_and_says_which_has_no_text(client, db):
    html = read(client, reverse("standards"))
    for code, standard in library().items():
        assert f"/standards/{code}/" in html
        if standard.unavailable:
            card = html.split(f"/standards/{code}/")[1].split("</li>")[0]
            assert "text not at hand yet" in card and "In force" not in card


@pytest.mark.parametrize(
    "query,inside,outside",
    [
        ({"country": "DE"}, "DE-BIOABFV", "CN-NYT525"),
        ({"country": "europe"}, "EU-FPR", "US-503"),
        ({"text": "missing"}, "CN-T-CYDFCW", "CN-NYT525"),
        ({"text": "at_hand"}, "CN-NYT525", "CN-T-CYDFCW"),
        ({"q": "有机肥料"}, "CN-NYT525", "US-503"),
        ({"q": "soil improver"}, "EU-FPR", "US-503"),
    ],
)
def test_the_list_is_filtered_by_the_server(client, db, query, inside, outside):
    html = read(client, reverse("standards"), query_params=query)
    assert f"/standards/{inside}/" in html and f"/standards/{outside}/" not in html


def test_a_filter_that_finds_nothing_says_so(client, db):
    assert "No standard fits" in read(client, reverse("standards"), query_params={"q": "zzz<script>"})


@pytest.mark.parametrize("code", library())
def test_every_standard_has_a_page_in_both_languages(client, db, code):
    for language in ("en", "zh-hans"):
        html = read(client, reverse("standard", args=[code]), language)
        assert "{" not in words(html.split("<main")[1]), "a sentence with a value left out"
        for edition in library()[code].editions:
            assert f'id="edition-{edition.edition}"' in html


def test_classes_stand_side_by_side(client, db):
    html = read(client, reverse("standard", args=["EU-FPR"]))
    row = words(html.split(">cadmium")[1].split("</tr>")[0])
    assert row.index("≤ 1.5") < row.index("≤ 2") and row.count("≤") >= 2
    assert "one of these is enough" in html.split("Enterococcaceae")[1][:400]
    assert "none of 5 samples may have it" in html


def test_classes_that_compare_differently_share_a_row_and_each_says_how(client, db):
    html = read(client, reverse("standard", args=["US-503"]))
    assert html.count(">lead ") == 1
    row = words(html.split(">lead ")[1].split("</tr>")[0])
    assert "≤ 300 the monthly average is compared" in row and "≤ 840" in row


def test_a_page_shows_conditions_process_sampling_and_sources(client, db):
    html = words(read(client, reverse("standard", args=["CA-CCME"])))
    assert "not where the feedstock is: garden and yard waste" in html
    assert "≥ 55 °C for 15 days in a row" in html and "turned at least 5 times while hot" in html
    assert "provisional" in html


def test_a_limit_of_another_standard_leads_there(client, db):
    html = read(client, reverse("standard", args=["CN-DB33-RURAL"]))
    assert "/standards/CN-" in html.split("<table")[1]


def test_two_editions_are_compared(client, db):
    html = read(client, reverse("standard", args=["CN-NYT525"]), query_params={"from": "2012", "to": "2021"})
    changes = html.split('id="changes"')[1].split("</details>")[0]
    row = words(changes.split("organic matter")[1].split("</tr>")[0])
    assert "changed" in row and "≥ 45" in row and "≥ 30" in row
    read(client, reverse("standard", args=["CN-NYT525"]), query_params={"from": "1812"}, status=404)


def test_the_file_of_a_standard_is_given_out_as_it_stands(client, db):
    answer = client.get(reverse("standard_file", args=["cn-nyt525"]))
    assert b"".join(answer.streaming_content).startswith(b"# NY/T 525")
    read(client, reverse("standard_file", args=["..%2Fsettings"]), status=404)


# --- the check ------------------------------------------------------------------------------------------------------


def test_a_pasted_sheet_is_judged_with_failures_first(client, db):
    html = send(client, reverse("check"), {"text": LEAD, "standard": ["CN-NYT525"]}).content.decode()
    answer = words(html.split('id="answer-1"')[1])
    assert (
        answer.index("lead") < answer.index("limits that the report says nothing of") < answer.index("organic matter")
    )
    assert answer.index("limits that the report says nothing of") < answer.index("mercury")
    assert "Next step:" in answer and "limit that is met" in answer


def test_a_ranked_standard_answers_with_its_best_class(client, db):
    rows = "sample,indicator,value,unit,basis\n" + "".join(f"A-1,{name},0.1,mg/kg,dm\n" for name in ("Cd", "Pb", "Cr"))
    html = send(client, reverse("check"), {"text": rows, "standard": ["AT-KOMPOSTVO"]}).content.decode()
    assert "The best class that is still possible: A+." in html
    assert html.count('class="answer"') == 1
    html = send(client, reverse("check"), {"text": rows, "standard": ["AT-KOMPOSTVO/B"]}).content.decode()
    assert "best class" not in html.split('id="answers"')[1].split("form-title")[0]


def test_the_whole_library_and_a_region_can_be_asked_for(client, db):
    every = send(client, reverse("check"), {"text": LEAD, "standard": ["all"]}).content.decode()
    china = send(client, reverse("check"), {"text": LEAD, "standard": ["region:china"]}).content.decode()
    assert every.count('class="answer"') > china.count('class="answer"') > 3
    assert "cannot be judged" in every  # those without text, named and not left out in silence
    assert library()["CN-T-CYDFCW"].name.en in every.split("cannot be judged")[1]


def test_several_samples_stand_in_a_table_that_leads_to_the_details(client, db):
    text = LEAD + "A-2,Pb,12,mg/kg,dm\n"
    html = send(client, reverse("check"), {"text": text, "standard": ["CN-NYT525", "US-503/T3"]}).content.decode()
    table = html.split('class="overview"')[1].split("</table>")[0]
    assert ">A-1</th>" in table and ">A-2</th>" in table
    for target in re.findall(r'href="#([\w-]+)"', table):
        assert f'id="{target}"' in html


def test_an_unknown_name_is_shown_once_with_suggestions(client, db):
    text = LEAD + "A-1,cadmiun,1,mg/kg,dm\n"
    html = send(client, reverse("check"), {"text": text, "standard": ["CN-NYT525", "US-503/T3"]}).content.decode()
    assert html.count("“cadmiun”") == 1 and "Did you mean" in html


def test_facts_and_the_decision_rule_count(client, db):
    sheet = "sample,indicator,value,unit,basis,uncertainty\nA-1,Pb,49,mg/kg,dm,4\n"
    simple = {"text": sheet, "standard": ["CN-NYT525"], "decision": "simple"}
    html = send(client, reverse("check"), simple).content.decode()
    assert "Probability that the limit is met" in html
    guarded = send(client, reverse("check"), {**simple, "decision": "guarded"}).content.decode()
    row = words(guarded.split(">lead<")[1][:600])
    assert "cannot tell" in words(guarded.split(">lead<")[0][-300:]) or "cannot tell" in row
    wrong = send(client, reverse("check"), {**simple, "fact_feedstock": "moon dust"}, status=422).content.decode()
    assert "moon dust" in wrong and "kitchen_waste" in wrong


def test_the_answers_are_downloaded(client, db):
    data = {"text": LEAD, "standard": ["CN-NYT525"], "as_of": "2026-03-01"}
    rows = json.loads(send(client, reverse("check"), {**data, "format": "json"}).content)
    expected = check_lines(lines("Pb; 67; mg/kg; dm"), selected(["CN-NYT525"], dt.date(2026, 3, 1)))[0]
    assert rows[0]["verdict"] == expected.verdict == "fail" and rows[0]["as_of"] == "2026-03-01"
    table = list(
        csv.DictReader(
            io.StringIO(send(client, reverse("check"), {**data, "format": "csv"}).content.decode("utf-8-sig"))
        )
    )
    lead = next(row for row in table if row["indicator"] == "Pb")
    assert lead["indicator_verdict"] == "fail" and lead["reported"] == "67 mg/kg dm"
    assert send(client, reverse("check"), {**data, "format": "pdf"}).content.startswith(b"%PDF-")


def test_what_was_read_can_be_sent_again(client, db):
    """The page shows a file's results as a table: sent again it gives the same verdicts."""
    sheet = SimpleUploadedFile("lab.csv", ("样品,指标,结果,单位,基准\n甲,总铅,67,mg/kg,干基\n").encode())
    html = send(client, reverse("check"), {"file": sheet, "standard": ["CN-NYT525"]}).content.decode()
    text = html.split('<textarea name="text"')[1].split(">", 1)[1].split("</textarea>")[0].replace("&#x27;", "'")
    again = send(client, reverse("check"), {"text": text, "standard": ["CN-NYT525"]}).content.decode()
    assert words(html.split('id="answer-1"')[1].split("<form")[0]) == words(
        again.split('id="answer-1"')[1].split("<form")[0]
    )


@pytest.mark.parametrize(
    "data,status,says",
    [
        ({"text": "", "standard": ["all"]}, 200, "Choose a file or paste a table."),
        ({"text": LEAD, "standard": ["NO-SUCH"]}, 404, "NO-SUCH"),
        ({"text": "a,b\n1,2\n", "standard": ["all"]}, 422, "indicator"),
        ({"text": LEAD, "standard": ["CN-T-CYDFCW"]}, 200, "None of the chosen standards"),
        ({"text": LEAD, "standard": ["CN-NYT525"], "as_of": "1990-01-01"}, 200, "no edition is in force on 1990-01-01"),
    ],
)
def test_what_cannot_be_checked_says_why(client, db, data, status, says):
    assert says in send(client, reverse("check"), data, status=status).content.decode()


def test_a_page_refuses_more_answers_than_it_can_show(client, db):
    text = "sample,indicator,value,unit,basis\n" + "".join(f"S{n},Pb,{n},mg/kg,dm\n" for n in range(300))
    html = send(client, reverse("check"), {"text": text, "standard": ["all"]}, status=422).content.decode()
    assert "300 samples" in html and "Choose fewer standards" in html
    html = send(client, reverse("check"), {"text": text, "standard": ["CN-NYT525"]}).content.decode()
    assert html.count('class="answer"') == 150 and "150 more answers stand in the overview only" in html


# --- one sample, every standard -------------------------------------------------------------------------------------


def test_the_matrix_says_what_the_checker_says(client, db):
    html = send(client, reverse("compare"), {"text": LEAD, "as_of": "2026-03-01"}).content.decode()
    table = html.split('class="compare"')[1].split("</table>")[0]
    columns = re.findall(r'translate="no">([^<]+)</a>', table.split("<tbody>")[0])
    lead = table.split(">lead<")[1].split("</tr>")[0].split("<td")[1:]
    assert len(columns) == len(lead) > 35
    found = lines("Pb; 67; mg/kg; dm", "organic matter; 38.2; %; dm")
    for code, cell in zip(columns, lead, strict=True):
        answer = check_lines(found, selected([code], dt.date(2026, 3, 1)))[0]
        verdicts = [one.verdict for one in answer.indicators if one.indicator == "Pb" and one.limit_id]
        assert re.findall(r"mark-(\w+)", cell) == verdicts, code


def test_the_matrix_is_narrowed_to_regions_and_widened_to_all_rows(client, db):
    html = send(client, reverse("compare"), {"text": LEAD, "region": ["china"]}).content.decode()
    head = html.split('class="compare"')[1].split("<tbody>")[0]
    assert "CN-NYT525" in head and "EU-FPR" not in head
    assert ">mercury<" not in html.split("<tbody>")[1]
    more = send(client, reverse("compare"), {"text": LEAD, "region": ["china"], "rows": "all"}).content.decode()
    assert "mercury" in more.split("<tbody>")[1]


def test_one_of_several_samples_is_chosen(client, db):
    text = LEAD + "A-2,Pb,12,mg/kg,dm\n"
    assert "Sample A-1" in send(client, reverse("compare"), {"text": text}).content.decode()
    html = send(client, reverse("compare"), {"text": text, "sample": "A-2"}).content.decode()
    assert (
        "Sample A-2" in html
        and "12 mg/kg dm" in html
        and "67 mg/kg" not in html.split("<tbody>")[1].split("</table>")[0]
    )


def make_report(batch, code, rows, *, taken_on=dt.date(2024, 6, 1), confirmed=True, published=False):
    """A stored report with its results, without the way through the services."""
    sample = Sample.objects.create(batch=batch, code=code, taken_on=taken_on)
    now = timezone.now()
    report = LabReport.objects.create(
        sample=sample,
        sha256=uuid.uuid4().hex * 2,
        file_name="a.csv",
        file="a.csv",
        state="confirmed" if confirmed else "received",
        confirmed_at=now if confirmed else None,
        published_at=now if published else None,
        public_code=code[:12] if published else None,
    )
    results = []
    for number, row in enumerate(rows, 2):
        cells = [part.strip() for part in row.split(";")] + [""] * 4
        results.append(
            LabResult(
                report=report, line=number, indicator_text=cells[0], value_text=cells[1], unit_text=cells[2],
                basis_text=cells[3],
            )
        )  # fmt: skip
    LabResult.objects.bulk_create(results)
    return report


def test_a_report_is_compared_by_those_who_may_see_it(client, batch, site, make_user):
    hidden = make_report(batch, "S-1", ["Pb; 67; mg/kg; dm"])
    shown = make_report(batch, "S-2", ["Pb; 68; mg/kg; dm"], published=True)
    address = reverse("compare")
    assert "68 mg/kg dm" in read(client, address, query_params={"report": shown.pk})
    answer = client.get(address, query_params={"report": hidden.pk})
    assert answer.status_code in (302, 401, 403, 404) and b"67 mg/kg" not in answer.content
    client.force_login(make_user("operator", site=site))
    html = read(client, address, query_params={"report": hidden.pk})
    assert "67 mg/kg dm" in html and "S-2" in html  # the other one can be chosen


# --- one indicator over time ----------------------------------------------------------------------------------------


def lead_limit(code="CN-NYT525"):
    sets = [rules for _, found in selected([code], DAY) for rules in found]
    return limits_of(sets, "Pb")


def test_values_are_brought_to_the_limits_basis(batch):
    make_report(batch, "dry", ["总铅; 20; mg/kg; 干基"])
    make_report(batch, "fresh", ["Pb; 20; mg/kg; 鲜样", "水分; 60; %"])
    make_report(batch, "grams", ["lead; 0.02; g/kg; dm"])
    make_report(batch, "below", ["铅; <5; mg/kg; dm"])
    make_report(batch, "silent", ["Pb; 20; mg/kg"])
    make_report(batch, "moist", ["Pb; 20; mg/kg; 鲜样"])
    make_report(batch, "none", ["Cd; 1; mg/kg; dm"])
    make_report(batch, "waiting", ["Pb; 1; mg/kg; dm"], confirmed=False)
    limits = lead_limit()
    found = over_time(CONSOLE, "Pb", limits)
    seen = dict(zip([one.code for one in found.measurements], found.values[Terms("mg/kg", "dm")], strict=True))
    assert {code: (one.low, one.high) for code, one in seen.items() if not one.reason} == {
        "dry": (20.0, 20.0),
        "fresh": (50.0, 50.0),
        "grams": (20.0, 20.0),
        "below": (None, 5.0),
    }
    assert seen["silent"].reason == "over_time_basis" and seen["moist"].reason == "over_time_moisture"
    rules, limit = limits[0]
    verdicts = dict(zip(seen, found.verdicts[(rules.code, limit.id)], strict=True))
    for code, row in {"dry": "Pb; 20; mg/kg; dm", "silent": "Pb; 20; mg/kg", "below": "Pb; <5; mg/kg; dm"}.items():
        answer = check_lines(lines(row), [(False, [rules])])[0]
        assert verdicts[code] == next(one.verdict for one in answer.indicators if one.limit_id == limit.id)


def test_a_sum_is_known_from_its_parts(batch):
    make_report(batch, "parts", ["N; 1.9; %; dm", "P2O5; 1.1; %; dm", "K2O; 1.4; %; dm"])
    sets = [rules for _, found in selected(["CN-NYT525"], DAY) for rules in found]
    found = over_time(CONSOLE, "total_nutrients", limits_of(sets, "total_nutrients"))
    (seen,) = next(iter(found.values.values()))
    assert seen.low == pytest.approx(4.4) and seen.high == pytest.approx(4.4)


def test_without_a_limit_an_indicator_stands_in_its_own_terms(batch):
    make_report(batch, "a", ["Pb; 20; mg/kg; dm"])
    found = over_time(CONSOLE, "Pb", [])
    assert own_terms("Pb") == Terms("mg/kg", "dm") and found.values[own_terms("Pb")][0].high == 20
    seen = scaled(found.values[own_terms("Pb")][0], "Pb", "mg/kg", "%")
    assert seen.low == seen.high == pytest.approx(0.002)


def test_everybody_sees_what_is_published_and_operators_their_sites(client, batch, site, make_user):
    elsewhere = Site.objects.create(
        code="else", name_zh="别处", name_en="Elsewhere", region=site.region, scenario="village", process="windrow",
        opened_on=dt.date(2024, 1, 1),
    )  # fmt: skip
    other = Batch.objects.create(site=elsewhere, code="2024-2", started_on=dt.date(2024, 3, 1))
    make_report(batch, "mine", ["Pb; 67; mg/kg; dm"])
    make_report(other, "theirs", ["Pb; 41; mg/kg; dm"])
    make_report(other, "open", ["Pb; 42; mg/kg; dm"], published=True)
    address = reverse("indicator_over_time") + "?indicator=Pb&standard=CN-NYT525"

    def codes():
        return set(re.findall(r">(mine|theirs|open)\s*<", read(client, address)))

    assert codes() == {"open"}
    client.force_login(make_user("operator", site=site))
    assert codes() == {"mine", "open"}
    assert set(re.findall(r">(mine|theirs|open)\s*<", read(client, address + "&site=else"))) == {"open"}
    client.force_login(make_user("administrator"))
    assert codes() == {"mine", "theirs", "open"}
    assert set(re.findall(r">(mine|theirs|open)\s*<", read(client, address + "&region=CN-320000"))) == codes()
    assert not re.findall(r">(mine|theirs|open)\s*<", read(client, address + "&region=CN&site=&last=2020-01-01"))
    assert "No confirmed report" in read(client, address + "&first=2025-01-01")


def test_the_page_has_chart_table_and_file(client, batch):
    make_report(batch, "high", ["Pb; 67; mg/kg; dm"], published=True)
    make_report(batch, "low", ["Pb; <5; mg/kg; dm"], published=True)
    make_report(batch, "odd", ["Pb; 20; mg/kg"], published=True)
    query = "?indicator=Pb&standard=CN-NYT525&standard=EU-FPR/PFC3A"
    html = read(client, reverse("indicator_over_time") + query)
    assert "≤ 50 CN-NYT525" in html and "≤ 120 EU-FPR/PFC3A" in html and "chart-arrow" in html
    assert "Not comparable" in html and "neither" not in html
    rows = list(
        csv.DictReader(
            io.StringIO(read(client, reverse("indicator_over_time") + query + "&format=csv").lstrip("\ufeff"))
        )
    )
    high = next(row for row in rows if row["sample"] == "high")
    assert high["high (mg/kg dm)"] == "67.0" and "fail" in high.values() and "pass" in high.values()


def test_many_samples_ask_the_database_as_often_as_few(client, batch):
    make_report(batch, "first", ["Pb; 67; mg/kg; dm", "水分; 30; %"], published=True)
    address = reverse("indicator_over_time")
    read(client, address)
    with CaptureQueriesContext(connection) as few:
        read(client, address)
    for number in range(8):
        make_report(batch, f"more-{number}", [f"总铅; {number}; mg/kg; dm"], published=True)
    with CaptureQueriesContext(connection) as many:
        read(client, address)
    assert len(many) <= len(few)


@pytest.mark.parametrize(
    "query", ["?indicator=%3Cb%3E", "?standard=x&page=99999&first=soon", "?site=%F0%9F%8D%83&region=x"]
)
def test_an_odd_question_is_answered(client, db, query):
    assert "over time" in read(client, reverse("indicator_over_time") + query)


# --- the chain ------------------------------------------------------------------------------------------------------


def test_the_chain_of_an_empty_batch_says_what_is_missing(client, batch, site, make_user):
    client.force_login(make_user("operator", site=site))
    html = words(read(client, reverse("chain", args=[batch.pk])))
    for sentence in (
        "Nothing has been recorded yet.",
        "No sample has been taken from this batch yet.",
        "There is no report to judge yet.",
        "A confirmed report can be published",
    ):
        assert sentence in html


def test_the_chain_leads_from_the_batch_to_the_public_page(client, batch, site, make_user):
    operator, verifier = make_user("operator", site=site), make_user("verifier")
    now = timezone.now()
    for material, mass in (("food_waste", 3_000_000), ("leaves", 1_000_000)):
        LedgerEntry.objects.create(
            id=uuid.uuid4(), digest=uuid.uuid4(), site=site, batch=batch, recorded_at=now, kind="intake",
            material=material, mass_mg=mass, measured="scale", entered_value="1", entered_unit="kg",
            occurred_on=batch.started_on, month=2024 * 12 + 2,
        )  # fmt: skip
    sample = register_sample(actor=operator, batch=batch, code="S-1", taken_on=dt.date(2024, 6, 1))
    head = "样品,指标,结果,单位,基准\n"
    sheet = head + "".join(
        "S-1," + ",".join(part.strip() for part in (row + ";" * (3 - row.count(";"))).split(";")) + "\n"
        for row in whole_report()
    )
    report = hand_in_lab_report(actor=operator, sample=sample, data=sheet.encode(), file_name="r.csv")
    client.force_login(operator)
    address = reverse("chain", args=[batch.pk])
    waiting = words(read(client, address))
    assert "Not confirmed yet" in waiting and "75 %" in waiting and "25 %" in waiting
    confirm_lab_report(actor=verifier, report=report)
    html = read(client, address)
    assert "Kept when the report was confirmed" in html
    verdict = words(html.split('id="verdict"')[1].split("</section>")[0])
    assert "✓ pass" in verdict and library()["CN-NYT525"].name.en in verdict
    assert reverse("lab_report", args=[report.pk]) in html and reverse("report_pdf", args=[report.pk]) in html
    LabReport.objects.filter(pk=report.pk).update(published_at=now, public_code="K7QX")
    assert reverse("product", args=["K7QX"]) in read(client, address)
    assert reverse("chain", args=[batch.pk]) in read(client, reverse("batch", args=[batch.pk]))


def test_a_withdrawn_report_counts_nowhere_in_the_chain(client, batch, site, make_user):
    report = make_report(batch, "S-1", ["Pb; 67; mg/kg; dm"])
    LabReport.objects.filter(pk=report.pk).update(state="withdrawn", withdrawn_at=timezone.now())
    client.force_login(make_user("operator", site=site))
    html = read(client, reverse("chain", args=[batch.pk]))
    assert "withdrawn" in html and "There is no report to judge yet." in html


def test_the_chain_is_for_those_of_the_site(client, batch, make_user, site):
    assert client.get(reverse("chain", args=[batch.pk])).status_code == 302
    elsewhere = Site.objects.create(
        code="else", name_zh="别处", name_en="Elsewhere", region=site.region, scenario="village", process="windrow",
        opened_on=dt.date(2024, 1, 1),
    )  # fmt: skip
    client.force_login(make_user("operator", site=elsewhere))
    read(client, reverse("chain", args=[batch.pk]), status=403)


def test_the_chain_of_many_samples_asks_as_often_as_of_one(client, batch, site, make_user):
    lab = Organisation.objects.create(code="l", kind="lab", name_zh="室", name_en="Lab")
    first = make_report(batch, "S-0", ["Pb; 20; mg/kg; dm"])
    LabReport.objects.filter(pk=first.pk).update(lab=lab)
    client.force_login(make_user("operator", site=site))
    address = reverse("chain", args=[batch.pk])
    read(client, address)
    with CaptureQueriesContext(connection) as few:
        read(client, address)
    for number in range(1, 5):
        made = make_report(batch, f"S-{number}", ["Pb; 20; mg/kg; dm"])
        LabReport.objects.filter(pk=made.pk).update(lab=lab)
    with CaptureQueriesContext(connection) as many:
        read(client, address)
    assert len(many) <= len(few), "\n".join(query["sql"][:150] for query in many)
