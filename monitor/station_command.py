"""Commands of the nursing station: the server, and who may act at it."""

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.broker_options import Broker, Unit, access_of, address_of
from monitor.commands import CONFIG_DIRECTORY, Config, read_settings, software

if TYPE_CHECKING:
    from monitor.station.doors import Proxy
    from monitor.station.exposure import HttpOptions

OK: Final = 0
USAGE: Final = 2
INTERRUPTED: Final = 130
HTTP_PORT: Final = 8080

station_commands = typer.Typer()

Http = Annotated[str, typer.Option("--http", help="HOST:PORT to serve at.")]
UsersFile = Annotated[
    Path | None, typer.Option("--users", help="File of people who may act; without it nobody may.")
]


@station_commands.command()
def station(
    *,
    config: Config = CONFIG_DIRECTORY,
    broker: Broker = None,
    unit: Unit = None,
    http: Http = f"127.0.0.1:{HTTP_PORT}",
    users: UsersFile = None,
    proxy_header: Annotated[
        str | None, typer.Option(help="Header in which a reverse proxy names the person.")
    ] = None,
    proxy_from: Annotated[
        list[str] | None, typer.Option(help="Address or network of that proxy; repeatable.")
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Origin under which people see the page, as https://NAME; repeatable."),
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Journal of the monitor, read for history and review.")
    ] = None,
    audit: Annotated[
        Path | None, typer.Option(help="Audit; default: UNIT.audit in the data directory.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate, to serve by TLS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key of the certificate.")] = None,
    device_id: Annotated[
        str | None, typer.Option(help="Name of this station on the wire; default: of site.toml.")
    ] = None,
    log: Annotated[str, typer.Option(help="Log lines as 'text' or 'json'.")] = "text",
    with_parent: Annotated[
        bool, typer.Option("--with-parent", hidden=True, help="Leave when standard input ends.")
    ] = False,
) -> None:
    """Serve the nursing station: the beds of a unit in a browser, and what people do there."""
    from monitor.adapters.logbook import start_logging
    from monitor.station.exposure import StationOptions
    from monitor.station.server import serve

    if log not in {"text", "json"}:
        raise typer.BadParameter(f"--log {log}: must be text or json")
    start_logging("json" if log == "json" else "text", level=logging.INFO)
    settings = read_settings(config)
    name = unit or settings.site.unit
    options = StationOptions(
        unit=name,
        device=_device(device_id or settings.site.station.device_id),
        software=software(),
        audit=audit or settings.site.data_directory / f"{name}.audit",
        users=users,
        proxy=_proxy(proxy_header, proxy_from),
        journal=journal,
        config=config,
        http=_http_options(http, tls_cert, tls_key, origin),
    )
    if with_parent:
        threading.Thread(target=_leave_with_parent, daemon=True).start()
    with _told():
        was_interrupted = serve(options, settings, access_of(settings, broker, "", is_station=True))
    raise typer.Exit(INTERRUPTED if was_interrupted else OK)


def _http_options(
    http: str, certificate: Path | None, key: Path | None, origins: list[str] | None
) -> "HttpOptions":
    from monitor.station.exposure import HttpOptions

    host, port = address_of(http, HTTP_PORT, "--http")
    return HttpOptions(
        host=host, port=port, certificate=certificate, key=key, origins=tuple(origins or ())
    )


def _leave_with_parent() -> None:
    """Wait for the end of standard input, which only the parent holds open, and leave."""
    # Not by the reader of sys.stdin: whoever waits in it while the interpreter ends aborts it.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Say what cannot be done as asked, in one line."""
    from monitor.adapters.deeds import AuditError
    from monitor.station.exposure import StationError
    from monitor.station.people import UsersFileError

    try:
        yield
    except (AuditError, StationError, UsersFileError, ValueError) as fault:
        typer.echo(f"infusion-monitor: {fault}", err=True)
        raise typer.Exit(USAGE) from fault


def _device(name: str) -> str:
    """Return a name under which a station may speak."""
    import re

    from monitor.wire.topics import ID_LIMIT

    if re.fullmatch(ID_LIMIT, name) is None:
        raise typer.BadParameter(f"--device-id {name}: must match {ID_LIMIT}")
    return name


def _proxy(header: str | None, peers: list[str] | None) -> "Proxy | None":
    from monitor.station.doors import Proxy, networks

    if bool(header) != bool(peers):
        raise typer.BadParameter("--proxy-header and --proxy-from belong together")
    if not header:
        return None
    try:
        return Proxy(header=header, peers=networks(peers or ()))
    except ValueError as fault:
        raise typer.BadParameter(f"--proxy-from: {fault}") from fault


@station_commands.command("station-user")
def station_user(
    users: Annotated[Path, typer.Argument(help="File of people; made where there is none.")],
    name: Annotated[str, typer.Argument(help="Staff id or pseudonym.")],
    *,
    role: Annotated[str, typer.Option(help="viewer, nurse, charge, engineer or auditor.")],
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password; default: asked for, or stdin.")
    ] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Only a proxy lets this person in.")
    ] = False,
) -> None:
    """Add a person to a file of users, or change them; the file keeps a hash, never a password."""
    from monitor.station.people import ROLES, UserRow, user_row, write_user

    known = next((one for one in ROLES if one == role), None)
    if known is None:
        raise typer.BadParameter(f"--role {role}: must be one of {', '.join(ROLES)}")
    with _told():
        row = UserRow(role=known) if no_password else user_row(known, _password(password_file))
        write_user(users, name, row)
    typer.echo(f"{users}: {name} is {known}", err=True)


def _password(file: Path | None) -> str:
    """Return a password that never stood on a command line."""
    if file is not None:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    if not os.isatty(sys.stdin.fileno()):
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
