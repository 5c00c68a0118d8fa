"""The live loop on a real broker: order, restart, failing disks, bugs, poison and lost links."""

import json
import logging
import threading
from pathlib import Path

import numpy as np
import pytest
from broker import eventually, publish, publish_lines
from fakes import CONFIG, Listener, StandInWard, Unit, alerts_of, now_ms, status_of, systolic

from monitor.adapters import backlog, mqtt
from monitor.adapters.access import LinkError
from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.mqtt import Arrival
from monitor.adapters.resumption import LedgerDivergedError
from monitor.facts.effects import AlertChanged, AnyEffect
from monitor.facts.records import RawMessage
from monitor.live import LiveMonitor, WardError
from monitor.wire.topics import KINDS

pytestmark = pytest.mark.broker


@pytest.fixture
def unit(broker: LocalBroker, tmp_path: Path, request: pytest.FixtureRequest) -> Unit:
    name = f"u{abs(hash(request.node.name)) % 10**9}"
    return Unit(broker, name, tmp_path / "journal")


def test_a_reading_becomes_a_retained_alert_a_state_and_a_receipt(unit: Unit) -> None:
    with unit.listener() as listener, unit.running():
        unit.measure(80)
        assert listener.hears(lambda one: bool(alerts_of(one)))
        (alert,) = alerts_of(listener).values()
        assert (alert["phase"], alert["rev"], alert["priority"]) == ("start", 1, "high")
        assert listener.hears(lambda one: f"irm/v1/{unit.name}/17/mon-17/ack" in one.standing)
        receipt = json.loads(listener.standing[f"irm/v1/{unit.name}/17/mon-17/ack"])
        assert receipt["seq"] == 0
        assert f"irm/v1/{unit.name}/17/_/state" in listener.standing
        assert status_of(listener, unit)["state"] == "online"
        unit.measure(120)
        assert listener.hears(lambda one: not alerts_of(one))
    with Listener(unit.broker.port, unit.status) as late:
        assert late.hears(lambda one: status_of(one, unit).get("state") == "offline")
        assert status_of(late, unit)["reason"] == "stopped"


def test_the_head_of_the_ledger_is_told_once_a_day_and_run(unit: Unit) -> None:
    name = f"irm/v1/{unit.name}/_/monitor/head"
    with unit.running():
        unit.measure(80)
        assert eventually(lambda: len(unit.effects()) == 1)
    with Listener(unit.broker.port, name, unit.status) as listener, unit.running() as monitor:
        assert listener.hears(lambda one: name in one.standing and monitor.steps > 1)
        told = json.loads(listener.standing[name])
    with JournalReader.open(unit.journal) as reader:
        assert reader.verify((told["row"], told["hash"])).faults == ()
    assert told["row"] in {0, 1}
    day_ms = 86_400_000
    assert monitor._upkeep.heads(now_ms()) == []
    assert len(monitor._upkeep.heads(now_ms() + day_ms)) == 1


