"""Recordings: what a ward was given, step by step, as lines of JSON that a person can read.

The first line is the header; every further line is one step with its time and its messages in
order of arrival. A payload that is not UTF-8 stands in base64, so any bytes survive the way
there and back, also those that the decoder will refuse. A name that ends in ``.gz`` is
compressed.

Writing is deterministic: the same steps make the same bytes. Reading is strict about everything
but the end: a recorder that was killed leaves a torn last line, which is told and left out.
Everything else that is wrong stops the reading with the file, the line, the field and the value,
because a recording that was read in part would replay as something that never happened.
"""

import base64
import binascii
import codecs
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO, Final, TypeAlias, cast

import msgspec

from monitor.facts.effects import AnyEffect
from monitor.facts.records import RawMessage, RecordedStep

FORMAT: Final = 1
"""Version of the lines below; a change of theirs bumps it."""

LINE_BYTES_MAX: Final = 16 * 1024 * 1024
"""The longest line that is read: no step of a hospital comes near it."""

MESSAGES_MAX: Final = 50_000
"""The most messages that are taken in one step."""

BAD_LINES: Final = "bad lines left out"
"""The remark that says that a story was read in part."""

NAMED_MAX: Final = 20
"""How many remarks are kept in words; the others are only counted."""

_SHOWN_MAX: Final = 80
_PLACE = re.compile(r" - at `\$\.?(?P<place>.*)`$")
_STEP_OF_PLACE = re.compile(r"\[(\d+)\]|([A-Za-z_0-9]+)")


class InputFileError(Exception):
    """A file that cannot be replayed: which file and line, which field, which value, and why."""

    def __init__(
        self, path: Path, reason: str, *, line: int | None = None, name: str = "", value: str = ""
    ) -> None:
        place = f"{path}" if line is None else f"{path}:{line}"
        what = f"{name}: " if name else ""
        got = f" (got {value})" if value else ""
        super().__init__(f"{place}: {what}{reason}{got}")
        self.path = path
        self.line = line
        self.name = name
        self.value = value
        self.reason = reason


@dataclass(slots=True, kw_only=True)
class Remarks:
    """What a reader has to say besides the steps: counted by kind, the first ones in words.

    With ``skips_bad`` a line of a recording that is no step is remarked on and left out.
    """

    skips_bad: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)

    def add(self, kind: str, words: str) -> None:
        """Count one remark of a kind and keep its words while there is room."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if len(self.named) < NAMED_MAX:
            self.named.append(words)

    def count(self, kind: str, number: int = 1) -> None:
        """Count remarks of a kind that need no words of their own."""
        if number:
            self.counts[kind] = self.counts.get(kind, 0) + number

    def lines(self) -> Iterator[str]:
        """Yield the remarks as lines, the counts last."""
        yield from self.named
        yield from (f"{kind}: {number}" for kind, number in sorted(self.counts.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A configuration that a journal was under from behind a step on, or that was refused then.

    ``told`` is what the ledger says of it: nothing of the one that the journal began with.
    """

    step: int
    digest: str
    files: Mapping[str, bytes]
    is_refused: bool
    told: tuple[AnyEffect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Steps that belong to one ward, and where they come from."""

    name: str
    unit: str
    steps: Iterable[RecordedStep]
    config: str = ""
    software: str = ""
    group: str = ""
    """Which row of a table it is counted in, where a file holds several recordings."""
    turns: tuple[Turn, ...] = ()
    """The configurations of a journal in order, from the one on that it began with."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a recording."""

    format: int
    unit: str
    config: str = ""
    software: str = ""


# Year 9999 is the last that a stamp in text can name; a topic of MQTT has at most 65535 bytes.
_Ms: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
_Topic: TypeAlias = Annotated[str, msgspec.Meta(max_length=65_535)]


class _MessageLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    received_ms: _Ms
    topic: _Topic
    payload: str | None = None
    payload_b64: str | None = None
    retained: bool = False


class _StepLine(msgspec.Struct, frozen=True, kw_only=True):
    now_ms: _Ms
    inbox: list[_MessageLine]


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_UNDECODABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError)
_HEADER: Final = msgspec.json.Decoder(Header)
_STEP: Final = msgspec.json.Decoder(_StepLine)


