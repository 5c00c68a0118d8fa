"""Which beds have a tile, and which of their limits are not as they were."""

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from journal_runs import T0_MS, UNIT
from station_builders import NOW_MS, Hand, alert, channel, heard, state, status

from monitor.adapters.journal import Journal
from monitor.facts.effects import SessionChanged
from monitor.station.board import Board, UnitClock
from monitor.station.journal_tracks import configurations_of_journal
from monitor.station.news import News
from monitor.station.standing import READING_MS, SESSIONS_MAX, Configurations
from monitor.wire.bed_parts import DeviceShown, SnoozeShown
from monitor.wire.outbound import StatePayload, iso

EMPTY: Final[dict[str, Any]] = {"session": "", "subject": "", "phase": "none", "rate": None}
LONG_AGO_MS: Final = NOW_MS - READING_MS


def board_at() -> tuple[Board, Hand]:
    clock = Hand()
    return Board("inf-a", UnitClock(clock.now_ms, clock.seconds)), clock


def told(news: list[News]) -> list[tuple[str, str]]:
    return [(one.event, one.bed) for one in news]


def shown(board: Board, bed: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(board.shown(bed))
    return found


@pytest.mark.parametrize(
    ("changed", "is_there"),
    [
        ({}, False),
        ({"session": "S-1"}, True),
        ({"devices": (DeviceShown(device="mon-1", state="online"),)}, True),
        ({"devices": (DeviceShown(device="mon-1", state="offline"),)}, False),
        ({"devices": (DeviceShown(device="mon-1", state="silent"),)}, False),
        ({"devices": (DeviceShown(device="mon-1", state="never-heard"),)}, False),
        ({"channels": (channel("hr", 70, LONG_AGO_MS + 1),)}, True),
        ({"channels": (channel("hr", 70, LONG_AGO_MS),)}, False),
        ({"channels": (channel("hr", 70, LONG_AGO_MS, raw=9, raw_t=iso(NOW_MS)),)}, True),
    ],
)
def test_a_bed_has_a_tile_where_something_stands(changed: dict[str, Any], is_there: bool) -> None:  # noqa: FBT001 - a column of the table
    board, _ = board_at()
    news = board.take(heard("17", "state", state(**{**EMPTY, **changed})))
    assert told(news) == ([("bed", "17")] if is_there else [])
    assert ("17" in board.states) == is_there
    # It comes as soon as a session is opened, and goes with what stood there.
    board.take(heard("17", "state", state()))
    assert "17" in board.states
    gone = board.take(heard("17", "state", state(**EMPTY)))
    assert told(gone) == [("gone", "17")]
    assert board.states == {}


def test_a_bed_goes_an_hour_after_its_last_reading_and_comes_with_the_next() -> None:
    board, clock = board_at()
    board.take(heard("17", "state", state(**EMPTY, channels=(channel("hr", 70),))))
    clock.s += READING_MS / 1000 - 1
    board.look(is_connected=True, connection=1)
    assert "17" in board.states
    clock.s += 2
    assert ("gone", "17") in told(board.look(is_connected=True, connection=1))
    assert told(board.look(is_connected=True, connection=1)) == []
    now_ms = clock.now_ms()
    news = board.take(
        heard("17", "state", state(now_ms, **EMPTY, channels=(channel("hr", 71, now_ms),)))
    )
    assert told(news) == [("bed", "17")]


def test_an_alert_keeps_or_brings_a_tile_until_it_is_over() -> None:
    board, _ = board_at()
    board.take(heard("17", "state", state(**EMPTY)))
    assert board.states == {}
    news = board.take(heard("17", "alert/al-1", alert()))
    assert told(news) == [("bed", "17"), ("alert", "17")]
    assert board.take(heard("17", "state", state(**EMPTY, pattern="x"))) != []
    over = alert(rev=2, phase="end", state="ended", signal="off")
    assert told(board.take(heard("17", "alert/al-1", over))) == [("alert", "17")]
    assert ("gone", "17") in told(board.look(is_connected=True, connection=1))


def test_an_empty_bed_that_is_withdrawn_is_forgotten_without_a_word() -> None:
    board, clock = board_at()
    board.look(is_connected=True, connection=1)
    board.take(heard("17", "state", state(**EMPTY)))
    board.look(is_connected=True, connection=2)
    board.take(status())
    clock.s += 5
    news = board.look(is_connected=True, connection=2)
    assert "gone" not in [event for event, _ in told(news)]
    assert board.empty == {}


SNOOZE: Final = SnoozeShown(
    sign="skin", grade=1, until=iso(NOW_MS + 600_000), by="nurse-1", reason="seen"
)


def test_a_snooze_is_a_limit_that_was_changed_by_whom_and_until_when() -> None:
    board, _ = board_at()
    board.take(heard("17", "state", state()))
    assert "limits_changed" not in shown(board, "17")
    (news,) = board.take(heard("17", "state", state(snoozes=(SNOOZE,))))
    row = {
        "words": "skin up to grade 1 does not call",
        "by": "nurse-1",
        "until": iso(NOW_MS + 600_000),
        "reason": "seen",
    }
    assert msgspec.json.decode(news.data)["state"]["limits_changed"] == [row]
    # What the monitor said is still there as it was said.
    said = shown(board, "17")
    del said["limits_changed"]
    assert msgspec.convert(said, StatePayload) == state(snoozes=(SNOOZE,))
    (news,) = board.take(heard("17", "state", state()))
    assert "limits_changed" not in msgspec.json.decode(news.data)["state"]


def test_another_configuration_than_at_the_beginning_is_said_of_this_session_only() -> None:
    board, clock = board_at()
    board.take(status(config="aaaaaaaaaaaa"))
    board.take(heard("17", "state", state()))
    clock.s += 60
    news = board.take(status(NOW_MS + 60_000, config="bbbbbbbbbbbb"))
    assert ("bed", "17") in told(news)
    (row,) = shown(board, "17")["limits_changed"]
    assert row["words"] == "judged by configuration bbbbbbbb, the session began under aaaaaaaa"
    assert row["t"] == iso(NOW_MS + 60_000)
    board.take(heard("18", "state", state(session="S-2")))
    assert "limits_changed" not in shown(board, "18")
    assert board.take(status(NOW_MS + 61_000, config="bbbbbbbbbbbb"))[:-1] == []
    board.take(status(NOW_MS + 62_000, config="aaaaaaaaaaaa"))
    assert "limits_changed" not in shown(board, "17")


def test_a_session_that_was_seen_before_the_monitor_began_under_the_first_it_says() -> None:
    board, _ = board_at()
    board.take(heard("17", "state", state()))
    board.take(status(config="aaaaaaaaaaaa"))
    assert board.configurations.began == {"S-1": "aaaaaaaaaaaa"}


def test_what_a_journal_says_of_the_beginning_counts_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal.open_for_writing(path, unit=UNIT, software="", config="") as journal:
        step = journal.append_step(T0_MS, [])
        changes = [("open", "aaaaaaaaaaaa", False), ("start", "bbbbbbbbbbbb", False)]
        journal.append_effects(
            step,
            [
                SessionChanged(
                    at_ms=T0_MS,
                    bed="17",
                    session="S-1",
                    event=event,
                    phase="opened",
                    before="none",
                    subject="PX-1",
                    product="other",
                    reason="",
                    refused=refused,
                    config=config,
                )
                for event, config, refused in [("open", "cccccccccccc", True), *changes]
            ],
        )
    assert configurations_of_journal(path) == {"S-1": "aaaaaaaaaaaa"}
    assert configurations_of_journal(tmp_path / "nowhere") == {}
    board, _ = board_at()
    board.configurations.began.update(configurations_of_journal(path))
    board.take(heard("17", "state", state()))
    assert ("bed", "17") in told(board.take(status(config="bbbbbbbbbbbb")))
    (row,) = shown(board, "17")["limits_changed"]
    assert "t" not in row  # nobody here saw when


def test_sessions_that_are_remembered_are_bounded() -> None:
    found = Configurations()
    found.take("a", 0)
    for number in range(SESSIONS_MAX + 5):
        found.see(f"S-{number}")
    assert len(found.began) == SESSIONS_MAX
    assert "S-0" not in found.began
    found.see("")
    assert "" not in found.began
