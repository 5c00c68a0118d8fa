"""How the messages of a step are cut into rounds of at most one message per bed.

Rounds are what makes a vectorized step independent of batching: every bed sees its messages
one after the other in order of arrival, while all beds that have a message in the round are
judged in one pass.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from detectors.channels import MISSING, N_CHANNELS, NEVER, Int32, Int64
from detectors.detection import Round
from detectors.readings import Readings

Rows: TypeAlias = npt.NDArray[np.integer[Any]]


def ranks(bed: Int32) -> Int32:
    """Return how many earlier items each item's bed has, shape (item,)."""
    if not len(bed) or np.bincount(bed).max() == 1:
        return np.zeros(len(bed), np.int32)
    order = np.argsort(bed, kind="stable")
    ordered = bed[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(bed) else order
    lengths = np.diff(np.r_[starts, len(bed)])
    rank = np.empty(len(bed), np.int32)
    rank[order] = np.arange(len(bed)) - np.repeat(starts, lengths)
    return rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One round: the acts to take first, then the readings; each with its position.

    ``act`` are indices into the step's acts; ``position``, ``device`` and ``received_ms`` are
    those of the message behind each row of ``readings``.
    """

    act: tuple[int, ...]
    readings: Round | None
    position: Int32
    device: Int32
    received_ms: Int64


def turns(
    readings: Readings, act_bed: Sequence[int], act_position: Sequence[int]
) -> Iterator[Turn]:
    """Cut readings and acts into rounds.

    Parameters
    ----------
    readings : Readings
        In order of arrival.
    act_bed, act_position : sequence of int
        Row of the bed and position of each act, in order of arrival.

    Yields
    ------
    Turn
        In which no bed occurs in two messages; a message's acts and readings share a turn.
        Messages stand in the order of their beds, so that those of a whole ward lie side by
        side; beds have no order between them that could be lost.
    """
    starts = np.flatnonzero(
        np.r_[True, readings.position[1:] != readings.position[:-1]][: len(readings)]
    )
    position = np.r_[readings.position[starts], np.array(act_position, np.int32)].astype(np.int32)
    bed = np.r_[readings.bed[starts], np.array(act_bed, np.int32)].astype(np.int32)
    if not len(position):
        return
    received_ms, device = readings.received_ms[starts], readings.device[starts]
    _, first, item = np.unique(position, return_index=True, return_inverse=True)
    rank = ranks(bed[first])[item]
    message_rank, act_rank = rank[: len(starts)], rank[len(starts) :]
    lengths = np.diff(np.r_[starts, len(readings)])
    row_of_reading = np.repeat(np.arange(len(starts)), lengths)
    for turn in range(int(rank.max()) + 1):
        here = _by_bed(readings.bed[starts], np.flatnonzero(message_rank == turn))
        acts = tuple(np.flatnonzero(act_rank == turn).tolist())
        if not len(here):
            yield Turn(
                act=acts,
                readings=None,
                position=position[:0],
                device=device[:0],
                received_ms=received_ms[:0],
            )
            continue
        chosen = (
            slice(None)
            if len(here) == len(starts)
            else np.flatnonzero(np.isin(row_of_reading, here))
        )
        yield Turn(
            act=acts,
            readings=_round(readings, chosen, row_of_reading, here, starts),
            position=position[here],
            device=device[here],
            received_ms=received_ms[here],
        )


def _by_bed(bed: Int32, rows: Rows) -> Rows:
    """Return rows of different beds in the order of their beds."""
    if not len(rows):
        return rows
    # One place for each bed sorts faster than comparisons do.
    some = bed[rows]
    place = np.full(int(some.max()) + 1, -1, rows.dtype)
    place[some] = rows
    return place[place >= 0]


def _round(
    readings: Readings,
    chosen: slice | Rows,
    row_of_reading: Rows,
    here: Rows,
    starts: Rows,
) -> Round:
    """Return the chosen readings as matrices over (message, channel)."""
    row_of_message = np.empty(len(starts), np.intp)
    row_of_message[here] = np.arange(len(here))
    row = row_of_message[row_of_reading[chosen]]
    channel = readings.channel[chosen]
    value_centi = np.full((len(here), N_CHANNELS), MISSING, np.int32)
    measured_ms = np.full((len(here), N_CHANNELS), NEVER, np.int64)
    flags = np.zeros((len(here), N_CHANNELS), np.uint16)
    # One index into the flat matrices is followed faster than two into the matrices.
    place = row * N_CHANNELS + channel
    value_centi.reshape(-1)[place] = readings.value_centi[chosen]
    measured_ms.reshape(-1)[place] = readings.measured_ms[chosen]
    flags.reshape(-1)[place] = readings.flags[chosen]
    return Round(
        bed=readings.bed[starts[here]],
        value_centi=value_centi,
        measured_ms=measured_ms,
        flags=flags,
    )
