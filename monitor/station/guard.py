"""The guard before every request: who may ask from where, what a page may load, how much may come.

Plain ASGI, so that it also holds for a stream and for a file that is not there. A browser that
was led here by a foreign page is refused in three ways: by the name of the host (a foreign name
that points to this machine), by the origin of a POST, and by a header that no form can send.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_MAX: Final = 8192
URL_MAX: Final = 2048

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'; img-src 'self' data:"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""What every answer tells a browser: load nothing from elsewhere, be framed by nobody."""

HSTS: Final = "max-age=31536000"

Teller: TypeAlias = Callable[[Scope, int, str], Awaitable[None]]
"""Is told which request was refused, with the status and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The names under which this server may be asked, and the origins that may post to it."""

    hosts: frozenset[str]
    origins: frozenset[str]
    is_secure: bool

    def knows(self, host: str) -> bool:
        """Return whether a Host header names this server; addresses always do."""
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        bare = name.strip("[]")
        try:
            ipaddress.ip_address(bare)
        except ValueError:
            return bare.lower() in self.hosts
        return True

    def allows(self, origin: str, host: str) -> bool:
        """Return whether a POST may come from a page of this origin."""
        scheme = "https" if self.is_secure else "http"
        return origin in self.origins or origin == f"{scheme}://{host}"


def places(bound: str, names: Iterable[str], origins: Iterable[str], *, tls: bool) -> Places:
    """Return the names of a server that is bound to an address, and of the proxy before it."""
    given = frozenset(origins)
    behind = {origin.partition("://")[2].partition(":")[0] for origin in given}
    hosts = {"localhost", bound, *names, *behind}
    is_secure = tls or any(origin.startswith("https://") for origin in given)
    return Places(
        hosts=frozenset(host.lower() for host in hosts), origins=given, is_secure=is_secure
    )


class Guard:
    """Refuses what no page of ours asks for, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, *, places: Places, tell: Teller) -> None:
        self.app = app
        self.places = places
        self.tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer it with the reason why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if self.places.is_secure:
                    headers["strict-transport-security"] = HSTS
                if scope["path"].startswith("/api/"):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, guarded)
            return
        status, error = refusal
        await self.tell(scope, status, error)
        await JSONResponse({"error": error}, status)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return why a request is refused before anybody reads it, or None."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self.places.knows(host):
            return 421, "this server does not answer to that name"
        if len(scope["raw_path"] or b"") + len(scope["query_string"]) > URL_MAX:
            return 414, f"an address has at most {URL_MAX} characters"
        return self._post_refusal(headers, host) if scope["method"] == "POST" else None

    def _post_refusal(self, headers: Headers, host: str) -> tuple[int, str] | None:
        """Return why no page of ours can have sent this POST, or None."""
        length = headers.get("content-length", "")
        if not self.places.allows(headers.get("origin", ""), host):
            return 403, "the request comes from a page of another origin"
        if headers.get("x-irm") != "1":
            return 403, "the header X-IRM: 1 is missing"
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return 415, "the content type must be application/json"
        if length and (not length.isdecimal() or int(length) > BODY_MAX):
            return 413, f"a body has at most {BODY_MAX} bytes"
        return None
