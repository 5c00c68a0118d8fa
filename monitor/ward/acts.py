"""What people, pumps and devices say, taken at one bed in order of arrival.

Every act ends in an effect: it changed something, or it was refused with the reason.
"""

from collections.abc import Callable
from typing import Final

from monitor.care.mitigation import given_text
from monitor.care.products import rate_text
from monitor.care.reasons import decimal
from monitor.care.session import OPEN
from monitor.facts.effects import ActRecorded, MessageRejected
from monitor.facts.records import (
    Act,
    ActTaken,
    ActVerb,
    ConditionCharted,
    DeviceBorn,
    DeviceReported,
    MessageRefused,
    PumpReported,
    SessionReported,
    SymptomCharted,
    VitalsReported,
)
from monitor.ward.alert_acts import acted_on_alert
from monitor.ward.bedside import Bedside, ChartedSymptom
from monitor.ward.devices import take_absences, take_birth, take_found, take_status
from monitor.ward.hand_acts import acted_on_step, gave_drug
from monitor.ward.listening import DeviceFound
from monitor.ward.pump_acts import recorded_rate, take_pump
from monitor.ward.session_acts import take_session
from monitor.ward.strangers import strange_words
from monitor.ward.telling import tell_judged
from monitor.ward.ward_state import NO_BED, WardState
from monitor.ward.watching import CHANGED, tell_watch

BY_HAND: Final[dict[ActVerb, Callable[[WardState, Bedside, ActTaken], str]]] = {
    "step": acted_on_step,
    "drug": gave_drug,
    "rate": recorded_rate,
}
"""What takes an act that is not about an alert."""


def take_act(state: WardState, bed: Bedside, record: Act | VitalsReported | DeviceFound) -> None:
    """Take one act or report at a bed."""
    HANDLERS[type(record)](state, bed, record)
    if not isinstance(record, DeviceFound):
        tell_watch(state, bed, record.position, record.measured_ms, CHANGED)
    state.look_ms[bed.row] = 0


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
    if unknown := unknown_session(bed, record.session):
        _tell_act(state, bed, record, unknown)
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


def _take_condition(state: WardState, bed: Bedside, record: ConditionCharted) -> None:
    """Keep what the side books ask for; it decides nothing, so nothing is judged again."""
    said: dict[str, str] = {}
    if record.consciousness is not None:
        said["consciousness"] = record.consciousness
    if record.on_oxygen is not None:
        flow = record.oxygen_centi_l_per_min
        amount = "on" if flow is None else f"{decimal(flow)} L/min"
        said["oxygen"] = amount if record.on_oxygen else "room air"
    refused = unknown_session(bed, record.session)
    if not refused and bed.phase not in OPEN:
        refused = "no session is open at this bed"
    if not refused:
        bed.consciousness = record.consciousness or bed.consciousness
        bed.on_oxygen = bed.on_oxygen if record.on_oxygen is None else record.on_oxygen
    state.tell(
        record.position,
        ActRecorded(
            at_ms=record.measured_ms,
            bed=bed.name,
            session=bed.session,
            id=record.id,
            act="condition",
            by=record.by,
            role="",
            via=record.device,
            alert="",
            step=", ".join(said),
            status=", ".join(said.values()),
            reason="",
            refused=refused,
        ),
    )


def _take_person(state: WardState, bed: Bedside, record: ActTaken) -> None:
    refused = _acted(state, bed, record)
    _tell_act(state, bed, record, refused)


def _take_session(state: WardState, bed: Bedside, record: SessionReported) -> None:
    refused = take_session(state, bed, record)
    _answer(state, bed, record, record.event, refused)


def _take_pump(state: WardState, bed: Bedside, record: PumpReported) -> None:
    refused = take_pump(state, bed, record)
    _answer(state, bed, record, f"pump-{record.state}", refused)


def _take_report(state: WardState, bed: Bedside, record: VitalsReported) -> None:
    """Take what a report of vital signs says besides its values."""
    take_absences(state, bed, record)
    words = strange_words(bed, record)
    refused = f"they name {words}, who is not at this bed: quarantined" if words else ""
    _answer(state, bed, record, "vitals", refused)


def _answer(
    state: WardState,
    bed: Bedside,
    record: SessionReported | PumpReported | VitalsReported,
    act: str,
    refused: str,
) -> None:
    """Tell what became of a message that names itself; others ask for no answer.

    What a person wrote down is never refused in silence.
    """
    name = record.id if isinstance(record, VitalsReported) else record.ref
    if isinstance(record, PumpReported) and record.by and refused:
        name = name or f"{record.device}-{record.sequence}"
    if not name:
        return
    session = record.id if isinstance(record, SessionReported) else bed.session
    state.tell(
        record.position,
        ActRecorded(
            at_ms=record.measured_ms,
            bed=bed.name,
            session=session,
            id=name,
            act=act,
            by=record.by,
            role="",
            via=record.device,
            alert="",
            step="",
            status="",
            reason="",
            refused=refused,
        ),
    )


def unknown_session(bed: Bedside, session: str) -> str:
    """Return why an act for a session is refused at a bed, or "" (also where it names none)."""
    if session in ("", bed.session):
        return ""
    return f"unknown-session: {session} is not the session of this bed ({bed.session or 'none'})"


def _acted(state: WardState, bed: Bedside, record: ActTaken) -> str:
    """Do what a person asked and return "", or return why it was refused."""
    if bed.name == NO_BED:
        return "there is no bed here: only the alerts of the monitor itself stand at no bed"
    if unknown := unknown_session(bed, record.session):
        return unknown
    return BY_HAND.get(record.act, acted_on_alert)(state, bed, record)


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
            step=person.step or person.drug if person else (symptom.symptom if symptom else ""),
            status=_status(record),
            reason=person.reason if person else "",
            refused=refused,
            dose=given_text(person.dose_centi, person.dose_unit) if person else "",
        ),
    )


def _status(record: ActTaken | SymptomCharted) -> str:
    if isinstance(record, ActTaken):
        if record.rate_centi_ml_per_h is not None:
            return rate_text(record.rate_centi_ml_per_h)
        if record.act == "drug":
            return "given"
        return record.status or record.disbelief or ""
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
    ConditionCharted: _take_condition,
    ActTaken: _take_person,
    DeviceReported: take_status,
    DeviceBorn: take_birth,
    MessageRefused: _take_refused,
    VitalsReported: _take_report,
    DeviceFound: take_found,
}
"""What takes each kind of record."""
