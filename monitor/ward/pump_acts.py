"""Pumps as they report themselves: rates, and what they mean for the session of a bed."""

from monitor.care.session import OPEN, RUNNING, pump_event
from monitor.care.volumes import flow_after
from monitor.facts.effects import MessageRejected
from monitor.facts.records import PumpReported
from monitor.ward.advising import check_pump, tell_advice, undo_steps
from monitor.ward.bedside import Bedside
from monitor.ward.devices import owner_elsewhere, tell_misplaced
from monitor.ward.running import take_step, tell_rates
from monitor.ward.session_acts import confirm_steps, move
from monitor.ward.technical import tell_technical
from monitor.ward.ward_state import WardState


def take_pump(state: WardState, bed: Bedside, record: PumpReported) -> str:
    """Take the report of a pump, its rate and what it means for the session, and return "".

    A pump of another bed is refused, and the reason is returned.
    """
    owner = owner_elsewhere(state, bed, record.device)
    if owner is not None:
        _refuse_pump(state, bed, record, owner)
        return f"wrong-bed: {record.device} belongs to bed {owner.name}, not {bed.name}"
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
        return ""
    take_step(state, bed, record, before_since_ms)
    if event is not None:
        reason = f"pump {record.device} reports {record.state}"
        move(state, bed, event, reason, position=record.position, at_ms=record.measured_ms)
        confirm_steps(state, bed, record, event, record.device)
        undo_steps(state, bed, event)
    if check_pump(state, bed, record, event):
        tell_technical(state, bed, record.position, record.measured_ms)
    tell_rates(state, bed, record.position, record.measured_ms)
    tell_advice(state, bed, record.position, record.measured_ms)
    return ""


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
    tell_misplaced(state, bed, record.device, record.position, record.received_ms)
