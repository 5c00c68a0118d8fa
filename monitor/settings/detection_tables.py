"""The tables of the detection core as they stand in their files, one record a row.

channels.toml, detection.toml and symptoms.toml are read here and checked against
each other: units, nested limits, names that exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from detectors.baseline import BaselineRemark
from detectors.channels import CANONICAL_UNITS, CENTI, CHANNEL_NAMES, MISSING, Channel
from detectors.rulebook import Comparison, RuleBook
from detectors.steadiness import LEAST_SWINGS, MOST_SWINGS
from detectors.symptoms import SymptomRow, symptom_signs
from detectors.trends import SPAN_MIN
from monitor.settings.book_tables import RuleRow, age_band
from monitor.tables.faults import FaultKept
from monitor.tables.tables import Table, check_unit, each, exact, record, records, unique

LEAST_SCATTER: Final = 3
"""Fewer readings scatter around nothing."""

LEAST_SLOPE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """One row of channels.toml."""

    name: Channel
    unit: str
    impossible_below_centi: int
    impossible_above_centi: int
    suspicious_below_centi: int
    suspicious_above_centi: int
    change_centi: int
    change_within_ms: int
    swing_centi: int
    swing_within_ms: int
    swings: int
    flat_ms: int
    hysteresis_centi: int
    baseline_doubt_centi: int
    baseline_settling_centi: int
    valid_ms: int
    stale_ms: int
    charted_stale_ms: int
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a foreign unit, and limits that are not nested."""
        check_unit(self.unit, CANONICAL_UNITS[self.name])
        outer = (self.impossible_below_centi, self.impossible_above_centi)
        inner = (self.suspicious_below_centi, self.suspicious_above_centi)
        if not outer[0] <= inner[0] < inner[1] <= outer[1]:
            raise ValueError("the suspicious limits must lie inside the impossible ones")
        if min(self.change_centi, self.baseline_settling_centi) <= 0:
            raise ValueError("change must be above 0, and so must baseline_settling")
        if min(self.hysteresis_centi, self.baseline_doubt_centi) < 0:
            raise ValueError("hysteresis and doubt must not be negative")
        if self.swing_centi <= 0 or not LEAST_SWINGS <= self.swings <= MOST_SWINGS:
            raise ValueError(f"swing must be above 0, and swings {LEAST_SWINGS} to {MOST_SWINGS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkRow:
    """A bound of the baseline beyond which it is remarked as abnormal."""

    channel: Channel
    comparison: Comparison
    value_centi: int
    unit: str
    source: tuple[str, ...]
    age_from_centi: int | None = None
    age_below_centi: int | None = None

    def __post_init__(self) -> None:
        """Refuse a unit that is not the one of the channel, and ages that nobody has."""
        check_unit(self.unit, CANONICAL_UNITS[self.channel])
        age_band(self.age_from_centi, self.age_below_centi)

    def remark(self) -> BaselineRemark:
        """Return the bound as the core wants it.

        The core asks "below" and "above"; whole hundredths turn "at or above" into "above".
        """
        is_below = self.comparison.startswith("<")
        included = 1 if self.comparison.endswith("=") else 0
        return BaselineRemark(
            channel=self.channel,
            below_centi=self.value_centi + included if is_below else MISSING,
            above_centi=MISSING if is_below else self.value_centi - included,
            ages=age_band(self.age_from_centi, self.age_below_centi),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineTable:
    """The table [baseline] of detection.toml; spacing is by column."""

    least_readings: int
    rest_ms: int
    noise_readings: int
    drift_readings: int
    renewal_pause_ms: int
    renewal_within_ms: int
    not_during: tuple[str, ...]
    spacing_ms: tuple[int, ...]
    remark: tuple[RemarkRow, ...]
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse numbers of readings from which nothing can be said."""
        if self.least_readings < 1:
            raise ValueError("least_readings must be at least 1")
        if min(self.noise_readings, self.drift_readings) < LEAST_SCATTER:
            raise ValueError(
                f"noise_readings and drift_readings must be at least {LEAST_SCATTER}: "
                "fewer readings show neither"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryTable:
    """The table [history] of detection.toml; spacing is by column."""

    spacing_ms: tuple[int, ...]
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcursionTable:
    """The table [excursions] of detection.toml; moved is by column."""

    trend_ms: int
    trend_readings: int
    session_readings: int
    moved_centi: tuple[int, ...]
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse slopes of one reading, sessions without any, and movements of nothing."""
        if self.trend_readings < LEAST_SLOPE:
            raise ValueError(f"trend_readings must be at least {LEAST_SLOPE}: one has no slope")
        if self.session_readings < 1:
            raise ValueError("session_readings must be at least 1")
        if min(self.moved_centi) < SPAN_MIN:
            raise ValueError(f"moved must be at least {SPAN_MIN} hundredths")


Spaced = TypeVar("Spaced", BaselineTable, HistoryTable)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRow:
    """How one sign is confirmed and ends."""

    name: str
    kind: str
    persist_ms: int
    clear_ms: int
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseRow:
    """One band of the pulse-pressure rule."""

    sbp_from_centi: int
    sbp_below_centi: int
    least_centi: int
    unit: str
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a foreign unit and an empty band."""
        check_unit(self.unit, "mm[Hg]")
        if self.sbp_from_centi >= self.sbp_below_centi:
            raise ValueError("sbp_from must be below sbp_below")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastGrade:
    """The table [corroboration]."""

    least_grade: int
    alone_within_ms: int
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """The table [required]."""

    channels: tuple[Channel, ...]
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The table [absent]."""

    after_ms: int
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadinessTable:
    """The table [steadiness]."""

    gap_ms: int
    swings_if_poor: int
    resent_ms: int
    held_ms: int
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a single swing, which is any fall or rise, as motion."""
        if not LEAST_SWINGS <= self.swings_if_poor <= MOST_SWINGS:
            raise ValueError(f"swings_if_poor must be {LEAST_SWINGS} to {MOST_SWINGS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureNow:
    """The table [measure_now]."""

    pressure_older_ms: int
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionFile:
    """The whole of detection.toml."""

    baseline: BaselineTable
    history: HistoryTable
    excursions: ExcursionTable
    sign: tuple[SignRow, ...]
    corroboration: LeastGrade
    bypass: tuple[RuleRow, ...]
    alone: tuple[RuleRow, ...]
    pulse_pressure: tuple[PulseRow, ...]
    steadiness: SteadinessTable
    required: Required
    absent: Absent
    measure_now: MeasureNow


def channel_rows(table: Table) -> tuple[ChannelRow, ...]:
    """Return the rows of channels.toml in column order; every channel stands there once."""
    rows = records(table, "channel", ChannelRow)
    table.close()
    named = [row.name for row in rows]
    unique(table, "channel", [CHANNEL_NAMES[name] for name in named])
    for channel in Channel:
        if channel not in named:
            table.keep("channel", f"no row for channel {CHANNEL_NAMES[channel]!r}")
    if set(named) != set(Channel):
        raise FaultKept
    return tuple(sorted(rows, key=lambda row: row.name))


def symptom_rows(table: Table) -> tuple[SymptomRow, ...]:
    """Return the rows of symptoms.toml."""
    rows = records(table, "symptom", SymptomRow)
    table.close()
    unique(table, "symptom", [row.name for row in rows])
    return rows


def detection_file(table: Table) -> DetectionFile:
    """Return detection.toml as it stands."""

    def spacing(inner: Table) -> tuple[int, ...]:
        raw = inner.ask("spacing_s")
        if not isinstance(raw, dict):
            inner.refuse("spacing_s", "must be a table with one time for each channel")
        row = inner.inner("spacing_s", raw)
        times = each(CHANNEL_NAMES, lambda name: 1000 * row.read(name, int))
        row.close()
        return tuple(times)

    def excursions(outer: Table) -> ExcursionTable:
        raw = outer.ask("excursions")
        if not isinstance(raw, dict):
            outer.refuse("excursions", "must be a table")
        return record(outer.inner("excursions", raw), ExcursionTable, moved_centi=moved)

    def moved(inner: Table) -> tuple[int, ...]:
        raw = inner.ask("moved")
        if not isinstance(raw, dict):
            inner.refuse("moved", "must be a table with one value for each channel")
        row = inner.inner("moved", raw)
        values = each(CHANNEL_NAMES, lambda name: exact(row, name, row.ask(name), CENTI))
        row.close()
        return tuple(values)

    def spaced(name: str, kind: type[Spaced]) -> Callable[[Table], Spaced]:
        def made(outer: Table) -> Spaced:
            raw = outer.ask(name)
            if not isinstance(raw, dict):
                outer.refuse(name, "must be a table")
            return record(outer.inner(name, raw), kind, spacing_ms=spacing)

        return made

    made = record(
        table,
        DetectionFile,
        baseline=spaced("baseline", BaselineTable),
        history=spaced("history", HistoryTable),
        excursions=excursions,
    )
    unique(table, "sign", [row.name for row in made.sign])
    unique(table, "bypass", [row.id for row in made.bypass])
    unique(table, "alone", [row.id for row in made.alone])
    return made


def all_signs(book: RuleBook, symptoms: tuple[SymptomRow, ...]) -> tuple[str, ...]:
    """Return the signs of a book, then those that only symptoms can show."""
    return tuple(dict.fromkeys((*book.signs, *symptom_signs(symptoms))))
