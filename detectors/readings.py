"""Readings as columns: one row for each value of one channel at one measured time."""

from dataclasses import dataclass, fields

import numpy as np

from detectors.channels import Int8, Int32, Int64, UInt16


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Everything measured that reached the ward in one step, in order of arrival.

    Attributes
    ----------
    bed : int32 array, shape (reading,)
        Row of the bed in the ward.
    device : int32 array, shape (reading,)
        Row of the device in the ward; -1 where no device is known (a cohort file).
    channel : int8 array, shape (reading,)
        A :class:`detectors.channels.Channel`.
    measured_ms : int64 array, shape (reading,)
        When it was measured [ms since the Unix epoch, UTC].
    received_ms : int64 array, shape (reading,)
        When it reached the monitor [ms since the Unix epoch, UTC].
    value_centi : int32 array, shape (reading,)
        Hundredths of the canonical unit; never :data:`detectors.channels.MISSING`.
    flags : uint16 array, shape (reading,)
        Bits of :class:`detectors.channels.Flag`.
    position : int32 array, shape (reading,)
        Order of arrival of the message that carried it, never falling; the readings of one
        message share one position.
    """

    bed: Int32
    device: Int32
    channel: Int8
    measured_ms: Int64
    received_ms: Int64
    value_centi: Int32
    flags: UInt16
    position: Int32

    def __post_init__(self) -> None:
        """Refuse columns of different lengths, which would pair a value with a wrong bed."""
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"columns of readings differ in length: {lengths}")

    def __len__(self) -> int:
        """Return the number of readings."""
        return len(self.bed)


def empty_readings() -> Readings:
    """Return columns without a row, for a step in which nothing was measured."""
    return Readings(
        bed=np.empty(0, np.int32),
        device=np.empty(0, np.int32),
        channel=np.empty(0, np.int8),
        measured_ms=np.empty(0, np.int64),
        received_ms=np.empty(0, np.int64),
        value_centi=np.empty(0, np.int32),
        flags=np.empty(0, np.uint16),
        position=np.empty(0, np.int32),
    )
