"""A monitor that watches itself on a real broker: proofs, a lost broker, and unattended time."""

import json
import sqlite3
from functools import partial
from pathlib import Path

import pytest
from broker import eventually, publish
from fakes import (
    CONFIG,
    Listener,
    StandInWard,
    Unit,
    alerts_of,
    now_ms,
    own_alerts_of,
    status_of,
    systolic,
)

from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import Journal
from monitor.adapters.proof import alert_of
from monitor.adapters.watchman import SelfWatch
from monitor.care.self_checks import SelfCheckParams
from monitor.facts.effects import AlertChanged
from monitor.facts.records import RawMessage
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.wire.outbound import iso
from monitor.wire.topics import proof_topic, sample_topic

pytestmark = pytest.mark.broker

SETTINGS = load_settings(Path(__file__).resolve().parents[2] / "config")
QUICK = SelfCheckParams(proof_every_ms=50, proof_limit_ms=2_500)


@pytest.fixture
def unit(broker: LocalBroker, tmp_path: Path, request: pytest.FixtureRequest) -> Unit:
    name = f"w{abs(hash(request.node.name)) % 10**9}"
    return Unit(broker, name, tmp_path / "journal")


def proving(unit: Unit) -> SelfWatch:
    """Return a watch whose proof goes through the real ward."""
    return SelfWatch(params=SelfCheckParams(), ward=partial(Ward, SETTINGS.ward, unit=unit.name))


def troubles_of(listener: Listener, unit: Unit) -> str:
    """Return what the monitor says of its troubles, empty before it has said anything."""
    return str(status_of(listener, unit).get("troubles", ""))


def test_the_alarm_path_is_proven_and_nobody_counts_the_proof(unit: Unit) -> None:
    with (
        Listener(unit.broker.port, proof_topic(unit.name)) as proofs,
        unit.listener() as listener,
        unit.running(StandInWard(unit.name), self_watch=proving(unit)) as monitor,
    ):
        assert proofs.hears(lambda one: len(one.heard) >= 3)
        assert monitor._voice._watchman.proof is not None
        proof = monitor._voice._watchman.proof
        # Three proofs take two seconds, and the age counts from the start until one comes back.
        assert eventually(lambda: proof.age_ms() < 1_500)
        assert listener.hears(lambda one: status_of(one, unit).get("proof_limit_ms") == 5_000)
        unit.measure(120)
        assert eventually(lambda: len(unit.messages()) == 1)
        assert not alerts_of(listener)
        assert not own_alerts_of(listener)
    assert [raw.topic.split("/")[3] for raw in unit.messages()] == ["17"]
    assert unit.effects() == []


def test_a_ward_that_raises_no_alert_leaves_the_path_unproven_until_it_does(unit: Unit) -> None:
    is_blind = True

    def ward() -> StandInWard:
        return StandInWard(unit.name, lambda _: is_blind)

    watch = SelfWatch(params=QUICK, ward=ward)
    with unit.listener() as listener, unit.running(self_watch=watch):
        assert listener.hears(lambda one: "path-unproven" in own_alerts_of(one))
        assert listener.hears(lambda one: "unproven" in troubles_of(one, unit))
        age_ms = status_of(listener, unit)["proof_age_ms"]
        assert isinstance(age_ms, int)
        assert age_ms > QUICK.proof_limit_ms
        is_blind = False
        assert listener.hears(
            lambda one: str(own_alerts_of(one)["path-unproven"]["label"]).startswith(
                "the alarm path was unproven for "
            )
        )


def test_a_person_takes_on_what_is_wrong_with_the_monitor_and_it_is_told_again(unit: Unit) -> None:
    def ward() -> StandInWard:
        return StandInWard(unit.name, lambda _: True)

    def signal(listener: Listener) -> object:
        return own_alerts_of(listener).get("path-unproven", {}).get("signal")

    watch = SelfWatch(params=QUICK, ward=ward, realert_ms=2_000)
    answers = f"irm/v1/{unit.name}/_/_/answer"
    with (
        Listener(unit.broker.port, answers) as answered,
        unit.listener() as listener,
        unit.running(self_watch=watch),
    ):
        assert listener.hears(lambda one: signal(one) == "on")
        act = {
            "id": "act-0001",
            "t": iso(now_ms()),
            "by": "nurse-1",
            "role": "nurse",
            "via": "desk",
            "act": "ack",
            "alert": own_alerts_of(listener)["path-unproven"]["id"],
        }
        name = f"irm/v1/{unit.name}/_/desk/act"
        publish(unit.broker.port, "-t", name, "-q", "1", "-m", json.dumps(act))
        assert listener.hears(lambda one: signal(one) == "acknowledged")
        assert answered.hears(lambda one: len(one.heard) == 1)
        assert json.loads(answered.heard[0][1])["refused"] == ""
        assert listener.hears(lambda one: signal(one) == "on")
    assert unit.messages() == []


