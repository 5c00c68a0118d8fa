"""Every cell of the session table, and what every pump report means in every phase."""

from typing import Final, get_args

import pytest
from ward_builders import pump

from monitor.care.session import (
    BEFORE_START,
    EVENTS,
    OPEN,
    PHASES,
    RUNNING,
    TABLE,
    Phase,
    SessionEvent,
    next_phase,
    pump_event,
    refusal,
)
from monitor.facts.effects import SessionPhase
from monitor.facts.records import PumpState

# Which event leads where; "-" marks an event that has no place in the phase.
EXPECTED: Final = """
phase     open    baseline start     raised    lowered pause   resume    stop     complete watched close
none      opened  -        -         -         -       -       -         -        -        -       -
opened    -       baseline infusing  -         -       -       -         -        -        -       closed
baseline  -       -        infusing  -         -       -       -         -        -        -       closed
infusing  -       -        -         infusing  slowed  paused  -         stopped  watch    -       closed
slowed    -       -        -         infusing  slowed  paused  -         stopped  watch    -       closed
paused    -       -        -         -         -       -       infusing  stopped  watch    -       closed
stopped   -       -        -         -         -       -       infusing  -        watch    closed  closed
watch     -       -        -         -         -       -       infusing  stopped  -        closed  closed
closed    opened  -        -         -         -       -       -         -        -        -       -
"""  # noqa: E501 - one line a phase

# What a pump report means; columns are the state and how its rate compares with the last one.
# "same" is the last known rate, "none" no rate in the report, "zero" a rate of nothing.
MEANING: Final = """
phase     state     first    same     faster   slower   none     zero
none      infusing  -        -        -        -        -        -
none      paused    -        -        -        -        -        -
none      kvo       -        -        -        -        -        -
none      stopped   -        -        -        -        -        -
none      complete  -        -        -        -        -        -
none      idle      -        -        -        -        -        -
none      fault     -        -        -        -        -        -
opened    infusing  start    start    start    start    start    -
opened    paused    -        -        -        -        -        -
opened    kvo       -        -        -        -        -        -
opened    stopped   -        -        -        -        -        -
opened    complete  -        -        -        -        -        -
opened    idle      -        -        -        -        -        -
opened    fault     -        -        -        -        -        -
baseline  infusing  start    start    start    start    start    -
baseline  paused    -        -        -        -        -        -
baseline  kvo       -        -        -        -        -        -
baseline  stopped   -        -        -        -        -        -
baseline  complete  -        -        -        -        -        -
baseline  idle      -        -        -        -        -        -
baseline  fault     -        -        -        -        -        -
infusing  infusing  -        -        raised   lowered  -        pause
infusing  paused    pause    pause    pause    pause    pause    pause
infusing  kvo       pause    pause    pause    pause    pause    pause
infusing  stopped   stop     stop     stop     stop     stop     stop
infusing  complete  complete complete complete complete complete complete
infusing  idle      -        -        -        -        -        -
infusing  fault     -        -        -        -        -        -
slowed    infusing  -        -        raised   lowered  -        pause
slowed    paused    pause    pause    pause    pause    pause    pause
slowed    kvo       pause    pause    pause    pause    pause    pause
slowed    stopped   stop     stop     stop     stop     stop     stop
slowed    complete  complete complete complete complete complete complete
slowed    idle      -        -        -        -        -        -
slowed    fault     -        -        -        -        -        -
paused    infusing  resume   resume   resume   resume   resume   -
paused    paused    -        -        -        -        -        -
paused    kvo       -        -        -        -        -        -
paused    stopped   stop     stop     stop     stop     stop     stop
paused    complete  complete complete complete complete complete complete
paused    idle      -        -        -        -        -        -
paused    fault     -        -        -        -        -        -
stopped   infusing  resume   resume   resume   resume   resume   -
stopped   paused    -        -        -        -        -        -
stopped   kvo       -        -        -        -        -        -
stopped   stopped   -        -        -        -        -        -
stopped   complete  complete complete complete complete complete complete
stopped   idle      -        -        -        -        -        -
stopped   fault     -        -        -        -        -        -
watch     infusing  resume   resume   resume   resume   resume   -
watch     paused    -        -        -        -        -        -
watch     kvo       -        -        -        -        -        -
watch     stopped   -        -        -        -        -        -
watch     complete  -        -        -        -        -        -
watch     idle      -        -        -        -        -        -
watch     fault     -        -        -        -        -        -
closed    infusing  -        -        -        -        -        -
closed    paused    -        -        -        -        -        -
closed    kvo       -        -        -        -        -        -
closed    stopped   -        -        -        -        -        -
closed    complete  -        -        -        -        -        -
closed    idle      -        -        -        -        -        -
closed    fault     -        -        -        -        -        -
"""

