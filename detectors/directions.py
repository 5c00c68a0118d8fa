"""Directions: where values have gone, and how pulse and pressure go together."""

from enum import IntEnum

import numpy as np

from detectors.channels import MISSING, Int8, Int64


class Direction(IntEnum):
    """Where a value has gone."""

    DOWN = -1
    STILL = 0
    UP = 1
    UNKNOWN = 2


class Concordance(IntEnum):
    """How heart rate and pressure have moved together.

    Both up is how stress and pain look, a fast pulse with a low pressure how widened vessels do,
    both down a faint or late anaphylaxis: one of them can turn into the other, so a bed in
    which both fall is never called a faint for that alone.
    """

    UNKNOWN = 0
    STILL = 1
    """At least one of the two has not moved."""
    BOTH_UP = 2
    BOTH_DOWN = 3
    UP_DOWN = 4
    """Heart rate up, pressure down."""
    DOWN_UP = 5
    """Heart rate down, pressure up."""


def direction(change: Int64, least: int | Int64) -> Int8:
    """Where something has gone, if it moved by at least so much.

    Parameters
    ----------
    change : int64 array, any shape
        From :mod:`detectors.excursions`; MISSING where not known.
    least : int, or int64 array that ends the same shape
        In the unit of the change, above 0.

    Returns
    -------
    int8 array, the same shape
        A :class:`Direction`.
    """
    gone = (change >= least).astype(np.int8) - (change <= -least)
    return np.where(change == MISSING, Direction.UNKNOWN, gone).astype(np.int8)


def concordance(heart: Int8, pressure: Int8) -> Int8:
    """How heart rate and pressure have moved together.

    Parameters
    ----------
    heart, pressure : int8 array, the same shape
        A :class:`Direction` each.

    Returns
    -------
    int8 array, the same shape
        A :class:`Concordance`; STILL where either has not moved, whatever the other.
    """
    up, down = Direction.UP, Direction.DOWN
    found = np.full(heart.shape, Concordance.UNKNOWN, np.int8)
    found[(heart == Direction.STILL) | (pressure == Direction.STILL)] = Concordance.STILL
    found[(heart == up) & (pressure == up)] = Concordance.BOTH_UP
    found[(heart == down) & (pressure == down)] = Concordance.BOTH_DOWN
    found[(heart == up) & (pressure == down)] = Concordance.UP_DOWN
    found[(heart == down) & (pressure == up)] = Concordance.DOWN_UP
    return found
