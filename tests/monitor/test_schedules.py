"""Which vital signs are due: worked examples, and a slow twin that remembers every set."""

from typing import Any, Final

import numpy as np
import pytest
from builders import ward_settings
from hypothesis import given
from hypothesis import strategies as st

from detectors.channels import CHANNEL_NAMES, N_CHANNELS, NEVER, Channel, Int64
from monitor.care.schedules import (
    RANK,
    After,
    Milestones,
    Schedule,
    ScheduleRow,
    due_sets,
    next_look_ms,
)
from monitor.facts.views import DueSet

MIN_MS: Final = 60_000


def row(**changed: Any) -> ScheduleRow:  # noqa: ANN401 - fields differ
    usual: dict[str, Any] = {
        "key": "quarter",
        "words": "15 min after the start",
        "after": "start",
        "at_ms": 15 * MIN_MS,
        "late_ms": 5 * MIN_MS,
        "overdue_ms": 10 * MIN_MS,
        "source": ("engineering",),
    }
    return ScheduleRow(**{**usual, **changed})


HOURLY: Final = row(key="hourly", words="every hour", at_ms=60 * MIN_MS, every_ms=60 * MIN_MS)
BEFORE: Final = row(key="before", words="before the start", after="open", at_ms=0)


def schedule(*rows: ScheduleRow) -> Schedule:
    return Schedule(
        key="s",
        title="",
        channels=(int(Channel.HR), int(Channel.TEMP)),
        early_ms=5 * MIN_MS,
        rows=rows or (row(),),
        source=(),
    )


def measured(hr: float | None = None, temp: float | None = None) -> Int64:
    """Return when the heart rate and the temperature were last taken [min]."""
    times = np.full(N_CHANNELS, NEVER, np.int64)
    for channel, at_min in ((Channel.HR, hr), (Channel.TEMP, temp)):
        if at_min is not None:
            times[channel] = round(at_min * MIN_MS)
    return times


STARTED: Final = Milestones(started_ms=0)


@pytest.mark.parametrize(
    ("now_min", "state"),
    [(0, "next"), (14.9, "next"), (15, "due"), (19.9, "due"), (20, "late"), (24.9, "late"),
     (25, "overdue"), (999, "overdue")],
)  # fmt: skip
def test_a_set_that_nobody_takes_is_due_then_late_then_overdue(now_min: float, state: str) -> None:
    (found,) = due_sets(schedule(), STARTED, measured(), round(now_min * MIN_MS))
    assert (found.state, found.due_ms, found.missing) == (state, 15 * MIN_MS, ("hr", "temp"))


@pytest.mark.parametrize(
    ("hr", "temp", "missing"),
    [(None, 16, ("hr",)), (16, 9.9, ("temp",)), (9.9, 9.9, ("hr", "temp")), (10, 10, None),
     (16, 16, None)],
)  # fmt: skip
def test_a_set_counts_when_it_is_whole_and_at_most_a_little_early(
    hr: float | None, temp: float | None, missing: tuple[str, ...] | None
) -> None:
    found = due_sets(schedule(), STARTED, measured(hr, temp), 26 * MIN_MS)
    assert [one.missing for one in found] == ([] if missing is None else [missing])


@pytest.mark.parametrize(
    ("taken_min", "wanted_min"),
    [(None, 60), (54, 60), (55, 120), (60, 120), (114, 120), (115, 180)],
)
def test_a_row_that_repeats_wants_the_first_time_without_a_set(
    taken_min: float | None, wanted_min: float
) -> None:
    (found,) = due_sets(schedule(HOURLY), STARTED, measured(taken_min, taken_min), 0)
    assert found.due_ms == wanted_min * MIN_MS


def test_what_is_overdue_stays_so_when_the_next_time_comes() -> None:
    (found,) = due_sets(schedule(HOURLY), STARTED, measured(), 125 * MIN_MS)
    assert (found.state, found.due_ms) == ("overdue", 60 * MIN_MS)


@pytest.mark.parametrize(
    ("after", "milestone"),
    [("open", "opened_ms"), ("start", "started_ms"), ("rate-change", "rate_changed_ms"),
     ("end", "ended_ms")],
)  # fmt: skip
def test_a_row_counts_from_its_event_and_from_no_other(after: After, milestone: str) -> None:
    plan = schedule(row(after=after))
    given_ms = dict.fromkeys(Milestones.__dataclass_fields__, 0)
    assert due_sets(plan, Milestones(**{milestone: 0}), measured(), 0)
    others = Milestones(**{name: at for name, at in given_ms.items() if name != milestone})
    assert due_sets(plan, others, measured(), 0) == ()


