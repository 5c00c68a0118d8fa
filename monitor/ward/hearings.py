"""What a ward remembers of a device from how its messages arrive."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from detectors.channels import NEVER
from monitor.care.counting import Starts
from monitor.care.hearing import RIGHT, DeviceClock
from monitor.care.tokens import FULL, Bucket

FAR_MS: Final = 2**62
"""A time that never comes."""


class Onset(NamedTuple):
    """When something began that no reading measures.

    ``at_ms`` is when it came to this monitor. ``stamp_ms`` is the time that its sender, or whoever
    was heard last before it, has written: every monitor of the unit reads the same there, so an
    alert is named after it. NEVER where nothing had come.
    """

    at_ms: int
    stamp_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One trouble of a device: since when, and what there is to say about it."""

    onset: Onset
    more: str = ""
    until_ms: int = FAR_MS


@dataclass(slots=True, kw_only=True)
class Hearing:
    """What is known of one device.

    ``stamp_ms`` is the newest time that it has written on what it measured, as it wrote it.
    ``heard_ms`` is when it was heard last, by the bed for which it spoke, of the last beds only.
    ``slowest_ms`` is how long it may be silent; ``refused`` counts the messages that were refused
    since one was taken; a device that is ``resting`` need not send anything. ``bucket`` is how many
    more messages of it may come in by the time of receipt, ``measured_bucket`` and
    ``stored_bucket`` by the times at which it measured, at once and from its store.
    """

    clock: DeviceClock = RIGHT
    starts: Starts = ()
    troubles: dict[str, Finding] = field(default_factory=dict)
    stamp_ms: int = NEVER
    heard_ms: dict[str, int] = field(default_factory=dict)
    slowest_ms: int = FAR_MS
    resting: bool = False
    refused: int = 0
    bucket: Bucket = FULL
    measured_bucket: Bucket = FULL
    stored_bucket: Bucket = FULL
