"""How the infusion at a bed runs against its label: advisories, and the next step up."""

from typing import Final

from monitor.care.rates import (
    PRIORITY,
    RunFinding,
    Running,
    run_findings,
    step_findings,
    step_up,
)
from monitor.care.session import RUNNING
from monitor.facts.records import PumpReported
from monitor.facts.views import StepUpView
from monitor.ward.advisories import Advisory, tell_advisories
from monitor.ward.bedside import Bedside
from monitor.ward.pictures import REACTION
from monitor.ward.timetable import owed_sets
from monitor.ward.ward_state import WardState

FAMILY: Final = "rate"


def take_step(state: WardState, bed: Bedside, record: PumpReported, since_ms: int | None) -> None:
    """Remember what was wrong with a step up; ``since_ms`` is since when the rate before ran."""
    drug = state.settings.product(record.drug) if record.drug else None
    bed.stay.drug = drug or bed.stay.drug
    rate = record.rate_centi_ml_per_h
    if record.measured_ms == bed.rate_changed_ms and rate == bed.rate_centi:
        bed.stay.step_findings = step_findings(
            bed.product.rates if bed.product is not None else None,
            bed.opened.weight_centi_kg if bed.opened is not None else None,
            before_centi_ml_per_h=bed.stay.rate_before_centi,
            rate_centi_ml_per_h=rate,
            before_since_ms=since_ms,
            at_ms=record.measured_ms,
        )
    bed.stay.rate_before_centi = bed.rate_centi


def running(bed: Bedside) -> Running:
    """Return how the infusion at a bed runs."""
    opened = bed.opened
    return Running(
        product=bed.product,
        weight_centi_kg=opened.weight_centi_kg if opened is not None else None,
        rate_centi_ml_per_h=bed.rate_centi if bed.phase in RUNNING else None,
        at_risk=bool(opened is not None and opened.at_risk),
        concentration_centi_mg_per_ml=(
            opened.concentration_centi_mg_per_ml if opened is not None else None
        ),
        drug=bed.stay.drug,
        history_cap_centi_ml_per_h=bed.stay.rate_cap_centi,
    )


def tell_rates(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """Tell what about the running infusion is not as its label has it.

    A step that was too early is told until the time at which it would have been due; that is
    looked at with every report of the pump.
    """
    steps = bed.stay.step_findings if bed.phase in RUNNING else ()
    found = [*run_findings(running(bed)), *(one for one in steps if _lasts(one, at_ms))]
    advisories = [
        Advisory(
            cause=f"{FAMILY}:{one.fault}",
            label=one.words,
            priority=PRIORITY[one.fault],
            since_ms=at_ms,
        )
        for one in found
    ]
    tell_advisories(state, bed, FAMILY, advisories, position, at_ms)


def _lasts(finding: RunFinding, at_ms: int) -> bool:
    return finding.until_ms is None or at_ms < finding.until_ms


def step_up_view(state: WardState, bed: Bedside, now_ms: int) -> StepUpView | None:
    """Return the next step up and what speaks against it; None where nothing flows."""
    if bed.phase not in RUNNING or bed.rate_changed_ms is None:
        return None
    against = []
    if bed.grade is None or bed.grade < 0:
        against.append("the bed is not assessable")
    elif bed.grade > 0:
        against.append(f"grade {bed.grade}")
    reaction = bed.episodes.get(REACTION)
    if reaction is not None and reaction.condition != "ended" and bed.grade == 0:
        against.append("a reaction is open")
    against += [
        f"vital signs {one.state}: {one.words}"
        for one in owed_sets(state, bed, now_ms)
        if one.state != "next"
    ]
    at_rate_ms = max(0, now_ms - bed.rate_changed_ms)
    return step_up(running(bed), at_rate_ms=at_rate_ms, now_ms=now_ms, against=tuple(against))
