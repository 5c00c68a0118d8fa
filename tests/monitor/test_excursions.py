"""How far a person has moved, in words and as a reaction tells it."""

from typing import Any

import pytest
from ward_builders import Play, acknowledge, alerts, infusing, ms, opened, session, symptom

from detectors.channels import Channel
from detectors.directions import Concordance
from monitor.care.cards import why_card
from monitor.care.excursions import (
    excursion,
    heart_beyond_fever,
    once_in,
    quantity,
    span,
    together,
)
from monitor.facts.excursions import Excursion


def words(channel: Channel, **facts: Any) -> str:  # noqa: ANN401 - fields differ
    return excursion(channel, Excursion(what="", words="", **facts)).words


def test_a_change_is_said_in_its_unit_and_where_people_do_in_percent() -> None:
    assert words(Channel.SBP, value_centi=8400, change_centi=-4000, percent=-32) == (
        "SBP 84: -40 mmHg (-32 %) from the baseline"
    )
    assert words(Channel.TEMP, value_centi=3810, change_centi=140, percent=3) == (
        "T 38.1: +1.4 °C from the baseline"
    )
    assert words(Channel.HR, value_centi=9000, change_centi=0) == "HR 90: 0 /min from the baseline"
    assert words(Channel.RR) == "RR: no baseline to compare"


@pytest.mark.parametrize(
    ("sessions", "said"),
    [
        (1, "by chance in most sessions"),
        (6, "by chance about once in 6 sessions"),
        (1000, "by chance less than once in 1000 sessions"),
    ],
)
def test_noise_says_how_often_chance_does_it(sessions: int, said: str) -> None:
    found = words(Channel.HR, noise_units_centi=-520, noise_readings=5, once_in=sessions)
    assert found == f"HR: 5.2 times the person's own noise (from 5 readings), {said}"


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.9, 1), (0.5, 2), (0.16, 6), (0.00101, 990), (0.00099, 1000), (0.0, 1000)],
)
def test_chances_are_told_in_sessions(share: float, expected: int) -> None:
    assert once_in(share) == expected


def test_only_what_moves_is_rising_or_falling() -> None:
    assert words(Channel.SBP, going="falling", per_10_min_centi=-1240) == (
        "SBP: falling by 12.4 mmHg in 10 min"
    )
    assert "in 10 min" not in words(Channel.SBP, per_10_min_centi=-40)


@pytest.mark.parametrize(
    ("since_min", "beyond_min", "said"),
    [
        (None, 3, "not beyond its limit now, 3 min of the last 20 min"),
        (20, 0, "beyond its limit in the newest reading"),
        (0, 20, "beyond its limit for at least 20 min"),
        (15, 5, "beyond its limit for 5 min"),
        (15, 8, "beyond its limit for 5 min, 8 min of the last 20 min"),
    ],
)
def test_the_time_beyond_a_limit(since_min: int | None, beyond_min: int, said: str) -> None:
    found = words(
        Channel.SBP,
        measured_ms=20 * 60_000,
        beyond_since_ms=None if since_min is None else 60_000 * since_min,
        beyond_ms=60_000 * beyond_min,
        looked_ms=20 * 60_000,
    )
    assert found == f"SBP: {said}"
    assert (span(119_000), span(120_000)) == ("119 s", "2 min")


def test_what_follows_from_several() -> None:
    assert quantity("shock_index", "shock index", 151, "", 61).words == (
        "shock index 1.51, 0.61 at the baseline"
    )
    alone = quantity("pulse_pressure", "pulse pressure", 2800, "mmHg", None)
    assert (alone.words, alone.change_centi) == ("pulse pressure 28 mmHg", None)
    assert heart_beyond_fever(-210).words.startswith("HR -2.1 /min from the baseline beyond")
    said = {one: together(one) for one in Concordance}
    assert [one for one, found in said.items() if found is None] == [
        Concordance.UNKNOWN,
        Concordance.STILL,
    ]


# ------------------------------------------------------------------------------ at a bed


def settled(pressures: tuple[int, ...] = (130, 116, 118, 120, 122, 124)) -> Play:
    """Return an infusion before which so many pressures were read, a minute apart."""
    play = opened()
    for minute, pressure in enumerate(pressures):
        play.well(400 + 60 * minute, sbp=pressure, dbp=75, temp="36.7")
    play.take(session(900, "start"))
    return play


def of_alert(play: Play) -> dict[str, Excursion]:
    return {one.what: one for one in play.alert.excursions}


def test_an_alert_tells_noise_chance_time_slope_and_indices() -> None:
    play = settled()
    for second, pressure in ((1000, 118), (1300, 100), (1600, 84), (1640, 80)):
        play.well(second, sbp=pressure, dbp=50, hr=110, temp="37.7")
    found = of_alert(play)
    fall = found["sbp"]
    assert (fall.change_centi, fall.percent, fall.noise_readings) == (-4000, -33, 5)
    assert fall.noise_units_centi == round(-100 * 4000 / 297)
    assert fall.once_in is not None
    assert 10 < fall.once_in < 100
    assert (fall.going, fall.value_centi, fall.measured_ms) == ("falling", 8000, ms(1640))
    assert fall.beyond_since_ms is not None
    assert ms(1300) <= fall.beyond_since_ms <= ms(1600)
    assert fall.rule.startswith("hypotension.")
    assert found["shock_index"].value_centi == 138, "110 over 80 is 1.375"
    assert found["mean_pressure"].value_centi == 6000
    assert found["pulse_pressure"].change_centi == -1500
    assert found["hr_excess"].value_centi is not None
    assert found["hr_and_sbp"].words == "HR is up and SBP down from the baseline"
    assert fall.words in why_card(play.alert)


def test_a_measured_mean_pressure_is_not_worked_out_beside() -> None:
    play = infusing()
    for second in (330, 360):
        play.well(second, sbp=84, dbp=55, map=64)
    assert "mean_pressure" not in of_alert(play)
    assert of_alert(play)["sbp"].noise_units_centi is None, "too few readings to state the noise"


def test_without_a_baseline_the_rest_is_told() -> None:
    play = opened()
    play.take(session(10, "start"))
    for second in (60, 100):
        play.read(second, hr=80, sbp=84)
    found = of_alert(play)
    assert found["sbp"].change_centi is None
    assert found["sbp"].words.startswith("SBP 84: beyond its limit for")
    assert found["shock_index"].change_centi is None
    assert "hr_and_sbp" not in found


def test_a_symptom_alone_tells_what_is_measured_besides() -> None:
    play = infusing()
    play.take(symptom(320, "hives"))
    assert "sbp" not in of_alert(play)
    assert of_alert(play)["shock_index"].value_centi is not None
    alone = opened()
    alone.take(session(10, "start"), symptom(20, "hives"))
    assert alone.alert.excursions == ()


def test_other_acts_tell_it_again_as_it_is_then_and_the_end_does_not() -> None:
    play = settled()
    for second in (1600, 1640):
        play.well(second, sbp=84, dbp=55)
    acknowledge(play, 1700)
    assert of_alert(play)["sbp"].value_centi == 8400
    for second in range(1800, 3000, 60):
        play.well(second)
    ends = [one for one in alerts(play.told) if one.condition == "ended"]
    assert ends
    assert all(one.excursions == () for one in ends)
