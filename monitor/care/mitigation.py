"""From a picture to the steps that a protocol asks for now.

Pattern and grade choose the ladder; signs and charted symptoms choose its rungs; the product's
table gives the exact rate; the patient's weight gives the dose text. Nothing here commands: a
step is offered, a person decides, and what a person has already done stays done on the list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from monitor.care.ladders import Ladder, LadderStep, dose_text, ladder_for, steps_for
from monitor.care.products import Product, RateDecision, half_rate, rate_text, slower_rate
from monitor.care.session import SessionEvent
from monitor.facts.effects import AdviceChanged, Step
from monitor.facts.records import ActTaken

NO_PATTERN_NAME: Final = "unclear"

CONFIRMS: Final[dict[SessionEvent, frozenset[str]]] = {
    "lowered": frozenset({"rate"}),
    "pause": frozenset({"rate", "pause"}),
    "stop": frozenset({"rate", "pause", "stop"}),
}
"""Kinds of steps that an event of the session shows to be done."""

PUMP_UNDOES: Final[dict[SessionEvent, frozenset[str]]] = {
    "raised": frozenset({"rate"}),
    "resume": frozenset({"rate", "pause", "stop"}),
}
"""Kinds of steps that are no longer done when the drug flows again, or faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What a dose or a rate depends on; None or empty where it was never said."""

    weight_centi_kg: int | None
    age_years: int | None
    rate_centi_ml_per_h: int | None
    rate_before_centi_ml_per_h: int | None
    product: Product | None
    drug_flows: bool


def rate_decision(step: LadderStep, patient: Patient) -> RateDecision:
    """Return the rate that a rung names for this patient, or why it cannot be named."""
    if step.rate == "half":
        return half_rate(patient.rate_centi_ml_per_h)
    before = patient.rate_before_centi_ml_per_h
    now = patient.rate_centi_ml_per_h
    if step.rate == "last-tolerated" and before is not None and now is not None and before < now:
        return RateDecision(rate_centi_ml_per_h=before, refusal=None, words=rate_text(before))
    return slower_rate(patient.product, patient.weight_centi_kg, now)


def offered_step(step: LadderStep, patient: Patient, because: str) -> Step:
    """Return a rung with its rate and dose worked out for one patient."""
    words, dose, rate = step.words, "", None
    if step.kind == "rate":
        decision = rate_decision(step, patient)
        rate = decision.rate_centi_ml_per_h
        now = patient.rate_centi_ml_per_h
        running = f" from {rate_text(now)}" if now else ""
        words = f"{words}{running} to {decision.words}" if rate else f"{words}: {decision.words}"
    if step.dose is not None:
        dose = dose_text(
            step.dose, weight_centi_kg=patient.weight_centi_kg, age_years=patient.age_years
        ).words
    return Step(
        key=step.key,
        words=words,
        who=step.who,
        source=step.source,
        state="offered",
        because=because,
        dose=dose,
        rate_centi_ml_per_h=rate,
    )


def advised_steps(
    ladders: tuple[Ladder, ...],
    *,
    pattern: str,
    grade: int,
    signs: frozenset[str],
    patient: Patient,
    before: tuple[Step, ...],
) -> tuple[Ladder, tuple[Step, ...]]:
    """Return the ladder of a picture and its rungs, most urgent first.

    A rung that was already started, done or declined keeps that state when the ladder changes,
    so nobody is asked twice for the same thing. A rung that only makes sense while the drug
    flows is left out when it does not.
    """
    ladder = ladder_for(ladders, pattern or NO_PATTERN_NAME, grade)
    kind = patient.product.kind if patient.product is not None else "other"
    taken = {step.key: step for step in before if step.state != "offered"}
    steps: list[Step] = []
    for rung in steps_for(ladder, signs=signs, product_kind=kind):
        if rung.key in taken:
            steps.append(taken[rung.key])
            continue
        if rung.kind in ("rate", "pause") and not patient.drug_flows:
            continue
        present = ", ".join(sorted(signs & frozenset(rung.signs)))
        steps.append(offered_step(rung, patient, present))
    return ladder, tuple(steps)


def acted_steps(steps: tuple[Step, ...], act: ActTaken) -> tuple[Step, ...] | None:
    """Return the steps after a person's act on one of them, or None if it is not offered."""
    if act.step not in {step.key for step in steps} or act.status is None:
        return None
    return tuple(
        msgspec.structs.replace(
            step, state=act.status, by=act.by, at_ms=act.measured_ms, reason=act.reason
        )
        if step.key == act.step
        else step
        for step in steps
    )


def steps_confirmed(
    ladders: tuple[Ladder, ...],
    advice: AdviceChanged,
    event: SessionEvent,
    by: str,
    at_ms: int,
) -> tuple[Step, ...]:
    """Return the steps after a pump or a person has reported what they ask for."""
    kinds = CONFIRMS.get(event, frozenset())
    rungs = _kinds(ladders)
    return tuple(
        msgspec.structs.replace(step, state="done", by=by, at_ms=at_ms, reason=f"reported: {event}")
        if rungs.get(step.key) in kinds and step.state in ("offered", "started")
        else step
        for step in advice.steps
    )


def steps_still_taken(
    ladders: tuple[Ladder, ...], taken: Mapping[str, Step], event: SessionEvent
) -> dict[str, Step]:
    """Return the taken steps by key, without those that a pump shows to be done no longer."""
    kinds = PUMP_UNDOES.get(event, frozenset())
    rungs = _kinds(ladders)
    return {
        key: step
        for key, step in taken.items()
        if step.state == "declined" or rungs.get(key) not in kinds
    }


def _kinds(ladders: tuple[Ladder, ...]) -> dict[str, str]:
    """Return the kind of every rung by its key, which means the same on every ladder."""
    return {rung.key: rung.kind for ladder in ladders for rung in ladder.steps}
