"""Rows of beds and devices, repeated reports, and messages as columns."""

from dataclasses import replace

from ward_builders import ms, numbered, pump, vitals

from detectors.channels import Channel, Flag
from monitor.facts.records import NO_SEQUENCE
from monitor.ward.roster import SEQUENCE_DEPTH, Roster, SequenceMemory, columns


def test_rows_are_given_in_order_of_appearance_and_kept() -> None:
    roster = Roster()
    assert [roster.bed(name) for name in ("7", "3", "7", "9")] == [0, 1, 0, 2]
    assert [roster.device(name) for name in ("b", "a", "b")] == [0, 1, 0]


def test_a_repeated_number_with_the_same_time_is_a_duplicate() -> None:
    memory = SequenceMemory()
    assert memory.take("boot", 5, ms(1))
    assert not memory.take("boot", 5, ms(1))


def test_a_repeated_number_with_another_time_is_a_new_report() -> None:
    memory = SequenceMemory()
    assert memory.take("boot", 5, ms(1))
    assert memory.take("boot", 5, ms(2))
    assert not memory.take("boot", 5, ms(2))


def test_another_boot_begins_afresh() -> None:
    memory = SequenceMemory()
    assert memory.take("one", 5, ms(1))
    assert memory.take("two", 5, ms(1))
    assert not memory.take("two", 5, ms(1))


def test_reports_without_a_number_are_never_duplicates() -> None:
    memory = SequenceMemory()
    assert all(memory.take("boot", NO_SEQUENCE, ms(1)) for _ in range(3))


def test_a_number_is_remembered_for_some_reports() -> None:
    memory = SequenceMemory()
    for number in range(SEQUENCE_DEPTH):
        assert memory.take("boot", number, ms(number))
    assert not memory.take("boot", 0, ms(0))
    assert memory.take("boot", SEQUENCE_DEPTH, ms(99))
    assert len(memory.seen) == SEQUENCE_DEPTH
    assert memory.take("boot", 0, ms(0)), "forgotten, as it is out of reach"


def test_duplicates_are_counted_by_value() -> None:
    roster = Roster()
    report = vitals(0, sequence=1, hr=80, sbp=120)
    found = columns(roster, numbered((report, report, replace(report, device="other"))))
    assert found.duplicates == 2
    assert len(found.readings) == 4
    assert columns(roster, (report,)).duplicates == 2


def test_backfill_has_numbers_of_its_own() -> None:
    roster = Roster()
    found = columns(
        roster,
        numbered((vitals(0, sequence=1, hr=80), vitals(0, sequence=1, hr=80, flags=Flag.BACKFILL))),
    )
    assert found.duplicates == 0


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
    assert (len(found.readings), found.acts, found.duplicates) == (0, (), 0)
