"""What holds for every stream of records, however it is cut into steps.

The stateful test beside it (test_ward_life) plays one bed and looks at it after every step.
"""

import copy
import pickle
from dataclasses import fields, replace
from typing import Final

import msgspec
import numpy as np
from builders import ward_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ward_builders import UNIT, numbered, quiet_clocks, quiet_loop
from ward_streams import (
    BEDS,
    Stream,
    cut,
    lines,
    one_each,
    resolved,
    shifted,
    streams,
    told,
    undated,
)

from monitor.facts.effects import AlertChanged, AlertEscalated, AnyEffect, GradeChanged
from monitor.facts.records import ActTaken, VitalsReported
from monitor.ward.roster import columns
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings

DAY_MS: Final = 86_400_000

few = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])


DUE: Final = {
    "technical": "silent, never heard and absent compare the time of the step with that of receipt",
    "re-alert": "an acknowledged alert comes back when a step finds that its time has come",
    "loop": "a step of mitigation is looked at, and a restart opened, when its time has come",
    "escalation": "an unanswered alert is told further when a step finds that it waited too long",
    "not assessable": "a grade of 0 becomes not assessable when a needed channel is found silent",
}
"""Everything that may depend on when steps are made, and why. Nothing else may."""


def is_due(effect: AnyEffect) -> bool:
    """Whether an effect is one of those that belong to a step and not to a record."""
    if isinstance(effect, AlertChanged):
        return effect.kind == "technical"
    return isinstance(effect, GradeChanged | AlertEscalated)


def stopped() -> WardSettings:
    """Return settings in which nothing is due by time alone, and no clock is doubted.

    A wrong clock is found message by message, but told when a step ends.
    """
    made = quiet_clocks(ward_settings())
    return replace(made, hearing=replace(made.hearing, clock_limit_ms=10**12))


def fresh(*, clocks: bool = False) -> Ward:
    made = quiet_loop(ward_settings()) if clocks else stopped()
    return Ward(made, unit=UNIT)


@few
@given(stream=streams(), ends=st.lists(st.integers(0, 99), max_size=6))
def test_nothing_depends_on_where_steps_end(stream: Stream, ends: list[int]) -> None:
    """With the clocks of :data:`DUE` stopped, all effects are the same in order and bytes."""
    assert set(DUE) == {"technical", "re-alert", "loop", "escalation", "not assessable"}
    exact = resolved(stopped(), stream)
    expected = lines(told(fresh(), one_each(exact)))
    assert lines(told(fresh(), [exact])) == expected
    assert lines(told(fresh(), cut(exact, ends))) == expected


@few
@given(stream=streams(), ends=st.lists(st.integers(0, 99), max_size=6))
def test_only_what_is_due_depends_on_the_time_of_steps(stream: Stream, ends: list[int]) -> None:
    """The same with the clocks running: what is left out is what :data:`DUE` names.

    The clock of the loop stands still: what it opens is told with everything else.
    """
    silent = tuple(one for one in stream if not isinstance(one, ActTaken))
    expected = [one for one in told(fresh(clocks=True), one_each(silent)) if not is_due(one)]
    for steps in ([silent], cut(silent, ends)):
        found = [one for one in told(fresh(clocks=True), steps) if not is_due(one)]
        assert lines(found) == lines(expected)


@few
@given(stream=streams(), days=st.integers(-2000, 2000))
def test_the_date_changes_nothing_but_ids(stream: Stream, days: int) -> None:
    made, shift_ms = ward_settings(), days * DAY_MS
    then = resolved(made, shifted(stream, shift_ms))
    now = resolved(made, stream)
    moved_effects = told(Ward(made, unit=UNIT), one_each(then))
    effects = told(Ward(made, unit=UNIT), one_each(now))
    assert undated(moved_effects, shift_ms) == undated(effects, 0)


@few
@given(
    first=streams(beds="1", strangers=False),
    second=streams(beds="2", strangers=False),
    order=st.lists(st.booleans(), max_size=80),
)
def test_beds_are_independent_in_any_order(
    first: Stream, second: Stream, order: list[bool]
) -> None:
    made = stopped()
    mine, other = resolved(made, first), resolved(made, second)
    alone = {
        "1": lines(told(fresh(), one_each(mine))),
        "2": lines(told(fresh(), one_each(other))),
    }
    waiting, mixed = {"1": list(mine), "2": list(other)}, []
    for turn in [*order, *[True] * len(mine), *[False] * len(other)]:
        queue = waiting["1" if turn else "2"]
        if queue:
            mixed.append(queue.pop(0))
    for steps in (one_each(mixed), [tuple(mixed)]):
        effects = told(fresh(), steps)
        for bed in BEDS:
            assert lines(one for one in effects if one.bed == bed) == alone[bed]


@few
@given(stream=streams(), ends=st.lists(st.integers(0, 99), max_size=6))
def test_every_reading_comes_to_exactly_one_end(stream: Stream, ends: list[int]) -> None:
    ward = fresh(clocks=True)
    told(ward, cut(stream, ends))
    sent = sum(len(one.values) for one in stream if isinstance(one, VitalsReported))
    assert sum(ward.state.outcomes.values()) == sent


@few
@given(stream=streams(), at=st.integers(1, 40), by_pickle=st.booleans())
def test_a_copy_goes_on_like_the_original(stream: Stream, at: int, *, by_pickle: bool) -> None:
    made = ward_settings()
    exact = resolved(made, stream)
    ward = Ward(made, unit=UNIT)
    told(ward, one_each(exact[:at]))
    other = pickle.loads(pickle.dumps(ward)) if by_pickle else copy.deepcopy(ward)  # noqa: S301 - our own bytes
    expected = told(ward, one_each(exact[at:]))
    assert lines(told(other, one_each(exact[at:]))) == lines(expected)
    now_ms = exact[-1].received_ms
    assert other.view(now_ms) == ward.view(now_ms)


@few
@given(stream=streams())
def test_what_comes_in_is_not_changed(stream: Stream) -> None:
    before = pickle.dumps(stream)
    told(fresh(), [stream])
    assert pickle.dumps(stream) == before
    ward = fresh()
    arrived = columns(ward.state.roster, numbered(stream))
    for field in fields(arrived.readings):
        getattr(arrived.readings, field.name).setflags(write=False)
    kept = copy.deepcopy(arrived.readings)
    ward.step(stream[-1].received_ms, arrived.readings, arrived.acts)
    for field in fields(kept):
        assert np.array_equal(getattr(kept, field.name), getattr(arrived.readings, field.name))


@few
@given(stream=streams())
def test_effects_survive_the_ledger(stream: Stream) -> None:
    for effect in told(fresh(clocks=True), one_each(stream)):
        line = msgspec.json.encode(effect)
        assert msgspec.json.encode(effect) == line
        assert msgspec.json.decode(line, type=AnyEffect) == effect
