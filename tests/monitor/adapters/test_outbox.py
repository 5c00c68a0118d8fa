"""The outbox: bounded, in order, and right again after any loss."""

from monitor.adapters.outbox import QUEUE_MAX, Outbox
from monitor.wire.announcements import Announcement


def said(name: str, payload: bytes = b"x", *, retain: bool = True) -> Announcement:
    return Announcement(topic=name, payload=payload, qos=1, retain=retain)


class Broker:
    """A link that takes so many publications, and the retained ones that it then holds."""

    def __init__(self, room: int = 1_000_000, urgent_room: int = 1_000_000) -> None:
        self.room, self.urgent_room = room, urgent_room
        self.taken: list[Announcement] = []
        self.held: dict[str, bytes] = {}

    def can_publish(self, *, is_urgent: bool) -> bool:
        return len(self.taken) < (self.urgent_room if is_urgent else self.room)

    def publish(self, announcement: Announcement) -> None:
        self.taken.append(announcement)
        if announcement.retain:
            self.held[announcement.topic] = announcement.payload
            if not announcement.payload:
                del self.held[announcement.topic]


def test_announcements_leave_in_order_as_far_as_there_is_room() -> None:
    outbox, broker = Outbox(), Broker(room=2)
    outbox.put([said("a"), said("b"), said("c", retain=False)])
    outbox.flush(broker)
    assert [one.topic for one in broker.taken] == ["a", "b"]
    assert len(outbox) == 1
    broker.room = 3
    outbox.flush(broker)
    assert [one.topic for one in broker.taken] == ["a", "b", "c"]


def test_alerts_leave_before_everything_else_and_in_their_order() -> None:
    outbox, broker = Outbox(), Broker(room=2, urgent_room=4)
    alert, advice = "irm/v1/u/17/_/alert/a", "irm/v1/u/17/_/advice/a"
    outbox.put([said(f"irm/v1/u/{bed}/_/state") for bed in range(5)])
    outbox.put([said(alert, b"1"), said("irm/v1/u/_/monitor/status"), said(alert, b"2")])
    outbox.put([said(advice)])
    outbox.flush(broker)
    assert [(one.topic, one.payload) for one in broker.taken] == [
        (alert, b"1"),
        (alert, b"2"),
        (advice, b"x"),
    ]
    broker.room = 1_000
    outbox.flush(broker)
    assert [one.topic for one in broker.taken[3:]] == [
        *(f"irm/v1/u/{bed}/_/state" for bed in range(5)),
        "irm/v1/u/_/monitor/status",
    ]


def test_a_broker_that_forgot_everything_is_told_what_stands() -> None:
    outbox = Outbox()
    outbox.put([said("a", b"1"), said("a", b"2"), said("b"), said("b", b""), said("c")])
    outbox.remember([said("d"), said("e", retain=False)])
    outbox.flush(Broker())
    forgetful = Broker()
    outbox.put_standing()
    outbox.flush(forgetful)
    assert forgetful.held == {"a": b"2", "c": b"x", "d": b"x"}


def test_what_nothing_stands_behind_is_cleared() -> None:
    outbox, broker = Outbox(), Broker()
    old, new = "irm/v1/u/17/_/alert/old", "irm/v1/u/17/_/alert/new"
    broker.held = {old: b"x", new: b"x"}
    for name in broker.held:
        outbox.hear(name, b"x")
    outbox.put([said(new)])
    assert outbox.put_clearing() == [old]
    outbox.flush(broker)
    assert broker.held == {new: b"x"}
    assert outbox.put_clearing() == []


def test_an_overflow_loses_steps_on_the_way_but_no_alert_that_stands() -> None:
    outbox, broker = Outbox(), Broker()
    broker.held = {"ended": b"x"}
    outbox.put([said("alert"), said("ended", b"")])
    for number in range(QUEUE_MAX + 10):
        outbox.put([said("state", str(number).encode())])
    assert outbox.overflows == 1
    assert len(outbox) < QUEUE_MAX
    outbox.flush(broker)
    assert broker.held == {"alert": b"x", "state": str(QUEUE_MAX + 9).encode()}
