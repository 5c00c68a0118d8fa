"""What a ward remembers of a device from how its messages arrive."""

from dataclasses import dataclass, field
from typing import Final

from monitor.care.counting import Starts
from monitor.care.hearing import RIGHT, DeviceClock
from monitor.care.tokens import FULL, Bucket

FAR_MS: Final = 2**62
"""A time that never comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One trouble of a device: since when, and what there is to say about it."""

    onset_ms: int
    more: str = ""
    until_ms: int = FAR_MS


@dataclass(slots=True, kw_only=True)
class Hearing:
    """What is known of one device.

    ``slowest_ms`` is how long it may be silent; ``refused`` counts the messages that were refused
    since one was taken; a device that is ``resting`` need not send anything. ``bucket`` is how many
    more messages of it may come in by the time of receipt, ``measured_bucket`` and
    ``stored_bucket`` by the times at which it measured, at once and from its store.
    """

    clock: DeviceClock = RIGHT
    starts: Starts = ()
    troubles: dict[str, Finding] = field(default_factory=dict)
    slowest_ms: int = FAR_MS
    resting: bool = False
    refused: int = 0
    bucket: Bucket = FULL
    measured_bucket: Bucket = FULL
    stored_bucket: Bucket = FULL
