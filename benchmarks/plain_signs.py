"""What the plain peer remembers of each sign: unbroken runs of readings, grade by grade."""

from benchmarks.plain_tables import SignRules
from detectors.confirmation import GRADES, LEAST_READINGS


class Run:
    """How long and over how many readings something has been so without a break."""

    __slots__ = ("readings", "since_ms")

    def __init__(self) -> None:
        self.since_ms: int | None = None
        self.readings = 0

    def go_on(self, at_ms: int) -> None:
        """Count a reading for which it was so."""
        if self.since_ms is None:
            self.since_ms = at_ms
        if self.readings < LEAST_READINGS:
            self.readings += 1

    def end(self) -> None:
        """Begin anew."""
        self.since_ms = None
        self.readings = 0

    def lasted(self, at_ms: int, for_ms: int) -> bool:
        """Return whether it has been so long enough."""
        if self.readings < LEAST_READINGS or self.since_ms is None:
            return False
        return at_ms - self.since_ms >= for_ms


class Sign:
    """What is remembered of one sign of one bed."""

    __slots__ = ("above", "clear", "grade", "shown")

    def __init__(self) -> None:
        self.grade = 0
        self.shown = 0
        self.above = [Run() for _ in range(GRADES)]
        self.clear = [Run() for _ in range(GRADES)]

    def read(self, rules: SignRules, at_ms: int, *, shown: int, stays: int, at_once: bool) -> None:
        """Take one reading of the sign."""
        after = 0
        for level in range(1, GRADES + 1):
            above, clear = self.above[level - 1], self.clear[level - 1]
            is_above, is_clear = level <= shown, level > stays
            if is_above:
                above.go_on(at_ms)
            else:
                above.end()
            if is_clear:
                clear.go_on(at_ms)
            else:
                clear.end()
            is_kept = level <= self.grade and not (is_clear and clear.lasted(at_ms, rules.clear_ms))
            if is_kept or (is_above and (at_once or above.lasted(at_ms, rules.persist_ms))):
                after = level
        self.grade = after
