"""Which time-series store a command means, and who may ask it: options that commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from monitor.series.stores import SeriesStore

SQLITE_PREFIX: Final = "sqlite:"

Store = Annotated[
    str,
    typer.Option("--store", help="http://HOST:8086 of an InfluxDB, or sqlite:FILE.", metavar="URL"),
]
Bucket = Annotated[str, typer.Option(help="Bucket, or database of version 1.")]
Org = Annotated[str, typer.Option(help="Organisation; version 1 has none.")]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="File with the token, one line.", envvar="IRM_INFLUX_TOKEN_FILE"),
]


def opened_store(store: str, bucket: str, org: str, token_file: Path | None) -> "SeriesStore":
    """Return the store that an address names."""
    if store.startswith(SQLITE_PREFIX):
        from monitor.series.stores import SqliteStore

        return SqliteStore(Path(store.removeprefix(SQLITE_PREFIX)))
    _check_address(store)
    from monitor.series.influx import InfluxAddress, InfluxStore, token_from

    return InfluxStore(
        InfluxAddress(url=store, bucket=bucket, org=org, token=token_from(token_file))
    )


def _check_address(store: str) -> None:
    """Refuse what is no address of a database, without repeating what may be a secret."""
    form = "must be http://HOST:PORT, https://HOST:PORT or sqlite:FILE"
    if "@" in store or "?" in store:
        raise typer.BadParameter(
            f"--store: {form}, without a user, a password or a token: others can read a command "
            "line. Name a file that holds the token with --token-file"
        )
    try:
        parts = urlsplit(store)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        is_whole = False
    if not is_whole:
        raise typer.BadParameter(f"--store {store}: {form}")


def utc_ms(option: str, text: str) -> int:
    """Return a time with its offset as ms since the Unix epoch."""
    from datetime import datetime

    from monitor.wire.payloads import milliseconds

    try:
        found = datetime.fromisoformat(text)
    except ValueError as fault:
        raise typer.BadParameter(f"{option} {text}: {fault}") from fault
    if found.tzinfo is None:
        raise typer.BadParameter(f"{option} {text}: needs Z or an offset")
    return milliseconds(found)
