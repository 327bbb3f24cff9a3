import pytest

from compostnet.shared.problems import Problem
from sites.permissions import CONSOLE, may, require


def test_operator_only_at_own_site(site, make_user):
    user = make_user("operator", site=site)
    assert may(user, "record_entries", site=site)
    assert not may(user, "record_entries")
    assert not may(user, "verify_month", site=site)
    with pytest.raises(Problem) as problem:
        require(user, "verify_month", site=site)
    assert problem.value.status == 403
    assert "审核月报" in problem.value.as_json("zh-hans")["detail"]


def test_console_may_everything(site):
    assert may(CONSOLE, "publish_release")
