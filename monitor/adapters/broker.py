"""A broker of our own on a loopback port, for the demo and for tests.

It is the mosquitto that a hospital would run, found on this machine and started with a
configuration made for one run: loopback only, a port that the system chose, nobody asked for a
password, no message dropped because a queue was full. It ends with the block that started it,
and also when the program that started it is killed: a shell beside it waits for the end of a
pipe that only this program holds open.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

HOST: Final = "127.0.0.1"

CHECKOUT: Final = Path(__file__).resolve().parents[2]

PLACES: Final = ("/usr/local/sbin", "/usr/sbin", str(CHECKOUT / ".cache" / "mosquitto" / "bin"))
"""Where mosquitto lives besides the PATH: system folders, and where ``make broker`` unpacks it."""

HOW_TO_GET_IT: Final = (
    "run 'make broker', or install it (Debian, Ubuntu: apt-get install mosquitto "
    "mosquitto-clients; Fedora: dnf install mosquitto; Alpine: apk add mosquitto "
    "mosquitto-clients; macOS: brew install mosquitto)"
)

START_DEADLINE_S: Final = 10.0
STOP_DEADLINE_S: Final = 5.0
ATTEMPTS: Final = 5
"""Another program may take the port between our asking for it and mosquitto's."""

KEEPER: Final = """
exec 3<&0
"$@" 3<&- &
broker=$!
(read -r _ <&3; kill "$broker" 2>/dev/null) &
watcher=$!
wait "$broker"
code=$?
kill "$watcher" 2>/dev/null
rm -rf -- "$IRM_BROKER_FOLDER"
exit "$code"
"""
"""Runs the broker until standard input ends, however that comes about, and tidies up."""


class BrokerError(RuntimeError):
    """The broker is not there, or did not start."""


def found_program(name: str) -> Path:
    """Return where ``mosquitto``, ``mosquitto_pub`` or ``mosquitto_sub`` is on this machine."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *PLACES))
    found = shutil.which(name, path=path)
    if found is None:
        raise BrokerError(
            f"{name} is neither on the PATH nor in {', '.join(PLACES)}: {HOW_TO_GET_IT}"
        )
    return Path(found)


def found_mosquitto() -> Path:
    """Return the broker program of this machine."""
    return found_program("mosquitto")


def free_port() -> int:
    """Return a loopback port that the system says is free now."""
    with socket.socket() as asking:
        asking.bind((HOST, 0))
        port: int = asking.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    """Return whether something answers on a loopback port."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False


class LocalBroker:
    """A mosquitto for one ``with`` block.

    With a ``store`` folder it keeps its log, sessions and messages there when it ends in order; a
    second broker with the same ``store`` and ``port`` is then the first one restarted.
    """

    host: Final = HOST

    def __init__(self, *, port: int | None = None, store: Path | None = None) -> None:
        self._wanted_port = port
        self._store = store
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        """Start the broker and wait until it accepts connections."""
        program = found_mosquitto()
        attempts = 1 if self._wanted_port is not None else ATTEMPTS
        complaint = ""
        for _ in range(attempts):
            self.port = self._wanted_port or free_port()
            complaint = self._start(program, self.port)
            if not complaint:
                return self
        raise BrokerError(f"{program} did not start on {HOST}:{self.port}: {complaint}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the broker and remove what it left."""
        self.stop()

    def stop(self) -> None:
        """End the broker in order, as ``systemctl stop`` would."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._tidy()

    def kill(self) -> None:
        """End the broker as a power cut would, without a chance to write anything."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # The broker is the shell's child, not ours: its end shows when its port falls silent.
        deadline_s = time.monotonic() + STOP_DEADLINE_S
        while accepts(self.port) and time.monotonic() < deadline_s:
            time.sleep(0.001)
        self._tidy()

    def _start(self, program: Path, port: int) -> str:
        """Start on one port and return why that failed, or nothing."""
        if accepts(port):
            return "Address already in use"
        self._folder = Path(tempfile.mkdtemp(prefix="irm-broker-"))
        configuration = self._folder / "mosquitto.conf"
        configuration.write_text(self._configuration(port), encoding="utf-8")
        log = (self._store or self._folder) / "log"
        with log.open("ab") as output:
            begins = output.tell()
            self._process = subprocess.Popen(  # noqa: S603 - a program found by its own name
                ["/bin/sh", "-c", KEEPER, "keeper", str(program), "-c", str(configuration)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, "IRM_BROKER_FOLDER": str(self._folder)},
            )
        deadline_s = time.monotonic() + START_DEADLINE_S
        with log.open(encoding="utf-8", errors="replace") as said:
            said.seek(begins)
            while time.monotonic() < deadline_s:
                if self._process.poll() is not None:
                    self._tidy()
                    return said.read().strip() or f"it ended with code {self._process.returncode}"
                if accepts(port):
                    return ""
                time.sleep(0.01)
            self.kill()
            return f"no answer after {START_DEADLINE_S:g} s; {said.read().strip()}"

    def _configuration(self, port: int) -> str:
        """Return what mosquitto is told for this run."""
        lines = [
            f"listener {port} {HOST}",
            "allow_anonymous true",
            # The default of 1000 drops the rest silently, after acknowledging it.
            "max_queued_messages 0",
            "max_inflight_messages 200",
            "set_tcp_nodelay true",
            "log_type error",
            "log_type warning",
        ]
        if os.geteuid() == 0:
            # As root mosquitto would become a user who may not enter our folder.
            lines.append("user root")
        if self._store is not None:
            lines += [
                "persistence true",
                f"persistence_location {self._store}/",
                "autosave_interval 5",
            ]
        return "\n".join(lines) + "\n"

    def _tidy(self) -> None:
        """Close the pipe and remove the folder of this run."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None
