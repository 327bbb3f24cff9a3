"""Settings by environment: production refuses to start unsafe, embedded starts safe without any variable."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
KEY = "k3y-" + "0123456789abcdef" * 4
GOOD = {"ENV": "production", "SECRET": KEY, "HOSTS": "compost.example.org", "DATABASE": "postgis://u:p@localhost/x"}


def start(tmp_path, code="print('started')", **variables):
    """Import the settings in a process of their own; (exit status, output)."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("COMPOSTNET_", "DJANGO_"))}
    environment |= {f"COMPOSTNET_{key}": value for key, value in variables.items()}
    environment |= {"COMPOSTNET_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "compostnet.settings"}
    program = f"from django.conf import settings\nsettings.DEBUG\n{code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


def test_production_starts_with_everything_set(tmp_path):
    status, output = start(tmp_path, **GOOD)
    assert (status, output.strip()) == (0, "started"), output


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"DEBUG": "1"}, "COMPOSTNET_DEBUG is on in production; unset it"),
        ({"SECRET": ""}, "COMPOSTNET_SECRET is empty"),
        ({"SECRET": "short"}, "COMPOSTNET_SECRET is too short"),
        ({"SECRET": "a" * 60}, "COMPOSTNET_SECRET is not random"),
        ({"SECRET": "change-me-" * 6}, "COMPOSTNET_SECRET is not random"),
        ({"HOSTS": ""}, "COMPOSTNET_HOSTS must name the hosts"),
        ({"HOSTS": "*"}, "COMPOSTNET_HOSTS must name the hosts"),
        ({"HOSTS": "compost.example.org,*"}, "COMPOSTNET_HOSTS must name the hosts"),
        ({"HOSTS": "compost.example.org, .*"}, "COMPOSTNET_HOSTS must name the hosts"),
        ({"ENV": "prod"}, "write embedded or production"),
        ({"PROXIES": "one"}, "COMPOSTNET_PROXIES is 'one'; write a whole number"),
        ({"DATABASE": "mysql://u:p@localhost/x"}, "must look like postgis://"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_production_refuses_to_start_unsafe(tmp_path, change, remedy):
    status, output = start(tmp_path, **GOOD | change)
    assert status != 0
    assert remedy in output


def test_production_is_clean_by_djangos_own_deployment_check(tmp_path):
    code = "from django.core.management import execute_from_command_line as run\n"
    code += "run(['manage.py', 'check', '--deploy', '--fail-level', 'WARNING'])"
    status, output = start(tmp_path, code, **GOOD)
    assert status == 0, output
    assert "no issues" in output


def test_embedded_starts_without_a_variable_and_safe(tmp_path):
    code = (
        "assert not settings.DEBUG and '*' not in settings.ALLOWED_HOSTS\n"
        "assert settings.SESSION_COOKIE_HTTPONLY and len(settings.SECRET_KEY) > 40\n"
        "assert settings.CELERY_TASK_ALWAYS_EAGER\n"
        "print(settings.SECRET_KEY)"
    )
    status, first = start(tmp_path, code)
    assert status == 0, first
    assert start(tmp_path, code) == (0, first)  # the key is kept
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
    _, other = start(tmp_path / "other", code)
    assert other != first


def test_wechat_is_off_until_it_is_configured(tmp_path):
    code = """
import django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
page = Client(headers={"accept-language": "en"}).get("/account/login/")
print("Sign in with WeChat" in page.content.decode())
answer = Client().post("/account/weixin/login/")
print(answer.status_code, answer.headers.get("Location", "")[:26])
print("open.weixin.qq.com" in page.headers["Content-Security-Policy"])
"""
    off = "import django\ndjango.setup()\nfrom django.urls import reverse\nreverse('weixin_login')"
    assert "NoReverseMatch" in start(tmp_path / "off", off)[1]
    status, output = start(tmp_path / "on", code, WECHAT_APP_ID="wx1", WECHAT_SECRET="s")
    assert (status, output.split("\n")[:3]) == (0, ["True", "302 https://open.weixin.qq.com", "True"]), output
