"""Rule books as they stand in their files: the active one and those that are read beside it.

A file is a book of rules (`criteria`) or of bands (`score`). Any book of graded rules that asks
for nothing but vital signs and baselines may be the active one; all others are side books, which
may ask for more and decide nothing.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from detectors.ages import NO_END, AgeBand
from detectors.book_table import FACTS
from detectors.books import Book, BookKind, BookRow, Condition, Response, Subject
from detectors.channels import CANONICAL_UNITS, CENTI, CHANNEL_NAMES, Channel
from detectors.quantities import QUANTITIES, Quantity
from detectors.rulebook import Basis, Clause, Comparison, Rule, RuleBook
from monitor.care.ladders import GRADES
from monitor.tables.tables import Table, check_unit, exact, record, unique

FileBasis: TypeAlias = Literal[
    "level", "rise", "fall", "rise_percent", "fall_percent", "ratio", "baseline"
]
BASES: dict[str, Basis] = {
    "level": "level",
    "rise": "rise",
    "fall": "fall",
    "rise_percent": "rise_percent",
    "fall_percent": "fall_percent",
    "ratio": "ratio",
}
"""The bases of a clause; ``baseline`` is a condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseRow:
    """One comparison of a rule."""

    channel: Channel
    basis: FileBasis
    comparison: Comparison
    value_centi: int
    unit: str
    quantity: str = ""
    over: str = ""
    per_year_centi: int = 0

    def __post_init__(self) -> None:
        """Refuse a unit that is not the one of what is compared, and an unknown quantity."""
        special = {"rise_percent": "%", "fall_percent": "%", "ratio": "1"}
        check_unit(self.unit, special.get(self.basis, CANONICAL_UNITS[self.channel]))
        for key in ("quantity", "over"):
            name = getattr(self, key)
            if name and name not in QUANTITIES:
                raise ValueError(f"{key}: unknown {name!r}; known: {', '.join(QUANTITIES)}")
        if bool(self.over) != (self.basis == "ratio"):
            raise ValueError("a ratio, and nothing else, needs what it is taken over (over)")
        if self.basis == "baseline" and (self.quantity or self.per_year_centi):
            raise ValueError("a baseline is that of its channel and has one limit for all ages")

    def clause(self) -> Clause | None:
        """Return the comparison as the core wants it; None for a condition."""
        if self.basis == "baseline":
            return None
        return Clause(
            channel=self.channel,
            basis=BASES[self.basis],
            comparison=self.comparison,
            limit_centi=self.value_centi,
            quantity=_quantity(self.quantity),
            over=_quantity(self.over),
            per_year_centi=self.per_year_centi,
        )

    def condition(self) -> Condition:
        """Return a comparison with the baseline itself as the core wants it."""
        return Condition(
            subject="baseline",
            comparison=self.comparison,
            limit_centi=self.value_centi,
            channel=self.channel,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule of a book; a bypass row has no grade."""

    id: str
    sign: str
    clauses: tuple[ClauseRow, ...]
    source: tuple[str, ...]
    grade: int = 0
    note: str = ""
    unless_baseline: bool = False
    age_from_centi: int | None = None
    age_below_centi: int | None = None
    lasting_ms: int = 0
    lasting_comparison: Literal[">=", ">"] = ">="
    undefined: bool = False

    def __post_init__(self) -> None:
        """Refuse ages that nobody has, and a limit that rises with age for ever."""
        band = age_band(self.age_from_centi, self.age_below_centi)
        if not band.has_end and any(one.per_year_centi for one in self.clauses):
            raise ValueError("a limit that rises with age (per_year) needs an end (age_below)")

    @property
    def is_plain(self) -> bool:
        """It asks for nothing but age, and vital signs and baselines as they are now."""
        extras = (self.lasting_ms, self.undefined)
        return not any(extras) and all(one.basis != "baseline" for one in self.clauses)

    def rule(self) -> Rule:
        """Return the rule as the active book wants it."""
        return Rule(
            id=self.id,
            sign=self.sign,
            grade=self.grade,
            clauses=self._clauses(),
            source=self.source,
            note=self.note,
            unless_baseline=self.unless_baseline,
            ages=age_band(self.age_from_centi, self.age_below_centi),
        )

    def row(self) -> BookRow:
        """Return the rule as a side book wants it."""
        baselines = tuple(one.condition() for one in self.clauses if one.basis == "baseline")
        return BookRow(
            id=self.id,
            sign=self.sign,
            clauses=self._clauses(),
            source=self.source,
            note=self.note,
            conditions=(*ages(self.age_from_centi, self.age_below_centi), *baselines),
            grade=self.grade,
            lasting_ms=self.lasting_ms,
            lasting_comparison=self.lasting_comparison,
            undefined=self.undefined,
            unless_baseline=self.unless_baseline,
        )

    def _clauses(self) -> tuple[Clause, ...]:
        return tuple(clause for one in self.clauses if (clause := one.clause()) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandRow:
    """One band of a parameter of a score, and its points."""

    of: str
    points: int
    unit: str
    source: tuple[str, ...]
    at_least_centi: int | None = None
    above_centi: int | None = None
    at_most_centi: int | None = None
    below_centi: int | None = None
    age_from_centi: int | None = None
    age_below_centi: int | None = None
    on_oxygen: bool | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse a band of nothing, without an end, or in a foreign unit."""
        if self.of not in (*CHANNEL_NAMES, *FACTS):
            raise ValueError(f"of: unknown {self.of!r}; known: {', '.join(CHANNEL_NAMES + FACTS)}")
        is_channel = self.of in CHANNEL_NAMES
        check_unit(self.unit, CANONICAL_UNITS[self._channel] if is_channel else "1")
        if not self._ends():
            raise ValueError("a band needs an end: at_least, above, at_most or below")

    @property
    def _channel(self) -> Channel:
        return Channel[self.of.upper()]

    def _ends(self) -> tuple[tuple[Comparison, int], ...]:
        given: tuple[tuple[Comparison, int | None], ...] = (
            (">=", self.at_least_centi),
            (">", self.above_centi),
            ("<=", self.at_most_centi),
            ("<", self.below_centi),
        )
        return tuple((comparison, limit) for comparison, limit in given if limit is not None)

    def row(self, name: str) -> BookRow:
        """Return the band as a side book wants it."""
        conditions = list(ages(self.age_from_centi, self.age_below_centi))
        clauses: list[Clause] = []
        for comparison, limit in self._ends():
            if self.of in CHANNEL_NAMES:
                clauses.append(
                    Clause(
                        channel=self._channel,
                        basis="level",
                        comparison=comparison,
                        limit_centi=limit,
                    )
                )
            else:
                subject: Subject = "oxygen" if self.of == "oxygen" else "consciousness"
                conditions.append(
                    Condition(subject=subject, comparison=comparison, limit_centi=limit)
                )
        if self.on_oxygen is not None:
            conditions.append(
                Condition(
                    subject="oxygen", comparison=">" if self.on_oxygen else "<=", limit_centi=0
                )
            )
        return BookRow(
            id=name,
            sign=self.of,
            clauses=tuple(clauses),
            source=self.source,
            note=self.note,
            conditions=tuple(conditions),
            points=self.points,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRow:
    """What a score asks for from a total or from one parameter's points on."""

    words: str
    urgent: bool
    source: tuple[str, ...]
    least_points: int | None = None
    least_single: int | None = None

    def __post_init__(self) -> None:
        """Refuse a response to nothing."""
        if self.least_points is None and self.least_single is None:
            raise ValueError("a response needs least_points or least_single")

    def response(self) -> Response:
        """Return the response as the core wants it."""
        return Response(
            words=self.words,
            urgent=self.urgent,
            source=self.source,
            least_points=self.least_points,
            least_single=self.least_single,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something a publication asks for that its table here does not hold, and why."""

    what: str
    because: str
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFile:
    """One file of rulebooks/."""

    name: str
    version: int
    title: str
    kind: BookKind = "criteria"
    cannot_see: str = ""
    age_from_centi: int | None = None
    age_below_centi: int | None = None
    step_centi: tuple[int, ...] = ()
    rule: tuple[RuleRow, ...] = ()
    band: tuple[BandRow, ...] = ()
    unseen: tuple[str, ...] = ()
    response: tuple[ResponseRow, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    on_request: bool = False

    @property
    def can_be_active(self) -> bool:
        """All its rules are graded and plain."""
        rules = all(row.grade in GRADES and row.is_plain for row in self.rule)
        ageless = self.age_from_centi is None and self.age_below_centi is None
        return self.kind == "criteria" and rules and ageless and not self.step_centi

    def rule_book(self) -> RuleBook:
        """Return the book as the active one."""
        rules = tuple(row.rule() for row in self.rule)
        return RuleBook(name=self.name, version=self.version, title=self.title, rules=rules)

    def book(self) -> Book:
        """Return the book as a side book."""
        counts: dict[str, int] = {}
        rows = [row.row() for row in self.rule]
        for band in self.band:
            counts[band.of] = counts.get(band.of, 0) + 1
            rows.append(band.row(f"{self.name}.{band.of}.{counts[band.of]}"))
        return Book(
            name=self.name,
            version=self.version,
            title=self.title,
            kind=self.kind,
            rows=tuple(rows),
            cannot_see=self.cannot_see,
            conditions=ages(self.age_from_centi, self.age_below_centi),
            step_centi=self.step_centi,
            unseen=self.unseen,
            responses=tuple(row.response() for row in self.response),
            on_request=self.on_request,
        )


def age_band(from_centi: int | None, below_centi: int | None) -> AgeBand:
    """Return an age band, in hundredths of a year, as the active book wants it."""
    return AgeBand(from_centi=from_centi or 0, below_centi=below_centi or NO_END)


def ages(from_centi: int | None, below_centi: int | None) -> tuple[Condition, ...]:
    """Return an age band, in hundredths of a year, as conditions."""
    given: tuple[tuple[Comparison, int | None], ...] = ((">=", from_centi), ("<", below_centi))
    return tuple(
        Condition(subject="age", comparison=comparison, limit_centi=limit)
        for comparison, limit in given
        if limit is not None
    )


def book_file(table: Table) -> BookFile:
    """Return one file of rulebooks/, whose grades must rise with their limits."""
    made = record(table, BookFile, step_centi=_steps)
    key, other = ("rule", "band") if made.kind == "criteria" else ("band", "rule")
    if not getattr(made, key):
        table.refuse(key, "missing key")
    for extra in (other, *(("response", "unseen") if made.kind == "criteria" else ())):
        if getattr(made, extra):
            table.keep(extra, f"has no place in a book of the kind {made.kind!r}")
    for row in made.rule:
        if row.grade not in (0, *GRADES):
            table.keep(f"rule {row.id}", f"grade must be among {GRADES}, got {row.grade}")
    unique(table, "rule", [row.id for row in made.rule])
    for words in steepness_faults(made.rule):
        table.keep("rule", words)
    return made


def steepness_faults(rules: tuple[RuleRow, ...]) -> tuple[str, ...]:
    """Return every pair of rules of one sign and one form whose grades rise and limits do not.

    With several clauses one stricter limit is enough; without any, the lower grade could never
    be shown.
    """
    found: list[str] = []
    for low in rules:
        for high in rules:
            if low.sign != high.sign or low.grade >= high.grade or _form(low) != _form(high):
                continue
            pairs = zip(_extremes(low), _extremes(high), strict=True)
            if low.grade and all(stricter <= weaker for weaker, stricter in pairs):
                found.append(
                    f"{high.id} (grade {high.grade}) must have a stricter limit than "
                    f"{low.id} (grade {low.grade})"
                )
    return tuple(found)


def _form(rule: RuleRow) -> tuple[object, ...]:
    clauses = (
        (one.channel, one.basis, one.quantity, one.over, one.comparison[0] == ">")
        for one in rule.clauses
    )
    return rule.age_from_centi, rule.age_below_centi, rule.unless_baseline, *clauses


def _extremes(rule: RuleRow) -> tuple[tuple[int, bool], ...]:
    """Return how strict a rule is, part by part: a larger pair is a stricter limit."""
    sides = [(one, 1 if one.comparison[0] == ">" else -1) for one in rule.clauses]
    limits = tuple((side * one.value_centi, len(one.comparison) == 1) for one, side in sides)
    return (*limits, (rule.lasting_ms, rule.lasting_comparison == ">"))


def _quantity(name: str) -> Quantity | None:
    return QUANTITIES[name] if name else None


def _steps(table: Table) -> tuple[int, ...]:
    """Return what values are rounded to by channel, in hundredths; empty when nothing is."""
    table.asked.add("round_to")
    raw = table.values.get("round_to")
    if raw is None:
        return ()
    if not isinstance(raw, dict):
        table.refuse("round_to", "must be a table with one step for each channel it rounds")
    inner = table.inner("round_to", raw)
    made = tuple(
        exact(inner, name, inner.ask(name), CENTI) if name in raw else 1 for name in CHANNEL_NAMES
    )
    inner.close()
    if min(made) <= 0:
        table.refuse("round_to", "a step must be above 0")
    return made
