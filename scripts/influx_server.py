"""A real InfluxDB on loopback, and stand-ins for what its old version cannot do.

Debian ships version 1.6.7, which has no ``/api/v2/write``. A small proxy in front of it rewrites
that path (and the names of its precisions) to ``/write``, as a site would do in its web server.
Tokens, 401, 429 and 503 come from a stand-in, not from a real server of version 2: none was
there to try.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from monitor.adapters.broker import HOST, accepts, free_port

PRECISIONS = {"ns": "n", "us": "u", "ms": "ms", "s": "s"}
START_DEADLINE_S = 20.0

CONFIG = """
reporting-disabled = true
bind-address = "{host}:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "{host}:{port}"
  log-enabled = false
"""


def found_influxd() -> str | None:
    """Return where the database is on this machine, None if it is not."""
    return shutil.which("influxd", path=os.pathsep.join((os.environ["PATH"], "/usr/sbin")))


class RealInflux:
    """An influxd with a folder of its own; may be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._rpc = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = found_influxd()
        assert program is not None
        config = self.folder / "influxdb.conf"
        config.write_text(
            CONFIG.format(host=HOST, rpc=self._rpc, port=self.port, folder=self.folder)
        )
        log = (self.folder / "log.txt").open("ab")
        self._process = subprocess.Popen(  # noqa: S603 - a program found by its own name
            [program, "-config", str(config)], stdout=log, stderr=log
        )
        log.close()
        waiting = threading.Event()
        for _ in range(int(START_DEADLINE_S / 0.05)):
            if accepts(self.port) and self._pings():
                return
            waiting.wait(0.05)
        raise AssertionError((self.folder / "log.txt").read_text()[-2000:])

    def _pings(self) -> bool:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://{HOST}:{self.port}/ping", timeout=2).close()
            return True
        return False

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def ask(self, query: str, *, timeout_s: float = 10.0) -> bytes:
        """Return what it says to a query."""
        body = urllib.parse.urlencode({"q": query}).encode()
        address = f"http://{HOST}:{self.port}/query"
        with urllib.request.urlopen(address, body, timeout=timeout_s) as said:
            answer: bytes = said.read()
            return answer


@dataclass(slots=True)
class Script:
    """What a stand-in says before it lets a request through: status, words, Retry-After."""

    answers: list[tuple[int, str, str]] = field(default_factory=list)
    token: str = ""
    seen: list[bytes] = field(default_factory=list)


class _Proxy(BaseHTTPRequestHandler):
    script: Script
    target: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self._is_answered_here():
            return
        self.script.seen.append(body)
        path = urllib.parse.urlsplit(self.path)
        asked = dict(urllib.parse.parse_qsl(path.query))
        if path.path == "/api/v2/write":
            rewritten = {"db": asked["bucket"], "precision": PRECISIONS[asked["precision"]]}
            self._pass(f"/write?{urllib.parse.urlencode(rewritten)}", body)
        else:
            self._pass(self.path, body)

    def do_GET(self) -> None:
        if not self._is_answered_here():
            self._pass(self.path, None)

    def _is_answered_here(self) -> bool:
        if self.script.token and self.headers.get("Authorization") != f"Token {self.script.token}":
            self._say(401, b'{"code":"unauthorized","message":"unauthorized access"}')
            return True
        if self.script.answers:
            status, words, retry_after = self.script.answers.pop(0)
            self._say(status, words.encode(), retry_after)
            return True
        return False

    def _pass(self, path: str, body: bytes | None) -> None:
        if not self.target:
            self._say(204, b"")
            return
        try:
            address = f"{self.target}{path}"
            with urllib.request.urlopen(address, body, timeout=30) as said:  # noqa: S310 - loopback
                self._say(said.status, said.read())
        except urllib.error.HTTPError as fault:
            self._say(fault.code, fault.read())
        except OSError as fault:
            self._say(503, str(fault).encode())

    def _say(self, status: int, body: bytes, retry_after: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def proxy(target: str, script: Script) -> Iterator[str]:
    """Give the address of a proxy before ``target`` (``""``: a stand-in that takes everything)."""
    handler = type("Proxy", (_Proxy,), {"script": script, "target": target})
    server = ThreadingHTTPServer((HOST, 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def real_influx() -> Iterator[RealInflux]:
    """Give a running database that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="irm-influx-") as folder:
        running = RealInflux(Path(folder))
        running.start()
        try:
            yield running
        finally:
            running.kill()
