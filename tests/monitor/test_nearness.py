"""A restart waits until vital signs are near their baseline: every cell, and its life."""

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any, Final

import pytest
from builders import ward_settings
from hypothesis import given
from hypothesis import strategies as st
from ward_builders import Play, hypotensive, of, pump

from detectors.channels import MISSING, NEVER, Channel
from detectors.truth import Truth
from monitor.care.nearness import Nearness, NearRow, Newest, nearness
from monitor.facts.effects import MeasurementWanted

HR: Final = NearRow(channel=Channel.HR, within_centi_percent=1000, source=("engineering",))
SBP: Final = NearRow(channel=Channel.SBP, within_centi_percent=1000, source=("engineering",))
BASE: Final = {Channel.HR: 8_000, Channel.SBP: 12_000}
SINCE_MS, NOW_MS, VALID_MS = 1_000, 9_000, 5_000

STATES: Final[dict[str, tuple[Truth, str]]] = {
    "near": (Truth.TRUE, ""),
    "far": (Truth.FALSE, "is more than 10 % from its baseline of"),
    "no value": (Truth.UNKNOWN, "was not measured since the signs ended, or too long ago"),
    "from before": (Truth.UNKNOWN, "was not measured since the signs ended, or too long ago"),
    "too old": (Truth.UNKNOWN, "was not measured since the signs ended, or too long ago"),
    "no baseline": (Truth.UNKNOWN, "has no baseline"),
}
"""What may be known of a channel, and what that says."""


