"""Two monitors told the same, or not: what is told again, lifted, cleared and left alone."""

import json
from typing import Any

import msgspec
import pytest
from wire import OUTBOUND

from monitor.adapters.outbox import ENDING_REVISIONS, LAST_WORDS_MAX, UNTOLD_S, Outbox
from monitor.adapters.reconciliation import kind_of, lifted, meaning, revision
from monitor.wire.announcements import Announcement
from monitor.wire.outbound import AlertPayload, encode_published

ALERT = "irm/v1/inf-a/17/_/alert/al-17-3"
ADVICE = "irm/v1/inf-a/17/_/advice"
STATE = "irm/v1/inf-a/17/_/state"
CALL = "irm/v1/inf-a/17/_/call"


def stored(name: str) -> bytes:
    said = json.loads((OUTBOUND / f"{name}.announced.json").read_text())
    return json.dumps(said[0]["payload"]).encode()


def alert(**changed: Any) -> bytes:  # noqa: ANN401 - any field of an alert
    payload = msgspec.json.decode(stored("alert.escalated"), type=AlertPayload)
    return encode_published(msgspec.structs.replace(payload, **{"rev": 3, **changed}))


def said(name: str, payload: bytes, *, retain: bool = True) -> Announcement:
    return Announcement(topic=name, payload=payload, qos=1, retain=retain)


class Broker:
    """A link that takes everything."""

    def __init__(self) -> None:
        self.taken: list[Announcement] = []

    def can_publish(self, *, is_urgent: bool) -> bool:  # noqa: ARG002 - as that of a link
        return True

    def publish(self, announcement: Announcement) -> None:
        self.taken.append(announcement)


def told(outbox: Outbox) -> list[tuple[str, int]]:
    """Return topic and revision of everything that the outbox hands over now."""
    broker = Broker()
    outbox.flush(broker)
    return [(one.topic, revision(one.topic, one.payload)) for one in broker.taken]


def silent(seconds: Any = lambda: 0.0) -> Outbox:  # noqa: ANN401 - a clock
    outbox = Outbox(seconds=seconds)
    outbox.fall_silent()
    return outbox


def test_times_alone_tell_people_nothing_else() -> None:
    one, other = alert(), alert(t="2026-11-22T13:45:12.999Z", raised="2026-11-22T13:00:00.001Z")
    assert one != other
    assert meaning(ALERT, one) == meaning(ALERT, other)
    for changed in ({"signal": "latched"}, {"grade": 4}, {"reason": "x"}, {"acked": None}):
        is_same = meaning(ALERT, alert(**changed)) == meaning(ALERT, one)
        assert is_same == (changed == {"acked": None})
    assert meaning(ADVICE, stored("advice.ladder")) != meaning(ADVICE, stored("advice.none"))
    assert revision(ADVICE, stored("advice.ladder")) > 0
    assert meaning(CALL, b'{"alert":"a","t":"1"}') == meaning(CALL, b'{"t":"2","alert":"a"}')
    assert meaning(ALERT, b"{") == b"{"
    assert meaning(CALL, b"[1]") == [1]


def test_revisions_are_read_and_lifted_where_there_are_any() -> None:
    assert revision(ALERT, alert()) == 3
    assert revision(ALERT, b"{") == 0
    assert revision(STATE, b"{}") == 0
    assert revision(ALERT, lifted(said(ALERT, alert()), 2).payload) == 5
    for one in (said(STATE, b"{}"), said(ALERT, b"")):
        assert lifted(one, 2) is one
    assert kind_of("short") == ""


def test_a_standby_tells_nothing_and_then_only_what_is_missing() -> None:
    outbox = silent()
    outbox.hear(ALERT, alert())
    outbox.put([said(ALERT, alert(t="2026-11-22T13:45:12.999Z")), said(f"{ALERT}-new", alert())])
    assert told(outbox) == []
    outbox.speak()
    assert told(outbox) == [(f"{ALERT}-new", 3)]