def test_what_is_owed_comes_first_and_of_what_comes_only_the_nearest() -> None:
    plan = schedule(HOURLY, row(), row(key="half", at_ms=30 * MIN_MS))
    found = due_sets(plan, STARTED, measured(), 16 * MIN_MS)
    assert [(one.key, one.state) for one in found] == [("quarter", "due"), ("half", "next")]
    found = due_sets(plan, STARTED, measured(), 31 * MIN_MS)
    assert [one.key for one in found] == ["quarter", "half", "hourly"]


@pytest.mark.parametrize(("now_min", "look_min"), [(0, 15), (15, 20), (20, 25), (25, None)])
def test_when_to_look_again(now_min: int, look_min: int | None) -> None:
    found = due_sets(schedule(), STARTED, measured(), now_min * MIN_MS)
    look_ms = None if look_min is None else look_min * MIN_MS
    assert next_look_ms(schedule(), found) == look_ms
    assert next_look_ms(schedule(), ()) is None


def naive_states(plan: Schedule, start_min: int, taken_min: int | None, now_min: int) -> list[Any]:
    """Walk through every time of every row and look for the first without a set."""
    found = []
    early, late, overdue = (
        plan.early_ms // MIN_MS, plan.rows[0].late_ms // MIN_MS, plan.rows[0].overdue_ms // MIN_MS,
    )  # fmt: skip
    for one in plan.rows:
        due = start_min + one.at_ms // MIN_MS
        while taken_min is not None and taken_min >= due - early:
            if one.every_ms is None:
                break
            due += one.every_ms // MIN_MS
        else:
            age = now_min - due
            words = [(overdue, "overdue"), (late, "late"), (0, "due")]
            state = next((word for least, word in words if age >= least), "next")
            found.append((due, one.key, state))
    return sorted(found)


@given(
    start_min=st.integers(-50, 50),
    taken_min=st.none() | st.integers(-100, 500),
    now_min=st.integers(-100, 500),
)
def test_the_quick_answer_is_that_of_the_slow_twin(
    start_min: int, taken_min: int | None, now_min: int
) -> None:
    plan = schedule(row(), HOURLY)
    times = measured(taken_min, None if taken_min is None else taken_min + 7)
    before = times.copy()
    found = due_sets(plan, Milestones(started_ms=start_min * MIN_MS), times, now_min * MIN_MS)
    assert (times == before).all()
    expected = naive_states(plan, start_min, taken_min, now_min)
    owed = [one for one in expected if one[2] != "next"]
    coming = [one for one in expected if one[2] == "next"][:1]
    assert [(one.due_ms // MIN_MS, one.key, one.state) for one in found] == owed + coming
    look_ms = next_look_ms(plan, found)
    if look_ms is not None:
        # Nothing changes before the time at which it is looked at again, and something then.
        early = due_sets(plan, Milestones(started_ms=start_min * MIN_MS), times, look_ms - 1)
        then = due_sets(plan, Milestones(started_ms=start_min * MIN_MS), times, look_ms)
        assert look_ms > now_min * MIN_MS
        assert [one.state for one in early] == [one.state for one in found]
        assert _states(then) != _states(found)


def _states(sets: tuple[DueSet, ...]) -> list[tuple[str, int]]:
    return [(one.key, RANK[one.state]) for one in sets]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"late_ms": 0}, "late must be above 0"),
        ({"late_ms": 10 * MIN_MS}, "below overdue"),
        ({"every_ms": 0}, "every must be above 0"),
    ],
)
def test_a_row_that_cannot_be_kept_is_refused(changed: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        row(**changed)


def test_a_schedule_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="channels and rows"):
        Schedule(key="s", title="", channels=(), early_ms=0, rows=(row(),), source=())


def test_the_schedule_in_force_is_the_published_one() -> None:
    plan = ward_settings().schedule
    assert plan.key == "newfoundland"
    times = [(one.after, one.at_ms // MIN_MS) for one in plan.rows]
    assert times == [
        ("open", 0), ("start", 15), ("rate-change", 0), ("start", 60), ("end", 0), ("end", 30),
    ]  # fmt: skip
    assert [CHANNEL_NAMES[channel] for channel in plan.channels] == ["hr", "sbp", "temp"]
