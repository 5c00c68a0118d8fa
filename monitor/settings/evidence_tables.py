"""patterns.toml and clues.toml: which signs make a picture, and what speaks for which."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from detectors.channels import CANONICAL_UNITS, CENTI, Channel
from detectors.clues import KINDS, Clue, Slope
from detectors.context import FLAG_NAMES, ContextFlag
from detectors.patterns import DANGEROUS_FLOOR, RANK_STEP, PatternRow
from detectors.rulebook import Clause
from monitor.care.ladders import GRADES, PATTERNS
from monitor.settings.book_tables import ClauseRow
from monitor.tables.tables import Table, check_unit, each, record, unique

SignPairs = tuple[tuple[str, int], ...]

POINTS_MAX: Final = RANK_STEP // CENTI // 2
"""All points for one pattern, and all against it, together weigh less than one step of a floor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeRow:
    """The slope of a clue, as it stands in the file."""

    channel: Channel
    per_min_centi: int
    within_ms: int
    least_readings: int
    unit: str

    def __post_init__(self) -> None:
        """Refuse a foreign unit, and a slope of nothing."""
        check_unit(self.unit, CANONICAL_UNITS[self.channel])
        if not self.per_min_centi or self.within_ms <= 0 or self.least_readings < 2:  # noqa: PLR2004 - two points make a line
            raise ValueError("per_min must not be 0, within above 0, least_readings 2 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The table [memory]: how long a sign that has ended still counts."""

    value_ms: int
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse to forget at once, by which nothing could be divided."""
        if self.value_ms <= 0:
            raise ValueError("value must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inertia:
    """The table [inertia]: by how many points another picture must be better supported."""

    value_points: int
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClueFile:
    """The whole of clues.toml."""

    memory: Memory
    inertia: Inertia
    clue: tuple[Clue, ...]


def pattern_rows(table: Table, signs: tuple[str, ...] | None) -> tuple[PatternRow, ...]:
    """Return the rows of patterns.toml, in order of precedence."""

    def read(row: Table) -> PatternRow:
        made = record(
            row,
            PatternRow,
            every=_pairs("every", signs),
            some=_pairs("some", signs),
            none=_pairs("none", signs),
            lasting_ms=lambda one: one.time("lasting", default_ms=0),
            after_rate_step_ms=lambda one: one.time("after_rate_step", default_ms=0),
            flags=_flags("flags"),
        )
        if made.name not in PATTERNS:
            row.refuse("name", f"unknown pattern {made.name!r}; known: {', '.join(PATTERNS)}")
        if made.floor not in (0, *GRADES):
            row.refuse("floor", f"must be 0 to 4, got {made.floor}")
        if not made.every and not made.some:
            row.refuse("every", "a pattern asks for at least one sign (every or some)")
        if made.fallback and made.floor >= DANGEROUS_FLOOR:
            row.refuse("fallback", f"must be false for a floor of {DANGEROUS_FLOOR} or more")
        return made

    rows = each(table.rows("pattern"), read)
    table.close()
    return tuple(rows)


def clue_file(table: Table, signs: tuple[str, ...] | None) -> ClueFile:
    """Return clues.toml; ``signs`` are the known ones, or None if they could not be read."""

    def clues(outer: Table) -> tuple[Clue, ...]:
        rows = tuple(each(outer.rows("clue"), lambda row: _clue(row, signs)))
        unique(outer, "clue", [one.id for one in rows])
        _check_sums(outer, rows)
        return rows

    return record(table, ClueFile, clue=clues)


def _clue(row: Table, signs: tuple[str, ...] | None) -> Clue:
    def sign(key: str) -> Callable[[Table], str]:
        return lambda one: _sign(one, key, signs)

    made = record(
        row,
        Clue,
        signs=_pairs("signs", signs),
        absent=_pairs("absent", signs),
        points=_points,
        clauses=_clauses,
        slope=_slope,
        first=sign("first"),
        then=sign("then"),
        after_step_ms=lambda one: one.time("after_step", default_ms=0),
        eased_ms=lambda one: one.time("eased", default_ms=0),
        flags=_flags("flags"),
        unless=_flags("unless"),
    )
    if made.kind not in KINDS:
        row.refuse("kind", f"unknown kind {made.kind!r}; known: {', '.join(KINDS)}")
    if bool(made.first) != bool(made.then):
        row.refuse("first", "an order needs both signs (first and then)")
    asks = (made.signs, made.absent, made.clauses, made.first, made.slope, made.after_step_ms)
    if not any((*asks, made.eased_ms, made.flags)):
        row.refuse("", "the clue asks for nothing, and would always hold")
    return made


def _check_sums(table: Table, clues: tuple[Clue, ...]) -> None:
    for pattern in PATTERNS:
        points = [points for clue in clues for name, points in clue.points if name == pattern]
        for total in (sum(p for p in points if p > 0), -sum(p for p in points if p < 0)):
            if total >= POINTS_MAX:
                table.refuse(
                    "clue",
                    f"all points for or against {pattern!r} come to {total}; must stay below "
                    f"{POINTS_MAX}, or evidence could outweigh a grade",
                )


def _sign(row: Table, key: str, signs: tuple[str, ...] | None) -> str:
    row.asked.add(key)
    if key not in row.values:
        return ""
    name = row.read(key, str)
    if signs is not None and name not in signs:
        row.refuse(key, f"unknown sign {name!r}; known: {', '.join(signs)}")
    return name


def _pairs(key: str, signs: tuple[str, ...] | None) -> Callable[[Table], SignPairs]:
    """Return the reader of a table of signs and their least grades."""

    def read(row: Table) -> SignPairs:
        row.asked.add(key)
        raw = row.values.get(key, {})
        if not isinstance(raw, dict):
            row.refuse(key, "must be a table of signs and their least grades")
        inner = row.inner(key, raw)

        def pair(sign: str) -> tuple[str, int]:
            grade = inner.read(sign, int)
            if grade not in GRADES:
                inner.refuse(sign, f"least grade must be among {GRADES}, got {grade}")
            if signs is not None and sign not in signs:
                inner.refuse(sign, f"unknown sign; known: {', '.join(signs)}")
            return sign, grade

        return tuple(each(raw, pair))

    return read


def _points(row: Table) -> SignPairs:
    raw = row.ask("points")
    if not isinstance(raw, dict) or not raw:
        row.refuse("points", "must be a table of patterns and their points")
    inner = row.inner("points", raw)

    def pair(pattern: str) -> tuple[str, int]:
        points = inner.read(pattern, int)
        if not points:
            inner.refuse(pattern, "0 points say nothing: leave the pattern out")
        if pattern not in PATTERNS:
            inner.refuse(pattern, f"unknown pattern; known: {', '.join(PATTERNS)}")
        return pattern, points

    return tuple(each(raw, pair))


def _clauses(row: Table) -> tuple[Clause, ...]:
    row.asked.add("clauses")
    if "clauses" not in row.values:
        return ()
    rows = each(row.rows("clauses"), lambda one: record(one, ClauseRow))
    clauses = tuple(clause for one in rows if (clause := one.clause()) is not None)
    if len(clauses) < len(rows):
        row.refuse("clauses", "a clue compares with the baseline by rise or fall")
    return clauses


def _slope(row: Table) -> Slope | None:
    row.asked.add("slope")
    raw = row.values.get("slope")
    if raw is None:
        return None
    if not isinstance(raw, dict):
        row.refuse("slope", "must be a table with channel, per_min, within_s, least_readings, unit")
    made = record(row.inner("slope", raw), SlopeRow)
    return Slope(
        channel=made.channel,
        centi_per_min=made.per_min_centi,
        within_ms=made.within_ms,
        least_readings=made.least_readings,
    )


def _flags(key: str) -> Callable[[Table], tuple[ContextFlag, ...]]:
    """Return the reader of a list of flags of the person and the drug."""

    def read(row: Table) -> tuple[ContextFlag, ...]:
        row.asked.add(key)
        if key not in row.values:
            return ()
        names = row.read(key, tuple[str, ...])
        for name in names:
            if name not in FLAG_NAMES:
                row.refuse(key, f"unknown flag {name!r}; known: {', '.join(FLAG_NAMES)}")
        return tuple(ContextFlag(FLAG_NAMES.index(name)) for name in names)

    return read
