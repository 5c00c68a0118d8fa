"""Who is there: cookies of people who have logged in, names from a proxy, and how often.

Viewing never times out, acting does. A cookie holds a random token; the server keeps only its
hash, so that what lies in memory opens nothing.
"""

import hashlib
import ipaddress
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from monitor.station.people import Person, Users

IDLE_S: Final = 30 * 60.0
LONGEST_S: Final = 12 * 3600.0
"""A shift. Engineering choices: no source that was read gives these times for a ward."""

SESSIONS_MAX: Final = 1_000
KEYS_MAX: Final = 10_000

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A reverse proxy that has asked people who they are, and the addresses it comes from."""

    header: str
    peers: tuple[Network, ...]

    def trusts(self, peer: str) -> bool:
        """Return whether a request comes from the proxy itself."""
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.peers)


@dataclass(slots=True)
class Entry:
    """One login."""

    person: Person
    began_s: float
    used_s: float


class Cookies:
    """Logins that are open."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()

    def open(self, person: Person) -> str:
        """Return the token of a new login."""
        token = secrets.token_urlsafe(32)
        now_s = self._seconds()
        self._entries[_digest(token)] = Entry(person, now_s, now_s)
        if len(self._entries) > SESSIONS_MAX:
            self._entries.popitem(last=False)
        return token

    def person(self, token: str, *, acts: bool) -> Person | None:
        """Return whose token this is; only an act keeps a login alive."""
        key = _digest(token)
        entry = self._entries.get(key)
        if entry is None:
            return None
        now_s = self._seconds()
        if now_s - entry.used_s > IDLE_S or now_s - entry.began_s > LONGEST_S:
            del self._entries[key]
            return None
        if acts:
            entry.used_s = now_s
        return entry.person

    def close(self, token: str) -> None:
        """End a login."""
        self._entries.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


@dataclass(slots=True)
class Allowance:
    """So many times within so long for each name; names are forgotten, the oldest first."""

    times: int
    within_s: float
    seconds: Callable[[], float]
    _used: "OrderedDict[str, deque[float]]" = field(default_factory=OrderedDict)

    def take(self, name: str) -> bool:
        """Return whether one more is allowed, and count it."""
        now_s = self.seconds()
        used = self._used.setdefault(name, deque())
        self._used.move_to_end(name)
        while used and now_s - used[0] >= self.within_s:
            used.popleft()
        if len(used) >= self.times:
            return False
        used.append(now_s)
        if len(self._used) > KEYS_MAX:
            self._used.popitem(last=False)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Every way in."""

    users: Users | None
    proxy: Proxy | None
    cookies: Cookies

    @property
    def are_there(self) -> bool:
        """Return whether anybody can come in at all."""
        return self.users is not None

    def peer(self, address: str, headers: Mapping[str, str]) -> str:
        """Return the address that asks, behind the proxy where it is trusted."""
        if self.proxy is not None and self.proxy.trusts(address):
            forwarded = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
            return forwarded[:64] or address
        return address

    def person(
        self, address: str, headers: Mapping[str, str], token: str, *, acts: bool = False
    ) -> Person | None:
        """Return who asks: by the word of the proxy, or by cookie; None for nobody known."""
        if self.users is None:
            return None
        if self.proxy is not None and self.proxy.trusts(address):
            name = headers.get(self.proxy.header.lower(), "")
            return self.users.person(name) if name else None
        return self.cookies.person(token, acts=acts) if token else None


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Return networks from addresses or CIDR texts.

    Raises
    ------
    ValueError
        If one of them is neither.
    """
    return tuple(ipaddress.ip_network(text) for text in texts)
