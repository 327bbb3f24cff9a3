"""The column of uncertainties under all its heads; overlooked, it would let a guarded decision pass."""

from __future__ import annotations

import datetime as dt

import pytest

from standards.checking.explain import check_lines
from standards.library import selected
from standards.reading.lab_sheets import read_lab_sheet
from standards.reading.readings import read_lines

DAY = dt.date(2026, 9, 1)


@pytest.mark.parametrize(
    ("head", "spread"),
    [
        *[(one, 2.5) for one in ("uncertainty", "U", "U95", "±", "+/-", "不确定度", "扩展不确定度", "Unc.", "± U")],
        *[(one, 2.5) for one in ("U (k=2)", "U, k=2", "扩展不确定度U(k=2)", "Uncertainty (mg/kg)", "U95 (mg/kg) k=2")],
        *[(one, 5.0) for one in ("u", "标准不确定度", "standard uncertainty", "u (k=1)", "U (k=1)")],
        *[(one, 1.2) for one in ("U (%)", "U%", "相对扩展不确定度(%)", "不确定度（%，k=2）")],
    ],
)  # fmt: skip
def test_every_head_says_what_the_figures_are(head, spread):
    """48 ± 5 mg/kg of lead: k = 2 unless it says k = 1, and a per cent is of the value."""
    sheet = f'sample,indicator,value,unit,basis,"{head}"\nA,Pb,48,mg/kg,dm,5\n'
    lines = read_lab_sheet(sheet.encode(), "sheet.csv")
    assert read_lines(lines)[0].spread == pytest.approx(spread)
    for decision in ("simple", "guarded"):
        answer = check_lines(lines, selected(["CN-NYT525"], DAY), decision=decision)[0]
        lead = next(one for one in answer.indicators if one.indicator == "Pb")
        assert lead.verdict == ("pass" if decision == "simple" or spread < 1.22 else "cannot_tell")
        assert lead.probability is not None
        assert 0.5 < lead.probability < 1
