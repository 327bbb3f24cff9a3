"""How often a standard wants a product sampled, for the yearly input that is stated (fact ``yearly_input_t``)."""

from __future__ import annotations

from collections.abc import Mapping

from compostnet.shared.texts import Message
from standards.library import RuleSet

YEARLY_INPUT = "yearly_input_t"


def samples_a_year(rules: RuleSet, facts: Mapping[str, str]) -> int | None:
    """How many samples a year the edition asks for at the stated input; None where either says nothing."""
    stated, sampling = facts.get(YEARLY_INPUT), rules.edition.sampling
    return None if stated is None or sampling is None else sampling.samples_a_year(float(stated))


def sampling_notes(rules: RuleSet, facts: Mapping[str, str]) -> tuple[Message, ...]:
    """The same in words; nothing where nothing is known."""
    samples = samples_a_year(rules, facts)
    if samples is None:
        return ()
    code = "note_one_sample_a_year" if samples == 1 else "note_samples_a_year"
    return (Message(code, {"samples": samples, "tonnes": facts[YEARLY_INPUT]}),)
