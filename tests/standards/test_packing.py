"""Frozen verdicts are kept compressed: nothing changes by it, for new ones and for those carried over."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from batches.models import Batch
from standards.models import LabReport, Sample, Verdict

DETAIL = {"zh-hans": {"verdict": "pass", "indicators": [{"name": "总镉", "compared": 0.42, "step": None}] * 40}}


@pytest.fixture
def report(site):
    batch = Batch.objects.create(site=site, code="2024-1", started_on=dt.date(2024, 3, 1))
    sample = Sample.objects.create(batch=batch, code="S-1", taken_on=dt.date(2024, 6, 1))
    return LabReport.objects.create(sample=sample, sha256="0" * 64, file_name="r.csv")


def frozen(report, **more):
    return {"report_id": report.pk, "standard": "X", "edition": "1", "provisional": False, "verdict": "pass", **more}


def test_a_verdict_comes_back_as_it_was_kept_and_is_small(report):
    verdict = Verdict.objects.create(**frozen(report), detail=DETAIL)
    assert Verdict.objects.get(pk=verdict.pk).detail == DETAIL
    with connection.cursor() as cursor:
        cursor.execute("select detail from standards_verdict where id = %s", [verdict.pk])
        stored = bytes(cursor.fetchone()[0])
    assert len(stored) * 5 < len(json.dumps(DETAIL, ensure_ascii=False).encode())


def at(name):
    executor = MigrationExecutor(connection)
    executor.migrate([("standards", name)])
    return executor.loader.project_state([("standards", name)]).apps


@pytest.mark.django_db(transaction=True)
def test_verdicts_kept_before_are_carried_over(site):
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("standards")[0][1]
    try:
        old = at("0002_testing_on_request")
        batch = Batch.objects.create(site=site, code="2024-1", started_on=dt.date(2024, 3, 1))
        sample = old.get_model("standards", "Sample").objects.create(
            id=uuid.uuid4(), batch_id=batch.pk, code="S-1", taken_on=dt.date(2024, 6, 1)
        )
        report = old.get_model("standards", "LabReport").objects.create(
            id=uuid.uuid4(), sample=sample, sha256="0" * 64, file_name="r.csv"
        )
        old.get_model("standards", "Verdict").objects.create(**frozen(report), detail=DETAIL)
        at(newest)
        assert Verdict.objects.get().detail == DETAIL
        back = at("0002_testing_on_request")
        assert back.get_model("standards", "Verdict").objects.get().detail == DETAIL
    finally:
        at(newest)
    assert Verdict.objects.get().detail == DETAIL
