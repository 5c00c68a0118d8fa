"""What belongs to a site and not to medicine: unit, broker, folders. Secrets stay in files."""

import os
import re
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from monitor.adapters.recovery import RecoveryParams
from monitor.care.self_checks import SelfCheckParams
from monitor.tables.faults import ConfigError, Fault
from monitor.tables.tables import Table, record

UNIT: Final = re.compile(r"[a-z0-9-]{1,32}")
PORT_MAX: Final = 65_535
SECRET_KEYS: Final = ("password", "key", "secret", "token")
FILE_KEYS: Final = ("password_file", "ca_file", "certificate_file", "key_file")

T = TypeVar("T", "BrokerSettings", "StationSettings")

CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what a service was given with ``LoadCredential``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """Where the MQTT broker is, and which files prove who we are; empty texts are "not used"."""

    host: str
    port: int
    username: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a port that does not exist, and halves of a pair."""
        if not 1 <= self.port <= PORT_MAX:
            raise ValueError(f"port must be 1 to {PORT_MAX}, got {self.port}")
        if not self.host:
            raise ValueError("host is empty")
        _check_pairs(self)
        if self.certificate_file is not None and self.ca_file is None:
            raise ValueError("certificate_file needs ca_file: without it nothing is encrypted")

    def password(self) -> str | None:
        """Return the password from its file, or None when none is used."""
        if self.password_file is None:
            return None
        try:
            return self.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                [_broker_fault("password_file", f"cannot be read: {error}")]
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSettings:
    """Who the nursing station is at the broker, as which it may do other things than the monitor.

    Without files of its own it comes with those of the monitor.
    """

    device_id: str = "station-1"
    username: str = ""
    password_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a name that cannot stand in a topic, and halves of a pair."""
        if not UNIT.fullmatch(self.device_id):
            raise ValueError(f"device_id must match {UNIT.pattern}, got {self.device_id!r}")
        _check_pairs(self)

    def broker(self, of_monitor: BrokerSettings) -> BrokerSettings:
        """Return how the station reaches the broker that the monitor reaches so.

        Raises
        ------
        ValueError
            If its certificate would be shown to a broker whose own is not checked.
        """
        if not self.username and self.certificate_file is None:
            return of_monitor
        return replace(
            of_monitor,
            username=self.username,
            password_file=self.password_file,
            certificate_file=self.certificate_file,
            key_file=self.key_file,
        )


def _check_pairs(of: BrokerSettings | StationSettings) -> None:
    if bool(of.username) != (of.password_file is not None):
        raise ValueError("username and password_file belong together")
    if (of.certificate_file is None) != (of.key_file is None):
        raise ValueError("certificate_file and key_file belong together")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """One site: its unit, its name at the broker, its data, its active rule book."""

    unit: str
    client_id: str
    data_directory: Path
    rule_book: str
    broker: BrokerSettings
    station: StationSettings
    self_check: SelfCheckParams
    recovery: RecoveryParams


@dataclass(frozen=True, slots=True, kw_only=True)
class _SiteTable:
    unit: str
    client_id: str
    data_directory: str
    rule_book: str

    def __post_init__(self) -> None:
        if not UNIT.fullmatch(self.unit):
            raise ValueError(f"unit must match {UNIT.pattern}, got {self.unit!r}")
        if not self.client_id or not self.data_directory:
            raise ValueError("client_id and data_directory must not be empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class _SiteFile:
    site: _SiteTable
    broker: BrokerSettings
    station: StationSettings = field(default_factory=StationSettings)
    self_check: SelfCheckParams = field(default_factory=SelfCheckParams)
    recovery: RecoveryParams = field(default_factory=RecoveryParams)


def site_settings(table: Table, directory: Path) -> SiteSettings:
    """Return the settings of site.toml; relative paths start at the folder of the file.

    A file of the same name among what systemd gave the service (``LoadCredential``) is taken
    instead: who runs under a user of its own cannot read what belongs to root.
    """
    made = record(
        table,
        _SiteFile,
        broker=lambda outer: _connection(outer, "broker", BrokerSettings, directory),
        station=lambda outer: _station(outer, directory),
    )
    try:
        made.station.broker(made.broker)
    except ValueError as error:
        table.refuse("station", str(error))
    return SiteSettings(
        unit=made.site.unit,
        client_id=made.site.client_id,
        data_directory=(directory / made.site.data_directory).resolve(),
        rule_book=made.site.rule_book,
        broker=made.broker,
        station=made.station,
        self_check=made.self_check,
        recovery=made.recovery,
    )


def _station(outer: Table, directory: Path) -> StationSettings:
    if "station" not in outer.values:
        outer.asked.add("station")
        return StationSettings()
    return _connection(outer, "station", StationSettings, directory)


def _connection(outer: Table, name: str, kind: type[T], directory: Path) -> T:
    raw = outer.ask(name)
    if not isinstance(raw, dict):
        outer.refuse(name, "must be a table")
    row = outer.inner(name, raw)
    for key in SECRET_KEYS:
        if key in raw:
            row.asked.add(key)
            row.keep(key, "a secret must not stand in the configuration: name its file")
    known = {one.name for one in fields(kind)}
    readers = {
        key: partial(_file, key=key, directory=directory) for key in FILE_KEYS if key in known
    }
    return record(row, kind, **readers)


def _file(row: Table, *, key: str, directory: Path) -> Path | None:
    row.asked.add(key)
    if key not in row.values:
        return None
    found = _place(row.read(key, str), directory)
    if not found.is_file():
        row.refuse(key, f"file not found: {found}")
    return found.resolve()


def _place(name: str, directory: Path) -> Path:
    given = os.environ.get(CREDENTIALS, "")
    kept = Path(given) / Path(name).name
    return kept if given and kept.is_file() else directory / name


def _broker_fault(key: str, message: str) -> Fault:
    return Fault(file="site.toml", table="broker", key=key, message=message)
