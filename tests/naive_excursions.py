"""Slow twins of the history and the excursions: lists, loops and fractions, nothing vectorized."""

from dataclasses import dataclass, field

from detectors.history import HISTORY_DEPTH

Sample = tuple[int, int]
"""A value and when it was measured."""


@dataclass
class NaiveHistory:
    """The recent readings of one channel of one bed."""

    kept: list[Sample] = field(default_factory=list)

    def take(self, spacing_ms: int, value: int, at_ms: int) -> None:
        """Keep a reading unless it is too close to the newest kept one."""
        if not self.kept or at_ms - self.kept[-1][1] >= spacing_ms:
            self.kept.append((value, at_ms))

    def recent(self) -> list[Sample]:
        """Return the readings that are still held, oldest first."""
        return self.kept[-HISTORY_DEPTH:]
