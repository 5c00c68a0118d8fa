"""A chart becomes messages in order of time, with a step for every minute."""

from monitor.adapters.chart import MINUTE_MS, Chart, Rate
from monitor.facts.records import MessageRefused
from monitor.wire.messages import decode

T0 = 1_795_514_400_000


def chart() -> Chart:
    return Chart(unit="inf-a", bed="9", session="S-9")


def test_an_empty_chart_has_no_steps() -> None:
    assert list(chart().steps()) == []


def test_entries_stand_in_order_of_time_and_those_of_one_moment_in_order_of_entry() -> None:
    mine = chart()
    mine.symptom(T0 + 90_000, "hives")
    mine.vitals(T0, {"hr": 70})
    mine.turn(T0 + 90_000, "stop")
    steps = list(mine.steps())

    assert [(step.now_ms - T0, len(step.messages)) for step in steps] == [
        (0, 1),
        (60_000, 0),
        (90_000, 2),
    ]
    assert [raw.topic.rsplit("/", 1)[1] for raw in steps[-1].messages] == ["obs", "session"]


def test_every_entry_decodes_and_is_received_when_it_was_measured() -> None:
    mine = chart()
    mine.open(T0, subject="PX-9", product="other", weight_kg=70.5, age_years=9)
    mine.vitals(T0 + 1, {"hr": 70, "temp": 36.66, "spo2": 98})
    mine.pump(T0 + 2, Rate(state="infusing", rate_ml_per_h=100 / 3, infused_ml=0))
    mine.symptom(T0 + 3, "hives", severity="mild")
    mine.turn(T0 + 4, "close")
    records = [decode(raw, position=0) for step in mine.steps() for raw in step.messages]

    assert len(records) == 5
    for record in records:
        assert not isinstance(record, MessageRefused)
        assert record.measured_ms == record.received_ms


def test_a_set_without_values_is_no_entry() -> None:
    mine = chart()
    mine.vitals(T0, {})

    assert list(mine.steps()) == []


def test_minutes_are_whole_minutes_of_the_clock() -> None:
    mine = chart()
    mine.vitals(T0 + 30_000, {"hr": 70})
    mine.vitals(T0 + 3 * MINUTE_MS, {"hr": 71})

    assert [step.now_ms - T0 for step in mine.steps()] == [30_000, 60_000, 120_000, 180_000]
