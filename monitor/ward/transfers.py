"""Devices and sessions that change beds: association, release, and transfer to another bed.

A transfer moves the session with everything that is known of the person: readings, baseline,
signs, alerts, steps, windows. The devices that the message names go along; the others are
released and stay. What a device still sends under the name of its old bed is quarantined there,
because it now belongs to another one.
"""

from dataclasses import fields, replace
from typing import Final

import msgspec

from detectors.channels import NEVER
from detectors.quality import QUALITY_VERSION
from monitor.care import alerts
from monitor.care.session import OPEN
from monitor.facts.effects import NOT_ASSESSABLE, SessionChanged, SessionMoved
from monitor.facts.records import SessionReported
from monitor.ward.alerting import tell_episode
from monitor.ward.bedside import Bedside
from monitor.ward.devices import associate, release
from monitor.ward.strangers import vouch
from monitor.ward.technical import tell_technical
from monitor.ward.telling import tell_grade
from monitor.ward.ward_state import WardState

OF_THE_PLACE: Final = frozenset(
    {"name", "row", "grade", "offline", "misplaced", "misplaced_since", "strangers"}
)
"""What belongs to a bed and not to the session that lies in it."""


def place_refusal(state: WardState, bed: Bedside, record: SessionReported) -> str:
    """Return why devices or a session cannot change beds as a record says, or ""."""
    if bed.phase not in OPEN or record.id != bed.session:
        open_here = bed.session if bed.phase in OPEN else "none"
        return f"unknown-session: {record.id} is not the session of this bed ({open_here})"
    if record.event == "release":
        strange = [one for one in record.devices if not _is_here(state, bed, one)]
        return f"not associated with this bed: {', '.join(strange)}" if strange else ""
    if record.event == "transfer":
        if record.to_bed == bed.name:
            return "the session is at this bed already"
        row = state.roster.beds.get(record.to_bed)
        other = state.beds[row] if row is not None and row < len(state.beds) else None
        if other is not None and other.phase in OPEN:
            return f"bed {other.name} has the open session {other.session}"
    return ""


def take_place(state: WardState, bed: Bedside, record: SessionReported) -> None:
    """Let devices or a session change beds; it was checked that they may."""
    if record.event == "associate":
        for device in record.devices:
            _associate(state, bed, device, record)
    elif record.event == "release":
        reason = f"released by {record.by}"
        for device in record.devices:
            release(state, bed, device, reason, record.position, record.measured_ms)
    else:
        _transfer(state, bed, record)


def _is_here(state: WardState, bed: Bedside, device: str) -> bool:
    row = state.roster.devices.get(device)
    return row is not None and int(state.device_bed[row]) == bed.row


def _associate(state: WardState, bed: Bedside, device: str, record: SessionReported) -> None:
    """Give a device to a bed; values of it that are in quarantine here call nobody any more."""
    associate(state, bed, device, record, reason=f"associated by {record.by}")
    was_quarantined = vouch(bed, device)
    if bed.misplaced.pop(device, None) is not None:
        del bed.misplaced_since[device]
        was_quarantined = True
    if was_quarantined:
        tell_technical(state, bed, record.position, record.received_ms)


def _transfer(state: WardState, bed: Bedside, record: SessionReported) -> None:
    """Move the session of a bed to another, free one."""
    position, at_ms = record.position, record.measured_ms
    row = state.roster.bed(record.to_bed)
    state.make_room()
    other = state.beds[row]
    for device, index in sorted(state.roster.devices.items()):
        if state.device_bed[index] == bed.row and device not in record.devices:
            reason = f"stays when the session goes to bed {other.name}"
            release(state, bed, device, reason, position, at_ms)
    _close_latched(state, bed, other, position, at_ms)
    _tell_moved(state, bed, other, record)
    _exchange(state, bed, other)
    for device in record.devices:
        associate(state, other, device, record, reason=f"goes along from bed {bed.name}")
        if device in bed.offline:
            other.offline[device] = bed.offline.pop(device)
    state.tell(
        position,
        _changed(state, other, record, f"by {record.by}, from bed {bed.name}"),
    )
    _retell(state, other, position, at_ms)
    for one in (bed, other):
        tell_technical(state, one, position, record.received_ms)
        tell_grade(state, one, position, at_ms)
        state.told_grade[one.row] = NOT_ASSESSABLE if one.grade is None else one.grade


def _retell(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """Tell the alerts and steps of a session once more, at the bed where it now is."""
    for episode in list(bed.episodes.values()):
        if episode.session == bed.session:
            moved = replace(episode, reason=f"the session has moved to bed {bed.name}")
            tell_episode(state, bed, moved, position, at_ms)
    if bed.advice is not None:
        bed.advised += 1
        bed.advice = msgspec.structs.replace(
            bed.advice, bed=bed.name, at_ms=at_ms, revision=bed.advised
        )
        state.tell(position, bed.advice)


def _close_latched(
    state: WardState, bed: Bedside, other: Bedside, position: int, at_ms: int
) -> None:
    """Close what was still latched at the new bed where the session brings the same cause."""
    for cause, episode in list(other.episodes.items()):
        if cause in bed.episodes:
            after = alerts.signalled(episode, "acknowledge", "another session has come to this bed")
            tell_episode(state, other, after, position, at_ms)


def _tell_moved(state: WardState, bed: Bedside, other: Bedside, record: SessionReported) -> None:
    state.tell(
        record.position,
        SessionMoved(
            at_ms=record.measured_ms,
            bed=bed.name,
            session=bed.session,
            to_bed=other.name,
            alerts=tuple(episode.id for episode in bed.episodes.values()),
            by=record.by,
            reason=record.reason,
        ),
    )


def _exchange(state: WardState, bed: Bedside, other: Bedside) -> None:
    """Let two beds exchange what belongs to sessions; the old one is free afterwards."""
    state.swap(bed.row, other.row)
    left_here = other.episodes
    fresh = Bedside(name=bed.name, row=bed.row)
    for field in fields(Bedside):
        if field.name not in OF_THE_PLACE:
            setattr(other, field.name, getattr(bed, field.name))
            setattr(bed, field.name, getattr(fresh, field.name))
    other.episodes = {**left_here, **other.episodes}
    state.detection.clear(bed.row)
    state.shelf.clear(bed.row)
    state.received_ms[bed.row] = state.absent_ms[bed.row] = state.stamp_ms[bed.row] = NEVER
    state.expected[bed.row] = state.troubled[bed.row] = False
    state.standing.discard(bed.row)
    if other.episodes:
        state.standing.add(other.row)


def _changed(
    state: WardState, bed: Bedside, record: SessionReported, reason: str
) -> SessionChanged:
    opened = bed.opened
    if opened is None or bed.phase == "none":
        raise AssertionError("only an open session is moved")
    return SessionChanged(
        at_ms=record.measured_ms,
        bed=bed.name,
        session=bed.session,
        event=record.event,
        phase=bed.phase,
        before=bed.phase,
        subject=opened.subject,
        product=opened.product,
        reason=reason,
        refused=False,
        config=state.settings.digest,
        gates=QUALITY_VERSION,
    )
