"""The slow twin of steadiness: it keeps every reading and looks back at all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from naive import Values, known

from detectors.channels import N_CHANNELS, Channel, Flag
from detectors.steadiness import SteadinessLimits

PRESSURES = (Channel.SBP, Channel.DBP, Channel.MAP)


@dataclass
class NaiveSteadiness:
    """Every believed reading of each channel of one bed, and when pressures were sent again."""

    limits: SteadinessLimits
    read: list[list[tuple[int, int]]] = field(
        default_factory=lambda: [[] for _ in range(N_CHANNELS)]
    )
    sent_ms: int | None = None

    def take(self, channel: int, value: int, at_ms: int) -> None:
        """Take a believed reading that is newer than those before."""
        self.read[channel].append((value, at_ms))

    def stands_still(self, channel: int) -> bool:
        """Return whether the newest value has not moved for too long."""
        read = self.read[channel]
        if not read or read[-1][0] == self.limits.top_centi[channel]:
            return False
        first = last = len(read) - 1
        while first > 0 and read[first - 1][0] == read[last][0]:
            if read[first][1] - read[first - 1][1] > self.limits.gap_ms:
                break
            first -= 1
        return bool(read[last][1] - read[first][1] >= self.limits.flat_ms[channel])

    def swings(self, channel: int) -> list[tuple[int, int, int]]:
        """Return where each swing began and ended, in times, and how many it makes in a row."""
        found: list[tuple[int, int, int]] = []
        read, direction = self.read[channel], 0
        for (before, begun_ms), (value, at_ms) in pairwise(read):
            soon = at_ms - begun_ms < self.limits.swing_ms[channel]
            if not soon or abs(value - before) <= self.limits.swing_centi[channel]:
                continue
            goes = 1 if value > before else -1
            back = goes == -direction and at_ms - found[-1][0] < self.limits.swing_ms[channel]
            found.append((begun_ms, at_ms, found[-1][2] + 1 if back else 1))
            direction = goes
        return found

    def needed(self, channel: int, *, poor: bool) -> int:
        """Return how many swings are motion."""
        needed = int(self.limits.swings[channel])
        return min(needed, self.limits.swings_if_poor) if poor else needed

    def is_motion(self, channel: int, *, poor: bool) -> bool:
        """Return whether the newest reading ends a run of enough swings."""
        swings = self.swings(channel)
        if not swings or swings[-1][1] != self.read[channel][-1][1]:
            return False
        return min(swings[-1][2], 100) >= self.needed(channel, poor=poor)

    def is_moving(self, channel: int, *, poor: bool) -> bool:
        """Return whether the last swing was motion and is not long ago."""
        swings = self.swings(channel)
        if not swings or swings[-1][2] < self.needed(channel, poor=poor):
            return False
        ago_ms = self.read[channel][-1][1] - swings[-1][0]
        return bool(ago_ms < self.limits.swing_ms[channel])

    def is_sent_again(self, value: Values, at_ms: Values, flags: Sequence[int]) -> bool:
        """Return whether the pressures of a message are those before, too soon to be new."""
        before = [self.read[c][-1] if self.read[c] else None for c in PRESSURES]
        if known(value[Channel.SBP]) is None or known(value[Channel.DBP]) is None:
            return False
        if before[0] is None or before[1] is None or before[0][1] != before[1][1]:
            return False
        for c, old in zip(PRESSURES, before, strict=True):
            if known(value[c]) is not None and (old is None or old[0] != value[c]):
                return False
        if any(flags[c] & (Flag.HAND | Flag.STAT) for c in PRESSURES):
            return False
        now_ms, last_ms = at_ms[Channel.SBP], before[0][1]
        if now_ms <= last_ms:
            return False
        newest_ms = last_ms if self.sent_ms is None else max(last_ms, self.sent_ms)
        return now_ms - newest_ms < self.limits.resent_ms
