"""What the shipped units promise, looked at on a machine where systemd runs them.

``scripts/systemd.sh`` makes such a machine for itself and runs ``python -m scripts.service_checks``
in it, as root. Every promise is a line; the first that is broken ends it with 1 and the journal of
the service.
"""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from monitor.adapters.broker import HOST
from scripts.influx_server import Script, found_influxd, proxy, real_influx

MONITOR: Final = "infusion-monitor"
PROGRAM: Final = "/opt/infusion-monitor/.venv/bin/infusion-monitor"
CERTIFICATES: Final = Path("/etc/irm-certs")
CONFIG: Final = Path("/etc/infusion-monitor")
JOURNAL: Final = Path("/var/lib/infusion-monitor/ward.journal")
PAGE: Final = "https://ward.example:8443"
PASSWORD: Final = "correct horse"  # noqa: S105 - of nobody: systemd.sh gives it to nurse-1
TOKEN: Final = "a-token"  # noqa: S105 - of a stand-in
READINGS: Final = 20
WITHIN_S: Final = 60.0
LEAVES_WITHIN_S: Final = 5.0


def said(*words: str) -> subprocess.CompletedProcess[str]:
    """Return what a command says, and how it ends."""
    return subprocess.run(  # noqa: S603 - commands of this file
        words, capture_output=True, text=True, check=False, timeout=120
    )


def shown(service: str, key: str) -> str:
    """Return a property of a service."""
    return said("systemctl", "show", "--property", key, "--value", service).stdout.strip()


def lines_of(service: str) -> list[dict[str, Any]]:
    """Return what a service has logged."""
    out = said("journalctl", "--unit", service, "--output", "cat", "--no-pager").stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def events(service: str = MONITOR) -> list[str]:
    """Return the names of what a service has logged."""
    return [str(line["event"]) for line in lines_of(service)]


def taken_s(what: Callable[[], object]) -> float:
    """Return the seconds until something is so.

    Raises
    ------
    TimeoutError
        If it is not within a minute.
    """
    began_s, waiting = time.monotonic(), threading.Event()
    while not what():
        if time.monotonic() - began_s > WITHIN_S:
            raise TimeoutError
        waiting.wait(0.05)
    return time.monotonic() - began_s


def process() -> int:
    """Return the number of the monitor's process, 0 if there is none."""
    return int(shown(MONITOR, "MainPID") or 0)


def is_another(before: int) -> bool:
    """Tell whether another process than before says that it watches."""
    watches = shown(MONITOR, "StatusText") == "watching"
    return watches and shown(MONITOR, "ActiveState") == "active" and process() not in {0, before}


def it_starts() -> str:
    """Look whether they were started."""
    assert shown(MONITOR, "ActiveState") == "active"
    took_s = taken_s(lambda: shown(MONITOR, "StatusText") == "watching")
    assert shown("infusion-station", "ActiveState") == "active"
    return f"it said so within {took_s:.1f} s of the last line"


def it_is_confined() -> str:
    """Look at what its user may read, and for the password."""
    as_it = ("systemd-run", "--quiet", "--wait", "--pipe", "-p", "DynamicUser=yes")
    for name in ("infusion-monitor.key", "station-1.key", "users"):
        done = said(*as_it, "-p", f"User={MONITOR}", "cat", str(CONFIG / name))
        assert done.returncode != 0, name
        assert "Permission denied" in done.stderr, done.stderr
    assert PASSWORD not in said("journalctl", "--no-pager").stdout
    words = said("systemd-analyze", "security", MONITOR, "--no-pager").stdout.splitlines()[-1]
    number, how = words.partition(":")[2].split()[:2]
    return f"{number} {how}, by systemd-analyze security"


def it_keeps() -> str:
    """Let devices publish until everything is covered."""
    place = ("--unit", "inf-a", "--host", "localhost", "--port", "8883")
    words = ("--store", "/var/lib/kept", *place, "--certificates", str(CERTIFICATES), "--beds", "2")
    command = (sys.executable, "-m", "simulators.keeping", *words, "--every-ms", "50")
    done = said(*command, "--readings", str(READINGS))
    assert done.returncode == 0, done.stderr
    return f"{READINGS} readings of each of 2 devices"


