"""The pages of methods and factors: every number of every file is on them, with few questions to the database."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from batches.impact.cross_check import cross_checks
from batches.impact.energy import energy_rules
from batches.impact.gwp import gwp_sets
from batches.impact.method import methods
from sites.climate import climates

pytestmark = pytest.mark.django_db


def read(client, address, language="en"):
    answer = client.get(address, headers={"accept-language": language})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("code", list(methods()))
def test_a_method_shows_every_factor_and_every_source(client, code):
    method = methods()[code]
    text = read(client, reverse("method", args=[code]))
    for key, factor in method.factors():
        assert f">{Decimal(repr(factor.value)).normalize():f}<" in text, key
    used = {factor.source for _, factor in method.factors()}
    for key in used:
        assert f'id="source-{key}"' in text and f'href="#source-{key}"' in text
    assert f"GWP {method.gwp}" in text
    assert ("starts to decay on 1 January" in text) == (method.timing.starts == "next_year")
    assert ("days with a temperature reading" in text) == (method.composting.aerobic is not None)
    assert "with φ = 1" in text and "CO₂(energy)" in text


def test_the_cross_check_shows_its_components_and_that_it_is_one(client):
    check = cross_checks()["warm_v15"]
    text = read(client, reverse("method", args=["warm_v15"]))
    for factors in check.streams.values():
        for parts in factors.values():
            assert f">{parts.methane}<" in text and f">{parts.storage}<" in text
    assert "cross-check" in text and "GWP AR4" in text and check.note.en in text


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_overview_shows_every_set_and_asks_little(client, nanjing, language):
    client.get("/methods/")
    with CaptureQueriesContext(connection) as asked:
        text = read(client, "/methods/", language)
    assert len(asked) <= 3
    for method in methods().values():
        assert reverse("method", args=[method.code]) in text
    for gwp in gwp_sets().values():
        assert f">{Decimal(repr(gwp.ch4.value)).normalize():f}<" in text and gwp.code in text
    for region in (*energy_rules().grid, *climates().regions, "US-NYC", "CN-360000"):
        assert region in text
    assert ("中国" if language == "zh-hans" else "China") in text
    assert ("虚构" if language == "zh-hans" else "invented") in text
    assert ("这是示例所用的假设" if language == "zh-hans" else "assumption of a worked example") in text
    assert "compostnet platform team" in text and "2026-11-21" in text
