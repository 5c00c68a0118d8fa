"""A station without sockets: a line that is written by hand, a clock that is set by hand."""

from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

import httpx
import msgspec
from starlette.applications import Starlette

from monitor.adapters.access import LinkError
from monitor.adapters.deeds import Audit
from monitor.adapters.feed import Heard
from monitor.station.acts import Desk
from monitor.station.board import Board, UnitClock
from monitor.station.doors import Allowance, Cookies, Doors, Proxy
from monitor.station.guard import places
from monitor.station.metrics import Counts
from monitor.station.news import Newsroom
from monitor.station.pages import Pages
from monitor.station.people import Role, UserRow, Users, user_row, write_user
from monitor.station.refusals import Refusals
from monitor.station.screens import Screens
from monitor.station.station import About, Limits, Station
from monitor.station.web import Web, application
from monitor.wire.bed_parts import RateShown
from monitor.wire.outbound import (
    NOTICE,
    AdvicePayload,
    AlertPayload,
    ChannelShown,
    ContextShown,
    MonitorStatusPayload,
    StatePayload,
    encode_published,
    iso,
)

NOW_MS: Final = 1_795_000_000_000
HOST: Final = "127.0.0.1:8080"
ORIGIN: Final = f"http://{HOST}"
PASSWORD: Final = "correct horse"  # noqa: S105 - of nobody
POST: Final = {"origin": ORIGIN, "x-irm": "1", "content-type": "application/json"}
STATES: Final = ("alert", "advice", "state")


@dataclass(slots=True)
class Hand:
    """A clock that goes when it is told to."""

    s: float = 1_000.0

    def seconds(self) -> float:
        return self.s

    def now_ms(self) -> int:
        return NOW_MS + int((self.s - 1_000.0) * 1000)


@dataclass(slots=True)
class PaperLine:
    """A connection to a broker that keeps what was published."""

    is_connected: bool = True
    connections: int = 1
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    retained: list[str] = field(default_factory=list)
    refusal: str = ""
    coming: "SimpleQueue[list[Heard]]" = field(default_factory=SimpleQueue)

    def receive(self, timeout_s: float) -> list[Heard]:
        try:
            return self.coming.get(timeout=timeout_s)
        except Empty:
            return []

    def publish(self, name: str, payload: bytes, *, is_retained: bool = False) -> None:
        if not self.is_connected:
            raise LinkError("broker 127.0.0.1:1: not connected")
        if self.refusal:
            raise LinkError(f"broker 127.0.0.1:1: it refused the message ({self.refusal})")
        self.raw.append(payload)
        self.sent.append((name, msgspec.json.decode(payload)))
        if is_retained:
            self.retained.append(name)


