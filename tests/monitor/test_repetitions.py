"""Messages that came before say nothing; a gap is shown until it is filled, also from the store."""

from dataclasses import replace

import pytest
from ward_builders import Play, alerts, infusing, ms, pump, vitals

from detectors.channels import NEVER, Flag
from monitor.care.hearing import RIGHT
from monitor.facts.effects import SessionChanged


def gaps(play: Play) -> list[str]:
    hearing = play.ward.state.hearing["mon-1"]
    return [one.more for key, one in hearing.troubles.items() if key == "gap"]


def numbered_minutes(play: Play, numbers: range, *, from_s: int = 330) -> None:
    """Measure a person who is well every 10 s, from a time on."""
    for number in numbers:
        play.read(from_s + 10 * number, sequence=number, sbp=120, hr=80)


@pytest.mark.parametrize("delay_s", [5, 40, 1_000])
def test_a_replay_at_its_old_pace_is_neither_news_nor_a_clock(delay_s: int) -> None:
    """A day of true messages, sent again by somebody: the same delay for more than a minute."""
    play = infusing()
    for number in range(80):
        is_low = number < 20
        play.read(330 + number, sequence=number, sbp=70 if is_low else 120, dbp=40, hr=80)
    count = len(play.told)
    hearing = play.ward.state.hearing["mon-1"]
    heard_ms = play.ward.state.device_heard_ms.copy()
    before = dict(play.ward.state.outcomes)
    for number in range(70):
        at_s = 410 + delay_s + number
        play.take(vitals(330 + number, received_s=at_s, sequence=number, sbp=70, dbp=40, hr=80))
    assert play.ward.state.outcomes == {**before, "duplicate": before["duplicate"] + 210}
    assert hearing.clock is RIGHT
    assert (play.ward.state.device_heard_ms == heard_ms).all(), "a copy is no sign of life"
    assert not [one for one in alerts(play.told[count:]) if one.grade == 4]


def test_a_gap_is_told_and_ends_when_the_store_has_filled_it() -> None:
    play = infusing()
    numbered_minutes(play, range(3))
    numbered_minutes(play, range(8, 10))
    assert gaps(play) == ["5"]
    for number in range(3, 8):
        assert gaps(play) == [str(8 - number)]
        at_s = 330 + 10 * number
        late = vitals(at_s, received_s=430, sequence=number, flags=Flag.BACKFILL, sbp=70, hr=80)
        play.take(late)
    assert gaps(play) == []
    assert play.ward.state.outcomes["late-stored"] == 10


def test_an_absence_from_the_store_changes_nothing_and_is_numbered() -> None:
    play = infusing()
    numbered_minutes(play, range(2))
    numbered_minutes(play, range(3, 4))
    clock = play.ward.state.hearing["mon-1"].clock
    late = vitals(350, received_s=400, sequence=2, absent=("spo2",))
    play.take(replace(late, is_stored=True))
    assert gaps(play) == []
    assert play.ward.state.hearing["mon-1"].clock is clock
    assert (play.ward.state.absent_ms[0] == NEVER).all()


def test_a_pump_state_that_is_repeated_takes_nothing_back() -> None:
    play = infusing()
    first = replace(pump(340, "infusing", 60), sequence=5)
    then = replace(pump(350, "paused", 0), sequence=6)
    play.take(first)
    play.take(then)
    before = play.view()
    again = play.take(replace(first, received_ms=ms(351)))
    assert not [one for one in again if isinstance(one, SessionChanged)]
    after = play.view()
    assert (after.phase, after.rate_centi_ml_per_h) == (before.phase, before.rate_centi_ml_per_h)
