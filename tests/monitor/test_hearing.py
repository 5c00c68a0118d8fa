"""What is believed of a device's clock: every cell of the table, and the kernel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.care.hearing import (
    CLOCK_EVENTS,
    CLOCK_STATES,
    CLOCK_TABLE,
    RIGHT,
    ClockEvent,
    ClockState,
    DeviceClock,
    HearingParams,
    clock_after,
)
from monitor.care.troubles import TROUBLES, cause, label, length

PARAMS = HearingParams(
    clock_limit_ms=30_000,
    clock_agree_ms=10_000,
    clock_proof_ms=60_000,
    trouble_forgotten_ms=600_000,
    refusals_told=3,
    message_rate=20,
    message_burst=100,
    devices_max=10,
)
LATE_MS = 1_440_000
START_MS = 10_000_000

EXPECTED: dict[tuple[ClockState, ClockEvent], ClockState] = {
    ("right", "on-time"): "right",
    ("right", "same"): "doubted",
    ("right", "same-proven"): "wrong",
    ("right", "other"): "doubted",
    ("right", "other-proven"): "right",
    ("doubted", "on-time"): "right",
    ("doubted", "same"): "doubted",
    ("doubted", "same-proven"): "wrong",
    ("doubted", "other"): "doubted",
    ("doubted", "other-proven"): "late",
    ("wrong", "on-time"): "right",
    ("wrong", "same"): "wrong",
    ("wrong", "same-proven"): "wrong",
    ("wrong", "other"): "doubted",
    ("wrong", "other-proven"): "late",
    ("late", "on-time"): "right",
    ("late", "same"): "late",
    ("late", "same-proven"): "wrong",
    ("late", "other"): "late",
    ("late", "other-proven"): "late",
}


def heard(*messages: tuple[int, int]) -> DeviceClock:
    """Return what is believed after messages of (seconds of receipt, delay in ms)."""
    clock = RIGHT
    for at_s, delay_ms in messages:
        clock = clock_after(clock, delay_ms, START_MS + 1000 * at_s, PARAMS)
    return clock


@pytest.mark.parametrize("state", CLOCK_STATES)
@pytest.mark.parametrize("event", CLOCK_EVENTS)
def test_every_cell_of_the_clock_table(state: ClockState, event: ClockEvent) -> None:
    assert CLOCK_TABLE[state].get(event, state) == EXPECTED[state, event]


def test_a_clock_that_is_wrong_by_the_same_for_a_minute_is_corrected() -> None:
    assert heard((0, LATE_MS), (59, LATE_MS)).offset_ms == 0
    clock = heard((0, LATE_MS + 800), (30, LATE_MS), (60, LATE_MS + 300))
    assert (clock.state, clock.offset_ms) == ("wrong", LATE_MS)
    assert heard((0, -LATE_MS), (60, -LATE_MS - 10)).offset_ms == -LATE_MS - 10


def test_one_message_on_time_ends_every_doubt() -> None:
    assert heard((0, LATE_MS), (60, LATE_MS), (90, 500)) is RIGHT
    assert heard((0, LATE_MS), (30, -30_000), (60, LATE_MS)).state == "doubted"


def test_a_backlog_is_never_taken_for_a_clock() -> None:
    """Forty minutes of messages arrive within two seconds, each less late than the one before."""
    burst = [(second // 60, 2_400_000 - 30_000 * second) for second in range(78)]
    states = {heard(*burst[:number]).state for number in range(1, 79)}
    assert states == {"doubted"}


def test_delays_that_differ_for_a_minute_are_late_and_not_corrected() -> None:
    clock = heard((0, 60_000), (30, 90_000), (60, 60_000))
    assert (clock.state, clock.offset_ms) == ("late", 0)
    assert heard((0, 60_000), (30, 90_000), (60, 60_000), (90, 61_000)).state == "late"
    settled = heard((0, 60_000), (60, 90_000), (90, 60_000), (150, 61_000))
    assert (settled.state, settled.offset_ms) == ("wrong", 60_000)


def test_a_clock_that_is_set_to_another_wrong_time_is_doubted_anew() -> None:
    clock = heard((0, LATE_MS), (60, LATE_MS), (90, 2 * LATE_MS))
    assert clock.offset_ms == 0
    again = heard((0, LATE_MS), (60, LATE_MS), (90, 2 * LATE_MS), (150, 2 * LATE_MS))
    assert again.offset_ms == 2 * LATE_MS


@given(
    st.integers(-86_400_000, 86_400_000),
    st.lists(st.integers(0, 5_000), min_size=4, max_size=30),
)
def test_the_correction_leaves_only_the_way(offset_ms: int, ways_ms: list[int]) -> None:
    """Whatever the offset, a corrected time is at most a way from the true one, never after it."""
    clock = RIGHT
    for number, way_ms in enumerate(ways_ms):
        clock = clock_after(clock, offset_ms + way_ms, START_MS + 30_000 * number, PARAMS)
        if clock.state == "wrong":
            assert 0 <= offset_ms + way_ms - clock.offset_ms <= 5_000
    if min(offset_ms + way for way in ways_ms) > 30_000 or offset_ms < -35_001:
        assert clock.state == "wrong"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"clock_agree_ms": 30_000}, "clock_agree must be shorter than clock_limit"),
        ({"clock_proof_ms": 10_000}, "clock_proof must be longer than clock_agree"),
        ({"refusals_told": 0}, "refusals_told must be at least 1"),
        ({"message_rate": 0}, "message_rate must be at least 1"),
        ({"message_burst": 0}, "message_burst must be at least 1"),
        ({"devices_max": 0}, "devices_max must be at least 1"),
    ],
)
def test_limits_that_would_believe_too_much_are_refused(
    changed: dict[str, int], words: str
) -> None:
    values = {name: getattr(PARAMS, name) for name in HearingParams.__slots__}
    with pytest.raises(ValueError, match=words):
        HearingParams(**{**values, **changed})


def test_every_trouble_has_words_and_an_end_of_its_own() -> None:
    assert len({row.words for row in TROUBLES.values()}) == len(TROUBLES)
    for key, row in TROUBLES.items():
        assert row.key == key
        assert row.ends
        assert "{" not in label(key, what="x", more="y")
    assert (cause("gap", "mon-1"), cause("no-data")) == ("gap:mon-1", "no-data")
    assert length(-1_443_000) == "24 min 3 s"
    assert length(999) == "0 s"
