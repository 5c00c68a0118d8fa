"""Our own broker starts, serves other people's clients, restarts, and never stays behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from broker import eventually, publish, publish_lines, received

from monitor.adapters.broker import BrokerError, LocalBroker, accepts, found_program, free_port

pytestmark = pytest.mark.broker


def test_other_peoples_clients_meet_over_it(broker: LocalBroker) -> None:
    publish(broker.port, "-t", "irm/v1/broker-test/1/a/status", "-r", "-q", "1", "-m", "here")
    assert received(broker.port, "-t", "irm/v1/broker-test/1/a/status", "-C", "1") == "here\n"


def test_nothing_is_left_after_the_block() -> None:
    with LocalBroker() as running:
        port = running.port
        folder = running._folder
        assert folder is not None
        assert folder.is_dir()
    assert not accepts(port)
    assert not folder.exists()


def test_a_restart_keeps_a_retained_message(tmp_path: Path) -> None:
    with LocalBroker(store=tmp_path) as first:
        publish(first.port, "-t", "kept", "-r", "-q", "1", "-m", "still here")
        port = first.port
    with LocalBroker(store=tmp_path, port=port) as second:
        assert second.port == port
        assert received(port, "-t", "kept", "-C", "1") == "still here\n"


def test_a_queue_of_thousands_is_not_cut(broker: LocalBroker) -> None:
    durable = ("-t", "many", "-q", "1", "-c", "-i", "queue-test")
    received(broker.port, *durable, "-E")
    numbers = [str(n) for n in range(3000)]
    publish_lines(broker.port, "\n".join(numbers) + "\n", "-t", "many", "-q", "1")
    assert received(broker.port, *durable, "-C", "3000").split() == numbers


def test_kill_ends_it_at_once() -> None:
    with LocalBroker() as running:
        running.kill()
        assert not accepts(running.port)


def test_it_ends_when_its_program_is_killed() -> None:
    program = (
        "import sys, time\n"
        "from monitor.adapters.broker import LocalBroker\n"
        "with LocalBroker() as running:\n"
        "    print(running.port, running._folder, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as owner:
        assert owner.stdout is not None
        said, folder = owner.stdout.readline().split()
        assert accepts(int(said))
        os.kill(owner.pid, signal.SIGKILL)
    assert eventually(lambda: not accepts(int(said)))
    assert eventually(lambda: not Path(folder).exists())


def test_a_taken_port_is_named() -> None:
    with LocalBroker() as first:
        message = rf"did not start on 127\.0\.0\.1:{first.port}: .*Address already in use"
        with pytest.raises(BrokerError, match=message), LocalBroker(port=first.port):
            pass


def test_a_missing_program_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(BrokerError, match=r"mosquitto-of-nobody .* run 'make broker'"):
        found_program("mosquitto-of-nobody")


def test_free_ports_are_free() -> None:
    assert not accepts(free_port())
