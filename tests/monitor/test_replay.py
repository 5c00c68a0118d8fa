"""The same steps give the same bytes, and a difference is named where it begins."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay_wards import STEPS, T0, StandInWard, effects_of

from monitor.adapters.ledger import effect_bytes
from monitor.facts.effects import AlertChanged, AnyEffect, Context
from monitor.facts.records import RawMessage, RecordedStep
from monitor.replay import (
    Tally,
    digest,
    first_difference,
    rebatch,
    replay,
)


def test_everything_goes_through_the_decoder_in_order_of_arrival() -> None:
    replayed = list(replay(STEPS, StandInWard()))

    assert [step for step, _ in replayed] == list(STEPS)
    kinds = [[type(effect).__name__ for effect in effects] for _, effects in replayed]
    assert kinds == [["GradeChanged"], [], ["GradeChanged"], ["MessageRejected"]]


def test_a_window_of_nothing_makes_every_message_a_step_of_its_own() -> None:
    single = list(rebatch(STEPS, window_ms=0))

    assert [(step.now_ms - T0, len(step.messages)) for step in single] == [
        (400, 1),
        (900, 1),
        (1_000, 0),
        (2_000, 0),
        (2_500, 1),
        (3_000, 0),
        (3_200, 1),
        (4_000, 0),
    ]


def test_a_long_window_joins_steps() -> None:
    joined = list(rebatch(STEPS, window_ms=2_000))

    assert [(step.now_ms - T0, len(step.messages)) for step in joined] == [
        (1_000, 2),
        (3_000, 1),
        (4_000, 1),
    ]


gaps = st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 3)), max_size=12)


@given(gaps, st.integers(0, 10_000))
def test_no_boundary_loses_doubles_or_reorders_a_message(
    story: list[tuple[int, int]], window_ms: int
) -> None:
    steps, now_ms = [], T0
    for gap_ms, count in story:
        now_ms += gap_ms
        received = [now_ms - 7 * n for n in range(count)]
        messages = tuple(
            RawMessage(received_ms=ms, topic=f"{now_ms}", payload=b"%d" % n)
            for n, ms in enumerate(received)
        )
        steps.append(RecordedStep(now_ms=now_ms, messages=messages))

    cut = list(rebatch(steps, window_ms=window_ms))

    assert [m for step in cut for m in step.messages] == [m for s in steps for m in s.messages]
    times = [step.now_ms for step in cut]
    assert times == sorted(times)
    assert times[-1:] == [step.now_ms for step in steps[-1:]]


def test_a_window_is_never_negative() -> None:
    with pytest.raises(ValueError, match="a window of -1 ms, must be at least 0"):
        list(rebatch(STEPS, window_ms=-1))


def test_what_is_decided_per_reading_does_not_depend_on_boundaries() -> None:
    whole = digest(effects_of(STEPS))

    assert digest(effects_of(rebatch(STEPS, window_ms=0))) == whole
    assert digest(effects_of(rebatch(STEPS, window_ms=60_000))) == whole


def test_the_digest_sees_every_effect_and_their_order() -> None:
    effects = effects_of(STEPS)

    assert len({digest(effects), digest(effects[:-1]), digest(effects[::-1]), digest([])}) == 4


Changed = Callable[[list[AnyEffect]], list[AnyEffect]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda e: e, ""),
        (lambda e: e[:-1], "effect 3: fewer than were blessed"),
        (lambda e: [*e, e[0]], "effect 4: more effects than were blessed"),
        (
            lambda e: [e[0], msgspec.structs.replace(e[1], grade=3), e[2]],
            "effect 2: grade: 2 was blessed, 3 came",
        ),
        (
            lambda e: [e[0], msgspec.structs.replace(e[1], reasons=("x",)), e[2]],
            "effect 2: reasons: [] was blessed",
        ),
        (lambda e: [e[1], e[1], e[2]], "effect 1: "),
    ],
)
def test_the_first_difference_is_named(change: Changed, words: str) -> None:
    effects = effects_of(STEPS)
    blessed = [effect_bytes(effect) for effect in effects]

    found = first_difference(blessed, [effect_bytes(effect) for effect in change(effects)])

    assert found.startswith(words)
    assert bool(found) == bool(words)


def alert(**changes: object) -> AlertChanged:
    plain = AlertChanged(
        at_ms=T0,
        bed="17",
        session="S-1",
        id="a-1",
        revision=1,
        phase="start",
        condition="active",
        signal="on",
        kind="physiological",
        priority="high",
        cause="hypotension",
        pattern="hypotensive",
        grade=2,
        onset_ms=T0,
        raised_ms=T0,
        label="SBP",
        because=(),
        context=Context(),
        grade_path=((T0, 2),),
        acknowledged_by="",
        acknowledged_ms=None,
        realert_ms=None,
        rulebook="sha256:00",
    )
    return msgspec.structs.replace(plain, **changes)


def test_another_configuration_alone_is_no_difference() -> None:
    old, new = effect_bytes(alert()), effect_bytes(alert(rulebook="sha256:11"))

    assert old != new
    assert first_difference([old], [new]) == ""


def test_a_difference_deep_inside_is_named_with_its_path() -> None:
    old, new = effect_bytes(alert()), effect_bytes(alert(grade_path=((T0, 3),)))

    assert "grade_path[0][1]: 2 was blessed, 3 came" in first_difference([old], [new])


def test_an_episode_counts_once_with_its_highest_grade() -> None:
    tally = Tally()
    steps = [(STEPS[0], (alert(), alert(grade=4, revision=2), alert(grade=1, revision=3)))]

    list(tally.add([*steps, (STEPS[3], (alert(id="a-2", kind="technical", grade=0),))]))

    assert tally.alerts("physiological") == {4: 1}
    assert sum(tally.alerts("technical").values()) == 1
    assert tally.duration_ms == 3_000
    assert tally.peak_grades == {-1: 1}
