"""Rows of a Parquet file as text, so that they pass the same checks as those of other tables."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from monitor.adapters.recording import InputFileError


def parquet_rows(path: Path, names: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the wanted fields of every row, counted from 1; what is null is empty.

    Raises
    ------
    InputFileError
        If the extra is missing, the file cannot be read or lacks a column.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # only who reads Parquet needs it
        from pyarrow import parquet  # noqa: PLC0415  # as above
    except ImportError as fault:
        raise InputFileError(
            path, "needs pyarrow: pip install 'infusion-reaction-monitor[parquet]'"
        ) from fault
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            known = set(file.schema_arrow.names)
            for name in names:
                if name not in known:
                    raise InputFileError(path, "the table lacks this column", name=name)
            for batch in file.iter_batches(columns=list(dict.fromkeys(names))):
                for row in batch.to_pylist():
                    number += 1
                    yield number, {name: _text(value) for name, value in row.items()}
    # Texts that are no UTF-8 and times outside the calendar come to light when they are taken out.
    except (pa.ArrowException, OSError, ValueError, OverflowError) as fault:
        words = f"cannot be read as Parquet behind row {number}: {fault}"
        raise InputFileError(path, words) from fault


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
