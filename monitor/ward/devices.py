"""What devices say about themselves, and at which bed they may be believed.

A session names its devices. What a device of another bed sends is quarantined and told: it
moves no session, takes no probe off and reaches no decision.
"""

from detectors.channels import NEVER
from monitor.care.session import OPEN
from monitor.facts.effects import DeviceChanged, DeviceState
from monitor.facts.records import DeviceBorn, DeviceReported, SessionReported, VitalsReported
from monitor.ward.bedside import Bedside
from monitor.ward.guests import note_guest
from monitor.ward.hearings import FAR_MS, Onset
from monitor.ward.listening import DeviceFound, set_due
from monitor.ward.roster import is_backfill
from monitor.ward.strangers import note_stranger, strange_words
from monitor.ward.technical import tell_technical
from monitor.ward.telling import tell_judged
from monitor.ward.ward_state import WardState


def associate(
    state: WardState, bed: Bedside, device: str, record: SessionReported, *, reason: str
) -> None:
    """Give a device to a bed; a bed that had it is told that it lost it."""
    row = state.roster.device(device)
    state.make_room()
    owner = int(state.device_bed[row])
    if owner not in (-1, bed.row):
        words = f"taken over by bed {bed.name}"
        other = state.beds[owner]
        _tell_device(state, other, device, "released", words, record.position, record.measured_ms)
    state.device_bed[row] = bed.row
    state.device_named_ms[row] = record.received_ms
    set_due(state, device)
    if device in state.offline:
        bed.offline.setdefault(device, state.offline[device])
    expect(state, bed, state.births.get(device, ()))
    _tell_device(state, bed, device, "associated", reason, record.position, record.measured_ms)


def release(
    state: WardState, bed: Bedside, device: str, reason: str, position: int, at_ms: int
) -> None:
    """Take a device from a bed; it belongs to none then."""
    state.device_bed[state.roster.devices[device]] = -1
    set_due(state, device)
    _tell_device(state, bed, device, "released", reason, position, at_ms)


def release_all(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """Take all devices from a bed, in order of their names."""
    for device, row in sorted(state.roster.devices.items()):
        if state.device_bed[row] == bed.row:
            release(state, bed, device, "the session was closed", position, at_ms)


def expect(state: WardState, bed: Bedside, channels: tuple[int, ...]) -> None:
    """Expect channels that a session or a device of this bed has promised."""
    if bed.phase in OPEN or state.opened_ms[bed.row] != NEVER:
        state.expected[bed.row, list(channels)] = True


def owner_elsewhere(state: WardState, bed: Bedside, device: str) -> Bedside | None:
    """Return the bed that a device belongs to, if that is another one."""
    row = state.roster.devices.get(device)
    if row is None or row >= len(state.device_bed):
        return None
    owner = int(state.device_bed[row])
    return None if owner in (-1, bed.row) else state.beds[owner]


def tell_misplaced(
    state: WardState, bed: Bedside, device: str, position: int, since: Onset
) -> None:
    """Tell that something came from another bed's device."""
    bed.misplaced_since.setdefault(device, since)
    bed.misplaced[device] = since.at_ms
    tell_technical(state, bed, position, since.at_ms)


def take_status(state: WardState, bed: Bedside, record: DeviceReported) -> None:
    """Take the status of a device or its last will; the bed that it belongs to is told, too."""
    offline = record.device in bed.offline
    if record.online == (not offline):
        return
    if record.online:
        del bed.offline[record.device]
        state.offline.pop(record.device, None)
    else:
        since = Onset(record.received_ms, record.measured_ms)
        bed.offline[record.device] = state.offline[record.device] = since
    word: DeviceState = "online" if record.online else "offline"
    reason = "status message" if record.online else "status message or last will"
    at_ms = record.received_ms
    _tell_device(state, bed, record.device, word, reason, record.position, at_ms)
    tell_technical(state, bed, record.position, at_ms)
    owner = owner_elsewhere(state, bed, record.device)
    if owner is not None:
        if record.online:
            owner.offline.pop(record.device, None)
        else:
            owner.offline[record.device] = Onset(at_ms, record.measured_ms)
        state.untold.add(owner.row)


def take_found(state: WardState, bed: Bedside, found: DeviceFound) -> None:
    """Take what was found out about a device; the bed that it belongs to is told.

    Of one that belongs to none the bed of the message is told what was refused there.
    """
    state.troubles[found.device] = found.troubles
    if any(one.until_ms != FAR_MS for one in found.troubles.values()):
        state.fading.add(found.device)
    owner = int(state.device_bed[state.roster.devices[found.device]])
    if owner not in (-1, bed.row):
        state.untold.add(owner)
    elif owner == bed.row or note_guest(state, bed, found):
        tell_technical(state, bed, found.position, found.received_ms)


def take_birth(state: WardState, bed: Bedside, record: DeviceBorn) -> None:
    """Take the catalogue of a device."""
    state.births[record.device] = record.channels
    if owner_elsewhere(state, bed, record.device) is None:
        expect(state, bed, record.channels)


def take_absences(state: WardState, bed: Bedside, record: VitalsReported) -> None:
    """Take the channels that a report names as absent, unless it is late or misplaced."""
    if owner_elsewhere(state, bed, record.device) is not None:
        since = Onset(record.received_ms, record.measured_ms)
        tell_misplaced(state, bed, record.device, record.position, since)
        return
    if words := strange_words(bed, record):
        note_stranger(bed, record, words)
        tell_technical(state, bed, record.position, record.received_ms)
        return
    if is_backfill(record):
        return
    tolerance_ms = state.settings.alerts.late_tolerance_ms
    for absence in record.absences:
        late = record.received_ms - absence.measured_ms > tolerance_ms
        if late or state.absent_ms[bed.row, absence.channel] != NEVER:
            continue
        state.absent_ms[bed.row, absence.channel] = record.received_ms
        if state.detection.withdraw(bed.row, absence.channel):
            tell_judged(state, bed, record.position, record.measured_ms)


def _tell_device(
    state: WardState,
    bed: Bedside,
    device: str,
    word: DeviceState,
    reason: str,
    position: int,
    at_ms: int,
) -> None:
    state.tell(
        position,
        DeviceChanged(
            at_ms=at_ms,
            bed=bed.name,
            session=bed.session,
            device=device,
            state=word,
            reason=reason,
        ),
    )
