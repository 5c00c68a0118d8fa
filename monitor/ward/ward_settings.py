"""Everything that a site may set, as one frozen record for the pure core.

:mod:`monitor.settings.settings` fills it from the TOML files; tests may build it by hand. The
record of each part is declared by the module that uses it. Times are milliseconds.
"""

from dataclasses import dataclass
from typing import Literal

from detectors.books import Book
from detectors.detection import DetectionParams
from detectors.symptoms import SymptomRow
from monitor.care.ladders import Ladder
from monitor.care.products import Product
from monitor.care.schedules import Schedule
from monitor.care.silence import SilenceParams
from monitor.care.variants import Mitigation
from monitor.care.watches import WindowRow

LatchedPriority = Literal["high", "medium", "low"]


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
    """

    realert_high_ms: int
    realert_medium_ms: int
    latch_priorities: tuple[LatchedPriority, ...]
    device_silent_after_ms: int
    never_heard_after_ms: int
    late_tolerance_ms: int

    def __post_init__(self) -> None:
        """Refuse times that would make an alert silent or restless."""
        if self.realert_high_ms > self.realert_medium_ms:
            raise ValueError("realert_high must not be longer than realert_medium")
        if "high" not in self.latch_priorities:
            raise ValueError("latch_priorities must contain 'high'")
        for name in ("realert_high_ms", "device_silent_after_ms", "never_heard_after_ms"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name.removesuffix('_ms')} must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class WardSettings:
    """All parameters of a ward, and the digest of the files that they were read from."""

    digest: str
    detection: DetectionParams
    side_books: tuple[Book, ...]
    symptoms: tuple[SymptomRow, ...]
    silence: SilenceParams
    alerts: AlertParams
    products: tuple[Product, ...]
    ladders: tuple[Ladder, ...]
    mitigation: Mitigation
    windows: tuple[WindowRow, ...]
    schedule: Schedule

    def product(self, key: str) -> Product | None:
        """Return the product of a key, or None when the site does not list it."""
        return next((one for one in self.products if one.key == key), None)
