r"""Requests to a station as bytes, read as its server reads them and answered by all of it.

One input is one or several requests of HTTP/1.1, apart by the mark ``\x1e`` on a line of its own.
``@nurse`` and so on stand for the cookie of a login, ``@n`` for the length of the body behind it,
so that a change of the rest leaves a request whole.
"""

import asyncio
import itertools
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import h11
import msgspec
from station_builders import (
    NOW_MS,
    advice,
    alert,
    channel,
    desktop,
    heard,
    state,
    status,
)

from monitor.settings.settings import load_settings
from monitor.station.eras import Era
from monitor.station.guard import HEADERS, places
from monitor.station.looks import Followed, Looks
from monitor.station.pages import Pages
from monitor.station.past import HeardPast
from monitor.station.people import Person, Role
from monitor.station.tracks import Tracks
from monitor.station.web import Web, application
from monitor.wire.bed_parts import RateShown
from monitor.wire.outbound import Acknowledged, iso

CONFIG: Final = Path(__file__).resolve().parents[1] / "config"
APART: Final = b"\n\x1e\n"
PEOPLE: Final[dict[str, Role]] = {"nurse-1": "nurse", "auditor-1": "auditor", "charge-1": "charge"}
REQUESTS_MAX: Final = 500
"""A station gets so many, then a fresh one takes its place: a finding must not need a long past."""

WITHIN_S: Final = 10.0
SERVER_ERROR: Final = 500
MAY_BE_UNREADY: Final = "/readyz"


class BadAnswer(Exception):  # noqa: N818 - a finding, not an error of ours
    """An answer that no request may get."""


class Asked:
    """A station with a patient, an alert and a past, and everybody logged in."""

    def __init__(self, folder: Path) -> None:
        self.at = desktop(folder)
        station = self.at.station
        past, tracks = HeardPast("now"), Tracks()
        station.memories = (past, tracks)
        book = load_settings(CONFIG).ward.detection.book
        settings: dict[str, object] = {"digest": "c0ffee"}
        web = Web(station, is_secure=False)
        looks = Looks(
            web,
            tracks=tracks,
            past=past,
            eras=(Era(None, "c0ffee", book),),
            settings=settings,
            again=lambda: Followed(book=book, settings=settings, vocabulary={}),
        )
        self.app = application(
            web, places("127.0.0.1", (), (), tls=False), Pages(), *looks.routes()
        )
        acked = Acknowledged(by="nurse-2", t=iso(NOW_MS))
        station.hear(
            [
                status(config="c0ffee"),
                heard("17", "state", state(phase="opened", rate=None)),
                heard("17", "state", state(channels=(channel("hr", 70, base=72),))),
                heard("17", "state", state(rate=RateShown(v=120))),
                heard("17", "alert/al-1", alert()),
                heard("17", "alert/al-1", alert(rev=2, acked=acked, phase="acknowledge")),
                heard("17", "advice", advice()),
            ]
        )
        self.tokens = {
            f"@{role}".encode(): station.doors.cookies.open(Person(name=name, role=role)).encode()
            for name, role in PEOPLE.items()
        }
        style = Pages()._file("style.css")
        assert style is not None
        self.tokens[b"@tag"] = style.tag.encode()
        self.left = REQUESTS_MAX

    def ask(self, body: bytes) -> None:
        """Let the application answer every request of an input, and look at the answers."""
        for name, token in self.tokens.items():
            body = body.replace(name, token)
        # What waits for the end of the server belongs to the loop of one input.
        self.at.station.stopping = asyncio.Event()
        asyncio.run(self._answered(body.split(APART)))

    async def _answered(self, texts: list[bytes]) -> None:
        for text in texts:
            self.left -= 1
            self.at.clock.s += 1.0
            for scope, content in requests(text):
                await self._answer(scope, content)

    async def _answer(self, scope: dict[str, Any], content: bytes) -> None:
        coming = iter([{"type": "http.request", "body": content, "more_body": False}])
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return next(coming, {"type": "http.disconnect"})

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await asyncio.wait_for(self.app(scope, receive, send), WITHIN_S)  # type: ignore[arg-type]  # any ASGI message
        check(scope, sent)


