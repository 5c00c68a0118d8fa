"""The stream: one open answer to each screen, as server-sent events.

A queue stands between the news and a screen, so a screen that reads slowly holds up nobody. It
ends when the screen leaves, when it has left too much untaken, and when the server stops.
"""

import asyncio
import contextlib
import zlib
from typing import Final, Protocol

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from monitor.station.news import Queue
from monitor.station.station import BEAT_EVERY_S, Station

LAST_WORD_WITHIN_S: Final = 0.2

PACK_BITS: Final = 16 + 13
PACK_MEMORY: Final = 6
"""A gzip with a window of 8 kB: about 64 kB of memory for each screen."""


class Packer(Protocol):
    """What packs a stream, as :func:`zlib.compressobj` does."""

    def compress(self, data: bytes, /) -> bytes:
        """Take some bytes, and return some."""
        ...

    def flush(self, mode: int = ..., /) -> bytes:
        """Return what is left."""
        ...


class Stream:
    """Answers ``/feed``."""

    def __init__(self, station: Station, viewer: str) -> None:
        self.station = station
        self.viewer = viewer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream to one screen until it ends."""
        station = self.station
        if not station.open_stream(self.viewer):
            words = f"at most {station.limits.streams} streams for one person or address"
            await JSONResponse({"error": words}, 429)(scope, receive, send)
            return
        headers = Headers(scope=scope)
        queue = station.newsroom.open(headers.get("last-event-id", ""), station.hello())
        packer = packer_for(headers.get("accept-encoding", ""))
        try:
            await self._stream(queue, receive, send, packer)
        finally:
            station.newsroom.close(queue)
            station.close_stream(self.viewer)

    async def _stream(
        self, queue: Queue, receive: Receive, send: Send, packer: Packer | None
    ) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"vary", b"accept-encoding"),
            # Proxies that gather an answer before they pass it on would hold up alerts.
            (b"x-accel-buffering", b"no"),
        ]
        if packer is not None:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        ends = {
            asyncio.create_task(self._send_news(queue, send, packer)),
            asyncio.create_task(_left(receive)),
            asyncio.create_task(queue.lost.wait()),
            asyncio.create_task(self.station.stopping.wait()),
        }
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
        if queue.lost.is_set():
            self.station.counts.add("irm_sse_lost_total")
        with contextlib.suppress(TimeoutError, OSError):
            rest = b"" if packer is None else packer.flush()
            last = {"type": "http.response.body", "body": rest, "more_body": False}
            await asyncio.wait_for(send(last), LAST_WORD_WITHIN_S)

    async def _send_news(self, queue: Queue, send: Send, packer: Packer | None) -> None:
        await _send(send, packed(b"retry: 1000\n\n" + queue.take(), packer))
        loop = asyncio.get_running_loop()
        beat_s = loop.time() + BEAT_EVERY_S
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(queue.wake.wait(), max(0.0, beat_s - loop.time()))
            text = queue.take()
            if loop.time() >= beat_s:
                beat_s = loop.time() + BEAT_EVERY_S
                text += self.station.beat()
            if text:
                await _send(send, packed(text, packer))


def packer_for(accepted: str) -> Packer | None:
    """Return what packs a stream for a screen that accepts it; None sends it as it is.

    The whole picture of a ward says much the same of each bed; a tablet on a bad radio notices.
    """
    if "gzip" not in accepted:
        return None
    return zlib.compressobj(6, zlib.DEFLATED, PACK_BITS, PACK_MEMORY)


def packed(text: bytes, packer: Packer | None) -> bytes:
    """Return events as they are sent: packed, and whole, so that none waits for the next."""
    if packer is None:
        return text
    return packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)


async def _send(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
