"""Receipts: up to which of its messages the monitor has kept what a device sent.

A broker's acknowledgement is no promise, so publishers keep what they sent until the monitor's
retained ``ack`` covers it. It covers a number only when all below are kept too, from 0 on of this
start (``boot``) of the device, at whichever bed and by whichever topic they came: what a device
sends at once and what it sends late from its store is counted in one row. What is missing may
still come; when for a minute nothing has come that closes the gap from either end, it is given up,
counted, and covered, because a device that has lost a message must not keep all later ones for
ever. The minute is one of listening: while a clock is set forward, or no monitor is there, nothing
could have come. What is missing below the first number that was heard is waited for as long, but
not counted: nobody knows where the numbers of that device begin.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from detectors.channels import NEVER
from monitor.facts.records import NO_SEQUENCE, Input, PumpReported, VitalsReported
from monitor.wire.announcements import Announcement, ack_announcement

PATIENCE_MS: Final = 60_000
LISTENED_MS_MAX: Final = 5_000
"""A step comes every second; more than this between two of them was not spent listening."""

AHEAD_MAX: Final = 4_096
NOTHING: Final = -1
"""Covers no message: numbers begin at 0."""

BOOTS_MAX: Final = 10_000
"""Starts of devices that are remembered; the one that was heard longest ago goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """All messages of one start of a device up to this number are kept."""

    bed: str
    device: str
    boot: str
    sequence: int


@dataclass(slots=True)
class _Counted:
    bed: str
    """Where the newest message was sent, and so where the receipt is looked for."""
    covered: int
    ahead: dict[int, int] = field(default_factory=dict)
    """Numbers above a gap, and when, in time of listening, each was kept first: so long what is
    below is waited for."""
    moved_ms: int = 0
    """When the lowest gap was closed a little from below."""

    def waits_since_ms(self) -> int:
        """Return since when nothing came that closes the lowest gap."""
        return max(self.ahead[min(self.ahead)], self.moved_ms)


class ReceiptKept(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of one start of a device, for another run of the monitor."""

    bed: str
    device: str
    boot: str
    covered: int
    ahead: tuple[tuple[int, int], ...]
    moved_ms: int


class ReceiptsKept(msgspec.Struct, frozen=True, array_like=True):
    """All that is known of receipts, for another run of the monitor."""

    counted: tuple[ReceiptKept, ...]
    """The one that was heard longest ago first."""
    gaps: int
    listened_ms: int
    last_ms: int


class Receipts:
    """What is kept, by device and start; says what is new about it."""

    def __init__(self) -> None:
        self.gaps = 0
        """Messages that were given up."""
        self.listened_ms = 0
        """For how long was listened, by all steps together."""
        self._last_ms = NEVER
        self._counted: OrderedDict[tuple[str, str], _Counted] = OrderedDict()
        self._news: set[tuple[str, str]] = set()
        self._waiting: dict[tuple[str, str], int] = {}
        """Where numbers are missing, and since when what is above them is kept."""

    def kept(self) -> ReceiptsKept:
        """Return all that is known."""
        counted = tuple(
            ReceiptKept(
                counted.bed,
                *key,
                counted.covered,
                tuple(sorted(counted.ahead.items())),
                counted.moved_ms,
            )
            for key, counted in self._counted.items()
        )
        return ReceiptsKept(counted, self.gaps, self.listened_ms, self._last_ms)

    def recall(self, kept: ReceiptsKept) -> None:
        """Go on from what another run knew; all of it is news to whoever asks."""
        self.gaps, self.listened_ms, self._last_ms = kept.gaps, kept.listened_ms, kept.last_ms
        for one in kept.counted:
            key = (one.device, one.boot)
            counted = _Counted(one.bed, one.covered, dict(one.ahead), one.moved_ms)
            self._counted[key] = counted
            if counted.ahead:
                self._waiting[key] = counted.waits_since_ms()
            if one.covered != NOTHING:
                self._news.add(key)

    def keep(self, inputs: Iterable[Input], now_ms: int) -> None:
        """Count the numbered messages among these as kept; give up what was missing too long.

        It is asked at every step, so a device that sends nothing more gets its receipt too.
        """
        now_ms = self._listened(now_ms)
        for record in inputs:
            if not isinstance(record, VitalsReported | PumpReported):
                continue
            if record.sequence == NO_SEQUENCE:
                continue
            key = (record.device, record.boot)
            counted = self._counted.get(key)
            if counted is None:
                counted = self._counted[key] = _Counted(record.bed, NOTHING)
                if len(self._counted) > BOOTS_MAX:
                    gone, _ = self._counted.popitem(last=False)
                    self._news.discard(gone)
                    self._waiting.pop(gone, None)
            self._counted.move_to_end(key)
            if record.sequence > counted.covered:
                counted.bed = record.bed
                if record.sequence == counted.covered + 1:
                    counted.moved_ms = now_ms
                counted.ahead.setdefault(record.sequence, now_ms)
                self._cover(key, counted, now_ms)
        lasting = [
            key for key, since_ms in self._waiting.items() if now_ms - since_ms >= PATIENCE_MS
        ]
        for key in lasting:
            self._cover(key, self._counted[key], now_ms)

    def _listened(self, now_ms: int) -> int:
        """Return for how long was listened until now."""
        last_ms = now_ms if self._last_ms == NEVER else self._last_ms
        self.listened_ms += min(max(now_ms - last_ms, 0), LISTENED_MS_MAX)
        self._last_ms = now_ms
        return self.listened_ms

    def _cover(self, key: tuple[str, str], counted: _Counted, now_ms: int) -> None:
        before, ahead = counted.covered, counted.ahead
        while ahead:
            while counted.covered + 1 in ahead:
                counted.covered += 1
                del ahead[counted.covered]
            if not ahead:
                break
            lowest = min(ahead)
            since_ms = counted.waits_since_ms()
            if now_ms - since_ms < PATIENCE_MS and len(ahead) <= AHEAD_MAX:
                break
            if counted.covered != NOTHING:
                self.gaps += lowest - counted.covered - 1
            counted.covered = lowest - 1
        if counted.covered != before:
            self._news.add(key)
        if ahead:
            self._waiting[key] = counted.waits_since_ms()
        else:
            self._waiting.pop(key, None)

    def news(self) -> list[Receipt]:
        """Return what has changed since this was asked last, in order of bed and device."""
        found = [
            Receipt(bed=counted.bed, device=device, boot=boot, sequence=counted.covered)
            for device, boot in self._news
            if (counted := self._counted.get((device, boot))) is not None
        ]
        self._news.clear()
        return sorted(found, key=lambda one: (one.bed, one.device, one.boot))

    def announcements(self, unit: str, now_ms: int) -> list[Announcement]:
        """Return what to publish of the receipts that have changed."""
        return [
            ack_announcement(
                unit=unit,
                bed=receipt.bed,
                device=receipt.device,
                boot=receipt.boot,
                sequence=receipt.sequence,
                now_ms=now_ms,
            )
            for receipt in self.news()
        ]
