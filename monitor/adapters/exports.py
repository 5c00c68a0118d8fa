"""Our own tables of readings, as ``export --format csv`` or ``parquet`` wrote them, replayed.

A table holds what was measured and when it came, under which bed, device and session; it does
not hold the session itself (:mod:`monitor.adapters.export_folders` reads the
tables that do). So every session is opened with its first value and closed after its
last, the infusion is said to start ten minutes after the first, and the person is an adult
without a weight. Values that were quarantined belong to somebody else and are left out; values
that were refused are sent again, to be refused again. A row that cannot be read is named with its
line (Parquet: the number of the row), and the rest goes on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from monitor.adapters.chart import MINUTE_MS, Chart
from monitor.adapters.parquet_rows import parquet_rows
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.adapters.rows import exact_rows, no_text
from monitor.wire.payloads import VitalsPayload, VitalValue, milliseconds, stamp
from monitor.wire.topics import is_id

COLUMNS: Final = (
    "unit", "session", "bed", "device", "channel",
    "value", "value_unit", "measured", "received", "outcome",
)  # fmt: skip
HEADER: Final = ",".join(COLUMNS).encode()
"""Further columns may follow: they are read where the whole folder is."""

PARQUET_MAGIC: Final = b"PAR1"
PRODUCT: Final = "other"
FLOW_AFTER_MS: Final = 10 * MINUTE_MS
QUARANTINED: Final = "quarantined"
SPAN_MS: Final = 31 * 24 * 60 * MINUTE_MS
"""A chart has a step for every minute: over some years of a wrong date it would not end."""


class _Row(NamedTuple):
    """One value, under whose name and when it came."""

    unit: str
    bed: str
    session: str
    device: str
    received_ms: int
    measured_ms: int
    value: VitalValue


def is_export(head: bytes) -> bool:
    """Tell whether a file that begins so is a table of readings as we write it."""
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
    return first == HEADER or first.startswith(HEADER + b",") or head.startswith(PARQUET_MAGIC)


def recordings(path: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield one recording for every session of a table, in order of unit, bed and session.

    Raises
    ------
    InputFileError
        If the table cannot be read, lacks a column, or holds no row that can be replayed.
    """
    rows = sorted(_rows(path, remarks), key=lambda row: row[:3])
    if not rows:
        raise InputFileError(path, "holds no reading that can be replayed")
    for number, ((unit, bed, session), some) in enumerate(
        groupby(rows, key=lambda row: row[:3]), start=1
    ):
        # Stable: what came at the same time keeps the order of the table.
        mine = sorted(some, key=lambda row: row.received_ms)
        if mine[-1].received_ms - mine[0].received_ms > SPAN_MS:
            raise InputFileError(path, f"session {session} lasts over a month; is a date wrong?")
        chart = _chart(number, unit, bed, session, mine)
        name = f"{path.name} {bed} {session}".strip()
        yield Recording(name=name, unit=unit, steps=tuple(chart.steps()))


def _chart(number: int, unit: str, bed: str, session: str, rows: Sequence[_Row]) -> Chart:
    chart = Chart(unit=unit, bed=bed, session=session or f"E-{number:03}")
    first_ms, last_ms = rows[0].received_ms, rows[-1].received_ms
    chart.open(first_ms, subject=f"PX-E{number:03}", product=PRODUCT)
    starts_ms = first_ms + FLOW_AFTER_MS
    if starts_ms < last_ms:
        chart.turn(starts_ms, "start")
    sequences: dict[str, int] = {}
    for device, received_ms, values in _messages(rows):
        sequences[device] = sequences.get(device, -1) + 1
        measured_ms = max(one.measured_ms for one in values)
        payload = VitalsPayload(
            seq=sequences[device],
            t=stamp(measured_ms),
            values=tuple(_timed(one, measured_ms) for one in values),
        )
        chart.received(received_ms, device, payload)
    chart.turn(last_ms, "close")
    return chart


def _messages(rows: Iterable[_Row]) -> Iterator[tuple[str, int, list[_Row]]]:
    """Yield what came at one time from one device; a channel that came twice came twice."""
    for (received_ms, device), some in groupby(rows, key=lambda row: (row.received_ms, row.device)):
        message: list[_Row] = []
        for row in some:
            if row.value.ch in {one.value.ch for one in message}:
                yield device, received_ms, message
                message = []
            message.append(row)
        yield device, received_ms, message


def _timed(row: _Row, message_ms: int) -> VitalValue:
    """Return the value with its own time where that is not the one of its message."""
    if row.measured_ms == message_ms:
        return row.value
    return msgspec.structs.replace(row.value, t=stamp(row.measured_ms))


def _rows(path: Path, remarks: Remarks) -> Iterator[_Row]:
    for number, fields in _fields(path, remarks):
        try:
            row = _row(fields)
        except (ValueError, msgspec.ValidationError) as fault:
            remarks.add("rows left out", f"{path}:{number}: {fault}; row left out")
            continue
        if fields["outcome"] == QUARANTINED:
            remarks.count("values of somebody else left out")
        else:
            yield row


def _fields(path: Path, remarks: Remarks) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        with path.open("rb") as file:
            if file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC:
                yield from parquet_rows(path, COLUMNS)
                return
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from exact_rows(path, file, COLUMNS, remarks)
    except UnicodeDecodeError as fault:
        raise no_text(path, fault) from fault
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault


def _row(fields: Mapping[str, str]) -> _Row:
    for name in ("unit", "bed", "device"):
        if not is_id(fields[name]):
            raise ValueError(f"{name}: cannot stand in a topic (got {fields[name]!r})")
    value = msgspec.convert(
        {"ch": fields["channel"], "v": float(fields["value"]), "u": fields["value_unit"]},
        VitalValue,
    )
    return _Row(
        unit=fields["unit"],
        bed=fields["bed"],
        session=fields["session"],
        device=fields["device"],
        received_ms=_at_ms(fields["received"]),
        measured_ms=_at_ms(fields["measured"]),
        value=value,
    )


def _at_ms(text: str) -> int:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return milliseconds(found)
