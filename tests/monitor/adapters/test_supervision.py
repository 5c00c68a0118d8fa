"""What a supervisor is told, over a real socket of the kind that systemd gives."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.adapters.supervision import NOTIFY, Supervisor


@pytest.fixture(params=["file", "abstract"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "file" else f"@irm-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1))
        listening.settimeout(5)
        yield listening, name


def test_a_supervisor_hears_the_whole_life(
    ear: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening, name = ear
    monkeypatch.setenv(NOTIFY, name)
    told = Supervisor.from_environment()
    assert NOTIFY not in os.environ
    told.ready()
    told.alive()
    told.alive()
    told.leaving()
    heard = [listening.recv(200).decode().splitlines()[0] for _ in range(3)]
    assert heard == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_a_start_asks_for_time_as_it_goes_on(
    ear: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening, name = ear
    seconds = iter([0.0, 0.1, 0.2, 5.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    told = Supervisor(name)
    told.starting("looking", within_s=900)
    told.starting("step 1 again")
    told.starting("opening", within_s=900)
    told.starting("step 2 again")
    told.ready()
    heard = [listening.recv(200).decode() for _ in range(4)]
    assert heard == [
        "EXTEND_TIMEOUT_USEC=900000000\nSTATUS=looking",
        "EXTEND_TIMEOUT_USEC=900000000\nSTATUS=opening",
        "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=step 2 again",
        "READY=1\nSTATUS=watching",
    ]


def test_nobody_is_told_where_nobody_asked() -> None:
    told = Supervisor()
    told.ready()
    told.alive()


def test_a_supervisor_that_has_gone_stops_nothing(tmp_path: Path) -> None:
    told = Supervisor(str(tmp_path / "gone"))
    told.ready()
    told.alive()
    told.leaving()
