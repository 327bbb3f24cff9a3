"""The API of figures and releases."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from batches.api.parts import MONTH, MonthText, Strict
from batches.selectors.figures import figures_of
from batches.services.releases import publish_release
from compostnet.shared import releases
from compostnet.shared.months import parse_month
from compostnet.shared.paging import Page, PageQuery
from compostnet.shared.problems import Problem
from compostnet.shared.releases import Published
from compostnet.shared.schemas import TextOut
from compostnet.shared.texts import Message
from sites.auth import actor, signed_in
from sites.permissions import require

router = Router()
NumberPath = Annotated[int, Path(ge=1, le=2_000_000_000, description="number of the release")]


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
    network: SpansOut
    provinces: list[PartOut]
    cities: list[PartOut]
    scenarios: list[PartOut]
    sites: list[PartOut]


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


class FileOut(Schema):
    name: str
    url: str
    bytes: int
    sha256: str
    content_type: str


class ReleaseOut(Schema):
    """One release and where its files are."""

    number: int
    month: str
    revision: int
    method: str
    gwp: str
    cut_off: dt.datetime
    code_version: str
    licence: str
    invented: bool
    citation: TextOut
    files: list[FileOut]


def _release(found: Published) -> dict[str, Any]:
    files = [
        {"name": name, "url": f"/releases/{found.number}/{name}", **vouched} for name, vouched in found.files.items()
    ]
    return {**found.manifest["release"], "files": files}


@router.get("/releases", auth=None, response=Page[ReleaseOut], operation_id="list_releases", summary="Releases")
def list_releases(request: HttpRequest, query: Query[PageQuery]) -> dict[str, Any]:
    """Every release, the newest number first. The cursor is the number of the last one seen."""
    found = releases.all_releases(settings.RELEASES_DIR)
    if query.cursor:
        if not query.cursor.isdecimal() or len(query.cursor) > 10:
            raise Problem("bad_cursor")
        found = [release for release in found if release.number < int(query.cursor)]
    page = found[: query.limit]
    return {
        "items": [_release(release) for release in page],
        "next": str(page[-1].number) if len(found) > len(page) else None,
    }


@router.get("/releases/{number}", auth=None, response=ReleaseOut, operation_id="get_release", summary="One release")
def get_release(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """One release by its number."""
    found = releases.numbered(settings.RELEASES_DIR, number)
    if found is None:
        raise Problem("not_found", what=Message("thing_release"))
    return _release(found)


class PublishIn(Strict):
    month: MonthText


@router.post(
    "/releases",
    auth=signed_in("desk"),
    response={201: ReleaseOut},
    operation_id="publish_release",
    summary="Publish a month",
)
def publish(request: HttpRequest, body: PublishIn) -> Status[dict[str, Any]]:
    """Freeze the verified figures of a month as the next release; refused where nothing has changed."""
    release = publish_release(actor=actor(request), month=parse_month(body.month))
    found = releases.numbered(settings.RELEASES_DIR, release.number)
    if found is None:
        raise Problem("not_found", what=Message("thing_release"))
    return Status(201, _release(found))
