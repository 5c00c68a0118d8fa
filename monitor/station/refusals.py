"""Refusals: every request that is refused goes to the audit, and none of it can fill the disk.

Each peer or person has so many lines a minute, and all of them together; what is beyond is counted,
and the count gets a line of its own once a minute. So an attacker can neither hide behind noise
(that there was noise, how much, and from whom mostly is written) nor let the file grow for ever.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from monitor.adapters.deeds import Audit
from monitor.station.doors import KEYS_MAX, Allowance

EACH_MOST: Final = 30
"""So many refusals a minute are written of one peer or person: as many as a person may act."""

ALL_MOST: Final = 120
"""So many are written of all together: at most 60 kB a minute, whoever asks from wherever."""

WITHIN_S: Final = 60.0
NAMED_MOST: Final = 5
"""Of those whose refusals were not written, so many are named: who did it most often."""


@dataclass(slots=True)
class Refusals:
    """Writes refusals into an audit as long as there is room; may be used from any thread."""

    audit: Audit
    seconds: Callable[[], float]
    _each: Allowance = field(init=False)
    _all: Allowance = field(init=False)
    _left: Counter[str] = field(default_factory=Counter)
    _nameless: int = 0
    _since_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Begin with all the room there is."""
        self._each = Allowance(EACH_MOST, WITHIN_S, self.seconds)
        self._all = Allowance(ALL_MOST, WITHIN_S, self.seconds)

    def add(
        self,
        whose: str,
        *,
        what: str,
        who: str = "",
        role: str = "",
        via: str = "",
        old: str = "",
        new: str = "",
        why: str = "",
    ) -> bool:
        """Write one refusal of a peer or person; False if it was only counted."""
        with self._lock:
            has_room = self._each.take(whose) and self._all.take("")
            if not has_room:
                self._count(whose)
        if has_room:
            self.audit.add(what=what, who=who, role=role, via=via, old=old, new=new, why=why)
        self.settle()
        return has_room

    def settle(self, *, at_end: bool = False) -> None:
        """Write how many refusals were not written, if the first of them is a minute old."""
        with self._lock:
            count = self._left.total() + self._nameless
            if not count or not (at_end or self.seconds() - self._since_s >= WITHIN_S):
                return
            most = ", ".join(
                f"{name} {times}" for name, times in self._left.most_common(NAMED_MOST)
            )
            self._left.clear()
            self._nameless = 0
        self.audit.add(what="refusals-not-written", old=most, new=str(count), why="too many")

    def _count(self, whose: str) -> None:
        if not self._left and not self._nameless:
            self._since_s = self.seconds()
        if whose in self._left or len(self._left) < KEYS_MAX:
            self._left[whose] += 1
        else:
            self._nameless += 1
