"""What belongs to a site and not to medicine: unit, broker, folders. Secrets stay in files."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from monitor.adapters.recovery import RecoveryParams
from monitor.care.self_checks import SelfCheckParams
from monitor.tables.faults import ConfigError, Fault
from monitor.tables.tables import Table, record

UNIT: Final = re.compile(r"[a-z0-9-]{1,32}")
PORT_MAX: Final = 65_535
SECRET_KEYS: Final = ("password", "key", "secret", "token")


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
        if bool(self.username) != (self.password_file is not None):
            raise ValueError("username and password_file belong together")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together")
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
class SiteSettings:
    """One site: its unit, its name at the broker, its data, its active rule book."""

    unit: str
    client_id: str
    data_directory: Path
    rule_book: str
    broker: BrokerSettings
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
    self_check: SelfCheckParams = field(default_factory=SelfCheckParams)
    recovery: RecoveryParams = field(default_factory=RecoveryParams)


def site_settings(table: Table, directory: Path) -> SiteSettings:
    """Return the settings of site.toml; relative paths start at the folder of the file."""

    def path(row: Table, key: str) -> Path | None:
        row.asked.add(key)
        if key not in row.values:
            return None
        found = directory / row.read(key, str)
        if not found.is_file():
            row.refuse(key, f"file not found: {found}")
        return found.resolve()

    def broker(outer: Table) -> BrokerSettings:
        raw = outer.ask("broker")
        if not isinstance(raw, dict):
            outer.refuse("broker", "must be a table")
        row = outer.inner("broker", raw)
        for key in SECRET_KEYS:
            if key in raw:
                row.asked.add(key)
                row.keep(key, "a secret must not stand in the configuration: name its file")
        return record(
            row,
            BrokerSettings,
            password_file=lambda one: path(one, "password_file"),
            ca_file=lambda one: path(one, "ca_file"),
            certificate_file=lambda one: path(one, "certificate_file"),
            key_file=lambda one: path(one, "key_file"),
        )

    made = record(table, _SiteFile, broker=broker)
    return SiteSettings(
        unit=made.site.unit,
        client_id=made.site.client_id,
        data_directory=(directory / made.site.data_directory).resolve(),
        rule_book=made.site.rule_book,
        broker=made.broker,
        self_check=made.self_check,
        recovery=made.recovery,
    )


def _broker_fault(key: str, message: str) -> Fault:
    return Fault(file="site.toml", table="broker", key=key, message=message)
