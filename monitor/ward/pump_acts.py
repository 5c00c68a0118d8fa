"""Pumps as they report themselves: rates, and what they mean for the session of a bed."""

from dataclasses import replace
from typing import Final

from monitor.care.contradictions import contradiction, report_words, reporter
from monitor.care.courses import Course
from monitor.care.products import rate_text
from monitor.care.session import OPEN, RUNNING, pump_event
from monitor.care.volumes import flow_after
from monitor.facts.effects import MessageRejected
from monitor.facts.records import NO_SEQUENCE, ActTaken, PumpReported
from monitor.ward.advising import check_pump, tell_advice, undo_steps
from monitor.ward.bedside import Bedside
from monitor.ward.devices import owner_elsewhere, tell_misplaced
from monitor.ward.hearings import Onset
from monitor.ward.running import take_step, tell_rates
from monitor.ward.session_acts import confirm_steps, move
from monitor.ward.technical import tell_technical
from monitor.ward.ward_state import WardState

UNDONE: Final = "resume"
"""Who records a rate after a pause, a stop or a slower rate has undone them all."""


def take_pump(state: WardState, bed: Bedside, record: PumpReported) -> str:
    """Take the report of a pump, its rate and what it means for the session, and return "".

    A pump of another bed is refused, and the reason is returned.
    """
    owner = owner_elsewhere(state, bed, record.device)
    if owner is not None:
        _refuse_pump(state, bed, record, owner)
        return f"wrong-bed: {record.device} belongs to bed {owner.name}, not {bed.name}"
    if record.by:
        return _take_by_hand(state, bed, record)
    bed.stay.pump, bed.stay.pump_heard_ms = record.device, record.received_ms
    _take_flow(state, bed, record)
    return ""


def recorded_rate(state: WardState, bed: Bedside, act: ActTaken) -> str:
    """Take a rate that a person recorded and return "", or return why it is refused."""
    rate = act.rate_centi_ml_per_h or 0
    report = PumpReported(
        position=act.position,
        received_ms=act.received_ms,
        unit=act.unit,
        bed=act.bed,
        device=act.device,
        measured_ms=act.measured_ms,
        sequence=NO_SEQUENCE,
        boot="",
        state="infusing" if rate else "paused",
        rate_centi_ml_per_h=rate,
        infused_centi_ml=None,
        left_centi_ml=None,
        drug="",
        alarm="",
        by=act.by,
    )
    return _take_by_hand(state, bed, report)


def _take_by_hand(state: WardState, bed: Bedside, record: PumpReported) -> str:
    """Take what a person says that flows and return "", or return why it is refused.

    It does what the report of a pump does, but only where no pump is heard.
    """
    if bed.phase not in OPEN:
        return "no session is open at this bed"
    heard_ms = bed.stay.pump_heard_ms
    silent_ms = state.settings.alerts.device_silent_after_ms
    if heard_ms is not None and record.received_ms - heard_ms <= silent_ms:
        return f"{bed.stay.pump} reports the rate itself"
    if bed.rate_changed_ms is not None and record.measured_ms < bed.rate_changed_ms:
        return f"a later rate is known: {rate_text(bed.rate_centi or 0)}"
    if _takes_back(state, bed, record):
        undo_steps(state, bed, UNDONE)
    _take_flow(state, bed, record)
    return ""


def _takes_back(state: WardState, bed: Bedside, record: PumpReported) -> bool:
    """Whether what a person says goes against a step that the same person has recorded before."""
    mine = tuple(step for step in bed.taken.values() if step.by == record.by)
    kinds = {rung.key: rung.kind for ladder in state.settings.ladders for rung in ladder.steps}
    against = replace(record, by="")
    return contradiction(mine, kinds, Course(), against, resumed=False, grace_ms=0) is not None


def _take_flow(state: WardState, bed: Bedside, record: PumpReported) -> None:
    """Take what a pump reports, or a person has recorded, of what flows at a bed."""
    rate = record.rate_centi_ml_per_h
    before, before_since_ms = bed.rate_centi, bed.rate_changed_ms
    event = pump_event(bed.phase, before, record)
    if bed.phase in OPEN:
        ran = before if bed.phase in RUNNING else None
        bed.stay.flow = flow_after(bed.stay.flow, record, ran)
    if rate is not None and record.state == "infusing" and rate != before:
        bed.rate_before_centi = before or bed.rate_before_centi
        bed.rate_centi = rate
        bed.rate_changed_ms = record.measured_ms
    if record.state != "infusing" and before:
        bed.rate_before_centi = before
        bed.rate_centi = 0
        bed.rate_changed_ms = record.measured_ms
    if bed.phase not in OPEN:
        return
    take_step(state, bed, record, before_since_ms)
    if event is not None:
        reason = f"pump {record.device} reports {record.state}"
        if record.by:
            reason = report_words(record)
        move(state, bed, event, reason, position=record.position, at_ms=record.measured_ms)
        confirm_steps(state, bed, record, event, reporter(record))
        undo_steps(state, bed, event)
    if check_pump(state, bed, record, event):
        tell_technical(state, bed, record.position, record.measured_ms)
    tell_rates(state, bed, record.position, record.measured_ms)
    tell_advice(state, bed, record.position, record.measured_ms)


def _refuse_pump(state: WardState, bed: Bedside, record: PumpReported, owner: Bedside) -> None:
    """Tell that a pump of another bed reported here; it moves no session."""
    state.tell(
        record.position,
        MessageRejected(
            at_ms=record.received_ms,
            bed=bed.name,
            session=bed.session,
            device=record.device,
            topic="",
            reason="wrong-bed",
            field="bed",
            value=bed.name,
            limit=owner.name,
            sha256="",
            excerpt="",
        ),
    )
    since = Onset(record.received_ms, record.measured_ms)
    tell_misplaced(state, bed, record.device, record.position, since)
