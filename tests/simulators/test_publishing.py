"""A simulated ward on a real mosquitto: what listeners see, wills, clean ends, and options."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from monitor.adapters.broker import HOST, LocalBroker
from monitor.facts.truth import TrueSession
from simulators.links import BrokerUnreachableError, DeviceAccess, DeviceLink
from simulators.publishing import (
    Published,
    SimulateOptions,
    SpeedClock,
    publish,
    scenario_of,
    simulate,
)
from simulators.scenario import Scenario, ward_scenario

DEADLINE_S = 20.0


class Listener:
    """Keeps everything that a broker delivers for one unit."""

    def __init__(self, port: int, unit: str) -> None:
        self.messages: list[mqtt.MQTTMessage] = []
        self.is_ready = threading.Event()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"listener-{unit}", protocol=mqtt.MQTTv5
        )
        self.unit = unit
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message
        self.client.connect(HOST, port)
        self.client.loop_start()

    def _on_connect(self, *_: object) -> None:
        self.client.subscribe(f"irm/v1/{self.unit}/#", qos=1)

    def _on_subscribe(self, *_: object) -> None:
        self.is_ready.set()

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self.messages.append(message)

    def of_kind(self, kind: str) -> list[mqtt.MQTTMessage]:
        return [message for message in self.messages if message.topic.endswith(f"/{kind}")]

    def states(self) -> dict[str, str]:
        """Return the last status of every device."""
        return {
            message.topic.split("/")[4]: msgspec.json.decode(message.payload)["state"]
            for message in self.of_kind("status")
        }


@contextmanager
def listening(port: int, unit: str) -> Iterator[Listener]:
    listener = Listener(port, unit)
    try:
        assert listener.is_ready.wait(DEADLINE_S)
        yield listener
    finally:
        listener.client.disconnect()
        listener.client.loop_stop()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    until_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < until_s, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.02)


def small_ward(minutes: float = 5.0) -> Scenario:
    return ward_scenario(beds=2, seed=3, length_s=round(minutes * 60), speed=200.0)


def told(scenario: Scenario, port: int, unit: str, stop: threading.Event) -> Published:
    return publish(
        scenario,
        access=DeviceAccess(port=port),
        unit=unit,
        clock=SpeedClock(speed=scenario.speed),
        stop=stop,
        speed=scenario.speed,
    )


@pytest.mark.broker
def test_a_listener_gets_every_message_once_and_devices_say_goodbye(broker: LocalBroker) -> None:
    unit = "sim-all"
    with listening(broker.port, unit) as listener:
        result = told(small_ward(), broker.port, unit, threading.Event())
        devices = {"mon-01", "pump-01", "tab-01", "mon-02", "pump-02", "tab-02"}
        wait_until(
            lambda: listener.states() == dict.fromkeys(devices, "offline"), "all devices offline"
        )
        vitals = [msgspec.json.decode(message.payload) for message in listener.of_kind("vitals")]

    assert result.is_complete
    assert len(listener.messages) == result.messages + len(devices)
    of_first = [message["seq"] for message in vitals if message["boot"].startswith("mon-01")]
    assert of_first == list(range(len(of_first)))


@pytest.mark.broker
def test_who_comes_late_still_learns_which_devices_there_are(broker: LocalBroker) -> None:
    unit = "sim-late"
    told(small_ward(1.0), broker.port, unit, threading.Event())
    with listening(broker.port, unit) as listener:
        wait_until(lambda: len(listener.messages) >= 12, "retained status and birth")

    assert {message.topic.rsplit("/", 1)[1] for message in listener.messages} == {
        "status",
        "birth",
    }
    assert set(listener.states().values()) == {"offline"}


@pytest.mark.broker
def test_stop_ends_the_story_cleanly(broker: LocalBroker) -> None:
    unit = "sim-stop"
    stop = threading.Event()
    results: list[Published] = []
    slow = replace(small_ward(600.0), speed=1.0)
    teller = threading.Thread(
        target=lambda: results.append(told(slow, broker.port, unit, stop)), daemon=True
    )
    with listening(broker.port, unit) as listener:
        teller.start()
        wait_until(lambda: len(listener.of_kind("session")) >= 1, "a session opened")
        stop.set()
        teller.join(DEADLINE_S)
        wait_until(lambda: set(listener.states().values()) == {"offline"}, "goodbyes")

    assert not teller.is_alive()
    assert not results[0].is_complete


@pytest.mark.broker
def test_a_device_that_vanishes_is_declared_offline_by_its_will(broker: LocalBroker) -> None:
    unit = "sim-will"
    with listening(broker.port, unit) as listener:
        access = DeviceAccess(port=broker.port)
        status = f"irm/v1/{unit}/01/mon-01/status"
        link = DeviceLink("mon-01", status, access, unit=unit, at_ms=1_000)
        link.connect()
        until_s = time.monotonic() + DEADLINE_S
        while not link.is_connected and time.monotonic() < until_s:
            link.read()
        assert link.is_connected
        assert listener.messages == []
        # The connection breaks without a word, as when somebody pulls the plug.
        connection = link._client.socket()
        assert isinstance(connection, socket.socket)
        connection.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: listener.states() == {"mon-01": "offline"}, "last will")


@pytest.mark.broker
def test_a_broker_that_restarts_gets_the_rest_of_the_story() -> None:
    unit = "sim-again"
    stop = threading.Event()
    story = replace(small_ward(600.0), speed=60.0)
    with LocalBroker() as first:
        port = first.port
        teller = threading.Thread(target=lambda: told(story, port, unit, stop), daemon=True)
        teller.start()
        with listening(port, unit) as listener:
            wait_until(lambda: len(listener.of_kind("vitals")) > 0, "vitals before the loss")
    with LocalBroker(port=port), listening(port, unit) as listener:
        # Every device comes back and takes back what its last will has said.
        wait_until(lambda: list(listener.states().values()) == ["online"] * 6, "all back")
        wait_until(lambda: len(listener.of_kind("vitals")) > 0, "vitals after the loss")
        stop.set()
        teller.join(DEADLINE_S)

    assert not teller.is_alive()


def test_no_broker_is_said_at_once() -> None:
    with socket.socket() as asking:
        asking.bind((HOST, 0))
        port = asking.getsockname()[1]
        with pytest.raises(BrokerUnreachableError, match=rf"no broker at 127.0.0.1:{port}: "):
            told(small_ward(), port, "sim-none", threading.Event())


def test_options_make_the_scenario() -> None:
    options = SimulateOptions(
        beds=5, seed=9, reactions=("anaphylaxis@3:+20m",), minutes=30.0, speed=2.0, cadence_s=1
    )
    scenario = scenario_of(options)

    assert [plan.reaction for plan in scenario.beds][2] == "anaphylaxis"
    assert (scenario.seed, scenario.length_s, scenario.speed) == (9, 1800, 2.0)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (SimulateOptions(reactions=("x@1:+1m",)), "'x' is unknown"),
        (SimulateOptions(beds=0), "0 beds"),
        (SimulateOptions(speed=0.0), "speed 0.0: must be above 0"),
        (SimulateOptions(minutes=0.0), "0 minutes: a story takes at least"),
        (SimulateOptions(cadence_s=0), "cadence of 0 s: must be from 1 to 60"),
        (SimulateOptions(equipment=("robot@1",)), "equipment 'robot@1': 'robot' is unknown"),
        (SimulateOptions(faults=("drop=7",)), "fault 'drop=7'"),
        (SimulateOptions(unit="infA"), "unit 'infA'"),
    ],
)
def test_bad_options_are_explained_before_anything_is_connected(
    options: SimulateOptions, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        simulate(options)


class Truths:
    """Remembers every truth that it is given."""

    def __init__(self) -> None:
        self.given: list[tuple[TrueSession, ...]] = []

    def __call__(self, truths: Sequence[TrueSession]) -> None:
        self.given.append(tuple(truths))


class Interrupted:
    """A clock at whose reading somebody presses Ctrl-C once."""

    def __init__(self, *, after_s: int) -> None:
        self.clock = SpeedClock(speed=200.0)
        self.first_ms = self.clock()
        self.after_ms = after_s * 1000
        self.is_over = False

    def __call__(self) -> int:
        now_ms = self.clock()
        if not self.is_over and now_ms - self.first_ms > self.after_ms:
            self.is_over = True
            raise KeyboardInterrupt
        return now_ms


@pytest.mark.broker
def test_the_truth_is_told_as_planned_and_as_it_was(broker: LocalBroker) -> None:
    truths = Truths()
    publish(
        small_ward(1.0),
        access=DeviceAccess(port=broker.port),
        unit="sim-truth",
        clock=SpeedClock(speed=200.0),
        stop=threading.Event(),
        speed=200.0,
        truths=truths,
    )
    planned, was = truths.given

    assert [as_it_was(one) for one in planned] == list(was)
    assert [one.bed for one in was] == ["01", "02"]


def as_it_was(truth: TrueSession) -> TrueSession:
    assert truth.planned
    return msgspec.structs.replace(truth, planned=False)


@pytest.mark.broker
def test_an_interrupted_story_has_the_truth_of_what_was_told(broker: LocalBroker) -> None:
    truths, clock = Truths(), Interrupted(after_s=60)
    with pytest.raises(KeyboardInterrupt):
        publish(
            small_ward(),
            access=DeviceAccess(port=broker.port),
            unit="sim-interrupt",
            clock=clock,
            stop=threading.Event(),
            speed=200.0,
            truths=truths,
        )
    planned, was = truths.given

    assert len(planned) == len(was) == 2
    assert all(one.end_ms < late.end_ms for one, late in zip(was, planned, strict=True))


class Hindered(SpeedClock):
    """A clock of a machine that stands still for a minute of the story, once."""

    asked = 0

    def __call__(self) -> int:
        self.asked += 1
        return super().__call__() + (60_000 if self.asked > 20 else 0)


@pytest.mark.broker
def test_a_machine_that_is_too_busy_is_told_of(broker: LocalBroker) -> None:
    done = publish(
        small_ward(2.0),
        access=DeviceAccess(port=broker.port),
        unit="sim-late",
        clock=Hindered(speed=200.0),
        stop=threading.Event(),
        speed=200.0,
    )
    assert done.is_complete
    assert done.late_ms >= 50_000


def test_nobody_is_told_a_plan_when_there_is_no_broker() -> None:
    truths = Truths()
    with socket.socket() as asking:
        asking.bind((HOST, 0))
        with pytest.raises(BrokerUnreachableError):
            publish(
                small_ward(),
                access=DeviceAccess(port=asking.getsockname()[1]),
                unit="sim-none",
                clock=SpeedClock(speed=200.0),
                stop=threading.Event(),
                truths=truths,
            )

    assert truths.given == []