LAST_RATE: Final = 10_000
RATES: Final[dict[str, tuple[int | None, int | None]]] = {
    "first": (None, 120),
    "same": (LAST_RATE, 100),
    "faster": (LAST_RATE, 120),
    "slower": (LAST_RATE, 60),
    "none": (LAST_RATE, None),
    "zero": (LAST_RATE, 0),
}
"""Rate before [hundredths] and rate reported [mL/h]."""


def _table(text: str) -> tuple[list[str], list[list[str]]]:
    head, *rows = [line.split() for line in text.strip().splitlines()]
    return head, rows


def _cells() -> list[tuple[Phase, SessionEvent, str]]:
    head, rows = _table(EXPECTED)
    return [
        (phase, event, expected)
        for row in rows
        for phase in PHASES
        if phase == row[0]
        for event, expected in zip(EVENTS, row[1:], strict=True)
        if event == head[1 + EVENTS.index(event)]
    ]


CELLS: Final = _cells()


def _meanings() -> list[tuple[Phase, PumpState, str, str]]:
    head, rows = _table(MEANING)
    states: tuple[PumpState, ...] = get_args(PumpState)
    return [
        (phase, state, rate, expected)
        for row in rows
        for phase in PHASES
        if phase == row[0]
        for state in states
        if state == row[1]
        for rate, expected in zip(head[2:], row[2:], strict=True)
    ]


MEANINGS: Final = _meanings()


def test_the_expected_tables_have_every_cell() -> None:
    assert (len(PHASES), len(EVENTS)) == (9, 11)
    assert len(CELLS) == 99
    assert len(MEANINGS) == 9 * 7 * 6
    assert len(set(MEANINGS)) == len(MEANINGS)
    assert set(PHASES) - {"none"} == set(get_args(SessionPhase))
    assert set(TABLE) == set(PHASES)


@pytest.mark.parametrize(("phase", "event", "expected"), CELLS)
def test_every_event_in_every_phase(phase: Phase, event: SessionEvent, expected: str) -> None:
    after = next_phase(phase, event)
    assert (after or "-") == expected
    if after is None:
        words = refusal(phase, event)
        assert repr(event) in words
        assert all(possible in words for possible in TABLE[phase])


def test_a_refusal_says_what_is_possible() -> None:
    assert refusal("none", "start") == (
        "'start' has no place while no session is open; possible now: open"
    )
    assert refusal("watch", "pause") == (
        "'pause' has no place while the session is watch; "
        "possible now: resume, stop, watched, close"
    )


@pytest.mark.parametrize(("phase", "state", "rate", "expected"), MEANINGS)
def test_every_pump_report_in_every_phase(
    phase: Phase, state: PumpState, rate: str, expected: str
) -> None:
    before, now = RATES[rate]
    event = pump_event(phase, before, pump(0, state, now))
    assert (event or "-") == expected
    if event is not None:
        assert next_phase(phase, event) is not None, "a pump event always has a place"


def test_the_groups_of_phases() -> None:
    assert {"infusing", "slowed"} == RUNNING
    assert {"opened", "baseline"} == BEFORE_START
    assert set(PHASES) - OPEN == {"none", "closed"}
