"""Reports on paper: what they say equals the document, in both languages, on whole pages, the same each time."""

from __future__ import annotations

import copy
import hashlib
import io
import subprocess
import sys
import time

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.urls import reverse

from batches.impact.baselines import FOLDER as BASELINES
from batches.impact.benefits import benefit_rules, make_benefits
from batches.impact.method import FOLDER as METHODS
from batches.pdf import network_report, site_report
from batches.pdf.parts import exactly, percent
from batches.pdf.sections import SHOWN_MONTHS
from batches.selectors.reports import report_of
from batches.services.releases import publish_release
from batches.services.site_months import roll_up, verify_site_month
from compostnet.shared.display import format_month, format_number
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message, catalogue
from sites.permissions import CONSOLE
from tests.batches.documents import chains_of, make_document, make_outlines, make_places
from tests.batches.makers import make_batch, make_entry
from tests.batches.pdfs import flat, letters, overlaps, sizes, squeezed, texts
from tests.conftest import ROOT

LANGUAGES = ("zh", "en")
PERIODS = ("month", "year")
HOSTILE = [
    ("江苏省南京市溧水区白马镇石头寨村第一村民小组厨余与园林废弃物资源化利用示范堆肥点" * 4, "Very long " * 40),
    ("<b>加粗</b>&amp;<img src=x>", "<font size=99>Big</font> & <a href='x'>link</a>"),
    ("مركز السماد العضوي", "مركز السماد"),
    ("堆肥🌱点", "Compost 🌱 site"),
    ("a" * 200, "b" * 200),
    ("{span} %s 100%", "{0} $x \\n"),
    ("‮反向", "‮desrever"),
]


def with_benefits(document):
    document["benefits"] = make_benefits(document, chains_of(document), benefit_rules())
    return document


def method_file():
    """A ``method.json`` as far as reports read it."""
    return {
        "method": yaml.safe_load((METHODS / "tool04_b_ar5_v1.yaml").read_text(encoding="utf-8")),
        "baselines": [yaml.safe_load((BASELINES / "demo.yaml").read_text(encoding="utf-8"))],
    }


def network(document, language="en", period="month", **more):
    more = {"places": make_places(document), "outlines": make_outlines(), "method": method_file()} | more
    return network_report(document, language=language, period=period, **more)


def of_site(document, code, language="en", period="month", **more):
    more = {"places": make_places(document), "outlines": make_outlines(), "method": method_file()} | more
    return site_report(document, code, language=language, period=period, **more)


@pytest.fixture(scope="module")
def document():
    return with_benefits(make_document(12, 30))


@pytest.fixture(scope="module")
def made(document):
    """Every report of the document: (kind, language, period) → bytes."""
    found = {}
    for language in LANGUAGES:
        for period in PERIODS:
            found["network", language, period] = network(document, language, period)
            found["site", language, period] = of_site(document, "site-0001", language, period)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", PERIODS)
def test_the_numbers_are_those_of_the_document(document, made, language, period):
    words = squeezed(flat(made["network", language, period]))
    figure = document["network"][period]
    for key in ("diverted_t", "ch4_avoided_t", "net_co2e_t", "harvest_t", "composting_co2e_t", "ch4_forecast_20y_t"):
        assert format_number(figure[key]) in words, key
    for pair in figure["interval"].values():
        low, high = (format_number(end) for end in pair)
        assert (f"{low}至{high}" if language == "zh" else f"{low}to{high}") in words
    low, high = figure["scenarios"]["low"]["net_co2e_t"], figure["scenarios"]["high"]["net_co2e_t"]
    three = "/".join(format_number(value) for value in (low, figure["net_co2e_t"], high))
    assert three in words
    coverage = "/".join(str(figure[f"sites_{name}"]) for name in ("verified", "reported", "expected"))
    assert coverage in words
    benefit = document["benefits"]["network"][period]
    assert format_number(benefit["disposal_saved"]["CNY"]) + "CNY" in words
    assert format_number(benefit["n_kg"][1]) in words
    assert format_number(benefit["cost_per_t"]) in words
    for group in (*document["provinces"], *document["scenarios"]):
        assert format_number(group[period]["diverted_t"]) in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_month_shown_has_its_row_and_every_site_too(document, made, language):
    words = squeezed(flat(made["network", language, "month"]))
    shown = document["months"][-SHOWN_MONTHS:]
    for row in shown:
        assert squeezed(format_month(row["month"], language)) + format_number(row["diverted_t"]) in words
    cut = Message("report_months_cut", {"shown": SHOWN_MONTHS, "all": 30}).render(language)
    assert squeezed(cut) in words
    for site in document["sites"]:
        assert squeezed(site["name_zh" if language == "zh" else "name_en"]) + site["code"] in words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", PERIODS)