def known(channel: Channel, state: str) -> Newest:
    base = BASE[channel]
    made = Newest(value_centi=base, baseline_centi=base, measured_ms=NOW_MS)
    if state == "far":
        return replace(made, value_centi=base * 12 // 10)
    if state == "no value":
        return replace(made, value_centi=MISSING, measured_ms=NEVER)
    if state == "from before":
        return replace(made, measured_ms=SINCE_MS - 1)
    if state == "too old":
        return replace(made, measured_ms=NOW_MS - VALID_MS - 1)
    return replace(made, baseline_centi=MISSING) if state == "no baseline" else made


def judged(hr: Newest, sbp: Newest) -> Nearness:
    return nearness(
        (HR, SBP), (hr, sbp), valid_ms=(VALID_MS, VALID_MS), since_ms=SINCE_MS, now_ms=NOW_MS
    )


@pytest.mark.parametrize(("hr", "sbp"), list(product(STATES, STATES)))
def test_every_cell_of_what_may_be_known_of_two_channels(hr: str, sbp: str) -> None:
    found = judged(known(Channel.HR, hr), known(Channel.SBP, sbp))
    truths = {STATES[hr][0], STATES[sbp][0]}
    expected = next(one for one in (Truth.FALSE, Truth.UNKNOWN, Truth.TRUE) if one in truths)
    assert found.truth == expected
    for channel, state in ((Channel.HR, hr), (Channel.SBP, sbp)):
        words = STATES[state][1]
        said = [part for part in found.words.split("; ") if part.startswith(channel.name)]
        assert [words in part for part in said] == [True] * bool(words)
        wants = state in ("no value", "from before", "too old")
        assert (channel in found.to_measure) == wants


def test_the_words_name_the_baseline_and_not_the_value_that_changes_with_every_reading() -> None:
    far = judged(known(Channel.HR, "far"), known(Channel.SBP, "near"))
    assert far.words == "HR is more than 10 % from its baseline of 80 /min"


@pytest.mark.parametrize(
    ("value_centi", "truth"),
    [(7_199, Truth.FALSE), (7_200, Truth.TRUE), (8_800, Truth.TRUE), (8_801, Truth.FALSE)],
)
def test_the_limit_itself_is_near_on_both_sides(value_centi: int, truth: Truth) -> None:
    hr = replace(known(Channel.HR, "near"), value_centi=value_centi)
    assert judged(hr, known(Channel.SBP, "near")).truth == truth


def test_the_answer_holds_until_the_first_value_is_too_old() -> None:
    older = replace(known(Channel.SBP, "near"), measured_ms=NOW_MS - 100)
    assert judged(known(Channel.HR, "near"), older).until_ms == NOW_MS - 100 + VALID_MS
    unknown = known(Channel.HR, "no value"), known(Channel.SBP, "no value")
    assert judged(*unknown).until_ms is None


CENTI: Final = st.one_of(st.just(MISSING), st.integers(-100, 30_000))
TIMES: Final = st.one_of(st.just(NEVER), st.integers(0, NOW_MS))


@given(
    st.lists(st.tuples(CENTI, CENTI, TIMES), min_size=1, max_size=7),
    st.integers(1, 10_000),
    st.integers(0, NOW_MS),
    st.integers(0, NOW_MS),
)
def test_the_slow_twin_with_fractions_agrees(
    channels: list[tuple[int, int, int]], within: int, since_ms: int, valid_ms: int
) -> None:
    verdicts = []
    for value, base, at_ms in channels:
        is_new = at_ms >= since_ms and NOW_MS - at_ms <= valid_ms
        if MISSING in (value, base) or base <= 0 or not is_new:
            verdicts.append(Truth.UNKNOWN)
        else:
            part = Fraction(abs(value - base), base)
            verdicts.append(Truth.TRUE if part <= Fraction(within, 10_000) else Truth.FALSE)
    order = (Truth.FALSE, Truth.UNKNOWN, Truth.TRUE)
    rows = [
        NearRow(channel=Channel(i), within_centi_percent=within, source=("engineering",))
        for i in range(len(channels))
    ]
    found = nearness(
        rows,
        [Newest(value_centi=v, baseline_centi=b, measured_ms=t) for v, b, t in channels],
        valid_ms=[valid_ms] * len(rows),
        since_ms=since_ms,
        now_ms=NOW_MS,
    )
    assert found.truth == min(verdicts, key=order.index)
    assert bool(found.words) == (found.truth != Truth.TRUE)


@pytest.mark.parametrize("within", [0, -1, 10_001])
def test_a_part_of_a_baseline_that_is_none_is_refused(within: int) -> None:
    with pytest.raises(ValueError, match="within_percent"):
        NearRow(channel=Channel.HR, within_centi_percent=within, source=("engineering",))


def test_a_channel_stands_once() -> None:
    site = ward_settings().mitigation
    with pytest.raises(ValueError, match="twice among the near rows"):
        replace(site, near=(HR, HR))


# --------------------------------------------------------------------- at a bed


def paused(*, hr: int = 80, **changed: Any) -> Play:  # noqa: ANN401 - as session
    """Return a bed that was paused at second 370 and is well, at some pulse, from 380 to 1490."""
    play = hypotensive(**changed)
    play.take(pump(370, "paused", 0))
    for at_s in range(380, 1500, 10):
        play.well(at_s, hr=hr + at_s % 7, sbp=120 + at_s // 5 % 3)
    assert play.alert.condition == "ended"
    assert play.advice.restart_ms is not None
    return play


def due_s(play: Play) -> float:
    assert play.advice.restart_ms is not None
    return 1490 + (play.advice.restart_ms - play.now_ms) / 1000


def test_a_pulse_far_from_its_baseline_keeps_the_restart_waiting_and_says_so() -> None:
    play = paused(hr=90)
    at_s = due_s(play) + 1
    play.well(at_s, hr=97)
    assert play.advice.steps == ()
    assert play.advice.why == ("a restart waits: HR is more than 10 % from its baseline of 80 /min")
    assert of(MeasurementWanted, play.well(at_s + 10, hr=96)) == [], "it is known"
    told = len(play.told)
    play.well(at_s + 20, hr=95)
    assert len(play.told) == told, "nothing is told again while the answer is the same"
    play.well(at_s + 30, hr=88)
    assert play.steps == {"resume": "offered"}
    assert play.advice.why == ""
    play.well(at_s + 40, hr=89)
    assert play.advice.steps == ()


def test_what_nobody_measured_is_asked_for_and_opens_nothing() -> None:
    play = paused()
    at_s = due_s(play) + 400
    effects = play.wait(at_s)
    assert play.advice.steps == ()
    assert play.advice.why.startswith("a restart waits: HR was not measured since")
    wanted = {one.channel for one in of(MeasurementWanted, effects)}
    assert wanted == {"hr"}, "the pressure of a cuff is good for half an hour"
    play.well(at_s + 10)
    assert play.steps == {"resume": "offered"}


def test_an_offer_lapses_when_the_value_behind_it_is_too_old() -> None:
    play = paused()
    at_s = due_s(play) + 1
    play.well(at_s)
    assert play.steps == {"resume": "offered"}
    play.wait(at_s + 300)
    assert play.steps == {"resume": "offered"}
    play.wait(at_s + 301)
    assert play.advice.steps == ()
    assert "HR was not measured" in play.advice.why


def test_without_a_baseline_the_restart_is_left_to_people() -> None:
    play = paused()
    (bed,) = play.ward.state.beds
    play.ward.state.detection.baseline_centi[bed.row, Channel.SBP] = MISSING
    at_s = due_s(play) + 1
    play.well(at_s)
    assert play.advice.steps == ()
    assert play.advice.why == "a restart waits: SBP has no baseline"
    play.take(pump(at_s + 10, "infusing", 84))
    assert play.advice.plan == "resumed"
    assert play.advice.why == ""


def test_a_site_without_rows_asks_for_nothing_near() -> None:
    made = ward_settings()
    site = replace(made.mitigation, near=())
    play = paused(hr=90, settings=replace(made, mitigation=site))
    play.well(due_s(play) + 1, hr=97)
    assert play.steps == {"resume": "offered"}
