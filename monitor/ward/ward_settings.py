"""Everything that a site may set, as one frozen record for the pure core.

:mod:`monitor.settings.settings` fills it from the TOML files; tests may build it by hand. The
record of each part is declared by the module that uses it. Times are milliseconds.
"""

from dataclasses import dataclass
from typing import Final, Literal

from detectors.books import Book
from detectors.detection import DetectionParams
from detectors.symptoms import SymptomRow
from monitor.care.drugs import DrugRemark, DrugRow
from monitor.care.escalation import EscalationStep
from monitor.care.hearing import HearingParams
from monitor.care.history import HistoryParams
from monitor.care.ladders import Ladder
from monitor.care.products import Product
from monitor.care.schedules import Schedule
from monitor.care.silence import SilenceParams
from monitor.care.variants import Mitigation
from monitor.care.watches import WindowRow

LatchedPriority = Literal["high", "medium", "low"]

SNOOZE_GRADE_BOUND: Final = 2
"""No site may let grades be snoozed that make a high alert."""

FLAP_COUNT_LEAST: Final = 2
"""What has come once does not flap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertParams:
    """Times and rules of the life of an alert.

    Attributes
    ----------
    realert_high_ms, realert_medium_ms
        How long an acknowledged alert may stand before it is signalled again.
    latch_priorities
        Priorities whose signal stays, after the condition ended, until it is acknowledged.
    device_silent_after_ms
        A device that was heard and then is silent for so long raises a technical alert.
    never_heard_after_ms
        A device of an open session that was never heard raises one after so long.
    late_tolerance_ms
        A reading measured longer ago than this when it arrives is stored and not judged.
    audio_pause_max_ms
        The longest time for which the sound of an alert may be paused.
    snooze_max_ms, snooze_grade_max
        The longest snooze, and the highest grade that may be snoozed.
    unsteady_after_ms, unsteady_clear_ms
        A sensor that stands still or swings to and fro is told after so long, and no more when
        it has not done so for so long.
    flap_count, flap_window_ms, flap_clear_ms
        A cause that begins so often within so long flaps; its alert ends when readings have
        shown it clear for so long.
    """

    realert_high_ms: int
    realert_medium_ms: int
    latch_priorities: tuple[LatchedPriority, ...]
    device_silent_after_ms: int
    never_heard_after_ms: int
    late_tolerance_ms: int
    audio_pause_max_ms: int
    snooze_max_ms: int
    snooze_grade_max: int
    unsteady_after_ms: int
    unsteady_clear_ms: int
    flap_count: int
    flap_window_ms: int
    flap_clear_ms: int

    def __post_init__(self) -> None:
        """Refuse times that would make an alert silent or restless."""
        if self.realert_high_ms > self.realert_medium_ms:
            raise ValueError("realert_high must not be longer than realert_medium")
        if "high" not in self.latch_priorities:
            raise ValueError("latch_priorities must contain 'high'")
        positive = (
            "realert_high_ms",
            "device_silent_after_ms",
            "never_heard_after_ms",
            "audio_pause_max_ms",
            "snooze_max_ms",
            "flap_window_ms",
            "unsteady_after_ms",
            "unsteady_clear_ms",
        )
        for name in positive:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name.removesuffix('_ms')} must be above 0")
        if not 1 <= self.snooze_grade_max <= SNOOZE_GRADE_BOUND:
            raise ValueError(
                f"snooze_grade_max must be 1 to {SNOOZE_GRADE_BOUND}, got {self.snooze_grade_max}: "
                f"a high alert is acknowledged, never snoozed"
            )
        if self.flap_count < FLAP_COUNT_LEAST:
            raise ValueError(f"flap_count must be at least {FLAP_COUNT_LEAST}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WardSettings:
    """All parameters of a ward, and the digest of the files that they were read from."""

    digest: str
    detection: DetectionParams
    side_books: tuple[Book, ...]
    symptoms: tuple[SymptomRow, ...]
    silence: SilenceParams
    alerts: AlertParams
    escalation: tuple[EscalationStep, ...]
    hearing: HearingParams
    products: tuple[Product, ...]
    ladders: tuple[Ladder, ...]
    drugs: tuple[DrugRow, ...]
    drug_remarks: tuple[DrugRemark, ...]
    mitigation: Mitigation
    windows: tuple[WindowRow, ...]
    schedule: Schedule
    history: HistoryParams

    def product(self, key: str) -> Product | None:
        """Return the product of a key, or None when the site does not list it."""
        return next((one for one in self.products if one.key == key), None)
