"""The command ``doctor``: whether this installation is fit to be trusted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.broker_options import Broker, access_of, address_of
from monitor.commands import CONFIG_DIRECTORY, FOUND, OK, AsJson, Config, read_settings

if TYPE_CHECKING:
    from monitor.doctor import Finding

operations = typer.Typer()

_MARKS: Final = {"ok": "ok  ", "warning": "WARN", "fault": "FAIL", "not known": "??  "}


@operations.command()
def doctor(
    *,
    config: Config = CONFIG_DIRECTORY,
    broker: Broker = None,
    journal: Annotated[
        Path | None, typer.Option(help="Journal; default: UNIT.journal in the data directory.")
    ] = None,
    port: Annotated[
        list[str] | None,
        typer.Option(help="PORT or HOST:PORT that must be free here, of loopback without a host."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at configuration, clock, disk, journal, secrets, broker, certificates, lease and ports.

    Nothing is changed by looking. Ends with 0 if nothing is wrong, 1 if something is. What could
    not be looked at is said.
    """
    import msgspec

    from monitor.doctor import findings

    settings = read_settings(config)
    path = journal or settings.site.data_directory / f"{settings.site.unit}.journal"
    found = []
    access = access_of(settings, broker, "")
    ports = tuple(_address(text) for text in port or ())
    for one in findings(settings, access, journal=path, ports=ports):
        found.append(one)
        if not as_json:
            typer.echo(_line(one))
    if as_json:
        typer.echo(msgspec.json.encode(found))
    raise typer.Exit(FOUND if any(one.verdict == "fault" for one in found) else OK)


def _address(text: str) -> tuple[str, int]:
    named = text if ":" in text else f"127.0.0.1:{text}"
    return address_of(named, 0, "--port")


def _line(one: "Finding") -> str:
    remedy = f"\n     {'':18} -> {one.remedy}" if one.remedy else ""
    return f"{_MARKS[one.verdict]} {one.what:<18} {one.found}{remedy}"
