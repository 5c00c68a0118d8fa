"""Retelling: recorded messages as devices would send them now.

All times of a recording are moved by one amount, so that it begins when it is told; what a message
says and the number it bears stay. A boot id of this telling says that the numbers begin anew.
Payloads that are no JSON object go as they are: a monitor must bear them too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from monitor.adapters.recording import Recording
from monitor.facts.records import RawMessage
from monitor.wire.payloads import MAX_TEXT
from monitor.wire.topics import KINDS, PREFIX

STAMPS: Final = frozenset({"t", "onset"})
"""Fields of a payload that are times of day."""

IDS: Final = frozenset({"id", "ref", "session"})
"""Fields of a payload that name the message, another one, or the session it is about."""

_LEVELS: Final = 6
_UNIT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """To which unit it is told, when it begins, and which telling it is."""

    unit: str
    start_ms: int
    boot: str


def retold(recording: Recording, telling: Telling) -> Iterator[RawMessage]:
    """Yield the messages of a recording; ``received_ms`` is when each is due, never less."""
    shift_ms: int | None = None
    last_ms = telling.start_ms
    for step in recording.steps:
        for message in step.messages:
            if shift_ms is None:
                shift_ms = telling.start_ms - min(step.now_ms, message.received_ms)
            last_ms = max(last_ms, message.received_ms + shift_ms)
            yield RawMessage(
                received_ms=last_ms,
                topic=_topic(message.topic, telling.unit),
                payload=moved_payload(message.payload, shift_ms=shift_ms, boot=telling.boot),
                retained=message.retained,
            )


def is_for_monitor(name: str) -> bool:
    """Tell whether a monitor of the unit subscribes to a topic; it never hears of any other."""
    levels = name.split("/")
    return len(levels) == _LEVELS and name.startswith(f"{PREFIX}/") and levels[-1] in KINDS


def _topic(name: str, unit: str) -> str:
    levels = name.split("/")
    if len(levels) == _LEVELS and name.startswith(f"{PREFIX}/"):
        levels[_UNIT] = unit
    return "/".join(levels)


def moved_payload(payload: bytes, *, shift_ms: int, boot: str, ids: str = "") -> bytes:
    """Return a payload with its stamps moved and a boot id of this telling.

    ``ids`` is put behind every id that it bears or names, so that whoever has heard it before
    takes it as new; an alert is the monitor's own and keeps its id.
    """
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return payload
    if not isinstance(found, dict):
        return payload
    moved = _moved(found, shift_ms)
    if "seq" in moved or "boot" in moved:
        before = moved.get("boot")
        moved["boot"] = f"{boot} {before}"[:MAX_TEXT] if isinstance(before, str) else boot
    for name in IDS & moved.keys() if ids else ():
        if isinstance(moved[name], str):
            moved[name] += ids
    return msgspec.json.encode(moved)


def _moved(value: Any, shift_ms: int) -> Any:  # noqa: ANN401  # whatever JSON holds
    if isinstance(value, dict):
        return {
            name: _stamp(one, shift_ms) if name in STAMPS else _moved(one, shift_ms)
            for name, one in value.items()
        }
    return [_moved(one, shift_ms) for one in value] if isinstance(value, list) else value


def _stamp(value: object, shift_ms: int) -> object:
    if not isinstance(value, str):
        return value
    try:
        found = datetime.fromisoformat(value) + timedelta(milliseconds=shift_ms)
        return found.astimezone(UTC).isoformat() if found.tzinfo else value
    except (ValueError, OverflowError):
        return value
