"""A folder of tables, written in one pass over a journal: one file a table."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

from monitor.adapters.extract import EffectRow, Extract, ReadingRow
from monitor.adapters.message_rows import (
    ABOUT,
    ABOUT_COLUMNS,
    READINGS,
    REFUSED,
    REFUSED_COLUMNS,
    STEP_COLUMNS,
    STEPS,
    TABLES,
)
from monitor.adapters.table_files import Column, TableFile, typed_columns

Opened: TypeAlias = Callable[[Path, Sequence[Column]], TableFile]
EFFECTS = "effects"


def layout() -> dict[str, tuple[Column, ...]]:
    """Return the tables of an export by their names, and their columns."""
    return {
        ABOUT: ABOUT_COLUMNS,
        STEPS: STEP_COLUMNS,
        READINGS: typed_columns(ReadingRow),
        **{table.name: table.columns for table in TABLES.values()},
        REFUSED: REFUSED_COLUMNS,
        EFFECTS: typed_columns(EffectRow),
    }


def write_tables(folder: Path, extract: Extract, opened: Opened, ending: str) -> dict[str, int]:
    """Write every table of an extract and return how many rows each has.

    Raises
    ------
    JournalError
        If the journal cannot be read.
    ExtraMissingError
        If a library is missing that the form needs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        tables = {
            name: files.enter_context(opened(folder / f"{name}.{ending}", columns))
            for name, columns in layout().items()
        }
        for name, row in extract.rows():
            tables[name].write(row)
        for row in extract.effects():
            tables[EFFECTS].write(row)
    return {name: table.count for name, table in tables.items()}
