"""What people do at a bed besides answering alerts: steps, and drugs that no step asked for.

A drug counts as given whoever asked for it. Where the advice of the moment has a step with that
drug, recording the drug is doing the step; otherwise it stands on its own, and nothing looks
whether it helped.
"""

from dataclasses import replace
from typing import Final

from monitor.care import courses
from monitor.care.drugs import drugs_named
from monitor.care.ladders import LadderStep
from monitor.care.mitigation import acted_steps, dose_refusal
from monitor.care.session import OPEN
from monitor.facts.records import ActTaken
from monitor.facts.views import GivenView
from monitor.ward.advising import (
    end_if_reason,
    open_rungs,
    refused_dose,
    replace_steps,
    tell_advice,
)
from monitor.ward.bedside import Bedside
from monitor.ward.drugs import take_drug, take_step_drug
from monitor.ward.ward_state import WardState

NO_SESSION: Final = "no session is open at this bed"


def acted_on_step(state: WardState, bed: Bedside, act: ActTaken) -> str:
    """Do what a person says about a step and return "", or return why it is refused."""
    if bed.advice is None:
        return "no steps are advised at this bed"
    if act.alert not in ("", bed.advice.alert):
        return f"the steps of alert {act.alert!r} are not those advised at this bed now"
    steps = acted_steps(bed.advice.steps, act)
    if steps is None:
        offered = ", ".join(step.key for step in bed.advice.steps)
        return f"step {act.step!r} is not offered; offered: {offered}"
    refused = refused_dose(state, bed, act)
    if refused:
        return refused
    replace_steps(state, bed, act.position, act.measured_ms, steps, act)
    take_step_drug(state, bed, act)
    return ""


def gave_drug(state: WardState, bed: Bedside, act: ActTaken) -> str:
    """Take note of a drug that a person gave and return "", or return why it is refused."""
    if bed.phase not in OPEN:
        return NO_SESSION
    names = frozenset(
        state.settings.drugs[place].step_drug
        for place in drugs_named(state.settings.drugs, act.drug)
    )
    advised = {step.key for step in bed.advice.steps} if bed.advice is not None else set()
    step = next(
        (one for one in open_rungs(state, bed) if one.drug in names and one.key in advised), None
    )
    if step is not None:
        return acted_on_step(state, bed, replace(act, act="step", step=step.key, status="done"))
    refused = next((words for one in _rungs(state, names) if (words := dose_refusal(one, act))), "")
    if refused:
        return refused
    take_drug(state, bed, act.drug, act.measured_ms)
    bed.stay.give(
        GivenView(
            drug=act.drug,
            at_ms=act.measured_ms,
            by=act.by,
            dose_centi=act.dose_centi,
            dose_unit=act.dose_unit,
        )
    )
    for name in sorted(names) or [act.drug]:
        bed.course = courses.given(
            bed.course,
            drug=name,
            by=act.by,
            at_ms=act.measured_ms,
            dose=(act.dose_centi, act.dose_unit),
        )
    end_if_reason(state, bed, act.measured_ms)
    tell_advice(state, bed, act.position, act.measured_ms)
    return ""


def _rungs(state: WardState, names: frozenset[str]) -> list[LadderStep]:
    """Return the rungs of all ladders with one of some drugs, each key once."""
    rungs = [one for ladder in state.settings.ladders for one in ladder.steps]
    return list({one.key: one for one in rungs if one.drug in names}.values())
