"""Faults by their names: all of them are offered, read, made, and strike what they name."""

import inspect
from collections import Counter
from functools import cache

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from monitor.__main__ import app
from monitor.adapters.viewing import time_ms
from simulators import breakdowns, faults
from simulators.bedside import all_messages, ward_messages
from simulators.chairs import Chair, Sent, chair
from simulators.cohorts import Cohort, started_ms, ward_scenario_of
from simulators.fault_options import (
    BED_FAULTS,
    ELSEWHERE,
    FAULTS,
    WAY_FAULTS,
    fault_option,
    form_of,
)
from simulators.faults import with_faults
from simulators.scenario import Scenario, ward_scenario
from simulators.strikes import bed_faults, faults_of_bed, way_faults
from simulators.truths import true_session

STARTED_MS = 1_795_514_400_000


@cache
def ward() -> Scenario:
    return ward_scenario(beds=2, length_s=40 * 60, cadence_s=30)


@cache
def plain() -> tuple[Sent, ...]:
    return tuple(ward_messages(ward(), unit="u", started_ms=STARTED_MS))


def struck(*texts: str) -> list[Sent]:
    options = [fault_option(text, beds=2) for text in texts]
    here = bed_faults(options, ward(), started_ms=STARTED_MS)
    stream = ward_messages(ward(), unit="u", started_ms=STARTED_MS, faults=here)
    return list(with_faults(stream, way_faults(options, np.random.default_rng(1))))


def test_every_transform_of_a_stream_can_be_asked_for() -> None:
    written = {
        name.replace("_", "-")
        for module in (faults, breakdowns)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and "stream" in inspect.signature(function).parameters
    } - {"with-faults"}

    assert written == set(FAULTS)


def test_the_command_names_every_fault_in_its_help_and_says_what_each_is() -> None:
    run = CliRunner().invoke
    shown = run(app, ["simulate", "--help"], env={"COLUMNS": "400"}).output
    listed = run(app, ["simulate", "--faults", "list"])

    assert [name for name in FAULTS if name not in shown] == []
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()] == [
        form_of(name) for name in FAULTS
    ]


@pytest.mark.parametrize("name", BED_FAULTS)
def test_a_fault_of_a_bed_strikes_that_bed_alone_from_its_time_on(name: str) -> None:
    text = f"{name}@2:+10m" if BED_FAULTS[name].begins else f"{name}@2"
    from_ms = STARTED_MS + (ward().beds[1].opens_s + 600 + 600) * 1000
    after = Counter((one.at_ms, one.topic, one.payload) for one in struck(text))
    before = Counter((one.at_ms, one.topic, one.payload) for one in plain())
    changed = [*(after - before), *(before - after)]

    assert changed
    assert {topic.split("/")[3] for _, topic, _ in changed} <= {"02", ELSEWHERE}
    if BED_FAULTS[name].begins:
        assert min(at_ms for at_ms, _, _ in changed) >= from_ms


@pytest.mark.parametrize("name", WAY_FAULTS)
def test_a_fault_of_the_way_strikes_a_share(name: str) -> None:
    after = Counter((one.at_ms, one.topic, one.payload) for one in struck(f"{name}=0.2"))
    before = Counter((one.at_ms, one.topic, one.payload) for one in plain())
    share = sum(((after - before) + (before - after)).values()) / len(plain())

    assert 0.1 <= share <= 0.9


def test_faults_compose() -> None:
    both = struck("probe-off@1:+5m/5m", "duplicate=0.2", "drop=0.1")
    why = [
        value.get("why")
        for one in both
        if one.device == "mon-01" and one.topic.endswith("vitals")
        for value in msgspec.json.decode(one.payload)["values"]
    ]

    assert "probe-off" in why
    assert max(Counter(one.payload for one in both).values()) == 2
    assert len({one.payload for one in both}) < len(plain())


def stamps(*texts: str) -> list[int]:
    """Return how far the stamps of the first bed's monitor are off the time of sending [ms]."""
    return [
        time_ms(msgspec.json.decode(one.payload)["t"]) - one.at_ms
        for one in struck(*texts)
        if one.device == "mon-01" and one.topic.endswith("vitals")
    ]


@pytest.mark.parametrize(
    ("text", "off_s"),
    [
        ("clock-skew@1", -180),
        ("clock-skew@1=+90s", 90),
        ("clock-skew@1=-2h", -7200),
        ("clock-step@1:+5m", 600),
        ("clock-step@1:+5m=-10m", -600),
        ("clock-step@1:+5m=+168h", 168 * 3600),
    ],
)
def test_a_clock_is_off_by_the_size_that_was_said(text: str, off_s: int) -> None:
    plain_ms, off_ms = stamps(), stamps(text)
    moved = [one - was for one, was in zip(off_ms, plain_ms, strict=True)]
    begins = 0 if "skew" in text else next(place for place, one in enumerate(moved) if one)

    assert all(one == 0 for one in moved[:begins])
    # A clock that drifts by 50 ppm is off by 120 ms more after 40 minutes.
    assert all(abs(one - 1000 * off_s) <= 120 for one in moved[begins:])
    assert len(moved) > begins


