"""The stream: what a screen has applied is what a fresh one would be given, however slow it is."""

import asyncio
import zlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from station_builders import (
    NOW_MS,
    Hand,
    advice,
    alert,
    channel,
    desktop,
    heard,
    state,
    status,
)

from monitor.adapters.feed import Heard
from monitor.station import news
from monitor.station.board import SETTLED_AFTER_S, WHOLE_EVERY_S, Board, UnitClock
from monitor.station.news import News, Newsroom, Queue
from monitor.station.stream import packed, packer_for
from monitor.wire.answers import AnswerPayload
from monitor.wire.bed_parts import WhyNotShown
from monitor.wire.outbound import iso

BEDS: Final = ("1", "2")
ALERTS: Final = ("al-1", "al-2")

states = st.builds(
    lambda bed, phase, hr, sbp, stale, why: heard(
        bed,
        "state",
        state(
            phase=phase,
            channels=tuple(
                channel(name, value, NOW_MS + value, stale=stale, base=70 if stale else None)
                for name, value in (("hr", hr), ("sbp", sbp))
                if value
            ),
            why_not=WhyNotShown(t=iso(NOW_MS), lines=(why,)) if why else None,
        ),
    ),
    st.sampled_from(BEDS),
    st.sampled_from(("infusing",) * 5 + ("paused",)),
    st.sampled_from((0, 1, 2, 3, 4, 5, 6, 7)),
    st.sampled_from((1, 2, 3)),
    st.sampled_from((False,) * 4 + (True,)),
    st.sampled_from(("",) * 4 + ("a",)),
)
gone = st.builds(lambda bed: heard(bed, "state", None), st.sampled_from(BEDS))
alerts = st.builds(
    lambda bed, name, rev, signal: heard(
        bed,
        f"alert/{name}",
        alert(name, rev, signal=signal, state="ended" if signal == "off" else "active"),
    ),
    st.sampled_from(BEDS),
    st.sampled_from(ALERTS),
    st.integers(1, 4),
    st.sampled_from(("on", "acknowledged", "off")),
)
cleared = st.builds(
    lambda bed, name: heard(bed, f"alert/{name}", None),
    st.sampled_from(BEDS),
    st.sampled_from(ALERTS),
)
advices = st.builds(
    lambda bed, rev: heard(bed, "advice", advice(rev=rev) if rev else None),
    st.sampled_from(BEDS),
    st.integers(0, 3),
)
publications = st.lists(
    st.one_of(*[states] * 12, gone, alerts, alerts, cleared, advices), max_size=40
)


class Screen:
    """What a page does with the stream, in the plainest way."""

    def __init__(self) -> None:
        self.beds: dict[str, Any] = {}
        self.alerts: dict[str, Any] = {}
        self.advice: dict[str, Any] = {}
        self.last = ""
        self.numbers: list[int] = []
        self.heard: list[tuple[str, Any]] = []

    def take(self, text: bytes) -> None:
        for block in text.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            if "event" in fields:
                if "id" in fields:
                    self.last = fields["id"]
                    self.numbers.append(int(fields["id"].rpartition(":")[2]))
                self.apply(fields["event"], msgspec.json.decode(fields["data"]))

    def apply(self, event: str, data: Any) -> None:  # noqa: ANN401 - any JSON
        self.heard.append((event, data))
        taker = getattr(self, f"take_{event}", None)
        if taker is not None:
            taker(data)

    def take_hello(self, data: Any) -> None:  # noqa: ANN401 - any JSON
        self.beds = dict(data["beds"])
        self.alerts = dict(data["alerts"])
        self.advice = dict(data["advice"])

    def take_bed(self, data: Any) -> None:  # noqa: ANN401 - any JSON
        self.beds[data["bed"]] = data["state"]

    def take_gone(self, data: Any) -> None:  # noqa: ANN401 - any JSON
        self.beds.pop(data["bed"], None)

    def take_v(self, data: Any) -> None:  # noqa: ANN401 - any JSON
        for bed, rows in data["beds"].items():
            for one in self.beds[bed]["channels"]:
                if one["ch"] in rows:
                    take_row(one, rows[one["ch"]])

    def take_alert(self, data: Any) -> None:  # noqa: ANN401 - any JSON
        if (data["state"], data["signal"]) == ("ended", "off"):
            self.alerts.pop(data["id"], None)
        else:
            self.alerts[data["id"]] = data

    def take_advice(self, data: Any) -> None:  # noqa: ANN401 - any JSON
        bed = data.pop("bed")
        if data["reason"] == "no longer advised":
            self.advice.pop(bed, None)
        else:
            self.advice[bed] = data

    def picture(self) -> tuple[Any, ...]:
        beds = {
            bed: {
                **{name: value for name, value in one.items() if name != "t"},
                "channels": sorted(
                    (c["ch"], c["v"], c["t"], c.get("stale", False), c.get("base"))
                    for c in one["channels"]
                ),
            }
            for bed, one in self.beds.items()
        }
        return beds, self.alerts, self.advice


