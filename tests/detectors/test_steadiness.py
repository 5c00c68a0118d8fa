"""Values that stand still, swing or are sent again: doubted, never silenced when they persist."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from arrays import Array
from builders import T0_MS, Message, Number, detection, message, params, round_of, shipped, told
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_steadiness import PRESSURES, NaiveSteadiness

from detectors.channels import CHANNEL_NAMES, MISSING, N_CHANNELS, NEVER, Channel, Flag
from detectors.detection import Detection
from detectors.quality import Reason
from detectors.rounds import Findings
from detectors.steadiness import OFF_MS, Given, Steadiness, SteadinessLimits

SHIPPED = shipped()
HR, SBP, DBP, SPO2 = Channel.HR, Channel.SBP, Channel.DBP, Channel.SPO2
BASE: dict[str, Number] = {
    "hr": 72, "sbp": 120, "dbp": 75, "temp": "36.7", "spo2": 98, "rr": 14,
}  # fmt: skip

DENSE = SteadinessLimits(
    flat_ms=np.array([3_000, OFF_MS, 3_000, 3_000, OFF_MS, 5_000, 1_000], np.int64),
    top_centi=np.array([300, 10**6, 10**6, 10**6, 10**6, 100, 10**6], np.int32),
    gap_ms=1_000,
    swing_centi=np.array([1, 1, 150, 1, 1, 1, 1], np.int32),
    swing_ms=np.array([5_000, 2_001, 5_000, 5_000, 5_000, 0, 1_000], np.int64),
    swings=np.array([2, 3, 2, 2, 4, 2, 3], np.int8),
    swings_if_poor=2,
    resent_ms=1_001,
    held_ms=5_000,
)
"""Limits so close together that a few readings meet all of them."""


Told = tuple[Array, Array, Array, Array, Array]
"""One round: beds, values, times, flags, and which readings are believed."""


@st.composite
def told_rounds(draw: st.DrawFn) -> list[Told]:
    """Rounds of two beds: few values, single samples, constant runs, huge gaps, and doubts."""
    made: list[Told] = []
    at_ms = T0_MS
    few = st.sampled_from([100, 100, 200, 300, MISSING])
    for _ in range(draw(st.integers(1, 25))):
        at_ms += draw(st.sampled_from([1, 999, 1_000, 1_000, 1_001, 3_000, 10**12]))
        beds: list[int] = draw(st.sampled_from([[0], [1], [0, 1], [1, 0]]))
        size = len(beds) * N_CHANNELS
        repeats: bool = draw(st.booleans())
        if made and repeats and len(made[-1][0]) == len(beds):
            value = made[-1][1].copy()
        else:
            value = np.array(draw(st.lists(few, min_size=size, max_size=size)), np.int32)
            value = value.reshape(len(beds), N_CHANNELS)
        late = draw(st.sampled_from([0, 0, 0, 500, 5_000]))
        doubts = st.sampled_from([0, 0, 0, Flag.QUESTIONABLE, Flag.HAND, Flag.STAT])
        flags = np.full(value.shape, draw(doubts), np.uint16)
        drawn = st.lists(st.sampled_from([1, 1, 0]), min_size=size, max_size=size)
        believed = np.array(draw(drawn), np.bool_)
        time = np.where(value == MISSING, NEVER, at_ms - late)
        made.append((np.array(beds, np.int32), value, time, flags, believed.reshape(value.shape)))
    return made


@settings(max_examples=examples(80))
@given(rounds=told_rounds())
def test_what_is_remembered_says_what_looking_back_says(
    rounds: list[Told],
) -> None:
    core, twins = Steadiness(2), [NaiveSteadiness(DENSE) for _ in range(2)]
    value_centi = np.full((2, N_CHANNELS), MISSING, np.int32)
    measured_ms = np.full((2, N_CHANNELS), NEVER, np.int64)
    poor = np.array([False, True])
    for bed, value, at_ms, flags, believed in rounds:
        given_ = Given(
            value_centi=value,
            measured_ms=at_ms,
            before_centi=value_centi[bed],
            before_ms=measured_ms[bed],
        )
        new = believed & (value != MISSING) & (at_ms > measured_ms[bed])
        again = core.resent(DENSE, bed, given_, flags)
        core.send(bed[again], at_ms[again, SBP])
        motion = core.swing(DENSE, bed, given_, new, poor[bed])
        runs = core.runs(DENSE, bed, given_, new)
        core.keep(runs)
        value_centi[bed] = np.where(new, value, value_centi[bed])
        measured_ms[bed] = np.where(new, at_ms, measured_ms[bed])
        for row, number in enumerate(bed.tolist()):
            twin = twins[number]
            is_again = twin.is_sent_again(
                value[row].tolist(), at_ms[row].tolist(), flags[row].tolist()
            )
            assert (row in again.tolist()) == is_again
            if is_again:
                twin.sent_ms = max(twin.sent_ms or 0, int(at_ms[row, SBP]))
            for c in np.flatnonzero(new[row]).tolist():
                twin.take(c, int(value[row, c]), int(at_ms[row, c]))
                assert motion[row, c] == twin.is_motion(c, poor=bool(poor[number]))
            assert not motion[row][~new[row]].any()
    still = core.flat(DENSE, value_centi, measured_ms)
    moving = core.moving(DENSE, measured_ms, poor)
    for number, twin in enumerate(twins):
        for c in range(N_CHANNELS):
            assert still[number, c] == twin.stands_still(c), (number, c)
            assert moving[number, c] == twin.is_moving(c, poor=bool(poor[number])), (number, c)


def test_room_and_clearing_touch_no_other_bed() -> None:
    core = Steadiness(1)
    core.run_since_ms[0] = core.run_at_ms[0] = core.swing_ms[0] = core.sent_ms[0] = T0_MS
    core.swings[0] = -3
    core.grow(3)
    fresh = vars(Steadiness(1))
    for name, array in vars(core).items():
        assert len(array) == 3
        assert (array[1:] == fresh[name]).all(), name
        assert (array[0] != fresh[name]).all(), name
    core.swings[1] = 5
    core.clear(0)
    for name, array in vars(core).items():
        assert (array[0] == fresh[name]).all(), name
    assert (core.swings[1] == 5).all()


# ------------------------------------------------------------------------ standing still


def found(made: Detection, at_s: float, flags: Flag = Flag.NONE, /, **values: Number) -> Findings:
    """Return what one message of bed 0 changes."""
    return made.take(round_of(Message(at_s=at_s, values=dict(values), flags=flags)))


def reasons_of(
    made: Detection, channel: str, series: Sequence[Number], every_s: float = 1
) -> list[int]:
    """Return the reasons for a series of one channel."""
    c = CHANNEL_NAMES.index(channel)
    return [
        int(found(made, number * every_s, **{channel: value}).reason[0, c])
        for number, value in enumerate(series)
    ]


@pytest.mark.parametrize(
    ("channel", "value", "after_s"), [("hr", 72, 600), ("rr", 14, 600), ("spo2", 97, 1800)]
)
def test_a_value_that_does_not_move_is_doubted_after_its_time(
    channel: str, value: int, after_s: int
) -> None:
    made = detection(SHIPPED)
    c = CHANNEL_NAMES.index(channel)
    reasons = reasons_of(made, channel, [value] * (after_s + 2))
    assert reasons == [Reason.SOUND] * after_s + [Reason.FLAT] * 2
    assert made.doubted[0, c]
    still = made.steadiness.flat(SHIPPED.steadiness, made.value_centi, made.measured_ms)
    assert np.flatnonzero(still[0]).tolist() == [c]
    assert found(made, after_s + 2, **{channel: value + 1}).reason[0, c] == Reason.SOUND
    assert not made.doubted[0, c]
    assert not made.steadiness.flat(SHIPPED.steadiness, made.value_centi, made.measured_ms).any()


@pytest.mark.parametrize(
    ("channel", "value", "every_s"),
    [("hr", 72, 31), ("temp", "36.8", 1), ("sbp", 120, 1), ("spo2", 100, 1)],
    ids=["charted", "temperature", "pressure", "end-of-the-scale"],
)
def test_what_may_stand_still_is_not_doubted(channel: str, value: Number, every_s: float) -> None:
    assert set(reasons_of(detection(SHIPPED), channel, [value] * 2_000, every_s)) == {Reason.SOUND}


def test_a_gap_begins_a_run_anew() -> None:
    made = detection(SHIPPED)
    reasons_of(made, "hr", [72] * 599)
    assert found(made, 599 + 31, hr=72).reason[0, HR] == Reason.SOUND
    assert found(made, 10**6, hr=72).reason[0, HR] == Reason.SOUND


# ------------------------------------------------------------------------------- motion


def test_a_pulse_that_jumps_to_and_fro_is_motion_from_the_fourth_jump_on() -> None:
    reasons = reasons_of(detection(SHIPPED), "hr", [70, 100, 70, 100, 70, 100, 101])
    assert reasons == [*[Reason.SOUND] * 4, *[Reason.MOVING] * 2, Reason.SOUND]


def test_two_jumps_are_enough_while_the_saturation_is_doubtful() -> None:
    made = detection(SHIPPED)
    found(made, -1, Flag.QUESTIONABLE, spo2=97)
    assert reasons_of(made, "hr", [70, 100, 70]) == [Reason.SOUND, Reason.SOUND, Reason.MOVING]


def test_a_rise_however_steep_is_no_motion() -> None:
    assert Reason.MOVING not in reasons_of(detection(SHIPPED), "hr", [70, 100, 130, 160, 190, 190])


def test_a_respiratory_rate_that_doubles_and_halves_is_motion() -> None:
    reasons = reasons_of(detection(SHIPPED), "rr", [14, 28, 14, 28, 14, 28])
    assert reasons == [*[Reason.SOUND] * 4, Reason.MOVING, Reason.MOVING]


@pytest.mark.parametrize(
    ("third_s", "reason"), [(119, Reason.MOVING), (120, Reason.SOUND), (300, Reason.SOUND)]
)
def test_a_pressure_that_falls_and_rises_by_forty_within_two_minutes_is_doubted(
    third_s: float, reason: Reason
) -> None:
    made = told(detection(SHIPPED), message(0, sbp=125, dbp=80), message(60, sbp=84, dbp=50))
    assert found(made, third_s, sbp=126, dbp=81).reason[0, SBP] == reason


# -------------------------------------------------------------------- the cuff, sent again


def infused() -> Detection:
    return detection(SHIPPED, baseline=BASE)


def grade(made: Detection, sign: str = "hypotension") -> int:
    return int(made.track.grade[0, SHIPPED.signs.index(sign)])


def test_a_cuff_reading_that_is_repeated_as_fresh_does_not_confirm_itself() -> None:
    made = infused()
    for second in range(180):
        seen = found(made, second, sbp=85, dbp=50)
        assert not second or set(seen.reason[0, [SBP, DBP]].tolist()) == {Reason.RESENT}
        assert seen.heard[0, SBP] == (second == 0), "a copy is no news"
    assert grade(made) == 0
    assert made.measured_ms[0, SBP] == T0_MS, "and does not make the pressure young"
    found(made, 181, sbp=84, dbp=50)
    assert grade(made) > 0, "a reading of its own confirms"


def test_nobody_measures_again_so_a_low_pressure_is_told_in_the_end() -> None:
    made = infused()
    for second in range(181):
        assert grade(made) == 0
        found(made, second, sbp=85, dbp=50)
    assert grade(made) > 0


def test_a_good_cuff_reading_that_is_repeated_ends_nothing() -> None:
    made = told(infused(), message(0, sbp=85, dbp=50), message(40, sbp=84, dbp=49))
    before = grade(made)
    assert before > 0
    for second in range(60, 1_500):
        found(made, second, sbp=121, dbp=76)
    assert grade(made) == before, "one good reading"
    told(made, message(1_560, sbp=120, dbp=76))
    assert grade(made) == 0, "and another one"


@pytest.mark.parametrize("flag", [Flag.STAT, Flag.HAND])
def test_a_repeat_that_was_asked_for_is_a_reading(flag: Flag) -> None:
    made = told(infused(), message(0, sbp=85, dbp=50))
    seen = [found(made, at_s, flag, sbp=85, dbp=50) for at_s in (20, 40)]
    assert [int(one.reason[0, SBP]) for one in seen] == [Reason.SOUND] * 2
    assert grade(made) > 0


def test_a_cuff_that_stamps_its_start_and_then_its_end_has_measured_once() -> None:
    made = infused()
    assert found(made, 0, sbp=120, dbp=75, map=90).reason[0, SBP] == Reason.SOUND
    again = found(made, 25, sbp=120, dbp=75)
    assert again.reason[0, PRESSURES].tolist() == [Reason.RESENT, Reason.RESENT, Reason.ABSENT]
    assert found(made, 54, sbp=120, dbp=75, map=90).reason[0, Channel.MAP] == Reason.RESENT
    assert found(made, 84, sbp=120, dbp=75, map=90).reason[0, SBP] == Reason.SOUND
    assert found(made, 85, sbp=120, dbp=75, map=91).reason[0, SBP] == Reason.SOUND


def test_pressures_of_two_messages_are_not_one_reading_sent_again() -> None:
    made = told(infused(), message(0, sbp=120), message(1, dbp=75))
    assert found(made, 5, sbp=120, dbp=75).reason[0, SBP] == Reason.SOUND


# ------------------------------------------------------------------------ what must hold

ABNORMAL: dict[str, list[tuple[str, Number]]] = {
    "hypotension": [("sbp", value) for value in (25, 40, 55, 70, 79, 85)],
    "hypertension": [("sbp", value) for value in (185, 230, 250, 290)],
    "tachycardia": [("hr", value) for value in (131, 150, 190, 210, 290)],
    "bradycardia": [("hr", value) for value in (16, 25, 34, 39)],
    "hypoxia": [("spo2", value) for value in (41, 65, 75, 84)],
    "fever": [("temp", value) for value in ("39.5", 41, "42.5")],
    "tachypnoea": [("rr", value) for value in (36, 49, 60, 79)],
}
CASES = [(sign, *case) for sign, cases in ABNORMAL.items() for case in cases]


@pytest.mark.parametrize(("sign", "channel", "value"), CASES)
@settings(max_examples=2)
@given(
    every_s=st.sampled_from([120, 60, 30, 29, 9, 1]),
    flags=st.sampled_from([Flag.NONE, Flag.QUESTIONABLE, Flag.STAT]),
    pulse=st.sampled_from([6, 40]),
    before=st.lists(st.sampled_from([72, 101, 72, 130]), max_size=6),
)
def test_no_gate_silences_what_persists(
    sign: str,
    channel: str,
    value: Number,
    every_s: int,
    flags: Flag,
    pulse: int,
    before: list[int],
) -> None:
    made = infused()
    for number, rate in enumerate(before):
        found(made, number - 7, hr=rate)
    values: dict[str, Number] = {channel: value}
    if channel == "sbp":
        values["dbp"] = min(max(int(value) - pulse, 5), 200)
    for second in range(0, 250 + 2 * every_s, every_s):
        found(made, second, flags, **values)
    column = SHIPPED.signs.index(sign)
    assert made.shown[0, column] > 0
    assert made.track.grade[0, column] == made.shown[0, column]


@pytest.mark.parametrize("flags", [Flag.NONE, Flag.QUESTIONABLE])
@pytest.mark.parametrize(("sign", "channel", "value"), CASES)
def test_one_good_reading_clears_nothing(
    sign: str, channel: str, value: Number, flags: Flag
) -> None:
    made = infused()
    for second in (0, 60):
        found(made, second, **{channel: value})
    before = grade(made, sign)
    assert before > 0
    found(made, 5_000, flags, **{channel: BASE[channel]})
    assert grade(made, sign) == before


def test_a_flat_or_moving_value_is_judged_like_any_other() -> None:
    open_ = detection(params(steadiness=SHIPPED.steadiness))
    shut = detection(params(steadiness=replace(SHIPPED.steadiness, flat_ms=np.full(7, OFF_MS))))
    for made in (open_, shut):
        reasons_of(made, "hr", [140] * 650 + [90, 140] * 20)
    assert (open_.track.grade == shut.track.grade).all()
    assert (open_.shown == shut.shown).all()
    assert open_.doubted.any()
