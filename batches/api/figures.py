"""The API of figures."""

from __future__ import annotations

from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from batches.api.parts import MONTH
from batches.selectors.figures import figures_of
from compostnet.shared import releases
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from compostnet.shared.schemas import TextOut
from sites.auth import actor, signed_in
from sites.permissions import require

router = Router()


Bounds = tuple[float, float] | None


class IntervalOut(Schema):
    """Lower and upper end of the 95 % interval of each total; null where it is not estimated."""

    diverted_t: Bounds
    ch4_avoided_t: Bounds
    net_co2e_t: Bounds


class ScenarioOut(Schema):
    ch4_avoided_t: float | None
    net_co2e_t: float | None


class ScenariosOut(Schema):
    low: ScenarioOut
    high: ScenarioOut


class FigureOut(Schema):
    """One figure: masses and gases in tonnes at full precision; null means not estimated, with the reason."""

    sites_expected: int
    sites_reported: int
    sites_verified: int
    site_months_expected: int
    site_months_reported: int
    site_months_verified: int
    diverted_t: float
    diverted_kg: str = Field(description="exact")
    intake_t: float
    harvest_t: float
    composted_t: float
    residue_t: float = Field(description="left after composting for disposal")
    share_weighed: float | None
    share_counted: float | None = Field(description="share of the intake counted in containers or made from volume")
    share_estimated: float | None
    ch4_avoided_t: float | None = Field(description="accrued: credited in the month of emission")
    ch4_forecast_20y_t: float | None = Field(description="committed over 20 years; never add it to the accrued")
    n2o_avoided_t: float | None
    composting_ch4_t: float
    composting_n2o_t: float
    composting_co2e_t: float
    composting_co2e_with_baseline_t: float | None
    residue_ch4_t: float | None = Field(description="methane of residue that went to disposal")
    energy_co2e_t: float | None = Field(description="of electricity and fuel; null where none was recorded")
    net_co2e_t: float | None = Field(description="may be negative")
    interval: IntervalOut | None = Field(description="95 % intervals")
    scenarios: ScenariosOut | None = Field(description="with the low and the high baseline; the figure is the central")
    share_with_baseline: float | None
    reason: TextOut | None = Field(description="why methane and net are null")
    note: TextOut | None = Field(description="what methane and net do not cover")
    explanation: TextOut | None = Field(description="why the net is negative")


class SpansOut(Schema):
    month: FigureOut
    year: FigureOut
    total: FigureOut


class LastYearOut(Schema):
    month: FigureOut
    year: FigureOut


class NetworkOut(SpansOut):
    last_year: LastYearOut | None = Field(None, description="the same month, and the same part, of the year before")


class SensitivitySumsOut(Schema):
    ch4_avoided_t: float | None
    composting_ch4_t: float | None
    composting_n2o_t: float | None
    net_co2e_t: float | None


class SensitivityOut(Schema):
    """The network by another method, GWP set or cross-check: to hold against the figures, never to add to them."""

    method: str
    label: str
    gwp: str
    title: TextOut
    note: TextOut | None
    network: dict[str, SensitivitySumsOut] = Field(description="by span: month, year, total")


class PartOut(SpansOut):
    """The figures of a province, city, scenario or site."""

    code: str
    name_zh: str
    name_en: str


class FiguresOut(Schema):
    """Figures of a month: from a release, or live (what is verified now)."""

    month: str
    release: int | None = Field(description="number of the release; null when live")
    method: str
    gwp: str
    baselines: list[str]
    network: NetworkOut
    provinces: list[PartOut]
    cities: list[PartOut]
    scenarios: list[PartOut]
    sites: list[PartOut]
    sensitivity: list[SensitivityOut]


class FiguresQuery(Schema):
    month: str | None = Field(None, pattern=MONTH, description="YYYY-MM; the newest published where left out")


def _figures(document: dict[str, Any], about: dict[str, Any], number: int | None) -> dict[str, Any]:
    named = {key: about[key] for key in ("month", "method", "gwp", "baselines")}
    return {**document, **named, "release": number}


@router.get("/figures", auth=None, response=FiguresOut, operation_id="get_figures", summary="Published figures")
def get_figures(request: HttpRequest, query: Query[FiguresQuery]) -> dict[str, Any]:
    """The figures of a month as published, in its newest revision. Everything else of a release is in its files."""
    folder = settings.RELEASES_DIR
    found = releases.latest_of_month(folder, query.month) if query.month else releases.latest(folder)
    if found is None:
        months = sorted({entry["month"] for entry in releases.index(folder)})
        raise Problem("month_not_published", month=query.month or "—", published=months or ["—"])
    return _figures(found.figures, found.figures["release"], found.number)


@router.get(
    "/figures/live",
    auth=signed_in("desk"),
    response=FiguresOut,
    operation_id="get_live_figures",
    summary="Live figures",
)
def get_live_figures(request: HttpRequest, month: Annotated[str, Query(pattern=MONTH)]) -> dict[str, Any]:
    """What is verified now, published or not."""
    require(actor(request), "view_network")
    try:
        found = figures_of(parse_month(month))
    except LookupError as error:  # before the first edition of any method
        raise Problem("month_without_method", month=month) from error
    return _figures(found, found, None)
