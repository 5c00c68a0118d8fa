"""A round has at most one message of each bed, and every bed sees its messages in order."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest
from builders import Message, centi, message, readings, row
from hypothesis import given
from hypothesis import strategies as st

from detectors.channels import CHANNEL_NAMES, MISSING, NEVER, Flag
from detectors.readings import empty_readings
from monitor.ward.rounds import Turn, ranks, turns


@given(beds=st.lists(st.integers(0, 5), max_size=30))
def test_a_rank_is_the_number_of_earlier_items_of_the_bed(beds: list[int]) -> None:
    got = ranks(np.array(beds, np.int32))
    assert got.dtype == np.int32
    assert got.tolist() == [beds[:i].count(bed) for i, bed in enumerate(beds)]


@dataclass
class Step:
    """Messages at their positions: readings, an act, or both."""

    messages: list[Message]
    message_positions: list[int]
    act_beds: list[int]
    act_positions: list[int]


@st.composite
def steps(draw: st.DrawFn) -> Step:
    step = Step([], [], [], [])
    position = draw(st.integers(0, 3))
    for second in range(draw(st.integers(0, 14))):
        bed = draw(st.integers(0, 3))
        kind = draw(st.sampled_from(["readings", "act", "both"]))
        if kind != "act":
            channels = draw(st.sets(st.sampled_from(CHANNEL_NAMES), min_size=1))
            values = {name: draw(st.integers(1, 200)) for name in sorted(channels)}
            flags = Flag.QUESTIONABLE if draw(st.booleans()) else Flag.NONE
            step.messages.append(message(second, bed, flags, **values))
            step.message_positions.append(position)
        if kind != "readings":
            step.act_beds.append(bed)
            step.act_positions.append(position)
        position += draw(st.integers(1, 3))
    return step


def columns(step: Step) -> list[Turn]:
    made = readings(step.messages)
    position = np.array(step.message_positions, np.int32)[made.position]
    object.__setattr__(made, "position", position.astype(np.int32))
    return list(turns(made, step.act_beds, step.act_positions))


@given(step=steps())
def test_every_bed_sees_its_messages_one_after_the_other(step: Step) -> None:
    by_position = dict(zip(step.message_positions, step.messages, strict=True))
    beds_of = {position: one.bed for position, one in by_position.items()}
    beds_of |= dict(zip(step.act_positions, step.act_beds, strict=True))
    seen: dict[int, list[int]] = defaultdict(list)
    acts: list[int] = []
    kept = 0
    for turn in columns(step):
        positions = {step.act_positions[act] for act in turn.act}
        acts.extend(turn.act)
        if turn.readings is None:
            assert not len(turn.position)
        else:
            kept += len(turn.position)
            assert len(turn.position) == len(turn.readings.bed)
            assert (np.diff(turn.readings.bed) > 0).all(), "side by side, each bed once"
            for i, position in enumerate(turn.position.tolist()):
                sent = by_position[position]
                here = turn.readings.value_centi[i]
                assert turn.readings.bed[i] == sent.bed
                assert here.tolist() == row(sent.values)
                known = here != MISSING
                assert (turn.readings.measured_ms[i][known] == sent.at_ms).all()
                assert (turn.readings.measured_ms[i][~known] == NEVER).all()
                assert (turn.readings.flags[i][known] == sent.flags).all()
                assert not turn.readings.flags[i][~known].any()
            positions |= set(turn.position.tolist())
        beds = [beds_of[position] for position in positions]
        assert len(set(beds)) == len(beds), "no bed in two messages of a turn"
        for position in positions:
            seen[beds_of[position]].append(position)
    assert kept == len(step.messages)
    assert sorted(acts) == list(range(len(step.act_beds)))
    assert sorted(p for positions in seen.values() for p in positions) == sorted(beds_of)
    assert all(positions == sorted(positions) for positions in seen.values())


@given(step=steps())
def test_there_are_as_many_turns_as_the_busiest_bed_has_messages(step: Step) -> None:
    positions = dict(zip(step.message_positions, (one.bed for one in step.messages), strict=True))
    positions |= dict(zip(step.act_positions, step.act_beds, strict=True))
    beds = list(positions.values())
    assert len(columns(step)) == max((beds.count(bed) for bed in beds), default=0)


def test_a_step_without_messages_has_no_turn() -> None:
    assert list(turns(empty_readings(), [], [])) == []


def test_the_acts_and_readings_of_one_message_share_a_turn() -> None:
    sent = readings([message(0, 0, sbp=120)], first=7)
    (only,) = turns(sent, [0], [7])
    assert only.act == (0,)
    assert only.readings is not None
    assert only.position.tolist() == [7]


@pytest.mark.parametrize("first", ["act", "readings"])
def test_acts_and_readings_of_one_bed_keep_their_order(first: str) -> None:
    sent = readings([message(0, 0, sbp=120)], first=1)
    act_position = 0 if first == "act" else 2
    one, two = turns(sent, [0], [act_position])
    with_act, with_readings = (one, two) if first == "act" else (two, one)
    assert with_act.act == (0,)
    assert with_act.readings is None
    assert with_readings.act == ()
    assert with_readings.readings is not None
    assert with_readings.readings.value_centi.max() == centi(120)
