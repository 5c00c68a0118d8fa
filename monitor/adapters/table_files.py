"""Files of tables: the rows of an extract as CSV or Parquet, one file a table.

Times stand in UTC with milliseconds, values in their unit. Parquet needs the extra ``parquet``.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ROWS_AT_ONCE: Final = 50_000
"""Rows that are held in memory, and written as one group, by Parquet."""


class ExtraMissingError(Exception):
    """A library that only an extra of this program installs is not there."""


def columns(row: type[NamedTuple]) -> tuple[str, ...]:
    """Return the names of the columns in a file: ``at_ms`` is the time ``at`` there."""
    return tuple(name.removesuffix("_ms").removesuffix("_centi") for name in row._fields)


def write_csv(path: Path, row: type[Any], rows: Iterable[Any]) -> int:
    """Write a table as CSV and return the number of its rows."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns(row))
        for one in rows:
            writer.writerow(map(_text, row._fields, one))
            count += 1
    return count


def _text(name: str, value: Any) -> str:  # noqa: ANN401  # whatever a column holds
    if value is None:
        return ""
    if name.endswith("_ms"):
        return f"{_time(value).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    if name.endswith("_centi"):
        sign, size = "-" if value < 0 else "", abs(value)
        return f"{sign}{size // 100}.{size % 100:02d}"
    text = str(value)
    # A spreadsheet takes such a text for a formula.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _time(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)


def write_parquet(path: Path, row: type[Any], rows: Iterable[Any]) -> int:
    """Write a table as Parquet and return the number of its rows.

    Raises
    ------
    ExtraMissingError
        If pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # only who writes Parquet needs it
        from pyarrow import parquet  # noqa: PLC0415  # as above
    except ImportError as fault:
        raise ExtraMissingError(
            "Parquet needs pyarrow, which is not installed: "
            "pip install 'infusion-reaction-monitor[parquet]', or write --format csv"
        ) from fault
    types = {"_ms": pa.timestamp("ms", tz="UTC"), "_centi": pa.float64()}
    numbers = {"revision": pa.int32(), "grade": pa.int8()}
    schema = pa.schema(
        [
            (column, next((kind for end, kind in types.items() if name.endswith(end)),
                          numbers.get(name, pa.string())))
            for name, column in zip(row._fields, columns(row), strict=True)
        ]
    )  # fmt: skip
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for some in _groups(rows):
            lists = [
                [_number(name, value) for value in column]
                for name, column in zip(row._fields, zip(*some, strict=True), strict=True)
            ]
            writer.write_table(pa.table(lists, schema=schema))
            count += len(some)
    return count


def _number(name: str, value: Any) -> Any:  # noqa: ANN401  # whatever a column holds
    return value / 100 if name.endswith("_centi") else value


def _groups(rows: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while some := list(islice(left, ROWS_AT_ONCE)):
        yield some
