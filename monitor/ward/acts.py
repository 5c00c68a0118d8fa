"""What people, pumps and devices say, taken at one bed in order of arrival.

Every act ends in an effect: it changed something, or it was refused with the reason.
"""

from collections.abc import Callable
from typing import Final

from detectors.channels import CENTI, NEVER
from monitor.care import alerts
from monitor.care.mitigation import acted_steps, steps_confirmed, steps_still_taken
from monitor.care.session import (
    BEFORE_START,
    OPEN,
    RUNNING,
    Phase,
    SessionEvent,
    next_phase,
    pump_event,
)
from monitor.care.session import refusal as phase_refusal
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    ActRecorded,
    MessageRejected,
    SessionChanged,
)
from monitor.facts.records import (
    Act,
    ActTaken,
    DeviceBorn,
    DeviceReported,
    MessageRefused,
    PumpReported,
    SessionReported,
    SymptomCharted,
    VitalsReported,
)
from monitor.ward.bedside import Bedside, ChartedSymptom
from monitor.ward.devices import (
    associate,
    expect,
    owner_elsewhere,
    release_all,
    take_absences,
    take_birth,
    take_status,
    tell_misplaced,
)
from monitor.ward.telling import (
    replace_steps,
    tell_advice,
    tell_baseline,
    tell_episode,
    tell_grade,
    tell_judged,
)
from monitor.ward.ward_state import WardState

STARTED: Final = frozenset({"start", "resume", "raised"})
"""Events after which the drug flows faster than before."""


def take_act(state: WardState, bed: Bedside, record: Act | VitalsReported) -> None:
    """Take one act or report at a bed."""
    HANDLERS[type(record)](state, bed, record)


def _take_session(state: WardState, bed: Bedside, record: SessionReported) -> None:
    event: SessionEvent = record.event
    if event != "open" and record.id != bed.session:
        reason = f"session {record.id} is not the open session of this bed ({bed.session or '-'})"
        _tell_session(state, bed, record, event, bed.phase, reason, refused=True)
        return
    if next_phase(bed.phase, event) is None:
        reason = phase_refusal(bed.phase, event)
        _tell_session(state, bed, record, event, bed.phase, reason, refused=True)
        return
    if event == "open":
        _end_episodes(state, bed, record.position, record.measured_ms)
        bed.begin(record, state.settings.product(record.product))
        state.told_grade[bed.row] = NOT_ASSESSABLE
        _forget(state, bed)
        if record.age_years is not None:
            state.detection.age_centi[bed.row] = CENTI * record.age_years
        state.detection.judging[bed.row] = True
        state.detection.taking_baseline[bed.row] = True
        state.received_ms[bed.row] = state.absent_ms[bed.row] = NEVER
        state.expected[bed.row] = state.troubled[bed.row] = False
        state.opened_ms[bed.row] = record.received_ms
        expect(state, bed, record.channels)
        for device in record.devices:
            associate(state, bed, device, record)
    _move(state, bed, record, event, _session_reason(bed, record))
    _confirm_steps(state, bed, record, event, record.by)


def _forget(state: WardState, bed: Bedside) -> None:
    """Forget what was read of the person who has left a bed."""
    state.detection.clear(bed.row)
    state.shelf.clear(bed.row)


def _session_reason(bed: Bedside, record: SessionReported) -> str:
    """Return what the people at the bed should know about an opening."""
    if record.event != "open" or bed.product is not None:
        return f"by {record.by}"
    return f"by {record.by}; product {record.product!r} is not in the configuration: no rate table"


def _move(
    state: WardState,
    bed: Bedside,
    record: SessionReported | PumpReported,
    event: SessionEvent,
    reason: str,
) -> None:
    """Move a session to its next phase, with all that follows."""
    after = next_phase(bed.phase, event)
    if after is None or after == "none":
        raise AssertionError(f"{event} was not checked against {bed.phase}")
    before, at_ms = bed.phase, record.measured_ms
    bed.phase = after
    if after in RUNNING and before in BEFORE_START:
        bed.started_ms = at_ms
        state.detection.taking_baseline[bed.row] = False
        tell_baseline(state, bed, record.position, at_ms, freeze=True)
    if event in STARTED:
        state.detection.rate_step_ms[bed.row] = at_ms
    if before in RUNNING and after not in RUNNING:
        bed.flow_ended_ms = at_ms
    _tell_session(state, bed, record, event, after, reason, refused=False, before=before)
    if after == "closed":
        _close(state, bed, record.position, at_ms)