@dataclass(slots=True)
class Desktop:
    """One station and how tests ask it."""

    station: Station
    line: PaperLine
    clock: Hand
    app: Starlette
    audit: Path

    def browser(self, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
        """Return a browser at an address."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=(address, 50_000)),
            base_url=ORIGIN,
            headers=headers,
        )

    async def nurse(self, name: str = "nurse-1") -> httpx.AsyncClient:
        """Return a browser in which somebody has logged in."""
        browser = self.browser()
        done = await browser.post(
            "/api/v1/login", json={"name": name, "password": PASSWORD}, headers=POST
        )
        assert done.status_code == 200, done.text
        return browser

    def audited(self) -> list[dict[str, Any]]:
        """Return the lines of the audit."""
        if not self.audit.exists():
            return []
        return [msgspec.json.decode(line) for line in self.audit.read_bytes().splitlines()]


_ROW: Final[dict[Role, UserRow]] = {}


def row_of_role(role: Role) -> UserRow:
    """Return a row with the password of the tests; scrypt is slow on purpose, so made once."""
    if role not in _ROW:
        _ROW[role] = user_row(role, PASSWORD)
    return _ROW[role]


def desktop(folder: Path, *, proxy: Proxy | None = None, has_users: bool = True) -> Desktop:
    """Return a station with one person of each role."""
    clock, line = Hand(), PaperLine()
    users = folder / "users"
    people: dict[str, Role] = {
        "nurse-1": "nurse",
        "nurse-2": "nurse",
        "charge-1": "charge",
        "engineer-1": "engineer",
        "auditor-1": "auditor",
        "viewer-1": "viewer",
    }
    for name, role in people.items():
        write_user(users, name, row_of_role(role))
    board = Board("inf-a", UnitClock(clock.now_ms, clock.seconds))
    audit = Audit(folder / "audit", clock.now_ms)
    station = Station(
        about=About(unit="inf-a", software="test", config="c0ffee", vocabulary={}),
        line=line,
        board=board,
        newsroom=Newsroom("boot-1"),
        desk=Desk(
            board=board, device="station-1", boot="boot-1", symptoms=frozenset({"hives", "wheeze"})
        ),
        doors=Doors(
            users=Users(users) if has_users else None, proxy=proxy, cookies=Cookies(clock.seconds)
        ),
        audit=audit,
        refusals=Refusals(audit, clock.seconds),
        limits=Limits(
            login=Allowance(5, 60, clock.seconds),
            act=Allowance(30, 60, clock.seconds),
            post=Allowance(60, 60, clock.seconds),
        ),
        counts=Counts(),
        screens=Screens(clock.seconds),
    )
    web = Web(station, is_secure=False)
    app = application(web, places("127.0.0.1", (), (), tls=False), Pages())
    return Desktop(station=station, line=line, clock=clock, app=app, audit=folder / "audit")


def heard(bed: str, kind: str, payload: msgspec.Struct | None, *, retained: bool = False) -> Heard:
    """Return a publication as a feed hands it on."""
    data = b"" if payload is None else msgspec.json.encode(payload)
    return Heard(bed, f"_/{kind}", data, retained)


def status(at_ms: int = NOW_MS, **more: Any) -> Heard:  # noqa: ANN401 - fields of the payload
    """Return the word of a monitor that it lives."""
    payload = MonitorStatusPayload(**{"state": "online", "t": iso(at_ms), **more})
    return Heard("_", "monitor/status", encode_published(payload), is_retained=False)


def channel(name: str, value: float, at_ms: int = NOW_MS, **more: Any) -> ChannelShown:  # noqa: ANN401 - fields
    """Return the newest value of a channel."""
    return ChannelShown(ch=name, v=value, u="1", t=iso(at_ms), **more)


def state(at_ms: int = NOW_MS, **more: Any) -> StatePayload:  # noqa: ANN401 - fields of the payload
    """Return a bed on which an infusion runs."""
    fields: dict[str, Any] = {
        "t": iso(at_ms),
        "session": "S-1",
        "subject": "PX-1",
        "product": "ivig-10",
        "phase": "infusing",
        "rate": RateShown(v=60),
        "grade": 0,
        "pattern": "",
        "baseline": "established",
        "remarks": (),
        "channels": (),
        "alerts": (),
        "steps": (),
        "watch": (),
        "vitals_due": (),
        "wanted": (),
        "step_up": None,
        "proposals": (),
        "notice": NOTICE,
    }
    return StatePayload(**{**fields, **more})


def alert(name: str = "al-1", rev: int = 1, **more: Any) -> AlertPayload:  # noqa: ANN401 - fields
    """Return an open alert."""
    fields: dict[str, Any] = {
        "id": name,
        "rev": rev,
        "t": iso(NOW_MS),
        "session": "S-1",
        "phase": "start" if rev == 1 else "update",
        "state": "active",
        "signal": "on",
        "kind": "physiological",
        "priority": "high",
        "cause": "reaction",
        "pattern": "anaphylaxis",
        "grade": 3,
        "onset": iso(NOW_MS),
        "raised": iso(NOW_MS),
        "label": "SBP 84 < 90",
        "because": (),
        "books": (),
        "pictures": (),
        "context": ContextShown(),
        "grade_path": (),
        "acked": None,
        "realert_at": None,
        "config": "c0ffee",
    }
    return AlertPayload(**{**fields, **more})


def advice(name: str = "ad-1", rev: int = 1, **more: Any) -> AdvicePayload:  # noqa: ANN401 - fields
    """Return advice without steps."""
    fields: dict[str, Any] = {
        "id": name,
        "rev": rev,
        "t": iso(NOW_MS),
        "session": "S-1",
        "alert": "al-1",
        "ladder": "anaphylaxis",
        "pattern": "anaphylaxis",
        "grade": 3,
        "steps": (),
        "reason": "grade rose to 3",
    }
    return AdvicePayload(**{**fields, **more})