def test_the_report_of_a_site_says_its_own_numbers(document, made, language, period):
    words = squeezed(flat(made["site", language, period]))
    site = document["sites"][1]
    for key in ("diverted_t", "ch4_avoided_t", "net_co2e_t", "harvest_t"):
        assert format_number(site[period][key]) in words, key
    benefit = document["benefits"]["sites"][site["code"]][period]
    assert format_number(benefit["disposal_saved"]) + "CNY" in words
    assert format_number(benefit["cost_per_m2"]) + "CNY/m²" in words
    assert squeezed(site["classes"]["scale"]["because"][language]) in words
    assert squeezed(site["zone"]["because"][language]) in words
    other = document["sites"][0]
    assert format_number(document["network"][period]["diverted_t"]) not in words
    assert squeezed(other["name_zh" if language == "zh" else "name_en"]) not in words


def test_every_page_says_release_citation_address_page_and_that_it_is_invented(document, made):
    for (kind, language, period), data in made.items():
        pages = texts(data)
        mark = Message("report_mark_invented").render(language)
        citation = document["release"]["citation"][language]
        span = "2026-10" if period == "month" else "2026"
        address = f"/figures/{span}/report-{language}.pdf"
        if kind == "site":
            address = f"/sites/site-0001/report/{span}/{language}.pdf"
        for number, page in enumerate(pages, start=1):
            page = squeezed(page)
            assert squeezed(mark) in page
            assert squeezed(citation) in page
            assert squeezed(address) in page
            of = f"page{number}of{len(pages)}" if language == "en" else f"第{number}页，共{len(pages)}页"
            assert of in page
            assert ("release7" if language == "en" else "第7号发布") in page


def test_a_real_network_is_not_marked(document):
    real = copy.deepcopy(document)
    real["release"]["invented"] = False
    words = flat(network(real, "en"))
    assert "INVENTED" not in words
    assert "made up" not in words


def test_forecast_and_account_stand_in_two_tables(made):
    words = flat(made["network", "en", "month"])
    assert words.index("Share of mass with a baseline") < words.index("Forecast (apart)")
    assert "never added" in words


def test_a_net_below_zero_is_shown_and_explained():
    document = with_benefits(make_document(6, 6, low=True))
    assert document["network"]["month"]["net_co2e_t"] < 0
    for language, words in (("en", "Why the net is below zero"), ("zh", "为什么净值为负")):
        page = squeezed(texts(network(document, language))[0])
        assert squeezed(words) in page
        assert squeezed(document["network"]["month"]["explanation"][language]) in page
        assert format_number(document["network"]["month"]["net_co2e_t"]) in page
        assert "−" in format_number(document["network"]["month"]["net_co2e_t"])


def test_what_is_not_estimated_is_named_with_its_reason_and_is_no_zero(document, made):
    words = flat(made["network", "en", "month"])
    assert "What is not estimated, and why" in words
    assert "No baseline is known." in words
    yunnan = next(site for site in document["sites"] if site["province"] == "CN-530000" and site["state"] == "verified")
    data = flat(of_site(document, yunnan["code"]))
    assert "not estimated" in data
    assert "No documented baseline is known for the place of this site" in data
    assert "No disposal fee with a document is known" in data


