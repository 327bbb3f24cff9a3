"""The API of explanations: how a site's published month came about, line by line, out of the release folder."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import Field

from batches.api.parts import CodePath, MonthPath
from batches.views.explain import published_as
from batches.views.explain_slices import explained_month
from compostnet.shared.schemas import TextOut

router = Router()
ReleasePath = Annotated[
    str, Path(pattern=r"^(latest|[1-9][0-9]{0,8})$", description="number of the release, or latest")
]


class ReleaseAbout(Schema):
    """What the explanation was published with."""

    number: int
    month: str
    revision: int
    status: str | None
    method: str
    gwp: str
    baselines: list[str]
    code_version: str
    cut_off: str
    licence: str
    invented: bool
    citation: TextOut


class Named(Schema):
    code: str
    name_zh: str
    name_en: str


class SourceOut(Schema):
    title: str
    issuer: str
    section: str
    confidence: str = Field(description="A primary text, B secondary, B- weak sources that agree, C from memory")
    note: TextOut | None


class LineOut(Schema):
    """One line of arithmetic, at full precision."""

    code: str
    label: TextOut
    symbol: str
    value: float
    unit: str
    kind: str = Field(description="input, step or result")
    formula: str
    source: SourceOut | None


class MixPartOut(Schema):
    route: str
    share: float = Field(description="of the waste")
    capture: float = Field(description="of the gas")


class MassRowOut(Schema):
    kind: str
    material: str
    measured: str
    kg: str = Field(description="exact")
    entries: int


class StreamOut(Schema):
    stream: str
    name: TextOut
    diverted_t: float
    lines: list[LineOut]


class DepositOut(Schema):
    """What one month's waste adds to the month's methane."""

    month: str
    ch4_t: float


class RouteOut(Schema):
    stream: str
    stream_name: TextOut
    route: str
    route_name: TextOut
    ch4_t: float
    lines: list[LineOut]
    deposits: list[DepositOut]


class BlockOut(Schema):
    code: str
    title: TextOut
    lines: list[LineOut]
    notes: list[TextOut]


class ComparisonOut(Schema):
    """What was published against what the arithmetic comes to; null: nothing was published to compare with."""

    indicator: str
    published: float | None
    computed: float
    matches: bool | None


class ExplainedOut(Schema):
    """A month step by step. ``accounts``: whole mg and µg (energy in µg CO2)."""

    month: str
    verified: bool
    estimated: bool
    zone: str | None
    baseline: dict[str, Any] | None = Field(description="as in the evidence: id, region, mix, document, review")
    mix: list[MixPartOut]
    masses: list[MassRowOut]
    diverted: list[LineOut]
    streams: list[StreamOut]
    routes: list[RouteOut]
    residue: list[RouteOut]
    blocks: list[BlockOut]
    deposits: list[DepositOut]
    accounts: dict[str, int]
    checks: list[ComparisonOut]


class EntryOut(Schema):
    """One published ledger entry as in ``entries.csv``; ``earlier``: what it corrected, the newest first."""

    id: str
    site: str
    batch: str
    date: str
    kind: str
    material: str
    kg: str
    measured: str
    entered_value: str
    entered_unit: str
    supersedes: str
    reason: str
    earlier: list[dict[str, str]]


class ExplanationOut(Schema):
    release: ReleaseAbout
    site: Named
    month: str
    detail: str = Field(description="entries, or sums where the site publishes no single weighing")
    places: list[Named] = Field(description="its region, then the regions around it")
    explained: ExplainedOut | None = Field(description="null before the site's first verified month")
    net_co2e_t: float | None
    entries_release: int | None = Field(description="the release that holds the entries: the newest of that month")
    entries: list[EntryOut] | None


@router.get(
    "/figures/explain/{release}/{code}/{month}",
    auth=None,
    response=ExplanationOut,
    operation_id="explain_site_month",
    summary="How a figure came about",
)
def explain_site_month(request: HttpRequest, release: ReleasePath, code: CodePath, month: MonthPath) -> dict[str, Any]:
    """A site's month as a release published it, recomputed line by line from the release's evidence and factors."""
    return explained_month(published_as(release), code, month)
