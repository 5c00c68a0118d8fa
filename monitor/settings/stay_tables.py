"""What the site says about a stay: windows after the end, and schedules of vital signs."""

from detectors.channels import CHANNEL_NAMES
from monitor.care.schedules import Schedule
from monitor.care.watches import WindowRow
from monitor.tables.tables import Table, each, record, records, unique
from monitor.wire.payloads import ChannelName


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
