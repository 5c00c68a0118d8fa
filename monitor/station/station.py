"""The station: board, stream, people and acts of one unit, and the work between broker and screens.

One thread listens to the broker and hands what it heard to the event loop, where everything else
happens: nothing here needs a lock.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from monitor.adapters.access import LinkError
from monitor.adapters.deeds import Audit
from monitor.adapters.feed import REJECT, Heard
from monitor.adapters.logbook import ROOT, log
from monitor.station.acts import Desk
from monitor.station.board import Board, with_bed
from monitor.station.doors import Allowance, Doors
from monitor.station.metrics import Counts
from monitor.station.news import News, Newsroom, event_text
from monitor.station.refusals import Refusals
from monitor.station.screens import Screens
from monitor.wire.answers import AnswerPayload
from monitor.wire.outbound import NOTICE, HeadPayload, RejectPayload, encode_published, iso
from monitor.wire.topics import NOBODY, topic

LOG: Final = logging.getLogger(f"{ROOT}.station")

LISTEN_S: Final = 0.5
LOOK_EVERY_S: Final = 0.5
BEAT_EVERY_S: Final = 2.0
"""A screen that hears nothing for 5 s covers its numbers, so two beats may be lost."""

HEAD_AGAIN_S: Final = 600.0
"""A head of the audit that the broker did not take is published again after so long."""

_REJECT: Final = msgspec.json.Decoder(RejectPayload)
_ENCODER: Final = msgspec.json.Encoder()


class Line(Protocol):
    """What a station needs of its connection to the broker."""

    is_connected: bool
    connections: int

    def receive(self, timeout_s: float) -> list[Heard]:
        """Wait for publications and return them."""
        ...

    def publish(self, name: str, payload: bytes, *, is_retained: bool = False) -> None:
        """Publish one message and wait until the broker has it."""
        ...


class Rememberer(Protocol):
    """Whoever keeps what was heard, for those who ask later."""

    def take(self, heard: Heard, now_ms: int) -> None:
        """Keep what is worth it of one publication."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a station says of itself to every screen."""

    unit: str
    software: str
    config: str
    vocabulary: dict[str, object]


@dataclass(slots=True)
class Limits:
    """How often one peer or person may do what."""

    login: Allowance
    act: Allowance
    post: Allowance
    streams: int = 8


