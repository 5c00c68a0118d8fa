"""Options that every command with a broker has, and what they mean."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from monitor.adapters.access import Access
    from monitor.settings.settings import Settings

PORT_MAX: Final = 65_535

Broker = Annotated[
    str | None, typer.Option(help="HOST or HOST:PORT instead of the one in site.toml.")
]
Unit = Annotated[str | None, typer.Option(help="Unit instead of the one in site.toml.")]


def access_of(
    settings: "Settings", broker: str | None, client_id: str, *, is_station: bool = False
) -> "Access":
    """Return how the monitor reaches the broker of a site, or the one that is named instead.

    A station comes under its own name where the site gives it one.
    """
    from monitor.adapters.access import Access, Tls

    site = settings.site.broker
    if is_station:
        site = settings.site.station.broker(site)
    host, port = address_of(broker, site.port, "--broker") if broker else (site.host, site.port)
    tls = Tls(ca_file=site.ca_file, certificate_file=site.certificate_file, key_file=site.key_file)
    return Access(
        host=host,
        port=port,
        client_id=client_id,
        username=site.username,
        password=site.password() or "",
        tls=tls if site.ca_file is not None else None,
    )


def address_of(text: str, default_port: int, option: str) -> tuple[str, int]:
    """Return host and port of an option; without a port its default."""
    if "@" in text:
        raise typer.BadParameter(
            f"{option}: must be HOST or HOST:PORT, without a user or a password: others can read a "
            "command line. site.toml names the user and the file of the password"
        )
    host, separator, port = text.rpartition(":")
    if not separator:
        return text, default_port
    if not port.isdecimal() or not 1 <= int(port) <= PORT_MAX:
        raise typer.BadParameter(f"{option} {text}: the port must be 1 to {PORT_MAX}")
    return host.strip("[]") or "127.0.0.1", int(port)
