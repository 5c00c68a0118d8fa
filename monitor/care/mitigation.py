"""From a picture to the steps that a protocol asks for now.

Pattern and grade choose the ladder; signs and charted symptoms choose its rungs; the product's
table gives the exact rate; the patient's weight gives the dose text. Nothing here commands: a
step is offered, a person decides, and what a person has already done stays done on the list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from monitor.care.courses import Course, stages
from monitor.care.ladders import EPINEPHRINE, Ladder, LadderStep, dose_text, ladder_for, steps_for
from monitor.care.products import (
    REFUSAL_WORDS,
    Product,
    RateDecision,
    half_rate,
    next_step_up,
    rate_text,
    slower_rate,
)
from monitor.care.repeats import doses_left, is_refractory, may_repeat
from monitor.care.session import SessionEvent
from monitor.facts.effects import AdviceChanged, Step
from monitor.facts.records import ActTaken

NO_PATTERN_NAME: Final = "unclear"
MINUTE_MS: Final = 60_000

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


NO_COURSE: Final = Course()
"""Nothing was tried yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What a dose or a rate depends on; None or empty where it was never said.

    ``reaction_rate_centi`` and ``tolerated_centi`` [hundredths of mL/h] are the rate at which
    the reaction began and the highest one before it that made none. ``is_near`` says whether
    vital signs are known to be near their baseline, without which no restart is offered.
    """

    weight_centi_kg: int | None
    age_years: int | None
    rate_centi_ml_per_h: int | None
    product: Product | None
    drug_flows: bool
    reaction_rate_centi: int | None = None
    tolerated_centi: int | None = None
    is_near: bool = True

    @property
    def kind(self) -> str:
        """Kind of the product."""
        return self.product.kind if self.product is not None else "other"


def rate_decision(step: LadderStep, patient: Patient) -> RateDecision:
    """Return the rate that a rung names for this patient, or why it cannot be named."""
    reacted = patient.reaction_rate_centi or patient.rate_centi_ml_per_h
    if step.rate == "half":
        return half_rate(reacted)
    if step.rate == "last-tolerated":
        return _tolerated(patient, reacted)
    if step.rate == "step-up":
        if patient.drug_flows:
            return _stepped_up(patient, reacted)
        return (
            _tolerated(patient, reacted) if patient.kind == "immunoglobulin" else half_rate(reacted)
        )
    return slower_rate(patient.product, patient.weight_centi_kg, patient.rate_centi_ml_per_h)


def _tolerated(patient: Patient, reacted: int | None) -> RateDecision:
    """Return the last rate that made no reaction; the next lower one where none is known."""
    before = patient.tolerated_centi
    if before is not None and reacted is not None and before < reacted:
        return RateDecision(rate_centi_ml_per_h=before, refusal=None, words=rate_text(before))
    return slower_rate(patient.product, patient.weight_centi_kg, reacted)


def _stepped_up(patient: Patient, reacted: int | None) -> RateDecision:
    """Return the next faster rate of the table while it stays below that of the reaction."""
    now = patient.rate_centi_ml_per_h
    table = patient.product.rates if patient.product is not None else None
    step = next_step_up(table, patient.weight_centi_kg, now, 0)
    rate = step.rate_centi_ml_per_h
    if rate is None:
        words = REFUSAL_WORDS[step.refusal or "no-table"]
        return RateDecision(rate_centi_ml_per_h=None, refusal=step.refusal, words=words)
    if reacted is not None and rate >= reacted:
        words = f"the next step would be {rate_text(rate)}, where the reaction began"
        return RateDecision(rate_centi_ml_per_h=None, refusal="highest", words=words)
    return RateDecision(rate_centi_ml_per_h=rate, refusal=None, words=rate_text(rate))


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
    course: Course = NO_COURSE,
) -> tuple[Ladder, tuple[Step, ...]]:
    """Return the ladder of a picture and its rungs, most urgent first.

    A rung that was already started, done, declined or not possible keeps that state when the
    ladder changes, so nobody is asked twice for the same thing, except for a dose that did not
    help and may be repeated. A rung that only makes sense while the drug flows is left out when
    it does not. Where the infusion is over, stopping it comes first and no rate is named.
    """
    ladder = ladder_for(ladders, pattern or NO_PATTERN_NAME, grade)
    settled = {step.key: step for step in before if step.state != "offered"}
    steps: list[Step] = []
    open_rungs = steps_for(ladder, signs=signs, product_kind=patient.kind, stages=stages(course))
    for rung in sorted(open_rungs, key=lambda one: bool(course.end) and one.kind != "stop"):
        if rung.refractory and not is_refractory(course, _doses(ladder)):
            continue
        if rung.key in settled and not may_repeat(course, rung):
            steps.append(_with_response(settled[rung.key], course))
            continue
        if not _makes_sense(rung, patient, course):
            continue
        present = ", ".join(sorted(signs & frozenset(rung.signs)))
        step = offered_step(rung, patient, present)
        if rung.key in settled:
            words = f"{step.words} ({_again_words(course, rung)})"
            step = _with_outcome(msgspec.structs.replace(step, words=words), course)
        steps.append(step)
    return ladder, tuple(steps)


def _again_words(course: Course, rung: LadderStep) -> str:
    """Return which dose a repeat would be, and how long after the last one it belongs."""
    nth = 2 + (rung.repeats or 0) - doses_left(course, rung)
    words = f"again: dose {nth} of {1 + (rung.repeats or 0)}"
    if rung.repeat_ms is None:
        return words
    first, latest = (ms // MINUTE_MS for ms in (rung.repeat_ms, rung.repeat_by_ms or 0))
    span = f"{first} to {latest}" if latest > first else f"{first}"
    return f"{words}, {span} min after the last"


def _makes_sense(rung: LadderStep, patient: Patient, course: Course) -> bool:
    """Whether a rung fits what flows now and what may flow again."""
    if rung.offered == "if-not-improved" and rung.kind == "drug" and not course.not_better:
        return False  # that something did not help must be known, not guessed from silence
    if rung.tried_against and not course.tried_in_vain(rung.tried_against):
        return False  # what was given for a fever says nothing of a pressure that fell later
    if rung.offered != "when-resolved":
        return patient.drug_flows or rung.kind not in ("rate", "pause")
    if rung.kind != "rate":
        return True
    if course.end or not course.answered:
        return False
    return rung.rate == "step-up" if patient.drug_flows else patient.is_near


def _doses(ladder: Ladder) -> int:
    """Return how many doses of epinephrine a ladder allows before it counts as refractory."""
    repeats = [rung.repeats or 0 for rung in ladder.steps if rung.drug == EPINEPHRINE]
    return 1 + max(repeats, default=0)


def _with_response(step: Step, course: Course) -> Step:
    """Return a taken step with what came of it."""
    last = course.last(step.key)
    if last is None or step.state not in ("started", "done"):
        return step
    given = given_text(last.dose_centi, last.dose_unit)
    return _with_outcome(msgspec.structs.replace(step, given=given, look_ms=last.look_ms), course)


def _with_outcome(step: Step, course: Course) -> Step:
    """Return a step with what became of the signs since it was last taken."""
    last = course.last(step.key)
    if last is None or last.response is None:
        return step
    return msgspec.structs.replace(
        step, response=last.response.verdict, response_words=last.response.words
    )


def given_text(dose_centi: int | None, unit: str) -> str:
    """Return a dose that was given, in words; empty when none was said."""
    if dose_centi is None:
        return ""
    return f"{dose_centi // 100}.{dose_centi % 100:02d}".rstrip("0").rstrip(".") + f" {unit}"


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


def dose_refusal(rung: LadderStep, act: ActTaken) -> str:
    """Return why a dose that was said to be given cannot belong to a rung, or "".

    A dose of another dimension is a slip. One above the most that the rung allows may be true:
    then it needs a reason.
    """
    if act.dose_centi is None:
        return ""
    if rung.kind not in ("drug", "fluids"):
        return f"step {rung.key!r} gives nothing that has a dose"
    dose = rung.dose
    if dose is None:
        return ""
    if act.dose_unit != dose.unit:
        return f"the dose of {rung.key!r} is in {dose.unit}, not in {act.dose_unit}"
    if act.dose_centi * 10 > dose.maximum_milli and not act.reason:
        most = given_text(dose.maximum_milli // 10, dose.unit)
        given = given_text(act.dose_centi, act.dose_unit)
        return f"{given} is above {most}, the most at once here: if it was given, say the reason"
    return ""


def steps_confirmed(
    ladders: tuple[Ladder, ...],
    advice: AdviceChanged,
    event: SessionEvent,
    by: str,
    at_ms: int,
    reported: str = "",
) -> tuple[Step, ...]:
    """Return the steps after a pump or a person has reported what they ask for.

    ``reported`` are the words of the pump, as "reports 0.0 mL/h".
    """
    kinds = CONFIRMS.get(event, frozenset())
    rungs = _kinds(ladders)
    return tuple(
        _confirmed(step, event, by, at_ms, reported) if rungs.get(step.key) in kinds else step
        for step in advice.steps
    )


def _confirmed(step: Step, event: SessionEvent, by: str, at_ms: int, reported: str) -> Step:
    """Return a step as a report shows it; what a person has done is only confirmed by a pump."""
    if step.state in ("offered", "started"):
        reason = reported or f"reported: {event}"
        return msgspec.structs.replace(step, state="done", by=by, at_ms=at_ms, reason=reason)
    if step.state == "done" and reported and not step.reason:
        return msgspec.structs.replace(step, reason=f"confirmed: {reported}")
    return step


def steps_still_taken(
    ladders: tuple[Ladder, ...], taken: Mapping[str, Step], event: SessionEvent
) -> dict[str, Step]:
    """Return the taken steps by key, without those that a pump shows to be done no longer."""
    kinds = PUMP_UNDOES.get(event, frozenset())
    rungs = _kinds(ladders)
    return {
        key: step
        for key, step in taken.items()
        if step.state in ("declined", "not-possible") or rungs.get(key) not in kinds
    }


def _kinds(ladders: tuple[Ladder, ...]) -> dict[str, str]:
    """Return the kind of every rung by its key, which means the same on every ladder."""
    return {rung.key: rung.kind for ladder in ladders for rung in ladder.steps}
