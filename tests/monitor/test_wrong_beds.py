"""A device that speaks for another bed than its own is missed at its own."""

from ward_builders import Play, infusing, session, vitals

from monitor.ward.listening import BEDS_HEARD


def two_beds() -> Play:
    """Return two running infusions, each with devices of its own."""
    play = infusing()
    play.well(310)
    play.take(session(311, bed="2"))
    return play


def told_at(play: Play, bed: str) -> list[str]:
    """Return the labels of the technical alerts that stand at a bed."""
    return [one.label for one in play.view(bed).alerts if one.kind == "technical"]


def test_who_speaks_for_another_bed_was_never_heard_at_its_own() -> None:
    play = two_beds()
    for at_s in range(320, 640, 20):
        play.take(vitals(at_s, bed="1", device="mon-2", sbp=120))
    play.wait(640)
    [label] = told_at(play, "2")
    assert label.startswith("never heard:")
    assert "device mon-2" in label
    play.take(vitals(641, bed="2", device="mon-2", sbp=120))
    assert not any("mon-2" in one for one in told_at(play, "2"))


def test_who_goes_to_another_bed_is_silent_at_its_own() -> None:
    play = two_beds()
    play.take(vitals(320, bed="2", device="mon-2", hr=80, spo2=98))
    for at_s in range(330, 460, 10):
        play.take(vitals(at_s, bed="1", device="mon-2", hr=80, spo2=98))
    play.wait(460)
    assert told_at(play, "2") == ["no data: every channel is silent"]
    device = next(one for one in play.view("2").devices if one.device == "mon-2")
    assert device.presence == "silent"


def test_a_device_that_speaks_for_many_beds_is_kept_for_the_last_ones() -> None:
    play = two_beds()
    for bed in range(1, 30):
        play.take(vitals(320 + bed, bed=str(bed), device="mon-2", hr=80))
    heard = play.ward.state.hearing["mon-2"].heard_ms
    assert list(heard) == [str(bed) for bed in range(30 - BEDS_HEARD, 30)]
