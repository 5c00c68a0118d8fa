"""What a ward tells of the baseline of a bed: how far it has come, and what to know of it."""

from ward_builders import infusing, ms, of, opened, pump, session, symptom

from monitor.facts.effects import BaselineChanged


def test_a_baseline_is_established_and_frozen_when_the_infusion_starts() -> None:
    play = infusing()
    told = of(BaselineChanged, play.told)
    assert [(one.status, one.at_ms) for one in told] == [
        ("provisional", ms(60)),
        ("established", ms(240)),
        ("frozen", ms(300)),
    ]
    assert told[-1].centre_centi["sbp"] == 12000
    assert told[-1].readings["sbp"] == 5
    channels = "heart rate, systolic pressure, diastolic pressure, temperature"
    channels += ", oxygen saturation, respiratory rate"
    assert told[-1].remarks == (f"{channels}: taken within 5 min of opening",)
    assert (told[-1].noise_centi, told[-1].drift_centi["sbp"]) == ({}, 0)
    play.well(360, sbp=118)
    assert of(BaselineChanged, play.told) == told, "nothing is learned after the start"
    assert play.view().baseline == "established"


def test_a_start_without_readings_freezes_an_absent_baseline() -> None:
    play = opened()
    play.take(session(60, "start"))
    frozen = of(BaselineChanged, play.told)[-1]
    assert (frozen.status, frozen.centre_centi) == ("frozen", {})
    assert frozen.remarks == (
        "heart rate: absent baseline",
        "systolic pressure: absent baseline",
    )
    assert play.view().baseline == "absent"


def test_a_thin_baseline_stays_provisional_and_an_odd_one_is_remarked() -> None:
    play = opened()
    play.read(60, hr=110, sbp=95)
    play.read(120, hr=112, sbp=96)
    play.take(session(180, "start"))
    frozen = of(BaselineChanged, play.told)[-1]
    assert frozen.remarks == (
        "heart rate was already abnormal before the start",
        "systolic pressure was already abnormal before the start",
        "heart rate, systolic pressure: taken within 5 min of opening",
        "heart rate: provisional baseline",
        "systolic pressure: provisional baseline",
    )
    assert frozen.centre_centi == {"hr": 11200, "sbp": 9600}, "the first reading is left out"


def test_a_rested_baseline_states_its_noise_and_whether_it_still_moves() -> None:
    play = opened()
    for minute in range(6, 12):
        play.read(60 * minute, hr=76, sbp=150 - 4 * minute, temp=36.8)
    play.take(session(720, "start"))
    frozen = of(BaselineChanged, play.told)[-1]
    # Kept: 122, 118, 114, 110, 106; distances from 114 are 8, 4, 0, 4, 8, and 4 x 1.4826 = 5.93.
    assert frozen.noise_centi == {"hr": 0, "sbp": 593, "temp": 0}
    assert frozen.drift_centi == {"hr": 0, "sbp": -1200, "temp": 0}
    assert frozen.remarks == (
        "systolic pressure is still settling: -12 mmHg from the earlier to the later readings",
    )
    shown = {one.channel: one for one in play.view().channels}
    assert (shown["sbp"].noise_centi, shown["sbp"].drift_centi) == (593, -1200)
    assert play.view().remarks == frozen.remarks


def test_what_was_doubted_or_shivered_is_remarked() -> None:
    play = opened()
    play.take(symptom(10, "rigors"))
    play.read(20, hr=120, sbp=130)
    play.take(session(60, "start"))
    frozen = of(BaselineChanged, play.told)[-1]
    assert frozen.centre_centi == {}
    left_out = "readings left out that were doubted or taken while shivering"
    assert frozen.remarks[0] == f"heart rate, systolic pressure: {left_out}"


def test_a_long_pause_makes_a_baseline_again_and_notes_what_is_too_far() -> None:
    play = infusing()
    before = of(BaselineChanged, play.told)[-1].centre_centi
    play.take(pump(400, "paused"))
    for at_s in (2000, 2060, 2120, 2180):
        play.read(at_s, hr=before["hr"] / 100 + 3, sbp=before["sbp"] / 100 + 15)
    play.take(pump(2250, "infusing", 84))
    told = of(BaselineChanged, play.told)[-1]
    assert (told.status, told.at_ms) == ("frozen", ms(2250))
    assert told.centre_centi == before | {"hr": before["hr"] + 300}
    assert told.remarks[-2:] == (
        "heart rate: made again in the pause",
        "systolic pressure has shifted since the start by +15 mmHg: noted, not absorbed",
    )
    assert play.view().baseline == "established"


def test_a_short_pause_leaves_the_baseline_alone() -> None:
    play = infusing()
    told = of(BaselineChanged, play.told)
    play.take(pump(400, "paused"))
    for at_s in (460, 520, 580):
        play.read(at_s, hr=80, sbp=121)
    play.take(pump(600, "infusing", 84))
    assert of(BaselineChanged, play.told) == told
