"""Captures: what anybody wrote down at a broker, a JSON object with topic and payload a line.

``mosquitto_sub -F '%j'`` and ``'%J'`` write such lines. What devices, tablets and stations sent is
taken, each message with its bytes and its time of receipt; what a monitor said is passed over, as
a replay says it again. Every unit is a recording.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from monitor.adapters.recording import InputFileError, Recording, Remarks, numbered_lines
from monitor.adapters.rows import BadValueError, left_out
from monitor.facts.records import RawMessage, RecordedStep
from monitor.wire.topics import KINDS, MONITOR, PREFIX

STEP_MS: Final = 1_000
"""A ward is given a step a second; a capture does not say when the steps were."""

SPAN_MS: Final = 31 * 24 * 3_600_000
"""A capture of more than a month, or with a time of another month, is not one night."""

LATEST_MS: Final = 253_402_300_799_999
"""The year 9999 is the last that a stamp in text can name."""

PASSED_OVER: Final = "messages of other topics passed over"
_LEVELS: Final = 6
_SHOWN_MAX: Final = 80
_TWO_ZONES: Final = re.compile(r"Z(?=[+-]\d\d:?\d\d$)")
"""``mosquitto_sub`` writes ``Z+0000``: the number is the zone."""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    topic: str
    payload: msgspec.Raw
    tst: str | None = None
    received_ms: int | None = None
    retain: int = 0


_LINE: Final = msgspec.json.Decoder(_Line)
_TEXT: Final = msgspec.json.Decoder(str)


def recordings(path: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield one recording for every unit of a capture, in the order in which they are heard.

    A line that cannot be read, has no time, or is older than the last one that was read is named
    and left out.

    Raises
    ------
    InputFileError
        If the file cannot be read, holds no message for a monitor, or lasts over a month.
    """
    units: dict[str, list[RawMessage]] = {}
    last_ms = 0
    try:
        for number, line in numbered_lines(path):
            if not line.strip():
                continue
            try:
                message = _message(line, last_ms)
            except BadValueError as fault:
                left_out(path, number, fault, remarks)
                continue
            last_ms = message.received_ms
            levels = message.topic.split("/")
            if _is_for_monitors(levels):
                units.setdefault(levels[2], []).append(message)
            else:
                remarks.count(PASSED_OVER)
    except EOFError as fault:
        raise InputFileError(path, "the compressed file ends early") from fault
    if not units:
        raise InputFileError(path, f"holds no message of {PREFIX} that a device sent")
    for unit, messages in units.items():
        if messages[-1].received_ms - messages[0].received_ms > SPAN_MS:
            raise InputFileError(path, f"unit {unit} lasts over a month; cut it into nights")
        name = path.name if len(units) == 1 else f"{path.name} {unit}"
        yield Recording(name=name, unit=unit, steps=_Steps(messages))


def _message(line: bytes, last_ms: int) -> RawMessage:
    try:
        found = _LINE.decode(line)
        payload = bytes(found.payload)
        # A payload that is no object stands as a text.
        if payload.startswith(b'"'):
            payload = _TEXT.decode(payload).encode()
    except (msgspec.MsgspecError, UnicodeError) as fault:
        shown = line.decode("utf-8", "replace").strip()[:_SHOWN_MAX]
        raise BadValueError("line", shown, f"is no message: {fault}") from None
    received_ms = _received_ms(found)
    if received_ms < last_ms:
        raise BadValueError("time", str(received_ms), f"lies before {last_ms} of the last line")
    return RawMessage(
        received_ms=received_ms,
        topic=found.topic,
        payload=b"" if payload == b"null" else payload,
        retained=bool(found.retain),
    )


def _received_ms(found: _Line) -> int:
    if found.received_ms is not None:
        return _sound(found.received_ms, "received_ms", str(found.received_ms))
    if found.tst is None:
        raise BadValueError("tst", "", "is missing, and so is received_ms")
    try:
        at = datetime.fromisoformat(_TWO_ZONES.sub("", found.tst))
    except ValueError:
        raise BadValueError("tst", found.tst, "is no time in ISO 8601") from None
    whole = at if at.tzinfo else at.replace(tzinfo=UTC)
    return _sound(int(whole.timestamp() * 1000), "tst", found.tst)


def _sound(at_ms: int, name: str, shown: str) -> int:
    if not 0 <= at_ms <= LATEST_MS:
        raise BadValueError(name, shown, "must lie between 1970 and 9999")
    return at_ms


def _is_for_monitors(levels: Sequence[str]) -> bool:
    """Tell whether a monitor of the unit would have been given a message of this topic."""
    return (
        len(levels) == _LEVELS
        and "/".join(levels[:2]) == PREFIX
        and levels[4] != MONITOR
        and levels[5] in KINDS
    )


class _Steps:
    """A step at every whole second, with what came in since the one before; made when asked for."""

    def __init__(self, messages: Sequence[RawMessage]) -> None:
        self._messages = messages

    def __iter__(self) -> Iterator[RecordedStep]:
        """Yield the steps, the last one with the last message."""
        messages, place = self._messages, 0
        now_ms = -(-messages[0].received_ms // STEP_MS) * STEP_MS
        while place < len(messages):
            first = place
            while place < len(messages) and messages[place].received_ms <= now_ms:
                place += 1
            yield RecordedStep(now_ms=now_ms, messages=tuple(messages[first:place]))
            now_ms += STEP_MS
