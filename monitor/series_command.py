"""The commands ``forward`` and ``fetch``: a journal into a time-series store and out again."""

import logging
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.commands import FOUND, JournalFile, piped
from monitor.store_options import Bucket, Org, Store, TokenFile, opened_store, utc_ms

if TYPE_CHECKING:
    from monitor.series.forwarding import Forwarder, Turn
OK: Final = 0
OUT_OF_REACH: Final = 3

TURN_S: Final = 1.0
TELL_AGAIN_S: Final = 600.0
"""While anything waits the log says so again, and how much: an outage can last for days."""

series = typer.Typer()


@series.command()
def forward(
    journal: JournalFile,
    *,
    store: Store,
    bucket: Bucket = "irm",
    org: Org = "-",
    token_file: TokenFile = None,
    once: Annotated[bool, typer.Option(help="Send what is there now and end.")] = False,
    log: Annotated[str, typer.Option(help="Log lines as 'text' or 'json'.")] = "text",
) -> None:
    """Send a journal to a time-series store, from where it got to, for as long as it grows.

    Runs beside the monitor and never in its way. While the store is away the journal keeps all.
    """
    from monitor.adapters.logbook import start_logging
    from monitor.series.cursor_file import CursorFile, beside
    from monitor.series.forwarding import Forwarder

    if log not in {"text", "json"}:
        raise typer.BadParameter(f"--log {log}: must be text or json")
    start_logging("json" if log == "json" else "text", level=logging.INFO)
    target = opened_store(store, bucket, org, token_file)
    cursor = CursorFile(beside(journal))
    forwarder = Forwarder(journal, target, cursor)
    try:
        code = _forwarded(forwarder, once=once)
    finally:
        target.close()
        forwarder.close()
        cursor.close()
    typer.echo(f"{forwarder.sent} points sent, {forwarder.refused} refused", err=True)
    raise typer.Exit(code)


def _forwarded(forwarder: "Forwarder", *, once: bool) -> int:
    """Take turns until told to stop, or with ``once`` until nothing is left or nothing goes."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    state, refused, quiet_s = "", forwarder.refused, 0.0
    while not stopping.is_set():
        turn = forwarder.turn()
        refused += turn.refused
        # Without a clock: how long it rested, and about a second for every turn of work.
        quiet_s += max(turn.wait_s, TURN_S)
        is_again = turn.state != "idle" and quiet_s > TELL_AGAIN_S
        if turn.state != state or turn.refused or is_again:
            _tell(turn, forwarder.waiting())
            state, quiet_s = turn.state, 0.0
        if once and turn.state != "behind":
            return OK if turn.state == "idle" and not refused else _code(turn)
        stopping.wait(turn.wait_s)
    return OK


def _code(turn: "Turn") -> int:
    return FOUND if turn.state == "idle" else OUT_OF_REACH


def _tell(turn: "Turn", waiting: int) -> None:
    from monitor.adapters.logbook import ROOT
    from monitor.adapters.logbook import log as write

    trouble = turn.state in {"waiting", "forbidden"} or turn.refused or turn.words
    level = logging.WARNING if trouble else logging.INFO
    write(
        logging.getLogger(f"{ROOT}.series"),
        level,
        f"series-{turn.state}",
        sent=turn.sent,
        refused=turn.refused,
        waiting=waiting,
        reason=turn.words,
    )


@series.command()
def fetch(
    to: Annotated[Path | None, typer.Argument(help="Recording; default: standard output.")] = None,
    *,
    store: Store,
    unit: Annotated[str, typer.Option(help="Unit whose messages are wanted.")],
    begin: Annotated[str, typer.Option("--from", help="UTC time, as 2026-11-24T10:05:00Z.")],
    end: Annotated[str, typer.Option("--to", help="UTC time; it is not part of what is read.")],
    bucket: Bucket = "irm",
    org: Org = "-",
    token_file: TokenFile = None,
) -> None:
    """Write what a time-series store holds of a unit as a recording, to be replayed.

    ``replay --from influx`` does the same without a file in between.
    """
    from monitor.adapters.recording import (
        FORMAT,
        Header,
        header_line,
        step_line,
        write_recording,
    )
    from monitor.series.reading import found_steps

    source = opened_store(store, bucket, org, token_file)
    header = Header(format=FORMAT, unit=unit)
    try:
        steps = found_steps(
            source, unit, from_ms=utc_ms("--from", begin), to_ms=utc_ms("--to", end)
        )
        if to is not None:
            typer.echo(f"{write_recording(to, steps, header=header)} steps", err=True)
            return
        with piped():
            sys.stdout.buffer.write(header_line(header))
            for step in steps:
                sys.stdout.buffer.write(step_line(step))
    finally:
        source.close()