def _close(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """Stop watching a bed: its open episodes end, high ones stay until they are seen."""
    state.opened_ms[bed.row] = NEVER
    _end_episodes(state, bed, position, at_ms)
    tell_advice(state, bed, position, at_ms)
    release_all(state, bed, position, at_ms)
    _forget(state, bed)
    state.troubled[bed.row] = False
    bed.leave()
    tell_grade(state, bed, position, at_ms)


def _end_episodes(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    latched = state.settings.alerts.latch_priorities
    for episode in list(bed.episodes.values()):
        if episode.condition != "ended":
            tell_episode(state, bed, alerts.ended(episode, latched=latched), position, at_ms)


def _tell_session(
    state: WardState,
    bed: Bedside,
    record: SessionReported | PumpReported,
    event: SessionEvent,
    phase: Phase,
    reason: str,
    *,
    refused: bool,
    before: str = "",
) -> None:
    state.tell(
        record.position,
        SessionChanged(
            at_ms=record.measured_ms,
            bed=bed.name,
            session=bed.session,
            event=event,
            phase="closed" if phase == "none" else phase,
            before=before or bed.phase,
            subject=bed.opened.subject if bed.opened else "",
            product=bed.opened.product if bed.opened else "",
            reason=reason,
            refused=refused,
            config=state.settings.digest,
        ),
    )


def _take_pump(state: WardState, bed: Bedside, record: PumpReported) -> None:
    owner = owner_elsewhere(state, bed, record.device)
    if owner is not None:
        _refuse_pump(state, bed, record, owner)
        return
    rate = record.rate_centi_ml_per_h
    before = bed.rate_centi
    event = pump_event(bed.phase, before, record)
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
    if event is not None:
        _move(state, bed, record, event, f"pump {record.device} reports {record.state}")
        _confirm_steps(state, bed, record, event, record.device)
        bed.taken = steps_still_taken(state.settings.ladders, bed.taken, event)
    tell_advice(state, bed, record.position, record.measured_ms)


def _confirm_steps(
    state: WardState,
    bed: Bedside,
    record: SessionReported | PumpReported,
    event: SessionEvent,
    by: str,
) -> None:
    """Show the steps as done that an event of the session has carried out."""
    if bed.advice is not None:
        at_ms = record.measured_ms
        steps = steps_confirmed(state.settings.ladders, bed.advice, event, by, at_ms)
        replace_steps(state, bed, record.position, at_ms, steps)


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


def _take_symptom(state: WardState, bed: Bedside, record: SymptomCharted) -> None:
    rows = {row.name: row for row in state.settings.symptoms}
    if record.symptom not in rows:
        known = ", ".join(rows)
        refused = f"symptom {record.symptom!r} is not in the configuration; known: {known}"
        _tell_act(state, bed, record, refused)
        return
    if bed.phase not in OPEN:
        _tell_act(state, bed, record, "no session is open at this bed")
        return
    _tell_act(state, bed, record, "")
    if record.present:
        bed.symptoms[record.symptom] = ChartedSymptom(
            name=record.symptom, severity=record.severity, onset_ms=record.onset_ms
        )
    else:
        bed.symptoms.pop(record.symptom, None)
    signs = state.detection.params.signs
    charted = state.detection.charted[bed.row]
    charted[:] = 0
    for symptom in bed.symptoms.values():
        row = rows[symptom.name]
        sign = signs.index(row.sign)
        charted[sign] = max(charted[sign], row.grade(symptom.severity))
    state.detection.chart(bed.row, record.measured_ms)
    tell_judged(state, bed, record.position, int(state.detection.at_ms[bed.row]))


def _take_person(state: WardState, bed: Bedside, record: ActTaken) -> None:
    refused = _acted(state, bed, record)
    _tell_act(state, bed, record, refused)


def _acted(state: WardState, bed: Bedside, record: ActTaken) -> str:
    """Do what a person asked and return "", or return why it was refused."""
    if record.act == "step":
        return _acted_on_step(state, bed, record)
    episode = next((one_ for one_ in bed.episodes.values() if one_.id == record.alert), None)
    if episode is None:
        return f"alert {record.alert!r} is not open at this bed"
    refused = _ack_refusal(episode, record)
    if refused:
        return refused
    params, at_ms = state.settings.alerts, record.measured_ms
    waits = {"high": params.realert_high_ms, "medium": params.realert_medium_ms}
    wait_ms = waits.get(episode.picture.priority)
    realert_ms = None if wait_ms is None else at_ms + wait_ms
    after = alerts.acknowledged(episode, by=record.by, at_ms=at_ms, realert_ms=realert_ms)
    tell_episode(state, bed, after, record.position, at_ms)
    return ""


def _acted_on_step(state: WardState, bed: Bedside, record: ActTaken) -> str:
    if bed.advice is None:
        return "no steps are advised at this bed"
    if record.alert not in ("", bed.advice.alert):
        return f"the steps of alert {record.alert!r} are not those advised at this bed now"
    steps = acted_steps(bed.advice.steps, record)
    if steps is None:
        offered = ", ".join(step.key for step in bed.advice.steps)
        return f"step {record.step!r} is not offered; offered: {offered}"
    replace_steps(state, bed, record.position, record.measured_ms, steps)
    return ""


def _ack_refusal(episode: alerts.Episode, record: ActTaken) -> str:
    """Return why an alert cannot be acknowledged or reset, or ""."""
    if record.revision is not None and record.revision < episode.worsened_revision:
        return (
            f"revision {record.revision} was acknowledged, but the alert got worse in revision "
            f"{episode.worsened_revision}"
        )
    if record.act == "reset" and episode.signal != "latched":
        return "only a latched alert can be reset"
    if episode.signal not in ("on", "latched"):
        return f"already acknowledged by {episode.acknowledged_by}"
    return ""


def _tell_act(
    state: WardState, bed: Bedside, record: ActTaken | SymptomCharted, refused: str
) -> None:
    person = record if isinstance(record, ActTaken) else None
    symptom = record if isinstance(record, SymptomCharted) else None
    state.tell(
        record.position,
        ActRecorded(
            at_ms=record.measured_ms,
            bed=bed.name,
            session=bed.session,
            id=record.id,
            act=person.act if person else "symptom",
            by=record.by,
            role=person.role if person else "",
            via=person.via if person else record.device,
            alert=person.alert if person else "",
            step=person.step if person else (symptom.symptom if symptom else ""),
            status=(person.status or "") if person else _symptom_status(record),
            reason=person.reason if person else "",
            refused=refused,
        ),
    )


def _symptom_status(record: ActTaken | SymptomCharted) -> str:
    if isinstance(record, ActTaken):
        return record.status or ""
    return record.severity if record.present else "absent"


def _take_refused(state: WardState, bed: Bedside, record: MessageRefused) -> None:
    state.refused += 1
    state.tell(
        record.position,
        MessageRejected(
            at_ms=record.received_ms,
            bed=record.bed or bed.name,
            session=bed.session,
            device=record.device,
            topic=record.topic,
            reason=record.reason,
            field=record.field,
            value=record.value,
            limit=record.limit,
            sha256=record.sha256,
            excerpt=record.excerpt,
        ),
    )


HANDLERS: Final[dict[type, Callable[..., None]]] = {
    SessionReported: _take_session,
    PumpReported: _take_pump,
    SymptomCharted: _take_symptom,
    ActTaken: _take_person,
    DeviceReported: take_status,
    DeviceBorn: take_birth,
    MessageRefused: _take_refused,
    VitalsReported: take_absences,
}
"""What takes each kind of record."""
