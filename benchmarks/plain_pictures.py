"""Pictures and evidence of one bed in plain Python: no arrays, one clue after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from detectors.clues import Clue, Slope
from detectors.confirmation import GRADES
from detectors.context import ContextFlag
from detectors.parameters import DetectionParams
from detectors.patterns import (
    DANGEROUS_FLOOR,
    FALLBACK_COST,
    NO_PATTERN,
    RANK_STEP,
    PatternRow,
)
from detectors.rulebook import Clause, linear_form

FULL: Final = 100
MINUTE_MS: Final = 60_000


@dataclass
class PlainMemory:
    """When each sign of one bed was there."""

    n_signs: int
    last_ms: list[list[int | None]] = field(default_factory=list)
    begun_ms: list[int | None] = field(default_factory=list)
    present: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nothing ever seen."""
        self.last_ms = [[None] * GRADES for _ in range(self.n_signs)]
        self.begun_ms = [None] * self.n_signs
        self.present = [False] * self.n_signs

    def left(self, sign: int, grade: int, at_ms: int, memory_ms: int) -> int:
        """Return how much of a grade of a sign still counts, in percent."""
        last_ms = self.last_ms[sign][grade - 1]
        if last_ms is None:
            return 0
        return FULL * min(memory_ms, max(0, memory_ms - (at_ms - last_ms))) // memory_ms

    def recent(self, sign: int, at_ms: int, memory_ms: int) -> int:
        """Return the highest grade of a sign that is not forgotten."""
        grades = range(GRADES, 0, -1)
        return next((g for g in grades if self.left(sign, g, at_ms, memory_ms)), 0)


@dataclass(frozen=True)
class Facts:
    """What is true about one bed when its pictures are looked at."""

    grades: Sequence[int]
    since_ms: Sequence[int | None]
    at_ms: int
    step_ms: int | None
    cut_ms: int | None
    flags: Sequence[bool]
    value: Sequence[int | None]
    base: Sequence[int | None]
    age_centi: int | None
    recent: Sequence[Sequence[tuple[int, int]]]
    """Recent readings of each channel with the newest at the end: time and hundredths."""


