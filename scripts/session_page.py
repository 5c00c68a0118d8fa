"""Print the diagram and tables of docs/sessions.md from the tables that the program runs on.

The page is written by people; what stands between ``<!-- made NAME -->`` and ``<!-- end -->`` is
made here, and a test compares the two.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, get_args

from detectors.channels import CHANNEL_NAMES
from monitor.care.rates import PRIORITY, RunFault
from monitor.care.session import EVENTS, TABLE
from monitor.settings.settings import load_settings
from scripts.alert_page import BLOCK, cells, diagram

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "sessions.md"
CONFIG: Final = ROOT / "config"

MINUTE_MS: Final = 60_000


def windows() -> Iterator[str]:
    """Yield the windows of the shipped configuration."""
    yield "| window | for | counts from | lasts | holds | source |"
    yield "|---|---|---|---:|---|---|"
    for row in load_settings(CONFIG).ward.windows:
        hours = f"{row.lasts_ms // (60 * MINUTE_MS)} h"
        kinds = f" ({', '.join(row.kinds)})" if row.kinds else ""
        sources = ", ".join(f"`{key}`" for key in row.source)
        counts = f"{row.since} | {hours} | {row.holds}"
        yield f"| `{row.key}` | {row.words}{kinds} | {counts} | {sources} |"


def schedule() -> Iterator[str]:
    """Yield the schedule in force in the shipped configuration."""
    plan = load_settings(CONFIG).ward.schedule
    names = ", ".join(f"`{CHANNEL_NAMES[channel]}`" for channel in plan.channels)
    yield f"In force: `{plan.key}` ({plan.title}); a set is {names}."
    yield ""
    yield "| set | due | late after | overdue after |"
    yield "|---|---|---:|---:|"
    for row in plan.rows:
        due = f"{row.at_ms // MINUTE_MS} min after {row.after}"
        if row.every_ms is not None:
            due += f", then every {row.every_ms // MINUTE_MS} min"
        late, overdue = row.late_ms // MINUTE_MS, row.overdue_ms // MINUTE_MS
        yield f"| {row.words} | {due} | {late} min | {overdue} min |"


def faults() -> Iterator[str]:
    """Yield what may be wrong with a running infusion, with the priority of its advisory."""
    yield "| cause | priority |"
    yield "|---|---|"
    for fault in get_args(RunFault):
        yield f"| `rate:{fault}` | {PRIORITY[fault]} |"


PARTS: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "session-diagram": lambda: diagram(TABLE, "none"),
    "session-cells": lambda: cells(TABLE, EVENTS),
    "windows": windows,
    "schedule": schedule,
    "faults": faults,
}
"""What makes each block of the page."""


def page(text: str) -> str:
    """Return the page with every block made anew."""
    return BLOCK.sub(lambda m: m[1] + "\n".join(PARTS[m[2]]()) + "\n" + m[3], text)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
