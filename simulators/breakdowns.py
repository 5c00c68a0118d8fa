"""What goes wrong at a device: storms of disconnections, stepped clocks, wrong units, nonsense.

Transforms of a stream of messages like those of :mod:`simulators.faults`, and composed with them.
None draws chance: when and where is given, so a stream that is made again breaks down the same.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import msgspec

from monitor.wire.payloads import StatusPayload, encode, stamp
from simulators.chairs import Sent
from simulators.faults import moved_stamp

KEEPALIVE_MS: Final = 45_000
"""So long after the last word of a device the broker says its last will: 1.5 times 30 s."""

LEAST_AWAY_MS: Final = 1000
NONSENSE: Final = {"hr": 299.0, "sbp": 31.0, "dbp": 29.0, "map": 30.0, "spo2": 41.0, "rr": 79.0}


def storm(
    stream: Iterable[Sent], *, devices: frozenset[str], from_ms: int, until_ms: int
) -> Iterator[Sent]:
    """Disconnect devices: last wills, then everything they kept, in a burst, at the end.

    What a device says in the meantime is kept by it and comes with its own stamps. ``until_ms``
    lies at least a second after ``from_ms``.
    """
    if until_ms - from_ms < LEAST_AWAY_MS:
        raise ValueError(f"a storm of {until_ms - from_ms} ms, must be at least {LEAST_AWAY_MS}")
    will_ms = from_ms + KEEPALIVE_MS
    last: dict[str, Sent] = {}
    kept: dict[str, list[Sent]] = {device: [] for device in sorted(devices)}
    is_willed = is_back = False
    for sent in stream:
        if not is_willed and sent.at_ms >= will_ms and will_ms < until_ms:
            is_willed = True
            yield from (_status(last[one], will_ms, "offline") for one in kept if one in last)
        if not is_back and sent.at_ms >= until_ms:
            is_back = True
            yield from _returned(kept, last, until_ms)
        if sent.device in devices and from_ms <= sent.at_ms < until_ms:
            kept[sent.device].append(sent)
            continue
        if sent.device in devices:
            last[sent.device] = sent
        yield sent
    if not is_back:
        yield from _returned(kept, last, until_ms)


def _returned(kept: dict[str, list[Sent]], last: dict[str, Sent], at_ms: int) -> Iterator[Sent]:
    for device, messages in kept.items():
        if device in last:
            yield _status(last[device], at_ms, "online")
        yield from (replace(sent, at_ms=at_ms) for sent in messages)


def _status(like: Sent, at_ms: int, state: str) -> Sent:
    """Return a status of the device that sent ``like``."""
    levels = like.topic.split("/")
    boot = f"{like.device}-storm"
    payload = StatusPayload(
        state="online" if state == "online" else "offline", t=stamp(at_ms), boot=boot
    )
    return Sent(
        at_ms=at_ms,
        topic="/".join([*levels[:-1], "status"]),
        payload=encode(payload),
        is_retained=True,
    )


def clock_step(stream: Iterable[Sent], *, device: str, at_ms: int, by_ms: int) -> Iterator[Sent]:
    """Set the clock of a device forward or back at a moment, as a bad time server does."""
    return _changed(stream, device, at_ms, None, lambda message: _moved(message, by_ms))


def artefact(stream: Iterable[Sent], *, device: str, from_ms: int, until_ms: int) -> Iterator[Sent]:
    """Let every value of a device be nonsense that is barely possible, for a while."""

    def spoilt(message: dict[str, Any]) -> None:
        for value in message.get("values", ()):
            if value["v"] is not None and value["ch"] in NONSENSE:
                value["v"] = NONSENSE[value["ch"]]

    return _changed(stream, device, from_ms, until_ms, spoilt)


def unit_swap(stream: Iterable[Sent], *, device: str, from_ms: int) -> Iterator[Sent]:
    """Let a device send Fahrenheit and kilopascal under the names of Celsius and mmHg."""

    def swapped(message: dict[str, Any]) -> None:
        for value in message.get("values", ()):
            if value["v"] is None:
                continue
            if value["ch"] == "temp":
                value["v"] = round(value["v"] * 1.8 + 32.0, 1)
            elif value["ch"] in ("sbp", "dbp", "map"):
                value["v"] = round(value["v"] * 0.133322, 1)

    return _changed(stream, device, from_ms, None, swapped)


def mean_as_systolic(stream: Iterable[Sent], *, device: str, from_ms: int) -> Iterator[Sent]:
    """Let a device send the mean pressure under the name of the systolic one, and no mean.

    Of a device that sends no mean it is the diastolic pressure and a third of the difference.
    """

    def mistaken(message: dict[str, Any]) -> None:
        values = {value["ch"]: value for value in message.get("values", ())}
        if {"sbp", "map"} <= set(values):
            values["sbp"]["v"] = values["map"]["v"]
            message["values"] = [value for value in message["values"] if value["ch"] != "map"]
        elif {"sbp", "dbp"} <= set(values):
            high, low = values["sbp"]["v"], values["dbp"]["v"]
            if high is not None and low is not None:
                values["sbp"]["v"] = float(round(low + (high - low) / 3))

    return _changed(stream, device, from_ms, None, mistaken)


def device_swap(stream: Iterable[Sent], *, device: str, bed: str, from_ms: int) -> Iterator[Sent]:
    """Let a device be wheeled to another bed and go on under that bed's topic."""
    for sent in stream:
        if sent.device == device and sent.at_ms >= from_ms:
            levels = sent.topic.split("/")
            levels[3] = bed
            yield replace(sent, topic="/".join(levels))
        else:
            yield sent


def battery(stream: Iterable[Sent], *, device: str, from_ms: int) -> Iterator[Sent]:
    """Let the battery of a device run out: empty values with the reason, then nothing at all."""
    gone_ms = from_ms + 2 * KEEPALIVE_MS
    for sent in _changed(stream, device, from_ms, None, _emptied):
        if sent.device != device or sent.at_ms < gone_ms:
            yield sent


def probe_off(
    stream: Iterable[Sent], *, device: str, from_ms: int, until_ms: int
) -> Iterator[Sent]:
    """Let a device say for a while that its pulse-oximeter probe is off."""

    def loose(message: dict[str, Any]) -> None:
        for value in message.get("values", ()):
            if value["ch"] == "spo2":
                value["v"], value["why"] = None, "probe-off"

    return _changed(stream, device, from_ms, until_ms, loose)


def _emptied(message: dict[str, Any]) -> None:
    for value in message.get("values", ()):
        value["v"], value["why"] = None, "battery"


def _moved(message: dict[str, Any], by_ms: int) -> None:
    for holder in (message, *message.get("values", ())):
        if "t" in holder:
            holder["t"] = moved_stamp(holder["t"], by_ms)


def _changed(
    stream: Iterable[Sent],
    device: str,
    from_ms: int,
    until_ms: int | None,
    change: Callable[[dict[str, Any]], None],
) -> Iterator[Sent]:
    for sent in stream:
        ends = until_ms is not None and sent.at_ms >= until_ms
        if sent.device != device or sent.at_ms < from_ms or ends:
            yield sent
            continue
        message = msgspec.json.decode(sent.payload)
        change(message)
        yield replace(sent, payload=msgspec.json.encode(message))
