"""Sessions as people report them: opened, moved from phase to phase, closed."""

from typing import Final, get_args

from detectors.ages import age_of
from detectors.baseline_life import freeze
from detectors.channels import NEVER
from detectors.quality import QUALITY_VERSION
from monitor.care.contradictions import report_words
from monitor.care.mitigation import steps_confirmed
from monitor.care.products import Product
from monitor.care.session import (
    BEFORE_START,
    OPEN,
    RUNNING,
    SessionEvent,
    next_phase,
)
from monitor.care.session import refusal as phase_refusal
from monitor.care.watches import close_refusal
from monitor.facts.effects import NOT_ASSESSABLE, SessionChanged
from monitor.facts.records import PhaseVerb, PlaceVerb, PumpReported, SessionReported, SessionVerb
from monitor.ward.advising import replace_steps, take_flow, tell_advice
from monitor.ward.alerting import end_episodes
from monitor.ward.baselines import tell_baseline, tell_renewal
from monitor.ward.bedside import Bedside
from monitor.ward.devices import associate, expect, release_all
from monitor.ward.drugs import take_premedication
from monitor.ward.listening import await_devices, await_none_if_heard
from monitor.ward.remembering import remember, tell_history
from monitor.ward.running import tell_rates
from monitor.ward.technical import tell_technical
from monitor.ward.telling import tell_grade
from monitor.ward.transfers import place_refusal, take_place
from monitor.ward.ward_state import WardState
from monitor.ward.watching import tell_watch, windows_of

PHASE_EVENTS: Final[dict[SessionVerb, SessionEvent]] = {verb: verb for verb in get_args(PhaseVerb)}
"""What a person's word means for the phase of a session; other words move things, not phases."""

STARTED: Final = frozenset({"start", "resume", "raised"})
"""Events after which the drug flows faster than before."""
EASED: Final = frozenset({"lowered", "pause", "stop"})
"""Events after which it flows slower, or not at all."""


def take_session(state: WardState, bed: Bedside, record: SessionReported) -> str:
    """Take a session event and return "", or refuse it and return the reason."""
    event = PHASE_EVENTS.get(record.event)
    if event is None:
        refused = place_refusal(state, bed, record)
    else:
        refused = _refusal(state, bed, record, event)
    if refused:
        _tell_session(
            state,
            bed,
            record.event,
            refused,
            position=record.position,
            at_ms=record.measured_ms,
            refused=True,
        )
        return refused
    if event is None:
        take_place(state, bed, record)
        return ""
    if event == "open":
        end_episodes(state, bed, record.position, record.measured_ms)
        bed.begin(record, state.settings.product(record.product))
        state.told_grade[bed.row] = NOT_ASSESSABLE
        _forget(state, bed)
        state.detection.age_centi[bed.row] = age_of(record.age_years, record.age_months)
        state.detection.context[bed.row] = [bool(flag) for flag in _flags(record, bed.product)]
        state.detection.opened_ms[bed.row] = record.measured_ms
        state.detection.judging[bed.row] = True
        state.detection.taking_baseline[bed.row] = True
        state.received_ms[bed.row] = state.absent_ms[bed.row] = NEVER
        state.stamp_ms[bed.row] = state.unsteady_stamp_ms[bed.row] = NEVER
        state.expected[bed.row] = state.troubled[bed.row] = False
        state.unsteady_since_ms[bed.row] = state.unsteady_seen_ms[bed.row] = NEVER
        state.opened_ms[bed.row] = record.received_ms
        expect(state, bed, record.channels)
        tell_history(state, bed, record)
        for device in record.devices:
            reason = f"named when session {record.id} was opened"
            associate(state, bed, device, record, reason=reason)
    take_premedication(state, bed, record)
    reason = _session_reason(bed, record)
    move(state, bed, event, reason, position=record.position, at_ms=record.measured_ms)
    if event == "open":
        await_none_if_heard(state, bed.row, record.received_ms)
        tell_technical(state, bed, record.position, record.received_ms)
    confirm_steps(state, bed, record, event, record.by)
    return ""