def test_a_message_is_in_the_journal_before_it_is_acknowledged(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    early: list[Arrival] = []
    acknowledged: list[Arrival] = []
    original = mqtt.BrokerLink.acknowledge

    def checked(link: mqtt.BrokerLink, arrivals: list[Arrival]) -> None:
        kept = unit.messages()
        early.extend(arrival for arrival in arrivals if arrival.raw not in kept)
        acknowledged.extend(arrivals)
        original(link, arrivals)

    monkeypatch.setattr(mqtt.BrokerLink, "acknowledge", checked)
    with unit.running():
        for mmhg in (120, 80, 120, 80):
            unit.measure(mmhg)
        assert eventually(lambda: len(acknowledged) == 4)
    assert not early


def test_a_second_run_continues_the_first_and_tells_again_what_stands(unit: Unit) -> None:
    with unit.listener() as listener, unit.running():
        unit.measure(80, "17")
        unit.measure(80, "18")
        unit.measure(120, "18")
        assert listener.hears(lambda one: len(one.heard) > 3 and len(alerts_of(one)) == 1)
    before = unit.effects()
    assert len(before) == 3
    # The broker forgets the alert that stands: the monitor tells it again.
    (name,) = alerts_of(listener)
    publish(unit.broker.port, "-t", name, "-n", "-r", "-q", "1")
    with unit.listener() as listener, unit.running():
        assert listener.hears(lambda one: name in one.standing)
        unit.measure(120, "17")
        assert listener.hears(lambda one: not alerts_of(one))
    assert unit.effects()[:3] == before
    assert len(unit.effects()) == 4


def test_what_a_killed_monitor_had_not_decided_is_decided_and_told(unit: Unit) -> None:
    with Journal.open_for_writing(
        unit.journal, unit=unit.name, software="test", config=CONFIG
    ) as journal:
        at_ms = now_ms()
        raw = RawMessage(
            received_ms=at_ms,
            topic=f"irm/v1/{unit.name}/17/mon-17/vitals",
            payload=systolic(1, 80, at_ms),
        )
        journal.append_step(at_ms, [raw])
    with unit.listener() as listener, unit.running():
        assert listener.hears(lambda one: bool(alerts_of(one)))
    assert [effect.bed for effect in unit.effects()] == ["17"]
    with JournalReader.open(unit.journal) as reader:
        assert reader.about.published == 1
        assert reader.verify().faults == ()


def test_a_retained_alert_that_nothing_stands_behind_is_cleared(unit: Unit) -> None:
    stale = f"irm/v1/{unit.name}/17/_/alert/al-of-yesterday"
    publish(unit.broker.port, "-t", stale, "-m", "{}", "-r", "-q", "1")
    with unit.listener() as listener:
        assert listener.hears(lambda one: stale in one.standing)
        with unit.running():
            assert listener.hears(lambda one: stale not in one.standing)


def test_a_ledger_that_says_something_else_is_refused_with_its_place(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit.listener() as listener, unit.running():
        unit.measure(80)
        assert listener.hears(lambda one: bool(alerts_of(one)))

    class OtherWard(StandInWard):
        def take(self, now_ms: int, inputs: object) -> tuple[AnyEffect, ...]:
            del now_ms, inputs
            return ()

    before = unit.effects()
    # Another program finds its own way through the whole journal, not with the old one's snapshot.
    monkeypatch.setattr("monitor.live.program_name", lambda _: "another program")
    with pytest.raises(LedgerDivergedError, match="at row 1"), unit.monitor(OtherWard(unit.name)):
        pass
    assert unit.effects() == before


def test_another_configuration_is_refused_by_its_digest(unit: Unit) -> None:
    with unit.running():
        pass
    with (
        pytest.raises(LedgerDivergedError, match="configuration c0ffee, not decaf"),
        unit.monitor(config="decaf"),
    ):
        pass


def test_a_full_disk_stops_no_alert_and_loses_no_message(
    unit: Unit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("infusion_monitor"), "propagate", True)
    caplog.set_level(logging.INFO, "infusion_monitor")
    monkeypatch.setattr(backlog, "RETRY_S", 0.05)
    with unit.listener() as listener, unit.running() as monitor:
        unit.measure(120)
        ack = f"irm/v1/{unit.name}/17/mon-17/ack"
        assert listener.hears(lambda one: ack in one.standing)
        connection = monitor._journal._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        kept = len(unit.messages())
        for number in range(60):
            unit.measure(80 if number % 2 else 120, f"{number % 7}")
        assert listener.hears(lambda one: status_of(one, unit).get("store") == "failing")
        assert listener.hears(lambda one: bool(alerts_of(one)))
        connection.execute("PRAGMA max_page_count = 100000")
        assert listener.hears(lambda one: status_of(one, unit).get("store") == "ok")
        assert eventually(lambda: len(unit.messages()) == 61)
        assert kept < 61
        beds = {f"irm/v1/{unit.name}/{number}/mon-{number}/ack" for number in range(7)}
        assert listener.hears(lambda one: beds <= set(one.standing))
    kept_numbers: dict[str, list[int]] = {}
    for raw in unit.messages():
        kept_numbers.setdefault(raw.topic, []).append(json.loads(raw.payload)["seq"])
    assert all(numbers == list(range(len(numbers))) for numbers in kept_numbers.values())
    assert {"store-failing", "store-ok"} <= {record.message for record in caplog.records}
    with JournalReader.open(unit.journal) as reader:
        assert reader.verify().faults == ()
    with unit.monitor():
        pass  # replays to the same ledger, or raises


def test_a_disk_that_stays_full_leaves_a_whole_journal_and_alerts_go_on(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.live.UNKEPT_GRACE_S", 0.0)
    with unit.listener() as listener, unit.running() as monitor:
        unit.measure(120)
        assert eventually(lambda: len(unit.messages()) == 1)
        monitor._backlog._size_max = 5_000
        connection = monitor._journal._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        while monitor._backlog.state != "lost":
            unit.measure(120, "18")
        # With a full window unacknowledged, the broker would have stopped long ago.
        name = f"irm/v1/{unit.name}/19/mon-19/vitals"
        lines = "".join(f"{systolic(n, 120, now_ms()).decode()}\n" for n in range(1_500))
        publish_lines(unit.broker.port, lines, "-t", name, "-q", "1")
        unit.measure(80)
        assert listener.hears(lambda one: bool(alerts_of(one)))
        assert listener.hears(lambda one: status_of(one, unit).get("store") == "lost")
        assert f"irm/v1/{unit.name}/19/mon-19/ack" not in listener.standing
    with JournalReader.open(unit.journal) as reader:
        assert reader.verify().faults == ()


def test_a_bug_in_the_ward_costs_one_step_and_is_repeated_by_a_replay(unit: Unit) -> None:
    def is_cursed(inputs: object) -> bool:
        return "cursed" in str(inputs)

    with unit.listener() as listener, unit.running(StandInWard(unit.name, is_cursed)):
        unit.measure(80)
        assert listener.hears(lambda one: len(alerts_of(one)) == 1)
        unit.measure(80, "cursed")
        unit.measure(80, "18")
        assert listener.hears(lambda one: len(alerts_of(one)) == 2)
    with unit.monitor(StandInWard(unit.name, is_cursed)):
        pass
    assert [effect.bed for effect in unit.effects()] == ["17", "18"]


def test_a_ward_that_fails_again_and_again_ends_the_monitor_aloud(unit: Unit) -> None:
    with unit.listener() as listener:
        failing = StandInWard(unit.name, lambda _: True)
        with unit.monitor(failing) as monitor, pytest.raises(WardError, match="3 steps in a row"):
            monitor.run()
        assert listener.hears(lambda one: status_of(one, unit).get("reason") == "failed")


def test_poison_on_every_topic_stops_nothing(unit: Unit) -> None:
    rng = np.random.default_rng(7)
    with unit.listener() as listener, unit.running():
        for kind in (*KINDS, "unknown"):
            name = f"irm/v1/{unit.name}/17/mon-17/{kind}"
            for poison in (
                b"",
                b"{",
                b"\xff\xfe\x00",
                b"[" * 5_000,
                b'{"seq":1e999}',
                rng.bytes(300),
                b"9" * 20_000,
            ):
                path = unit.journal.with_name("poison")
                path.write_bytes(poison)
                publish(unit.broker.port, "-t", name, "-q", "1", "-f", str(path))
        unit.measure(80)
        assert listener.hears(lambda one: bool(alerts_of(one)))
    refused = [effect for effect in unit.effects() if effect.bed == "17"]
    assert len(refused) > 7 * len(KINDS)


def test_an_exception_in_the_network_thread_costs_one_message(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = mqtt.BrokerLink._take
    failed: list[str] = []

    def failing(link: mqtt.BrokerLink, client: object, message: object) -> None:
        if not failed and getattr(message, "topic", "").endswith("vitals"):
            failed.append("once")
            raise RuntimeError("poison")
        original(link, client, message)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(mqtt.BrokerLink, "_take", failing)
    with unit.listener() as listener, unit.running():
        unit.measure(80, "16")
        unit.measure(80, "17")
        assert listener.hears(lambda one: bool(alerts_of(one)))
    assert failed == ["once"]


@pytest.mark.parametrize("is_same_name", [True, False])
def test_of_two_monitors_the_later_one_goes_on(
    unit: Unit, tmp_path: Path, *, is_same_name: bool
) -> None:
    other = Unit(unit.broker, unit.name, tmp_path / "other")
    other.client_id = unit.client_id if is_same_name else "another-name"
    ended: list[LinkError] = []

    def run(monitor: LiveMonitor) -> None:
        with pytest.raises(LinkError, match="taken over") as caught:
            monitor.run()
        ended.append(caught.value)

    with unit.monitor() as first:
        thread = threading.Thread(target=run, args=(first,))
        thread.start()
        with other.listener() as listener, other.running() as second:
            thread.join()
            assert len(ended) == 1
            other.measure(80)
            assert listener.hears(lambda one: bool(alerts_of(one)))
            assert not second._link.is_taken_over


def test_a_restarted_broker_is_told_everything_again(tmp_path: Path) -> None:
    with LocalBroker() as first:
        unit = Unit(first, "broken", tmp_path / "journal")
        with unit.running():
            with unit.listener() as listener:
                unit.measure(80)
                assert listener.hears(lambda one: bool(alerts_of(one)))
            first.kill()
            with LocalBroker(port=first.port), unit.listener() as listener:
                assert listener.hears(lambda one: bool(alerts_of(one)))
                unit.measure(120)
                assert listener.hears(lambda one: not alerts_of(one))
    kinds = [effect.phase for effect in unit.effects() if isinstance(effect, AlertChanged)]
    assert kinds == ["start", "end"]


def test_a_network_thread_that_died_is_replaced(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "SILENT_S_MAX", 3.0)
    with unit.listener() as listener, unit.running() as monitor:
        unit.measure(120)
        assert eventually(lambda: len(unit.messages()) == 1)
        monitor._link._client._thread_terminate = True
        thread = monitor._link._client._thread
        assert thread is not None
        thread.join()
        assert monitor._link.is_connected  # the flag lies, as it does after a crash
        unit.measure(80)
        assert listener.hears(lambda one: bool(alerts_of(one)))


def test_no_broker_is_told_at_once_and_where(tmp_path: Path) -> None:
    nobody = LocalBroker()
    nobody.port = 1
    unit = Unit(nobody, "infa", tmp_path / "journal")
    with pytest.raises(LinkError, match=r"127\.0\.0\.1:1: cannot connect"), unit.monitor():
        pass


@pytest.mark.parametrize(("long_s", "count"), [(-1.0, 1), (60.0, 0)])
def test_a_long_start_leaves_a_snapshot_at_once(
    unit: Unit, monkeypatch: pytest.MonkeyPatch, *, long_s: float, count: int
) -> None:
    """Killed again and again, a monitor must not come up later and later."""
    monkeypatch.setattr("monitor.live.LONG_RESUME_S", long_s)
    with unit.running() as monitor:
        unit.measure(80)
        assert eventually(lambda: bool(unit.effects()))
        written = monitor._upkeep.snapshots
        if count:
            assert eventually(lambda: written.written == count)
        assert written.written == count
