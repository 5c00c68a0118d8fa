"""What the site says about a stay: windows after the end, schedules of vital signs, history."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from detectors.channels import CHANNEL_NAMES
from monitor.care.history import HistoryParams
from monitor.care.schedules import Schedule
from monitor.care.watches import WindowRow
from monitor.tables.faults import FaultKept
from monitor.tables.tables import Table, each, record, records, sheet, unique
from monitor.wire.payloads import ChannelName


@dataclass(frozen=True, slots=True, kw_only=True)
class StayRows:
    """Everything that the site says about a stay."""

    windows: tuple[WindowRow, ...]
    schedule: Schedule
    history: HistoryParams


def stay_rows(table: Callable[[str], Table]) -> StayRows:
    """Return what the three files about a stay say; ``table`` returns the reader of a file.

    All of them are read even when one has faults.
    """
    windows: tuple[WindowRow, ...] = ()
    schedule: Schedule | None = None
    history: HistoryParams | None = None
    with suppress(FaultKept):
        windows = window_rows(table("watches.toml"))
    with suppress(FaultKept):
        schedule = active_schedule(table("schedules.toml"))
    with suppress(FaultKept):
        history = sheet(table("history.toml"), HistoryParams)
    if not windows or schedule is None or history is None:
        raise FaultKept
    return StayRows(windows=windows, schedule=schedule, history=history)


def window_rows(table: Table) -> tuple[WindowRow, ...]:
    """Return the windows of watches.toml."""
    rows = records(table, "window", WindowRow)
    table.close()
    unique(table, "window", [row.key for row in rows])
    return rows


def active_schedule(table: Table) -> Schedule:
    """Return the schedule of schedules.toml that is in force; all of them are checked."""

    def channels(row: Table) -> tuple[int, ...]:
        return tuple(map(CHANNEL_NAMES.index, row.read("channels", tuple[ChannelName, ...])))

    def schedule(row: Table) -> Schedule:
        made = record(row, Schedule, channels=channels)
        unique(row, "rows", [one.key for one in made.rows])
        return made

    made = {one.key: one for one in each(table.rows("schedule"), schedule)}
    active = table.read("active", str)
    table.close()
    if active not in made:
        table.refuse("active", f"unknown schedule {active!r}; known: {', '.join(made)}")
    return made[active]
