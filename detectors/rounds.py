"""What goes into one pass of detection and what comes out: at most one message per bed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.channels import Bool, Int8, Int32, Int64, UInt16
from detectors.quality import VERDICTS, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """At most one message per bed.

    Attributes
    ----------
    bed : int32 array, shape (row,)
        Rows of the beds, each at most once.
    value_centi : int32 array, shape (row, channel)
        Readings; MISSING where the message has none.
    measured_ms : int64 array, shape (row, channel)
        NEVER where there is no reading.
    flags : uint16 array, shape (row, channel)
        Bits of :class:`detectors.channels.Flag`.
    """

    bed: Int32
    value_centi: Int32
    measured_ms: Int64
    flags: UInt16

    def rows(self, rows: npt.NDArray[np.intp]) -> "Round":
        """Return some of the messages."""
        return Round(
            bed=self.bed[rows],
            value_centi=self.value_centi[rows],
            measured_ms=self.measured_ms[rows],
            flags=self.flags[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a round changed.

    Attributes
    ----------
    bed : int32 array, shape (row,)
        As in the round.
    reason : int8 array, shape (row, channel)
        Why each reading has its verdict: a :class:`detectors.quality.Reason`.
    late : bool array, shape (row, channel)
        The reading is not newer than the newest of its channel: kept, not judged.
    changed : bool array, shape (row,)
        Grades, unconfirmed grades or pattern of the bed are not what they were.
    """

    bed: Int32
    reason: Int8
    late: Bool
    changed: Bool

    @property
    def verdict(self) -> Int8:
        """What was thought of each reading, shape (row, channel)."""
        verdict: Int8 = VERDICTS[self.reason]
        return verdict

    @property
    def refused(self) -> Bool:
        """Where a reading was refused, shape (row, channel)."""
        refused: Bool = self.reason >= Reason.TOO_LOW
        return refused

    @property
    def heard(self) -> Bool:
        """Where a reading is believed and newer than what was known, shape (row, channel).

        Pressures that were only sent again are no news, also where they are judged.
        """
        heard: Bool = (self.reason != Reason.ABSENT) & ~self.refused & ~self.late
        heard &= ~self.resent
        return heard

    @property
    def resent(self) -> Bool:
        """Where the reading before was sent again, shape (row, channel)."""
        resent: Bool = (self.reason == Reason.RESENT) & ~self.late
        return resent
