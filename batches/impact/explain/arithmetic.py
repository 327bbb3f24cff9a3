"""A site's published figures once more, by plain arithmetic, line by line: from the evidence and rules of a release.

Reads what anyone can read: one site of ``evidence-<province>.json`` and the rules of ``method.json``. It shares the
factors with the engine (`batches.impact.accounts`) but none of its array code, and must come to the very same whole
milligrams and micrograms. Pure: no Django, no database, no clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from batches.impact.accounts import (
    CATEGORIES,
    MG_PER_T,
    MIXED,
    NOT_WASTE,
    UG_OF_ENERGY,
    UG_PER_MG,
    UG_PER_T,
    UNCLASSED,
)
from batches.impact.document.inputs import HARVEST, INTAKE, KINDS, REMOVAL, RESIDUE, category_of
from batches.impact.energy import ELECTRICITY, ENERGY, FUELS, PER_UNIT, EnergyRules, find_grid
from batches.impact.explain.values import (
    Block,
    Cited,
    Deposit,
    Json,
    Line,
    MassRow,
    Part,
    RouteSteps,
    SiteMonth,
    Stream,
)
from batches.impact.gwp import GwpSet
from batches.impact.method import STREAMS, Decays, Method, StreamCode
from compostnet.shared.cited import Factor
from compostnet.shared.months import month_text, parse_month
from compostnet.shared.texts import Message
from compostnet.shared.units import MG_PER_KG

MONTHS = 12
WASTE = NOT_WASTE
"""Categories below this one are waste: the streams, and waste that no methane is claimed for."""


@dataclass(frozen=True)
class Grounds:
    """The rules that an explanation rests on, as a release published them."""

    method: Method
    gwp: GwpSet
    energy: EnergyRules | None
    materials: Mapping[str, Json]


@dataclass
class _Month:
    """The verified masses of one month by category, mg."""

    rows: list[MassRow] = field(default_factory=list)
    intake: list[int] = field(default_factory=lambda: [0] * CATEGORIES)
    removal: list[int] = field(default_factory=lambda: [0] * CATEGORIES)
    residue: list[int] = field(default_factory=lambda: [0] * CATEGORIES)
    energy: dict[str, int] = field(default_factory=dict)
    harvest: int = 0
    measured: dict[str, int] = field(default_factory=dict)


@dataclass
class _State:
    """Methane that can still form, of a stream on a route: in all, by month of deposit, and what waits for January."""

    held: float = 0.0
    deposits: dict[int, float] = field(default_factory=dict)
    waiting: dict[int, float] = field(default_factory=dict)


@dataclass
class _Carried:
    """What one month hands to the next: the states of baseline and residue, capture by route, what went in so far."""

    baseline: dict[tuple[StreamCode, str], _State] = field(default_factory=dict)
    residue: dict[tuple[StreamCode, str], _State] = field(default_factory=dict)
    captured: dict[str, float] = field(default_factory=dict)
    so_far: list[int] = field(default_factory=lambda: [0] * CATEGORIES)


class SiteAccount:
    """One site's evidence with the rules, ready to be gone through month by month."""

    def __init__(self, evidence: Json, rules: Grounds) -> None:
        self.evidence, self.rules = evidence, rules
        self.method: Method = rules.method
        self.zone: str = str(evidence.get("zone") or "")
        self.verified = {parse_month(month) for month in evidence["verified"]}
        self.months: dict[int, _Month] = {month: _Month() for month in self.verified}
        for text, kind, material, measured, kg, entries in evidence["masses"]:
            month = parse_month(text)
            if month in self.verified:
                self._add(self.months[month], kind, material, measured, to_mg(kg), int(entries))
        for text, kind, value in evidence.get("energy") or ():
            month = parse_month(text)
            if month in self.verified and kind in ENERGY:
                energy = self.months[month].energy
                energy[kind] = energy.get(kind, 0) + int(Decimal(value) * PER_UNIT)

    def _add(self, month: _Month, kind: str, material: str, measured: str, mass: int, entries: int) -> None:
        month.rows.append(MassRow(kind, material, measured, mass, entries))
        number = KINDS.index(kind)
        if number == HARVEST:
            month.harvest += mass
        elif number in (INTAKE, REMOVAL, RESIDUE):
            side = {INTAKE: month.intake, REMOVAL: month.removal, RESIDUE: month.residue}[number]
            side[category_of(self.rules.materials.get(material), material, number)] += mass
        if number == INTAKE:
            month.measured[measured] = month.measured.get(measured, 0) + mass

    @property
    def places(self) -> tuple[str, ...]:
        """The codes of the site's regions, its own first."""
        return tuple(place["code"] for place in self.evidence["places"])

    @property
    def first(self) -> int | None:
        """The first verified month."""
        return min(self.verified, default=None)

    def baseline(self, month: int) -> Json | None:
        """The baseline of a month's year, as the release names it."""
        found: Json | None = self.evidence["baselines"].get(str(month // MONTHS))
        return found

    def mix(self, month: int) -> tuple[Part, ...]:
        """The central mix of a month's year."""
        found = self.baseline(month)
        if not found:
            return ()
        return tuple(Part(part["route"], part["share"], part.get("capture", 0.0)) for part in found["mix"])

    def rots(self, part: Part) -> bool:
        """Whether a route gives off methane over the years."""
        return self.method.routes[part.route].decays is not None

    def is_known(self, month: int) -> bool:
        """Verified, with a baseline and, where something of it rots, a climate zone."""
        mix = self.mix(month)
        needs_zone = any(self.rots(part) and part.share > 0 for part in mix)
        return month in self.verified and bool(mix) and (self.zone in self.method.zones or not needs_zone)

    def is_aerobic(self, month: int) -> bool:
        """Whether the month's diary shows aerobic operation, as the release says."""
        return month_text(month) in (self.evidence.get("aerobic") or ())

    def walk(self, last: int) -> Iterator[SiteMonth]:
        """Every month from the first verified one to ``last``, explained."""
        if self.first is None:
            return
        carried = _Carried()
        for month in range(self.first, last + 1):
            yield _Step(self, month, self.months.get(month, _Month()), carried).explain()

    def explain(self, month: int) -> SiteMonth | None:
        """One month; None before the first verified one."""
        found = None
        for found in self.walk(month):  # noqa: B007 (the last one is wanted)
            pass
        return found if found is not None and found.month == month else None


def to_mg(kg: str) -> int:
    """Exact kilograms in text as whole milligrams."""
    return int(Decimal(kg) * MG_PER_KG)


class _Step:
    """One month's arithmetic. Changes what is carried over to the next month."""

    def __init__(self, account: SiteAccount, month: int, masses: _Month, carried: _Carried) -> None:
        self.account, self.month, self.masses, self.carried = account, month, masses, carried
        self.method = account.method
        self.known = account.is_known(month)
        self.mix = account.mix(month)
        carried.so_far = [a + b for a, b in zip(carried.so_far, masses.intake, strict=True)]
        for part in self.mix:
            if account.rots(part) and account.zone in self.method.zones:
                carried.captured[part.route] = part.capture

    def explain(self) -> SiteMonth:
        masses = self.masses
        streams, diverted, mass_lines = self._masses()
        baseline = self.method.landfilling.phi.wet
        if self.account.zone in self.method.zones:
            humidity = self.method.zones[self.account.zone].humidity
            baseline = self.method.landfilling.phi.wet if humidity == "wet" else self.method.landfilling.phi.dry
        routes = list(self._routes({s.code: s.diverted for s in streams}, self.carried.baseline, baseline))
        mass_known = diverted if self.known else 0
        burnt = self._burnt("burnt", in_order(s.diverted for s in streams) if self.known else 0.0)
        composted = sum(masses.intake) - sum(masses.removal)
        own = self._composting(composted)
        left_over, left_over_lines = self._left_over()
        residue = list(self._routes(left_over, self.carried.residue, self.method.landfilling.phi.residue))
        residue_mass = sum(masses.residue)
        residue_burnt = self._burnt("residue_burnt", residue_mass / MG_PER_T if self.known else 0.0)
        energy, energy_ug, uncharged = self._energy()
        rotting = in_order(steps.methane for steps in routes)
        ch4 = whole((rotting + burnt.ch4) * UG_PER_T)
        residue_ch4 = whole((in_order(steps.methane for steps in residue) + residue_burnt.ch4) * UG_PER_T)
        results = {
            "intake": sum(masses.intake),
            "diverted": diverted,
            "composted": composted,
            "harvest": masses.harvest,
            "weighed": masses.measured.get("scale", 0),
            "counted": masses.measured.get("container", 0) + masses.measured.get("volume", 0),
            "estimated": masses.measured.get("estimate", 0),
            "residue": residue_mass,
            "diverted_known": mass_known,
            "composting_ch4": own.ch4_ug,
            "composting_n2o": own.n2o_ug,
            "composting_ch4_known": own.ch4_ug if self.known else 0,
            "composting_n2o_known": own.n2o_ug if self.known else 0,
            "ch4_avoided": ch4,
            "ch4_forecast": whole((in_order(steps.forecast for steps in routes) + burnt.ch4) * UG_PER_T),
            "n2o_avoided": whole(burnt.n2o * UG_PER_T),
            "residue_ch4": residue_ch4,
            "residue_n2o": whole(residue_burnt.n2o * UG_PER_T),
            "energy_co2e": energy_ug,
            "energy_co2e_known": energy_ug if self.known else 0,
            "electricity_uncharged": uncharged,
        }
        net = net_of(results, self.account.rules.gwp)
        blocks = [burnt.block, own.block]
        if residue_mass or residue:
            blocks.append(Block("residue", (*left_over_lines, *residue_burnt.block.lines)))
        blocks += [energy, self._net(results, net)]
        by_month: dict[int, float] = {self.month: burnt.ch4} if burnt.ch4 else {}
        for steps in routes:
            for deposit in steps.deposits:
                by_month[deposit.month] = by_month.get(deposit.month, 0.0) + deposit.methane
        return SiteMonth(
            month=self.month,
            verified=self.month in self.account.verified,
            known=self.known,
            zone=self.account.zone,
            baseline=self.account.baseline(self.month),
            mix=self.mix,
            masses=tuple(masses.rows),
            streams=tuple(streams),
            mass_lines=mass_lines,
            routes=tuple(routes),
            residue=tuple(residue),
            blocks=tuple(block for block in blocks if block.lines or block.notes),
            results=results,
            net=net,
            deposits=tuple(Deposit(month, methane) for month, methane in sorted(by_month.items())),
        )

    # --- masses -----------------------------------------------------------------------------------------------------

    def _masses(self) -> tuple[list[Stream], int, tuple[Line, ...]]:
        """Diverted mass by stream (t) and in all (mg)."""
        intake, removal = self.masses.intake, self.masses.removal
        so_far = self.carried.so_far
        here = intake if sum(intake[:MIXED]) > 0 else so_far
        waste_here = here if sum(here[:WASTE]) > 0 else so_far
        all_here, all_waste = float(sum(here[:MIXED])), float(sum(waste_here[:WASTE]))
        of_all = [mass / all_here if all_here > 0 else 0.0 for mass in here[:MIXED]]
        of_waste = [mass / all_waste if all_waste > 0 else 0.0 for mass in waste_here[:WASTE]]
        unclassed, mixed = removal[UNCLASSED], removal[MIXED]
        streams = []
        for number, code in enumerate(STREAMS):
            went_in, taken_out = float(intake[number]), float(removal[number])
            of_contaminants, of_mixture = unclassed * of_waste[number], mixed * of_all[number]
            diverted = (went_in - taken_out - of_contaminants - of_mixture) / MG_PER_T
            if not (went_in or taken_out or of_contaminants or of_mixture):
                continue
            lines = [Line("stream_in", "", went_in / MG_PER_T, "t", "input")]
            if taken_out:
                lines.append(Line("stream_out", "", taken_out / MG_PER_T, "t", "input"))
            if of_contaminants:
                formula = (unclassed / MG_PER_T, "×", of_waste[number])
                lines.append(Line("stream_contaminants", "", of_contaminants / MG_PER_T, "t", formula=formula))
            if of_mixture:
                formula = (mixed / MG_PER_T, "×", of_all[number])
                lines.append(Line("stream_mixture", "", of_mixture / MG_PER_T, "t", formula=formula))
            lines.append(Line("stream_diverted", "W", diverted, "t", "result"))
            streams.append(Stream(code, self.method.streams[code].name, diverted, tuple(lines)))
        waste_in, waste_out = sum(intake[:WASTE]), sum(removal[:WASTE])
        mixed_waste = whole(mixed * in_order(of_all[:WASTE]))
        diverted_mg = waste_in - waste_out - mixed_waste
        total = [
            Line("waste_in", "", waste_in / MG_PER_T, "t", "input"),
            Line("waste_out", "", waste_out / MG_PER_T, "t", "input"),
        ]
        if mixed:
            formula = (mixed / MG_PER_T, "×", in_order(of_all[:WASTE]))
            total.append(Line("waste_mixed_out", "", mixed_waste / MG_PER_T, "t", formula=formula))
        if intake[NOT_WASTE]:
            total.append(Line("not_waste", "", intake[NOT_WASTE] / MG_PER_T, "t", "input"))
        total.append(Line("diverted", "W", diverted_mg / MG_PER_T, "t", "result"))
        return streams, diverted_mg, tuple(total)

    def _left_over(self) -> tuple[dict[StreamCode, float], list[Line]]:
        """What left after composting for disposal, by stream (t); mixed residue by all that went in so far."""
        residue, so_far = self.masses.residue, self.carried.so_far
        all_in = float(sum(so_far[:MIXED]))
        of_all = [mass / all_in if all_in > 0 else 0.0 for mass in so_far[:MIXED]]
        found: dict[StreamCode, float] = {}
        lines = []
        if sum(residue):
            lines.append(Line("residue_out", "", sum(residue) / MG_PER_T, "t", "input"))
        for number, code in enumerate(STREAMS):
            mass = (residue[number] + residue[MIXED] * of_all[number]) / MG_PER_T
            if mass:
                found[code] = mass
        return found, lines

    # --- what would have rotted, and what rots of the residue ---------------------------------------------------------

    def _routes(
        self, masses: Mapping[StreamCode, float], states: dict[tuple[StreamCode, str], _State], phi: Factor
    ) -> Iterator[RouteSteps]:
        """Every stream on every route that decays: this month's deposit, what is carried over, what forms."""
        if self.account.zone not in self.method.zones:
            return
        here = {part.route: part for part in self.mix if self.account.rots(part)} if self.known else {}
        for code in STREAMS:
            for route, rule in self.method.routes.items():
                part = here.get(route)
                mass = masses.get(code, 0.0) if part is not None and part.share > 0 else 0.0
                if rule.decays is not None and ((code, route) in states or mass):
                    share = part.share if part is not None else 0.0
                    yield self._route(
                        code, route, rule.decays, share, mass, states.setdefault((code, route), _State()), phi
                    )

    def _route(
        self, code: StreamCode, route: str, decays: Decays, share: float, mass: float, state: _State, phi: Factor
    ) -> RouteSteps:
        method = self.method
        rules, stream, docf = method.landfilling, method.streams[code], method.docf(code)
        rate = stream.k[self.account.zone]  # type: ignore[index]
        left = math.exp(-rate.value / MONTHS)
        ratio = rules.molar_mass_ch4.value / rules.molar_mass_c.value
        potential = mass * (share * stream.doc.value * method.carbon_to_methane(code) * decays.mcf.value)
        carried = state.held
        entered = self._enter(state, potential)
        held = carried + entered
        capture = self.carried.captured.get(route, 0.0)
        reaches = phi.value * (1 - capture) * (1 - decays.ox.value)
        formed = 1.0 - left
        methane = held * (formed * reaches)
        lines: list[Line] = []
        if potential:
            values = (mass, share, stream.doc.value, docf.value, decays.mcf.value, rules.methane_fraction.value, ratio)
            lines = [
                Line("stream_diverted", "W", mass, "t", "input"),
                Line("share", "b", share, "", "input"),
                Line("doc", "DOC", stream.doc.value, stream.doc.unit, "input", cited=self._cited(stream.doc)),
                Line("docf", "DOCf", docf.value, docf.unit, "input", cited=self._cited(docf)),
                Line("mcf", "MCF", decays.mcf.value, "", "input", cited=self._cited(decays.mcf)),
                Line(
                    "fraction",
                    "F",
                    rules.methane_fraction.value,
                    rules.methane_fraction.unit,
                    "input",
                    cited=self._cited(rules.methane_fraction),
                ),
                Line("ratio", "16/12", ratio, "", "input", cited=self._cited(rules.molar_mass_ch4)),
                Line("potential", "P", potential, "t CH₄", formula=times(*values)),
            ]
        lines += [
            Line("carried", "S₀", carried, "t CH₄", "input"),
            Line("held", "S", held, "t CH₄", formula=(carried, "+", entered)),
            Line("rate", "k", rate.value, rate.unit, "input", cited=self._cited(rate)),
            Line("formed_share", "1 − e^(−k/12)", formed, "", formula=("1 − e^(−", rate.value, "/ 12)")),
            Line("formed", "G", held * formed, "t CH₄", formula=times(held, formed)),
            Line("phi", "φ", phi.value, "", "input", cited=self._cited(phi)),
            Line("capture", "f", capture, "", "input"),
            Line("ox", "OX", decays.ox.value, "", "input", cited=self._cited(decays.ox)),
            Line(
                "route_methane",
                "CH₄",
                methane,
                "t CH₄",
                "result",
                (held * formed, "×", phi.value, "× (1 −", capture, ") × (1 −", decays.ox.value, ")"),
            ),
        ]
        deposits = tuple(
            Deposit(month, amount * formed * reaches) for month, amount in sorted(state.deposits.items()) if amount
        )
        state.held = held * left
        state.deposits = {month: amount * left for month, amount in state.deposits.items()}
        horizon = 1.0 - left ** (method.forecast_years.value * MONTHS)
        name = method.routes[route].name
        forecast = potential * reaches * horizon
        return RouteSteps(code, route, stream.name, name, tuple(lines), methane, forecast, deposits)

    def _enter(self, state: _State, potential: float) -> float:
        """What begins to decay this month: its own deposit, or in January those of the year before (t CH4)."""
        if self.method.timing.starts == "same_month":
            new = {self.month: potential} if potential else {}
        else:
            new = {}
            if self.month % MONTHS == 0:
                new, state.waiting = state.waiting, {}
            if potential:
                state.waiting[self.month] = potential
        state.deposits.update(new)
        return in_order(new.values())

    def _cited(self, factor: Factor) -> Cited:
        return Cited(self.method.sources[factor.source], factor.confidence, factor.note)

    # --- what happens at once -----------------------------------------------------------------------------------------

    def _burnt(self, code: str, tonnes: float) -> _AtOnce:
        """Emissions of the share that is burnt (t)."""
        burns = [route.burns for route in self.method.routes.values() if route.burns]
        share = in_order(part.share for part in self.mix if not self.account.rots(part))
        if not burns or not tonnes or not share:
            return _AtOnce(Block(code, ()), 0.0, 0.0)
        rule = burns[0]
        sure = rule.conservativeness
        ch4 = tonnes * share * (sure.value * rule.ch4.value)
        n2o = tonnes * share * (sure.value * rule.n2o.value)
        lines = (
            Line(f"{code}_mass", "W", tonnes, "t", "input"),
            Line("burnt_share", "b", share, "", "input"),
            Line("conservativeness", "", sure.value, "", "input", cited=self._cited(sure)),
            Line("burnt_ef_ch4", "EF(CH₄)", rule.ch4.value, rule.ch4.unit, "input", cited=self._cited(rule.ch4)),
            Line("burnt_ef_n2o", "EF(N₂O)", rule.n2o.value, rule.n2o.unit, "input", cited=self._cited(rule.n2o)),
            Line("burnt_ch4", "CH₄", ch4, "t CH₄", "result", times(tonnes, share, sure.value, rule.ch4.value)),
            Line("burnt_n2o", "N₂O", n2o, "t N₂O", "result", times(tonnes, share, sure.value, rule.n2o.value)),
        )
        return _AtOnce(Block(code, lines), ch4, n2o)

    def _composting(self, composted: int) -> _Own:
        """Composting's own emissions, on all wet mass composted, bulking agent included (µg)."""
        rules = self.method.composting
        ch4, n2o = rules.ch4, rules.n2o
        if rules.aerobic is not None and self.account.is_aerobic(self.month):
            ch4, n2o = rules.aerobic.ch4, rules.aerobic.n2o
        own_ch4, own_n2o = (whole(composted * (UG_PER_MG * factor.value)) for factor in (ch4, n2o))
        tonnes = composted / MG_PER_T
        if not self.masses.rows:
            return _Own(Block("composting", ()), own_ch4, own_n2o)
        lines = (
            Line("composted", "Q", tonnes, "t", "input"),
            Line("own_ef_ch4", "EF(CH₄)", ch4.value, ch4.unit, "input", cited=self._cited(ch4)),
            Line("own_ef_n2o", "EF(N₂O)", n2o.value, n2o.unit, "input", cited=self._cited(n2o)),
            Line("own_ch4", "CH₄", own_ch4 / UG_PER_T, "t CH₄", "result", times(tonnes, ch4.value)),
            Line("own_n2o", "N₂O", own_n2o / UG_PER_T, "t N₂O", "result", times(tonnes, n2o.value)),
        )
        return _Own(Block("composting", lines), own_ch4, own_n2o)

    def _energy(self) -> tuple[Block, int, int]:
        """CO2 of the energy that was written down (µg), and the electricity that no factor is known for."""
        used, rules = self.masses.energy, self.account.rules.energy
        if rules is None or not any(used.values()):
            return Block("energy", ()), 0, 0
        electricity = used.get(ELECTRICITY, 0)
        grid = find_grid(rules, self.account.places, self.month // MONTHS)
        lines: list[Line] = []
        notes: list[Message] = []
        factors: list[tuple[str, Factor]] = [(fuel, rules.fuels[fuel]) for fuel in FUELS]
        co2 = electricity * grid.factor.value if grid is not None else 0.0
        if grid is not None:
            factors.insert(0, (ELECTRICITY, grid.factor))
            notes += [Message("explain_grid", {"region": grid.region, "year": grid.year})] if electricity else []
        elif electricity:
            notes.append(Message("explain_no_grid", {"kwh": format(electricity / PER_UNIT, "g")}))
        fuel_co2 = in_order(used.get(fuel, 0) * rules.fuels[fuel].value for fuel in FUELS)
        micrograms = whole((co2 + fuel_co2) * UG_OF_ENERGY)
        for kind, factor in factors:
            if amount := used.get(kind, 0) / PER_UNIT:
                cited = Cited(rules.sources[factor.source], factor.confidence, factor.note)
                unit = factor.unit.rpartition("/")[2]
                lines.append(Line(f"energy_{kind}", "", amount, unit, "input"))
                lines.append(Line(f"factor_{kind}", "EF", factor.value, factor.unit, "input", cited=cited))
        lines.append(Line("energy_co2", "CO₂", micrograms / UG_PER_T, "t CO₂", "result"))
        return Block("energy", tuple(lines), tuple(notes)), micrograms, electricity if grid is None else 0

    def _net(self, results: Mapping[str, int], net: float) -> Block:
        """Avoided less what composting, its residue and its energy gave off, in one set of warming potentials."""
        if not self.known and not any(results[name] for name in ("ch4_avoided", "n2o_avoided")):
            return Block("net", ())
        gwp = self.account.rules.gwp

        def tonnes(name: str) -> float:
            return results[name] / UG_PER_T

        def cited(factor: Factor) -> Cited:
            return Cited(gwp.sources[factor.source], factor.confidence, factor.note)

        signed = (
            ("ch4_avoided", "t CH₄"),
            ("composting_ch4_known", "t CH₄"),
            ("residue_ch4", "t CH₄"),
            ("n2o_avoided", "t N₂O"),
            ("composting_n2o_known", "t N₂O"),
            ("residue_n2o", "t N₂O"),
            ("energy_co2e_known", "t CO₂"),
        )
        always = ("ch4_avoided", "composting_ch4_known", "n2o_avoided", "composting_n2o_known")
        lines = [
            Line(f"net_{name}", "", tonnes(name), unit, "input")
            for name, unit in signed
            if results[name] or name in always
        ]
        ch4, n2o = (
            results[f"{gas}_avoided"] - results[f"composting_{gas}_known"] - results[f"residue_{gas}"]
            for gas in ("ch4", "n2o")
        )
        formula: tuple[str | float, ...] = (gwp.ch4.value, "×", ch4 / UG_PER_T, "+", gwp.n2o.value, "×", n2o / UG_PER_T)
        if results["energy_co2e_known"]:
            formula = (*formula, "−", tonnes("energy_co2e_known"))
        lines += [
            Line("gwp_ch4", "GWP(CH₄)", gwp.ch4.value, gwp.ch4.unit, "input", cited=cited(gwp.ch4)),
            Line("gwp_n2o", "GWP(N₂O)", gwp.n2o.value, gwp.n2o.unit, "input", cited=cited(gwp.n2o)),
            Line("net", "", net, "t CO₂e", "result", formula),
        ]
        return Block("net", tuple(lines))


@dataclass(frozen=True, slots=True)
class _AtOnce:
    """Emissions at once (t), with their lines."""

    block: Block
    ch4: float
    n2o: float


@dataclass(frozen=True, slots=True)
class _Own:
    """Composting's own emissions (whole µg), with their lines."""

    block: Block
    ch4_ug: int
    n2o_ug: int


def whole(value: float) -> int:
    """The nearest whole number, halves to even."""
    return round(value)


def in_order(values: Iterable[float]) -> float:
    """The plain sum, one after the other."""
    total = 0.0
    for value in values:
        total += value
    return total


def times(*values: float) -> tuple[str | float, ...]:
    """The formula of a product."""
    formula: list[str | float] = []
    for value in values:
        formula += ["×", value]
    return tuple(formula[1:])


def net_of(results: Mapping[str, int], gwp: GwpSet) -> float:
    """Net effect in t CO2e, of whole micrograms, rounded once."""
    total = Fraction(0)
    for gas, factor in (("ch4", gwp.ch4), ("n2o", gwp.n2o)):
        micrograms = results[f"{gas}_avoided"] - results[f"composting_{gas}_known"] - results[f"residue_{gas}"]
        total += Fraction(str(factor.value)) * micrograms
    return float((total - results["energy_co2e_known"]) / 10**12)
