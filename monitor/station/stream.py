"""The stream: one open answer to each screen, as server-sent events.

A queue stands between the news and a screen, so a screen that reads slowly holds up nobody. It
ends when the screen leaves, when it has left too much untaken, and when the server stops.
"""

import asyncio
import contextlib

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from monitor.station.news import Queue
from monitor.station.station import BEAT_EVERY_S, Station

LAST_WORD_WITHIN_S = 0.2


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
        last = Headers(scope=scope).get("last-event-id", "")
        queue = station.newsroom.open(last, station.hello())
        try:
            await self._stream(queue, receive, send)
        finally:
            station.newsroom.close(queue)
            station.close_stream(self.viewer)

    async def _stream(self, queue: Queue, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-store"),
                    # Proxies that gather an answer before they pass it on would hold up alerts.
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )
        ends = {
            asyncio.create_task(self._send_news(queue, send)),
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
            last = {"type": "http.response.body", "body": b"", "more_body": False}
            await asyncio.wait_for(send(last), LAST_WORD_WITHIN_S)

    async def _send_news(self, queue: Queue, send: Send) -> None:
        await _send(send, b"retry: 1000\n\n" + queue.take())
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
                await _send(send, text)


async def _send(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
