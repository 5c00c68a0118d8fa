"""Told to leave, a monitor is gone within five seconds, whatever it is doing.

Real processes: in a long journal, before a broker that does not answer, on a full disk, as a
standby, and where a call of the system hangs. What it was asked besides must not end it.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from broker import eventually
from fakes import Listener, fill
from journal_runs import Run

from monitor.adapters.broker import HOST, LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.settings.settings import load_settings

pytestmark = [pytest.mark.broker, pytest.mark.slow]

CHECKOUT: Final = Path(__file__).resolve().parents[2]
CONFIG: Final = CHECKOUT / "config"
UNIT: Final = load_settings(CONFIG).site.unit
STATUS: Final = f"irm/v1/{UNIT}/_/monitor/status"
STANDBY: Final = f"irm/v1/{UNIT}/_/monitor/standby/+"
WITHIN_S: Final = 5.0

IDLE: Final = """
import sys, time
{before}
from monitor.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
"""The program, after something of it was made to take for ever."""

LONG_STEP: Final = """
import monitor.adapters.resumption as resumption
def decoded(messages):
    print("resuming", file=sys.stderr, flush=True)
    while True:
        time.sleep(0.01)
resumption.decoded = decoded
"""

HANGING: Final = """
import ctypes, threading
import monitor.adapters.journal_start as journal_start
mutex = ctypes.create_string_buffer(256)
def tell():
    while mutex.raw[0] != 2:  # the first lock is locked, and somebody waits for it
        time.sleep(0.001)
    print("hangs", file=sys.stderr, flush=True)
def mended(path):
    threading.Thread(target=tell, daemon=True).start()
    for _ in range(2):  # no signal ends waiting for what one has locked oneself
        ctypes.CDLL(None).pthread_mutex_lock(mutex)
journal_start.mended = mended
"""


@contextmanager
def started(
    journal: Path, port: int, *options: str, before: str = "", log: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """Give a monitor that may be about anything, and is ended at last."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", IDLE.format(before=before)),
            *("live", "--config", str(CONFIG), "--journal", str(journal)),
            *("--broker", f"{HOST}:{port}", *options),
        ],
        cwd=CHECKOUT,
        stderr=log,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def says(process: subprocess.Popen[str], words: str) -> bool:
    """Tell whether a program says something before it ends."""
    assert process.stderr is not None
    return any(words in line for line in process.stderr)


def left(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    """Tell a program to leave; return its exit code."""
    began_s = time.monotonic()
    process.send_signal(number)
    code = process.wait(timeout=2 * WITHIN_S)
    assert time.monotonic() - began_s < WITHIN_S
    return code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_in_the_middle_of_a_long_journal(
    number: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "journal"
    monkeypatch.setattr("journal_runs.UNIT", UNIT)
    run = Run(journal, config=CONFIG)
    run.live(range(2))
    run.die()
    with JournalReader.open(journal) as reader:
        kept = reader.verify()
    with started(journal, 1, before=LONG_STEP) as process:
        assert says(process, "resuming")
        process.send_signal(signal.SIGHUP)
        assert left(process, number) == code
        assert says(process, "stopped")
    with JournalReader.open(journal) as reader:
        assert reader.verify() == kept
    assert kept.faults == ()


def test_before_a_broker_that_does_not_answer(tmp_path: Path) -> None:
    with (
        socket.create_server((HOST, 0)) as silent,
        started(tmp_path / "journal", silent.getsockname()[1]) as process,
    ):
        link, _ = silent.accept()
        with link:
            assert link.recv(1)
            process.send_signal(signal.SIGHUP)
            assert left(process) == 0


def test_where_a_call_of_the_system_hangs(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with started(journal, 1, before=HANGING) as process:
        assert says(process, "hangs")
        assert left(process) == 128 + signal.SIGTERM
        assert says(process, "left-hanging")


def test_before_a_log_that_nobody_reads(tmp_path: Path) -> None:
    read, write = os.pipe()
    fill(write)
    with (
        LocalBroker() as broker,
        Listener(broker.port, STATUS) as listener,
        started(tmp_path / "journal", broker.port, log=write) as process,
    ):
        assert listener.hears(lambda one: '"online"' in one.standing.get(STATUS, ""))
        said = listener.standing[STATUS]
        assert listener.hears(lambda one: one.standing[STATUS] != said)
        assert left(process) == 0
    os.close(read)
    os.close(write)


def test_with_a_full_disk_and_as_a_standby(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with LocalBroker() as broker, Listener(broker.port, STATUS, STANDBY) as listener:
        with started(first, broker.port) as speaks:
            assert listener.hears(lambda one: '"online"' in one.standing.get(STATUS, ""))
            with started(second, broker.port, "--standby") as waits:
                assert listener.hears(lambda one: '"role":"standby"' in str(one.standing))
                assert left(waits) == 0
            assert listener.hears(lambda one: '"role":"standby"' not in str(one.standing))
            size = Path(f"{first}-wal").stat().st_size
            resource.prlimit(speaks.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            assert listener.hears(lambda one: '"failing"' in one.standing[STATUS])
            assert left(speaks) == 0
        assert eventually(lambda: '"stopped"' in listener.standing[STATUS])
