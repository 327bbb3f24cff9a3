"""The thin layer over the checker: one sample's codes turned into verdicts that explain themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from standards.checker import (
    NO_FACTS,
    SAMPLE_VERDICTS,
    Result,
    Seen,
    check_all,
    table_of,
)
from standards.checking import core
from standards.checking.answers import (
    REASON_CODES,
    IndicatorVerdict,
    SampleVerdict,
    constant_notes,
    groups_of,
    verdict_of,
)
from standards.checking.core import (
    BASES,
    CANNOT_TELL,
    FAIL,
    NOT_APPLICABLE,
    NOT_TESTED,
    PASS,
    VERDICTS,
    Reason,
    State,
)
from standards.checking.decision import COVERAGE, Decision
from standards.checking.evaluation import HELD, UNKNOWN, Evaluation
from standards.checking.frequency import sampling_notes
from standards.checking.plan import Judgement, Leaf, Way, extract_asked
from standards.checking.sense import contradictions, ratio_notes
from standards.checking.steps import (
    BASIS_MESSAGE,
    Values,
    closer_step,
    conditions_text,
    constants,
    counted_as,
    extract_text,
    facts_text,
    limit_text,
    message,
    next_step,
    plain,
    show,
    shown,
    with_unit,
)
from standards.indicators import extract_code, indicators, nearest_names
from standards.library import RuleSet
from standards.library_schema import Limit
from standards.reading.bulk import columns_of, number_samples
from standards.reading.readings import Line, Reading, cells_of, readings_of

_BASIS_WORDS = {BASES[name]: code for name, code in BASIS_MESSAGE.items() if name in BASES}


def check_lines(
    lines: Sequence[Line],
    groups: Sequence[tuple[bool, Sequence[RuleSet]]],
    *,
    facts: Mapping[str, str] = NO_FACTS,
    decision: Decision = "simple",
) -> list[SampleVerdict]:
    """Every sample of a report against every group of rule sets; of a group of ranked classes only the best met.

    ``facts``: what is stated of the product (feedstock, use, …), for limits that apply only under a condition.
    ``decision``: what a stated measurement uncertainty does (`standards.checking.decision`).
    """
    names, which = number_samples([line.sample for line in lines])
    cells = cells_of(lines)
    whole = table_of(len(names), columns_of(cells, which, len(names)))
    readings: list[list[Reading]] = [[] for _ in names]
    for sample, reading in zip(which.tolist(), readings_of(lines, cells), strict=True):
        readings[sample].append(reading)
    results = check_all(whole, [one for _, rule_sets in groups for one in rule_sets], facts=facts, decision=decision)
    answers = []
    for number, name in enumerate(names):
        seen = Sample(number, name, readings[number], results)
        start = 0
        for best_only, rule_sets in groups:
            of_group = results[start : start + len(rule_sets)]
            start += len(rule_sets)
            wanted = [_best(of_group, number)] if best_only else of_group
            answers += [seen.explain(result) for result in wanted]
    return answers


def _best(results: Sequence[Result], number: int) -> Result:
    """The best class that is met; else the best that has not failed; else the last (the most lenient)."""
    for result in results:
        if result.verdict[number] == PASS:
            return result
    return next((result for result in results if result.verdict[number] != FAIL), results[-1])


_FLAGS = {
    State.UNREADABLE: "reason_unreadable",
    State.UNIT_UNKNOWN: "reason_unit_unknown",
    State.IMPLAUSIBLE: "reason_implausible",
}
_ALWAYS_USED = frozenset({"moisture", "dry_matter"})


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind the verdict of a judgement for a sample; ``used``: the indicators that it rests on.
    ``rounded``: what was compared where the edition's rounding makes the difference, else None."""

    values: Values
    compared: float | str | None
    rounded: float | str | None
    notes: tuple[Message, ...]
    used: frozenset[str]
    probability: float | None
    spread: float


