"""The web side of a station: what each address answers."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any, Final, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from monitor.adapters.access import LinkError
from monitor.adapters.viewing import HEARTBEAT_S_MAX
from monitor.station.acts import ActDone, ActWanted, RefusedError
from monitor.station.faults import FAULTS
from monitor.station.guard import BODY_MAX, Guard, Places
from monitor.station.metrics import Labels, exposition
from monitor.station.pages import Pages
from monitor.station.people import MAY, Person
from monitor.station.screens import Tones
from monitor.station.station import Station
from monitor.station.stream import Stream

COOKIE: Final = "irm-station"
SECURE_COOKIE: Final = f"__Host-{COOKIE}"

LOOKS: Final = frozenset({"GET", "HEAD"})
"""Methods that only look: an address that is not there is no attempt at anything."""

ASKED_MOST: Final = 80
"""Of a header that a stranger wrote, so many characters go into the audit."""

_ENCODER: Final = msgspec.json.Encoder()

T = TypeVar("T")


class LoginWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name and a password."""

    name: Annotated[str, msgspec.Meta(max_length=64)]
    password: Annotated[str, msgspec.Meta(max_length=256)]


class ScreenSays(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a screen says of its sound."""

    screen: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,64}$(?!\n)")]
    tones: Tones


def answer(data: object, status: int = 200) -> Response:
    """Return data as JSON."""
    return Response(_ENCODER.encode(data), status, media_type="application/json")


class Web:
    """The answers of one station."""

    def __init__(self, station: Station, *, is_secure: bool) -> None:
        self.station = station
        self.is_secure = is_secure
        self.cookie = SECURE_COOKIE if is_secure else COOKIE

    def peer(self, request: Request) -> str:
        """Return the address that asks."""
        address = request.client.host if request.client else ""
        return self.station.doors.peer(address, request.headers)

    def person(self, request: Request, *, acts: bool = False) -> Person | None:
        """Return who asks, None for somebody who only looks."""
        address = request.client.host if request.client else ""
        token = request.cookies.get(self.cookie, "")
        return self.station.doors.person(address, request.headers, token, acts=acts)

    async def feed(self, request: Request) -> Stream:
        """Answer with the stream."""
        person = self.person(request)
        return Stream(self.station, person.name if person else self.peer(request))

    async def me(self, request: Request) -> Response:
        """Answer who is logged in, and what they may do."""
        return answer(_shown(self.person(request)))

    async def login(self, request: Request) -> Response:
        """Let somebody in."""
        station, peer = self.station, self.peer(request)
        wanted = await body_of(request, LoginWanted)
        users = station.doors.users
        if users is None or station.doors.proxy is not None:
            raise RefusedError(403, "nobody can log in here: this station has no file of users")
        if not station.limits.login.take(peer):
            self._count_login("limited")
            limited = RefusedError(429, "too many tries; wait a minute", "", "5 a minute")
            await self._refusal(limited, peer, what="login", who=wanted.name, why="too many tries")
            raise limited
        person = await run_in_threadpool(users.admitted, wanted.name, wanted.password)
        if person is None:
            self._count_login("refused")
            wrong = RefusedError(401, "name or password is wrong")
            await self._refusal(wrong, peer, what="login", who=wanted.name, why="refused")
            raise wrong
        self._count_login("ok")
        await self._audited(what="login", who=person.name, role=person.role, via=peer, new="ok")
        done = answer(_shown(person))
        done.set_cookie(
            self.cookie,
            station.doors.cookies.open(person),
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="strict",
        )
        return done

    async def logout(self, request: Request) -> Response:
        """Let somebody out."""
        person = self.person(request)
        self.station.doors.cookies.close(request.cookies.get(self.cookie, ""))
        if person is not None:
            via = self.peer(request)
            await self._audited(what="logout", who=person.name, role=person.role, via=via)
        done = answer(_shown(None))
        done.delete_cookie(
            self.cookie, path="/", secure=self.is_secure, httponly=True, samesite="strict"
        )
        return done

    async def acts(self, request: Request) -> Response:
        """Send what a person does on its way, or refuse it; both are audited."""
        peer = self.peer(request)
        person = self.person(request, acts=True)
        raw, wanted = b"", None
        try:
            raw = await read(request)
            wanted = decoded(raw, ActWanted)
            status, said = await self._act(person, wanted, raw)
        except RefusedError as refused:
            self.station.counts.add(
                "irm_acts_total", kind=wanted.kind if wanted else "none", result="refused"
            )
            await self._refusal(
                refused,
                peer,
                what="act-refused",
                who=person.name if person else "",
                role=person.role if person else "",
                old=_about(wanted),
                new=_excerpt(raw),
                why=refused.error,
            )
            raise
        return answer(said, status)

    async def _act(
        self, person: Person | None, wanted: ActWanted, raw: bytes
    ) -> tuple[int, object]:
        station, desk = self.station, self.station.desk
        if person is None:
            raise RefusedError(401, "log in to act")
        digest = hashlib.sha256(raw).hexdigest()
        before = desk.done(wanted, person, digest)
        if before is not None:
            return before.status, before.answer
        if not station.limits.act.take(person.name):
            raise RefusedError(429, "too many acts; wait a little", "", "30 a minute")
        message = desk.message(wanted, person, station.board.clock.now_ms())
        done = ActDone(digest=digest, status=202, answer={"id": wanted.id, "state": "sent"})
        # Known from now on: the same act once more, while this one waits for the broker, is it.
        desk.remember(wanted, person, done)
        try:
            await run_in_threadpool(station.line.publish, message.topic, message.payload)
        except LinkError as fault:
            desk.forget(wanted, person)
            raise RefusedError(503, f"not sent: {fault}") from fault
        station.counts.add("irm_acts_total", kind=wanted.kind, result="sent")
        await self._audited(
            what="act",
            who=person.name,
            role=person.role,
            via=station.desk.device,
            old=_about(wanted),
            new=_excerpt(message.payload),
            why=str(wanted.payload.get("reason") or ""),
        )
        return done.status, done.answer

    async def screen(self, request: Request) -> Response:
        """Take what a screen says of its sound."""
        if not self.station.limits.post.take(self.peer(request)):
            raise RefusedError(429, "too often; a screen speaks every 30 s", "", "60 a minute")
        said = await body_of(request, ScreenSays)
        self.station.screens.take(said.screen, said.tones)
        return answer({"blocked": self.station.screens.blocked()})

    async def healthz(self, _request: Request) -> Response:
        """Answer that this process lives."""
        return PlainTextResponse("ok\n")

    async def readyz(self, _request: Request) -> Response:
        """Answer whether it can be believed, and if not, why."""
        faults = self.station.faults
        return PlainTextResponse("\n".join(faults or ["ready"]) + "\n", 503 if faults else 200)

    async def metrics(self, _request: Request) -> Response:
        """Answer the counts in the text format of Prometheus."""
        text = exposition([*self.station.counts.samples(), *gauges(self.station)])
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _audited(self, **line: str) -> None:
        await run_in_threadpool(lambda: self.station.audit.add(**line))

    async def _refusal(self, fault: RefusedError, peer: str, **line: str) -> None:
        """Audit a refusal in words of its own, as far as there is room for more of them."""
        fault.is_audited = True
        await self._refusal_written(peer, **line)

    async def _refusal_written(self, peer: str, **line: str) -> None:
        # Only who was recognised has room of their own: a name can be made up anew each time.
        whose = line["who"] if line.get("role") else peer
        refusals = self.station.refusals
        await run_in_threadpool(lambda: refusals.add(whose, via=peer, **line))

    async def refused_by_guard(self, scope: Scope, status: int, error: str) -> None:
        """Audit a request that the guard refuses: it has an address, and nobody's name."""
        request = Request(scope)
        self._count_refusal(status)
        await self._refusal_written(
            self.peer(request),
            what="request-refused",
            old=asked(request),
            new=str(status),
            why=error,
        )

    async def refused(self, request: Request, fault: Exception) -> Response:
        """Answer why something is refused, and audit it where nobody has yet."""
        assert isinstance(fault, RefusedError)
        self._count_refusal(fault.status)
        if not fault.is_audited:
            await self._refusal_of(request, fault.status, fault.error)
        said = {"error": fault.error, "field": fault.field, "limit": fault.limit}
        return answer(said, fault.status)

    async def http_fault(self, request: Request, fault: Exception) -> Response:
        """Answer that there is no such address or method; a POST to none is audited too."""
        assert isinstance(fault, HTTPException)
        if request.method not in LOOKS:
            self._count_refusal(fault.status_code)
            await self._refusal_of(request, fault.status_code, fault.detail)
        return answer({"error": fault.detail}, fault.status_code)

    async def _refusal_of(self, request: Request, status: int, why: str) -> None:
        person = self.person(request)
        await self._refusal_written(
            self.peer(request),
            what="request-refused",
            who=person.name if person else "",
            role=person.role if person else "",
            old=asked(request),
            new=str(status),
            why=why,
        )

    def _count_refusal(self, status: int) -> None:
        self.station.counts.add("irm_refusals_total", status=str(status))

    def _count_login(self, result: str) -> None:
        self.station.counts.add("irm_logins_total", result=result)


def _shown(person: Person | None) -> dict[str, object]:
    if person is None:
        return {"name": None, "role": "viewer", "may": []}
    return {"name": person.name, "role": person.role, "may": sorted(MAY[person.role])}


def _about(wanted: ActWanted | None) -> str:
    if wanted is None:
        return ""
    revision = "" if wanted.alert_rev is None else f" rev {wanted.alert_rev}"
    return f"bed {wanted.bed} {wanted.kind} {wanted.id}{revision}"


def _excerpt(raw: bytes) -> str:
    return raw[:300].decode("utf-8", "backslashreplace")


def asked(request: Request) -> str:
    """Return what was asked for and from where, in so few words that an audit can hold it."""
    headers = (
        f"{name}={request.headers[name][:ASKED_MOST]}"
        for name in ("host", "origin", "content-type", "content-length")
        if name in request.headers
    )
    return " ".join([request.method, request.url.path[:ASKED_MOST], *headers])


async def read(request: Request) -> bytes:
    """Return the body of a request.

    Raises
    ------
    RefusedError
        If it is too large, whatever its header says.
    """
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > BODY_MAX:
            raise RefusedError(413, f"a body has at most {BODY_MAX} bytes", "", str(BODY_MAX))
        parts.append(part)
    return b"".join(parts)


def decoded(raw: bytes, kind: type[T]) -> T:
    """Return what a body says.

    Raises
    ------
    RefusedError
        If it is no JSON of this shape.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise RefusedError(400, str(fault)) from fault


async def body_of(request: Request, kind: type[T]) -> T:
    """Return what the body of a request says, or refuse it."""
    return decoded(await read(request), kind)


def gauges(station: Station) -> list[tuple[str, Labels, float]]:
    """Return what stands now, as samples."""
    board = station.board
    open_alerts: dict[Labels, float] = {}
    for one in board.alerts.values():
        labels = (("priority", one.payload.priority), ("signal", one.payload.signal))
        open_alerts[labels] = open_alerts.get(labels, 0) + 1
    silent_s = board.watch.silent_s()
    status = board.watch.status
    is_online = status is not None and status.state == "online" and silent_s <= HEARTBEAT_S_MAX
    return [
        *(("irm_alerts_open", labels, count) for labels, count in open_alerts.items()),
        ("irm_audit_failures_total", (), station.audit.failures),
        ("irm_beds", (), len(board.states)),
        ("irm_monitor_heard_seconds", (), silent_s),
        ("irm_monitor_online", (), is_online),
        ("irm_screens_blocked", (), station.screens.blocked()),
        ("irm_sse_clients", (), station.newsroom.screens),
        ("irm_station_connected", (), station.line.is_connected),
        ("irm_station_late_seconds", (), station.late_s),
        ("irm_station_unreadable_total", (), board.unreadable),
    ]


def application(web: Web, places: Places, pages: Pages, *more: Route) -> Starlette:
    """Return the ASGI application of a station."""

    @asynccontextmanager
    async def working(_app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(web.station.work())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    get: Callable[..., Any] = Route
    routes = [
        get("/", pages.index),
        get("/page/{name:path}", pages.file),
        get("/feed", web.feed),
        get("/healthz", web.healthz),
        get("/readyz", web.readyz),
        get("/metrics", web.metrics),
        get("/api/v1/me", web.me),
        Route("/api/v1/login", web.login, methods=["POST"]),
        Route("/api/v1/logout", web.logout, methods=["POST"]),
        Route("/api/v1/acts", web.acts, methods=["POST"]),
        Route("/api/v1/screens", web.screen, methods=["POST"]),
        *more,
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, places=places, tell=web.refused_by_guard)],
        exception_handlers={RefusedError: web.refused, HTTPException: web.http_fault, **FAULTS},
        lifespan=working,
    )
