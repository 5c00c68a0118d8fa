"""What a screen and a message say of readings that a gate objects to: both values, and why."""

import pytest
from builders import shipped
from ward_builders import Play, infusing, ms, of, opened

from detectors.channels import CHANNEL_NAMES, MISSING, Channel, Flag
from detectors.quality import QUALITY_VERSION, Reason
from monitor.care.doubts import REASON_CODES, doubt_words, moving_words, still_words
from monitor.facts.effects import SessionChanged
from monitor.facts.views import ChannelView
from monitor.wire.shown import channel_shown


def channel(play: Play, name: str) -> ChannelView:
    """Return what is shown of a channel."""
    return next(one for one in play.view().channels if one.channel == name)


def outcomes(play: Play) -> dict[str, int]:
    """Return how many readings came to each end."""
    return dict(play.ward.state.outcomes)


def test_a_refused_value_stands_beside_the_trusted_one() -> None:
    play = opened()
    play.read(10, temp="36.8")
    assert (channel(play, "temp").raw_centi, channel(play, "temp").doubt) == (None, "")
    play.read(20, temp="98.6")
    shown = channel(play, "temp")
    assert (shown.value_centi, shown.measured_ms) == (3680, ms(10))
    assert (shown.raw_centi, shown.raw_ms, shown.doubt) == (9860, ms(20), "too-high")
    sent = channel_shown(shown)
    assert (sent.v, sent.raw, sent.doubt) == (36.8, 98.6, "too-high")
    assert sent.raw_t is not None
    play.read(30, temp="36.9")
    assert (channel(play, "temp").raw_centi, channel(play, "temp").doubt) == (None, "")


def test_a_doubted_value_is_trusted_and_raw_at_once() -> None:
    play = opened()
    play.read(10, flags=Flag.QUESTIONABLE, hr=80)
    shown = channel(play, "hr")
    assert (shown.value_centi, shown.raw_centi, shown.doubt) == (8000, 8000, "device")


def test_a_late_value_is_not_the_newest() -> None:
    play = opened()
    play.read(20, hr=80)
    play.read(10, received_s=21, hr=300 + 1)
    assert channel(play, "hr").doubt == ""


def test_a_refused_value_of_a_channel_without_a_trusted_one_is_a_remark() -> None:
    play = opened()
    play.read(10, sbp=16)
    assert "impossible: sbp 16 < 20; 16 looks like kPa: 120 mmHg" in play.view().remarks
    assert play.view().channels == ()


def test_a_doubtful_value_that_looks_like_another_unit_is_a_remark() -> None:
    play = opened()
    play.read(10, sbp="21.3")
    words = "doubtful: sbp 21.3 < 60; 21.3 looks like kPa: 160 mmHg"
    assert words in play.view().remarks
    play.read(60, sbp=55)
    assert not any("looks like" in words for words in play.view().remarks)


def test_a_lead_that_stands_still_is_named_until_it_moves() -> None:
    play = opened()
    for at_s in range(0, 601, 20):
        play.read(10 + at_s, hr=80)
        named = "heart rate has not moved for 10 min: check the lead" in play.view().remarks
        assert named == (at_s == 600)
    play.read(630, hr=81)
    assert not any("moved" in words for words in play.view().remarks)


def test_motion_is_named() -> None:
    play = opened()
    for at_s, rate in enumerate((70, 100, 70, 100, 70)):
        play.read(10 + at_s, hr=rate)
    assert "heart rate jumps to and fro: motion? Check the lead" in play.view().remarks
    play.read(30, hr=72)
    assert not any("motion" in words for words in play.view().remarks)


def test_a_cuff_reading_that_is_sent_again_is_counted_and_grows_old() -> None:
    play = infusing()
    play.read(330, sbp=119, dbp=79)
    before = outcomes(play)
    for at_s in range(345, 1_530, 15):
        play.read(at_s, sbp=119, dbp=79, hr=80 + at_s % 2, spo2=98, rr=15 + at_s % 2)
    after = outcomes(play)
    assert after["duplicate"] - before["duplicate"] == 2 * 79
    assert channel(play, "sbp").measured_ms == ms(330)
    assert channel(play, "sbp").doubt == "resent"
    play.wait(1_531)
    assert channel(play, "sbp").stale
    causes = {one.cause for one in play.view().alerts if one.kind == "technical"}
    assert "silent:sbp" in causes


def test_every_session_says_by_which_gates_its_readings_were_believed() -> None:
    told = of(SessionChanged, opened().told)
    assert {one.gates for one in told} == {QUALITY_VERSION}


WORDS = {
    Reason.ABSENT: "",
    Reason.SOUND: "",
    Reason.FLAT: "doubtful: hr 30 has not moved for too long: check the sensor",
    Reason.DEVICE: "doubtful: hr 30 is doubted by the device itself",
    Reason.LOW: "doubtful: hr 30 < 35",
    Reason.TOO_LOW: "impossible: hr 30 < 15",
    Reason.HIGH: "doubtful: hr 30 > 200",
    Reason.TOO_HIGH: "impossible: hr 30 > 300",
    Reason.CONTRADICTED: "contradiction:  cannot belong together",
}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code_and_words(reason: Reason) -> None:
    values = [3000 if name == "hr" else MISSING for name in CHANNEL_NAMES]
    words = doubt_words(shipped().limits, reason, Channel.HR, values)
    assert words == WORDS.get(reason, words)
    assert bool(words) == (reason > Reason.SOUND)
    assert len(REASON_CODES) == len(Reason)
    assert REASON_CODES[reason] == reason.name.lower().replace("_", "-")


def test_a_doubtful_value_names_its_probable_unit_too() -> None:
    values = [2130 if name == "sbp" else MISSING for name in CHANNEL_NAMES]
    words = doubt_words(shipped().limits, Reason.LOW, Channel.SBP, values)
    assert words == "doubtful: sbp 21.3 < 60; 21.3 looks like kPa: 160 mmHg"


@pytest.mark.parametrize("number", Channel)
def test_what_to_look_at_is_named_for_every_channel(number: Channel) -> None:
    assert "12 min: check the " in still_words(number, 12 * 60_000 + 59_999)
    assert moving_words(number).split(" jumps")[0] == still_words(number, 0).split(" has not")[0]
