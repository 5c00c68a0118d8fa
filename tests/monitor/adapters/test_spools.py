"""What gives way when a reader does not come, and that it is counted and mended."""

from pathlib import Path

import pytest
from broker import eventually, publish_lines
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters import feed as feeds
from monitor.adapters import mqtt
from monitor.adapters.access import Access
from monitor.adapters.broker import LocalBroker
from monitor.adapters.clock import SteadyClock
from monitor.adapters.feed import Feed
from monitor.adapters.mqtt import BrokerLink
from monitor.adapters.spools import Spool
from monitor.series.cursor_file import CursorFile
from monitor.series.tape import Place
from monitor.wire.announcements import Announcement
from simulators.chairs import Sent
from simulators.links import DeviceAccess, DeviceLink


@given(
    room=st.integers(1, 5),
    keeps_oldest=st.booleans(),
    acts=st.lists(st.booleans(), max_size=30),
)
def test_a_spool_holds_no_more_than_its_room_and_counts_the_rest(
    room: int, *, keeps_oldest: bool, acts: list[bool]
) -> None:
    spool: Spool[int] = Spool(room, keeps_oldest=keeps_oldest)
    expected: list[int] = []
    dropped = 0
    for number, is_put in enumerate(acts):
        if not is_put:
            assert spool.take() == expected
            expected = []
            continue
        spool.put(number)
        expected.append(number)
        if len(expected) > room:
            dropped += 1
            del expected[-1 if keeps_oldest else 0]
        assert (len(spool), spool.dropped) == (len(expected), dropped)
    assert spool.take() == expected


@pytest.mark.broker
def test_a_feed_that_nobody_reads_begins_anew_with_what_stands(
    broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "HEARD_MAX", 20)
    place = "irm/v1/unread/{}/_/state"
    for bed in ("1", "2"):
        publish_lines(broker.port, f"stands {bed}", "-t", place.format(bed), "-q", "1", "-r")
    access = Access(host=broker.host, port=broker.port, client_id="")
    feed = Feed(access, unit="unread", kinds=("state",))
    feed.connect()
    lines = "\n".join(str(number) for number in range(100))
    publish_lines(broker.port, lines, "-t", place.format("3"), "-q", "1")
    try:
        assert eventually(lambda: feed.connections >= 2)
        assert feed.dropped > 20
        heard: dict[str, bytes] = {}

        def stands() -> bool:
            heard.update({one.bed: one.payload for one in feed.receive(0.05)})
            return heard.items() >= {"1": b"stands 1", "2": b"stands 2"}.items()

        assert eventually(stands)
    finally:
        feed.close()


@pytest.mark.broker
def test_a_link_that_has_lost_what_the_broker_holds_is_made_anew(
    broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "FOUND_MAX", 3)
    for bed in range(6):
        publish_lines(broker.port, "x", "-t", f"irm/v1/much/{bed}/_/state", "-q", "1", "-r")
    access = Access(host=broker.host, port=broker.port, client_id="much-monitor")
    link = BrokerLink(access, unit="much", boot="b", clock=SteadyClock())
    link.connect(
        Announcement(topic="irm/v1/much/_/monitor/status", payload=b"", qos=1, retain=False)
    )
    try:
        assert eventually(link.is_silent)
        assert len(link.found()) == 3
        monkeypatch.setattr(mqtt, "FOUND_MAX", 100)
        link.rebuild()
        found: list[str] = []

        def has_all() -> bool:
            found.extend(one.topic for one in link.found())
            return sum(name.endswith("/state") for name in found) == 6

        assert eventually(has_all)
        assert not link.is_silent()
    finally:
        link.close((), 1.0)


def test_of_lines_that_no_store_took_the_newest_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.series.cursor_file.REFUSED_MAX", 5)
    kept = CursorFile(tmp_path / "j.series")
    for first in (0, 4):
        kept.move("s", "j", Place(), [(str(number), "why") for number in range(first, first + 4)])
    assert [line for line, _ in kept.refused("s")] == ["3", "4", "5", "6", "7"]
    kept.close()


def test_a_simulated_device_without_a_broker_drops_the_newest_of_the_rest_and_counts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("simulators.links.QUEUED_MAX", 4)
    link = DeviceLink("mon-1", "irm/v1/u/1/mon-1/status", DeviceAccess(), unit="u", at_ms=0)
    sent = Sent(at_ms=0, topic="irm/v1/u/1/mon-1/obs", payload=b"x")
    for _ in range(6):
        link.publish(sent)
    assert link.dropped == 2
    assert not link.is_flushed


def test_a_simulated_device_without_a_broker_keeps_the_newest_of_what_has_a_number() -> None:
    link = DeviceLink("mon-1", "irm/v1/u/1/mon-1/status", DeviceAccess(), unit="u", at_ms=0)
    link.outbox.room = 4
    for number in range(6):
        payload = b'{"seq":%d}' % number
        link.publish(Sent(at_ms=0, topic="irm/v1/u/1/mon-1/vitals", payload=payload))
    kept = [one.payload for one in link.outbox.waiting(0)]
    assert kept == [b'{"seq":%d}' % number for number in (2, 3, 4, 5)]
    assert (link.outbox.dropped, link.dropped) == (2, 0)
