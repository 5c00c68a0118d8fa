"""News for screens: one event each, numbered, kept for those who come back, queued for the slow.

Numbers may be merged and their older values dropped; a newer picture of a bed takes the place
of an older one; an alert, a call and an answer are never dropped. A screen that has left too
many of these untaken is sent away, and starts again with the whole picture.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec

RING_MAX: Final = 8_192
"""So many events are kept for screens that come back."""

DIGITS_MOST: Final = 18
"""No event has a longer number, and of a very long one Python makes none."""

UNTAKEN_MAX: Final = 1_000
"""A screen that has left so many alerts, calls and answers untaken is sent away."""

Row: TypeAlias = tuple[int | float, int, int, int | float | None]
Rows: TypeAlias = dict[str, dict[str, Row]]

_ENCODER: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class News:
    """One event before it has a number; ``key`` names what takes the place of older news.

    Without a key it is never dropped. ``bed`` is set where it is about one; ``numbers`` are the
    rows of an event that carries only numbers.
    """

    event: str
    data: bytes
    key: str = ""
    bed: str = ""
    now_ms: int = 0
    numbers: "Rows | None" = None


Numbers: TypeAlias = News
"""News that carry only numbers: of two, the newer row of every channel counts."""


def numbers_news(now_ms: int, rows: Rows) -> Numbers:
    """Return the news of changed numbers: bed, channel, row."""
    data = _ENCODER.encode({"now_ms": now_ms, "beds": rows})
    return News("v", data, key="v", now_ms=now_ms, numbers=rows)


@dataclass(frozen=True, slots=True)
class Told:
    """Numbered news, ready to be sent."""

    n: int
    news: News
    text: bytes


def event_text(event: str, data: bytes, name: str = "") -> bytes:
    """Return one event of a stream; JSON holds no line break, so one line of data is enough."""
    head = f"id: {name}\n" if name else ""
    return f"{head}event: {event}\ndata: ".encode() + data + b"\n\n"


@dataclass(slots=True)
class Queue:
    """What one screen still has to be sent, in an order in which numbers only grow.

    ``lost`` is set when a screen has left too much untaken; its stream then ends.
    """

    boot: str
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: int = 0
    _waiting: "OrderedDict[str, Told]" = field(default_factory=OrderedDict)
    _kept: int = 0

    def put(self, told: Told) -> None:
        """Take one event; older ones that it replaces are dropped."""
        news = told.news
        if news.event in ("bed", "gone"):
            self._forget_numbers(news.bed)
        if not news.key:
            self._kept += 1
            if self._kept > UNTAKEN_MAX:
                self.lost.set()
                self._waiting.clear()
        before = self._waiting.pop(news.key, None) if news.key else None
        if before is not None:
            self.dropped += 1
            if news.numbers is not None and before.news.numbers is not None:
                told = self._merged(told, before.news.numbers, news.numbers)
        if not self.lost.is_set():
            self._waiting[news.key or f"#{told.n}"] = told
        self.wake.set()

    def take(self) -> bytes:
        """Return everything that waits, as it is sent; empty if nothing does."""
        text = b"".join(told.text for told in self._waiting.values())
        self._waiting.clear()
        self._kept = 0
        self.wake.clear()
        return text

    def _forget_numbers(self, bed: str) -> None:
        """Drop the waiting numbers of a bed of which a whole newer picture comes."""
        told = self._waiting.get("v")
        if told is None or told.news.numbers is None or bed not in told.news.numbers:
            return
        rows = {name: row for name, row in told.news.numbers.items() if name != bed}
        if rows:
            self._waiting["v"] = self._renewed(told, rows)
        else:
            del self._waiting["v"]

    def _merged(self, told: Told, older: Rows, newer: Rows) -> Told:
        beds = [*older, *(bed for bed in newer if bed not in older)]
        rows = {bed: {**older.get(bed, {}), **newer.get(bed, {})} for bed in beds}
        return self._renewed(told, rows)

    def _renewed(self, told: Told, rows: Rows) -> Told:
        news = numbers_news(told.news.now_ms, rows)
        return Told(told.n, news, event_text("v", news.data, f"{self.boot}:{told.n}"))


@dataclass(slots=True)
class Newsroom:
    """Numbers the news, keeps the newest, and hands them to every screen."""

    boot: str
    n: int = 0
    _open: dict[int, Queue] = field(default_factory=dict)
    _ring: deque[Told] = field(default_factory=lambda: deque(maxlen=RING_MAX))

    def tell(self, news: Iterable[News]) -> None:
        """Give news their numbers and queue them for every screen."""
        for one in news:
            self.n += 1
            told = Told(self.n, one, event_text(one.event, one.data, f"{self.boot}:{self.n}"))
            self._ring.append(told)
            for queue in self._open.values():
                queue.put(told)

    def open(self, last: str, hello: News) -> Queue:
        """Return the queue of a screen that has seen ``last``, with all that it has missed.

        What is no longer kept, or was told by an earlier run of this server, is replaced by the
        whole picture.
        """
        queue = Queue(self.boot)
        missed = self._missed(last)
        if missed is None:
            told = Told(self.n, hello, event_text("hello", hello.data, f"{self.boot}:{self.n}"))
            queue.put(told)
        for told in missed or ():
            queue.put(told)
        self._open[id(queue)] = queue
        return queue

    def close(self, queue: Queue) -> None:
        """Forget a screen that has gone."""
        self._open.pop(id(queue), None)

    @property
    def screens(self) -> int:
        """How many screens listen."""
        return len(self._open)

    def _missed(self, last: str) -> list[Told] | None:
        boot, _, number = last.rpartition(":")
        if boot != self.boot or not number.isdecimal() or len(number) > DIGITS_MOST:
            return None
        seen = int(number)
        oldest = self._ring[0].n if self._ring else self.n + 1
        if seen > self.n or seen < oldest - 1:
            return None
        return [told for told in self._ring if told.n > seen]
