"""Which bed and which device has which row, and the columns made from decoded messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from detectors.channels import Flag
from detectors.readings import Readings
from monitor.facts.records import NO_SEQUENCE, Act, Input, VitalsReported

SEQUENCE_DEPTH: Final = 64
"""Reports back to which a repeated one is recognised as a duplicate."""


@dataclass(slots=True)
class SequenceMemory:
    """The last sequence numbers of a device and the measured time each came with.

    A number alone does not make a duplicate: a device that restarts and counts from 0 again
    sends old numbers with new times, and those are new readings.
    """

    boot: str = ""
    seen: dict[int, int] = field(default_factory=dict)

    def take(self, boot: str, sequence: int, measured_ms: int) -> bool:
        """Return whether a report is new, and remember it."""
        if sequence == NO_SEQUENCE:
            return True
        if boot != self.boot:
            self.boot = boot
            self.seen.clear()
        if self.seen.get(sequence) == measured_ms:
            return False
        self.seen.pop(sequence, None)
        self.seen[sequence] = measured_ms
        if len(self.seen) > SEQUENCE_DEPTH:
            del self.seen[next(iter(self.seen))]
        return True


def is_backfill(record: VitalsReported) -> bool:
    """Tell whether a report came late from the store of its device."""
    return any(value.flags & Flag.BACKFILL for value in record.values)


@dataclass(slots=True)
class Roster:
    """Rows of beds and devices, given out in order of first appearance."""

    beds: dict[str, int] = field(default_factory=dict)
    devices: dict[str, int] = field(default_factory=dict)
    sequences: dict[tuple[str, str], SequenceMemory] = field(default_factory=dict)

    def bed(self, name: str) -> int:
        """Return the row of a bed."""
        return self.beds.setdefault(name, len(self.beds))

    def device(self, name: str) -> int:
        """Return the row of a device."""
        return self.devices.setdefault(name, len(self.devices))

    def is_new(self, record: VitalsReported) -> bool:
        """Return whether a report was not seen before; backfill has numbers of its own."""
        key = (record.device, "backfill" if is_backfill(record) else "vitals")
        memory = self.sequences.setdefault(key, SequenceMemory())
        return memory.take(record.boot, record.sequence, record.measured_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Decoded messages as columns and acts, and how many readings were duplicates.

    ``claims`` are the reports that name a person or a session, in order of arrival.
    """

    readings: Readings
    acts: tuple[Act | VitalsReported, ...]
    duplicates: int
    claims: tuple[VitalsReported, ...] = ()


def columns(roster: Roster, inputs: Sequence[Input]) -> Columns:
    """Turn decoded messages into columns.

    Vital reports become rows of readings; a report that names absent channels, or that a person
    entered, is also among the acts, with its values already taken. Everything else is an act.
    """
    bed: list[int] = []
    device: list[int] = []
    received: list[int] = []
    position: list[int] = []
    counts: list[int] = []
    values: list[tuple[int, int, int, int]] = []
    acts: list[Act | VitalsReported] = []
    claims: list[VitalsReported] = []
    duplicates = 0
    for record in inputs:
        if not isinstance(record, VitalsReported):
            acts.append(record)
            continue
        if not roster.is_new(record):
            duplicates += len(record.values)
            continue
        bed.append(roster.bed(record.bed))
        device.append(roster.device(record.device))
        received.append(record.received_ms)
        position.append(record.position)
        counts.append(len(record.values))
        values.extend(
            (value.channel, value.measured_ms, value.value_centi, value.flags)
            for value in record.values
        )
        if record.session or record.subject:
            claims.append(record)
        if record.absences or record.id:
            acts.append(record)
    each = np.array(counts, np.int64)
    table = np.array(values, np.int64).reshape(len(values), 4)
    readings = Readings(
        bed=np.repeat(np.array(bed, np.int32), each),
        device=np.repeat(np.array(device, np.int32), each),
        channel=table[:, 0].astype(np.int8),
        measured_ms=table[:, 1],
        received_ms=np.repeat(np.array(received, np.int64), each),
        value_centi=table[:, 2].astype(np.int32),
        flags=table[:, 3].astype(np.uint16),
        position=np.repeat(np.array(position, np.int32), each),
    )
    return Columns(readings=readings, acts=tuple(acts), duplicates=duplicates, claims=tuple(claims))
