"""The ways in which units and data go wrong on the way, each from the bytes of a message on.

What cannot be known is not guessed: a value is taken in the unit that it names, or it is refused
with the unit that it was probably sent in. Nothing is converted because it looks so.
"""

from collections.abc import Sequence

import msgspec
import pytest
from builders import T0_MS, session, ward

from monitor.facts.effects import AnyEffect, ReadingsKept
from monitor.facts.records import (
    ActTaken,
    MessageRefused,
    RawMessage,
    SessionReported,
    VitalsReported,
)
from monitor.ward.ward import Ward
from monitor.wire.messages import decode, stamp, topic

Sent = tuple[str, float, str | None]
"""Channel, number and unit as a device writes them."""


def raw(kind: str, payload: object, at_s: float, late_s: float = 0.2) -> RawMessage:
    """Return a message of the device of bed 1."""
    return RawMessage(
        received_ms=T0_MS + round(1000 * (at_s + late_s)),
        topic=topic("inf-a", "1", "mon-1", kind),
        payload=msgspec.json.encode(payload),
    )


def vitals(at_s: float, *values: Sent, late_s: float = 0.2) -> RawMessage:
    """Return what a monitor sends; a value without a unit names none."""
    written = [
        {"ch": name, "v": number} | ({} if unit is None else {"u": unit})
        for name, number, unit in values
    ]
    time = stamp(T0_MS + round(1000 * at_s))
    return raw("vitals", {"seq": round(at_s), "t": time, "values": written}, at_s, late_s)


def opened() -> Ward:
    """Return a ward in which bed 1 has a session."""
    made = ward()
    made.take(T0_MS, [session(0)])
    return made


def told(made: Ward, *messages: RawMessage) -> list[AnyEffect]:
    """Return what a ward tells about some messages, one step each."""
    found: list[AnyEffect] = []
    for one in messages:
        found += made.take(one.received_ms, [decode(one, position=0)])
    return found


def refused(effects: Sequence[AnyEffect]) -> dict[str, str]:
    """Return why readings were refused, by channel."""
    kept = [one for one in effects if isinstance(one, ReadingsKept) and one.outcome == "rejected"]
    return {one.channel: one.reason for one in kept}


def known(made: Ward) -> dict[str, float]:
    """Return the newest trusted values of bed 1."""
    channels = made.view(T0_MS).beds[0].channels
    return {one.channel: one.value_centi / 100 for one in channels}


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (("temp", 98.6, "Cel"), "impossible: temp 98.6 > 43; 98.6 looks like °F: 37 °C"),
        (("temp", 101.3, "Cel"), "impossible: temp 101.3 > 43; 101.3 looks like °F: 38.5 °C"),
        (("temp", 310.15, "Cel"), "impossible: temp 310.15 > 43; 310.15 looks like K: 37 °C"),
        (("sbp", 16.0, "mm[Hg]"), "impossible: sbp 16 < 20; 16 looks like kPa: 120 mmHg"),
        (("sbp", 12.0, "mmHg"), "impossible: sbp 12 < 20; 12 looks like kPa: 90 mmHg"),
        (("spo2", 0.97, "%"), "impossible: spo2 0.97 < 40; 0.97 looks like a fraction of 1: 97 %"),
        (("hr", 1.2, "/min"), "impossible: hr 1.2 < 15; 1.2 looks like 1/s: 72 /min"),
        (("rr", 0.25, "/min"), "impossible: rr 0.25 < 2; 0.25 looks like 1/s: 15 /min"),
        (("temp", 55, "Cel"), "impossible: temp 55 > 43"),
    ],
)
def test_a_refused_value_names_the_unit_it_was_probably_sent_in(sent: Sent, words: str) -> None:
    made = opened()
    assert refused(told(made, vitals(10, sent))) == {sent[0]: words}
    assert known(made) == {}, "nothing is converted by guess"


def test_a_pressure_pair_in_kilopascal_is_refused_whole() -> None:
    effects = told(opened(), vitals(10, ("sbp", 16.0, "mm[Hg]"), ("dbp", 8.67, "mm[Hg]")))
    assert refused(effects) == {
        "sbp": "impossible: sbp 16 < 20; 16 looks like kPa: 120 mmHg",
        "dbp": "contradiction: sbp 16, dbp 8.67 cannot belong together",
    }


def test_a_unit_that_is_named_is_obeyed_exactly() -> None:
    made = opened()
    sent = (("temp", 98.6, "[degF]"), ("sbp", 16.0, "kPa"), ("dbp", 8.67, "kPa"))
    assert refused(told(made, vitals(10, *sent))) == {}
    assert known(made) == {"sbp": 120.01, "dbp": 65.03, "temp": 37.0}