def header_line(header: Header) -> bytes:
    """Return the first line of a recording."""
    return _ENCODER.encode(header) + b"\n"


def step_line(step: RecordedStep) -> bytes:
    """Return the line of one step."""
    inbox = [_message_line(message) for message in step.messages]
    return _ENCODER.encode(_StepLine(now_ms=step.now_ms, inbox=inbox)) + b"\n"


def _message_line(message: RawMessage) -> _MessageLine:
    try:
        text, coded = message.payload.decode("utf-8"), None
    except UnicodeDecodeError:
        text, coded = None, base64.b64encode(message.payload).decode("ascii")
    return _MessageLine(
        received_ms=message.received_ms,
        topic=message.topic,
        payload=text,
        payload_b64=coded,
        retained=message.retained,
    )


def write_recording(path: Path, steps: Iterable[RecordedStep], *, header: Header) -> int:
    """Write a recording and return the number of its steps; the same steps make the same bytes."""
    count = 0
    with path.open("wb") as raw, _written(path, raw) as lines:
        lines.write(header_line(header))
        for step in steps:
            lines.write(step_line(step))
            count += 1
    return count


def _written(path: Path, raw: BinaryIO) -> AbstractContextManager[BinaryIO]:
    if path.suffix != ".gz":
        return raw
    # Neither the name nor the time of writing belongs to the content.
    zipped = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0)
    return cast("AbstractContextManager[BinaryIO]", zipped)


def read_header(path: Path) -> Header:
    """Return the header of a recording.

    Raises
    ------
    InputFileError
        If the file is missing, is no recording, or has a format that this program cannot read.
    """
    return _first(path, numbered_lines(path))


def open_recording(path: Path, remarks: Remarks | None = None) -> Recording:
    """Return a recording whose steps are read as they are asked for.

    Raises
    ------
    InputFileError
        If the header cannot be read; a bad step raises it when its turn comes.
    """
    header = read_header(path)
    return Recording(
        name=path.name,
        unit=header.unit,
        steps=read_recording(path, remarks),
        config=header.config,
        software=header.software,
    )