def requests(text: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield the request of a text as an application is given it; none where HTTP refuses it."""
    head, end, content = text.partition(b"\n\n")
    head = re.sub(rb"@n\b", str(len(content)).encode(), head)
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=16_384)
    with suppress(h11.RemoteProtocolError):
        server.receive_data(head + end + content)
        event = server.next_event()
        if not isinstance(event, h11.Request):
            return
        path, _, query = event.target.partition(b"?")
        parts = []
        with suppress(h11.RemoteProtocolError):
            while isinstance(part := server.next_event(), h11.Data):
                parts.append(bytes(part.data))
        yield (
            {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.3"},
                "http_version": event.http_version.decode("ascii"),
                "server": ("127.0.0.1", 8080),
                "client": ("127.0.0.1", 50_000),
                "scheme": "http",
                "method": event.method.decode("ascii"),
                "root_path": "",
                "path": unquote(path.decode("ascii")),
                "raw_path": path,
                "query_string": query,
                "headers": [(name.lower(), value) for name, value in event.headers],
                "state": {},
            },
            b"".join(parts),
        )


def check(scope: dict[str, Any], sent: list[dict[str, Any]]) -> None:
    """Look at an answer: one beginning, every header of the guard, no fault of ours, legal JSON.

    Raises
    ------
    BadAnswer
        If it is none that a client may be given.
    """
    kinds = [one["type"] for one in sent]
    if kinds[:1] != ["http.response.start"] or kinds.count("http.response.start") != 1:
        raise BadAnswer(f"answered in parts {kinds}")
    code, names = sent[0]["status"], dict(sent[0]["headers"])
    if code >= SERVER_ERROR and scope["path"] != MAY_BE_UNREADY:
        raise BadAnswer(f"status {code}")
    missing = [name for name in HEADERS if name.encode() not in names]
    if missing:
        raise BadAnswer(f"status {code} without {missing}")
    kind = names.get(b"content-type", b"")
    body = b"".join(one.get("body", b"") for one in sent[1:])
    if kind == b"application/json" and b"content-encoding" not in names and body:
        try:
            json.loads(body)
        except ValueError as fault:
            raise BadAnswer(f"JSON that is none: {fault}") from fault


@lru_cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder in memory where there is one: every refusal is synchronised to its disk."""
    memory = Path("/dev/shm")  # noqa: S108 - a name of its own is made in it
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


_NUMBERS: Final = itertools.count()
_NOW: list[Asked] = []


def station(body: bytes) -> None:
    """Ask a station; what breaks one that was asked before is asked of a fresh one, too."""
    if not _NOW or _NOW[0].left <= 0:
        _NOW[:] = [fresh()]
    _NOW[0].ask(body)


def fresh() -> Asked:
    """Return a station that nobody has asked."""
    folder = Path(_folder().name) / str(next(_NUMBERS))
    folder.mkdir()
    return Asked(folder)


# ------------------------------------------------------------------ what is asked by its pages

HOST: Final = "Host: 127.0.0.1:8080"
READS: Final = (
    "/", "/feed", "/healthz", "/readyz", "/metrics", "/api/v1/me", "/api/v1/handover",
    "/api/v1/settings", "/api/v1/beds/17/history?hours=4", "/api/v1/beds/17/history",
    "/api/v1/beds/17/note?session=S-1", "/api/v1/beds/18/note",
    "/api/v1/beds/%31%37/history?hours=.5",
    "/api/v1/events?hours=24&bed=17&kind=alert", "/api/v1/events?kind=session&hours=1e0",
    "/page/style.css", "/page/../people.py", "/page/%2e%2e%2fweb.py", "/nothing",
    "http://127.0.0.1:8080/api/v1/me", "/api/v1/beds/17/history?hours=4&hours=nan&%00=",
)  # fmt: skip
LINES: Final = (
    "Cookie: irm-station=@nurse", "Cookie: a=b; irm-station=@auditor; irm-station=@nurse",
    "Range: bytes=0-99,200-", "If-None-Match: @tag", 'If-None-Match: W/"x", *',
    "If-Modified-Since: Mon, 23 Nov 2026 12:00:00 GMT", "Last-Event-ID: boot-1:3",
    "Last-Event-ID: boot-1:99999999999999999999", "Accept-Encoding: gzip, br;q=0.5",
    "Accept: text/event-stream", "X-Forwarded-For: 10.0.0.9, ::1", "X-IRM: 1",
    "Origin: http://127.0.0.1:8080", "Origin: null", "Host: [::1]:8080", "Host: localhost",
    "Connection: upgrade\nUpgrade: websocket", "Content-Type: application/json; charset=utf-8",
    "Transfer-Encoding: chunked", "Expect: 100-continue", "Sec-Fetch-Site: cross-site",
)  # fmt: skip
POSTED: Final = "Origin: http://127.0.0.1:8080\nX-IRM: 1\nContent-Type: application/json"
ACTS: Final[tuple[dict[str, Any], ...]] = (
    {"kind": "act", "alert_rev": 2, "payload": {"act": "ack", "alert": "al-1"}},
    {"kind": "act", "alert_rev": 2, "payload": {"act": "snooze", "sign": "skin", "reason": "x"}},
    {"kind": "act", "payload": {"act": "step", "step": "call", "status": "done"}},
    {"kind": "act", "payload": {"act": "drug", "drug": "cetirizine", "dose": 10, "unit": "mg"}},
    {"kind": "obs", "payload": {"symptoms": [{"name": "hives", "severity": "mild"}]}},
    {"kind": "obs", "payload": {"values": [{"ch": "sbp", "v": 84, "u": "mm[Hg]"}]}},
    {"kind": "session", "payload": {"id": "S-1", "event": "close"}},
    {"kind": "session", "payload": {"id": "S-2", "event": "associate", "device": "mon-1"}},
    {"kind": "pump", "payload": {"rate": {"v": 60, "u": "mL/h"}, "state": "infusing"}},
)


def station_seeds() -> tuple[bytes, ...]:
    """Return requests that a page sends, and some that none does."""
    found = [f"GET {address} HTTP/1.1\n{HOST}\n\n" for address in READS]
    found += [f"GET {READS[n % 13]} HTTP/1.1\n{HOST}\n{line}\n\n" for n, line in enumerate(LINES)]
    found += [f"GET /api/v1/audit?n=1 HTTP/1.1\n{HOST}\n{line}\n\n" for line in LINES[:2]]
    found += [
        f"{method} {address} HTTP/1.1\n{HOST}\n\n"
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "PATCH")
        for address in ("/api/v1/me", "/feed", "/page/style.css")
    ]
    found += [
        _posted("/api/v1/acts", {"id": f"act-0000{n}", "bed": "17", **one})
        for n, one in enumerate(ACTS)
    ]
    found += [
        _posted("/api/v1/login", {"name": "nurse-1", "password": "x"}),
        _posted("/api/v1/logout", {}),
        _posted("/api/v1/screens", {"screen": "s-1", "tones": "on"}),
        _posted("/api/v1/screens", {"screen": "s-1", "tones": "blocked"}),
    ]
    found += [APART.decode().join((found[-2], found[5], found[-2]))]
    return tuple(one.encode() for one in found)


def _posted(address: str, body: dict[str, Any]) -> str:
    text = msgspec.json.encode(body).decode()
    cookie = "Cookie: irm-station=@nurse"
    return f"POST {address} HTTP/1.1\n{HOST}\n{POSTED}\n{cookie}\nContent-Length: @n\n\n{text}"
