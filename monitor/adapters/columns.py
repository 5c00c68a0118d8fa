"""Tables of anybody, CSV, JSON lines or Parquet, read by a map of their columns beside them.

``night.csv``, ``night.jsonl`` or ``night.parquet`` is read if ``night.columns.toml`` lies beside
it, which says which column (of JSON lines: which field) is the time, the bed, the rate, and which
channel in which unit. Every bed becomes one session and one recording. A row that cannot be read
is named with its line (Parquet: the number of the row), field and value; the rest goes on. Parquet
needs the extra ``parquet``.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from monitor.adapters.chart import MINUTE_MS, Chart, Rate
from monitor.adapters.json_rows import json_rows
from monitor.adapters.parquet_rows import parquet_rows
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.adapters.rows import BadValueError, exact_rows, left_out, no_text, number
from monitor.wire.payloads import ChannelName
from monitor.wire.units import UnitName

MAP: Final = ".columns.toml"
PARQUET: Final = ".parquet"
JSON_LINES: Final = (".jsonl", ".jsonl.gz")
UNIT: Final = "table"
PRODUCT: Final = "other"
ZERO_MS: Final = 4_102_444_800_000
"""2100-01-01T00:00:00Z, from which times that are no dates count."""

SPAN_MS: Final = 31 * 24 * 60 * MINUTE_MS
"""A session of more than a month is a wrong unit of time."""

TICKS_MS: Final = {"ms": 1, "s": 1000, "min": MINUTE_MS, "h": 60 * MINUTE_MS}


class TimeColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column is the time, counted in a unit or written as ISO 8601 (UTC where unsaid)."""

    column: str
    unit: Literal["ms", "s", "min", "h", "iso"]


class ChannelColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column is a channel, in which unit of the wire."""

    column: str
    unit: UnitName


class ColumnMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The map of one table.

    Without a column of beds the table is about one person; without one of rates (mL/h) the
    infusion is said to start ``start_min`` minutes after the first row.
    """

    time: TimeColumn
    channels: dict[ChannelName, ChannelColumn]
    bed: str = ""
    rate: str = ""
    start_min: Annotated[int, msgspec.Meta(ge=0)] = 0
    separator: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: int
    values: dict[ChannelName, float]
    rate: float | None


def map_path(table: Path) -> Path:
    """Return where the map of a table lies."""
    ends = (".csv", PARQUET, *JSON_LINES)
    end = next((one for one in ends if table.name.endswith(one)), "")
    return table.with_name(f"{table.name.removesuffix(end)}{MAP}")


def read_map(path: Path) -> ColumnMap:
    """Return the map of a table.

    Raises
    ------
    InputFileError
        If it is missing, is not TOML, or says something else than a map does.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8-sig")), ColumnMap)
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as fault:
        raise InputFileError(path, f"is no map of columns: {fault}") from fault


def recordings(table: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield one recording for every bed of a table, in the order in which they are named.

    Raises
    ------
    InputFileError
        If the table or its map cannot be read, or a column of the map is not in the table.
    """
    columns = read_map(map_path(table))
    beds: dict[str, list[_Row]] = {}
    for bed, row in _rows(table, columns, remarks):
        beds.setdefault(bed, []).append(row)
    if not beds:
        raise InputFileError(table, "holds no row that can be read")
    for place, (bed, rows) in enumerate(beds.items(), start=1):
        rows.sort(key=lambda row: row.at_ms)
        if rows[-1].at_ms - rows[0].at_ms > SPAN_MS:
            whole = f"bed {bed}" if bed else "the table"
            raise InputFileError(table, f"{whole} lasts over a month; is the unit of time right?")
        chart = _chart(place, rows, columns)
        yield Recording(name=f"{table.name} {bed}".strip(), unit=UNIT, steps=tuple(chart.steps()))


def _chart(place: int, rows: list[_Row], columns: ColumnMap) -> Chart:
    """Return the chart of one bed; its own words are not repeated on the wire."""
    chart = Chart(unit=UNIT, bed=f"bed-{place:03}", session=f"T-{place:03}")
    first_ms = rows[0].at_ms
    chart.open(first_ms, subject=f"PX-T{place:03}", product=PRODUCT)
    units = {name: one.unit for name, one in columns.channels.items()}
    start_ms = first_ms + columns.start_min * MINUTE_MS
    started = flowing = None
    for row in rows:
        if not columns.rate and started is None and row.at_ms > start_ms:
            chart.turn(start_ms, "start")
            started = start_ms
        chart.vitals(row.at_ms, row.values, units)
        if row.rate is not None and row.rate != flowing and (row.rate or flowing is not None):
            state = Rate(
                state="infusing" if row.rate else "paused", rate_ml_per_h=row.rate, infused_ml=None
            )
            chart.pump(row.at_ms, state)
            flowing = row.rate
    chart.turn(rows[-1].at_ms, "close")
    return chart


def _rows(path: Path, columns: ColumnMap, remarks: Remarks) -> Iterator[tuple[str, _Row]]:
    names = [columns.time.column, *(one.column for one in columns.channels.values())]
    names += [name for name in (columns.bed, columns.rate) if name]
    for line, fields in _fields(path, names, columns, remarks):
        try:
            yield _bed(fields, columns.bed) if columns.bed else "", _row(fields, columns)
        except BadValueError as fault:
            left_out(path, line, fault, remarks)


def _fields(
    path: Path, names: Sequence[str], columns: ColumnMap, remarks: Remarks
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Return the rows of a table of any kind, as its name says."""
    if path.name.endswith(PARQUET):
        return parquet_rows(path, names)
    if path.name.endswith(JSON_LINES):
        return json_rows(path, names, remarks)
    return _csv_rows(path, names, columns, remarks)


def _csv_rows(
    path: Path, names: Sequence[str], columns: ColumnMap, remarks: Remarks
) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from exact_rows(
                path, file, names, remarks, separator=columns.separator, empty_ends=True
            )
    except UnicodeDecodeError as fault:
        raise no_text(path, fault) from fault
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault


def _bed(fields: Mapping[str, str], name: str) -> str:
    if not fields[name].strip():
        raise BadValueError(name, fields[name], "is empty")
    return fields[name].strip()


def _row(fields: Mapping[str, str], columns: ColumnMap) -> _Row:
    values = {
        name: number(fields, one.column)
        for name, one in columns.channels.items()
        if fields[one.column].strip()
    }
    rate = None
    if columns.rate and fields[columns.rate].strip():
        rate = number(fields, columns.rate)
        if rate < 0:
            raise BadValueError(columns.rate, fields[columns.rate], "must be at least 0")
    return _Row(at_ms=_at_ms(fields, columns.time), values=values, rate=rate)


def _at_ms(fields: Mapping[str, str], time: TimeColumn) -> int:
    text = fields[time.column].strip()
    if time.unit != "iso":
        return ZERO_MS + round(number(fields, time.column, 1e12) * TICKS_MS[time.unit])
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadValueError(time.column, text, "is no time in ISO 8601") from None
    at_ms = round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
    if at_ms < 0:
        raise BadValueError(time.column, text, "lies before 1970")
    return at_ms
