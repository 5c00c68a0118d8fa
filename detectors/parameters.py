"""Everything that the detection core is told, as one record."""

from dataclasses import dataclass

from detectors.baseline import BaselineParams
from detectors.channels import Int32, Int64
from detectors.clues import Clue
from detectors.confirmation import ConfirmationParams
from detectors.excursions import ExcursionParams
from detectors.expectations import Expectations
from detectors.patterns import PatternRow
from detectors.quality import ChannelLimits, PulsePressureRow
from detectors.rulebook import Rule, RuleBook
from detectors.steadiness import SteadinessLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionParams:
    """Everything the detection core is told, all of it from ``config/``.

    Attributes
    ----------
    limits, pulse_pressure, steadiness, baseline : parameter records of the modules of those names
    book : RuleBook
        The site's active book.
    bypass : tuple of Rule
        Extremes that need no confirmation of their sign.
    alone : tuple of Rule
        Where one of a sign holds, its extremes need a confirmation after all: nothing answers
        them.
    alone_within_ms : int
        Values older than the newest reading of the bed by more say nothing of that.
    signs : tuple of str
        The signs of the book, then those that only symptoms can show.
    confirmation : ConfirmationParams
        In the order of ``signs``.
    group : int32 array, shape (sign,)
        Kind of measurement behind each sign; signs of different groups corroborate each other.
    corroborating_grade : int
        Least grade at which a sign of another group corroborates.
    hysteresis_centi : int32 array, shape (channel,)
        How far inside a limit a value must be before a sign may end.
    valid_ms : int64 array, shape (channel,)
        A value older than this is not combined with newer ones of other channels.
    history_spacing_ms : int64 array, shape (channel,)
        A reading closer than this to the one before is not kept in the history.
    excursions : ExcursionParams
        How departures are told.
    patterns : tuple of PatternRow
        Among equals the first that matches leads.
    clues : tuple of Clue
        What speaks for one pattern and against another.
    memory_ms : int
        How long a sign that has ended still counts.
    inertia_centi : int
        By how many hundredths of a point another pattern must be better supported than the
        one that leads.
    expectations : Expectations
        What drugs do to the vitals.
    """

    limits: ChannelLimits
    pulse_pressure: tuple[PulsePressureRow, ...]
    steadiness: SteadinessLimits
    baseline: BaselineParams
    book: RuleBook
    bypass: tuple[Rule, ...]
    signs: tuple[str, ...]
    confirmation: ConfirmationParams
    group: Int32
    corroborating_grade: int
    hysteresis_centi: Int32
    valid_ms: Int64
    history_spacing_ms: Int64
    excursions: ExcursionParams
    patterns: tuple[PatternRow, ...]
    expectations: Expectations
    alone: tuple[Rule, ...] = ()
    alone_within_ms: int = 0
    clues: tuple[Clue, ...] = ()
    memory_ms: int = 600_000
    inertia_centi: int = 0
