"""What a standard's file says, in words: conditions, plans, statistics, process rules, sampling, conversions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from standards.facts import known_facts
from standards.indicators import indicators
from standards.library_schema import Conversion, Limit
from standards.process.schema import Condition, FactCondition, Frequency, HeatOption, Sampling

SIGNS = {"<=": "≤", "<": "<", ">=": "≥", ">": ">"}
ANY_SYSTEM = "any_system"


def indicator_name(code: str) -> Text:
    """An indicator's name; its code where the catalogue does not know it."""
    indicator = indicators().indicators.get(code)
    return indicator.name if indicator else Text(zh=code, en=code)


def limit_words(limit: Limit) -> str | Message:
    """A limit's value without unit and plan: ``≤ 50``, ``5.5–8.5``, "absent in 25 g", "to be declared"."""
    if limit.compare == "absent" and limit.in_mass_g is None:
        return Message("limit_absent_any")
    if limit.compare == "absent":
        return Message("limit_absent", {"grams": number(limit.in_mass_g), "plan": ""})
    if limit.compare == "declared":
        return Message("limit_declared")
    if limit.compare == "unavailable":
        return Message("limit_unavailable")
    if limit.compare == "range":
        return f"{number(limit.low)}–{number(limit.high)}"
    return f"{SIGNS[limit.compare]} {number(limit.value)}"


def unit_words(limit: Limit) -> str:
    """The unit behind `limit_words`; empty where there is none to write."""
    return limit.unit if limit.compare in (*SIGNS, "range") and limit.unit != "-" else ""


def condition_words(condition: Condition) -> Message:
    """One condition as "only where …"."""
    if not isinstance(condition, FactCondition):
        values = {"sign": SIGNS[condition.compare], "value": number(condition.value), "unit": _unit(condition.unit)}
        return Message("describe_when_result", {"name": indicator_name(condition.indicator), **values})
    fact = known_facts().get(condition.fact)
    name = fact.name if fact else Text(zh=condition.fact, en=condition.fact)
    choices = fact.choices if fact else {}

    def named(codes: Iterable[str]) -> list[Text]:
        return [choices.get(code) or Text(zh=code, en=code) for code in codes]

    if condition.is_:
        return Message("describe_when_is", {"name": name, "choices": named(condition.is_)})
    if condition.is_not:
        return Message("describe_when_is_not", {"name": name, "choices": named(condition.is_not)})
    bounds = (("≥", condition.at_least), (">", condition.above), ("≤", condition.at_most), ("<", condition.below))
    parts = [f"{sign} {number(value)}" for sign, value in bounds if value is not None]
    return Message("describe_when_amount", {"name": name, "range": parts})


def statistic_words(limit: Limit) -> Message | None:
    """What of several results is compared; None where every result counts by itself."""
    if limit.statistic == "sample":
        return None
    over = number(limit.single_over_percent) if limit.single_over_percent is not None else ""
    return Message(f"describe_{limit.statistic}", {"n": limit.n, "over": over})


def plan_words(limit: Limit) -> Message | None:
    """A sampling plan as a sentence; None where the limit has none."""
    plan = limit.plan
    if plan is None:
        return None
    values = {"n": plan.n, "c": plan.c, "m": number(plan.m), "M": number(plan.M)}
    if limit.compare == "absent":
        return Message("describe_plan_absent" if plan.c else "describe_plan_none", values)
    return Message("describe_plan" if 0 < plan.c < plan.n and plan.m < plan.M else "describe_plan_all", values)


def heat_words(option: HeatOption) -> list[Message]:
    """One way to meet a process rule: temperature and time first, then what goes with it."""
    long = option.days if option.days is not None else option.hours
    span = Message("describe_days" if option.days is not None else "describe_hours", {"count": number(long)})
    values = {"sign": ">" if option.strict else "≥", "celsius": number(option.at_least), "span": span}
    words = [Message(f"describe_heat_{option.counting}", values)]
    if option.turnings:
        words.append(Message("describe_turnings", {"count": option.turnings}))
    if option.days_per_turning is not None:
        words.append(Message("describe_days_per_turning", {"count": number(option.days_per_turning)}))
    words.append(Message(f"describe_points_{option.points}"))
    if option.daily == "mean":
        words.append(Message("describe_daily_mean"))
    if option.average_above is not None:
        words.append(Message("describe_average_above", {"celsius": number(option.average_above)}))
    return words


def system_words(option: HeatOption) -> list[Message]:
    """How the pile is kept for an option to count; one word for "any" where the option does not say."""
    return [Message(f"describe_system_{system}") for system in option.systems or (ANY_SYSTEM,)]


def sampling_words(sampling: Sampling) -> list[Message]:
    """Number of sub-samples, mass, and how often, each as a sentence."""
    words = []
    if sampling.sub_samples is not None:
        words.append(Message("describe_sub_samples", {"count": sampling.sub_samples}))
    if sampling.laboratory_sample_kg is not None:
        words.append(Message("describe_laboratory_sample", {"mass": number(sampling.laboratory_sample_kg)}))
    if sampling.every_t is not None:
        words.append(Message("describe_every_t", {"mass": number(sampling.every_t)}))
    if sampling.every_months is not None:
        words.append(Message("describe_every_months", {"count": sampling.every_months}))
    return words


def frequency_rows(steps: tuple[Frequency, ...]) -> list[tuple[Message, int]]:
    """The table of samples a year: the yearly input of each step in words, and its number of samples."""
    rows: list[tuple[Message, int]] = []
    before: Decimal | None = None
    for step in steps:
        values = {"low": number(before), "high": number(step.up_to_t)}
        if step.up_to_t is None:
            code = "describe_input_any" if before is None else "describe_input_over"
        else:
            code = "describe_input_up_to" if before is None else "describe_input_between"
        rows.append((Message(code, values), step.samples))
        before = step.up_to_t
    return rows


def conversion_words(conversion: Conversion) -> Message:
    """A factor of the standard as an equation."""
    names = {"of": indicator_name(conversion.of), "from": indicator_name(conversion.from_)}
    if conversion.factor is not None:
        return Message("describe_times", {**names, "number": number(conversion.factor)})
    return Message("describe_divided", {**names, "number": number(conversion.divisor)})


def number(value: Decimal | None) -> str:
    """A number with the digits that the standard prints; thousands are set apart from ten thousand on."""
    if value is None:
        return ""
    exponent = value.as_tuple().exponent
    if abs(value) >= 10000 and value == value.to_integral_value():
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:f}" if isinstance(exponent, int) else str(value)


def _unit(unit: str) -> str:
    return "" if unit == "-" else unit