def read_recording(path: Path, remarks: Remarks | None = None) -> Iterator[RecordedStep]:
    """Yield the steps of a recording; a torn last line is remarked on and left out.

    Raises
    ------
    InputFileError
        If any other line is not a legal step, unless the remarks say that such are left out.
    """
    told = Remarks() if remarks is None else remarks
    lines = numbered_lines(path)
    _first(path, lines)
    number, last_ms = 1, 0
    try:
        for number, line in lines:
            try:
                step = _step(path, number, line, last_ms)
            except InputFileError as fault:
                if line.endswith(b"\n") and told.skips_bad:
                    told.add(BAD_LINES, f"left out: {fault}")
                    continue
                if line.endswith(b"\n"):
                    raise
                told.add("torn last line", f"{path}:{number}: torn last line left out")
                return
            last_ms = step.now_ms
            yield step
    except (EOFError, zlib.error):
        told.add(
            "torn last line", f"{path}:{number + 1}: compressed file ends early, rest left out"
        )


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines up to 16 MiB, a BOM left out; EOFError where a ``.gz`` ends early."""
    try:
        with path.open("rb") as raw, _read(path, raw) as lines:
            number = 0
            while line := lines.readline(LINE_BYTES_MAX + 1):
                number += 1
                if len(line) > LINE_BYTES_MAX:
                    raise InputFileError(
                        path, f"line is longer than {LINE_BYTES_MAX} bytes", line=number
                    )
                yield number, line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
    except (gzip.BadGzipFile, zlib.error) as fault:
        raise InputFileError(path, f"is named .gz but is not compressed so: {fault}") from fault
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault


def _read(path: Path, raw: BinaryIO) -> AbstractContextManager[BinaryIO]:
    if path.suffix != ".gz":
        return raw
    return cast("AbstractContextManager[BinaryIO]", gzip.GzipFile(mode="rb", fileobj=raw))


def _first(path: Path, lines: Iterator[tuple[int, bytes]]) -> Header:
    try:
        number, line = next(lines)
    except (EOFError, StopIteration) as fault:
        reason = "is empty or torn; a recording begins with its header"
        raise InputFileError(path, reason, line=1) from fault
    return _header(path, number, line)


def _header(path: Path, number: int, line: bytes) -> Header:
    try:
        header = _HEADER.decode(line)
    except _UNDECODABLE as fault:
        raise _explained(path, number, line, fault, "header of a recording") from fault
    if header.format != FORMAT:
        raise InputFileError(
            path,
            f"this program reads format {FORMAT}",
            line=number,
            name="format",
            value=str(header.format),
        )
    return header


def _step(path: Path, number: int, line: bytes, last_ms: int = 0) -> RecordedStep:
    try:
        parsed = _STEP.decode(line)
    except _UNDECODABLE as fault:
        raise _explained(path, number, line, fault, "step of a recording") from fault
    if parsed.now_ms < last_ms:
        raise InputFileError(
            path,
            f"lies before the step in front of it, at {last_ms}",
            line=number,
            name="now_ms",
            value=str(parsed.now_ms),
        )
    if len(parsed.inbox) > MESSAGES_MAX:
        raise InputFileError(
            path,
            f"more than {MESSAGES_MAX} messages in one step",
            line=number,
            name="inbox",
            value=str(len(parsed.inbox)),
        )
    messages = tuple(
        RawMessage(
            received_ms=message.received_ms,
            topic=message.topic,
            payload=_payload(path, number, f"inbox[{index}]", message),
            retained=message.retained,
        )
        for index, message in enumerate(parsed.inbox)
    )
    return RecordedStep(now_ms=parsed.now_ms, messages=messages)


def _payload(path: Path, number: int, name: str, message: _MessageLine) -> bytes:
    if (message.payload is None) == (message.payload_b64 is None):
        raise InputFileError(
            path, "needs either payload or payload_b64", line=number, name=f"{name}.payload"
        )
    try:
        if message.payload is not None:
            return message.payload.encode("utf-8")
        return base64.b64decode(message.payload_b64 or "", validate=True)
    except (UnicodeEncodeError, binascii.Error) as fault:
        coded = message.payload is None
        raise InputFileError(
            path,
            f"is not {'base64' if coded else 'text'}: {fault}",
            line=number,
            name=f"{name}.{'payload_b64' if coded else 'payload'}",
            value=_shown(message.payload_b64 if coded else message.payload),
        ) from fault


def _explained(path: Path, number: int, line: bytes, fault: Exception, what: str) -> InputFileError:
    """Return the error with the field and the value that the decoder stumbled over."""
    text = str(fault)
    place = _PLACE.search(text)
    if place is None:
        return InputFileError(
            path, f"is no {what}: {text}", line=number, value=_shown(line.decode("latin-1"))
        )
    reason = text[: place.start()]
    return InputFileError(
        path,
        f"in this {what}: {reason}",
        line=number,
        name=place["place"],
        value=_shown(_at(line, place["place"])),
    )


def _at(line: bytes, place: str) -> object:
    """Return what stands at a place like ``inbox[0].topic``, the whole line if nothing does."""
    try:
        found: object = msgspec.json.decode(line)
    except _UNDECODABLE:
        return line.decode("latin-1")
    for index, key in _STEP_OF_PLACE.findall(place):
        if key and isinstance(found, dict) and key in found:
            found = found[key]
        elif index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
    return found


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode("utf-8")
    text = text.strip()
    return repr(text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}...")
