"""The demo's trainer has handed things in: some accepted, one sent back, one waiting; twice makes nothing new."""

from io import StringIO

import pytest
from django.core.management import call_command

from batches.services.demo import MAIL
from compostnet.shared.problems import Problem
from training.models import Evidence


@pytest.mark.usefixtures("site")
def test_demo_training_loads_once(make_user):
    with pytest.raises(Problem, match="demo"):
        call_command("demo_training", stdout=StringIO())
    make_user("trainer", email=f"trainer@{MAIL}")
    make_user("verifier", email=f"verifier@{MAIL}")
    from sites.models import Site

    Site.objects.update(is_invented=True)
    for _ in range(2):
        call_command("demo_training", stdout=StringIO())
    states = list(Evidence.objects.values_list("state", flat=True))
    assert sorted(set(states)) == ["accepted", "rejected", "submitted"]
    assert len(states) == 6
