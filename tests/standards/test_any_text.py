"""Whatever stands in a sheet: nothing raises, nothing unread passes, and the order of lines is of no matter."""

from __future__ import annotations

import datetime as dt
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from standards.checking.core import State
from standards.checking.explain import check_lines
from standards.indicators import indicators
from standards.library import selected
from standards.reading.readings import Line, read_lines

GROUPS = selected(["CN-NYT525", "EU-FPR", "US-503", "FR-U44051", "AT-KOMPOSTVO", "CN-GB7959"], dt.date(2026, 9, 1))
NAMES = [name for one in indicators().indicators.values() for name in (one.name.zh, one.name.en)]
USUAL = [
    "moisture",
    "dry matter",
    "organic matter (OM)",
    "TOC",
    "TN",
    "总磷",
    "K",
    "Cd",
    "E. coli",
    "粪大肠菌值",
    "As2O3",
    "pH",
]
UNITS = [unit for one in indicators().quantities.values() for unit in one.units]
ODD_UNITS = ["", "CFU/100 mL", "MPN/0 g", "10^400/g", "log10 CFU/g", "25 g", "mg/kg P2O5", "=1", "\x00", "% of OM"]
BASES = ["", "dm", "ar", "om", "干基", "n/a", "xx", "DM (105 °C)", "\u200f"]
SIGNS = ["", "", "<", ">", "≤", "≥", "~", "ND ", "<LOQ ", "约", "-", "+", "(", "<-", "±"]
NUMBERS = [
    "0",
    "-1",
    "-0",
    "0.5",
    "30",
    "95",
    "1e400",
    "1e308",
    "9" * 150,
    "5e-324",
    "NaN",
    "inf",
    "∞",
    "٣٫٥",
    "३",
    "½",
    "①",
]
MORE = [
    "1,000",
    "1.000,5",
    "3-May",
    "2024-05-03",
    "####",
    "#REF!",
    "=1+1",
    "8.9×10²",
    "10^400",
    "1:0",
    "0:1",
    "IV",
    "１２",
]
TAILS = ["", "", " ± 0.3", "±300%", "-5", " mg/kg", "%", " log10", "/25 g", "*", " k=0", " U", "以下", "\u200f", "\n5"]
WORDS = [
    "ND",
    "未检出",
    "absent in 0 g",
    "n.d. in 1e400 g",
    "present",
    "pass",
    "合格",
    "",
    "-",
    "TNTC",
    "TRUE",
    "💩",
    "a" * 300,
]
SPREADS = ["", "", "0.3", "15 %", "k=0", "U=0.3, k=0", "nan", "1e300", "-1", "±"]

values = st.one_of(
    st.tuples(st.sampled_from(SIGNS), st.sampled_from(NUMBERS + MORE), st.sampled_from(TAILS)).map("".join),
    st.sampled_from(WORDS),
    st.text(max_size=20),
)
lines = st.builds(
    Line,
    sample=st.sampled_from(["A", "A", "A", "B"]),
    indicator=st.one_of(st.sampled_from(USUAL), st.sampled_from(NAMES), st.text(max_size=10)),
    value=values,
    unit=st.one_of(st.sampled_from(UNITS), st.sampled_from(ODD_UNITS), st.text(max_size=6)),
    basis=st.sampled_from(BASES),
    note=st.sampled_from(["", "LOQ 0.5", "LOD 1e400", "as P2O5", "dm", "\x00"]),
    uncertainty=st.sampled_from(SPREADS),
)


def verdicts(sheet, decision):
    return {
        (one.sample, one.rules.standard.code, limit.limit_id): limit.verdict
        for one in check_lines(sheet, [(False, sets) for _, sets in GROUPS], decision=decision)
        for limit in one.indicators
        if limit.limit_id
    }


@settings(max_examples=120, deadline=None)
@given(st.lists(lines, min_size=1, max_size=10), st.sampled_from(["simple", "guarded"]), st.randoms())
def test_any_sheet_is_answered(sheet, decision, chance):
    for one in check_lines(sheet, GROUPS, decision=decision):
        json.dumps([one.as_json("en"), one.as_json("zh-hans")], allow_nan=False)
    mixed = sorted(sheet, key=lambda _: chance.random())
    assert verdicts(mixed, decision) == verdicts(sheet, decision)


@settings(max_examples=200, deadline=None)
@given(lines, st.sampled_from(["simple", "guarded"]))
def test_what_is_not_read_passes_nothing(line, decision):
    if read_lines([line])[0].state != State.VALUE:
        assert "pass" not in verdicts([line], decision).values()
