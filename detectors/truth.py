"""Truth with three values, as arrays: false, true, and unknown (Kleene's strong logic)."""

from enum import IntEnum

import numpy as np

from detectors.channels import Bool, Int8


class Truth(IntEnum):
    """Whether something holds; what cannot be judged is neither true nor false."""

    UNKNOWN = -1
    FALSE = 0
    TRUE = 1


def truth(holds: Bool, known: Bool) -> Int8:
    """Return what holds where it is known, and UNKNOWN elsewhere.

    Parameters
    ----------
    holds, known : bool array, any shape
        What was found, and where that can be relied on.

    Returns
    -------
    int8 array, the same shape
        A :class:`Truth`.
    """
    return np.where(known, holds, Truth.UNKNOWN).astype(np.int8)
