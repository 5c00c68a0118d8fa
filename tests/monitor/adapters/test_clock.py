"""The steady clock: never back, never stopped, and honest about how far it is off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.clock import SLOWED_BY, AcceleratedClock, SteadyClock

SECOND_NS = 1_000_000_000
HOUR_MS = 3_600_000


class Machine:
    """A machine whose two clocks are turned by hand."""

    def __init__(self) -> None:
        self.time_of_day_ns = 1_795_000_000 * SECOND_NS
        self.counter_ns = 5 * SECOND_NS

    def clock(self) -> SteadyClock:
        return SteadyClock(
            time_of_day_ns=lambda: self.time_of_day_ns, counter_ns=lambda: self.counter_ns
        )

    def wait(self, seconds: float) -> None:
        self.time_of_day_ns += int(seconds * SECOND_NS)
        self.counter_ns += int(seconds * SECOND_NS)


def test_it_shows_the_time_of_day() -> None:
    machine = Machine()
    clock = machine.clock()
    for _ in range(5):
        machine.wait(1.5)
        assert clock.now_ms() == machine.time_of_day_ns // 1_000_000
        assert clock.ahead_ms() == 0


def test_a_clock_set_back_goes_on_a_little_slower_until_the_two_agree() -> None:
    machine = Machine()
    clock = machine.clock()
    before = clock.now_ms()
    machine.time_of_day_ns -= 30 * SECOND_NS
    machine.wait(10)
    assert clock.now_ms() - before == 10_000 - 10_000 // SLOWED_BY
    assert clock.ahead_ms() == 30_000
    for _ in range(30 * SLOWED_BY):
        machine.wait(1)
        clock.now_ms()
    assert clock.now_ms() == machine.time_of_day_ns // 1_000_000
    assert clock.ahead_ms() == 0


def test_a_clock_set_far_back_goes_on_at_its_own_pace_until_it_is_set_right() -> None:
    machine = Machine()
    clock = machine.clock()
    before = clock.now_ms()
    machine.time_of_day_ns -= 3_600 * SECOND_NS
    for second in range(1, 4_000):
        machine.wait(1)
        assert clock.now_ms() - before == 1000 * second
    assert clock.ahead_ms() == HOUR_MS
    assert clock.jumped_ms() == 0
    machine.time_of_day_ns += 3_600 * SECOND_NS
    machine.wait(1)
    assert clock.now_ms() - before == 4_000_000
    assert clock.ahead_ms() == clock.jumped_ms() == 0


def test_a_clock_set_forward_is_followed_at_once_and_says_once_how_far() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.time_of_day_ns += 3600 * SECOND_NS
    assert clock.now_ms() == machine.time_of_day_ns // 1_000_000
    machine.wait(1)
    clock.now_ms()
    assert [clock.jumped_ms(), clock.jumped_ms()] == [HOUR_MS, 0]


def test_it_goes_on_from_what_an_earlier_run_has_shown() -> None:
    machine = Machine()
    clock = machine.clock()
    later_ms = clock.now_ms() + HOUR_MS
    clock.hold(later_ms)
    assert clock.now_ms() == later_ms
    machine.wait(20)
    assert clock.now_ms() == later_ms + 20_000
    clock.hold(0)
    assert clock.now_ms() == later_ms + 20_000


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(-7200, 7200)), max_size=30))
def test_it_never_goes_back_whatever_is_done_to_the_machine(
    turns: list[tuple[float, int]],
) -> None:
    machine = Machine()
    clock = machine.clock()
    shown = [clock.now_ms()]
    for waited_s, set_s in turns:
        machine.time_of_day_ns += set_s * SECOND_NS
        machine.wait(waited_s)
        shown.append(clock.now_ms())
        assert shown[-1] - shown[-2] >= int(waited_s * 1000 * (1 - 1 / SLOWED_BY)) - 1
    assert shown == sorted(shown)


def test_an_accelerated_clock_runs_from_its_start_at_its_speed() -> None:
    machine = Machine()
    clock = AcceleratedClock(speed=30, start_ms=1_000, counter_ns=lambda: machine.counter_ns)
    assert clock.now_ms() == 1_000
    machine.wait(2)
    assert clock.now_ms() == 61_000
    assert clock.seconds_for(60_000) == 2.0
    clock.hold(100_000)
    assert clock.now_ms() == 100_000
    machine.wait(1)
    assert clock.now_ms() == 130_000
    assert clock.ahead_ms() == 0


def test_a_clock_that_stands_still_is_refused() -> None:
    with pytest.raises(ValueError, match="speed must be above 0, got 0"):
        AcceleratedClock(speed=0, start_ms=0)
