"""Everything that a ward remembers, as bytes, and back again.

The bytes hold every array row by row and every record, so that a ward that is brought back from
them goes on as the one that made them: same effects, same state. They hold no code and name no
type: whoever reads them must be the same program under the same configuration, which the shape
that is written beside them proves in part (fields and arrays) and the keeper of the bytes in full.
"""

import hashlib
import math
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final

import msgspec
import numpy as np

from detectors.beds import Array
from monitor.facts.records import PriorReaction
from monitor.ward.bedside import Bedside
from monitor.ward.hearings import Finding, Hearing, Onset
from monitor.ward.roster import Roster
from monitor.ward.ward_state import WardState

OF_DEVICES: Final = "device_"
"""Arrays whose names begin so have the device as their first axis, all others the bed."""


class SnapshotError(ValueError):
    """The bytes are not what a ward of this program and configuration remembers."""


class Records(msgspec.Struct, kw_only=True):
    """What a ward remembers besides arrays; names as in :class:`WardState`."""

    roster: Roster
    beds: list[Bedside]
    standing: set[int]
    untold: set[int]
    hearing: dict[str, Hearing]
    troubles: dict[str, dict[str, Finding]]
    fading: set[str]
    offline: dict[str, Onset]
    births: dict[str, tuple[int, ...]]
    outcomes: dict[str, int]
    subjects: dict[str, tuple[PriorReaction, ...]]
    refused: int
    crowd_told_ms: int


class _ArrayKept(msgspec.Struct, frozen=True, array_like=True):
    name: str
    dtype: str
    shape: tuple[int, ...]


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    shape: str
    unit: str
    records: Records
    arrays: tuple[_ArrayKept, ...]
    values: bytes


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Kept)


@lru_cache(maxsize=1)
def records_shape() -> str:
    """Return a digest of the names and types of all records, down to the last field."""
    return hashlib.sha256(repr(msgspec.inspect.type_info(Records)).encode()).hexdigest()


def remembered(state: WardState) -> bytes:
    """Return everything that a ward remembers between two steps.

    Returns
    -------
    bytes
        For :func:`recall`. Settings are not in them, nor is anything that follows from the rest.
    """
    state.make_room()
    arrays = {name: array[: _rows(state, name)] for name, array in sorted(state.arrays().items())}
    return _ENCODER.encode(
        _Kept(
            shape=records_shape(),
            unit=state.unit,
            records=Records(**{name: getattr(state, name) for name in Records.__struct_fields__}),
            arrays=tuple(
                _ArrayKept(name, array.dtype.str, array.shape) for name, array in arrays.items()
            ),
            values=b"".join(array.tobytes() for array in arrays.values()),
        )
    )


def recall(state: WardState, body: bytes) -> None:
    """Bring a fresh ward to where another one was.

    Raises
    ------
    SnapshotError
        If the bytes are damaged, of another unit, or of another program or configuration; then
        the ward is as fresh as before.
    """
    if state.beds:
        raise SnapshotError("only a fresh ward can be brought back")
    try:
        kept = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise SnapshotError(f"it cannot be read: {fault}") from fault
    if kept.shape != records_shape():
        raise SnapshotError("its records have other fields than those of this program")
    if kept.unit != state.unit:
        raise SnapshotError(f"it is of unit {kept.unit!r}, not of {state.unit!r}")
    _check_rows(kept)
    given = _arrays(kept)
    wanted = {name: (array.dtype, array.shape[1:]) for name, array in state.arrays().items()}
    found = {name: (array.dtype, array.shape[1:]) for name, array in given.items()}
    if wanted != found:
        odd = sorted(name for name in wanted | found if wanted.get(name) != found.get(name))
        raise SnapshotError(f"its arrays differ from those of this program: {', '.join(odd)}")
    for name in Records.__struct_fields__:
        setattr(state, name, getattr(kept.records, name))
    state.make_room()
    for name, array in state.arrays().items():
        array[: len(given[name])] = given[name]


def _rows(state: WardState, name: str) -> int:
    """Return how many rows of an array are in use."""
    return len(state.roster.devices if name.startswith(OF_DEVICES) else state.beds)


def _check_rows(kept: _Kept) -> None:
    """Refuse records and arrays that do not count the same beds and devices."""
    records = kept.records
    n_beds, n_devices = len(records.beds), len(records.roster.devices)
    if list(records.roster.beds) != [bed.name for bed in records.beds]:
        raise SnapshotError("its beds are not those of its roster")
    for array in kept.arrays:
        rows = n_devices if array.name.startswith(OF_DEVICES) else n_beds
        if not array.shape or array.shape[0] != rows:
            raise SnapshotError(f"array {array.name} has other rows than there are")


def _arrays(kept: _Kept) -> dict[str, Array]:
    """Return the arrays that were kept, by name."""
    try:
        sizes = [np.dtype(one.dtype).itemsize * math.prod(one.shape) for one in kept.arrays]
        ends = list(accumulate(sizes, initial=0))
        if ends[-1] != len(kept.values):
            raise SnapshotError(f"its arrays need {ends[-1]} bytes and have {len(kept.values)}")
        return {
            one.name: np.frombuffer(kept.values[start:end], one.dtype).reshape(one.shape)
            for one, (start, end) in zip(kept.arrays, pairwise(ends), strict=True)
        }
    except (TypeError, ValueError) as fault:
        raise SnapshotError(f"its arrays cannot be read: {fault}") from fault
