"""What goes wrong between a device and the broker: transforms of a stream of messages.

Each fault is a function from an iterator of :class:`simulators.chairs.Sent` to another; they
compose by nesting or with :func:`with_faults`. Chance comes in as a generator. A fault that
delays keeps the stream in order of the time at which the broker would get the messages.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from simulators.chairs import Sent

LONGEST_DELAY_MS: Final = 30_000
"""How long a message that is held back is held at most, where nobody says otherwise."""

Fault: TypeAlias = Callable[[Iterator[Sent]], Iterator[Sent]]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def drop(stream: Iterable[Sent], *, share: float, rng: np.random.Generator) -> Iterator[Sent]:
    """Lose this share of all messages."""
    for sent in stream:
        if rng.random() >= share:
            yield sent


def silence(stream: Iterable[Sent], *, device: str, from_ms: int, until_ms: int) -> Iterator[Sent]:
    """Lose everything that one device sends between two times (the second not included)."""
    for sent in stream:
        if sent.device != device or not from_ms <= sent.at_ms < until_ms:
            yield sent


def duplicate(stream: Iterable[Sent], *, share: float, rng: np.random.Generator) -> Iterator[Sent]:
    """Deliver this share of all messages twice in a row, byte by byte the same."""
    for sent in stream:
        yield sent
        if rng.random() < share:
            yield sent


def delay(
    stream: Iterable[Sent],
    *,
    share: float,
    longest_ms: int,
    rng: np.random.Generator,
) -> Iterator[Sent]:
    """Hold this share of all messages back for up to ``longest_ms``; the stamps stay.

    The result is in order of the new times, so a delayed message is overtaken by later ones.
    """
    held: list[tuple[int, int, Sent]] = []
    for order, sent in enumerate(stream):
        while held and held[0][0] <= sent.at_ms:
            yield heapq.heappop(held)[2]
        late_ms = int(rng.integers(1, longest_ms + 1)) if rng.random() < share else 0
        at_ms = sent.at_ms + late_ms
        heapq.heappush(held, (at_ms, order, replace(sent, at_ms=at_ms)))
    while held:
        yield heapq.heappop(held)[2]


def reorder(stream: Iterable[Sent], *, share: float, rng: np.random.Generator) -> Iterator[Sent]:
    """Swap this share of all messages with the next one; both arrive at the later time."""
    waiting: Sent | None = None
    for sent in stream:
        if waiting is not None:
            yield sent
            yield replace(waiting, at_ms=sent.at_ms)
            waiting = None
        elif rng.random() < share:
            waiting = sent
        else:
            yield sent
    if waiting is not None:
        yield waiting


def clock_skew(
    stream: Iterable[Sent], *, device: str, offset_ms: int, drift_ppm: float = 0.0
) -> Iterator[Sent]:
    """Let the clock of one device be wrong: every stamp moves, the time of sending does not.

    The drift counts from the first message of the device.
    """
    first_ms: int | None = None
    for sent in stream:
        if sent.device != device:
            yield sent
            continue
        first_ms = sent.at_ms if first_ms is None else first_ms
        moved_ms = offset_ms + round((sent.at_ms - first_ms) * drift_ppm / 1_000_000)
        message = msgspec.json.decode(sent.payload)
        for holder in (message, *message.get("values", ())):
            if "t" in holder:
                holder["t"] = moved_stamp(holder["t"], moved_ms)
        yield replace(sent, payload=msgspec.json.encode(message))


def freeze(
    stream: Iterable[Sent], *, device: str, channels: frozenset[str], from_ms: int, until_ms: int
) -> Iterator[Sent]:
    """Let channels of one device repeat their last value, with stamps that look fresh."""
    last: dict[str, Any] = {}
    for sent in stream:
        if sent.device != device or not sent.topic.endswith("/vitals"):
            yield sent
            continue
        message = msgspec.json.decode(sent.payload)
        stuck = from_ms <= sent.at_ms < until_ms
        for value in message["values"]:
            if value["ch"] not in channels:
                continue
            if not stuck:
                last[value["ch"]] = value["v"]
            elif last.get(value["ch"]) is not None and value["v"] is not None:
                value["v"] = last[value["ch"]]
        yield replace(sent, payload=msgspec.json.encode(message)) if stuck else sent


def with_faults(stream: Iterator[Sent], faults: Iterable[Fault]) -> Iterator[Sent]:
    """Send a stream through faults, the first one nearest to the device."""
    for fault in faults:
        stream = fault(stream)
    return stream


def moved_stamp(stamp: str, by_ms: int) -> str:
    """Return an ISO 8601 stamp moved by some milliseconds, in UTC with milliseconds."""
    moved = datetime.fromisoformat(stamp) + timedelta(milliseconds=by_ms)
    since = moved.astimezone(UTC) - _EPOCH
    if since < timedelta(0):
        raise ValueError(f"stamp {stamp} moved by {by_ms} ms lies before 1970")
    return moved.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