class Sample:
    """One sample of a report, and what is found of it on the way through the rule sets."""

    def __init__(self, number: int, name: str, readings: Sequence[Reading], results: Sequence[Result]) -> None:
        self.number, self.name, self.readings = number, name, readings
        self.rows: dict[str, list[Reading]] = {}
        for reading in readings:
            if reading.indicator and reading.state != State.ABSENT:
                self.rows.setdefault(reading.indicator, []).append(reading)
        self.differing = ratio_notes(self.rows)
        self.unused: dict[int, IndicatorVerdict] = {}
        self.traces: dict[tuple[Way, ...], Way | None] = {}
        self.behind: dict[tuple[int, int, int], Behind] = {}
        self.texts = {id(reading): reading.line.reported for reading in readings}
        run = results[0].run if results else None
        self.run = run
        if run is not None:
            self.evaluation, self.place = run.of(number)

    def explain(self, result: Result) -> SampleVerdict:
        """The sample's verdict with an explanation for every limit and for every line that no limit used."""
        groups = _groups(result)
        used = set(_ALWAYS_USED)
        verdicts = []
        for leaf in result.leaves:
            verdict, reason = (int(codes[self.place]) for codes in self.evaluation.slots[leaf.slot])
            if reason == Reason.NOT_REPORTED and not leaf.conditions and not leaf.limit.sum:
                used.add(leaf.limit.indicator)
                verdicts.append(self._not_reported(leaf, groups))
            else:
                verdicts.append(self._limit(leaf, verdict, reason, groups, used))
        for place, reading in enumerate(self.readings):
            if not reading.indicator or reading.indicator not in used:
                verdicts.append(self._unused(place, reading))
        notes = sampling_notes(result.rules, self.run.facts) if self.run else ()
        return SampleVerdict(
            self.name, result.rules, SAMPLE_VERDICTS[int(result.verdict[self.number])], tuple(verdicts), notes
        )

    def _unused(self, place: int, reading: Reading) -> IndicatorVerdict:
        """What is said of a line that no limit uses: the same whatever the standard."""
        known = self.unused.get(place)
        if known is not None:
            return known
        line = reading.line
        if not reading.indicator:
            near = nearest_names(line.indicator)
            found = IndicatorVerdict(
                indicator=line.indicator,
                name=Text(zh=line.indicator or "?", en=line.indicator or "?"),
                verdict=VERDICTS[CANNOT_TELL],
                code="reason_name_unknown",
                reason=Message("reason_name_unknown", {"name": line.indicator, "line": line.number}),
                next_step=Message("step_name_near", {"names": near}) if near else Message("step_name"),
                reported=line.reported,
            )
        else:
            found = IndicatorVerdict(
                indicator=reading.indicator,
                name=indicators().indicators[reading.indicator].name,
                verdict=VERDICTS[NOT_APPLICABLE],
                code="reason_no_limit",
                reason=Message("reason_no_limit"),
                notes=self._flags(reading),
                reported=line.reported,
            )
        self.unused[place] = found
        return found

    def _flags(self, reading: Reading) -> tuple[Message, ...]:
        """What is wrong with a result that no limit uses: it is flagged all the same."""
        columns = self.evaluation.whole.columns.get(reading.indicator, ()) if self.run else ()
        states = [int(column.state[self.place]) for column in columns]
        states = states if State.IMPLAUSIBLE in states else [reading.state]
        flags = [Message(_FLAGS[one], {"reported": reading.line.reported}) for one in states if one in _FLAGS][:1]
        if State.IMPLAUSIBLE in states:
            flags += contradictions([reading.indicator], self.rows)
        if reading.indicator in self.differing:
            flags.append(self.differing[reading.indicator])
        return tuple(flags)

    def _trace(self, known_by: tuple[Way, ...]) -> Way | None:
        """By which way an indicator of this sample is known: the step, the indicator it rests on and the factor."""
        if known_by not in self.traces:
            self.traces[known_by] = next((way for way in known_by if way[1] in self.rows), None)
        return self.traces[known_by]

    def _not_reported(self, leaf: Leaf, groups: Mapping[str, tuple[Text | None, bool]]) -> IndicatorVerdict:
        """What is said of a limit that the report has nothing for: the same for every report."""
        kept = self.evaluation.plan.kept
        found = kept.get(id(leaf))
        if not isinstance(found, IndicatorVerdict):
            values = constants(leaf.limit)
            notes = constant_notes(leaf.limit)
            step = next_step(leaf.limit, NOT_TESTED, Reason.NOT_REPORTED, [values], lambda: None)
            reason = message("reason_not_reported", values)
            found = kept[id(leaf)] = verdict_of(
                leaf, groups, NOT_TESTED, Reason.NOT_REPORTED, reason, notes, step, values["text"]
            )
        return found

    def _limit(
        self,
        leaf: Leaf,
        verdict: int,
        reason: int,
        groups: Mapping[str, tuple[Text | None, bool]],
        used: set[str],
    ) -> IndicatorVerdict:
        limit, evaluation, number = leaf.limit, self.evaluation, self.place
        fixed = _constants(evaluation, leaf)
        key = (leaf.judgement, verdict, reason)
        behind = self.behind.get(key)
        if behind is None:
            behind = self.behind[key] = self._behind(leaf, verdict, reason, fixed)
        used |= behind.used
        values: Values = {**behind.values}
        compared = behind.compared
        said = compared if behind.rounded is None else behind.rounded
        values["compared"] = with_unit(plain(said), fixed["unit"]) if said is not None else behind.values["reported"]
        more = max(1, fixed["n"] - behind.values["tested"])
        values["more"] = Message("count_one" if more == 1 else "count_more", {"more": more})
        notes = [*behind.notes, *self._statistics(limit, verdict, values["tested"])]
        if reason == Reason.IMPLAUSIBLE:
            notes += contradictions(behind.used, self.rows)
        if limit.indicator in self.differing:
            notes.append(self.differing[limit.indicator])
        if reason == Reason.UNIT_OPEN:
            read = evaluation.judged[leaf.judgement].raw[:1]
            ends = [end for column in read for end in (column.low[number], column.high[number])]
            values["either"] = [with_unit(show(float(end)), fixed["unit"]) for end in ends]
        if limit.indicator in indicators().name_words.extracts.of:
            notes += self._extracts(limit, verdict, reason, values)
        if behind.probability is not None:
            notes.append(self._uncertainty(behind, fixed["unit"]))
        asked = counted_as(limit.unit) if verdict in (PASS, FAIL) else ""
        if asked:
            rows = [row for code in behind.used for row in self.rows.get(code, ())]
            otherwise = {counted_as(row.line.unit) or counted_as(row.parsed.unit) for row in rows} - {"", asked}
            if otherwise:
                notes.append(Message("note_counted_otherwise", {"found": sorted(otherwise)[0], "asked": asked}))
        if leaf.conditions:
            state = evaluation.state_of(leaf.effective, number)
            values["conditions"] = conditions_text(leaf.conditions)
            values["facts"] = facts_text(leaf.conditions, evaluation.facts)
            if state == UNKNOWN and reason != Reason.CONDITION_UNKNOWN and verdict != NOT_APPLICABLE:
                code = "note_condition_met_anyway" if verdict == PASS else "note_condition_unknown"
                notes.append(message(code, values))
            elif state == HELD and verdict != NOT_APPLICABLE:
                notes.append(message("note_condition_holds", values))
        notes += constant_notes(limit)
        step = None
        if verdict not in (PASS, NOT_APPLICABLE):
            judgement = evaluation.plan.judgements[leaf.judgement]
            step = next_step(
                limit,
                verdict,
                reason,
                [values, fixed],
                lambda: closer_step(evaluation, judgement, number, limit, reason),
            )
        sentence = message(REASON_CODES[reason], values, fixed)
        found = verdict_of(leaf, groups, verdict, reason, sentence, tuple(notes), step, fixed["text"])
        found.reported = values["reported"]
        found.compared = compared
        found.probability = behind.probability
        return found

    def _behind(self, leaf: Leaf, verdict: int, reason: int, fixed: Values) -> Behind:
        """What stands behind a judgement, for whatever limits ask for it."""
        evaluation, number = self.evaluation, self.place
        judgement = evaluation.plan.judgements[leaf.judgement]
        conclusion = evaluation.judged[leaf.judgement]
        seen = Seen(judgement, conclusion, number)
        if conclusion.below is not None and conclusion.below[number] >= 0:
            way = judgement.below[int(conclusion.below[number])]
            judgement = replace(judgement, term=replace(judgement.term, ways=(way,)), parts=())
        notes: list[Message] = []
        used: set[str] = set()
        reported, total, missing = self._reported(judgement, leaf.limit, verdict, reason, used, notes)
        compared = shown(seen.raw(), number)
        notes += self._bases(judgement, verdict)
        rounded = None
        if compared is not None and seen.rounding_decides(evaluation.decision):
            rounded = shown(seen.compared(), 0)
            notes.append(Message("note_rounded", {"raw": plain(compared), "rounded": plain(rounded)}))
        tested = 0
        for column in evaluation.found(judgement.term.ways):
            tested += int(column.state[number]) != State.ABSENT
        values = {"reported": "; ".join(reported), "total": "; ".join(total), "missing": missing, "tested": tested}
        probability = seen.probability() if verdict in (PASS, FAIL, CANNOT_TELL) else None
        spread = 0.0
        if probability is not None:
            spread = max(float(one.spreads()[number]) for one in seen.raw())
        return Behind(values, compared, rounded, tuple(notes), frozenset(used), probability, spread)

    def _reported(
        self, judgement: Judgement, limit: Limit, verdict: int, reason: int, used: set[str], notes: list[Message]
    ) -> tuple[list[str], list[str], list[Text]]:
        """The lines that a limit rests on, as reported; the same of a total of which it is a part; what a sum lacks."""
        reported: list[str] = []
        total: list[str] = []
        missing: list[Text] = []
        apart = any(code in self.rows for code in limit.sum) or self._trace(judgement.term.ways) is None
        summed = bool(judgement.parts) and limit.indicator not in self.rows and apart
        pairs = (
            list(zip(limit.sum, [part.ways for part in judgement.parts], strict=True))
            if summed
            else [(limit.indicator, judgement.term.ways)]
        )
        used.add(limit.indicator)
        named_already: set[str] = set()
        for code, known_by in pairs:
            used.add(code)
            way = self._trace(known_by)
            if way is None:
                missing.append(indicators().indicators[code].name)
                continue
            step, source, factor = way
            used.add(source)
            if step in ("times_density", "over_density") or any(row.basis == core.VOLUME for row in self.rows[source]):
                used.add("bulk_density")
            rows = [] if source in named_already else self.rows[source]
            named_already.add(source)
            named = step != "direct" or summed
            (total if reason == Reason.PART_PROVES_NOTHING else reported).extend(
                f"{row.line.indicator} {self.texts[id(row)]}" if named else self.texts[id(row)] for row in rows
            )
            if step in ("conversion", "factor"):
                names = {"of": indicators().indicators[code].name, "from": indicators().indicators[source].name}
                notes.append(Message(f"note_{step}", {**names, "factor": show(factor)}))
            elif step != "direct" and not (step == "part" and reason == Reason.PART_PROVES_NOTHING):
                names = {"of": indicators().indicators[code].name, "from": indicators().indicators[source].name}
                notes.append(Message(f"note_{step}", names))
            if verdict in (PASS, FAIL):
                if any(row.cause == Reason.FORM_UNSTATED for row in rows):
                    notes.append(Message("note_either_form", {"reported": rows[0].line.indicator}))
                notes += [
                    Message("note_spread", {"spread": show(row.parsed.spread)})
                    for row in rows
                    if row.parsed.spread and not row.spread
                ]
        return reported, total, missing

    def _bases(self, judgement: Judgement, verdict: int) -> list[Message]:
        """That a result was brought to the limit's basis, and with what; or that it is decided on either reading."""
        to = judgement.term.basis
        way = self._trace(judgement.term.ways)
        if way is None or judgement.kind != "quantity" or to not in _BASIS_WORDS or verdict not in (PASS, FAIL):
            return []
        bases = {row.basis for row in self.rows[way[1]] if row.state == State.VALUE} - {to}
        if core.UNKNOWN in bases:
            return [Message("note_either_basis")]
        notes = []
        whole, number = self.evaluation.whole, self.place
        if core.VOLUME in bases and float(whole.density.low[number]) == float(whole.density.high[number]):
            notes.append(Message("note_density", {"density": show(float(whole.density.low[number]))}))
        for basis in sorted(bases & set(_BASIS_WORDS)):
            dry, organic = float(whole.dry.low[number]), float(whole.organic.low[number])
            known = (core.AR not in (basis, to) or dry == float(whole.dry.high[number])) and (
                core.OM not in (basis, to) or organic == float(whole.organic.high[number])
            )
            if not known or core.AIR in (basis, to):
                continue
            by = []
            if core.AR in (basis, to):
                by.append(Message("note_dry_share", {"percent": show(round(100 * dry, 4))}))
            if core.OM in (basis, to):
                by.append(Message("note_organic_share", {"percent": show(round(100 * organic, 4))}))
            names = {"from": Message(_BASIS_WORDS[basis]), "to": Message(_BASIS_WORDS[to])}
            notes.append(Message("note_basis", {**names, "by": by}))
        return notes

    def _statistics(self, limit: Limit, verdict: int, tested: int) -> list[Message]:
        """What of several results was compared; and that organic matter looks like a loss on ignition."""
        notes = []
        if verdict in (PASS, FAIL):
            if limit.statistic == "monthly_average":
                notes.append(Message("note_monthly"))
            elif limit.statistic == "geometric_mean":
                notes.append(Message("note_geometric", {"tested": tested}))
                if any(row.low != row.high for row in self.rows.get(limit.indicator, ())):
                    notes.append(Message("note_geometric_censored"))
            elif limit.statistic == "moving_average" and tested >= (limit.n or 0):
                notes.append(Message("note_moving", {"n": limit.n}))
            if limit.indicator == "organic_matter" and limit.method and self._by_ignition():
                notes.append(Message("note_ignition"))
        return notes

    def _extracts(self, limit: Limit, verdict: int, reason: int, values: Values) -> list[Message]:
        """In which extract a result was measured and in which it should be, where these differ or one is not said."""
        asked = extract_code(extract_asked(limit))
        if asked < 0:
            return []
        rows = [row for row in self.rows.get(limit.indicator, ()) if row.state == State.VALUE]
        others = [row.basis - core.EXTRACT for row in rows if row.basis >= core.EXTRACT]
        others = [code for code in others if code != asked]
        values["asked"] = extract_text(asked)
        if others:
            values["found"] = extract_text(others[0])
            return [] if reason == Reason.EXTRACT_DIFFERS else [message("note_extract", values)]
        decisive = limit.indicator in indicators().name_words.extracts.decisive
        unsaid = any(row.basis < core.EXTRACT for row in rows)
        return [message("note_extract_unsaid", values)] if decisive and unsaid and verdict in (PASS, FAIL) else []

    def _uncertainty(self, behind: Behind, unit: str) -> Message:
        expanded = with_unit(show(float(f"{COVERAGE * behind.spread:.3g}")), unit)
        percent = show(round(100 * (behind.probability or 0.0), 1))
        code = "note_guarded" if self.evaluation.decision == "guarded" else "note_simple"
        return Message(code, {"expanded": expanded, "probability": percent})

    def _by_ignition(self) -> bool:
        """Whether organic matter looks like loss on ignition: the note says so, or ash makes 100 % with it."""
        rows = self.rows.get("organic_matter", [])
        texts = [f"{row.line.indicator} {row.line.note}".lower() for row in rows]
        if any(word in text for text in texts for word in ("loi", "ignition", "灼烧", "烧失", "organische substanz")):
            return True
        ash = self.rows.get("ash", [])
        return bool(rows and ash) and abs(rows[0].low + ash[0].low - 1e6) < 5000


def _constants(evaluation: Evaluation, leaf: Leaf) -> Values:
    kept = evaluation.plan.kept
    key = ("constants", id(leaf))
    found = kept.get(key)
    if found is None:
        found = kept[key] = constants(leaf.limit)
    return found


def _groups(result: Result) -> Mapping[str, tuple[Text | None, bool]]:
    """Group and obligation of every limit of a result's rule set, kept with its plan."""
    if result.run is None:
        return dict(groups_of(result.rules.nodes, None, True))
    kept = result.run.plan.kept
    key = ("groups", id(result.rules))
    found = kept.get(key)
    if found is None:
        found = kept[key] = dict(groups_of(result.rules.nodes, None, True))
    return found


__all__ = ["IndicatorVerdict", "SampleVerdict", "check_lines", "groups_of", "limit_text"]