@pytest.mark.parametrize(
    ("ours", "found", "expected"),
    [
        ({"rev": 4, "grade": 4}, {"rev": 3}, [4]),
        ({"rev": 3, "grade": 4}, {"rev": 3}, [4]),
        ({"rev": 2, "grade": 4}, {"rev": 5}, [6]),
        ({"rev": 4}, {"rev": 3}, [4]),
        ({"rev": 3}, {"rev": 3}, []),
        ({"rev": 2}, {"rev": 5}, []),
    ],
)
def test_what_differs_is_told_with_a_revision_that_counts(
    ours: dict[str, int], found: dict[str, int], expected: list[int]
) -> None:
    outbox = silent()
    outbox.hear(ALERT, alert(**found))
    outbox.put([said(ALERT, alert(**ours))])
    outbox.speak()
    assert told(outbox) == [(ALERT, rev) for rev in expected]
    # What comes later stays above what was heard, too.
    outbox.put([said(ALERT, alert(rev=ours["rev"] + 1, signal="latched"))])
    assert told(outbox) == [(ALERT, max([ours["rev"], *expected, found["rev"]]) + 1)]
    outbox.put([said(ALERT, b""), said(ALERT, alert(rev=1))])
    assert told(outbox) == [(ALERT, 0), (ALERT, 1)]


def test_what_an_old_holder_still_says_is_set_right_at_once() -> None:
    outbox = Outbox()
    outbox.put([said(ALERT, alert()), said(STATE, b'{"session":"S-1"}')])
    assert told(outbox) == [(ALERT, 3), (STATE, 0)]
    outbox.hear(ALERT, alert(rev=3, signal="latched"))
    assert told(outbox) == [(ALERT, 4)]
    outbox.hear(ALERT, b"")
    assert told(outbox) == [(ALERT, 4)]
    outbox.hear(STATE, b'{"session":"S-0"}')
    assert told(outbox) == [(STATE, 0)]
    outbox.hear(STATE, b'{"session":"S-1"}')
    outbox.hear(CALL, b"{}")
    outbox.hear("irm/v1/inf-a/18/_/state", b"{}")
    assert told(outbox) == []
    assert outbox.put_clearing() == ["irm/v1/inf-a/18/_/state"]


def ended(rev: int) -> bytes:
    return alert(rev=rev, state="ended", signal="off")


@pytest.mark.parametrize(("ours", "end", "expected"), [(1, 2, 3), (3, 7, 8), (3, 3, 4), (9, 4, 9)])
def test_what_the_other_one_ended_and_stands_here_is_told_above_that_end(
    ours: int, end: int, expected: int
) -> None:
    outbox = silent()
    outbox.put([said(ALERT, alert(rev=ours))])
    outbox.hear(ALERT, ended(end))
    outbox.hear(ALERT, b"")
    # A connection that breaks makes nobody forget what was said.
    outbox.forget_found()
    outbox.speak()
    assert told(outbox) == [(ALERT, expected)]
    outbox.put([said(ALERT, alert(rev=ours + 1, signal="latched"))])
    assert told(outbox) == [(ALERT, expected + 1)]
    outbox.put([said(ALERT, ended(ours + 2)), said(ALERT, b"")])
    assert told(outbox) == [(ALERT, expected + 2), (ALERT, 0)]


def test_what_the_other_one_ended_before_it_began_here_is_told_above_that_end() -> None:
    outbox = silent()
    outbox.hear(ALERT, ended(2))
    outbox.hear(ALERT, b"")
    outbox.speak()
    outbox.put([said(ALERT, alert(rev=1))])
    outbox.put([said(ALERT, alert(rev=2, signal="latched"))])
    assert told(outbox) == [(ALERT, 3), (ALERT, 4)]