@pytest.mark.parametrize("channel", ["temp", "sbp", "spo2", "hr"])
def test_a_number_without_a_unit_is_no_measurement(channel: str) -> None:
    record = decode(vitals(10, (channel, 97, None)), position=0)
    assert isinstance(record, MessageRefused)
    assert (record.reason, record.field) == ("missing-field", "values[0].u")


@pytest.mark.parametrize(("channel", "unit"), [("temp", "%"), ("spo2", "1"), ("sbp", "Cel")])
def test_a_unit_of_another_quantity_is_refused(channel: str, unit: str) -> None:
    record = decode(vitals(10, (channel, 0.97, unit)), position=0)
    assert isinstance(record, MessageRefused)
    assert record.reason == "wrong-unit"


@pytest.mark.parametrize(
    ("dose", "given"),
    [
        ({"v": 500, "u": "mL"}, (50_000, "mL")),
        ({"v": 0.5, "u": "mg"}, (50, "mg")),
        ({"v": 1, "u": "g"}, (100_000, "mg")),
        (None, (None, "")),
    ],
)
def test_a_drug_is_an_amount_and_a_fluid_a_volume(
    dose: dict[str, object] | None, given: tuple[int | None, str]
) -> None:
    record = decode(drug_given(dose), position=0)
    assert isinstance(record, ActTaken)
    assert (record.dose_centi, record.dose_unit) == given


def test_a_dose_of_another_dimension_is_refused() -> None:
    record = decode(drug_given({"v": 2, "u": "kg"}), position=0)
    assert isinstance(record, MessageRefused)
    assert (record.reason, record.field, record.limit) == ("wrong-unit", "dose.u", "mg or g or mL")


def drug_given(dose: dict[str, object] | None) -> RawMessage:
    """Return that somebody gave something, with its dose if there is one."""
    said = {"id": "01JD910017", "t": stamp(T0_MS + 10_000), "by": "ka", "role": "rn"}
    more = {} if dose is None else {"dose": dose}
    return raw("act", {**said, "via": "tab", "act": "drug", "drug": "saline", **more}, 10)


def test_two_degrees_fahrenheit_are_not_two_degrees() -> None:
    """A rise of 2 °F is one of 1.11 °C: values are converted before they are subtracted."""
    made = opened()
    told(made, vitals(10, ("temp", 98.6, "[degF]")))
    before = known(made)["temp"]
    told(made, vitals(600, ("temp", 100.6, "[degF]")))
    assert round(known(made)["temp"] - before, 2) == 1.11


def test_a_weight_in_pounds_says_so_and_becomes_kilograms() -> None:
    def weighed(unit: str) -> SessionReported | MessageRefused:
        opening = {
            "id": "S-1", "t": stamp(T0_MS), "event": "open", "subject": "PX-1", "by": "rn-1",
            "product": "ivig-5", "weight": {"v": 154, "u": unit},
        }  # fmt: skip
        record = decode(raw("session", opening, 0), position=0)
        assert isinstance(record, SessionReported | MessageRefused)
        return record

    pounds, kilograms = weighed("[lb_av]"), weighed("kg")
    assert isinstance(pounds, SessionReported)
    assert isinstance(kilograms, SessionReported)
    assert (pounds.weight_centi_kg, kilograms.weight_centi_kg) == (6985, 15_400)
    assert isinstance(weighed("lb"), MessageRefused)


def test_what_is_delivered_twice_is_taken_once() -> None:
    made = opened()
    message = vitals(10, ("hr", 80, "/min"))
    told(made, message, message)
    assert (made.state.outcomes["accepted"], made.state.outcomes["duplicate"]) == (1, 1)


@pytest.mark.parametrize(("late_s", "reason"), [(-3600, "future-stamp"), (90_000, "ancient-stamp")])
def test_a_clock_that_is_far_off_is_refused(late_s: float, reason: str) -> None:
    record = decode(vitals(10, ("hr", 80, "/min"), late_s=late_s), position=0)
    assert isinstance(record, MessageRefused)
    assert record.reason == reason


def test_a_clock_that_runs_a_little_ahead_outlives_nobody() -> None:
    """A stamp from the future is taken as the time of arrival: the next reading is newer."""
    made = opened()
    told(made, vitals(30, ("hr", 80, "/min"), late_s=-20), vitals(11, ("hr", 120, "/min")))
    assert known(made) == {"hr": 120}


def test_a_doubtful_value_is_taken_as_it_was_sent() -> None:
    made = opened()
    assert refused(told(made, vitals(10, ("sbp", 21.3, "mm[Hg]")))) == {}
    assert known(made) == {"sbp": 21.3}
    record = decode(vitals(20, ("sbp", 21.3, "mm[Hg]")), position=0)
    assert isinstance(record, VitalsReported)
    assert record.values[0].value_centi == 2130
