"""The newest day of a journal: where in its tables it begins, found without reading what is older.

Numbers of steps, messages and rows only grow, so the place of a step in the other tables is found
by halving. Who looks back sees at most a day, so nothing older is read.
"""

from typing import Final, NamedTuple

from monitor.adapters.journal import JournalReader

DAY_MS: Final = 24 * 3_600_000


class Day(NamedTuple):
    """Where the newest day begins: the time, and the last step, message and row before it."""

    since_ms: int
    step: int
    message: int
    row: int


def newest_day(reader: JournalReader) -> Day:
    """Return where the newest day of a journal begins; of an empty one, its beginning.

    Raises
    ------
    JournalError
        If the file cannot be read.
    """
    newest = next(reader.rows("SELECT now_ms FROM step ORDER BY n DESC LIMIT 1"), None)
    if newest is None:
        return Day(0, 0, 0, 0)
    since_ms = newest[0] - DAY_MS
    first = next(reader.rows("SELECT min(n) FROM step WHERE now_ms >= ?", (since_ms,)))[0]
    return Day(
        since_ms=since_ms,
        step=first - 1,
        message=_last_before(reader, "inbox", first),
        row=_last_before(reader, "ledger", first),
    )


_ENDS: Final = {
    "inbox": "SELECT coalesce(max(n), 0) FROM inbox",
    "ledger": "SELECT coalesce(max(n), 0) FROM ledger",
}
_NEXT: Final = {
    "inbox": "SELECT step FROM inbox WHERE n >= ? ORDER BY n LIMIT 1",
    "ledger": "SELECT step FROM ledger WHERE n >= ? ORDER BY n LIMIT 1",
}


def _last_before(reader: JournalReader, table: str, step: int) -> int:
    """Return a number behind which every row of a table belongs to a step or to a later one."""
    low, high = 0, next(reader.rows(_ENDS[table]))[0]
    # Every row up to ``low`` is before the step; behind ``high`` none is. Gaps do no harm.
    while low < high:
        middle = (low + high + 1) // 2
        if next(reader.rows(_NEXT[table], (middle,)))[0] < step:
            low = middle
        else:
            high = middle - 1
    return low
