"""Real full disks: alerts keep coming, the loss of recording is told, recording resumes by itself.

One disk is a tmpfs that a file of somebody else fills (needs the right to mount one); another one
is a limit on the length of files that the system sets for the running process; the third is a
file system in a file, in which the system finds a fault, and which is checked and mounted again.
"""

import contextlib
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from broker import eventually, publish
from fakes import Listener, now_ms, systolic

from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.adapters.ledger import effect_bytes
from monitor.replay import replay
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.wire.payloads import SessionPayload, encode, stamp

pytestmark = [pytest.mark.broker, pytest.mark.slow]

CHECKOUT = Path(__file__).resolve().parents[2]
CONFIG = CHECKOUT / "config"
UNIT = load_settings(CONFIG).site.unit
STATUS = f"irm/v1/{UNIT}/_/monitor/status"
ALERTS = f"irm/v1/{UNIT}/+/_/alert/+"
OWN = f"irm/v1/{UNIT}/_/_/alert/+"


@contextmanager
def running(broker: LocalBroker, journal: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a monitor process that is told to leave at the end."""
    command = ("-m", "monitor", "live", "--config", str(CONFIG), "--journal", str(journal))
    process = subprocess.Popen(
        [sys.executable, *command, "--broker", f"{broker.host}:{broker.port}"],
        cwd=CHECKOUT,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


def is_online(listener: Listener) -> bool:
    return '"online"' in listener.standing.get(STATUS, "")


def opened(broker: LocalBroker, bed: str) -> None:
    payload = SessionPayload(
        id=f"S-{bed}",
        t=stamp(now_ms()),
        by="nurse-1",
        event="open",
        subject=f"PX-{bed}",
        product="test",
    )
    name = f"irm/v1/{UNIT}/{bed}/tab-{bed}/session"
    publish(broker.port, "-t", name, "-q", "1", "-m", encode(payload).decode())


def measured(broker: LocalBroker, bed: str, number: int, mmhg: int) -> None:
    name = f"irm/v1/{UNIT}/{bed}/mon-{bed}/vitals"
    payload = systolic(number, mmhg, now_ms()).decode()
    publish(broker.port, "-t", name, "-q", "1", "-m", payload)


def labels(listener: Listener) -> str:
    return " ".join(payload for name, payload in listener.standing.items() if "/_/_/alert/" in name)


def is_called(listener: Listener, bed: str) -> bool:
    """Tell whether a physiological alert of a bed calls."""
    return any(
        f"/{bed}/_/alert/" in name and json.loads(payload)["kind"] == "physiological"
        for name, payload in listener.standing.items()
    )


def store(listener: Listener) -> str:
    return str(json.loads(listener.standing.get(STATUS, "{}")).get("store"))


def check_journal(journal: Path, beds: dict[str, int]) -> None:
    """Everything is kept, the ledger verifies, and is what one ward decides."""
    with JournalReader.open(journal) as reader:
        assert reader.verify().faults == ()
        bodies = [row.body for row in reader.ledger()]
        steps = list(reader.steps())
    topics = [raw.topic for step in steps for raw in step.messages]
    for bed, count in beds.items():
        assert topics.count(f"irm/v1/{UNIT}/{bed}/mon-{bed}/vitals") == count
    ward = Ward(load_settings(CONFIG).ward, unit=UNIT)
    assert [effect_bytes(one) for _, some in replay(steps, ward) for one in some] == bodies


def trouble(broker: LocalBroker, listener: Listener, bed: str, numbers: range) -> None:
    """A pressure falls; an alert must come of it."""
    for number in numbers:
        measured(broker, bed, number, 62)
    assert listener.hears(partial(is_called, bed=bed))


def fill(path: Path) -> None:
    """Write until the disk takes no more."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1_000))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a disk needs more rights")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_stops_no_alert_and_is_told_and_is_written_when_it_has_room(
    disk: Path,
) -> None:
    journal, filler = disk / "journal", disk / "filler"
    with LocalBroker() as broker, Listener(broker.port, STATUS, ALERTS, OWN) as listener:
        with running(broker, journal):
            assert listener.hears(is_online)
            opened(broker, "1")
            opened(broker, "2")
            trouble(broker, listener, "1", range(3))
            fill(filler)
            trouble(broker, listener, "2", range(4))
            assert listener.hears(lambda one: "cannot be written" in labels(one))
            assert listener.hears(lambda one: store(one) == "failing")
            filler.unlink()
            assert listener.hears(lambda one: store(one) == "ok")
            assert listener.hears(lambda one: "cannot be written" not in labels(one))
        check_journal(journal, {"1": 3, "2": 4})


