"""What the tests of the room share: lines and verdicts without ceremony."""

from __future__ import annotations

import datetime as dt

from standards.checking.explain import IndicatorVerdict, SampleVerdict, check_lines
from standards.library import selected
from standards.reading.readings import Line

DAY = dt.date(2026, 3, 1)


def lines(*rows: str, sample: str = "s") -> list[Line]:
    """``"Pb; 45; mg/kg; dm; note"`` → a line."""
    return [
        Line(sample, *[part.strip() for part in row.split(";")], number=number) for number, row in enumerate(rows, 2)
    ]


def judged(code: str, *rows: str, day: dt.date = DAY) -> SampleVerdict:
    """One sample against one class."""
    return check_lines(lines(*rows), selected([code], day))[0]


def verdict(code: str, limit_id: str, *rows: str, day: dt.date = DAY) -> IndicatorVerdict:
    """One limit of one class for one sample."""
    return next(one for one in judged(code, *rows, day=day).indicators if one.limit_id == limit_id)


def whole_report() -> list[str]:
    """A report that meets NY/T 525-2021 in everything."""
    return [
        "有机质; 38.2; %; 干基",
        "总氮; 1.9; %; 干基",
        "P2O5; 1.1; %; 干基",
        "K2O; 1.4; %; 干基",
        "水分; 27.5; %",
        "pH; 7.6",
        "种子发芽指数; 84; %",
        "机械杂质; 0.2; %; 干基",
        "总砷; 3.1; mg/kg; 干基",
        "总汞; <0.05; mg/kg; 干基",
        "总铅; 21; mg/kg; 干基",
        "总镉; 0.4; mg/kg; 干基",
        "总铬; 44; mg/kg; 干基",
        "粪大肠菌群数; <3; MPN/g; 鲜样",
        "蛔虫卵死亡率; 未检出; %",
    ]
