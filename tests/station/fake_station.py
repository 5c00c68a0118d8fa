"""A station without a monitor: serves the page and says what a test wants it to say.

It keeps the contract of the page (the events of ``/feed``, the answers to acts) and nothing else.
Its clock starts at a fixed time and goes on with the machine's, so that ages are the same in every
run whatever the time is. Run it to look at the page: ``python -m station.fake_station --beds 60``.
"""

import argparse
import contextlib
import itertools
import json
import mimetypes
import queue
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self, TypeAlias
from urllib.parse import unquote

from station.scenes import START_MS, Scene, iso, ward_scene

from monitor.station.acts import OURS
from monitor.station.people import MAY

PAGE: Final = Path(__file__).resolve().parents[2] / "monitor" / "station" / "page"
POLICY: Final = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
BEAT_S: Final = 1.0

Json: TypeAlias = dict[str, Any]


class FakeStation:
    """A server on a loopback port; ``scene`` is what it shows, ``acts`` what people sent."""

    def __init__(self, scene: Scene, *, port: int = 0, person: str | None = "nurse-1") -> None:
        self.scene = scene
        self.person = person
        self.acts: list[Json] = []
        self.screens: list[Json] = []
        self.requests: list[str] = []
        self.bytes_sent = 0
        self.is_silent = False
        self.answer: Callable[[Json], tuple[int, Json]] | None = None
        self._count = itertools.count(1)
        self._queues: list[queue.SimpleQueue[bytes | None]] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._born_s = time.monotonic()
        handler = type("Handler", (_Handler,), {"station": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True),
            threading.Thread(target=self._beat, daemon=True),
        ]

    def __enter__(self) -> Self:
        """Serve."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving; open streams end."""
        self._stopped.set()
        self.drop()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def now_ms(self) -> int:
        """Return the time of this server."""
        return START_MS + int((time.monotonic() - self._born_s) * 1000)

    def tell(self, event: str, data: Json) -> None:
        """Tell every open page."""
        text = f"id: fake:{next(self._count)}\nevent: {event}\ndata: {json.dumps(data)}\n\n"
        with self._lock:
            for each in self._queues:
                each.put(text.encode())

    def tell_alert(self, alert: Json) -> None:
        """Take an alert into the scene and tell it."""
        self.scene.alerts[alert["id"]] = alert
        self.tell("alert", alert)

    def tell_bed(self, bed: str) -> None:
        """Tell the state of a bed of the scene."""
        self.tell("bed", {"bed": bed, "state": self.scene.beds[bed]})

    def drop(self) -> None:
        """End every open stream."""
        with self._lock:
            for each in self._queues:
                each.put(None)

    def hello(self) -> Json:
        """Return the whole picture."""
        return {
            "now_ms": self.now_ms(),
            "unit": "inf-a",
            "software": "0.1.0",
            "config": "0f0f0f",
            "server": "fake",
            "notice": "decision support in simulation; not for clinical use",
            "status": self.scene.status,
            "condition": self.scene.condition,
            "beds": self.scene.beds,
            "alerts": self.scene.alerts,
            "advice": {},
            "vocabulary": self.scene.vocabulary,
            "screens": {"blocked": 0},
        }

    def open_stream(self) -> "queue.SimpleQueue[bytes | None]":
        """Return the queue of a new stream, with the whole picture in it."""
        made: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        hello = f"id: fake:{next(self._count)}\nevent: hello\ndata: {json.dumps(self.hello())}\n\n"
        made.put(hello.encode())
        with self._lock:
            self._queues.append(made)
        return made

    def close_stream(self, stream: "queue.SimpleQueue[bytes | None]") -> None:
        """Forget a stream."""
        with self._lock:
            if stream in self._queues:
                self._queues.remove(stream)

    def act(self, body: Json) -> tuple[int, Json]:
        """Take an act as the monitor would: the stream says what became of it."""
        if self.answer is not None:
            self.acts.append(body)
            return self.answer(body)
        if any(one["id"] == body["id"] for one in self.acts):
            # A slow machine makes a page ask again; the same id is the same act.
            return HTTPStatus.ACCEPTED, {"id": body["id"], "state": "sent"}
        self.acts.append(body)
        if self.person is None:
            return HTTPStatus.UNAUTHORIZED, {"error": "log in first"}
        payload = body["payload"]
        # What the real server adds itself, a page must not say.
        if OURS & payload.keys():
            return HTTPStatus.BAD_REQUEST, {"error": "that is not the page's to say"}
        alert = self.scene.alerts.get(payload.get("alert", ""))
        if alert is not None:
            self.tell_alert(self._after(alert, payload))
        answered = {"id": body["id"], "bed": body["bed"], "act": payload.get("act", "")}
        self.tell("answer", {**answered, "by": self.person, "refused": ""})
        return HTTPStatus.ACCEPTED, {"id": body["id"], "state": "sent"}

    def _after(self, alert: Json, payload: Json) -> Json:
        """Return an alert after an act."""
        now, after = self.now_ms(), {**alert, "rev": alert["rev"] + 1}
        act = payload["act"]
        if act in {"ack", "not-a-reaction"}:
            after["acked"] = {"by": self.person, "t": iso(now)}
            after["realert_at"] = iso(now + 540_000)
            after["signal"] = "off" if alert["signal"] == "latched" else "acknowledged"
            after["not_a_reaction"] = payload.get("why", "")
        elif act in {"hand-back", "unsnooze"}:
            after |= {"acked": None, "realert_at": None, "signal": "on"}
        elif act == "pause-audio":
            after |= {"signal": "audio-paused", "quiet_until": iso(now + 120_000)}
        elif act == "snooze":
            after |= {"signal": "snoozed", "reason": payload["reason"]}
        return after

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_S):
            if not self.is_silent:
                numbers = self.scene.numbers(self.now_ms())
                self.tell("v", {"now_ms": self.now_ms(), "beds": numbers})