def take_row(one: dict[str, Any], row: Sequence[Any]) -> None:
    one["v"], one["t"] = row[0], iso(row[1])
    one["stale"], one["base"] = bool(row[2]), row[3]


def board_at(clock: Hand) -> Board:
    return Board("inf-a", UnitClock(clock.now_ms, clock.seconds))


def hello(board: Board) -> News:
    parts = {
        "beds": {bed: msgspec.Raw(one.raw) for bed, one in board.states.items()},
        "alerts": {
            name: {"bed": one.bed, **msgspec.json.decode(one.raw)}
            for name, one in board.alerts.items()
        },
        "advice": {bed: msgspec.Raw(raw) for bed, raw in board.advice.items()},
    }
    return News("hello", msgspec.json.encode(parts))


@settings(max_examples=400)
@given(publications, st.lists(st.sampled_from((False,) * 5 + (True,)), min_size=40, max_size=40))
def test_deltas_applied_to_a_hello_equal_a_fresh_hello_however_slowly_they_are_taken(
    said: list[Heard], takes: list[bool]
) -> None:
    clock = Hand()
    board, room = board_at(clock), Newsroom("b")
    slow, quick = Screen(), Screen()
    slow_queue, quick_queue = room.open("", hello(board)), room.open("", hello(board))
    for one, is_taken in zip(said, takes, strict=False):
        room.tell(board.take(one))
        quick.take(quick_queue.take())
        if is_taken:
            slow.take(slow_queue.take())
    clock.s += WHOLE_EVERY_S + 1
    room.tell(board.look(is_connected=True, connection=1))
    fresh = Screen()
    fresh.take(room.open("", hello(board)).take())
    for screen, queue in ((slow, slow_queue), (quick, quick_queue)):
        screen.take(queue.take())
        assert screen.picture() == fresh.picture()
        assert screen.numbers == sorted(screen.numbers)
    told = [data for event, data in quick.heard if event == "alert"]
    assert [data for event, data in slow.heard if event == "alert"] == told


@given(publications, st.integers(0, 40), st.integers(0, 1))
def test_a_screen_that_comes_back_has_missed_nothing(
    said: list[Heard], cut: int, has_taken: int
) -> None:
    board, room = board_at(Hand()), Newsroom("b")
    screen = Screen()
    queue = room.open("", hello(board))
    screen.take(queue.take())
    for one in said[:cut]:
        room.tell(board.take(one))
    if has_taken:
        screen.take(queue.take())
    room.close(queue)
    for one in said[cut:]:
        room.tell(board.take(one))
    again = room.open(screen.last, hello(board))
    screen.take(again.take())
    fresh = Screen()
    fresh.take(room.open("", hello(board)).take())
    # What changes with every reading may be told late: it is no part of this comparison.
    for one in (*screen.beds.values(), *fresh.beds.values()):
        one.pop("why_not", None)
    assert screen.picture() == fresh.picture()
    assert [event for event, _ in screen.heard].count("hello") == 1


@pytest.mark.parametrize("last", ["", "other:3", "b:99", "b:-1", "b:x", "b:1"])
def test_who_cannot_be_resumed_gets_the_whole_picture(
    last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "RING_MAX", 2)
    board, room = board_at(Hand()), Newsroom("b")
    room._ring = type(room._ring)(maxlen=2)
    for rev in range(1, 6):
        room.tell(board.take(heard("1", "alert/al-1", alert(rev=rev))))
    screen = Screen()
    screen.take(room.open(last, hello(board)).take())
    assert [event for event, _ in screen.heard] == ["hello"]
    assert screen.last == "b:5"


def test_a_screen_that_takes_nothing_is_sent_away_and_loses_no_alert() -> None:
    board, room = board_at(Hand()), Newsroom("b")
    queue = room.open("", hello(board))
    for rev in range(1, news.UNTAKEN_MAX + 5):
        room.tell(board.take(heard("1", "alert/al-1", alert(rev=rev))))
    assert queue.lost.is_set()
    assert queue.take() == b""
    screen = Screen()
    screen.take(room.open("", hello(board)).take())
    assert screen.alerts["al-1"]["rev"] == news.UNTAKEN_MAX + 4


def test_numbers_alone_never_grow_a_queue() -> None:
    board, room = board_at(Hand()), Newsroom("b")
    board.take(heard("1", "state", state(channels=(channel("hr", 60),))))
    queue: Queue = room.open("", hello(board))
    queue.take()
    for value in range(5_000):
        at_ms = NOW_MS + value
        room.tell(board.take(heard("1", "state", state(channels=(channel("hr", value, at_ms),)))))
    assert not queue.lost.is_set()
    text = queue.take()
    assert text.count(b"event: v") == 1
    assert b'"hr":[4999,' in text


