"""The door of the ward: how many messages of a device, how many devices and beds are let in.

What is turned away becomes a refused message at its place in the order of arrival, with the
reason, so that it is told, counted and replayed like every other one. It was journalled before,
so nothing is lost; it only decides nothing.
"""

from typing import Final

from monitor.care.hearing import HearingParams
from monitor.care.tokens import bucket_after
from monitor.facts.records import (
    Input,
    MessageRefused,
    PumpReported,
    SessionReported,
    VitalsReported,
)
from monitor.ward.hearings import Hearing
from monitor.ward.roster import is_backfill
from monitor.ward.ward_state import WardState

RATE: Final = "rate"
DEVICES: Final = "too-many-devices"
BEDS: Final = "too-many-beds"
CROWD: Final = frozenset({DEVICES, BEDS})

SESSION_BEDS: Final = 2
"""Sessions are opened at up to so many times as many beds as devices may name."""

CROWD_TOLD_EVERY_MS: Final = 60_000
"""Whoever is turned away because the ward is full is told about so often, not every time."""


def known(state: WardState, device: str) -> Hearing:
    """Return what is known of a device, which from now on has a row."""
    if device not in state.hearing:
        state.roster.device(device)
        state.make_room()
        state.hearing[device] = Hearing()
    return state.hearing[device]


def admitted(state: WardState, record: Input) -> Input:
    """Return a message that may come in, or its refusal.

    The devices and beds that it names are known from then on, at its place in the order of
    arrival, so that steps that are cut otherwise let in the same ones. A refused message makes
    nobody known.
    """
    refusal = _crowded(state, record)
    if refusal is not None:
        return refusal
    params = state.settings.hearing
    hearing = state.hearing.get(record.device)
    if hearing is None or _is_paced(hearing, record, params):
        return record
    hearing.bucket, is_given = bucket_after(
        hearing.bucket, record.received_ms, rate=params.message_rate, burst=params.message_burst
    )
    if is_given:
        return record
    limit = f"{params.message_rate} a second, {params.message_burst} at once"
    return _turned_away(record, RATE, "", limit)


def _is_paced(hearing: Hearing, record: Input, params: HearingParams) -> bool:
    """Tell whether a message fits the rate by the time at which it was measured.

    What a device kept while nobody could hear it comes all at once, and is no flood: its times
    go forward as they did when it was measured. Times that stand still or go back give nothing,
    and the decoder takes none that lie ahead, so times that are made up buy a device no more than
    the past that it has not told yet.
    """
    if not isinstance(record, VitalsReported | PumpReported):
        return False
    rate, at_ms = params.message_rate, record.measured_ms
    if isinstance(record, VitalsReported) and is_backfill(record):
        hearing.stored_bucket, is_given = bucket_after(
            hearing.stored_bucket, at_ms, rate=rate, burst=rate
        )
    else:
        hearing.measured_bucket, is_given = bucket_after(
            hearing.measured_bucket, at_ms, rate=rate, burst=rate
        )
    return is_given


def _crowded(state: WardState, record: Input) -> MessageRefused | None:
    """Return why there is no room for what a message names, or None after making room."""
    if isinstance(record, MessageRefused):
        return None
    limit = state.settings.hearing.devices_max
    devices, beds = [record.device], [record.bed]
    if isinstance(record, SessionReported):
        devices += record.devices
        beds += [record.to_bed] if record.to_bed else []
    rooms = state.roster.beds
    new_devices = {name for name in devices if name not in state.hearing}
    new_beds = {name for name in beds if name not in rooms}
    if new_devices and len(state.hearing) + len(new_devices) > limit:
        return _turned_away(record, DEVICES, "device", f"{limit} in a unit")
    # A device can name any bed and fill the unit with them: sessions have room beside those.
    room = SESSION_BEDS * limit if isinstance(record, SessionReported) else limit
    if new_beds and len(rooms) + len(new_beds) > room:
        return _turned_away(record, BEDS, "bed", f"{room} in a unit")
    if new_devices or new_beds:
        for name in devices:
            known(state, name)
        for name in beds:
            state.roster.bed(name)
    return None


def _turned_away(record: Input, reason: str, field: str, limit: str) -> MessageRefused:
    return MessageRefused(
        position=record.position,
        received_ms=record.received_ms,
        unit=record.unit,
        bed=record.bed,
        device=record.device,
        measured_ms=record.received_ms,
        topic=f"irm/v1/{record.unit}/{record.bed}/{record.device}",
        reason=reason,
        field=field,
        value=getattr(record, field, ""),
        limit=limit,
        sha256="",
        excerpt="",
    )