def test_what_was_kept_from_landfills_before_stands_in_the_account_of_a_month_without_a_verified_figure():
    document = with_benefits(make_document(6, 6))
    site = next(one for one in document["sites"] if one["month"]["ch4_avoided_t"] and one["month"]["scenarios"])
    site["month"].update(
        {
            "site_months_verified": 0,
            "ch4_avoided_t": 0.0004321,
            "net_co2e_t": 0.01357,
            "harvest_t": 7.531,
            "interval": None,
        }
    )
    words = flat(of_site(document, site["code"]))
    account = words[words.index("The environmental account") : words.index("Methane avoided: baseline")]
    assert format_number(0.0004321) in account
    assert format_number(0.01357) in account
    assert "7.53" not in account


def test_revisions_stand_apart_from_corrections(made):
    words = flat(made["network", "en", "month"])
    revisions, corrections = words.index("Revisions of the method (1)"), words.index("Corrections and late data (1)")
    assert revisions < words.index("The method was revised.") < corrections
    assert corrections < words.index("the scale was not at zero")


def test_factors_are_printed_exactly_with_source_and_grade(made):
    words = flat(made["network", "en", "month"])
    method = method_file()["method"]
    assert "routes.incineration.burns.ch4" in words
    assert exactly(method["routes"]["incineration"]["burns"]["ch4"]["value"]) == "0.0000002"
    assert "0.0000002" in words and "0.00024" in words
    for source in ("tool04", "ipcc2006_v5", "acm0022"):
        assert f"{source}: {method['sources'][source]['issuer']}" in words
    assert "demo/CN-110000/2015" in words and "incineration 85 %" in words


def test_a_share_is_never_rounded_to_all_or_nothing():
    assert percent(0.9999) == "> 99\u00a0%" and percent(1.0) == "100\u00a0%"
    assert percent(0.0001) == "< 1\u00a0%" and percent(0.0) == "0\u00a0%"
    assert percent(None) == "—"


def inside(data):
    """Nothing is printed outside of the margins (a point of tolerance)."""
    pages = sizes(data)
    for number, character, left, bottom, right, top in letters(data):
        width, height = pages[number]
        assert (round(width), round(height)) == (595, 842)
        assert left >= 50 and right <= width - 50 and bottom >= 20 and top <= height - 20, (number, character)


def test_nothing_is_printed_into_the_margins_or_over_another(made):
    for data in made.values():
        inside(data)
        assert overlaps(data) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_neither_break_out_nor_break_the_page(language):
    document = with_benefits(make_document(len(HOSTILE), 3, names=HOSTILE))
    data = network(document, language)
    inside(data)
    assert overlaps(data) == []
    words = flat(data)
    assert ("<b>加粗</b>&amp;<img src=x>" if language == "zh" else "<font size=99>Big</font> & <a") in words
    for site in document["sites"]:
        one = of_site(document, site["code"], language)
        inside(one)
        assert overlaps(one) == []


def test_huge_and_tiny_numbers_fit_their_cards():
    document = with_benefits(make_document(3, 3))
    for figure in (document["network"]["month"], document["sites"][0]["month"]):
        figure.update(diverted_t=123456789012.5, net_co2e_t=-98765432109.4, ch4_avoided_t=0.000012, harvest_t=1e15)
    for data in (network(document), of_site(document, "site-0000")):
        inside(data)
        assert overlaps(data) == []
        assert "123,456,789,013" in flat(data)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", PERIODS)
def test_an_empty_network_has_a_report_that_says_so(language, period):
    document = with_benefits(make_document(0, 1))
    words = flat(network(document, language, period, outlines=[], places={"features": []}))
    assert Message("report_no_sites").render(language) in words
    assert squeezed(Message("report_map_empty").render(language)) in squeezed(words)
    assert squeezed(Message("report_not_estimated").render(language)) in squeezed(words)


def test_one_site_alone_and_a_silent_one():
    document = with_benefits(make_document(4, 2))
    alone = copy.deepcopy(document)
    alone["sites"] = alone["sites"][:1]
    inside(network(with_benefits(alone)))
    silent = flat(of_site(document, "site-0003"))
    assert "Nothing was reported for the month." in silent


