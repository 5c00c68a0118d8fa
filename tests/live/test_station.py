"""A real broker, a real monitor, real stations: what one person does is seen on every screen."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import httpx
import pytest
from broker import eventually, publish
from fakes import Unit, now_ms

from detectors.channels import Channel
from monitor.adapters.broker import HOST, LocalBroker, free_port
from monitor.adapters.deeds import audit_faults
from monitor.settings.settings import Settings, load_settings
from monitor.station.people import user_row, write_user
from monitor.ward.ward import Ward
from monitor.wire.payloads import encode_vitals

pytestmark = [pytest.mark.broker, pytest.mark.slow]

CHECKOUT: Final = Path(__file__).resolve().parents[2]
PASSWORD: Final = "correct horse"  # noqa: S105 - of nobody


class Screen:
    """One browser: reads the stream in a thread, posts with a cookie."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://{HOST}:{port}"
        self.heard: list[tuple[str, Any]] = []
        self.last = ""
        self.http = httpx.Client(base_url=self.origin, timeout=10)
        self._leaving = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        event = ""
        try:
            with httpx.stream("GET", f"{self.origin}/feed", timeout=10) as lines:
                for line in lines.iter_lines():
                    if self._leaving:
                        return
                    name, _, text = line.partition(": ")
                    if name == "id":
                        self.last = text
                    elif name == "event":
                        event = text
                    elif name == "data":
                        self.heard.append((event, json.loads(text)))
        except httpx.HTTPError:
            return

    def first(self, event: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:  # noqa: ANN401 - any JSON
        """Return the first event of a name that fits; wait for it."""

        def found() -> Any:  # noqa: ANN401 - any JSON
            return next((data for name, data in self.heard if name == event and fits(data)), None)

        assert eventually(lambda: found() is not None), (event, self.heard[-5:])
        return found()

    def post(self, path: str, **body: Any) -> httpx.Response:  # noqa: ANN401 - any JSON
        headers = {"origin": self.origin, "x-irm": "1"}
        return self.http.post(f"/api/v1/{path}", json=body, headers=headers)

    def login(self, name: str) -> Self:
        done = self.post("login", name=name, password=PASSWORD)
        assert done.status_code == 200, done.text
        return self

    def ended(self) -> bool:
        return not self._thread.is_alive()

    def close(self) -> None:
        self._leaving = True
        self.http.close()
        self._thread.join()


@pytest.fixture
def screens() -> Iterator[Callable[[int], Screen]]:
    """What opens a screen at a port; all are closed at the end."""
    opened: list[Screen] = []

    def screen(port: int) -> Screen:
        opened.append(Screen(port))
        return opened[-1]

    yield screen
    for one in opened:
        one.close()


@contextmanager
def station(unit: Unit, folder: Path, name: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a station of a unit as a process of its own."""
    users, port = folder / "users", free_port()
    if not users.exists():
        row = user_row("nurse", PASSWORD)
        for one in ("nurse-1", "nurse-2"):
            write_user(users, one, row)
    command = [sys.executable, "-m", "monitor", "station", "--http", f"{HOST}:{port}"]
    command += ["--broker", f"{HOST}:{unit.broker.port}", "--unit", unit.name]
    command += ["--users", str(users), "--audit", str(folder / f"{name}.audit")]
    command += ["--journal", str(unit.journal), "--device-id", name]
    with subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ}) as process:
        try:
            assert eventually(lambda: ready(port))
            yield process, port
        finally:
            if process.poll() is None:
                process.terminate()


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def measure(unit: Unit, number: int, hr: int, sbp: int) -> None:
    values = {Channel.HR: hr * 100, Channel.SBP: sbp * 100}
    payload = encode_vitals(
        sequence=number, measured_ms=now_ms(), values_centi=values, boot="b"
    ).decode()
    name = f"irm/v1/{unit.name}/17/mon-17/vitals"
    publish(unit.broker.port, "-t", name, "-q", "1", "-m", payload)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(CHECKOUT / "config")


def test_one_acts_and_all_see_it_and_what_stands_survives_every_restart(
    broker: LocalBroker,
    tmp_path: Path,
    settings: Settings,
    screens: Callable[[int], Screen],
) -> None:
    unit = Unit(broker, "station-e2e", tmp_path / "journal")
    with (
        unit.running(Ward(settings.ward, unit=unit.name)),
        station(unit, tmp_path, "station-1") as (first, one_port),
        station(unit, tmp_path, "station-2") as (second, other_port),
    ):
        one, other = screens(one_port).login("nurse-1"), screens(other_port).login("nurse-2")
        opened = {"event": "open", "subject": "PX-1", "product": "other"}
        done = one.post("acts", id="open-0001", bed="17", kind="session", payload=opened)
        assert done.status_code == 202, done.text
        for screen in (one, other):
            said = screen.first("answer", lambda data: data["id"] == "open-0001")
            assert (said["refused"], said["by"], said["act"]) == ("", "nurse-1", "open")

        for number in range(1, 4):
            measure(unit, number, 80, 120)
        began_s = time.monotonic()
        measure(unit, 4, 140, 50)
        called = one.first("alert", lambda data: data["priority"] == "high")
        assert time.monotonic() - began_s < 3
        alert = called["id"]
        other.first("alert", lambda data: data["id"] == alert)

        ack = {"act": "ack", "alert": alert}
        wanted = {"bed": "17", "kind": "act", "payload": ack, "alert_rev": called["rev"]}
        assert other.post("acts", id="ack-00001", **wanted).status_code in (202, 409)
        newest = [data for name, data in other.heard if name == "alert"][-1]
        wanted["alert_rev"] = newest["rev"]
        other.post("acts", id="ack-00002", **wanted)
        began_s = time.monotonic()
        seen = one.first("alert", lambda data: data["id"] == alert and data["acked"])
        assert time.monotonic() - began_s < 1
        assert seen["acked"]["by"] == "nurse-2"

        late = one.post("acts", id="ack-00003", **wanted)
        if late.status_code == 202:
            said = one.first("answer", lambda data: data["id"] == "ack-00003")
            assert "already acknowledged by nurse-2" in said["refused"]

        check_looks(one)

        # A station that is told to leave ends its streams; one that is killed loses nothing.
        began_s = time.monotonic()
        first.send_signal(signal.SIGTERM)
        assert first.wait(5) == 0
        assert eventually(one.ended)
        assert time.monotonic() - began_s < 5
        second.kill()
        second.wait()
        with station(unit, tmp_path, "station-2") as (_, port):
            back = screens(port)
            assert eventually(lambda: stands(back, alert))
    assert list(audit_faults(tmp_path / "station-2.audit")) == []


def check_looks(one: Screen) -> None:
    """The past is there: drawn, listed, written, handed over."""

    def drawn() -> Any:  # noqa: ANN401 - any JSON
        return one.http.get("/api/v1/beds/17/history?hours=1").json()

    assert eventually(lambda: drawn()["series"].get("sbp", [[0, 0]])[-1][1] == 50)
    history = drawn()
    assert {flag["kind"] for flag in history["flags"]} >= {"session", "alert", "act"}
    assert history["bands"]
    events = one.http.get("/api/v1/events?bed=17").json()["events"]
    assert any(row.get("by") == "nurse-2" for row in events)
    assert "# Reaction note" in one.http.get("/api/v1/beds/17/note").json()["text"]
    (bed,) = one.http.get("/api/v1/handover").json()["beds"]
    assert "nurse-2 has it" in bed["alerts"][0]


def stands(screen: Screen, alert: str) -> bool:
    """Return whether a screen has been told of an alert, whole or as news."""
    return any(
        alert in data.get("alerts", ()) or data.get("id") == alert for _, data in screen.heard
    )


def test_a_monitor_that_is_lost_is_said_on_every_screen(
    broker: LocalBroker,
    tmp_path: Path,
    settings: Settings,
    screens: Callable[[int], Screen],
) -> None:
    unit = Unit(broker, "station-lost", tmp_path / "journal")
    with station_without_monitor(unit, tmp_path) as port:
        screen = screens(port)
        assert "NO MONITOR" in screen.first("status", lambda data: data["condition"])["condition"]
        with unit.running(Ward(settings.ward, unit=unit.name)):
            screen.first("status", lambda data: data["condition"] == "")
        screen.first("status", lambda data: "OFFLINE (stopped)" in data["condition"])


@contextmanager
def station_without_monitor(unit: Unit, folder: Path) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "monitor", "station", "--http", f"{HOST}:{port}"]
    command += ["--broker", f"{HOST}:{unit.broker.port}", "--unit", unit.name]
    command += ["--audit", str(folder / "audit")]
    with subprocess.Popen(command, cwd=CHECKOUT) as process:
        try:
            assert eventually(lambda: answers(port))
            yield port
        finally:
            process.terminate()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/healthz").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--http", "0.0.0.0:0"], "nobody could be known"),
        (["--http", "0.0.0.0:8080"], "nobody could be known"),
        (["--proxy-header", "X-User"], "belong together"),
        (["--proxy-header", "X-User", "--proxy-from", "elsewhere"], "--proxy-from"),
        (["--proxy-header", "X-User", "--proxy-from", "10.0.0.1"], "needs --users"),
        (["--tls-cert", "cert.pem"], "belong together"),
        (["--device-id", "Station 1"], "must match"),
        (["--users", "nowhere.json"], "nowhere.json"),
    ],
)
def test_a_station_that_may_not_be_started_so_says_why(arguments: list[str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "station", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )
    assert done.returncode == 2, done.stderr
    assert words in done.stderr or "must be 1 to" in done.stderr
