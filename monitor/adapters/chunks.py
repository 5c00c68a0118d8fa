"""Readings of one channel in few bytes: differences, in as little room as they need, packed.

Values and times of one device change little from reading to reading, so their differences are
small numbers that repeat, and pack well. What is unpacked is what was packed, to the last bit.

Behind the packing stands how many readings it holds: the bytes of some could be read as others of
another number. A program from before that was written passes over it, and reads the rest.
"""

import hashlib
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import Int64

COLUMNS: Final = 4
"""Measured and received time, value, flags."""

SEAL_BYTES: Final = 8
"""Against chance, as the digests of steps are."""

COUNT_BYTES: Final = 4

_TYPES: Final = ("<i1", "<i2", "<i4", "<i8")
_HEAD: Final = np.dtype("<i8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Readings of one channel of one device at one bed, in the order in which they arrived.

    Attributes
    ----------
    readings : int64 array, shape (reading, column)
        Measured time [ms], received time minus measured time [ms], value [hundredths], flags.
    """

    bed: str
    device: str
    channel: int
    readings: Int64


def packed(readings: Int64) -> bytes:
    """Return the bytes of readings, shape (reading, column), of which there is at least one."""
    parts: list[bytes] = []
    for column in readings.T:
        steps = np.diff(column)
        farthest = max(int(np.abs(steps).max(initial=0)), 0)
        # The absolute value of the least int64 is itself, negative: only the widest type holds it.
        fits = [name for name in _TYPES if 0 <= farthest <= np.iinfo(name).max]
        name = _TYPES[-1] if (steps == np.iinfo(np.int64).min).any() else fits[0]
        parts += [
            bytes([_TYPES.index(name)]),
            column[:1].astype(_HEAD).tobytes(),
            steps.astype(name).tobytes(),
        ]
    return zlib.compress(b"".join(parts)) + len(readings).to_bytes(COUNT_BYTES, "little")


def sealed(body: bytes, *names: str | int) -> bytes:
    """Return packed readings with a digest of them, and of where they belong, behind them."""
    return body + _seal(body, names)


def is_sealed(body: bytes, *names: str | int) -> bool | None:
    """Tell whether packed readings fit their seal and place; None where they never had a seal."""
    packed_bytes, seal = body[:-SEAL_BYTES], body[-SEAL_BYTES:]
    try:
        _, behind = _opened(body)
    except zlib.error:
        return False
    if len(behind) in {0, COUNT_BYTES}:
        return None
    return seal == _seal(packed_bytes, names)


def _opened(body: bytes) -> tuple[bytes, bytes]:
    """Return what was packed, and what stands behind the packing."""
    reader = zlib.decompressobj()
    inside = reader.decompress(body)
    if not reader.eof:
        raise zlib.error("its end is missing")
    return inside, reader.unused_data


def _seal(body: bytes, names: tuple[str | int, ...]) -> bytes:
    return hashlib.sha256(repr(names).encode() + body).digest()[:SEAL_BYTES]


def unpacked(body: bytes, n_readings: int) -> Int64:
    """Return the readings that were packed, shape (reading, column).

    Raises
    ------
    ValueError
        If the bytes do not hold so many readings.
    """
    try:
        rest, behind = _opened(body)
        _check_count(behind, n_readings)
        columns = []
        for _ in range(COLUMNS):
            kind = np.dtype(_TYPES[rest[0]])
            end = 1 + _HEAD.itemsize + (n_readings - 1) * kind.itemsize
            first = np.frombuffer(rest[1 : 1 + _HEAD.itemsize], _HEAD)
            steps = np.frombuffer(rest[1 + _HEAD.itemsize : end], kind).astype(np.int64)
            columns.append(np.cumsum(np.concatenate([first, steps])))
            if len(columns[-1]) != n_readings:
                raise ValueError(f"{len(columns[-1])} readings, not {n_readings}")
            rest = rest[end:]
    except (zlib.error, IndexError, TypeError) as fault:
        raise ValueError(f"it is damaged ({fault})") from fault
    if rest:
        raise ValueError(f"{len(rest)} bytes are left over")
    return np.stack(columns, axis=1)


def _check_count(behind: bytes, n_readings: int) -> None:
    """Hold the number of readings against the one behind their packing, where there is one."""
    if len(behind) in {0, SEAL_BYTES}:
        return  # It was packed before the number was kept.
    if len(behind) not in {COUNT_BYTES, COUNT_BYTES + SEAL_BYTES}:
        raise ValueError(f"{len(behind)} bytes stand behind it")
    said = int.from_bytes(behind[:COUNT_BYTES], "little")
    if said != n_readings:
        raise ValueError(f"it holds {said} readings, not {n_readings}")