@pytest.mark.parametrize(("text", "longest_s"), [("delay=1", 30), ("delay=1/10m", 600)])
def test_messages_are_late_by_up_to_the_size_that_was_said(text: str, longest_s: int) -> None:
    due_ms = {(one.topic, one.payload): one.at_ms for one in plain()}
    late_ms = [one.at_ms - due_ms[one.topic, one.payload] for one in struck(text)]

    assert min(late_ms) > 0
    assert 900 * longest_s < max(late_ms) <= 1000 * longest_s


def test_the_clock_of_a_cart_is_set_by_the_size_that_was_said() -> None:
    option = fault_option("clock-step@cart-01:+5m=-10m", beds=2, carts=("cart-01",))

    assert (option.carts, option.after_s, option.size_ms) == (("cart-01",), 300, -600_000)


def test_a_fault_ends_when_it_was_said_to() -> None:
    begins_ms = STARTED_MS + 600_000 + 300_000
    lost = Counter(plain()) - Counter(struck("silence@1:+5m/120s"))

    assert {one.device for one in lost} == {"mon-01"}
    assert all(begins_ms <= one.at_ms < begins_ms + 120_000 for one in lost)


def test_the_mean_under_the_name_of_the_systolic_pressure() -> None:
    pairs = [
        {value["ch"]: value["v"] for value in msgspec.json.decode(one.payload)["values"]}
        for one in struck("mean-as-systolic@1")
        if one.device == "mon-01" and one.topic.endswith("vitals")
    ]
    pressures = [values for values in pairs if "sbp" in values]
    gaps = [values["sbp"] - values["dbp"] for values in pressures if "map" not in values]

    assert gaps
    assert max(gaps) < 25
    assert any("map" in values for values in pressures), "before the start it is as it was"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("drop", "fault 'drop': '' is not a share from 0 to 1"),
        ("drop=2", "fault 'drop=2': '2' is not a share from 0 to 1"),
        ("drop=nan", "'nan' is not a share from 0 to 1"),
        ("drop@1", "'@1' is not a share from 0 to 1"),
        ("gremlins=0.1", f"'gremlins' is unknown, one of {', '.join(FAULTS)}"),
        ("freeze", "write freeze@BEDS:.20m/10m"),
        ("freeze=0.1", "write freeze@BEDS:.20m/10m"),
        ("freeze@1:soon", "write freeze@BEDS"),
        ("freeze@1:5m/0s", "lasts 0 s, must be at least 1"),
        ("freeze@7:5m", "bed 7 is not one of 1 to 4"),
        ("battery@1:5m/5m", "it does not end: write battery@BEDS:.20m"),
        ("clock-skew@1:5m", "it holds from the first message on: clock-skew@BEDS"),
        ("clock-skew@1=90s", r"'90s' is no size: write it as \+90s, from 1s to 168h either way"),
        ("clock-step@1=-0s", "'-0s' is not from 1s to 168h either way"),
        ("clock-step@1:5m=+169h", r"'\+169h' is not from 1s to 168h either way"),
        ("clock-step@1:5m=", "'' is no size: write it as -10m"),
        ("delay=0.1/soon", "'soon' is no size: write it as 120s, from 1s to 24h$"),
        ("delay=0.1/+9s", r"'\+9s' is no size"),
        ("delay=0.1/25h", "'25h' is not from 1s to 24h$"),
        ("delay=0.1/" + "9" * 5000 + "s", "is no size"),
        ("delay=2/9s", "'2' is not a share from 0 to 1"),
        ("drop=0.1/9s", "it has no size: write drop=SHARE$"),
        ("freeze@1:5m=+9s", "it has no size: write freeze@BEDS:.20m/10m"),
    ],
)
def test_a_bad_fault_is_explained(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        fault_option(text, beds=4)


def test_nothing_that_only_comes_by_can_be_struck_at_a_bed() -> None:
    carted = ward_scenario(beds=1, length_s=900, equipment=("cart@1",))
    option = fault_option("freeze@1", beds=1)

    with pytest.raises(ValueError, match="no device that stays at bed 01 measures"):
        bed_faults([option], carted, started_ms=0)
    assert set(bed_faults([fault_option("storm@1", beds=1)], carted, started_ms=0)) == {"01"}


def test_a_cohort_is_struck_in_every_ward_and_its_truth_says_by_what() -> None:
    cohort = Cohort(
        sessions=3, beds_per_file=2, hours=0.5, faults=("battery@2:+5m", "drop=0.01"), seed=2
    )
    ward_two = ward_scenario_of(cohort, 2)
    options = [fault_option(text, beds=2) for text in cohort.faults]
    chairs: list[Chair] = [
        chair(plan, ward_two, unit="w", started_ms=started_ms(cohort, 2)) for plan in ward_two.beds
    ]
    here = bed_faults(options, ward_two, started_ms=started_ms(cohort, 2))

    assert (len(chairs), here) == (1, {}), "the last ward has no bed 2"
    assert all_messages(chairs, here) == all_messages(chairs)
    assert true_session(chairs[0], faults_of_bed(options, 1)).faults == ("drop",)
    assert faults_of_bed(options, 2) == ("battery", "drop")
