"""Other people's MQTT clients, and waiting for a condition instead of for a time.

What we send and receive is checked with ``mosquitto_pub`` and ``mosquitto_sub``: two programs
that share no line with ours.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from monitor.adapters.broker import HOST, accepts, found_mosquitto, found_program, free_port

DEADLINE_S: Final = 20.0


def eventually(condition: Callable[[], bool], *, deadline_s: float = DEADLINE_S) -> bool:
    """Return whether a condition came true before the deadline."""
    end_s = time.monotonic() + deadline_s
    while time.monotonic() < end_s:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


@contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[int]:
    """Give the port of a broker with a configuration of its own."""
    port = free_port()
    configuration = folder / "mosquitto.conf"
    user = ["user root"] if os.geteuid() == 0 else []
    configuration.write_text("\n".join([f"listener {port} {HOST}", *user, *lines]))
    process = subprocess.Popen([str(found_mosquitto()), "-c", str(configuration)])
    try:
        assert eventually(lambda: accepts(port))
        yield port
    finally:
        process.terminate()
        process.wait()


def publish(port: int, *arguments: str) -> None:
    """Publish with ``mosquitto_pub``, for example ``-t topic -q 1 -m text``."""
    command = [str(found_program("mosquitto_pub")), "-h", HOST, "-p", str(port), *arguments]
    subprocess.run(command, check=True, timeout=DEADLINE_S)


def publish_lines(port: int, text: str, *arguments: str) -> None:
    """Publish every line of a text as a message of its own, over one connection."""
    command = [str(found_program("mosquitto_pub")), "-h", HOST, "-p", str(port), "-l", *arguments]
    subprocess.run(command, check=True, timeout=DEADLINE_S, input=text, text=True)


def received(port: int, *arguments: str) -> str:
    """Return what ``mosquitto_sub`` prints, for example with ``-t topic -C 1``."""
    command = [str(found_program("mosquitto_sub")), "-h", HOST, "-p", str(port), *arguments]
    done = subprocess.run(command, check=True, timeout=DEADLINE_S, capture_output=True, text=True)
    return done.stdout
