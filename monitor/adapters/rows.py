"""Rows of tables of anybody: read as text, one after the other, and told where they are wrong.

A table may be compressed, its columns may stand in any order and be written in capitals. It is
read as it is asked for, so a table larger than the memory passes through.
"""

import csv
import gzip
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO, TypeAlias

from monitor.adapters.recording import InputFileError, Remarks

VALUE_MAX: Final = 1e6
"""As on the wire: a larger number is no vital sign."""

LEFT_OUT: Final = "rows left out"

_MORE: Final = "\0"
"""No column is called so: where the cells of a row beyond the last column are kept."""

_SHOWN_MAX: Final = 80

Fields: TypeAlias = Mapping[str, str]


class BadValueError(ValueError):
    """A field of a row that does not hold what it should."""

    def __init__(self, name: str, value: str, reason: str) -> None:
        super().__init__(f"{name}: {reason} (got {value!r})")


def found_table(folder: Path, *names: str) -> Path | None:
    """Return the first table of these names in a folder, whatever its case, compressed or not."""
    known = {path.name.lower(): path for path in folder.iterdir()} if folder.is_dir() else {}
    for name in names:
        for end in (".csv", ".csv.gz"):
            if f"{name.lower()}{end}" in known:
                return known[f"{name.lower()}{end}"]
    return None


def rows(
    path: Path, remarks: Remarks, needed: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[int, Fields]]:
    """Yield the wanted fields of every row with the number of its line.

    A field that a row lacks is empty, and so is an optional column that the table lacks. Names
    of columns are compared without case and come back as they were asked for. A row with more
    cells than the table has columns is remarked on and left out: its values have slipped.

    Raises
    ------
    InputFileError
        If the table cannot be read or lacks a column that is needed.
    """
    try:
        with _opened(path) as file:
            yield from _rows(path, file, remarks, needed, optional)
    except UnicodeDecodeError as fault:
        raise no_text(path, fault) from fault
    except (gzip.BadGzipFile, zlib.error, EOFError) as fault:
        raise InputFileError(path, f"cannot be read: {fault}") from fault
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault


def _rows(
    path: Path, file: TextIO, remarks: Remarks, needed: Sequence[str], optional: Sequence[str]
) -> Iterator[tuple[int, Fields]]:
    table = csv.reader(file)
    try:
        heading = [name.strip().lower() for name in next(table, [])]
        for name in needed:
            if name.lower() not in heading:
                raise InputFileError(path, "the table lacks this column", line=1, name=name)
        names = (*needed, *optional)
        places = {name: heading.index(name.lower()) for name in names if name.lower() in heading}
        empty = dict.fromkeys((name for name in names if name not in places), "")
        width, least = len(heading), max(places.values(), default=-1) + 1
        for row in table:
            if len(row) > width:
                left_out(path, table.line_num, _overfull(row[width:], width), remarks)
                continue
            if len(row) < least:
                row.extend([""] * (least - len(row)))
            fields = {name: row[place].strip() for name, place in places.items()}
            yield table.line_num, {**fields, **empty} if empty else fields
    except csv.Error as fault:
        raise InputFileError(path, f"cannot be read: {fault}", line=table.line_num) from fault


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as unzipped:
            yield unzipped
    else:
        with path.open(encoding="utf-8-sig", newline="") as plain:
            yield plain


def exact_rows(
    path: Path,
    file: TextIO,
    needed: Sequence[str],
    remarks: Remarks | None,
    *,
    separator: str = ",",
    empty_ends: bool = False,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield every row whole with the number of its line, the names of columns as they stand.

    A field that a row lacks is empty. A row with more cells than the table has columns is
    remarked on and left out, or ends the reading where no remarks are taken. With ``empty_ends``
    cells beyond the last column count only if one of them holds something: programs for tables
    write empty ones.

    Raises
    ------
    InputFileError
        If the table lacks a column that is needed, or a row is no row.
    """
    table = csv.DictReader(file, restkey=_MORE, restval="", delimiter=separator)
    try:
        for name in needed:
            if name not in (table.fieldnames or ()):
                raise InputFileError(path, "the table lacks this column", line=1, name=name)
        for fields in table:
            beyond = fields.pop(_MORE, ())
            if not (any(cell.strip() for cell in beyond) if empty_ends else beyond):
                yield table.line_num, fields
                continue
            fault = _overfull(beyond, len(fields))
            if remarks is None:
                raise InputFileError(path, str(fault), line=table.line_num)
            left_out(path, table.line_num, fault, remarks)
    except csv.Error as fault:
        raise InputFileError(path, f"cannot be read: {fault}", line=table.line_num) from fault


def _overfull(beyond: Sequence[str], columns: int) -> BadValueError:
    """Return what is wrong with a row that has cells beyond the last of so many columns."""
    reason = f"has {columns + len(beyond)} cells, the table has {columns} columns"
    return BadValueError("row", ",".join(beyond)[:_SHOWN_MAX], reason)


def no_text(path: Path, fault: UnicodeDecodeError) -> InputFileError:
    """Return what is wrong with a file that is no text as we read it."""
    return InputFileError(path, f"is not UTF-8 ({fault.reason}); save it as UTF-8")


def left_out(path: Path, line: int, fault: BadValueError, remarks: Remarks) -> None:
    """Name a row that could not be read."""
    remarks.add(LEFT_OUT, f"{path}:{line}: {fault}; row left out")


def number(fields: Fields, name: str, most: float = VALUE_MAX) -> float:
    """Return a field as a number.

    Raises
    ------
    BadValueError
        If it is none, is not finite, or is larger than ``most`` either way.
    """
    try:
        value = float(fields[name])
    except ValueError:
        raise BadValueError(name, fields[name], "is no number") from None
    if not math.isfinite(value) or abs(value) > most:
        raise BadValueError(name, fields[name], f"must be finite and at most {most:g}")
    return value


def instant_ms(fields: Fields, name: str) -> int:
    """Return a field that is a time in ISO 8601 (UTC where unsaid) as ms since the Unix epoch.

    Raises
    ------
    BadValueError
        If it is no such time.
    """
    try:
        found = datetime.fromisoformat(fields[name])
    except ValueError:
        raise BadValueError(name, fields[name], "is no time in ISO 8601") from None
    whole = found if found.tzinfo else found.replace(tzinfo=UTC)
    return round(whole.timestamp() * 1000)
