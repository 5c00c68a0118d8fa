"""Windows: long charts of many patients, cut into pieces that are judged like sessions.

A window is some hours of one stay. What was charted in the two hours before it is its baseline,
what was charted within it is judged; windows of one stay follow each other without a gap. All
pressures of a stay come from one source, so that no baseline is compared with another kind of
measurement: the cuff, which is what stands beside an infusion, or the arterial line where the
cuff was never used.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import MISSING, Channel, Int32, Int64

MINUTE_MS: Final = 60_000
BASELINE_MS: Final = 120 * MINUTE_MS
"""How long before a window its baseline is taken."""

LEAST_WITHIN: Final = 3
"""Systolic pressures that a window needs, besides one before it: nothing is confirmed by fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartTable:
    """Sets of vitals of many stays, in order of stay and time.

    Attributes
    ----------
    stays : tuple of str
        Their names, in order.
    first : int64 array, shape (stay + 1,)
        Row of the first set of each stay; the last entry is the number of sets.
    age_years : int32 array, shape (stay,)
        MISSING where it is not known.
    at_ms : int64 array, shape (set,)
        Since an origin of the stay's own.
    cuff_centi, line_centi : int32 array, shape (set, channel)
        Hundredths; MISSING where nothing was charted. They differ only in their pressures:
        from a cuff, and from an arterial line.
    """

    stays: tuple[str, ...]
    first: Int64
    age_years: Int32
    at_ms: Int64
    cuff_centi: Int32
    line_centi: Int32


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Windows over the rows of a chart table.

    Attributes
    ----------
    stay : int32 array, shape (window,)
        Row of the stay.
    start_ms : int64 array, shape (window,)
        When the window begins.
    rows : int64 array, shape (window, 3)
        First set before the window, first set within it, first set after it.
    """

    stay: Int32
    start_ms: Int64
    rows: Int64

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.stay)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """The sets of all windows, one row each: those of one window together and in order.

    Attributes
    ----------
    window : int32 array, shape (row,)
    since_ms : int64 array, shape (row,)
        Since the window began; below 0 before it.
    value_centi : int32 array, shape (row, channel)
        Hundredths; MISSING where nothing was charted.
    """

    window: Int32
    since_ms: Int64
    value_centi: Int32


def windows_of(table: ChartTable, window_ms: int, *, first_ms: int) -> Windows:
    """Cut every stay into windows: the first begins two hours after its first set.

    Parameters
    ----------
    table : ChartTable
    window_ms : int
        Length of a window.
    first_ms : int
        Windows begin no later than so long after the first set of their stay: short and long
        stays then count alike.

    Returns
    -------
    Windows
        Those that end before the last set of their stay and hold enough pressures.
    """
    pressures = _pressures_until(table)
    found = [
        _windows_of_stay(table, index, pressures, window_ms, first_ms)
        for index in range(len(table.stays))
    ]
    return Windows(
        stay=np.concatenate([np.empty(0, np.int32), *(one.stay for one in found)]),
        start_ms=np.concatenate([np.empty(0, np.int64), *(one.start_ms for one in found)]),
        rows=np.concatenate([np.empty((0, 3), np.int64), *(one.rows for one in found)]),
    )


def _windows_of_stay(
    table: ChartTable, index: int, pressures: Int64, window_ms: int, first_ms: int
) -> Windows:
    low, high = table.first[index : index + 2]
    at_ms = table.at_ms[low:high]
    last_ms = min(at_ms[-1] - window_ms, at_ms[0] + first_ms - 1)
    start_ms = np.arange(at_ms[0] + BASELINE_MS, last_ms + 1, window_ms)
    edges = np.stack([start_ms - BASELINE_MS, start_ms, start_ms + window_ms], axis=1)
    rows = low + np.searchsorted(at_ms, edges).astype(np.int64)
    counts = np.diff(pressures[rows], axis=1)
    kept = (counts[:, 0] > 0) & (counts[:, 1] >= LEAST_WITHIN)
    return Windows(
        stay=np.full(int(kept.sum()), index, np.int32), start_ms=start_ms[kept], rows=rows[kept]
    )


def _pressures_until(table: ChartTable) -> Int64:
    """Return how many systolic pressures stand before each row, shape (set + 1,)."""
    known = values_of(table)[:, Channel.SBP] != MISSING
    return np.concatenate([[0], np.cumsum(known)]).astype(np.int64)


def values_of(table: ChartTable) -> Int32:
    """Return the values of all sets, with pressures of one source for each stay.

    Returns
    -------
    int32 array, shape (set, channel)
    """
    lengths = np.diff(table.first)
    stay = np.repeat(np.arange(len(lengths)), lengths)
    cuff = np.bincount(stay, table.cuff_centi[:, Channel.SBP] != MISSING, len(lengths))
    from_line = (cuff == 0)[stay]
    return np.where(from_line[:, None], table.line_centi, table.cuff_centi).astype(np.int32)


def sets_of(table: ChartTable, windows: Windows) -> Sets:
    """Return the sets of all windows."""
    lengths = windows.rows[:, 2] - windows.rows[:, 0]
    window = np.repeat(np.arange(len(windows), dtype=np.int32), lengths)
    offset = np.arange(len(window)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    row = windows.rows[window, 0] + offset
    return Sets(
        window=window,
        since_ms=table.at_ms[row] - windows.start_ms[window],
        value_centi=values_of(table)[row],
    )


def ranked(sets: Sets) -> Iterator[Int64]:
    """Yield the rows of all first sets of windows, then of all second ones, and so on."""
    starts = np.flatnonzero(np.r_[True, np.diff(sets.window) > 0][: len(sets.window)])
    lengths = np.diff(np.r_[starts, len(sets.window)])
    for rank in range(int(lengths.max(initial=0))):
        yield starts[lengths > rank] + rank
