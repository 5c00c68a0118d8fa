"""The nursing station as a process beside a monitor or a demonstration."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.adapters.child import Child


def station_child(
    *,
    config: Path,
    http: str,
    broker: str | None,
    journal: Path,
    users: Path | None,
    audit: Path | None = None,
    log: str = "text",
    is_quiet: bool = False,
) -> "Child":
    """Return the station as a child process that is kept running; it is not started yet.

    It is a process of its own, so that whatever happens to it, alerts go on.
    """
    from monitor.adapters.child import Child

    options: dict[str, str | Path | None] = {
        "--config": config,
        "--http": http,
        "--broker": broker,
        "--journal": journal,
        "--users": users,
        "--audit": audit,
        "--log": log,
    }
    given = [
        text for name, value in options.items() if value is not None for text in (name, str(value))
    ]
    command = [sys.executable, "-m", "monitor", "station", "--with-parent", *given]
    return Child("station", command, is_quiet=is_quiet)


def station_beside(
    *,
    config: Path,
    http: str | None,
    broker: str | None,
    journal: Path,
    users: Path | None,
    log: str,
) -> AbstractContextManager[object]:
    """Return the station to run beside a monitor; nothing where no address was asked for."""
    if http is None:
        return nullcontext()
    return station_child(
        config=config, http=http, broker=broker, journal=journal, users=users, log=log
    )