def test_a_lone_end_that_a_restarted_run_did_not_hear_is_counted_over() -> None:
    outbox = Outbox()
    outbox.remember([said(ALERT, alert(rev=1)), said(STATE, b"{}")])
    waits = "irm/v1/inf-a/17/_/alert/al-17-4"
    outbox.put([said(waits, alert(rev=1))])
    outbox.inherit()
    outbox.fall_silent()
    outbox.speak()
    assert told(outbox) == [(ALERT, 1 + ENDING_REVISIONS), (waits, 1), (STATE, 0)]
    # What this run has told itself is known: a broker that forgets is told the same.
    outbox.speak()
    assert told(outbox) == [(ALERT, 1 + ENDING_REVISIONS), (waits, 1), (STATE, 0)]


def test_what_the_broker_still_holds_is_inherited_as_it_is() -> None:
    outbox = Outbox()
    outbox.remember([said(ALERT, alert(rev=1))])
    outbox.inherit()
    outbox.fall_silent()
    outbox.hear(ALERT, alert(rev=1))
    outbox.forget_found()
    outbox.speak()
    assert told(outbox) == [(ALERT, 1)]


def test_who_has_counted_on_and_falls_silent_does_not_fall_behind_itself() -> None:
    outbox = silent()
    outbox.put([said(ALERT, alert(rev=1))])
    outbox.hear(ALERT, alert(rev=5, signal="latched"))
    outbox.speak()
    assert told(outbox) == [(ALERT, 6)]
    outbox.put([said(ALERT, alert(rev=2, label="worse"))])
    assert told(outbox) == [(ALERT, 7)]
    outbox.fall_silent()
    outbox.put([said(ALERT, alert(rev=3, label="better"))])
    outbox.forget_found()
    outbox.speak()
    assert told(outbox) == [(ALERT, 8)]


def test_last_words_are_kept_of_so_many_topics_and_no_more() -> None:
    outbox = silent()
    names = [f"irm/v1/inf-a/17/_/alert/al-{number}" for number in range(LAST_WORDS_MAX + 1)]
    for name in names:
        outbox.hear(name, ended(2))
        outbox.hear(name, b"")
    outbox.speak()
    outbox.put([said(names[0], alert(rev=1)), said(names[1], alert(rev=1))])
    assert told(outbox) == [(names[0], 1), (names[1], 3)]


def test_the_beds_that_are_spared_keep_what_nobody_here_knows() -> None:
    outbox = silent()
    for bed in ("17", "18"):
        outbox.hear(f"irm/v1/inf-a/{bed}/_/state", b"{}")
    outbox.speak()
    assert outbox.put_clearing({"17"}) == ["irm/v1/inf-a/18/_/state"]
    assert outbox.put_clearing() == ["irm/v1/inf-a/17/_/state"]


def test_a_new_connection_says_anew_what_the_broker_holds() -> None:
    outbox = silent()
    outbox.hear(ALERT, alert())
    outbox.put([said(ALERT, alert())])
    outbox.forget_found()
    outbox.speak()
    assert told(outbox) == [(ALERT, 3)]


def test_what_waits_already_is_not_told_twice() -> None:
    outbox = Outbox()
    outbox.put([said(ALERT, alert())])
    outbox.speak()
    assert told(outbox) == [(ALERT, 3)]


def test_what_is_told_once_is_told_by_exactly_one_of_both() -> None:
    now_s = 0.0

    def call(level: int, at: str) -> Announcement:
        payload = json.dumps({"alert": "al", "level": level, "t": at}).encode()
        return said(CALL, payload, retain=False)

    outbox = silent(lambda: now_s)
    outbox.hear(CALL, call(1, "a").payload)
    outbox.put([call(1, "b"), call(2, "b")])
    outbox.hear(CALL, call(2, "a").payload)
    outbox.put([call(3, "b")])
    now_s = UNTOLD_S - 1
    outbox.put([call(4, "b"), Announcement(topic=CALL, payload=b"{}", qos=0, retain=False)])
    now_s = UNTOLD_S + 1
    outbox.speak()
    broker = Broker()
    outbox.flush(broker)
    assert [json.loads(one.payload)["level"] for one in broker.taken] == [4]
