"""The command ``doctor``: whether this installation is fit to be trusted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.broker_options import Broker, access_of
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
        list[int] | None, typer.Option(help="A loopback port that must be free; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at configuration, clock, disk, journal, secrets, broker and certificates.

    Nothing is changed by looking. Ends with 0 if nothing is wrong, 1 if something is. What could
    not be looked at is said.
    """
    import msgspec

    from monitor.doctor import findings

    settings = read_settings(config)
    path = journal or settings.site.data_directory / f"{settings.site.unit}.journal"
    found = []
    access = access_of(settings, broker, "")
    for one in findings(settings, access, journal=path, ports=tuple(port or ())):
        found.append(one)
        if not as_json:
            typer.echo(_line(one))
    if as_json:
        typer.echo(msgspec.json.encode(found))
    raise typer.Exit(FOUND if any(one.verdict == "fault" for one in found) else OK)


def _line(one: "Finding") -> str:
    remedy = f"\n     {'':18} -> {one.remedy}" if one.remedy else ""
    return f"{_MARKS[one.verdict]} {one.what:<18} {one.found}{remedy}"
