"""The access list that we ship: nobody can speak for another device, or for the monitor."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from broker import eventually

from monitor.adapters.broker import HOST, accepts, found_mosquitto, found_program, free_port

pytestmark = pytest.mark.broker

ACL = Path(__file__).resolve().parents[2] / "docs" / "mosquitto.acl"
USERS = ("infusion-monitor", "mon-17", "mon-18", "monitor", "station-1", "tablet-17")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A broker with passwords and our access list."""
    folder = tmp_path_factory.mktemp("acl")
    passwords, access = folder / "passwords", folder / "acl"
    passwords.touch(mode=0o600)
    access.write_text(ACL.read_text())
    for user in USERS:
        command = ["mosquitto_passwd", "-b", str(passwords), user, user]
        subprocess.run(command, check=True, capture_output=True)
    number = free_port()
    lines = [
        f"listener {number} {HOST}",
        *(["user root"] if os.geteuid() == 0 else []),
        "allow_anonymous false",
        f"password_file {passwords}",
        f"acl_file {access}",
    ]
    (folder / "mosquitto.conf").write_text("\n".join(lines))
    command = [str(found_mosquitto()), "-c", str(folder / "mosquitto.conf")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: accepts(number))
        yield number
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize(
    ("user", "place", "is_allowed"),
    [
        ("mon-17", "17/mon-17/vitals", True),
        ("mon-17", "18/mon-17/vitals", True),
        ("mon-17", "17/mon-17/birth", True),
        ("mon-17", "17/mon-18/vitals", False),
        ("mon-17", "17/mon-17/act", False),
        ("mon-17", "17/mon-17/session", False),
        ("mon-17", "17/mon-17/ack", False),
        ("mon-17", "17/_/alert/al-1", False),
        ("mon-17", "_/monitor/status", False),
        ("mon-17", "_/monitor/vitals", False),
        ("mon-17", "_/monitor/proof", False),
        ("monitor", "_/monitor/status", False),
        ("monitor", "_/monitor/vitals", False),
        ("monitor", "_/monitor/birth", False),
        ("monitor", "17/monitor/vitals", False),
        ("tablet-17", "17/tablet-17/act", True),
        ("tablet-17", "17/tablet-17/obs", True),
        ("tablet-17", "17/mon-17/vitals", False),
        ("station-1", "17/station-1/act", True),
        ("station-1", "18/station-1/pump", True),
        ("station-1", "17/pump-17/pump", False),
        ("station-1", "17/_/answer", False),
        ("tablet-17", "17/_/advice", False),
        ("infusion-monitor", "17/_/alert/al-1", True),
        ("infusion-monitor", "17/_/state", True),
        ("infusion-monitor", "_/monitor/status", True),
        ("infusion-monitor", "_/monitor/reject", True),
        ("infusion-monitor", "_/monitor/vitals", True),
        ("infusion-monitor", "_/monitor/proof", True),
        ("infusion-monitor", "_/_/alert/al-1", True),
        ("infusion-monitor", "17/mon-17/ack", True),
        ("infusion-monitor", "17/mon-17/vitals", False),
    ],
)
def test_who_may_write_what(port: int, user: str, place: str, *, is_allowed: bool) -> None:
    who = ["-u", user, "-P", user]
    what = ["-q", "1", "-t", f"irm/v1/inf-a/{place}", "-m", "x"]
    program = str(found_program("mosquitto_pub"))
    # Only MQTT 5 tells the sender that it was not allowed to.
    done = subprocess.run(
        [program, "-h", HOST, "-p", str(port), "-V", "5", *who, *what],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert ("Not authorized" not in done.stderr) == is_allowed
