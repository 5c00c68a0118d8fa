"""The numbers of a cohort's page as one CSV: a line a number, by table, row and column.

Every spreadsheet and every statistics program turns such lines into any table (a pivot), and a
file with one kind of line can grow without breaking those who read it.
"""

import csv
import io
from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec

from monitor.study.ablation import Ablation
from monitor.study.cohort import ScoredCohort
from monitor.study.sweep import Sweep

HEAD: Final = ("table", "row", "column", "value")

Line: TypeAlias = tuple[str, str, str, str]


def cohort_csv(
    found: ScoredCohort, sweep: Sweep | None = None, ablation: Ablation | None = None
) -> str:
    """Return the numbers of a cohort as CSV, and those of a sweep and an ablation beside it.

    Tables bear the names of the JSON, in which the same numbers stand. Rows are counted from 1;
    the names of what they are about (rule, pattern, grade) are columns of theirs. What is not
    known is an empty value.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows(_lines("score", msgspec.to_builtins(found)))
    for name, more in (("sweep", sweep), ("ablation", ablation)):
        if more is not None:
            writer.writerows(_lines(name, msgspec.to_builtins(more)))
    return text.getvalue()


def _lines(table: str, value: dict[str, object]) -> Iterator[Line]:
    """Yield the numbers of an object: its own in one row, and those of the tables in it."""
    own = {name: one for name, one in value.items() if not isinstance(one, dict | list | tuple)}
    yield from ((table, "1", name, _text(one)) for name, one in own.items())
    for name, one in value.items():
        within = name if table == "score" else f"{table}.{name}"
        if isinstance(one, dict):
            yield from _lines(within, one)
        elif isinstance(one, list | tuple):
            for number, row in enumerate(one, start=1):
                yield from ((within, str(number), *cell) for cell in _cells("", row))


def _cells(column: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield the columns of one row, those of what is nested with the names before them."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _cells(f"{column}.{name}" if column else str(name), one)
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value, start=1):
            yield from _cells(f"{column}.{number}" if column else str(number), one)
    else:
        yield column or "value", _text(value)


def _text(value: object) -> str:
    return "" if value is None else str(value)
