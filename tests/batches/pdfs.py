"""Reading PDFs back: their words by page, and what lies outside of the paper's margins."""

from __future__ import annotations

import ctypes

import pypdfium2 as pdfium
import pypdfium2.raw as raw


def texts(data):
    """The text of every page."""
    document = pdfium.PdfDocument(data)
    return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]


def flat(data):
    """All words in a row, whatever line and page they stand on, with single spaces between them."""
    joined = " ".join(texts(data)).replace("\u00a0", " ").replace("\ufffe", "")
    return " ".join(joined.split())


def squeezed(text):
    """Without any space at all."""
    return "".join(text.replace("\u00a0", "").split())


def letters(data):
    """(page, character, left, bottom, right, top) of every printed character, in points."""
    document = pdfium.PdfDocument(data)
    for number, page in enumerate(document):
        words = page.get_textpage()
        for index in range(words.count_chars()):
            code = raw.FPDFText_GetUnicode(words, index)
            if chr(code).isspace() or code < 32:
                continue
            left, bottom, right, top = (ctypes.c_double() for _ in range(4))
            raw.FPDFText_GetCharBox(words, index, left, right, bottom, top)
            yield number, chr(code), left.value, bottom.value, right.value, top.value


def sizes(data):
    """Width and height of every page in points."""
    return [page.get_size() for page in pdfium.PdfDocument(data)]


def overlaps(data):
    """Pairs of characters on one page that lie on each other by more than a third of the smaller one, both ways."""
    by_page = {}
    for number, character, *box in letters(data):
        by_page.setdefault(number, []).append((character, box))
    found = []
    for number, boxes in by_page.items():
        cells = {}
        for index, (_, (left, bottom, right, top)) in enumerate(boxes):
            if right - left < 0.5 or top - bottom < 0.5:
                continue
            middle = (int((left + right) / 2 // 12), int((bottom + top) / 2 // 12))
            for x in (middle[0] - 1, middle[0], middle[0] + 1):
                for y in (middle[1] - 1, middle[1], middle[1] + 1):
                    found += [
                        (number, boxes[other][0], boxes[index][0])
                        for other in cells.get((x, y), ())
                        if _covers(boxes[other][1], boxes[index][1])
                    ]
            cells.setdefault(middle, []).append(index)
    return found


def _covers(one, other):
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return False
    wide = min(one[2] - one[0], other[2] - other[0])
    tall = min(one[3] - one[1], other[3] - other[1])
    return across > 0.45 * wide and down > 0.45 * tall
