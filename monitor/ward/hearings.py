"""What a ward remembers of a device from how its messages arrive."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from detectors.channels import NEVER
from monitor.care.counting import Starts
from monitor.care.hearing import RIGHT, DeviceClock
from monitor.care.tokens import FULL, Bucket
from monitor.facts.records import Input, MessageRefused

FAR_MS: Final = 2**62
"""A time that never comes."""

BEDS_SHOWN: Final = 64
"""Of so many beds, the first ones, it is kept that a trouble of a device showed there."""

OF_PEOPLE: Final = frozenset({"obs", "act", "session"})
"""Kinds of messages that people write; whoever did is answered when one is refused."""


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
    """One trouble of a device: since when, and what there is to say about it.

    ``beds`` is when it showed last in a message for each bed, in the order in which it showed
    there first: where it is told while no session names the device.
    """

    onset: Onset
    more: str = ""
    until_ms: int = FAR_MS
    beds: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Hearing:
    """What is known of one device.

    ``stamp_ms`` is the newest time that it has written on what it measured, as it wrote it.
    ``heard_ms`` is when it was heard last, by the bed for which it spoke, of the last beds only.
    ``stands_at`` is the bed for which its last messages spoke, and ``stands_since_ms`` since when
    they spoke for no other. ``slowest_ms`` is how long it may be silent; ``refused`` counts the
    messages that were refused since one with vital signs or of a pump was taken; a device that is
    ``resting`` need not send anything. ``bucket`` is how many more messages of it may come in by
    the time of receipt, ``measured_bucket`` and ``stored_bucket`` by the times at which it
    measured, at once and from its store.
    """

    clock: DeviceClock = RIGHT
    starts: Starts = ()
    troubles: dict[str, Finding] = field(default_factory=dict)
    stamp_ms: int = NEVER
    heard_ms: dict[str, int] = field(default_factory=dict)
    stands_at: str = ""
    stands_since_ms: int = NEVER
    slowest_ms: int = FAR_MS
    resting: bool = False
    refused: int = 0
    bucket: Bucket = FULL
    measured_bucket: Bucket = FULL
    stored_bucket: Bucket = FULL


def note_stand(hearing: Hearing, record: Input) -> None:
    """Keep the bed for which a device speaks now, and since when for no other."""
    if record.bed != hearing.stands_at:
        hearing.stands_at, hearing.stands_since_ms = record.bed, record.received_ms


def show_trouble(
    hearing: Hearing,
    key: str,
    record: Input,
    *,
    more: str,
    fades: bool,
    forgotten_ms: int,
) -> None:
    """Keep a trouble of a device that a message shows.

    One that ``fades`` ends when none has shown it for ``forgotten_ms``. Its onset stays.
    """
    now_ms, going = record.received_ms, hearing.troubles.get(key)
    before = {} if going is None else going.beds
    finding = Finding(
        onset=Onset(now_ms, hearing.stamp_ms) if going is None else going.onset,
        more=more,
        until_ms=now_ms + forgotten_ms if fades else FAR_MS,
        beds=_beds_shown(hearing, record, before, forgotten_ms),
    )
    hearing.troubles = {**hearing.troubles, key: finding}


def end_troubles(hearing: Hearing, keys: Iterable[str]) -> None:
    """Forget some troubles of a device."""
    if any(key in hearing.troubles for key in keys):
        hearing.troubles = {k: one for k, one in hearing.troubles.items() if k not in keys}


def _beds_shown(
    hearing: Hearing, record: Input, before: dict[str, int], forgotten_ms: int
) -> dict[str, int]:
    """Return when a trouble showed last at each bed, now that it showed in a message.

    A device that has spoken for one bed alone for ``forgotten_ms`` stands there, and has left the
    others.
    """
    bed, now_ms = record.bed, record.received_ms
    if isinstance(record, MessageRefused) and record.topic.rsplit("/", 1)[-1] in OF_PEOPLE:
        return before
    if bed == hearing.stands_at and now_ms - hearing.stands_since_ms >= forgotten_ms:
        return {bed: now_ms}
    if bed not in before and len(before) >= BEDS_SHOWN:
        return before
    return {**before, bed: now_ms}
