"""Gates: an impossible value is refused for good, a doubtful one only has to be repeated."""

import naive_quality as naive
import numpy as np
import pytest
from arrays import Array, n_beds, pick, times, values
from builders import Number, centi, channel_limits, rows, shipped
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.channels import CHANNEL_NAMES, MISSING, N_CHANNELS, Channel, Flag
from detectors.quality import (
    PRESSURES,
    VERDICTS,
    ChannelLimits,
    Reason,
    Verdict,
    contradicted_pressures,
    jumped,
    mean_as_systolic,
    narrow_pulse_pressure,
    plausibility,
    reasons,
    verdicts,
)

LIMITS = shipped().limits
ROWS = shipped().pulse_pressure


def edges(limits: ChannelLimits) -> list[list[int]]:
    """Limits of each channel, and the pulse pressures of the table."""
    columns = (
        limits.impossible_below,
        limits.impossible_above,
        limits.suspicious_below,
        limits.suspicious_above,
        limits.change_centi,
    )
    bands = [edge for row in ROWS for edge in (row.sbp_from_centi, row.sbp_below_centi)]
    return [
        [int(column[c]) for column in columns] + (bands if c == Channel.SBP else [])
        for c in range(N_CHANNELS)
    ]


EDGES = edges(LIMITS)
Drawn = tuple[Array, Array, Array, Array, Array]


@st.composite
def rounds(draw: st.DrawFn) -> Drawn:
    """Readings of a round and those before it."""
    n = draw(n_beds)
    value = draw(values(n, EDGES))
    before = draw(values(n, EDGES))
    if draw(st.booleans()):
        # Close pressures: the table of pulse pressures and the relation are about them.
        apart = pick(draw, np.int32, (n,), -1, 0, 1, 999, 1000, 1499, 1500, 2999, 3000, 5000)
        value[:, Channel.DBP] = value[:, Channel.SBP] - apart
        value[:, Channel.MAP] = value[:, Channel.SBP]
    flags = pick(draw, np.uint16, (n, N_CHANNELS), 0, 1, 2, 3, 15)
    return value, draw(times(value != MISSING)), flags, before, draw(times(before != MISSING))


@settings(max_examples=examples(60))
@given(drawn=rounds())
def test_every_gate_does_as_its_twin(drawn: Drawn) -> None:
    value, at_ms, flags, before, before_ms = drawn
    assert plausibility(LIMITS, value).tolist() == naive.plausibility(LIMITS, value.tolist())
    assert contradicted_pressures(value).tolist() == naive.contradicted_pressures(value.tolist())
    assert mean_as_systolic(value).tolist() == naive.mean_as_systolic(value.tolist())
    narrow = narrow_pulse_pressure(ROWS, value)
    assert narrow.tolist() == naive.narrow_pulse_pressure(ROWS, value.tolist())
    moved = jumped(LIMITS, value, at_ms, before, before_ms)
    pairs = (value, at_ms, before, before_ms)
    assert moved.tolist() == naive.jumped(LIMITS, *(array.tolist() for array in pairs))
    columns = (value, at_ms, flags, before, before_ms)
    got = verdicts(LIMITS, ROWS, *columns)
    assert VERDICTS[reasons(LIMITS, ROWS, *columns)].tolist() == got.tolist()
    assert got.tolist() == naive.verdicts(LIMITS, ROWS, *(array.tolist() for array in columns))


@pytest.mark.parametrize("channel", CHANNEL_NAMES)
def test_a_value_at_a_limit_is_inside_it(channel: str) -> None:
    c = CHANNEL_NAMES.index(channel)

    def verdict(value: int) -> int:
        given_ = np.full((1, N_CHANNELS), MISSING, np.int32)
        given_[0, c] = value
        return int(plausibility(LIMITS, given_)[0, c])

    low, high = int(LIMITS.impossible_below[c]), int(LIMITS.impossible_above[c])
    inner_low, inner_high = int(LIMITS.suspicious_below[c]), int(LIMITS.suspicious_above[c])
    assert verdict(low - 1) == verdict(high + 1) == Verdict.IMPOSSIBLE
    assert verdict(low) == Verdict.SUSPICIOUS
    assert verdict(inner_low - 1) == Verdict.SUSPICIOUS
    assert verdict(inner_low) == verdict(inner_high) == Verdict.TRUSTED
    assert verdict(high) == (Verdict.TRUSTED if high == inner_high else Verdict.SUSPICIOUS)


