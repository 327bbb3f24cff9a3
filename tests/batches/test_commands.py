"""What the commands of publishing answer to a stranger: in the reader's language, with what there is and what to do."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from batches.services.releases import publish_release
from batches.services.site_months import roll_up, verify_site_months
from compostnet.shared.months import parse_month
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry

MAY = parse_month("2024-05")
pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    settings.SIGNING_KEY_FILE = tmp_path / "signing.key"
    return settings.RELEASES_DIR


@pytest.fixture
def published(site, folder, undrawn):
    make_entry(site, "2024-05", 5)
    roll_up()
    verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY)])
    publish_release(actor=CONSOLE, month=MAY)
    return folder


@pytest.mark.parametrize("command", ["verify_release", "recompute_release"])
@pytest.mark.parametrize(
    ("language", "known", "first"), [("en", "Published: 1", "nothing"), ("zh-hans", "已有：1", "还没有")]
)
class TestAnUnknownRelease:
    @pytest.mark.parametrize("wish", ["9", "abc"])
    def test_is_answered_with_the_numbers_that_there_are(self, published, command, language, known, first, wish):
        with translation.override(language), pytest.raises(CommandError, match=known) as error:
            call_command(command, wish)
        assert wish in str(error.value)

    def test_is_answered_with_how_to_publish_where_there_is_none(self, folder, command, language, known, first):
        with translation.override(language), pytest.raises(CommandError, match=first) as error:
            call_command(command, "1")
        assert "publish_release --month" in str(error.value)


def test_the_last_line_of_verifying_is_the_verdict(published):
    out = StringIO()
    with translation.override("en"):
        call_command("verify_release", "1", stdout=out)
        last = out.getvalue().splitlines()[-1]
        assert last.startswith("1  ok") and "none of" in last
        (published / "1" / "figures.csv").write_text("")
        with pytest.raises(SystemExit) as end:
            call_command("verify_release", "1", stdout=out)
    last = out.getvalue().splitlines()[-1]
    assert end.value.code == 1
    assert last.startswith("1  FAIL") and "do not quote" in last


@pytest.mark.parametrize(("language", "words"), [("en", "is no month"), ("zh-hans", "不是月份")])
@pytest.mark.parametrize("command", ["publish_release", "figures", "verify_month", "roll_up"])
@pytest.mark.parametrize("wrong", ["2024-13", "May"])
def test_a_wrong_month_is_told_in_the_readers_language(command, language, words, wrong):
    with translation.override(language), pytest.raises(CommandError, match=words) as error:
        call_command(command, "--month", wrong)
    assert wrong in str(error.value)
    assert "2024-05" in str(error.value)


def test_refusals_that_are_only_counted_say_what_clears_them(site):
    out = StringIO()
    with translation.override("en"):
        call_command("verify_month", "--month", "2024-05", "--quiet", stdout=out)
    line = out.getvalue().splitlines()[0]
    assert line.startswith("     1  nothing_reported → ")
    assert len(line.split("→ ")[1]) > 10
