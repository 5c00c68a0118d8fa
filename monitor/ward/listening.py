"""Listening: what is found out about devices from how their messages arrive.

Every message passes here before it is judged. Times of a device whose clock is wrong are
corrected, what is missing is counted, and a change of that becomes a :class:`DeviceFound` at the
place of the message in the order of arrival, so that any batching tells the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, TypeAlias, TypeGuard

import numpy as np

from detectors.channels import NEVER, Flag
from detectors.quality import PRESSURES
from detectors.traps import probable_unit
from monitor.care.counting import starts_after
from monitor.care.hearing import RIGHT, clock_after
from monitor.care.reasons import SHORT_NAMES
from monitor.care.troubles import length
from monitor.facts.records import (
    NO_SEQUENCE,
    DeviceReported,
    Input,
    MessageRefused,
    PumpReported,
    VitalsReported,
)
from monitor.ward.door import CROWD, CROWD_TOLD_EVERY_MS, RATE, admitted, known
from monitor.ward.hearings import FAR_MS, Finding, Hearing, Onset
from monitor.ward.roster import is_backfill
from monitor.ward.ward_state import WardState

FLOWING: Final = frozenset({"infusing", "kvo"})

RATE_TOLD_EVERY_MS: Final = 10_000
"""A device that goes on sending too often is told about so often."""

BEDS_HEARD: Final = 8
"""Of so many beds, the last ones, it is kept when a device spoke for them."""

Measured: TypeAlias = VitalsReported | PumpReported

NO_UNITS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFound:
    """The troubles of a device as they are from one message on.

    ``units`` are the values of that message that look like another unit, in words by trouble;
    ``stamp_ms`` is the time of measurement that its sender has written.
    """

    position: int
    received_ms: int
    stamp_ms: int
    bed: str
    device: str
    troubles: dict[str, Finding]
    units: Mapping[str, tuple[str, ...]]


def listened(
    state: WardState, inputs: Sequence[Input]
) -> tuple[Sequence[Input], tuple[DeviceFound, ...]]:
    """Return the messages with their times corrected, and what was found out about devices.

    A message that came before says nothing: it is counted as a duplicate and left out.
    """
    corrected: list[Input] = []
    found: list[DeviceFound] = []
    for given in inputs:
        record = admitted(state, given)
        if _is_told_already(state, record):
            state.refused += 1
            continue
        hearing = _hearing(state, record)
        if hearing is None:
            corrected.append(record)
            continue
        before, units = hearing.troubles, NO_UNITS
        stamp_ms = NEVER if isinstance(record, MessageRefused) else record.measured_ms
        hearing.stamp_ms = max(hearing.stamp_ms, stamp_ms)
        if _is_numbered(record) and not _is_counted(state, hearing, record):
            continue
        corrected.append(_taken(state, hearing, record))
        if isinstance(record, VitalsReported) and not _is_stored(record):
            units = _note_units(state, hearing, record)
        _await_next(state, hearing, record)
        if units or hearing.troubles != before:
            found.append(
                DeviceFound(
                    position=record.position,
                    received_ms=record.received_ms,
                    bed=record.bed,
                    device=record.device,
                    stamp_ms=stamp_ms,
                    troubles=hearing.troubles,
                    units=units,
                )
            )
    return corrected, tuple(found)


def _is_told_already(state: WardState, record: Input) -> bool:
    """Tell whether a message was turned away for a reason that need not be told again yet."""
    if not isinstance(record, MessageRefused):
        return False
    now_ms = record.received_ms
    if record.reason == RATE:
        going = state.hearing[record.device].troubles.get(RATE)
        told_ms = state.settings.hearing.trouble_forgotten_ms - RATE_TOLD_EVERY_MS
        return going is not None and going.until_ms - now_ms > told_ms
    if record.reason in CROWD:
        if now_ms < state.crowd_told_ms + CROWD_TOLD_EVERY_MS:
            return True
        state.crowd_told_ms = now_ms
    return False


def _hearing(state: WardState, record: Input) -> Hearing | None:
    """Return what is known of the device of a message; a refused one makes nobody known."""
    return state.hearing.get(record.device)


def _taken(state: WardState, hearing: Hearing, record: Input) -> Input:
    """Return one message, its times corrected, after learning what it shows of its device."""
    params = state.settings.hearing
    now_ms = record.received_ms
    if isinstance(record, MessageRefused):
        until_ms = now_ms + params.trouble_forgotten_ms
        if record.reason == RATE:
            more = f"{params.message_rate} a second"
            _tell(hearing, RATE, now_ms, more=more, until_ms=until_ms)
            return record
        hearing.refused += 1
        if hearing.refused >= params.refusals_told:
            _tell(hearing, "refused", now_ms, more=record.reason, until_ms=until_ms)
        return record
    if isinstance(record, DeviceReported) and record.clock_offset_ms is not None:
        offset_ms = record.clock_offset_ms
        if abs(offset_ms) > params.clock_limit_ms:
            _tell(hearing, "clock", now_ms, more=f"off by {length(offset_ms)}, as it says itself")
    if not isinstance(record, VitalsReported | PumpReported) or _is_stored(record):
        return record
    hearing.refused = 0
    delay_ms = now_ms - record.measured_ms
    if hearing.clock == RIGHT and abs(delay_ms) <= params.clock_limit_ms:
        _end(hearing, ("clock", "late"))
        return record
    before = hearing.clock
    hearing.clock = clock_after(before, delay_ms, now_ms, params)
    if hearing.clock.state != before.state:
        _tell_clock(hearing, now_ms)
    return moved(record, hearing.clock.offset_ms)


def _note_units(
    state: WardState, hearing: Hearing, record: VitalsReported
) -> Mapping[str, tuple[str, ...]]:
    """Tell at once that values would be ordinary in another unit, and return which in words.

    One that was refused is enough: no person has such a value, and to wait until the channel is
    silent would leave its bed unwatched for as long as its slowest measurement takes. One that is
    barely possible is judged like any other, so there every pressure of the message must look so.
    """
    ordinary = state.ordinary_centi
    odd = [
        value
        for value in record.values
        if not ordinary[value.channel][0] <= value.value_centi <= ordinary[value.channel][1]
    ]
    if not odd:
        return NO_UNITS
    limits = state.settings.detection.limits
    refused: dict[int, str] = {}
    doubted: dict[int, str] = {}
    for value in odd:
        unit = probable_unit(limits, value.channel, value.value_centi)
        if unit is not None:
            below, above = (
                int(side[value.channel])
                for side in (limits.impossible_below, limits.impossible_above)
            )
            found = doubted if below <= value.value_centi <= above else refused
            found[value.channel] = f"{SHORT_NAMES[value.channel]} looks like {unit.unit}"
    pressures = {value.channel for value in record.values} & set(PRESSURES)
    if refused:
        return _tell_units(state, hearing, "unit", refused.values(), record.received_ms)
    if doubted and pressures <= set(doubted):
        return _tell_units(state, hearing, "unit-doubted", doubted.values(), record.received_ms)
    return NO_UNITS


def _tell_units(
    state: WardState, hearing: Hearing, key: str, found: Iterable[str], now_ms: int
) -> Mapping[str, tuple[str, ...]]:
    """Keep which values of a device look like another unit, beside those that did before."""
    going = hearing.troubles.get(key)
    known = set(going.more.split(", ")) if going is not None else set()
    until_ms = now_ms + state.settings.hearing.trouble_forgotten_ms
    _tell(hearing, key, now_ms, more=", ".join(sorted(known | set(found))), until_ms=until_ms)
    return {key: tuple(found)}


def _is_stored(record: Measured) -> bool:
    """Tell whether a message is late on purpose: from a store, or written down by hand."""
    if not isinstance(record, VitalsReported):
        return False
    return is_backfill(record) or any(value.flags & Flag.HAND for value in record.values)


def moved(record: Measured, offset_ms: int) -> Measured:
    """Return a message with its times moved, none of them beyond its receipt."""
    if not offset_ms:
        return record
    latest_ms = record.received_ms
    measured_ms = min(record.measured_ms + offset_ms, latest_ms)
    if isinstance(record, PumpReported):
        return replace(record, measured_ms=measured_ms)
    return replace(
        record,
        measured_ms=measured_ms,
        values=tuple(
            replace(value, measured_ms=min(value.measured_ms + offset_ms, latest_ms))
            for value in record.values
        ),
        absences=tuple(
            replace(absence, measured_ms=min(absence.measured_ms + offset_ms, latest_ms))
            for absence in record.absences
        ),
    )


def _is_numbered(record: Input) -> TypeGuard[Measured]:
    return isinstance(record, VitalsReported | PumpReported) and record.sequence != NO_SEQUENCE


def _is_counted(state: WardState, hearing: Hearing, record: Measured) -> bool:
    """Count a numbered message, tell how many are missing, and return whether it is a new one."""
    before = hearing.starts
    after = starts_after(
        before,
        boot=record.boot,
        number=record.sequence,
        measured_ms=record.measured_ms,
        is_stored=isinstance(record, VitalsReported) and is_backfill(record),
    )
    if after is None:
        if isinstance(record, VitalsReported):
            state.outcomes["duplicate"] += len(record.values)
        return False
    hearing.starts = after
    missing = after[-1].missing
    if not missing:
        _end(hearing, ("gap",))
    elif not before or missing != before[-1].missing:
        until_ms = record.received_ms + state.settings.hearing.trouble_forgotten_ms
        _tell(hearing, "gap", record.received_ms, more=str(missing), until_ms=until_ms)
    return True


def _tell_clock(hearing: Hearing, now_ms: int) -> None:
    """Keep the trouble that the clock of a device makes now, and end the other one."""
    clock = hearing.clock
    _end(hearing, ("clock", "late"))
    if clock.state == "wrong":
        side = "behind" if clock.offset_ms > 0 else "ahead"
        _tell(hearing, "clock", now_ms, more=f"{length(clock.offset_ms)} {side}")
    elif clock.state == "late":
        _tell(hearing, "late", now_ms)


def _tell(
    hearing: Hearing, key: str, now_ms: int, *, more: str = "", until_ms: int = FAR_MS
) -> None:
    going = hearing.troubles.get(key)
    onset = Onset(now_ms, hearing.stamp_ms) if going is None else going.onset
    finding = Finding(onset=onset, more=more, until_ms=until_ms)
    hearing.troubles = {**hearing.troubles, key: finding}


def _end(hearing: Hearing, keys: Iterable[str]) -> None:
    if any(key in hearing.troubles for key in keys):
        hearing.troubles = {k: one for k, one in hearing.troubles.items() if k not in keys}


def _await_next(state: WardState, hearing: Hearing, record: Input) -> None:
    """Set when the device counts as silent unless data of it arrive before."""
    row = state.roster.devices[record.device]
    is_first = record.bed not in hearing.heard_ms
    if isinstance(record, MessageRefused):
        return
    if isinstance(record, PumpReported):
        hearing.resting = record.state not in FLOWING
        hearing.slowest_ms = 0
    elif isinstance(record, VitalsReported):
        if is_backfill(record):
            return
        if record.values and not _is_stored(record):
            stale_ms = state.settings.silence.stale_ms
            own_ms = min(int(stale_ms[value.channel]) for value in record.values)
            hearing.slowest_ms = min(hearing.slowest_ms, own_ms)
    elif not is_first:
        return
    bed_row, before_ms = int(state.device_bed[row]), int(state.device_heard_ms[row])
    _note_heard(hearing, record.bed, record.received_ms)
    set_due(state, record.device)
    is_heard = state.device_heard_ms[row] > before_ms
    if is_heard and before_ms < state.device_named_ms[row] and bed_row != -1:
        await_devices(state, bed_row, NEVER)
        set_due(state, record.device)


def _note_heard(hearing: Hearing, bed: str, at_ms: int) -> None:
    """Keep when a device spoke for a bed; who speaks for many is forgotten at the oldest."""
    newest_ms = max(hearing.heard_ms.get(bed, NEVER), at_ms)
    kept = {**hearing.heard_ms, bed: newest_ms}
    if len(kept) > BEDS_HEARD:
        del kept[min(kept, key=lambda name: (kept[name], name))]
    hearing.heard_ms = kept


def _heard_ms(state: WardState, hearing: Hearing, bed_row: int) -> int:
    """When a device was heard last at the bed that it belongs to, or anywhere; NEVER if not."""
    if bed_row == -1:
        return max(hearing.heard_ms.values(), default=NEVER)
    return hearing.heard_ms.get(state.beds[bed_row].name, NEVER)


def await_none_if_heard(state: WardState, bed_row: int, since_ms: int) -> None:
    """Wait for no other device of a bed if one of them has been heard since a time."""
    devices = np.flatnonzero(state.device_bed == bed_row)
    if (state.device_heard_ms[devices] >= since_ms).any():
        await_devices(state, bed_row, NEVER)


def await_devices(state: WardState, bed_row: int, from_ms: int) -> None:
    """Wait from a time on for the devices of a bed that were not heard; NEVER: do not wait.

    Before the infusion starts one device that is heard is enough: the others, a pump above all,
    may not be switched on yet.
    """
    for device, row in state.devices_of(bed_row):
        if state.device_heard_ms[row] == NEVER:
            state.device_named_ms[row] = from_ms
            set_due(state, device)


def set_due(state: WardState, device: str) -> None:
    """Set when a device of a session counts as silent or as never heard; FAR_MS if never.

    What it says for another bed than its own is nothing of its own: whoever lies there is not
    watched by it.
    """
    hearing, row = known(state, device), state.roster.devices[device]
    bed_row, life = int(state.device_bed[row]), state.settings.alerts
    heard_ms = state.device_heard_ms[row] = _heard_ms(state, hearing, bed_row)
    due_ms = FAR_MS
    if bed_row != -1:
        if heard_ms == NEVER:
            named_ms = int(state.device_named_ms[row])
            due_ms = FAR_MS if named_ms == NEVER else named_ms + life.never_heard_after_ms
        elif not hearing.resting and hearing.slowest_ms != FAR_MS:
            named_ms = int(state.device_named_ms[row])
            due_ms = heard_ms + max(life.device_silent_after_ms, hearing.slowest_ms)
            if heard_ms < named_ms:
                due_ms = max(due_ms, named_ms + life.never_heard_after_ms)
    state.device_due_ms[row] = due_ms
