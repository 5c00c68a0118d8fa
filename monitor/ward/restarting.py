"""What a restart at one bed waits for: vital signs that are back near their baseline."""

from dataclasses import replace

from detectors.truth import Truth
from monitor.care.mitigation import Patient
from monitor.care.nearness import Nearness, Newest, nearness
from monitor.care.session import RUNNING
from monitor.facts.effects import AdviceChanged, MeasurementWanted
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import WardState


def restart_nearness(state: WardState, bed: Bedside, at_ms: int) -> Nearness | None:
    """Return whether a bed is near its baseline, or None where no restart waits for it.

    From then on every reading of the bed is looked at, and so is the time at which the first of
    the values grows too old.
    """
    course, rows = bed.course, state.settings.mitigation.near
    waits = course.cleared and course.plan == "paused" and not course.end
    waits = waits and bed.phase not in RUNNING and bool(rows)
    state.advice_waits[bed.row] = waits
    if not waits:
        return None
    detection = state.detection
    found = nearness(
        rows,
        [
            Newest(
                value_centi=int(detection.value_centi[bed.row, row.channel]),
                baseline_centi=int(detection.baseline_centi[bed.row, row.channel]),
                measured_ms=int(detection.measured_ms[bed.row, row.channel]),
            )
            for row in rows
        ],
        valid_ms=[int(detection.params.valid_ms[row.channel]) for row in rows],
        since_ms=course.well_ms or 0,
        now_ms=at_ms,
    )
    if found.until_ms is not None:
        due_ms = int(state.course_due_ms[bed.row])
        state.course_due_ms[bed.row] = min(due_ms, found.until_ms + 1)
    return found


def kept_waiting(who: Patient, near: Nearness | None) -> Patient:
    """Return a patient to whom no restart is offered unless vital signs are known to be near."""
    return who if near is None else replace(who, is_near=near.truth == Truth.TRUE)


def waiting_words(near: Nearness | None) -> str:
    """Return what a restart waits for; empty where it waits for nothing."""
    return f"a restart waits: {near.words}" if near is not None and near.words else ""


def tell_unknown_nearness(
    state: WardState, bed: Bedside, position: int, advice: AdviceChanged, near: Nearness | None
) -> None:
    """Ask for the values without which nobody can say whether a restart may be offered."""
    for channel in near.to_measure if near is not None else ():
        state.tell(
            position,
            MeasurementWanted(
                at_ms=advice.at_ms,
                bed=bed.name,
                session=bed.session,
                channel=channel.name.lower(),
                reason="may the infusion go on? no newer value since the signs ended",
            ),
        )