def test_without_map_method_and_benefits_there_is_still_a_report(document):
    bare = copy.deepcopy(document)
    bare.pop("benefits")
    bare["classes"], bare["sensitivity"], bare["resources"] = {}, [], {}
    for site in bare["sites"]:
        site["classes"], site["resources"] = {}, {}
    assert "Community composting network" in flat(network(bare, places={"features": []}, outlines=[], method=None))
    assert "Demonstration site 1" in flat(of_site(bare, "site-0001", places=None, outlines=[], method=None))


def test_an_unknown_site_is_a_problem_that_says_where_to_look(document):
    with pytest.raises(Problem) as problem:
        of_site(document, "nowhere")
    assert "nowhere" in problem.value.message.render("en")


def test_the_same_document_gives_the_same_bytes(document, made):
    assert network(document, "zh", "month") == made["network", "zh", "month"]
    assert of_site(document, "site-0001", "en", "year") == made["site", "en", "year"]


def test_the_bytes_do_not_depend_on_the_process(made):
    code = (
        "import hashlib; from tests.batches.test_reports import *; "
        "d = with_benefits(make_document(12, 30)); print(hashlib.sha256(network(d, 'zh', 'month')).hexdigest())"
    )
    program = f"import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; django.setup(); {code}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=120, check=True,
        env={"PYTHONHASHSEED": "7", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.strip() == hashlib.sha256(made["network", "zh", "month"]).hexdigest()


def test_a_thousand_sites_are_quick_enough():
    document = with_benefits(make_document(1000, 12))
    start = time.perf_counter()
    data = network(document, "zh")
    assert time.perf_counter() - start < 10
    pages = texts(data)
    assert len(pages) < 60
    annex = [page for page in pages if "site-0" in page]
    head = squeezed(Message("report_state").render("zh"))
    assert len(annex) > 15 and all(head in squeezed(page) for page in annex)
    assert len({code for page in pages for code in page.split() if code.startswith("site-")}) == 1000


def test_every_sentence_of_the_reports_is_in_both_languages():
    codes = [code for code in catalogue() if code.startswith("report_")]
    assert len(codes) > 150
    for code in codes:
        entry = catalogue()[code]
        assert entry.text.zh and entry.text.en


# --- pages and command ------------------------------------------------------------------------------------------------

MAY = parse_month("2024-05")


@pytest.fixture
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    return settings.RELEASES_DIR


@pytest.fixture
def release(folder, site):
    """Two months of one site, released."""
    make_entry(site, "2024-04", 1500)
    make_entry(site, "2024-05", 2500)
    roll_up()
    for month in (MAY - 1, MAY):
        verify_site_month(actor=CONSOLE, site=site, month=month)
        publish_release(actor=CONSOLE, month=month)
    return site


@pytest.mark.django_db
class TestPages:
    def test_reports_are_served(self, release, client, folder):
        for language in LANGUAGES:
            for span, mass in (("2024-05", "2.5"), ("2024-04", "1.5"), ("2024", "4")):
                answer = client.get(reverse("network_report", args=[span, language]))
                assert answer.status_code == 200
                assert answer.headers["Content-Type"] == "application/pdf"
                assert f"compostnet-{span}-{language}.pdf" in answer.headers["Content-Disposition"]
                words = squeezed(flat(answer.content))
                assert mass in words and f"/figures/{span}/report-{language}.pdf" in words

        # the report of a site
        for language in LANGUAGES:
            for span in ("2024-05", "2024"):
                answer = client.get(reverse("site_report", args=[release.code, span, language]))
                assert answer.status_code == 200
                name = release.name_zh if language == "zh" else release.name_en
                assert squeezed(name) in squeezed(flat(answer.content))
        # a month is the very file of its release, a year that of its newest month
        address = reverse("network_report", args=["2024-05", "en"])
        assert client.get(address).content == (folder / "2" / "report-en.pdf").read_bytes()
        words = flat(client.get(reverse("network_report", args=["2024", "en"])).content)
        assert "January to May 2024" in words

    def test_an_unchanged_report_is_not_sent_again_a_restated_one_is(self, release, client):
        for address in (
            reverse("network_report", args=["2024", "en"]),
            reverse("network_report", args=["2024-05", "zh"]),
            reverse("site_report", args=[release.code, "2024-05", "zh"]),
        ):
            first = client.get(address)
            again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert client.get(address).content == first.content
        address = reverse("site_report", args=[release.code, "2024-05", "en"])
        before = client.get(address)
        make_entry(release, "2024-05", 100, batch=make_batch(release, "A2"))
        roll_up()
        verify_site_month(actor=CONSOLE, site=release, month=MAY)
        publish_release(actor=CONSOLE, month=MAY)
        after = client.get(address)
        assert after.headers["ETag"] != before.headers["ETag"]
        assert "2.6" in flat(after.content)

    def test_what_is_not_there_is_said_in_a_sentence(self, release, client):
        for address, code in (
            ("/figures/2024-06/report-en.pdf", "report_nothing_published"),
            ("/figures/2023/report-en.pdf", "report_nothing_published"),
            ("/figures/yesterday/report-en.pdf", "report_span_unclear"),
            ("/figures/2024-13/report-en.pdf", "report_span_unclear"),
            ("/sites/nowhere/report/2024-05/en.pdf", "report_site_unknown"),
        ):
            answer = client.get(address, {"lang": "en"})
            assert answer.status_code == 404, address
            assert catalogue()[code].title.en in answer.content.decode(), address
        assert client.get("/figures/2024-05/report-fr.pdf").status_code == 404

    def test_before_the_first_release_there_is_no_report(self, folder, client):
        assert client.get("/figures/2024-05/report-en.pdf").status_code == 404

    def test_the_database_is_asked_for_outlines_only(self, release, client, tmp_path, django_assert_max_num_queries):
        with django_assert_max_num_queries(4):
            client.get(reverse("site_report", args=[release.code, "2024", "en"]))
        # the command writes what the page shows
        file, out = tmp_path / "r.pdf", io.StringIO()
        call_command("report", month="2024-05", site=release.code, language="en", output=file, stdout=out)
        assert file.read_bytes() == client.get(reverse("site_report", args=[release.code, "2024-05", "en"])).content
        call_command("report", "--year", "2024", "--language", "zh", "--output", str(file), stdout=out)
        assert file.read_bytes() == report_of("2024", "zh").render()
        with pytest.raises(CommandError, match="2031-01"):
            call_command("report", month="2031-01", language="en", output=file)
        with pytest.raises(CommandError):
            call_command("report", month="2024-05", language="en", output=file / "r.pdf")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_a_head_and_no_number_is_cut_in_two(language, document):
    """Where a column is too narrow ReportLab breaks within a word: every number and word is found whole."""
    wide = copy.deepcopy(document)
    for row in (*wide["provinces"], *wide["scenarios"]):
        figure = row["month"]
        figure.update(diverted_t=123456.7, ch4_avoided_t=0.000123, net_co2e_t=-123456.7)
        figure["interval"]["net_co2e_t"] = [-234567.8, -1234.5]
    pages = " ".join(texts(network(wide, language))).replace("\n", " ")
    for number in ("123,457", "0.000123", "−123,457", "−234,568", "−1,235"):
        assert number in pages
    if language == "en":
        for word in ("Composting's", "emissions", "avoided", "verified", "expected", "baseline", "Grade", "interval"):
            assert word in pages
        assert not [word for word in ("Compostin ", "Grad ", "interva ", "verifie ") if word in pages]


def test_without_a_harvest_no_nutrients_are_told(document):
    assert "Nutrients in the compost" in flat(network(document))
    bare = copy.deepcopy(document)
    bare["network"]["month"]["harvest_t"] = 0.0
    assert "Nutrients in the compost" not in flat(network(with_benefits(bare)))
