"""People and what they may do: a local file of users, roles, and passwords that only a hash keeps.

One JSON object a file: name to role and password. A password is kept as scrypt with its own salt
and the cost that was used, so that the cost can rise without anybody losing access.
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

import msgspec

Role: TypeAlias = Literal["viewer", "nurse", "charge", "engineer", "auditor"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
"""Names go into topics of logs and into the ledger: pseudonyms or staff ids, never free text."""

PASSWORD_LEAST: Final = 8
PASSWORD_MOST: Final = 128

Right: TypeAlias = Literal["act", "obs", "pump", "session", "devices", "audit"]
RIGHTS: Final[tuple[Right, ...]] = get_args(Right)
"""Alerts and steps; charting; what the pump does; sessions; where devices stand; the audit."""

CARE: Final[frozenset[Right]] = frozenset({"act", "obs", "pump", "session"})
MAY: Final[Mapping[Role, frozenset[Right]]] = MappingProxyType(
    {
        "viewer": frozenset(),
        "nurse": CARE,
        "charge": CARE | {"devices"},
        "engineer": frozenset({"devices"}),
        "auditor": frozenset({"audit"}),
    }
)
"""What each role may do; what does not stand here is refused. Nobody can change it while we run."""

_COST: Final = 2**15
COSTS: Final = frozenset(2**power for power in range(1, 16))
"""What scrypt takes within the memory that it is given here; less than now only for old rows."""

_BLOCK: Final = 8
_MEMORY_MAX: Final = 64 * 1024 * 1024


class UsersFileError(Exception):
    """The file of users cannot be read or written; says which, why, and what to do."""


class UserRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person of the file; without a hash they come in only through a proxy."""

    role: Role
    salt: str = ""
    hash: str = ""
    cost: int = _COST


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may act."""

    name: str
    role: Role

    def may(self, what: Right) -> bool:
        """Return whether the role of this person allows something."""
        return what in MAY[self.role]


def hashed(password: str, salt: bytes, cost: int) -> bytes:
    """Return the scrypt hash of a password."""
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=_BLOCK, p=1, maxmem=_MEMORY_MAX, dklen=32
    )


def user_row(role: Role, password: str) -> UserRow:
    """Return the row of a person with a new salt.

    Raises
    ------
    ValueError
        If the password is too short or too long.
    """
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise ValueError(f"a password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters")
    salt = secrets.token_bytes(16)
    return UserRow(
        role=role,
        salt=base64.b64encode(salt).decode(),
        hash=base64.b64encode(hashed(password, salt, _COST)).decode(),
    )


_NOBODY: Final = UserRow(
    role="viewer",
    salt=base64.b64encode(bytes(16)).decode(),
    hash=base64.b64encode(bytes(32)).decode(),
)
"""Compared with where a name is not known, so that an answer takes as long as for one that is."""


class Users:
    """The people of one file; read again when the file has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._changed_ns = -1
        self._rows: dict[str, UserRow] = {}
        self.rows()

    def rows(self) -> dict[str, UserRow]:
        """Return everybody, as the file says now.

        Raises
        ------
        UsersFileError
            If the file cannot be read or is none of ours.
        """
        try:
            changed_ns = self.path.stat().st_mtime_ns
            if changed_ns != self._changed_ns:
                self._rows = _read(self.path)
                self._changed_ns = changed_ns
        except OSError as fault:
            reason = f"{fault.strerror}; infusion-monitor station-user writes it"
            raise UsersFileError(f"{self.path}: {reason}") from fault
        return self._rows

    def person(self, name: str) -> Person | None:
        """Return somebody whom a proxy has let in; None for a name that is not listed."""
        row = self.rows().get(name)
        return None if row is None else Person(name=name, role=row.role)

    def admitted(self, name: str, password: str) -> Person | None:
        """Return who has this name and password; takes as long for a name that is not known."""
        row = self.rows().get(name)
        probe = row if row is not None and row.hash else _NOBODY
        found = hashed(password[:PASSWORD_MOST], base64.b64decode(probe.salt), probe.cost)
        is_right = hmac.compare_digest(found, base64.b64decode(probe.hash))
        if row is None or not row.hash or not is_right or len(password) > PASSWORD_MOST:
            return None
        return Person(name=name, role=row.role)


def write_user(path: Path, name: str, row: UserRow) -> None:
    """Add somebody to a file, or change them; nobody but its owner may read the file.

    Raises
    ------
    UsersFileError
        If the file cannot be read or written, or the name has no legal form.
    """
    if not NAME.fullmatch(name):
        raise UsersFileError(f"{name!r}: a name must match {NAME.pattern}")
    try:
        rows = _read(path) if path.exists() else {}
        text = msgspec.json.format(msgspec.json.encode({**rows, name: row}), indent=1)
        part = path.with_name(f"{path.name}.part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(text + b"\n")
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except OSError as fault:
        raise UsersFileError(f"{path}: {fault.strerror}") from fault


def _read(path: Path) -> dict[str, UserRow]:
    try:
        rows = msgspec.json.decode(path.read_bytes(), type=dict[str, UserRow])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise UsersFileError(f"{path}: is no file of users ({fault})") from fault
    for name, row in rows.items():
        if not NAME.fullmatch(name):
            raise UsersFileError(f"{path}: name {name!r} must match {NAME.pattern}")
        try:
            base64.b64decode(row.salt, validate=True)
            base64.b64decode(row.hash, validate=True)
        except ValueError as fault:
            raise UsersFileError(
                f"{path}: salt or hash of {name} is no base64 ({fault})"
            ) from fault
        if row.cost not in COSTS:
            words = f"a power of 2 from {min(COSTS)} to {max(COSTS)}"
            raise UsersFileError(f"{path}: cost {row.cost} of {name} must be {words}")
    return rows
