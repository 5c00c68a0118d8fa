"""Rows of beds and devices, and messages as columns."""

from ward_builders import ms, numbered, pump, vitals

from detectors.channels import Channel, Flag
from monitor.ward.roster import Roster, columns


def test_rows_are_given_in_order_of_appearance_and_kept() -> None:
    roster = Roster()
    assert [roster.bed(name) for name in ("7", "3", "7", "9")] == [0, 1, 0, 2]
    assert [roster.device(name) for name in ("b", "a", "b")] == [0, 1, 0]


def test_messages_become_columns_in_order_of_arrival() -> None:
    roster = Roster()
    found = columns(
        roster,
        numbered(
            (
                vitals(1, bed="7", hr=80, sbp=120),
                pump(2, "infusing", 60, bed="9"),
                vitals(3, bed="9", received_s=4, spo2=97.5, flags=Flag.HAND),
            )
        ),
    )
    readings = found.readings
    assert readings.bed.tolist() == [0, 0, 1]
    assert readings.device.tolist() == [0, 0, 1]
    assert readings.channel.tolist() == [Channel.HR, Channel.SBP, Channel.SPO2]
    assert readings.value_centi.tolist() == [8000, 12000, 9750]
    assert readings.measured_ms.tolist() == [ms(1), ms(1), ms(3)]
    assert readings.received_ms.tolist() == [ms(1), ms(1), ms(4)]
    assert readings.flags.tolist() == [0, 0, Flag.HAND]
    assert readings.position.tolist() == [0, 0, 2]
    assert [type(act).__name__ for act in found.acts] == ["PumpReported"]


def test_a_report_of_absent_channels_is_also_an_act() -> None:
    found = columns(Roster(), (vitals(0, hr=80, absent=("spo2",)),))
    assert len(found.readings) == 1
    assert [type(act).__name__ for act in found.acts] == ["VitalsReported"]
    found = columns(Roster(), (vitals(0, absent=("spo2",)),))
    assert (len(found.readings), len(found.acts)) == (0, 1)


def test_nothing_is_an_empty_step() -> None:
    found = columns(Roster(), ())
    assert (len(found.readings), found.acts) == (0, ())
