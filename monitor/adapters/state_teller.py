"""When which bed is told: changed beds soon, all beds every second, and never an alert later.

A picture of a bed takes far longer than a judgement. So only beds of which something has arrived
or was decided are looked at in between, at most every quarter of a second, and so many at a time
as a short slice of time allows; the others wait for their turn. All beds are looked at every
second, because ages change by themselves. Either is done less often where it takes long, so that
neither takes more than a tenth of the time of the loop (of its own work: what other programs take
from a busy machine does not make numbers later still).
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
        self._touched: dict[str, None] = {}
        self._all_s = self._changed_s = -ALL_EVERY_S
        self._bed_s = SLICE_S / LEAST_BEDS

    def touch(self, beds: Iterable[str]) -> None:
        """Look at these beds soon: something of them has arrived or was decided."""
        self._touched.update(dict.fromkeys(beds))

    def renew(self) -> None:
        """Look at all beds as soon as possible."""
        self._all_s = self._seconds()

    def wait_s(self) -> float:
        """Return in how many seconds there is something to look at."""
        next_s = min(self._all_s, self._changed_s) if self._touched else self._all_s
        return next_s - self._seconds()

    def news(self, now_ms: int) -> list[Announcement]:
        """Return the states that have changed, of the beds whose turn it is."""
        if self.wait_s() > 0:
            return []
        began_s, worked_s = self._seconds(), self._worked_s()
        is_whole = began_s >= self._all_s
        chosen = None if is_whole else self._chosen()
        try:
            beds = self._ward.view(now_ms, chosen).beds
        except Exception:  # a picture is worth less than the alerts
            LOG.exception("view-failed")
            beds = ()
        news = [
            state_announcement(bed, unit=self.unit, now_ms=now_ms)
            for bed in beds
            if self._shown.get(bed.bed) != bed
        ]
        self._shown.update({bed.bed: bed for bed in beds})
        took_s = self._worked_s() - worked_s
        if chosen is None:
            self._touched.clear()
            self._all_s = began_s + max(ALL_EVERY_S, SHARE * took_s)
        elif chosen:
            self._bed_s = took_s / len(chosen)
        wait_s = CHANGED_EVERY_S if is_whole else max(CHANGED_EVERY_S, SHARE * took_s)
        self._changed_s = began_s + wait_s
        return news

    def _chosen(self) -> frozenset[str]:
        """Take the beds of this turn, those that were touched first."""
        count = max(LEAST_BEDS, int(SLICE_S / max(self._bed_s, 1e-6)))
        chosen = list(self._touched)[:count]
        for bed in chosen:
            del self._touched[bed]
        return frozenset(chosen)