def it_shows() -> str:
    """Ask the station, and log in."""
    trust = ssl.create_default_context(cafile=str(CERTIFICATES / "ca.crt"))

    def ready() -> bool:
        try:
            address = f"{PAGE}/readyz"
            with urllib.request.urlopen(address, context=trust, timeout=5) as page:  # noqa: S310 - ours
                return bool(page.status == HTTPStatus.OK)
        except OSError:
            return False

    took_s = taken_s(ready)
    body = json.dumps({"name": "nurse-1", "password": PASSWORD}).encode()
    headers = {"Origin": PAGE, "X-IRM": "1", "Content-Type": "application/json"}
    login = urllib.request.Request(f"{PAGE}/api/v1/login", body, headers)  # noqa: S310 - ours
    with urllib.request.urlopen(login, context=trust, timeout=10) as answer:  # noqa: S310 - ours
        assert answer.status == HTTPStatus.OK
        assert "Secure" in answer.headers["Set-Cookie"]
    return f"ready within {took_s:.1f} s"


def it_forwards() -> str:
    """Start the forwarder beside a database."""
    if found_influxd() is None:
        return "not looked at: there is no influxd here"
    service, script = "infusion-forwarder", Script(token=TOKEN)
    (CONFIG / "influx-token").write_text(TOKEN)
    (CONFIG / "influx-token").chmod(0o600)
    with real_influx() as database, proxy(f"http://{HOST}:{database.port}", script) as address:
        database.ask('CREATE DATABASE "irm"')
        unit = Path(f"/etc/systemd/system/{service}.service")
        unit.write_text(unit.read_text().replace("http://influx:8086", address))
        assert said("systemctl", "daemon-reload").returncode == 0
        assert said("systemctl", "start", service).returncode == 0

        def stored() -> int:
            answer = json.loads(database.ask('SELECT COUNT("hr") FROM "irm".."vitals"'))
            series = answer["results"][0].get("series", [])
            return int(series[0]["values"][0][1]) if series else 0

        took_s = taken_s(stored)
        assert said("systemctl", "stop", service).returncode == 0
        assert shown(service, "Result") == "success"
        return f"{stored()} points, the first after {took_s:.1f} s"


def it_comes_back() -> str:
    """Kill the monitor."""
    before = process()
    os.kill(before, signal.SIGKILL)
    took_s = taken_s(lambda: is_another(before))
    assert events().count("resumed") == 1
    return f"watched again after {took_s:.1f} s"


def it_is_watched() -> str:
    """Freeze the monitor."""
    before = process()
    os.kill(before, signal.SIGSTOP)
    took_s = taken_s(lambda: is_another(before))
    assert events().count("resumed") == 1 + 1  # once after the kill
    return f"watched again after {took_s:.1f} s"


def it_reloads() -> str:
    """Reload twice."""
    path = CONFIG / "technical.toml"
    text, before = path.read_text(), process()
    for more, event in (("\n# another digest\n", "configured"), ("\nx =", "configuration-refused")):
        path.write_text(text + more)
        assert said("systemctl", "reload", MONITOR).returncode == 0
        taken_s(lambda event=event: event in events())  # type: ignore[misc]  # bound now
    path.write_text(text)
    assert process() == before
    assert shown(MONITOR, "StatusText") == "watching"
    return "one was taken, one refused"


def it_stops() -> str:
    """Stop the monitor."""
    began_s = time.monotonic()
    assert said("systemctl", "stop", MONITOR).returncode == 0
    took_s = time.monotonic() - began_s
    assert took_s < LEAVES_WITHIN_S, took_s
    assert shown(MONITOR, "Result") == "success"
    assert events()[-1] == "stopped"
    done = said(PROGRAM, "audit", "verify", str(JOURNAL))
    assert done.returncode == 0, done.stderr
    return f"after {took_s:.1f} s"


PROMISES: Final[dict[str, Callable[[], str]]] = {
    "Both services run, and the monitor has said that it watches": it_starts,
    "Its user cannot read the keys, and no log has the password": it_is_confined,
    "Devices with a certificate of their own get receipts for everything": it_keeps,
    "The station is ready behind TLS and lets a nurse in": it_shows,
    "The forwarder brings the readings to a database, with the token it was handed": it_forwards,
    "After a kill -9 it is started again and resumes": it_comes_back,
    "One that hangs is killed by the watchdog and started again": it_is_watched,
    "A changed folder is taken at a reload, a broken one is refused, and it goes on": it_reloads,
    "It leaves in order within 5 s, and its journal verifies": it_stops,
}


def main() -> int:
    """Go through every promise; return 1 at the first that is broken."""
    for words, promise in PROMISES.items():
        try:
            found = promise()
        except Exception as fault:  # noqa: BLE001 - whatever it was, it is told
            print(f"BROKEN: {words}: {type(fault).__name__} {fault}", flush=True)
            print(said("journalctl", "--no-pager", "--lines", "40").stdout)
            return 1
        print(f"ok: {words}: {found}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
