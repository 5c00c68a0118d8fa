"""What a station is started with, and whether it may be: a network sees it by login and TLS."""

import ipaddress
import socket
from dataclasses import dataclass, field
from pathlib import Path

from monitor.station.doors import Proxy
from monitor.station.guard import Places, places


class StationError(Exception):
    """The station cannot be started as asked; says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """Where and how to serve."""

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: Path | None = None
    key: Path | None = None
    origins: tuple[str, ...] = ()

    @property
    def has_tls(self) -> bool:
        """Return whether this server itself speaks TLS."""
        return self.certificate is not None

    def places(self) -> Places:
        """Return the names under which this server may be asked."""
        names = (socket.gethostname(), socket.getfqdn())
        return places(self.host, names, self.origins, tls=self.has_tls)


@dataclass(frozen=True, slots=True, kw_only=True)
class StationOptions:
    """Everything that a station is started with."""

    unit: str
    device: str
    software: str
    audit: Path
    users: Path | None = None
    proxy: Proxy | None = None
    journal: Path | None = None
    config: Path = Path("config")
    http: HttpOptions = field(default_factory=HttpOptions)


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_exposure(options: StationOptions) -> None:
    """Refuse what would open the station to a network without knowing anybody, or in the clear.

    Raises
    ------
    StationError
        If the address is no loopback and there is no file of users, or nothing that says that
        people come by TLS; or half a pair of TLS files.
    """
    http = options.http
    if not is_loopback(http.host):
        reached = f"--http {http.host}:{http.port} can be reached from the network, and"
        if options.users is None:
            raise StationError(
                f"{reached} nobody could be known: give --users FILE, which infusion-monitor "
                "station-user writes, or bind to 127.0.0.1"
            )
        if not http.places().is_secure:
            raise StationError(
                f"{reached} passwords would go there for everybody to read: give --tls-cert and "
                "--tls-key, or --origin https://NAME where a proxy speaks TLS, or bind to 127.0.0.1"
            )
    if options.proxy is not None and options.users is None:
        raise StationError("--proxy-header needs --users FILE: it says who has which role")
    if (http.certificate is None) != (http.key is None):
        raise StationError("--tls-cert and --tls-key belong together")