def test_what_a_lost_broker_forgot_is_taken_away_once_a_monitor_has_spoken() -> None:
    clock = Hand()
    board = board_at(clock)
    board.look(is_connected=True, connection=1)
    for one in (heard("1", "state", state()), heard("1", "alert/al-1", alert())):
        board.take(one)
    board.take(heard("2", "alert/al-2", alert("al-2")))
    board.look(is_connected=False, connection=1)
    board.look(is_connected=True, connection=2)
    clock.s += 60
    assert [one.event for one in board.look(is_connected=True, connection=2)] in ([], ["status"])
    assert set(board.alerts) == {"al-1", "al-2"}
    board.take(status(clock.now_ms()))
    board.take(heard("2", "alert/al-2", alert("al-2"), retained=True))
    clock.s += SETTLED_AFTER_S
    told = board.look(is_connected=True, connection=2)
    assert {one.event for one in told if one.event != "status"} == {"alert", "gone"}
    assert set(board.alerts) == {"al-2"}
    assert board.states == {}


def test_the_clock_is_that_of_the_monitor_and_old_retained_words_do_not_set_it() -> None:
    clock = Hand()
    board = board_at(clock)
    board.take(heard("1", "state", state(NOW_MS - 9_000_000), retained=True))
    assert board.clock.now_ms() == NOW_MS
    board.take(status(NOW_MS + 500_000))
    clock.s += 2
    assert board.clock.now_ms() == NOW_MS + 502_000
    board.take(heard("1", "state", state(NOW_MS + 560_000)))
    assert board.clock.now_ms() == NOW_MS + 560_000


def test_what_cannot_be_read_is_counted_and_tells_nothing() -> None:
    board = board_at(Hand())
    for kind in ("state", "alert/al-1", "advice", "call", "answer"):
        assert board.take(Heard("1", f"_/{kind}", b"{", is_retained=False)) == []
        assert board.take(Heard("1", f"_/{kind}", b"\xff", is_retained=False)) == []
    assert board.unreadable == 10


def test_an_act_is_answered_once_and_a_rejected_message_is_an_answer(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    at = desktop(tmp_path)
    room = at.station.newsroom
    queue = room.open("", at.station.hello())
    queue.take()
    first = AnswerPayload(id="a", t=iso(NOW_MS), session="S-1", act="ack", by="x", refused="")
    again = msgspec.structs.replace(first, refused="already acknowledged by x")
    at.station.hear([heard("1", "answer", first), heard("1", "answer", again)])
    screen = Screen()
    screen.take(queue.take())
    assert [(event, data["refused"]) for event, data in screen.heard] == [("answer", "")]


@given(st.lists(st.binary(min_size=1, max_size=3_000), min_size=1, max_size=8))
def test_what_is_packed_can_be_read_at_once_and_not_only_with_what_comes_next(
    texts: list[bytes],
) -> None:
    packer = packer_for("gzip, deflate, br")
    assert packer is not None
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    for text in texts:
        assert reader.decompress(packed(text, packer)) == text
    assert reader.decompress(packer.flush()) == b""
    assert reader.eof


def test_a_screen_that_accepts_nothing_packed_is_sent_plain_text() -> None:
    assert packer_for("") is None
    assert packer_for("br") is None
    assert packed(b"x", None) == b"x"


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip", "gzip"), ("identity", None)])
def test_the_picture_of_a_ward_is_packed_where_the_browser_asks_for_it(
    tmp_path: Any,  # noqa: ANN401 - a path
    accepted: str,
    encoding: str | None,
) -> None:
    at = desktop(tmp_path)
    at.station.hear([heard(str(bed), "state", state()) for bed in range(60)])
    asked = {"accept-encoding": accepted}

    async def work() -> None:
        asyncio.get_running_loop().call_later(0.2, at.station.stopping.set)
        answer = await at.browser("10.0.0.1").get("/feed", headers=asked)
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["vary"] == "accept-encoding"
        assert "event: hello" in answer.text
        size = answer.num_bytes_downloaded
        assert (size < len(answer.content) / 5) == (encoding == "gzip")

    asyncio.run(work())


def test_streams_are_limited_for_one_viewer_and_end_when_the_server_stops(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    at = desktop(tmp_path)

    async def work() -> None:
        assert all(at.station.open_stream("10.0.0.1") for _ in range(8))
        assert not at.station.open_stream("10.0.0.1")
        assert at.station.open_stream("10.0.0.2")
        refused = await at.browser("10.0.0.1").get("/feed")
        assert refused.status_code == 429
        at.station.close_stream("10.0.0.1")
        at.station.stopping.set()
        ended = await at.browser("10.0.0.1").get("/feed")
        assert ended.headers["content-type"].startswith("text/event-stream")
        assert at.station.newsroom.screens == 0

    asyncio.run(work())
