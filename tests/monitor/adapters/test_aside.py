"""What is about the monitor itself is taken beside the ward: proofs, and acts at no bed."""

import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import pytest
from builders import ward_settings
from fakes import ManualClock, StandInWard
from ward_builders import act

from monitor.adapters.aside import Aside
from monitor.adapters.mqtt import Arrival, BrokerLink
from monitor.adapters.outbox import Outbox
from monitor.adapters.receipts import Receipts
from monitor.adapters.watchman import SelfWatch, Watchman
from monitor.care.self_checks import NOWHERE, SelfCheckParams
from monitor.facts.effects import ActRecorded
from monitor.facts.records import ActTaken, ActVerb, MessageRefused, RawMessage
from monitor.ward.ward import Ward
from monitor.wire.announcements import Announcement
from monitor.wire.messages import decode
from monitor.wire.outbound import iso
from monitor.wire.topics import KINDS, Kind, sample_topic, topic

UNIT = "inf-a"
NOW_MS = 1_795_000_000_000


@dataclass(slots=True)
class FakeLink:
    """Keeps what was acknowledged and published."""

    acknowledged: list[Arrival] = field(default_factory=list)
    published: list[Announcement] = field(default_factory=list)

    def acknowledge(self, arrivals: list[Arrival]) -> None:
        self.acknowledged += arrivals

    def can_publish(self, *, is_urgent: bool) -> bool:  # noqa: ARG002 - as that of a link
        return True

    def publish(self, announcement: Announcement) -> None:
        self.published.append(announcement)


def aside() -> tuple[Aside, FakeLink, Watchman]:
    link, clock = FakeLink(), ManualClock(NOW_MS)
    how = SelfWatch(params=SelfCheckParams(), ward=partial(StandInWard, UNIT))
    watchman = Watchman(how, unit=UNIT, boot="b", config="c", clock=clock, receipts=Receipts())
    made = Aside(
        unit=UNIT, link=cast("BrokerLink", link), outbox=Outbox(), watchman=watchman, clock=clock
    )
    return made, link, watchman


def arrival(name: str, payload: bytes = b"{}") -> Arrival:
    raw = RawMessage(received_ms=NOW_MS, topic=name, payload=payload)
    return Arrival(raw=raw, mid=1, qos=1, connection=1)


def said(verb: str, alert: str, bed: str = NOWHERE, **changed: Any) -> Arrival:  # noqa: ANN401 - fields differ
    payload = {
        "id": "act-0001", "t": iso(NOW_MS), "by": "nurse-1", "role": "nurse", "via": "desk",
        "act": verb, "alert": alert, **changed,
    }  # fmt: skip
    return arrival(topic(UNIT, bed, "desk", "act"), json.dumps(payload).encode())


@pytest.mark.parametrize("kind", KINDS)
def test_only_an_act_may_stand_at_no_bed(kind: Kind) -> None:
    found = decode(arrival(topic(UNIT, NOWHERE, "desk", kind)).raw, position=0)
    assert isinstance(found, MessageRefused)
    assert (found.reason == "roaming-bed") == (kind != "act")


def test_an_acknowledged_trouble_is_told_with_who_took_it_on_and_answered() -> None:
    made, link, watchman = aside()
    (began,) = watchman.checks.take(NOW_MS, {"broker-lost": NOW_MS})
    before, mine, after = arrival("x/1"), said("ack", began.id), arrival("x/2")
    assert made.others([before, mine, after]) == [before, after]
    assert link.acknowledged == [mine]
    alert, answer = (json.loads(one.payload) for one in link.published)
    assert (alert["id"], alert["signal"], alert["acked"]["by"]) == (
        began.id, "acknowledged", "nurse-1",
    )  # fmt: skip
    assert link.published[0].retain
    assert link.published[1].topic == topic(UNIT, NOWHERE, "_", "answer")
    assert (answer["id"], answer["refused"], answer["by"]) == ("act-0001", "", "nurse-1")


def test_a_refused_act_is_answered_with_the_reason() -> None:
    made, link, _ = aside()
    assert made.others([said("ack", "al-0123456789abcdef")]) == []
    name = topic(UNIT, NOWHERE, "_", "answer")
    (answer,) = (json.loads(one.payload) for one in link.published if one.topic == name)
    assert answer["refused"].startswith("alert 'al-0123456789abcdef' is none of the monitor's own")


def test_what_cannot_be_read_and_what_is_of_a_bed_is_for_the_ward() -> None:
    made, link, _ = aside()
    given = [
        arrival(topic(UNIT, NOWHERE, "desk", "act"), b"[]"),
        said("ack", "al-0123456789abcdef", bed="17"),
        arrival(topic(UNIT, "17", NOWHERE, "act")),
    ]
    assert made.others(given) == given
    assert (link.acknowledged, link.published) == ([], [])


def test_a_reading_of_another_run_is_taken_and_answered_by_nothing() -> None:
    made, link, _ = aside()
    sample = arrival(sample_topic(UNIT))
    assert made.others([sample]) == []
    assert link.acknowledged == [sample]
    assert link.published == []


@pytest.mark.parametrize("verb", ["ack", "step", "rate", "drug"])
def test_an_act_at_no_bed_that_reaches_a_ward_is_refused_and_makes_no_bed(verb: ActVerb) -> None:
    ward = Ward(ward_settings(), unit=UNIT)
    record: ActTaken = act(0, verb, bed=NOWHERE, rate_centi_ml_per_h=100, drug="epinephrine")
    (answer,) = ward.take(record.received_ms, [record])
    assert isinstance(answer, ActRecorded)
    assert answer.refused.startswith("there is no bed here")
    assert [bed.bed for bed in ward.view(record.received_ms).beds if bed.session] == []
