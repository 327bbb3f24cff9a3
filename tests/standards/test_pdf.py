"""The documents: what they say in both languages, that every character is there, that nothing overlaps."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import subprocess
import sys
from itertools import combinations

import pypdfium2 as pdfium
import pypdfium2.raw as raw
import pytest
import segno
from reportlab.lib.units import mm

from compostnet.shared.pdf import fonts
from compostnet.shared.pdf.look import look
from compostnet.shared.problems import Problem
from compostnet.shared.rules import Text
from compostnet.shared.texts import catalogue
from standards.checking.explain import check_lines
from standards.library import library, selected
from standards.pdf import (
    LabelFacts,
    ProductFacts,
    ReportFacts,
    ResultLine,
    Share,
    checksum,
    data_sheet_pdf,
    label_pdf,
    protocol_pdf,
    summary_pdf,
)
from standards.pdf.facts import as_dicts
from standards.testing import protocol
from tests.conftest import ROOT
from tests.standards.support import DAY, lines, whole_report
from tests.test_translations import rule_texts

LANGUAGES = ("zh-hans", "en")
URL = "https://compost.example.org/compost/K7M4-PQX2/"
LONG = Text(
    zh="江苏省南京市溧水区白马镇石头寨村第一村民小组厨余与园林废弃物资源化利用示范堆肥点" * 2,
    en="Demonstration compost site of the first group of Shitouzhai village, Baima town, Lishui district " * 2,
)
ROWS = [row.replace("总铅; 21", "总铅; 67") for row in whole_report()] + ["神秘物; 3; mg/kg", "EC; 3.1; mS/cm"]
PASS, FAIL = {"zh-hans": "合格", "en": "pass"}, {"zh-hans": "不合格", "en": "fail"}


def facts(**more) -> ReportFacts:
    given = {
        "site": Text(zh="溧水一号堆肥点", en="Lishui one"),
        "batch": "2024-05",
        "sample": "K7M4-PQX2",
        "taken_on": dt.date(2024, 6, 1),
        "sub_samples": 12,
        "lab": Text(zh="一号实验室", en="Lab one"),
        "number": "R-2024-0117",
        "reported_on": dt.date(2024, 6, 20),
        "confirmed_on": dt.date(2024, 6, 22),
        "sha256": "ab" * 32,
        "lines": tuple(ResultLine(one.indicator, one.value, one.unit, one.basis) for one in lines(*ROWS)),
    }
    return ReportFacts(**{**given, **more})


def answers(*codes: str, rows=ROWS, sample="K7M4-PQX2"):
    return check_lines(lines(*rows, sample=sample), selected(list(codes), DAY))


def text_of(data: bytes) -> str:
    """The text of all pages, without the ends of lines."""
    pdf = pdfium.PdfDocument(data)
    return "".join(page.get_textpage().get_text_bounded() for page in pdf).replace("\r", "").replace("\n", "")


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def boxes(page) -> list[tuple[float, float, float, float]]:
    """The rectangles (left, bottom, right, top) of the runs of text on a page."""
    text = page.get_textpage()
    return [text.get_rect(number) for number in range(text.count_rects())]


def assert_sound(data: bytes, margin: float) -> None:
    """No text beyond the margins, none over another, every font embedded."""
    pdf = pdfium.PdfDocument(data)
    for number, page in enumerate(pdf, start=1):
        width, height = page.get_size()
        found = boxes(page)
        assert found, f"page {number} is empty"
        for left, bottom, right, top in found:
            assert left >= margin - 1 and right <= width - margin + 1.5, (number, left, right)
            assert bottom >= 5 and top <= height - 5, (number, bottom, top)
        for one, other in combinations(found, 2):
            wide = min(one[2], other[2]) - max(one[0], other[0])
            high = min(one[3], other[3]) - max(one[1], other[1])
            least = min(one[3] - one[1], other[3] - other[1])
            assert not (wide > 1.5 and high > 0.4 * least), (number, one, other)
        for thing in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
            assert raw.FPDFFont_GetIsEmbedded(raw.FPDFTextObj_GetFont(thing.raw)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_summary_says_everything_about_one_sample(language):
    data = summary_pdf(answers("CN-NYT525"), language=language, report=facts(), public_url=URL)
    text = squeezed(text_of(data))
    for expected in (FAIL[language], PASS[language], "CN-NYT525", "67", "50mg/kg", "R-2024-0117", "12", "ab" * 32, URL):
        assert squeezed(expected) in text, expected
    spoken = {
        "zh-hans": (
            "溧水一号堆肥点",
            "暂定",
            "下一步",
            "第二人确认",
            "数值合格不等于",
            "神秘物",
            "电导率",
            "第1页，共",
        ),
        "en": ("Lishui one", "provisional", "Next:", "at most", "second person", "does not mean that", "page 1 of"),
    }
    for expected in spoken[language]:
        assert squeezed(expected) in text, expected
    assert 2 <= len(pdfium.PdfDocument(data)) <= 5
    assert_sound(data, 18 * mm)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_summary_against_the_whole_library_begins_with_an_overview(language):
    found = answers("all")
    data = summary_pdf(found, language=language, report=facts(site=LONG, batch="B" * 60, number="N" * 100))
    pdf = pdfium.PdfDocument(data)
    first = squeezed(pdf[0].get_textpage().get_text_bounded())
    assert squeezed(catalogue()["pdf_overview_note"].text.in_language(language)) in first
    text = squeezed(text_of(data))
    for one in found:
        assert one.rules.code in text
    assert len(pdf) < 2 * len(found)
    assert_sound(data, 18 * mm)


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_samples_stand_in_a_matrix(language):
    names = [f"S-{number}" for number in range(1, 12)]
    found = [one for name in names for one in answers("CN-NYT525", "EU-FPR", sample=name, rows=["Pb; 67; mg/kg; dm"])]
    data = summary_pdf(found, language=language)
    text = squeezed(text_of(data))
    assert all(name in text for name in names)
    assert_sound(data, 18 * mm)


def test_beyond_a_number_of_verdicts_only_what_does_not_pass_is_told_and_then_nothing():
    one = answers("CN-NYT525")[0]
    brief = summary_pdf([one] * 151, language="en")
    assert "the details list only what does not pass" in text_of(brief)
    with pytest.raises(Problem) as problem:
        summary_pdf([one] * 2001, language="en")
    assert problem.value.code == "pdf_too_many"


def test_a_report_that_waits_or_is_withdrawn_says_so_and_the_process_log_is_in():
    waiting = text_of(summary_pdf(answers("CN-NYT525"), language="en", report=facts(waiting=True, confirmed_on=None)))
    assert "does not count" in waiting
    withdrawn = facts(withdrawn_on=dt.date(2024, 7, 1))
    rule = {
        "verdict": "pass",
        "name": "hot for five days",
        "asked": "55 °C, 5 days",
        "reason": "met at the core",
        "periods": [{"point": "core", "first": "2024-03-05", "last": "2024-03-12", "days": 8}],
        "next_step": None,
        "standard": "CN-NYT525",
        "clause": "4",
        "grade": "C",
        "provisional": True,
    }
    text = text_of(summary_pdf(answers("CN-NYT525"), language="en", report=withdrawn, process=[rule]))
    assert "withdrawn on 2024-07-01" in text
    assert "core: 2024-03-05 to 2024-03-12" in text


def test_the_same_input_gives_the_same_bytes_and_the_same_checksum_in_both_languages():
    found = answers("CN-NYT525", "US-503")
    one = summary_pdf(found, language="en", report=facts())
    assert one == summary_pdf(found, language="en", report=facts())
    sums = {checksum(as_dicts(found, language)) for language in LANGUAGES}
    assert len(sums) == 1
    assert sums.pop() in squeezed(text_of(one))
    other = answers("CN-NYT525", "US-503", rows=[*ROWS[:-1], "EC; 3.2; mS/cm"])
    assert checksum(as_dicts(other, "en")) != checksum(as_dicts(found, "en"))


def test_another_process_makes_the_same_bytes():
    code = (
        "import hashlib; from standards.pdf import LabelFacts, label_pdf; "
        "label = LabelFacts('K7M4-PQX2', 'https://a.example/b'); "
        "print(hashlib.sha256(label_pdf(label, language='zh-hans')).hexdigest())"
    )
    own = label_pdf(LabelFacts("K7M4-PQX2", "https://a.example/b"), language="zh-hans")
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(own).hexdigest()


@pytest.mark.parametrize(("language", "tag"), [("zh-hans", b"zh-Hans"), ("en", b"en")])
def test_a_document_says_its_language_title_and_author(language, tag):
    data = summary_pdf(answers("CN-NYT525"), language=language, report=facts())
    assert b"/Lang (" + tag + b")" in data
    about = pdfium.PdfDocument(data).get_metadata_dict()
    assert about["Title"].startswith({"en": "Test summary", "zh-hans": "检测摘要"}[language])
    assert "K7M4-PQX2" in about["Title"]
    assert "compostnet" in about["Author"]


def test_every_character_that_is_said_has_a_glyph():
    faces = fonts.faces()
    said = [(code, text) for code, entry in catalogue().items() for text in (entry.text.zh, entry.text.en)]
    said += [(place, text) for place, zh, en in rule_texts() for text in (zh, en)]
    assert len(said) > 2000
    for place, text in said:
        for bold in (False, True):
            missing = {one for one in text if one.isprintable() and not faces.face_of(one, bold) and not one.isspace()}
            assert not missing, f"{place}: {missing}"


def test_what_no_face_has_becomes_a_question_mark_and_never_a_box():
    runs = "".join(piece for _, piece in fonts.faces().runs("堆肥 🌱 ok\u3000\x07✓"))
    assert runs == "堆肥 ? ok ✓"


def test_without_a_chinese_font_a_document_says_what_to_install(monkeypatch):
    fonts.faces.cache_clear()
    monkeypatch.setattr(fonts, "CHINESE_FILES", ())
    monkeypatch.setattr(fonts, "_installed", list)
    try:
        assert label_pdf(LabelFacts("K7M4-PQX2", URL), language="en").startswith(b"%PDF")
        with pytest.raises(Problem) as problem:
            label_pdf(LabelFacts("K7M4-PQX2", URL), language="zh-hans")
        assert problem.value.code == "pdf_font_missing"
        assert "fonts-droid-fallback" in str(problem.value)
    finally:
        fonts.faces.cache_clear()


def test_a_font_that_cannot_be_embedded_is_refused_by_name(tmp_path):
    file = tmp_path / "no.ttf"
    file.write_bytes(b"nothing")
    with pytest.raises(Problem) as problem:
        label_pdf(LabelFacts("K7M4-PQX2", URL), language="en", font=str(file))
    assert problem.value.code == "pdf_font_unusable"
    assert "no.ttf" in str(problem.value)
    known = next(path for path in fonts.CHINESE_FILES if fonts._open(path, "probe") is not None)
    assert label_pdf(LabelFacts("K7M4-PQX2", URL), language="zh-hans", font=known).startswith(b"%PDF")


MATERIALS = tuple(
    Share(Text(zh=zh, en=en), part)
    for zh, en, part in (("厨余", "kitchen waste", 0.52), ("落叶", "leaves", 0.31), ("木屑", "sawdust", 0.17))
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("site", [facts().site, LONG], ids=["short", "long"])
def test_the_data_sheet_is_one_half_page(language, site):
    product = ProductFacts(facts(site=site), "K7M4-PQX2", MATERIALS, "CN")
    data = data_sheet_pdf(product, answers("all"), language=language, public_url=URL)
    pdf = pdfium.PdfDocument(data)
    assert len(pdf) == 1
    assert [round(side / mm) for side in pdf[0].get_size()] == [148, 210]
    text = squeezed(text_of(data))
    for expected in ("52%", "38.2%", "K7M4-PQX2", "2.8", FAIL[language], MATERIALS[0].name.in_language(language)):
        assert squeezed(expected) in text, expected
    assert squeezed({"zh-hans": "使用方法", "en": "How to use it"}[language]) in text
    assert_sound(data, 12 * mm)


def test_the_data_sheet_puts_the_countrys_own_verdicts_first_and_hides_no_failure():
    product = ProductFacts(facts(), "K7M4-PQX2", MATERIALS, "CN")
    text = text_of(data_sheet_pdf(product, answers("all"), language="en"))
    shown = re.findall(r"(?:fail|pass|incomplete|cannot tell) ?([A-Z]{2}-[A-Z0-9/]+)", text)
    assert shown and all(code.startswith("CN-") for code in shown)
    assert f"{len(answers('all'))} standards or classes" in text


def qr_modules(data: bytes, size: int) -> list[list[int]]:
    """The modules of the only QR code of a label, read from the picture of its page."""
    scale = 8
    image = pdfium.PdfDocument(data)[0].render(scale=scale).to_pil().convert("L")
    # The code stands in the right third of the label: its dark box is where the finder patterns begin and end.
    left = int(image.width * 0.62)
    part = image.crop((left, 0, image.width, int(image.height * 0.85)))
    box = part.point(lambda value: 255 if value < 128 else 0).getbbox()
    step = (box[2] - box[0]) / size
    return [
        [
            int(part.getpixel((box[0] + (column + 0.5) * step, box[1] + (row + 0.5) * step)) < 128)
            for column in range(size)
        ]
        for row in range(size)
    ]


@pytest.mark.parametrize("address", [URL, "http://127.0.0.1:8000/samples/K7M4-PQX2/arrival/"])
def test_the_printed_qr_code_is_that_of_the_address(address):
    """Module by module as rendered; that segno's modules mean the address is segno's own tests' business."""
    expected = segno.make_qr(address, error="m")
    matrix = [list(row) for row in expected.matrix]
    found = qr_modules(label_pdf(LabelFacts("K7M4-PQX2", address), language="en"), len(matrix))
    assert found == matrix
    another = segno.make_qr(address + "x", error="m")
    assert [list(row) for row in another.matrix] != found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_label_has_its_own_size_and_a_sheet_has_twenty_one(language):
    label = LabelFacts("K7M4-PQX2", URL, LONG, "batch " * 10, "EU-FPR/PFC1AI")
    one = pdfium.PdfDocument(label_pdf(label, language=language))
    assert [round(side / mm) for side in one[0].get_size()] == [70, 40]
    assert "K7M4-PQX2" in text_of(label_pdf(label, language=language))
    assert_sound(label_pdf(label, language=language), 2.5 * mm)
    sheet = label_pdf(label, language=language, sheet=True)
    assert text_of(sheet).count("K7M4-PQX2") == 21
    assert len(pdfium.PdfDocument(sheet)) == 1
    assert_sound(sheet, 2.5 * mm)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(library()))
def test_the_protocol_of_every_standard(language, code):
    plan = protocol(library()[code], DAY)
    label = LabelFacts("K7M4-PQX2", URL, LONG, "2024-05", code)
    data = protocol_pdf(plan, language=language, label=label, standard_name=library()[code].name.in_language(language))
    text = squeezed(text_of(data))
    if plan.general_steps:
        heading = {"zh-hans": "以标准为准", "en": "where they differ"}[language]
        assert squeezed(heading) in text
    for step in (*plan.sampling.steps, *plan.general_steps):
        assert squeezed(step.in_language(language)) in text
    assert str(plan.sampling.sub_samples) in text
    assert "K7M4-PQX2" in text
    assert len(pdfium.PdfDocument(data)) <= 3
    assert_sound(data, 18 * mm)


def test_texts_are_cut_into_runs_of_one_face_each():
    page = look("zh-hans")
    runs = list(page.faces.runs("总铅 67 mg/kg ≤ 50（干基）"))
    assert "".join(piece for _, piece in runs) == "总铅 67 mg/kg ≤ 50（干基）"
    assert len({name for name, _ in runs}) == 2
    assert "&lt;3 &amp;" in page.markup("<3 & ND")
