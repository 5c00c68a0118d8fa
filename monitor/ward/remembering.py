"""What a ward remembers of people over their sessions, and what that proposes for the next one."""

from monitor.care.history import REMEMBERED, proposals, recent
from monitor.facts.effects import HistoryConsidered
from monitor.facts.records import SessionReported
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import WardState


def remember(state: WardState, bed: Bedside) -> None:
    """Keep the worst reaction of a session that ends, by the pseudonym of the person."""
    worst, opened = bed.stay.worst, bed.opened
    if worst is None or opened is None:
        return
    kept = (*state.subjects.get(opened.subject, ()), worst)
    state.subjects[opened.subject] = kept[-REMEMBERED:]


def tell_history(state: WardState, bed: Bedside, record: SessionReported) -> None:
    """Tell what earlier reactions propose for a session that opens, if there were any."""
    params = state.settings.history
    known = (*record.history, *state.subjects.get(record.subject, ()))
    known = recent(params, known, record.measured_ms)
    found = proposals(params, known, bed.product, record.weight_centi_kg)
    bed.stay.proposals = found
    if found:
        state.tell(
            record.position,
            HistoryConsidered(
                at_ms=record.measured_ms,
                bed=bed.name,
                session=record.id,
                subject=record.subject,
                proposals=found,
            ),
        )
