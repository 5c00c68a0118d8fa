"""Clocks of the shells: time of day that never goes backwards.

The core takes every time as an argument; these are where it comes from. Timers of a ward must
neither stop nor jump back when somebody sets the clock of the machine, so the steady clock
runs on the monotonic counter and follows the time of day by two rules:

* the time of day is ahead: it is taken over at once, because every bedside device has it too;
* the time of day is behind (it was set back): the clock goes on and says how far it is ahead. Up to
  half a minute it goes 5 % slower until the two agree. Further it goes on at its own pace: the
  devices did not follow, or their times are corrected by an offset that must not drift, and a
  clock that fell behind theirs would make them seem to measure in the future.

What it shows is written into the journal with every step and message, so a replay repeats it.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

SLOWED_MS_MAX: Final = 30_000
"""What is further ahead is not given back: as far as a device may be off and count as on time."""

SLOWED_BY: Final = 20
"""While ahead of the time of day, one part in so many of the elapsed time is given back."""

_NS: Final = 1_000_000


class Clock(Protocol):
    """Where a shell takes its times from."""

    def now_ms(self) -> int:
        """Return the time in milliseconds since the Unix epoch; never less than before."""
        ...

    def hold(self, at_least_ms: int) -> None:
        """Never again show a time before this one."""
        ...

    def ahead_ms(self) -> int:
        """Return how far the clock runs ahead of the time of day."""
        ...

    def jumped_ms(self) -> int:
        """Return how far it was set forward at once since this was asked last."""
        ...

    def seconds_for(self, duration_ms: int) -> float:
        """Return how many real seconds a duration on this clock takes."""
        ...


class SteadyClock:
    """The time of day of this machine, made steady; may be read from any thread."""

    def __init__(
        self,
        *,
        time_of_day_ns: Callable[[], int] = time.time_ns,
        counter_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._time_of_day_ns = time_of_day_ns
        self._counter_ns = counter_ns
        self._lock = threading.Lock()
        self._shown_ns = time_of_day_ns()
        self._counted_ns = counter_ns()
        self._ahead_ns = self._jumped_ns = 0

    def now_ms(self) -> int:
        """Return the steady time in milliseconds since the Unix epoch."""
        with self._lock:
            counted_ns = self._counter_ns()
            elapsed_ns = counted_ns - self._counted_ns
            self._counted_ns = counted_ns
            due_ns = self._shown_ns + elapsed_ns
            ahead_ns = due_ns - self._time_of_day_ns()
            if ahead_ns <= SLOWED_MS_MAX * _NS:
                self._shown_ns = due_ns - min(ahead_ns, elapsed_ns // SLOWED_BY)
            else:
                self._shown_ns = due_ns
            self._ahead_ns = max(0, ahead_ns)
            self._jumped_ns = max(self._jumped_ns, -ahead_ns)
            return self._shown_ns // _NS

    def hold(self, at_least_ms: int) -> None:
        """Go on from a time that was shown before, by another process for instance."""
        with self._lock:
            self._shown_ns = max(self._shown_ns, at_least_ms * _NS)

    def ahead_ms(self) -> int:
        """Return how far the clock was ahead of the time of day when it was last read."""
        return self._ahead_ns // _NS

    def jumped_ms(self) -> int:
        """Return how far it was set forward at once since this was asked last."""
        with self._lock:
            jumped_ns, self._jumped_ns = self._jumped_ns, 0
            return jumped_ns // _NS

    def seconds_for(self, duration_ms: int) -> float:
        """Return the duration in real seconds."""
        return duration_ms / 1000


class AcceleratedClock:
    """A time that starts where it is told and runs faster than the real one, for simulations."""

    def __init__(
        self,
        *,
        speed: float,
        start_ms: int,
        counter_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, got {speed}")
        self._speed = speed
        self._start_ms = start_ms
        self._counter_ns = counter_ns
        self._started_ns = counter_ns()

    def now_ms(self) -> int:
        """Return the simulated time in milliseconds since the Unix epoch."""
        elapsed_ns = self._counter_ns() - self._started_ns
        return self._start_ms + int(elapsed_ns * self._speed) // _NS

    def hold(self, at_least_ms: int) -> None:
        """Shift the simulated time so that it goes on from there, if it is behind."""
        self._start_ms += max(0, at_least_ms - self.now_ms())

    def ahead_ms(self) -> int:
        """Return 0: a simulated time has no time of day to be ahead of."""
        return 0

    def jumped_ms(self) -> int:
        """Return 0: nobody sets a simulated time."""
        return 0

    def seconds_for(self, duration_ms: int) -> float:
        """Return how many real seconds a simulated duration takes."""
        return duration_ms / 1000 / self._speed