def _refusal(state: WardState, bed: Bedside, record: SessionReported, event: SessionEvent) -> str:
    """Return why a session event is refused, or ""."""
    if event != "open" and record.id != bed.session:
        open_here = bed.session if bed.phase in OPEN else "none"
        return f"unknown-session: {record.id} is not the session of this bed ({open_here})"
    if next_phase(bed.phase, event) is None:
        return phase_refusal(bed.phase, event)
    if event == "close":
        return close_refusal(windows_of(state, bed), record.measured_ms, record.reason)
    return ""


def _flags(record: SessionReported, product: Product | None) -> tuple[bool | None, ...]:
    """Return what an opening says of the person and the drug, in the order of ContextFlag."""
    kind = product.kind if product is not None else ""
    person = record.first_dose, record.beta_blocker, record.ace_inhibitor
    return *person, kind == "monoclonal", kind == "iron"


def _forget(state: WardState, bed: Bedside) -> None:
    """Forget what was read of the person who has left a bed."""
    state.detection.clear(bed.row)
    state.shelf.clear(bed.row)


def _session_reason(bed: Bedside, record: SessionReported) -> str:
    """Return what the people at the bed should know about an opening."""
    if record.event != "open" or bed.product is not None:
        return f"by {record.by}{record.reason and ': '}{record.reason}"
    return f"by {record.by}; product {record.product!r} is not in the configuration: no rate table"


def move(
    state: WardState,
    bed: Bedside,
    event: SessionEvent,
    reason: str,
    *,
    position: int,
    at_ms: int,
) -> None:
    """Move a session to its next phase, with all that follows."""
    after = next_phase(bed.phase, event)
    if after is None or after == "none":
        raise AssertionError(f"{event} was not checked against {bed.phase}")
    before = bed.phase
    bed.phase = after
    if after in RUNNING and before in BEFORE_START:
        bed.started_ms = at_ms
        freeze(state.settings.detection.baseline, state.detection, bed.row)
        tell_baseline(state, bed, position, at_ms, freeze=True)
        await_devices(state, bed.row, at_ms)
    if event in STARTED:
        state.detection.rate_step_ms[bed.row] = at_ms
    if event in EASED:
        state.detection.rate_cut_ms[bed.row] = at_ms
    if event == "resume" and bed.flow_ended_ms is not None:
        tell_renewal(state, bed, position, at_ms, bed.flow_ended_ms)
    if after in RUNNING:
        bed.flow_ended_ms = None
    elif before in RUNNING:
        bed.flow_ended_ms = at_ms
    take_flow(state, bed, event, at_ms)
    _tell_session(state, bed, event, reason, position=position, at_ms=at_ms, before=before)
    tell_watch(state, bed, position, at_ms, f"the session is {after}")
    tell_rates(state, bed, position, at_ms)
    if after == "closed":
        remember(state, bed)
        _close(state, bed, position, at_ms)


def _close(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """Stop watching a bed: its open episodes end, high ones stay until they are seen."""
    state.opened_ms[bed.row] = NEVER
    end_episodes(state, bed, position, at_ms)
    tell_advice(state, bed, position, at_ms)
    release_all(state, bed, position, at_ms)
    _forget(state, bed)
    state.troubled[bed.row] = False
    bed.leave()
    tell_grade(state, bed, position, at_ms)


def _tell_session(
    state: WardState,
    bed: Bedside,
    event: SessionEvent | PlaceVerb,
    reason: str,
    *,
    position: int,
    at_ms: int,
    refused: bool = False,
    before: str = "",
) -> None:
    state.tell(
        position,
        SessionChanged(
            at_ms=at_ms,
            bed=bed.name,
            session=bed.session,
            event=event,
            phase="closed" if bed.phase == "none" else bed.phase,
            before=before or bed.phase,
            subject=bed.opened.subject if bed.opened else "",
            product=bed.opened.product if bed.opened else "",
            reason=reason,
            refused=refused,
            config=state.settings.digest,
            gates=QUALITY_VERSION,
        ),
    )


def confirm_steps(
    state: WardState,
    bed: Bedside,
    record: SessionReported | PumpReported,
    event: SessionEvent,
    by: str,
) -> None:
    """Show the steps as done that an event of the session has carried out."""
    if bed.advice is not None:
        at_ms = record.measured_ms
        said = report_words(record) if isinstance(record, PumpReported) else ""
        steps = steps_confirmed(state.settings.ladders, bed.advice, event, by, at_ms, said)
        replace_steps(state, bed, record.position, at_ms, steps)