def test_a_lost_broker_is_told_with_its_length_when_it_is_back(tmp_path: Path) -> None:
    with LocalBroker() as first:
        unit = Unit(first, "lostbroker", tmp_path / "journal")
        with unit.running() as monitor:
            with unit.listener() as listener:
                assert listener.hears(lambda one: bool(status_of(one, unit)))
            first.kill()
            labels = monitor._voice._watchman.checks
            assert eventually(lambda: labels.labels == ("no broker: nothing is told to anybody",))
            with LocalBroker(port=first.port), unit.listener() as listener:
                assert listener.hears(lambda one: "broker-lost" in own_alerts_of(one))
                assert listener.hears(
                    lambda one: own_alerts_of(one)["broker-lost"]["signal"] == "latched"
                )
                label = str(own_alerts_of(listener)["broker-lost"]["label"])
                assert label.startswith("the broker was lost for ")
                assert listener.hears(lambda one: label in troubles_of(one, unit))
    # What the shell finds about itself is no decision of the ward: a replay must not have it.
    assert [one for one in unit.effects() if isinstance(one, AlertChanged)] == []


def test_a_start_after_a_gap_is_told_and_one_without_is_not(unit: Unit) -> None:
    with Journal.open_for_writing(
        unit.journal, unit=unit.name, software="test", config=CONFIG
    ) as journal:
        journal.append_step(now_ms() - 3_600_000, [])
    with unit.listener() as listener, unit.running() as monitor:
        assert listener.hears(lambda one: "resumed" in own_alerts_of(one))
        assert "resumed after 1 h" in str(own_alerts_of(listener)["resumed"]["label"])
        assert listener.hears(lambda one: "resumed after" in troubles_of(one, unit))
        # Only a step is time that somebody watched.
        assert eventually(lambda: monitor.steps > 0)
    with unit.listener() as listener, unit.running():
        # The alert of the run before stands behind nothing any more.
        assert listener.hears(lambda one: not own_alerts_of(one) and bool(status_of(one, unit)))


def test_a_damaged_journal_is_told_with_what_is_not_known(unit: Unit) -> None:
    with unit.listener() as listener, unit.running():
        unit.measure(80, "17")
        # The second message is what rots, so it must have a step of its own.
        assert listener.hears(lambda one: bool(alerts_of(one)))
        unit.measure(120, "18")
        assert eventually(lambda: len(unit.messages()) == 2)
    connection = sqlite3.connect(unit.journal)
    with connection:
        connection.execute("DELETE FROM snapshot")
        connection.execute("UPDATE inbox SET topic = 'rot' WHERE n = 2")
    connection.close()
    with unit.listener() as listener, unit.running():
        assert listener.hears(lambda one: "journal-salvaged" in own_alerts_of(one))
        label = str(own_alerts_of(listener)["journal-salvaged"]["label"])
        assert label.startswith("the journal was damaged: nothing is known of the ")
        assert listener.hears(lambda one: bool(alerts_of(one)))
    assert len(unit.messages()) == 1


def test_a_full_disk_is_an_alert_of_the_monitor(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.adapters.backlog.RETRY_S", 0.05)
    with unit.listener() as listener, unit.running() as monitor:
        unit.measure(120)
        assert eventually(lambda: len(unit.messages()) == 1)
        connection = monitor._journal._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(60):
            unit.measure(120, f"{number % 7}")
        assert listener.hears(lambda one: "store-failing" in own_alerts_of(one))
        monitor._backlog._size_max = 1
        assert listener.hears(lambda one: set(own_alerts_of(one)) == {"store-lost"})


def test_a_reading_of_nobody_that_the_broker_kept_for_another_run_proves_nothing(
    unit: Unit,
) -> None:
    watch = SelfWatch(params=QUICK, ward=partial(StandInWard, unit.name))
    with unit.running(self_watch=watch) as monitor:
        assert monitor._voice._watchman.proof is not None
        payload = systolic(1, 60, now_ms(), boot="another")
        raw = RawMessage(received_ms=now_ms(), topic=sample_topic(unit.name), payload=payload)
        assert monitor._voice._watchman.proof.answers([raw]) == []
        publish(unit.broker.port, "-t", sample_topic(unit.name), "-q", "1", "-m", payload.decode())
        unit.measure(120)
        assert eventually(lambda: len(unit.messages()) == 1)
    assert alert_of(StandInWard(unit.name, lambda _: True), raw, unit=unit.name) is None