def test_the_difference_of_any_two_numbers_of_the_column_is_seen() -> None:
    extreme = np.iinfo(np.int32)
    value = np.full((1, N_CHANNELS), extreme.max, np.int32)
    before = np.full((1, N_CHANNELS), extreme.min + 1, np.int32)
    at_ms = np.zeros((1, N_CHANNELS), np.int64)
    limits = channel_limits(change_ms=dict.fromkeys(CHANNEL_NAMES, 1))
    assert jumped(limits, value, at_ms, before, at_ms).all()
    assert jumped(limits, before, at_ms, value, at_ms).all()


@pytest.mark.parametrize(
    ("pressures", "refused"),
    [
        ({"sbp": 120, "dbp": 80, "map": 93}, []),
        ({"sbp": 120, "dbp": 120}, ["sbp", "dbp"]),
        ({"sbp": 80, "dbp": 120, "hr": 70}, ["sbp", "dbp"]),
        ({"sbp": 120, "dbp": 80, "map": 121}, ["sbp", "dbp", "map"]),
        ({"sbp": 120, "dbp": 80, "map": 79}, ["sbp", "dbp", "map"]),
        ({"sbp": 120, "dbp": 80, "map": 120}, []),
        ({"sbp": 120, "dbp": 80, "map": 80}, []),
        ({"sbp": 120, "map": 130}, []),
        ({"sbp": 301, "dbp": 80, "map": 93}, ["sbp", "dbp", "map"]),
    ],
)
def test_one_bad_pressure_voids_all_three(pressures: dict[str, int], refused: list[str]) -> None:
    value = rows(pressures)
    still = np.full(value.shape, MISSING, np.int32)
    at_ms = np.zeros(value.shape, np.int64)
    flags = np.zeros(value.shape, np.uint16)
    got = verdicts(LIMITS, ROWS, value, at_ms, flags, still, at_ms)[0]
    bad = (Verdict.IMPOSSIBLE, Verdict.CONTRADICTED)
    assert [name for c, name in enumerate(CHANNEL_NAMES) if got[c] in bad] == refused


@pytest.mark.parametrize(
    ("sbp", "least"),
    [
        (60, 10),
        ("99.99", 10),
        (100, 15),
        ("150.99", 15),
        (151, 30),
        ("200.99", 30),
        (201, 50),
        (300, 50),
    ],
)
def test_each_band_of_pressures_has_its_own_least_pulse_pressure(sbp: Number, least: int) -> None:
    at_least = centi(sbp) - centi(least)
    for dbp, expected in ((at_least, False), (at_least + 1, True)):
        value = rows({"sbp": sbp})
        value[0, Channel.DBP] = dbp
        assert narrow_pulse_pressure(ROWS, value).tolist() == [expected]


@pytest.mark.parametrize("channel", CHANNEL_NAMES)
@pytest.mark.parametrize("direction", [-1, 1])
def test_only_more_than_the_believable_change_in_less_than_its_time_is_a_jump(
    channel: str, direction: int
) -> None:
    c = CHANNEL_NAMES.index(channel)
    most, within_ms = int(LIMITS.change_centi[c]), int(LIMITS.change_ms[c])

    def moved(change: int, elapsed_ms: int) -> bool:
        before = np.full((1, N_CHANNELS), 10_000, np.int32)
        at_ms = np.full((1, N_CHANNELS), elapsed_ms, np.int64)
        return bool(
            jumped(LIMITS, before + direction * change, at_ms, before, np.zeros_like(at_ms))[0, c]
        )

    assert moved(most + 1, within_ms - 1)
    assert not moved(most, within_ms - 1)
    assert not moved(most + 1, within_ms)


def test_temperature_in_fahrenheit_that_lost_its_unit_is_impossible() -> None:
    assert plausibility(LIMITS, rows({"temp": 98.6}))[0, Channel.TEMP] == Verdict.IMPOSSIBLE


def test_a_saturation_sent_as_a_fraction_is_impossible() -> None:
    assert plausibility(LIMITS, rows({"spo2": "0.97"}))[0, Channel.SPO2] == Verdict.IMPOSSIBLE


def test_a_pressure_sent_in_kilopascal_without_saying_so_is_impossible() -> None:
    found = plausibility(LIMITS, rows({"sbp": 16, "dbp": "8.67"}))[0]
    assert found[Channel.SBP] == Verdict.IMPOSSIBLE
    assert found[Channel.DBP] == Verdict.SUSPICIOUS


def test_a_doubt_of_the_device_takes_only_the_right_to_alarm_alone() -> None:
    value = rows({"hr": 80, "sbp": 120, "dbp": 80})
    at_ms = np.zeros(value.shape, np.int64)
    still = np.full(value.shape, MISSING, np.int32)
    flags = np.where(value != MISSING, Flag.QUESTIONABLE, 0).astype(np.uint16)
    got = verdicts(LIMITS, ROWS, value, at_ms, flags, still, at_ms)[0]
    assert got[[Channel.HR, Channel.SBP, Channel.DBP]].tolist() == [Verdict.SUSPICIOUS] * 3
    assert got[Channel.TEMP] == Verdict.ABSENT


