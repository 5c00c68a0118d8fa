"""Which bed and which device has which row, and the columns made from decoded messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from detectors.channels import Flag
from detectors.readings import Readings
from monitor.facts.records import Act, Input, VitalsReported


def is_backfill(record: VitalsReported) -> bool:
    """Tell whether a report came late from the store of its device."""
    return record.is_stored or any(value.flags & Flag.BACKFILL for value in record.values)


@dataclass(slots=True)
class Roster:
    """Rows of beds and devices, given out in order of first appearance."""

    beds: dict[str, int] = field(default_factory=dict)
    devices: dict[str, int] = field(default_factory=dict)

    def bed(self, name: str) -> int:
        """Return the row of a bed."""
        return self.beds.setdefault(name, len(self.beds))

    def device(self, name: str) -> int:
        """Return the row of a device."""
        return self.devices.setdefault(name, len(self.devices))


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Decoded messages as columns and acts.

    ``claims`` are the reports that name a person or a session, in order of arrival.
    """

    readings: Readings
    acts: tuple[Act | VitalsReported, ...]
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
    for record in inputs:
        if not isinstance(record, VitalsReported):
            acts.append(record)
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
    return Columns(readings=readings, acts=tuple(acts), claims=tuple(claims))
