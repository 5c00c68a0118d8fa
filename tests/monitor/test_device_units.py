"""Devices that send in another unit: told at the first value, and not for what is merely odd."""

import pytest
from ward_builders import Play, alerts, causes, infusing

from detectors.channels import Flag


def raised(play: Play) -> list[str]:
    """Return the causes of the technical alerts that are raised now, in order."""
    return [one.cause for one in play.view().alerts if one.kind == "technical"]


def listening() -> Play:
    """Return a running infusion from which everything was just heard."""
    play = infusing()
    play.well(310)
    return play


def test_a_device_that_sends_in_another_unit_is_told_at_the_first_value() -> None:
    play = listening()
    assert causes(play.read(320, sbp=16, dbp=10.6)) == [("unit:mon-1", "start")]
    alert = alerts(play.told, "technical")[-1]
    assert (alert.priority, alert.grade) == ("medium", 0)
    assert alert.label == (
        "device mon-1 seems to send in another unit: SBP looks like kPa; its values are refused"
    )
    play.read(325, temp=98.6)
    assert "SBP looks like kPa, T looks like °F" in alerts(play.told, "technical")[-1].label


def test_it_is_over_when_no_value_looked_so_for_a_while() -> None:
    play = listening()
    play.read(320, sbp=16, dbp=10.6)
    play.well(322)
    assert "unit:mon-1" in raised(play), "a good value does not end it: the next may be another"
    for at_s in range(350, 920, 30):
        play.well(at_s)
    assert "unit:mon-1" in raised(play)
    play.well(925)
    assert "unit:mon-1" not in raised(play)


@pytest.mark.parametrize(
    "values", [{"hr": 400}, {"sbp": 21.3, "dbp": 14}, {"temp": 55}, {"spo2": 30}]
)
def test_what_no_unit_explains_or_is_not_refused_is_no_unit(values: dict[str, float]) -> None:
    play = listening()
    play.read(320, **values)
    assert "unit:mon-1" not in raised(play)


def test_what_a_person_writes_in_another_unit_is_no_trouble_of_a_device() -> None:
    play = listening()
    play.read(320, flags=Flag.HAND, temp=98.6)
    assert "unit:mon-1" not in raised(play)


def test_pressures_that_are_barely_possible_are_told_if_all_of_them_look_so() -> None:
    """160/105 mmHg sent in kilopascal as mmHg: judged, and said at once what it may be."""
    play = listening()
    assert causes(play.read(320, sbp=21.3, dbp=14)) == [("unit-doubted:mon-1", "start")]
    alert = alerts(play.told, "technical")[-1]
    assert (alert.priority, alert.grade) == ("medium", 0)
    assert alert.label == (
        "device mon-1 may send in another unit: DBP looks like kPa, SBP looks like kPa; "
        "its values count if they persist"
    )
    play.read(330, sbp=21.3, dbp=14, flags=Flag.STAT)
    assert any(one.grade for one in alerts(play.told, "physiological")), "no gate silences it"


@pytest.mark.parametrize(
    "values", [{"sbp": 38, "dbp": 22}, {"sbp": 58, "dbp": 24}, {"sbp": 70, "dbp": 20}]
)
def test_a_deep_fall_is_no_unit(values: dict[str, float]) -> None:
    """One of the pressures would not be ordinary in kilopascal, or is ordinary as it is."""
    play = listening()
    play.read(320, **values)
    assert not {"unit:mon-1", "unit-doubted:mon-1"} & set(raised(play))
