"""How mails go out is set by the environment: with a sign-in and a secure line where the server wants them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

NAMES = ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "EMAIL_USE_SSL")
TELL = f"import json, compostnet.settings as s; print(json.dumps([getattr(s, n) for n in {NAMES}]))"


def settings_with(tmp_path, **mail):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSTNET_")}
    environment = kept | {"COMPOSTNET_DATA": str(tmp_path)} | {f"COMPOSTNET_MAIL_{k}": v for k, v in mail.items()}
    return subprocess.run(
        [sys.executable, "-c", TELL], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        ({"HOST": "mail"}, ["mail", 25, "", "", False, False]),
        (
            {"HOST": "mail", "PORT": "587", "USER": "u", "PASSWORD": "p", "SECURITY": "starttls"},
            ["mail", 587, "u", "p", True, False],
        ),
        ({"HOST": "mail", "PORT": "465", "SECURITY": "tls"}, ["mail", 465, "", "", False, True]),
    ],
)
def test_the_mail_server_is_told_by_the_environment(tmp_path, mail, expected):
    assert json.loads(settings_with(tmp_path, **mail).stdout) == expected


def test_an_unknown_kind_of_line_stops_the_start_with_what_to_write(tmp_path):
    done = settings_with(tmp_path, HOST="mail", SECURITY="ssl3")
    assert done.returncode != 0
    assert "COMPOSTNET_MAIL_SECURITY" in done.stderr
    assert "starttls" in done.stderr
