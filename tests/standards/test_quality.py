"""The record of product quality that releases class sites by: published reports only, by the standards at home."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from batches.providers import ask
from compostnet.shared.months import month_of
from sites.permissions import CONSOLE
from standards.models import Verdict
from standards.selectors import report_day
from standards.services import publish_lab_report, unpublish_lab_report, withdraw_lab_report
from tests.standards.test_public import batch, people, report

__all__ = ["batch", "people", "report"]  # fixtures of the other file


@pytest.fixture
def published(report):
    cache.clear()
    publish_lab_report(actor=CONSOLE, report=report)
    report.refresh_from_db()
    return report


def record(report, months_later: int = 0):
    """What releases are told of the report's site, for the month of publishing or another."""
    month = month_of(report.published_at.date()) + months_later
    return ask("product_quality", month).get(report.sample.batch.site.code)


def test_nothing_is_told_before_a_report_is_published(report):
    assert ask("product_quality", month_of(report_day(report)) + 1200) == {}


def test_the_latest_published_report_counts_by_the_standards_of_its_country(published):
    found = record(published)
    by_standard = {one.standard: one.verdict for one in Verdict.objects.filter(report=published)}
    home = {code: word for code, word in by_standard.items() if code.startswith("CN-")}
    assert home and set(by_standard) - set(home), "the report was judged by foreign standards too"
    expected = next(word for word in ("pass", "fail", "cannot_tell") if word in home.values())
    assert found["verdict"] == expected
    assert home[found["standard"]] == expected
    assert found["on"] == report_day(published).isoformat()
    assert found["on"] in found["because"]["zh"] and found["standard"] in found["because"]["en"]


def test_it_is_not_told_of_months_before_it_was_published(published):
    assert record(published, -1) is None


@pytest.mark.parametrize("word", ["fail", "cannot_tell"])
def test_a_report_that_meets_nothing_is_never_called_good(published, word):
    Verdict.objects.filter(report=published).update(verdict=word)
    assert record(published)["verdict"] == word


def test_a_report_that_was_taken_back_counts_no_more(published):
    unpublished = record(published)
    unpublish_lab_report(actor=CONSOLE, report=published)
    published.refresh_from_db()
    month = month_of(report_day(published)) + 1200
    assert unpublished is not None
    assert ask("product_quality", month) == {}
    withdraw_lab_report(actor=CONSOLE, report=published, reason="wrong sample")
    assert ask("product_quality", month) == {}
