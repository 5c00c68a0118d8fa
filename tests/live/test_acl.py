"""The access list that we ship: nobody can speak for another device, or for the monitor."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import paho.mqtt.client as paho
import pytest
from broker import eventually
from paho.mqtt.enums import CallbackAPIVersion
from shipped import ROOT, access_list

from monitor.adapters.broker import HOST, accepts, found_mosquitto, found_program, free_port

pytestmark = pytest.mark.broker

UNIT: Final = "ward-7"
"""Not the unit that stands in the shipped list, so that its name must have been put in."""

USERS = ("_", "infusion-monitor", "mon-17", "mon-18", "monitor", "station-1", "tablet-17")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A broker with passwords and our access list."""
    folder = tmp_path_factory.mktemp("acl")
    passwords, access = folder / "passwords", folder / "acl"
    passwords.touch(mode=0o600)
    access.write_text(access_list(UNIT))
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
        ("mon-17", "17/mon-17/backfill", True),
        ("mon-17", "17/mon-17/pump", True),
        ("mon-17", "17/mon-17/status", True),
        ("mon-17", "17/mon-17/obs", False),
        ("mon-17", "17/mon-17/other", False),
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
        ("_", "17/_/status", False),
        ("tablet-17", "17/tablet-17/session", True),
        ("tablet-17", "17/station-1/act", False),
        ("tablet-17", "17/_/state", False),
        ("station-1", "17/station-1/session", True),
        ("station-1", "17/station-1/obs", True),
        ("station-1", "17/tablet-17/act", False),
        ("infusion-monitor", "17/station-1/act", False),
        ("tablet-17", "17/tablet-17/act", True),
        ("tablet-17", "17/tablet-17/obs", True),
        ("tablet-17", "17/mon-17/vitals", False),
        ("station-1", "17/station-1/act", True),
        ("station-1", "18/station-1/pump", True),
        ("station-1", "17/pump-17/pump", False),
        ("station-1", "_/station-1/head", True),
        ("station-1", "_/monitor/head", False),
        ("tablet-17", "_/station-1/head", False),
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
    assert takes(port, user, f"irm/v1/{UNIT}/{place}") == is_allowed


@pytest.mark.parametrize("unit", ["inf-a", "inf-b"])
@pytest.mark.parametrize(
    ("user", "place"),
    [
        *(("mon-17", f"17/mon-17/{kind}") for kind in ("vitals", "backfill", "pump", "status")),
        ("mon-17", "17/mon-17/birth"),
        ("tablet-17", "17/tablet-17/act"),
        ("station-1", "17/station-1/act"),
        ("infusion-monitor", "17/_/state"),
        ("infusion-monitor", "_/monitor/status"),
        ("infusion-monitor", "17/mon-17/ack"),
    ],
)
def test_nobody_writes_into_another_unit(port: int, unit: str, user: str, place: str) -> None:
    assert not takes(port, user, f"irm/v1/{unit}/{place}")


def takes(port: int, user: str, topic: str) -> bool:
    """Return whether the broker takes a message of a user."""
    # Only MQTT 5 tells the sender that it was not allowed to.
    who = ["-V", "5", "-u", user, "-P", user]
    place = ["-h", HOST, "-p", str(port), "-q", "1", "-t", topic, "-m", "x"]
    done = subprocess.run(
        [str(found_program("mosquitto_pub")), *who, *place],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    is_refused = "Not authorized" in done.stderr
    assert is_refused or (done.returncode, done.stderr) == (0, "")
    return not is_refused


@contextmanager
def client(port: int, user: str) -> Iterator[paho.Client]:
    """Connect as a user; everybody is heard who may be heard."""
    one = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    one.username_pw_set(user, user)
    heard: list[tuple[str, bytes]] = []
    ready = threading.Event()
    one.user_data_set(heard)
    one.on_connect = lambda link, *_: link.subscribe("irm/#", qos=1)
    one.on_subscribe = lambda *_: ready.set()

    def hear(_link: paho.Client, into: Any, message: paho.MQTTMessage) -> None:  # noqa: ANN401 - paho's
        into.append((message.topic, message.payload))

    one.on_message = hear
    one.connect(HOST, port)
    one.loop_start()
    try:
        assert ready.wait(20)
        yield one
    finally:
        one.disconnect()
        one.loop_stop()


WRITTEN: Final = (
    ("infusion-monitor", "17/mon-17/ack"),
    ("infusion-monitor", "17/mon-18/ack"),
    ("infusion-monitor", "17/_/state"),
    ("infusion-monitor", "17/_/alert/al-1"),
    ("infusion-monitor", "_/monitor/status"),
    ("mon-18", "18/mon-18/vitals"),
    ("station-1", "17/station-1/act"),
)
TOLD: Final = {"17/_/state", "17/_/alert/al-1", "_/monitor/status"}


def test_everybody_reads_what_is_theirs_and_nothing_else(port: int) -> None:
    may = {
        "mon-17": {"17/mon-17/ack"},
        "mon-18": {"17/mon-18/ack"},
        "tablet-17": TOLD,
        "station-1": TOLD,
        "monitor": set(),
        "infusion-monitor": {place for _, place in WRITTEN},
    }
    with contextlib.ExitStack() as everybody:
        links = {user: everybody.enter_context(client(port, user)) for user in may}

        def write(user: str, place: str, text: str) -> None:
            sent = links[user].publish(f"irm/v1/{UNIT}/{place}", text, qos=1)
            sent.wait_for_publish(20)
            assert sent.is_published()

        for user, place in WRITTEN:
            write(user, place, "first")
        # What is heard comes in order: who has heard the last has heard what there was to hear.
        ends = {user: min(places) for user, places in may.items() if places}
        for place in sorted(set(ends.values())):
            write("infusion-monitor", place, "last")
        for user, place in ends.items():
            heard = links[user].user_data_get()
            topic = f"irm/v1/{UNIT}/{place}"
            assert eventually(lambda heard=heard, topic=topic: (topic, b"last") in heard), user  # type: ignore[misc]  # bound now
        found = {
            user: {topic.removeprefix(f"irm/v1/{UNIT}/") for topic, _ in link.user_data_get()}
            for user, link in links.items()
        }
    assert found == may


def test_the_shipped_list_is_of_the_unit_that_is_named_in_it() -> None:
    assert access_list("inf-a") == (ROOT / "docs" / "mosquitto.acl").read_text()
    assert "inf-a" not in access_list(UNIT)