class PlainPictures:
    """The patterns and clues of a site, and one bed after the other."""

    def __init__(self, params: DetectionParams) -> None:
        self.params = params
        self.sign = {name: index for index, name in enumerate(params.signs)}
        measured = {rule.sign for rule in params.book.rules}
        self.measured = [index for name, index in self.sign.items() if name in measured]

    def look(self, memory: PlainMemory, facts: Facts, before: int) -> tuple[int, int]:
        """Remember the signs of a bed and return its leading row and the floor of its grade."""
        self.note(memory, facts)
        rows = [
            (number, row)
            for number, row in enumerate(self.params.patterns)
            if self.lifts(memory, facts, row)
        ]
        floor = max((row.floor for _, row in rows), default=0)
        named = [(number, row) for number, row in rows if not self.barred(memory, facts, row)]
        if not named:
            return NO_PATTERN, floor
        led = self.params.patterns[before].name if before != NO_PATTERN else ""

        def score(row: PatternRow) -> int:
            weight = self.weight(memory, facts, row.name) if len(named) > 1 else 0
            return (
                RANK_STEP * min(row.floor, DANGEROUS_FLOOR)
                - FALLBACK_COST * row.fallback
                + weight
                + self.params.inertia_centi * (row.name == led)
            )

        return max(named, key=lambda pair: (score(pair[1]), -pair[0]))[0], floor

    def note(self, memory: PlainMemory, facts: Facts) -> None:
        """Remember what is there now."""
        for sign, grade in enumerate(facts.grades):
            fresh = memory.left(sign, 1, facts.at_ms, self.params.memory_ms) > 0
            if grade and not memory.present[sign] and not fresh:
                since_ms = facts.since_ms[sign]
                memory.begun_ms[sign] = facts.at_ms if since_ms is None else since_ms
            for level in range(grade):
                memory.last_ms[sign][level] = facts.at_ms
            memory.present[sign] = grade > 0

    def lifts(self, memory: PlainMemory, facts: Facts, row: PatternRow) -> bool:
        """Return whether everything that a row asks for is there."""

        def late(sign: str, least: int) -> bool:
            recent = memory.recent(self.sign[sign], facts.at_ms, self.params.memory_ms)
            return recent >= least

        if not all(late(*pair) for pair in row.every):
            return False
        if row.some and not any(late(*pair) for pair in row.some):
            return False
        if not any(facts.grades[self.sign[s]] >= least for s, least in (*row.every, *row.some)):
            return False
        if not all(facts.flags[flag] for flag in row.flags):
            return False
        return self.lasts(facts, row) and soon(facts, row.after_rate_step_ms)

    def lasts(self, facts: Facts, row: PatternRow) -> bool:
        """Return whether the first sign of a row has lasted as long as it asks."""
        if not row.lasting_ms:
            return True
        begun_ms = facts.since_ms[self.sign[(row.every or row.some)[0][0]]]
        return begun_ms is not None and facts.at_ms - begun_ms >= row.lasting_ms

    def barred(self, memory: PlainMemory, facts: Facts, row: PatternRow) -> bool:
        """Return whether a row sees what it must not see."""
        return any(
            memory.recent(self.sign[sign], facts.at_ms, self.params.memory_ms) >= least
            for sign, least in row.none
        )

    def weight(self, memory: PlainMemory, facts: Facts, pattern: str) -> int:
        """Return the evidence for a pattern in hundredths of a point."""
        total = 0
        for clue in self.params.clues:
            points = dict(clue.points).get(pattern, 0)
            if points:
                total += points * self.percent(memory, facts, clue)[0]
        return total

    def percent(self, memory: PlainMemory, facts: Facts, clue: Clue) -> tuple[int, bool]:
        """Return how strong a clue is, and whether that cannot be judged."""

        def left(sign: str, grade: int) -> int:
            return memory.left(self.sign[sign], grade, facts.at_ms, self.params.memory_ms)

        percent = min([FULL, *(left(*pair) for pair in clue.signs)])
        if any(left(*pair) for pair in clue.absent):
            percent = 0
        if clue.first and not self.ordered(memory, clue, left(clue.first, 1), left(clue.then, 1)):
            percent = 0
        if not soon(facts, clue.after_step_ms):
            percent = 0
        if clue.eased_ms and not self.eased(memory, facts, clue.eased_ms):
            percent = 0
        if not all(facts.flags[flag] for flag in clue.flags):
            percent = 0
        if any(facts.flags[flag] for flag in clue.unless):
            percent = 0
        truths = [clause_truth(one, facts) for one in clue.clauses]
        if False in truths or not percent:
            return 0, False
        sloping = True if clue.slope is None else slope_truth(clue.slope, facts)
        if sloping is False:
            return 0, None in truths
        return (0, True) if None in truths or sloping is None else (percent, False)

    def ordered(self, memory: PlainMemory, clue: Clue, first_left: int, then_left: int) -> bool:
        """Return whether one sign has begun before another, and neither is forgotten."""
        first_ms, then_ms = (memory.begun_ms[self.sign[s]] for s in (clue.first, clue.then))
        if not first_left or not then_left or first_ms is None or then_ms is None:
            return False
        return first_ms < then_ms

    def eased(self, memory: PlainMemory, facts: Facts, within_ms: int) -> bool:
        """Return whether a measured sign went after the rate was lowered."""
        cut_ms = facts.cut_ms
        if cut_ms is None or facts.at_ms - cut_ms > within_ms:
            return False
        for sign in self.measured:
            last_ms, begun_ms = memory.last_ms[sign][0], memory.begun_ms[sign]
            gone = not memory.present[sign]
            if gone and memory.left(sign, 1, facts.at_ms, self.params.memory_ms):
                assert last_ms is not None
                assert begun_ms is not None
                if begun_ms < cut_ms <= last_ms:
                    return True
        return False


def soon(facts: Facts, within_ms: int) -> bool:
    """Return whether the rate was raised at most so long ago; 0 asks nothing."""
    if not within_ms:
        return True
    return facts.step_ms is not None and facts.at_ms - facts.step_ms <= within_ms


def clause_truth(clause: Clause, facts: Facts) -> bool | None:
    """Return whether a comparison holds; None where it cannot be judged."""
    form, threshold = linear_form(clause)
    known = [*facts.value, *facts.base, facts.age_centi]
    total = 0
    for weight, value in zip(form, known, strict=True):
        if weight and value is None:
            return None
        total += weight * (value or 0)
    return total >= threshold


def slope_truth(slope: Slope, facts: Facts) -> bool | None:
    """Return whether half of all pairs of readings change so fast; None where they are too few."""
    readings = facts.recent[slope.channel]
    if not readings:
        return None
    newest_ms = max(at_ms for at_ms, _ in readings)
    inside = [one for one in readings if newest_ms - one[0] <= slope.within_ms]
    pairs = [
        (later[1] - earlier[1], later[0] - earlier[0])
        for index, earlier in enumerate(inside)
        for later in inside[index + 1 :]
        if later[0] > earlier[0]
    ]
    if len(inside) < slope.least_readings or not pairs:
        return None
    limit = slope.centi_per_min
    ahead = [rise * MINUTE_MS - limit * time_ms for rise, time_ms in pairs]
    beyond = sum(one >= 0 if limit >= 0 else one <= 0 for one in ahead)
    return 2 * beyond >= len(pairs)


def flags_of(flags: Sequence[ContextFlag]) -> list[bool]:
    """Return which flags are set, in column order."""
    return [flag in flags for flag in ContextFlag]


def with_newest(
    kept: Sequence[tuple[int, int]], value: int | None, at_ms: int
) -> list[tuple[int, int]]:
    """Return recent readings with the newest one behind them, if it is not among them."""
    readings = list(kept)
    if value is not None and (not readings or at_ms > readings[-1][0]):
        readings.append((at_ms, value))
    return readings
