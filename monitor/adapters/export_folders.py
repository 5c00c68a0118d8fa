"""A folder of our own tables, replayed: the same messages in the same steps as in its journal.

The values of a message stand in the table of readings, everything else of it in the table of its
shape, and the steps in a table of their own. What the tables do not hold (fields that no decoder
reads, parts of a millisecond) changes nothing of what a ward decides. A row that cannot be read is
named with its line (Parquet: the number of the row), and the rest goes on.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from monitor.adapters.message_rows import (
    ABOUT,
    ABOUT_COLUMNS,
    FORMAT,
    READINGS,
    REFUSED,
    REFUSED_COLUMNS,
    STEP_COLUMNS,
    STEPS,
    TABLES,
    MessageTable,
    RowError,
    message_of,
    milliseconds_of,
    own_time,
)
from monitor.adapters.parquet_rows import parquet_rows
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.adapters.rows import exact_rows, no_text
from monitor.facts.records import RawMessage, RecordedStep
from monitor.wire.payloads import VitalValue

ENDINGS: Final = ("csv", "parquet")
READING_COLUMNS: Final = (
    "message_number", "channel", "value", "value_unit", "measured", "quality", "stat",
)  # fmt: skip

Values = dict[int, list[tuple[int, VitalValue]]]
"""By the number of the message: when each value was measured, and the value without a time."""


def ending_of(folder: Path) -> str:
    """Return the ending of the tables of a folder, "" if it holds no whole export."""
    return next(
        (
            end
            for end in ENDINGS
            if all((folder / f"{name}.{end}").is_file() for name in (ABOUT, STEPS, READINGS))
        ),
        "",
    )


def recordings(folder: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield the one recording of a folder of tables.

    Raises
    ------
    InputFileError
        If a table is missing, cannot be read or lacks a column, or if its vital signs were folded
        before it was written.
    """
    ending = ending_of(folder)
    if not ending:
        raise InputFileError(folder, f"holds no {ABOUT}, {STEPS} and {READINGS} of an export")
    about = _about(folder / f"{ABOUT}.{ending}")
    values = _values(folder / f"{READINGS}.{ending}", remarks)
    messages: dict[int, list[tuple[int, RawMessage]]] = defaultdict(list)
    for table in (*TABLES.values(), None):
        for step, number, raw in _messages(folder, table, ending, values, remarks):
            messages[step].append((number, raw))
    steps = []
    for step, now_ms in _steps(folder / f"{STEPS}.{ending}"):
        mine = sorted(messages.pop(step, []), key=lambda one: one[0])
        steps.append(RecordedStep(now_ms=now_ms, messages=tuple(raw for _, raw in mine)))
    remarks.count("messages of no step left out", sum(map(len, messages.values())))
    yield Recording(
        name=folder.name,
        unit=about["unit"],
        steps=tuple(steps),
        config=about["config"],
        software=about["software"],
    )


def _about(path: Path) -> Mapping[str, str]:
    names = tuple(column.name for column in ABOUT_COLUMNS)
    rows = [fields for _, fields in _rows(path, names)]
    if len(rows) != 1:
        raise InputFileError(path, "must hold one row")
    (about,) = rows
    if about["format"] != str(FORMAT):
        reason = f"this program reads format {FORMAT}"
        raise InputFileError(path, reason, name="format", value=about["format"])
    if about["folded_step"] != "0":
        raise InputFileError(
            path,
            "the vital signs of its first steps were folded before it was written, so that they "
            f"cannot be decided again one by one; replay {READINGS} alone, or a younger journal",
            name="folded_step",
            value=about["folded_step"],
        )
    return about


def _steps(path: Path) -> Iterator[tuple[int, int]]:
    names = tuple(column.name for column in STEP_COLUMNS)
    before, last_ms = 0, 0
    for line, fields in _rows(path, names):
        try:
            step, now_ms = int(fields["step_number"]), milliseconds_of(fields["now"])
        except ValueError as fault:
            raise InputFileError(path, str(fault), line=line) from fault
        if step <= before or now_ms < last_ms:
            raise InputFileError(path, "lies before the step in front of it", line=line)
        before, last_ms = step, now_ms
        yield step, now_ms


def _values(path: Path, remarks: Remarks) -> Values:
    found: Values = defaultdict(list)
    for line, fields in _rows(path, READING_COLUMNS, remarks):
        try:
            value = msgspec.convert(
                {
                    "ch": fields["channel"],
                    "v": float(fields["value"]),
                    "u": fields["value_unit"],
                    "q": fields["quality"],
                    "stat": fields["stat"].lower() == "true",
                },
                VitalValue,
            )
            measured_ms = milliseconds_of(fields["measured"])
            found[int(fields["message_number"])].append((measured_ms, value))
        except (ValueError, msgspec.ValidationError) as fault:
            remarks.add("rows left out", f"{path}:{line}: {fault}; row left out")
    return found


def _messages(
    folder: Path, table: MessageTable | None, ending: str, values: Values, remarks: Remarks
) -> Iterator[tuple[int, int, RawMessage]]:
    """Yield the messages of one table, or the refused ones, with their steps and numbers."""
    path = folder / f"{REFUSED if table is None else table.name}.{ending}"
    columns = REFUSED_COLUMNS if table is None else table.columns
    for line, fields in _rows(path, tuple(column.name for column in columns), remarks):
        try:
            step, number = int(fields["step_number"]), int(fields["message_number"])
            mine: tuple[VitalValue, ...] = ()
            if number in values:
                message_ms = milliseconds_of(fields["t"])
                mine = tuple(
                    msgspec.structs.replace(value, t=own_time(measured_ms, message_ms))
                    for measured_ms, value in values[number]
                )
            yield step, number, message_of(fields, table, mine)
        except (RowError, ValueError) as fault:
            remarks.add("rows left out", f"{path}:{line}: {fault}; row left out")


def _rows(
    path: Path, names: tuple[str, ...], remarks: Remarks | None = None
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the rows of a table; without remarks none may be left out."""
    if path.suffix == ".parquet":
        yield from parquet_rows(path, names)
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from exact_rows(path, file, names, remarks)
    except UnicodeDecodeError as fault:
        raise no_text(path, fault) from fault
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault
