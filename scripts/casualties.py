"""What the crash matrix strikes: broker, two monitors, publisher, database, links, clock, disk.

Real processes of the shipped program with the shipped configuration; each blow is one method of
:class:`Casualties`, and what died is started again at once.
"""

import contextlib
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from monitor.adapters.broker import HOST, LocalBroker, free_port
from scripts.influx_server import RealInflux, Script, found_influxd, proxy
from scripts.set_clock import put
from scripts.valve import Valve
from scripts.witness import SILENT_S_MAX, Witness

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = ROOT / "config"
BEDS: Final = 6
EVERY_MS: Final = 60
"""Within the rate that the shipped configuration lets a device have."""
HOUR_S: Final = 3_600
BUCKET: Final = "irm"
NAMES: Final = ("first", "second")
PAIRED_S: Final = 1.5
"""A lease and the word of a standby are told three times in so long."""
BAD_INPUT: Final = 4
"""A monitor ends so when its journal does not give what its ledger holds."""

Victim: TypeAlias = Literal["publisher", "broker", "monitor", "standby", "influx", "forwarder"]
Blow: TypeAlias = Literal["cut", "half-open", "clock", "disk"]
VICTIMS: Final[tuple[Victim, ...]] = (
    "publisher", "broker", "monitor", "standby", "influx", "forwarder",
)  # fmt: skip
BLOWS: Final[tuple[Blow, ...]] = ("cut", "half-open", "clock", "disk")

_UNLIMITED: Final = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def has_database() -> bool:
    """Tell whether there is an InfluxDB on this machine to be killed."""
    return found_influxd() is not None


class Casualties:
    """The processes, and where they keep what they must not lose."""

    def __init__(self, folder: Path, *, unit: str, with_database: bool) -> None:
        self.unit = unit
        self._folder = folder
        self._with_database = with_database
        self._ends = contextlib.ExitStack()
        self._clock = folder / "clock"
        put(self._clock, 0)
        self._hours = 0
        (folder / "broker").mkdir()
        self.broker = LocalBroker(port=free_port(), store=folder / "broker")
        self.broker.__enter__()
        # Only the first monitor and the devices have a way that breaks: a pair is no pair if
        # both are cut off at once.
        self.valves = {
            name: self._ends.enter_context(Valve(self.broker.port)) for name in ("first", "devices")
        }
        self.witness = Witness(unit, self.broker.port)
        self.every_ms = EVERY_MS
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.left = 0
        """Programs that left by themselves and were started again."""
        self.refused: Counter[str] = Counter()
        """Monitors that would not go on from their journal, which gave them another state."""
        self.monitors = {name: folder / f"{name}.journal" for name in NAMES}
        self.begun_at: dict[str, int] = {}
        """At which step of its journal each monitor was started last."""
        self.config = folder / "config"
        shutil.copytree(CONFIG, self.config)
        site = self.config / "site.toml"
        was = site.read_text()
        # The most often that is allowed: what a process remembers is compared in these.
        site.write_text(was.replace("snapshot_every_s = 60\n", "snapshot_every_s = 1\n"))
        assert site.read_text() != was
        self.influx: RealInflux | None = None

    def begin(self) -> None:
        """Start both monitors and wait until one speaks and the other one is ready."""
        for name in NAMES:
            self._start(name)
        if self._with_database:
            (self._folder / "influx").mkdir()
            self.influx = RealInflux(self._folder / "influx")
            self.influx.start()
            self.influx.ask(f"CREATE DATABASE {BUCKET}")
            address = f"http://{HOST}:{self.influx.port}"
            self.database = self._ends.enter_context(proxy(address, Script()))
        until(self.is_paired, "one monitor speaks and the other is ready")
        if self.influx is not None:
            self._start("forwarder")

    def publish_until(self, readings: int) -> None:
        """Start the devices; each ends when it has sent so many readings and all are covered."""
        self._readings = readings
        if "publisher" in self.processes:
            self._end("publisher")
        self._start("publisher")

    def holder(self) -> str:
        """Return which monitor holds the lease; empty if none is heard to."""
        since_s = time.monotonic() - SILENT_S_MAX
        return next((one for one in NAMES if self._speaks(one, since_s)), "")

    def _speaks(self, name: str, since_s: float) -> bool:
        return name in self.processes and self.witness.speaks(self.processes[name].pid, since_s)

    def is_paired(self, since_s: float | None = None) -> bool:
        """Tell whether one monitor was heard to speak since a time, and the other to be ready."""
        since_s = time.monotonic() - PAIRED_S if since_s is None else since_s
        return any(
            self._speaks(one, since_s)
            and other in self.processes
            and self.witness.is_ready(self.processes[other].pid, since_s)
            for one, other in (NAMES, NAMES[::-1])
        )

    def kill(self, victim: Victim, again_s: float = 0.0) -> None:
        """Kill one process and start it again at once; twice, the second time while it starts."""
        if victim == "broker":
            self.broker.kill()
            self.broker.__enter__()
        elif victim == "influx":
            assert self.influx is not None
            self.influx.kill()
            # The forwarder finds nobody meanwhile; it is up again when this returns.
            self.influx.start()
        else:
            name = self._named(victim)
            self._end(name)
            self._start(name)
            if again_s:
                threading.Event().wait(again_s)
                self._end(name)
                self._start(name)

    def _named(self, victim: Victim) -> str:
        """Return which process a role is played by now."""
        speaks = self.holder() or "first"
        other = next(one for one in NAMES if one != speaks)
        return {"monitor": speaks, "standby": other}.get(victim, victim)

    def strike(self, blow: Blow, which: int, for_s: float) -> None:
        """Cut a link, shut it in silence, set the clock by an hour, or fill the disk."""
        valve = list(self.valves.values())[which % 2]
        match blow:
            case "cut":
                valve.cut()
            case "half-open":
                valve.shut()
            case "disk":
                self._limit_files(NAMES[which % 2])
            case "clock":
                self._hours = (1, -1)[which % 2] if self._hours == 0 else 0
                put(self._clock, self._hours * HOUR_S)
        threading.Event().wait(for_s)
        valve.reopen()
        for name in NAMES:
            with contextlib.suppress(OSError):
                resource.prlimit(self.processes[name].pid, resource.RLIMIT_FSIZE, _UNLIMITED)

    def _limit_files(self, name: str) -> None:
        """Let no file of a monitor grow, as on a full disk."""
        size = self.monitors[name].stat().st_size
        with contextlib.suppress(OSError):
            pid = self.processes[name].pid
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def revive(self) -> None:
        """Start again what left by itself, as a service would."""
        for name, process in list(self.processes.items()):
            if name != "publisher" and process.poll() is not None:
                self.left += 1
                self.refused[name] += process.returncode == BAD_INPUT
                self._start(name)

    def wrongs(self) -> list[str]:
        """Return which monitors would not go on from their journal."""
        return [f"the {name} was refused by its journal" for name in +self.refused]

    def outbox(self) -> dict[str, tuple[int, int, int]]:
        """Return by device how many messages wait for a receipt, and the first and last number."""
        query = "SELECT device, count(*), min(number), max(number) FROM message GROUP BY device"
        uri = (self._folder / "outbox").resolve().as_uri() + "?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            return {row[0]: tuple(row[1:]) for row in connection.execute(query)}

    def words(self) -> str:
        """Return how everything stands, for whoever has to find out why it does not go on."""
        ends = {name: process.poll() for name, process in self.processes.items()}
        processes = ", ".join(
            f"{name} {self.processes[name].pid:x} {'runs' if code is None else f'ended {code}'}"
            for name, code in ends.items()
        )
        receipts = self.witness.acknowledged
        waiting = [
            f"{device}: {count} messages wait for a receipt, {first} to {last}; "
            f"the last receipt heard covers {receipts.get(device, -1)}"
            for device, (count, first, last) in sorted(self.outbox().items())
        ]
        speaks = f"speaks: {self.holder() or 'nobody'}, the clock is {self._hours} h ahead"
        return "\n".join([processes, speaks, self.witness.words(), *waiting])

    def leave(self) -> None:
        """End both monitors in order, the one that waits first, and the forwarder."""
        for name in (self._named("standby"), self._named("monitor"), "forwarder"):
            if name in self.processes:
                self.processes[name].terminate()
                self.processes[name].wait(timeout=20)

    def forward_rest(self) -> int:
        """Forward what is left in the first journal; return the exit code."""
        return subprocess.run(  # noqa: S603 - this Python and a program of ours
            [*self._command("forwarder"), "--once"],
            cwd=ROOT,
            check=False,
            stderr=subprocess.DEVNULL,
        ).returncode

    def _command(self, name: str) -> list[str]:
        clock = [sys.executable, "-m", "scripts.set_clock", str(self._clock)]
        if name == "publisher":
            return [
                *(*clock, "scripts.unruly", "--unit", self.unit),
                *("--store", str(self._folder / "outbox")),
                *("--port", str(self.valves["devices"].port)),
                *("--beds", str(BEDS), "--readings", str(self._readings)),
                *("--every-ms", str(self.every_ms)),
            ]
        if name == "forwarder":
            return [
                *(sys.executable, "-m", "monitor", "forward", str(self.monitors["first"])),
                *("--store", self.database, "--bucket", BUCKET),
            ]
        port = self.valves["first"].port if name == "first" else self.broker.port
        return [
            *(*clock, "monitor", "live", "--config", str(self.config)),
            *("--broker", f"{HOST}:{port}", "--journal", str(self.monitors[name])),
            *(["--standby"] if name == "second" else []),
        ]

    def _start(self, name: str) -> None:
        if name in self.monitors:
            self.begun_at[name] = last_step(self.monitors[name])
        with (self._folder / f"{name}.log").open("ab") as log:
            log.write(f"--- started {datetime.now(UTC).isoformat()}\n".encode())
            log.flush()
            self.processes[name] = subprocess.Popen(  # noqa: S603 - as above
                # Ctrl-C is for the matrix alone.
                self._command(name),
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _end(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def close(self) -> None:
        """End everything."""
        for name in self.processes:
            self._end(name)
        self.witness.close()
        if self.influx is not None:
            self.influx.kill()
        self._ends.close()
        self.broker.stop()


def last_step(journal: Path) -> int:
    """Return the last step in a journal, 0 if there is none yet."""
    with contextlib.suppress(sqlite3.Error):
        uri = journal.resolve().as_uri() + "?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            return int(connection.execute("SELECT coalesce(max(n), 0) FROM step").fetchone()[0])
    return 0


def until(
    condition: Callable[[], bool], what: str, within_s: float = 120.0, *, every_s: float = 0.02
) -> None:
    """Wait for a condition.

    Raises
    ------
    TimeoutError
        If it does not come true.
    """
    deadline_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(what)
        time.sleep(every_s)
