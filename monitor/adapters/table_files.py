"""Files of tables: rows of an extract as CSV or Parquet, one file a table.

Times stand in UTC with milliseconds, values in their unit. Parquet needs the extra ``parquet``.
"""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, NamedTuple, Protocol, Self, TypeAlias

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ROWS_AT_ONCE: Final = 50_000
"""Rows that are held in memory, and written as one group, by Parquet."""

FORMULA: Final = ("=", "+", "-", "@", "\t")
"""A spreadsheet takes a text that begins so for a formula."""

ColumnKind: TypeAlias = Literal[
    "time", "hundredths", "number", "whole", "revision", "grade", "flag", "json", "text"
]


class Column(NamedTuple):
    """The name of a column, and what stands in it."""

    name: str
    kind: ColumnKind


class ExtraMissingError(Exception):
    """A library that only an extra of this program installs is not there."""


def typed_columns(row: type[NamedTuple]) -> tuple[Column, ...]:
    """Return the columns of rows of a type: the field ``at_ms`` is the time ``at`` in a file."""
    return tuple(_column(name) for name in row._fields)


def _column(name: str) -> Column:
    if name.endswith("_ms"):
        return Column(name.removesuffix("_ms"), "time")
    if name.endswith("_centi"):
        return Column(name.removesuffix("_centi"), "hundredths")
    named: dict[str, ColumnKind] = {
        "revision": "revision", "grade": "grade", "message_number": "whole", "stat": "flag",
    }  # fmt: skip
    return Column(name, named.get(name, "text"))


class TableFile(Protocol):
    """A table that is being written, for one ``with`` block."""

    count: int

    def write(self, row: Sequence[Any]) -> None:
        """Add a row: times in milliseconds, None where there is nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class CsvFile:
    """A table as CSV."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self.count = 0
        self._kinds = [column.kind for column in columns]
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow([column.name for column in columns])

    def write(self, row: Sequence[Any]) -> None:
        """Add a row."""
        self._writer.writerow(map(_text, self._kinds, row))
        self.count += 1

    def __enter__(self) -> Self:
        """Go on writing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()


def _text(kind: ColumnKind, value: Any) -> str:  # noqa: ANN401  # whatever a column holds
    if value is None:
        return ""
    if kind == "time":
        return f"{_time(value).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    if kind == "hundredths":
        sign, size = "-" if value < 0 else "", abs(value)
        return f"{sign}{size // 100}.{size % 100:02d}"
    if kind == "flag":
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if kind == "text" and text.startswith(FORMULA) else text


def unguarded(text: str) -> str:
    """Return a text as it was before it was kept from being taken for a formula."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _time(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)


class ParquetFile:
    """A table as Parquet.

    Raises
    ------
    ExtraMissingError
        If pyarrow is not installed.
    """

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415  # only who writes Parquet needs it
            from pyarrow import parquet  # noqa: PLC0415  # as above
        except ImportError as fault:
            raise ExtraMissingError(
                "Parquet needs pyarrow, which is not installed: "
                "pip install 'infusion-reaction-monitor[parquet]', or write --format csv"
            ) from fault
        types = {
            "time": pa.timestamp("ms", tz="UTC"), "hundredths": pa.float64(),
            "number": pa.float64(), "whole": pa.int64(), "revision": pa.int32(),
            "grade": pa.int8(), "flag": pa.bool_(),
        }  # fmt: skip
        self.count = 0
        self._kinds = [column.kind for column in columns]
        self._made = pa.table
        self._schema = pa.schema([(one.name, types.get(one.kind, pa.string())) for one in columns])
        self._writer = parquet.ParquetWriter(path, self._schema)
        self._rows: list[Sequence[Any]] = []

    def write(self, row: Sequence[Any]) -> None:
        """Add a row; now and then what is held is written."""
        self._rows.append(row)
        self.count += 1
        if len(self._rows) >= ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            lists = [
                [_number(kind, value) for value in column]
                for kind, column in zip(self._kinds, zip(*self._rows, strict=True), strict=True)
            ]
            self._writer.write_table(self._made(lists, schema=self._schema))
            self._rows = []

    def __enter__(self) -> Self:
        """Go on writing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is held and close the file."""
        if fault is None:
            self._flush()
        self._writer.close()


def _number(kind: ColumnKind, value: Any) -> Any:  # noqa: ANN401  # whatever a column holds
    if value is None:
        return None
    if kind == "hundredths":
        return value / 100
    return str(value) if kind in ("text", "json") else value