@dataclass(slots=True)
class Station:
    """Everything that one server works with."""

    about: About
    line: Line
    board: Board
    newsroom: Newsroom
    desk: Desk
    doors: Doors
    audit: Audit
    refusals: Refusals
    limits: Limits
    counts: Counts
    screens: Screens
    memories: Sequence[Rememberer] = ()
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    late_s: float = 0.0
    _head_day: str = ""
    _head_from_s: float = 0.0
    _answered: dict[str, None] = field(default_factory=dict)
    _streams: dict[str, int] = field(default_factory=dict)

    def hello(self) -> News:
        """Return the whole picture."""
        board = self.board
        parts: dict[str, object] = {
            "now_ms": board.clock.now_ms(),
            "unit": self.about.unit,
            "software": self.about.software,
            "config": self.about.config,
            "server": self.newsroom.boot,
            "notice": NOTICE,
            "status": board.watch.status,
            "condition": board.condition,
            "beds": {bed: msgspec.Raw(board.shown(bed)) for bed in sorted(board.states)},
            "alerts": {
                name: msgspec.Raw(with_bed(one.bed, one.raw)) for name, one in board.alerts.items()
            },
            "advice": {bed: msgspec.Raw(raw) for bed, raw in sorted(board.advice.items())},
            "vocabulary": self.about.vocabulary,
            "screens": {"blocked": self.screens.blocked()},
        }
        return News("hello", _ENCODER.encode(parts))

    def hear(self, heard: Sequence[Heard]) -> None:
        """Take publications: change the board, tell the screens, keep what is worth it."""
        for one in heard:
            if one.kind == REJECT:
                self.tell(self._rejected(one))
                continue
            self.tell(self.board.take(one))
            now_ms = self.board.clock.now_ms()
            for memory in self.memories:
                memory.take(one, now_ms)

    def tell(self, news: Sequence[News]) -> None:
        """Tell every screen; an act that was answered once is not answered again."""
        for one in news:
            self.counts.add("irm_station_events_total", event=one.event)
            if one.event == "answer" and not self._is_first(one.data):
                continue
            self.newsroom.tell([one])

    def beat(self) -> bytes:
        """Return the sign that this server lives, and what time it is."""
        return event_text("hb", _ENCODER.encode({"now_ms": self.board.clock.now_ms()}))

    def open_stream(self, name: str) -> bool:
        """Count one more stream of a person or peer, if that many are allowed."""
        if self._streams.get(name, 0) >= self.limits.streams:
            return False
        self._streams[name] = self._streams.get(name, 0) + 1
        return True

    def close_stream(self, name: str) -> None:
        """Count one stream less."""
        self._streams[name] -= 1
        if not self._streams[name]:
            del self._streams[name]

    @property
    def faults(self) -> list[str]:
        """What keeps this station from being ready, in words; empty if it is."""
        found = []
        if not self.line.is_connected:
            found.append("no broker")
        if self.board.watch.status is None:
            found.append("no monitor has been heard of")
        if self.audit.failures:
            found.append(f"{self.audit.failures} lines of the audit could not be written")
        if self.late_s > LOOK_EVERY_S * 4:
            found.append(f"the server is {self.late_s:.1f} s late")
        return found

    async def work(self) -> None:
        """Listen to the broker and look at the clock until cancelled."""
        loop = asyncio.get_running_loop()
        leaving = threading.Event()

        def listen() -> None:
            while not leaving.is_set():
                heard = self.line.receive(LISTEN_S)
                if heard:
                    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                        loop.call_soon_threadsafe(self._hear_safely, heard)

        thread = threading.Thread(target=listen, name="station-feed", daemon=True)
        thread.start()
        try:
            while True:
                before_s = time.monotonic()
                await asyncio.sleep(LOOK_EVERY_S)
                self.late_s = time.monotonic() - before_s - LOOK_EVERY_S
                self.tell(
                    self.board.look(
                        is_connected=self.line.is_connected, connection=self.line.connections
                    )
                )
                blocked = self.screens.news()
                self.tell([blocked] if blocked is not None else [])
                await asyncio.to_thread(self.refusals.settle)
                await asyncio.to_thread(self.tell_head, time.monotonic())
        finally:
            leaving.set()
            self.refusals.settle(at_end=True)

    def tell_head(self, now_s: float) -> None:
        """Publish the head of the audit once a day and run, to be kept elsewhere."""
        at = iso(self.board.clock.now_ms())
        if at[:10] == self._head_day or now_s < self._head_from_s or not self.line.is_connected:
            return
        number, digest = self.audit.head
        log(LOG, logging.INFO, "audit-head", row=number, hash=digest)
        payload = HeadPayload(day=at[:10], row=number, hash=digest, t=at)
        name = topic(self.about.unit, NOBODY, self.desk.device, "head")
        try:
            self.line.publish(name, encode_published(payload), is_retained=True)
        except LinkError as fault:
            self._head_from_s = now_s + HEAD_AGAIN_S
            log(LOG, logging.WARNING, "audit-head-untold", reason=str(fault))
        else:
            self._head_day = at[:10]

    def _hear_safely(self, heard: Sequence[Heard]) -> None:
        try:
            self.hear(heard)
        except Exception:  # one publication must not silence the others
            self.counts.add("irm_station_failures_total")
            LOG.exception("publication-failed")

    def _is_first(self, data: bytes) -> bool:
        name = str(msgspec.json.decode(data)["id"])
        if name in self._answered:
            return False
        self._answered[name] = None
        if len(self._answered) > ANSWERED_MAX:
            del self._answered[next(iter(self._answered))]
        return True

    def _rejected(self, heard: Heard) -> list[News]:
        """Return the answer to an act whose message the monitor has refused."""
        try:
            reject = _REJECT.decode(heard.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return []
        sent = self.desk.sent(reject.sha256)
        if sent is None:
            return []
        name, bed, act, by = sent
        words = f"{reject.reason}: {reject.field} {reject.value}; {reject.limit}".strip()
        log(LOG, logging.WARNING, "act-rejected", bed=bed, reason=reject.reason)
        answer = AnswerPayload(
            id=name,
            t=iso(self.board.clock.now_ms()),
            session="",
            act=act,
            by=by,
            refused=words,
        )
        return [News("answer", with_bed(bed, encode_published(answer)), bed=bed)]


ANSWERED_MAX: Final = 5_000