class _Handler(BaseHTTPRequestHandler):
    station: FakeStation
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        """Answer a connection; a browser may close it at any time."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        """Say nothing."""

    def do_GET(self) -> None:  # the name of the base class
        station, path = self.station, self.path.split("?")[0]
        station.requests.append(path)
        if path == "/feed":
            self._stream()
        elif path == "/":
            self._file(PAGE / "index.html")
        elif path.startswith("/page/") and "/" not in path[6:] and (PAGE / path[6:]).is_file():
            self._file(PAGE / path[6:])
        elif path == "/api/v1/me":
            may = sorted(MAY["nurse"]) if station.person else []
            role = "nurse" if station.person else "viewer"
            self._json(HTTPStatus.OK, {"name": station.person, "role": role, "may": may})
        elif path.endswith("/history") and unquote(path.split("/")[4]) in station.scene.beds:
            bed = unquote(path.split("/")[4])
            self._json(HTTPStatus.OK, station.scene.history(bed, station.now_ms()))
        else:
            self._json(HTTPStatus.NOT_FOUND, {"error": "no such thing"})

    def do_POST(self) -> None:  # the name of the base class
        station = self.station
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = json.loads(raw or b"{}")
        if self.headers.get("X-IRM") != "1":
            self._json(HTTPStatus.FORBIDDEN, {"error": "the header X-IRM is missing"})
        elif self.path == "/api/v1/acts":
            self._json(*station.act(body))
        elif self.path == "/api/v1/screens":
            station.screens.append(body)
            self._json(HTTPStatus.OK, {})
        elif self.path == "/api/v1/login":
            if body.get("password") != "right":
                self._json(HTTPStatus.UNAUTHORIZED, {"error": "name or password is wrong"})
                return
            station.person = body["name"]
            self._json(HTTPStatus.OK, {})
        elif self.path == "/api/v1/logout":
            station.person = None
            self._json(HTTPStatus.OK, {})
        else:
            self._json(HTTPStatus.NOT_FOUND, {"error": "no such thing"})

    def _send(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)
        self.station.bytes_sent += len(data)

    def _json(self, status: int, body: Json) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _file(self, path: Path) -> None:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self._send(HTTPStatus.OK, kind, path.read_bytes())

    def _stream(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        stream = self.station.open_stream()
        try:
            while (data := stream.get()) is not None:
                self.wfile.write(data)
                self.wfile.flush()
        except OSError:
            pass
        finally:
            self.station.close_stream(stream)


def main() -> None:
    """Serve a scene until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beds", type=int, default=60)
    parser.add_argument("--port", type=int, default=8099)
    wanted = parser.parse_args()
    with FakeStation(ward_scene(wanted.beds), port=wanted.port) as station:
        print(station.url)  # noqa: T201  # a program for people
        threading.Event().wait()


if __name__ == "__main__":
    main()