def test_files_that_may_not_grow_stop_no_alert_and_are_written_when_they_may(
    tmp_path: Path,
) -> None:
    journal = tmp_path / "journal"
    with LocalBroker() as broker, Listener(broker.port, STATUS, ALERTS, OWN) as listener:
        with running(broker, journal) as process:
            assert listener.hears(is_online)
            opened(broker, "1")
            trouble(broker, listener, "1", range(3))
            size = Path(f"{journal}-wal").stat().st_size
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            opened(broker, "2")
            trouble(broker, listener, "2", range(4))
            assert listener.hears(lambda one: "cannot be written" in labels(one))
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
            assert listener.hears(lambda one: store(one) == "ok")
        assert eventually(lambda: process.returncode == 0)
        check_journal(journal, {"1": 3, "2": 4})


@pytest.fixture
def faulty_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that becomes read-only at its first fault, as servers do."""
    image, folder = tmp_path / "image", tmp_path / "faulty"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(16 * 1024 * 1024)
    made = subprocess.run(["mkfs.ext4", "-q", str(image)], capture_output=True, check=False)
    if made.returncode or mount(folder).returncode:
        pytest.skip("making and mounting a file system needs more rights")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def mount(folder: Path) -> subprocess.CompletedProcess[bytes]:
    command = ["mount", "-o", "loop,errors=remount-ro", str(folder.parent / "image"), str(folder)]
    return subprocess.run(command, capture_output=True, check=False)


def is_unmounted(folder: Path) -> bool:
    """Try to take a disk away, which works once nobody has a file of it open."""
    done = subprocess.run(["umount", str(folder)], capture_output=True, check=False)
    return done.returncode == 0


def break_down(folder: Path) -> None:
    """Let the system find a fault in a file system that is in use; from then on it is read-only."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    (device,) = (Path(one[0]).name for one in mounts if one[1] == str(folder))
    Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("test", encoding="ascii")
    with pytest.raises(OSError, match="Read-only file system"):
        (folder / "more").touch()


def test_a_disk_that_becomes_read_only_in_use_stops_no_alert_and_is_told(
    faulty_disk: Path,
) -> None:
    with LocalBroker() as broker, Listener(broker.port, STATUS, ALERTS, OWN) as listener:
        with running(broker, faulty_disk / "journal") as process:
            assert listener.hears(is_online)
            opened(broker, "1")
            trouble(broker, listener, "1", range(3))
            break_down(faulty_disk)
            opened(broker, "2")
            trouble(broker, listener, "2", range(4))
            assert listener.hears(lambda one: "cannot be written" in labels(one))
            assert listener.hears(lambda one: store(one) == "failing")
        assert process.returncode == 0
        assert listener.hears(lambda one: '"stopped"' in one.standing[STATUS])


def test_a_disk_that_was_read_only_is_written_once_it_was_checked_and_is_mounted_again(
    faulty_disk: Path,
) -> None:
    journal = faulty_disk / "journal"
    with LocalBroker() as broker, Listener(broker.port, STATUS, ALERTS, OWN) as listener:
        with running(broker, journal):
            assert listener.hears(is_online)
            opened(broker, "1")
            opened(broker, "2")
            trouble(broker, listener, "1", range(3))
            break_down(faulty_disk)
            trouble(broker, listener, "2", range(4))
            assert listener.hears(lambda one: store(one) == "failing")
            # A disk cannot be checked as long as the monitor has a file of it open.
            assert eventually(lambda: is_unmounted(faulty_disk))
            image = str(faulty_disk.parent / "image")
            subprocess.run(["e2fsck", "-fy", image], capture_output=True, check=False)
            assert mount(faulty_disk).returncode == 0
            assert listener.hears(lambda one: store(one) == "ok")
            assert listener.hears(lambda one: "cannot be written" not in labels(one))
        check_journal(journal, {"1": 3, "2": 4})


def test_a_monitor_that_is_started_on_a_disk_that_may_only_be_read_watches_all_the_same(
    disk: Path,
) -> None:
    """Killed with a reaction open, the disk read-only by then: it goes on, and writes at last."""
    journal = disk / "journal"
    with LocalBroker() as broker, Listener(broker.port, STATUS, ALERTS, OWN) as listener:
        with running(broker, journal) as process:
            assert listener.hears(is_online)
            opened(broker, "1")
            trouble(broker, listener, "1", range(3))
            process.kill()
            process.wait()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with running(broker, journal):
            assert listener.hears(lambda one: store(one) == "failing")
            assert listener.hears(lambda one: "cannot be written" in labels(one))
            assert is_called(listener, "1"), "what was open is still known"
            opened(broker, "2")
            trouble(broker, listener, "2", range(4))
            subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
            assert listener.hears(lambda one: store(one) == "ok")
        check_journal(journal, {"1": 3, "2": 4})
