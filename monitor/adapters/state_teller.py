"""When which bed is told: changed beds soon, all beds every second, and never an alert later.

A picture of a bed takes far longer than a judgement. So only beds of which something has arrived
or was decided are looked at soon, at most every quarter of a second; the others after a second,
because ages change by themselves. No look takes longer than a short slice of time: where there are
more beds than fit in, those are looked at that have waited longest. Looks are made less often where
they take long, so that they take no more than a tenth of the time of the loop (of its own work:
what other programs take from a busy machine does not make numbers later still).
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from monitor.adapters.logbook import ROOT
from monitor.facts.views import BedView, WardView
from monitor.wire.announcements import Announcement, state_announcement

LOG: Final = logging.getLogger(f"{ROOT}.live")

CHANGED_EVERY_S: Final = 0.25
ALL_EVERY_S: Final = 1.0
SLICE_S: Final = 0.025
"""So long an alert may have to wait for pictures that were begun before it."""

LEAST_BEDS: Final = 4

SHARE: Final = 10
"""After pictures that took so long, none are made for ten times as long."""


class Viewed(Protocol):
    """What pictures are asked of."""

    def view(self, now_ms: int, only: frozenset[str] | None = None) -> WardView:
        """Return a picture of all beds, or of some."""
        ...


class StateTeller:
    """Knows what was told of each bed, and which are to be looked at."""

    def __init__(
        self,
        ward: Viewed,
        *,
        unit: str,
        seconds: Callable[[], float] = time.monotonic,
        worked_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self.unit = unit
        self._ward = ward
        self._seconds = seconds
        self._worked_s = worked_s
        self._shown: dict[str, BedView] = {}
        self._due_s: dict[str, float] | None = None
        self._soonest_s = self._next_s = -ALL_EVERY_S
        self._bed_s = SLICE_S / LEAST_BEDS

    def touch(self, beds: Iterable[str]) -> None:
        """Look at these beds soon: something of them has arrived or was decided."""
        now_s = self._seconds()
        if self._due_s is None:
            return  # the first look is at all
        for bed in beds:
            self._due_s[bed] = min(self._due_s.get(bed, now_s), now_s)
            self._soonest_s = min(self._soonest_s, now_s)

    def renew(self) -> None:
        """Look at all beds as soon as possible."""
        self._soonest_s = self._next_s = self._seconds()
        if self._due_s is not None:
            self._due_s = dict.fromkeys(self._due_s, self._soonest_s)

    def wait_s(self) -> float:
        """Return in how many seconds there is something to look at."""
        return max(self._soonest_s, self._next_s) - self._seconds()

    def news(self, now_ms: int) -> list[Announcement]:
        """Return the states that have changed, of the beds whose turn it is."""
        if self.wait_s() > 0:
            return []
        began_s, worked_s = self._seconds(), self._worked_s()
        chosen = self._chosen(began_s)
        try:
            beds = self._ward.view(now_ms, chosen).beds
        except Exception:  # a picture is worth less than the alerts
            LOG.exception("view-failed")
            self._next_s = began_s + ALL_EVERY_S
            return []
        news = [
            state_announcement(bed, unit=self.unit, now_ms=now_ms)
            for bed in beds
            if self._shown.get(bed.bed) != bed
        ]
        self._shown.update({bed.bed: bed for bed in beds})
        took_s = self._worked_s() - worked_s
        if beds:
            self._bed_s = took_s / len(beds)
        self._next_s = began_s + max(CHANGED_EVERY_S, SHARE * took_s)
        self._note(chosen, [bed.bed for bed in beds], began_s)
        return news

    def _chosen(self, now_s: float) -> frozenset[str] | None:
        """Return the beds of this look, those first that have waited longest; None for all."""
        if self._due_s is None:
            return None
        # Who is due before the next look can be made is looked at with the others.
        soon_s = now_s + CHANGED_EVERY_S
        waiting = sorted((due_s, bed) for bed, due_s in self._due_s.items() if due_s <= soon_s)
        count = max(LEAST_BEDS, int(SLICE_S / max(self._bed_s, 1e-6)))
        return frozenset(bed for _, bed in waiting[:count])

    def _note(self, chosen: frozenset[str] | None, seen: list[str], began_s: float) -> None:
        """Note who was looked at; a bed that is none is not looked for again."""
        due_s = self._due_s = {} if self._due_s is None else self._due_s
        for bed in chosen or ():
            del due_s[bed]
        due_s.update(dict.fromkeys(seen, began_s + ALL_EVERY_S))
        self._soonest_s = min(due_s.values(), default=began_s + ALL_EVERY_S)
