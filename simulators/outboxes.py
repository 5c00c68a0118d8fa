"""What a simulated device keeps until the monitor says that it has it: in memory, and bounded.

A receipt covers the numbered messages of one start of a device (vitals, pump states, what comes
late from a store), so those are kept. What has no number has no receipt either: a status, a birth,
and what a tablet sends leave with the broker's word that it took them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from simulators.chairs import Sent

KEPT_MAX: Final = 10_000
"""So many messages of a device are kept: half a day of one every five seconds. Beyond that the
oldest gives way and is counted."""

HISTORY_MS: Final = 600_000
"""Vitals that are older when they are sent again go as ``backfill``: kept, never judged."""

NUMBERED: Final = frozenset({"vitals", "backfill", "pump"})
NOTHING: Final = -1
"""Covers no message: numbers begin at 0."""


class _Number(msgspec.Struct):
    seq: int
    boot: str = ""


_NUMBER: Final = msgspec.json.Decoder(_Number)


@dataclass(slots=True, kw_only=True)
class Outbox:
    """The messages of a device that no receipt covers, by start and number."""

    room: int = KEPT_MAX
    dropped: int = 0
    """Messages that gave way before anybody had them."""
    is_receipted: bool = False
    """Whether a monitor has ever given a receipt of a start that is kept here."""
    _kept: dict[tuple[str, int], Sent] = field(default_factory=dict)
    _covered: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many messages wait for their receipt."""
        return len(self._kept)

    def put(self, sent: Sent) -> bool:
        """Keep a message; tell whether it is one that a receipt can cover."""
        if sent.topic.rpartition("/")[2] not in NUMBERED:
            return False
        try:
            number = _NUMBER.decode(sent.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        if number.seq > self._covered.setdefault(number.boot, NOTHING):
            self._kept[number.boot, number.seq] = sent
        if len(self._kept) > self.room:
            del self._kept[next(iter(self._kept))]
            self.dropped += 1
        return True

    def cover(self, boot: str, number: int) -> bool:
        """Forget what a receipt covers; tell whether it says more than was known.

        One that says no more comes from a monitor that has found the broker again, and may have
        missed what was sent meanwhile. A receipt of a start that is not this one says nothing.
        """
        if boot not in self._covered:
            return True
        self.is_receipted = True
        if number <= self._covered[boot]:
            return False
        self._covered[boot] = number
        for key in [key for key in self._kept if key[0] == boot and key[1] <= number]:
            del self._kept[key]
        return True

    def waiting(self, now_ms: int) -> Iterator[Sent]:
        """Yield what waits for its receipt as it is to be sent now, in order of its numbers."""
        for key in sorted(self._kept):
            sent = self._kept[key]
            if now_ms - sent.at_ms > HISTORY_MS and sent.topic.endswith("/vitals"):
                sent = replace(sent, topic=f"{sent.topic.removesuffix('vitals')}backfill")
            yield sent
