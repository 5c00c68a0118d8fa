"""Values that name another person or session than the one at their bed.

The device stands where it should and says that it measures somebody else: it was not set up anew,
or the wrong session was opened. No number can tell which, so such values are kept, counted, told
and not judged until a person associates the device with the bed, which vouches for what it names.
"""

from collections.abc import Sequence

from monitor.care.session import OPEN
from monitor.facts.records import VitalsReported
from monitor.ward.bedside import Bedside, Stranger
from monitor.ward.hearings import Onset
from monitor.ward.ward_state import WardState


def strange_words(bed: Bedside, record: VitalsReported) -> str:
    """Return whom a report names that is not at its bed, or "" where it may be believed.

    A bed without an open session has nobody to compare with; nothing is judged there either.
    """
    if bed.phase not in OPEN or bed.opened is None:
        return ""
    named = []
    if record.session not in ("", bed.session):
        named.append(f"session {record.session}")
    if record.subject not in ("", bed.opened.subject):
        named.append(f"subject {record.subject}")
    if bed.vouched.get(record.device) == (record.session, record.subject):
        return ""
    return ", ".join(named)


def strange_reports(
    state: WardState, claims: Sequence[VitalsReported], first: int, last: int
) -> dict[int, tuple[VitalsReported, str]]:
    """Return the reports from a first to a last position that name somebody else, with whom."""
    found = {}
    for record in claims:
        if first <= record.position <= last:
            words = strange_words(state.beds[state.roster.bed(record.bed)], record)
            if words:
                found[record.position] = record, words
    return found


def note_stranger(bed: Bedside, record: VitalsReported, words: str) -> None:
    """Remember that a device names somebody else; a person who writes is answered instead."""
    if record.by:
        return
    before = bed.strangers.get(record.device)
    bed.strangers[record.device] = Stranger(
        since=Onset(record.received_ms, record.measured_ms) if before is None else before.since,
        last_ms=record.received_ms,
        session=record.session,
        subject=record.subject,
        words=words,
    )


def vouch(bed: Bedside, device: str) -> bool:
    """Believe what a device names from now on in this session; tell whether it was in doubt."""
    stranger = bed.strangers.pop(device, None)
    if stranger is None:
        return False
    bed.vouched[device] = (stranger.session, stranger.subject)
    return True
