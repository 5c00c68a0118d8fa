"""The whole core: what it thinks depends on the readings alone, and is what its twin thinks."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from builders import (
    T0_MS,
    Message,
    Number,
    centi,
    channel_limits,
    detection,
    message,
    readings,
    round_of,
    row,
    shipped,
    steadiness_limits,
    told,
)
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_bed import NaiveBed, Reading

from detectors.baseline_life import set_aside
from detectors.channels import CHANNEL_NAMES, N_CHANNELS, NEVER, Channel, Flag
from detectors.confirmation import SignTrack
from detectors.detection import Detection, DetectionParams
from detectors.quality import Verdict
from monitor.ward.rounds import turns

SHIPPED = shipped()

LEVELS: dict[str, list[int | str]] = {
    "hr": [72, 73, 88, 101, 116, 131, 145, 54, 39, 34, 14],
    "sbp": [120, 119, 100, 90, "89.99", 84, 80, 79, 70, 59, 20, 145, 185, 301],
    "dbp": [75, 74, 44, 60, 76, 101, 112, 24],
    "map": [90, 70, 119, 150],
    "temp": ["36.7", "36.8", "37.7", 38, "38.5", "39.1", "40.1", 42, "98.6"],
    "spo2": [98, 97, 93, 91, 89, 86, 84, 69, 100],
    "rr": [14, 15, 21, 25, 31, 8, 7, 55],
}
GAPS_S = (0, 1, 5, 14, 15, 30, 31, 60, 61, 300, 301, 600, 1800, 1801, 7201, -20)
BASE: dict[str, int | str] = {"hr": 72, "sbp": 120, "dbp": 75, "temp": "36.7", "spo2": 98, "rr": 14}


@st.composite
def sent(draw: st.DrawFn, n_beds: int = 2, most: int = 20) -> list[Message]:
    """Messages of some beds, mostly forward in time, with doubts and impossible values."""
    made: list[Message] = []
    second = 0
    for _ in range(draw(st.integers(1, most))):
        second += draw(st.sampled_from(GAPS_S))
        flags = draw(st.sampled_from([Flag.NONE, Flag.NONE, Flag.QUESTIONABLE, Flag.HAND]))
        channels = draw(st.sets(st.sampled_from(CHANNEL_NAMES), min_size=1, max_size=4))
        values: dict[str, Number] = {
            name: draw(st.sampled_from(LEVELS[name])) for name in sorted(channels)
        }
        if made and draw(st.integers(0, 3)) == 0:
            # Devices repeat themselves, above all the last reading of the cuff.
            values = made[-1].values
        made.append(message(second, draw(st.integers(0, n_beds - 1)), flags, **values))
    return made


def state_of(given_: Detection) -> dict[str, Any]:
    """Return everything that a detection remembers."""
    state = {name: value for name, value in vars(given_).items() if isinstance(value, np.ndarray)}
    state |= {f"window.{name}": value for name, value in vars(given_.window).items()}
    state |= {f"history.{name}": value for name, value in vars(given_.history).items()}
    state |= {f"steadiness.{name}": value for name, value in vars(given_.steadiness).items()}
    state |= {f"track.{f.name}": getattr(given_.track, f.name) for f in fields(SignTrack)}
    return {name: value.tolist() for name, value in state.items()}


PER_BED = {name for name, value in state_of(Detection(SHIPPED, 97)).items() if len(value) == 97}
"""What is remembered of each bed; everything else is fixed by the parameters."""


def in_steps(given_: Detection, messages: Sequence[Message], cuts: Sequence[int]) -> Detection:
    """Take messages in steps that are cut as the ward cuts them, and return the detection."""
    edges = [0, *sorted({min(cut, len(messages)) for cut in cuts}), len(messages)]
    for start, end in pairwise(edges):
        for turn in turns(readings(messages[start:end], first=start), [], []):
            if turn.readings is not None:
                given_.take(turn.readings)
    return given_


def infused(n_beds: int = 2, given_: DetectionParams = SHIPPED) -> Detection:
    return detection(given_, n_beds=n_beds, baseline=dict(BASE))


# --------------------------------------------------------------- the twin, and invariance


@dataclass(frozen=True)
class Deed:
    """Something other than readings that happens to a bed."""

    what: str
    sign: str = ""
    grade: int = 0
    channel: int = 0
    """Of a lost probe; of a drug its place."""


deeds = st.one_of(
    st.builds(Deed, st.just("chart"), st.sampled_from(SHIPPED.signs), st.integers(0, 3)),
    st.builds(Deed, st.just("withdraw"), channel=st.integers(0, N_CHANNELS - 1)),
    st.just(Deed("start")),
    st.builds(Deed, st.just("drug"), channel=st.integers(0, 3)),
    st.just(Deed("faster")),
)


@settings(max_examples=examples(60))
@given(data=st.data(), messages=sent(n_beds=1, most=25))
def test_a_bed_is_seen_as_its_twin_sees_it(data: st.DataObject, messages: list[Message]) -> None:
    core = Detection(SHIPPED, 1)
    core.judging[0] = True
    twin = NaiveBed(SHIPPED)
    if data.draw(st.booleans()):
        core.taking_baseline[0] = twin.taking_baseline = True
        core.opened_ms[0] = twin.opened_ms = T0_MS
    else:
        twin.base = row(BASE)
        core.baseline_centi[0] = twin.base
    for one in messages:
        for deed in data.draw(st.lists(deeds, max_size=1)):
            do(core, twin, deed, one.at_ms)
            twin.same_as(core, 0)
        findings = core.take(round_of(one))
        expected = twin.take(
            [
                Reading(Channel[name.upper()], centi(number), one.at_ms, one.flags)
                for name, number in one.values.items()
            ]
        )
        assert findings.verdict[0].tolist() == expected
        twin.same_as(core, 0)


def do(core: Detection, twin: NaiveBed, deed: Deed, at_ms: int) -> None:
    if deed.what == "chart":
        core.charted[0, SHIPPED.signs.index(deed.sign)] = deed.grade
        core.chart(0, at_ms)
        twin.chart(deed.sign, deed.grade, at_ms)
    elif deed.what == "withdraw":
        core.withdraw(0, deed.channel)
        twin.withdraw(deed.channel)
    elif deed.what == "drug":
        set_aside(SHIPPED.baseline, core, 0, at_ms)
        core.given_ms[0, deed.channel] = max(int(core.given_ms[0, deed.channel]), at_ms)
        twin.give(at_ms, deed.channel)
    elif deed.what == "start":
        core.taking_baseline[0] = twin.taking_baseline = False
    else:
        core.rate_step_ms[0] = twin.rate_step_ms = at_ms


@settings(max_examples=examples(50))
@given(messages=sent(n_beds=3), cuts=st.lists(st.integers(0, 20), max_size=6))
def test_the_state_does_not_depend_on_how_messages_are_cut_into_steps(
    messages: list[Message], cuts: list[int]
) -> None:
    whole = state_of(in_steps(infused(3), messages, []))
    assert state_of(in_steps(infused(3), messages, cuts)) == whole
    assert state_of(in_steps(infused(3), messages, range(len(messages)))) == whole


@settings(max_examples=examples(30))
@given(messages=sent(), seconds=st.sampled_from([1, 3_600, 86_400, 86_400 * 365, -86_400 * 365]))
def test_the_same_readings_at_another_time_give_the_same_state(
    messages: list[Message], seconds: int
) -> None:
    moved = [
        Message(bed=one.bed, at_s=one.at_s + seconds, values=one.values, flags=one.flags)
        for one in messages
    ]
    here = state_of(in_steps(infused(), messages, []))
    there = state_of(in_steps(infused(), moved, []))
    for name, value in here.items():
        times = np.array(value)
        # What is kept as a time after another one stays as it is.
        if times.dtype == np.int64 and name.endswith("_ms") and name != "history.after_ms":
            times = np.where(times == NEVER, NEVER, times + 1000 * seconds)
        assert there[name] == times.tolist(), name


@settings(max_examples=examples(30))
@given(messages=sent(n_beds=3))
def test_beds_do_not_see_each_other(messages: list[Message]) -> None:
    together = state_of(in_steps(infused(3), messages, []))
    for bed in range(3):
        alone = state_of(in_steps(infused(3), [m for m in messages if m.bed == bed], []))
        for name, value in together.items():
            if name in PER_BED:
                assert alone[name][bed] == value[bed], name


# ------------------------------------------------------------------------------ monotony

LOWER_IS_WORSE = {"sbp": "hypotension", "spo2": "hypoxia"}
HIGHER_IS_WORSE = {"sbp": "hypertension", "hr": "tachycardia", "temp": "fever", "rr": "tachypnoea"}
WORSE = [(c, -1, s) for c, s in LOWER_IS_WORSE.items()]
WORSE += [(c, 1, s) for c, s in HIGHER_IS_WORSE.items()]


@pytest.mark.parametrize(("channel", "direction", "sign"), WORSE)
@settings(max_examples=examples(60))
@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from([1, 15, 30, 31, 60, 600]),
            st.floats(-0.6, 0.6),
            st.sampled_from([0.0, 0.01, 0.05, 0.2]),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_a_worse_value_never_lowers_a_grade(
    channel: str, direction: int, sign: str, pairs: list[tuple[int, float, float]]
) -> None:
    # Without gates: beyond them a worse value loses, on purpose, its right to alarm at once.
    open_ = shipped(limits=channel_limits(), pulse_pressure=(), steadiness=steadiness_limits())
    better, worse = infused(1, open_), infused(1, open_)
    column = SHIPPED.signs.index(sign)
    healthy = float(BASE[channel])
    second = 0
    for gap, away, more in pairs:
        second += gap
        near = round(healthy * (1 + away), 2)
        far = round(near + direction * healthy * more, 2)
        better.take(round_of(Message(at_s=second, values={channel: near})))
        worse.take(round_of(Message(at_s=second, values={channel: max(far, 1)})))
        assert worse.shown[0, column] >= better.shown[0, column]
        assert worse.track.grade[0, column] >= better.track.grade[0, column]


@pytest.mark.parametrize(
    ("values", "sign"), [({"sbp": 55, "dbp": 30}, "hypotension"), ({"spo2": 65}, "hypoxia")]
)
def test_no_gate_silences_a_persistent_abnormal_value(values: dict[str, int], sign: str) -> None:
    made = infused(1)
    first = made.take(round_of(Message(values=dict(values))))
    assert Verdict.SUSPICIOUS in first.verdict[0]
    column = SHIPPED.signs.index(sign)
    assert made.track.grade[0, column] == 0
    assert made.shown[0, column] >= 3
    told(made, Message(at_s=30, values=dict(values)))
    assert made.track.grade[0, column] == made.shown[0, column]


# -------------------------------------------------------------------- growing and clearing


@settings(max_examples=examples(25))
@given(messages=sent(n_beds=2), more=sent(n_beds=2))
def test_room_for_more_beds_changes_no_bed(messages: list[Message], more: list[Message]) -> None:
    grown = in_steps(infused(2), messages, [])
    before = state_of(grown)
    grown.grow(5)
    wide = state_of(grown)
    new = state_of(Detection(SHIPPED, 5))
    assert grown.n_beds == 5
    for name, value in before.items():
        if name in PER_BED:
            assert wide[name][:2] == value, name
            assert wide[name][2:] == new[name][2:], name
        else:
            assert wide[name] == value, name
    later = [Message(bed=m.bed, at_s=m.at_s + 10_000, values=m.values) for m in more]
    same = state_of(in_steps(in_steps(infused(2), messages, []), later, []))
    went_on = state_of(in_steps(grown, later, []))
    assert went_on["track.grade"][:2] == same["track.grade"]
    assert went_on["pattern"][:2] == same["pattern"]
    assert went_on["value_centi"][:2] == same["value_centi"]


@settings(max_examples=examples(25))
@given(messages=sent(n_beds=2))
def test_a_cleared_bed_is_new_and_its_neighbour_unchanged(messages: list[Message]) -> None:
    made = in_steps(infused(2), messages, [])
    made.taking_baseline[:] = True
    in_steps(made, [message(99_999, bed, hr=72) for bed in (0, 1)], [])
    made.charted[:], made.context[:] = 1, True
    made.rate_step_ms[:] = made.opened_ms[:] = T0_MS
    made.window.aside_ms[:] = made.given_ms[:] = T0_MS
    before = state_of(made)
    made.clear(0)
    after, new = state_of(made), state_of(Detection(SHIPPED, 1))
    for name, value in after.items():
        if name in PER_BED:
            assert value[0] == new[name][0], name
            assert value[1] == before[name][1], name