def test_the_pressures_are_the_three_of_one_cuff() -> None:
    assert [channel.name for channel in PRESSURES] == ["SBP", "DBP", "MAP"]


NOTHING_BEFORE: dict[str, float] = {}


@pytest.mark.parametrize(
    ("before", "value", "channel", "reason"),
    [
        (NOTHING_BEFORE, {"hr": 80}, "hr", Reason.SOUND),
        (NOTHING_BEFORE, {"hr": 80}, "rr", Reason.ABSENT),
        (NOTHING_BEFORE, {"hr": 30}, "hr", Reason.LOW),
        (NOTHING_BEFORE, {"hr": 14}, "hr", Reason.TOO_LOW),
        (NOTHING_BEFORE, {"hr": 201}, "hr", Reason.HIGH),
        (NOTHING_BEFORE, {"hr": 301}, "hr", Reason.TOO_HIGH),
        ({"hr": 70}, {"hr": 140}, "hr", Reason.JUMPED),
        ({"spo2": 97}, {"spo2": 87}, "spo2", Reason.PROBE),
        ({"spo2": 97}, {"spo2": "87.01"}, "spo2", Reason.SOUND),
        ({"spo2": 87}, {"spo2": 97}, "spo2", Reason.JUMPED),
        ({"temp": 37}, {"temp": "37.5"}, "temp", Reason.SITE),
        ({"temp": 37}, {"temp": "36.5"}, "temp", Reason.SITE),
        ({"temp": 37}, {"temp": "37.4"}, "temp", Reason.SOUND),
        (NOTHING_BEFORE, {"sbp": 120, "dbp": 80, "map": 120}, "sbp", Reason.MEAN),
        (NOTHING_BEFORE, {"sbp": 120, "dbp": 110}, "dbp", Reason.NARROW),
        (NOTHING_BEFORE, {"sbp": 110, "map": 110, "dbp": 100}, "map", Reason.NARROW),
        (NOTHING_BEFORE, {"sbp": 50, "dbp": 30}, "sbp", Reason.LOW),
        (NOTHING_BEFORE, {"sbp": 310, "dbp": 80}, "sbp", Reason.TOO_HIGH),
        (NOTHING_BEFORE, {"sbp": 310, "dbp": 80}, "dbp", Reason.CONTRADICTED),
        (NOTHING_BEFORE, {"sbp": 80, "dbp": 90}, "sbp", Reason.CONTRADICTED),
    ],
)
def test_every_verdict_says_why(
    before: dict[str, Number], value: dict[str, Number], channel: str, reason: Reason
) -> None:
    new, old = rows(value), rows(before)
    at_ms = np.full(new.shape, 4000, np.int64)
    flags = np.zeros(new.shape, np.uint16)
    found = reasons(LIMITS, ROWS, new, at_ms, flags, old, np.zeros_like(at_ms))
    assert found[0, CHANNEL_NAMES.index(channel)] == reason


def test_the_device_is_named_before_a_jump_and_a_level_before_the_device() -> None:
    new, old = rows({"hr": 140, "rr": 55}), rows({"hr": 70, "rr": 54})
    at_ms = np.full(new.shape, 4000, np.int64)
    flags = np.full(new.shape, Flag.QUESTIONABLE, np.uint16)
    found = reasons(LIMITS, ROWS, new, at_ms, flags, old, np.zeros_like(at_ms))[0]
    assert found[[Channel.HR, Channel.RR, Channel.TEMP]].tolist() == [
        Reason.DEVICE,
        Reason.HIGH,
        Reason.ABSENT,
    ]


def test_a_higher_reason_never_has_a_milder_verdict() -> None:
    assert len(VERDICTS) == len(Reason)
    assert (np.diff(VERDICTS) >= 0).all()
    assert {Reason(number).name: Verdict(verdict) for number, verdict in enumerate(VERDICTS)} == {
        "ABSENT": Verdict.ABSENT,
        "SOUND": Verdict.TRUSTED,
        **dict.fromkeys(
            ("FLAT", "MOVING", "RESENT", "JUMPED", "PROBE", "SITE", "DEVICE", "MEAN", "NARROW"),
            Verdict.SUSPICIOUS,
        ),
        "LOW": Verdict.SUSPICIOUS,
        "HIGH": Verdict.SUSPICIOUS,
        "TOO_LOW": Verdict.IMPOSSIBLE,
        "TOO_HIGH": Verdict.IMPOSSIBLE,
        "CONTRADICTED": Verdict.CONTRADICTED,
    }
