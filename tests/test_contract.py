"""The API keeps its own contract: every operation answers as the OpenAPI document says, whatever is sent."""

from __future__ import annotations

import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from sites import people

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
EXAMPLES = int(os.environ.get("COMPOSTNET_TEST_API_EXAMPLES", "6"))

PLAIN = {"Accept-Encoding": "identity"}  # the in-process client unpacks nothing

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def unlimited(settings):
    """No limit of writes, and the connection stays open after a request: the test's transaction lives in it."""
    settings.API_WRITE_RATE = settings.API_CHECK_RATE = None
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(make_user, site, unlimited):
    """A token of an administrator with every scope, in a network with one site."""
    _token, secret = people.create_token(actor=make_user("administrator"), name="contract", scopes=people.SCOPES)
    return secret


@schema.parametrize()
@bounded
def test_anonymous(case, db, unlimited):
    case.call_and_validate(checks=CHECKS, headers=PLAIN)


@schema.parametrize()
@bounded
def test_administrator(case, token):
    case.call_and_validate(checks=CHECKS, headers=PLAIN | {"Authorization": f"Bearer {token}"})
