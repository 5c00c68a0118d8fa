"""The report that holds the simulator against what is published and what was recorded."""

import csv
import gzip
from dataclasses import fields
from math import inf
from pathlib import Path

import numpy as np
import pytest

from detectors.channels import Channel
from scripts.published_reactions import PUBLISHED, STILL
from scripts.recorded_rest import begins, crosses, is_quiet, looked_at, reaches
from scripts.report_rows import Published, Range, Row, lines, row_of
from scripts.reported_devices import device_errors
from scripts.reported_disturbances import PUBLISHED as DISTURBANCES
from scripts.reported_disturbances import drawn_disturbances
from scripts.reported_reactions import (
    DEEDS,
    minutes_from,
    minutes_to,
    reaction_rows,
    reported_case,
)
from scripts.reported_rest import RULES, rested
from scripts.simulator_report import main
from simulators.disturbances import Habits
from simulators.overloads import PHENOTYPES


def row(published: Range | None, found: Range) -> Row:
    return Row(what="x", published=published, found=found, unit="mmHg", source="engineering")


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ((10.0, 20.0), "as published"),
        ((9.0, 21.0), "as published"),
        ((8.9, 20.0), "**off: lower**"),
        ((10.0, 21.1), "**off: higher**"),
        ((0.0, 30.0), "**off: wider**"),
    ],
)
def test_a_number_is_off_beyond_a_tenth_of_its_range(found: Range, verdict: str) -> None:
    assert row((10.0, 20.0), found).verdict == verdict


@pytest.mark.parametrize(
    ("published", "found", "verdict", "said"),
    [
        ((-inf, 90.0), (70.0, 98.9), "as published", "at most 90"),
        ((-inf, 90.0), (70.0, 99.1), "**off: higher**", "at most 90"),
        ((85.0, inf), (76.6, 76.6), "as published", "at least 85"),
        ((85.0, inf), (76.4, 76.4), "**off: lower**", "at least 85"),
        ((0.0, 0.0), (0.0, 0.0), "as published", "0"),
        ((0.0, 0.0), (1.0, 1.0), "**off: higher**", "0"),
        (None, (5.0, 5.0), "nothing published", "-"),
    ],
)
def test_a_range_may_have_one_end_or_none(
    published: Range | None, found: Range, verdict: str, said: str
) -> None:
    one = row(published, found)

    assert one.verdict == verdict
    assert list(lines([one]))[2].startswith(f"| x | {said} mmHg |")


def test_the_median_is_held_against_a_single_figure_and_the_middle_against_a_range() -> None:
    values = [float(one) for one in range(101)]
    ranged = row_of("x", Published(limits=(0.0, 100.0)), values, "min")
    figure = row_of("x", Published(limits=(50.0, 50.0)), values, "min")

    assert ranged.found == (5.0, 95.0)
    assert figure.found == (50.0, 50.0)
    assert figure.published == pytest.approx((45.0, 55.0))


def test_every_phenotype_has_published_numbers_and_every_number_is_measured() -> None:
    assert set(PHENOTYPES) == set(PUBLISHED)
    assert set(STILL) <= set(PUBLISHED)
    found = {one.what for one in reaction_rows(2, 1)}

    for name, published in PUBLISHED.items():
        assert {f"{name}: {key}" for key in published} <= found
    assert all(
        any("extreme" in key for key in PUBLISHED[name])
        for name in PHENOTYPES
        if name not in ("febrile", "pseudo-allergic")
    )


def test_every_disturbance_of_a_cohort_has_published_numbers() -> None:
    habits = {one.name.replace("_", "-") for one in fields(Habits)}

    assert set(DISTURBANCES) == habits - {"probe-off"}
    for kind in DISTURBANCES:
        assert {one.kind for one in drawn_disturbances(kind, 3, 1)} == {kind}


def test_times_count_from_the_onset_to_the_extreme_and_from_a_deed_to_a_tenth() -> None:
    moved = -np.concatenate([np.linspace(0, 40, 121), np.full(60, 40.0), np.linspace(40, 0, 601)])

    assert minutes_to(moved, 1.0) == 2.0
    assert minutes_to(moved, 0.5) == 1.0
    assert minutes_from(moved, 181, of=-40.0) == pytest.approx(9.0, abs=0.02)
    assert minutes_from(moved[:200], 181, of=-40.0) == pytest.approx(19 / 60)


@pytest.mark.parametrize("name", sorted(DEEDS))
def test_a_deed_helps_after_it_was_done_and_not_before(name: str) -> None:
    case = reported_case(name, 1, 0)
    after_s = DEEDS[name][1]
    treated = case.treated()

    assert np.array_equal(treated[:, :after_s], case.moved[:, :after_s])
    assert not np.array_equal(treated, case.moved)


def test_chance_is_counted_from_one_and_from_three_readings() -> None:
    assert len(rested(1, 0).crossed) == len(RULES)
    assert sum(rested(1, number).crossed[1] for number in range(40)) > 0


def test_errors_of_devices_are_those_of_what_was_sent() -> None:
    errors = device_errors(6, 1)

    assert {channel for channel in Channel if errors.by_person[channel]} == set(Channel)
    assert 3.5 < errors.every(Channel.SBP).std() < 6.0
    assert abs(float(errors.every(Channel.HR).mean())) < 0.1
    patch = device_errors(4, 1, equipment=("patch@all",))
    assert not patch.by_person[Channel.SBP]
    assert -0.6 < float(np.median(patch.every(Channel.TEMP))) < -0.3


def window(**values: list[float]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {
        key: (15.0 * np.arange(len(found)), np.array(found, np.float64))
        for key, found in values.items()
    }


@pytest.mark.parametrize(
    ("key", "values", "is_crossed"),
    [
        ("sbp", [120, 120, 91, 110], False),
        ("sbp", [120, 120, 90, 110], True),
        ("sbp", [120, 60, 80, 110], False),
        ("hr", [70, 70, 99, 80], False),
        ("hr", [70, 70, 100, 80], True),
        ("temp", [36.0, 36.0, 37.9, 37.0], False),
        ("temp", [37.4, 37.4, 38.3, 37.0], False),
        ("temp", [36.8, 36.8, 38.0, 37.0], True),
        ("spo2", [97, 97, 90, 97], False),
        ("spo2", [97, 97, 89, 97], True),
    ],
)
def test_a_rule_is_crossed_from_the_first_two_readings_on(
    key: str, values: list[float], *, is_crossed: bool
) -> None:
    assert crosses(window(**{key: values}), key) == is_crossed


def test_a_window_is_quiet_by_pressure_and_pulse_together() -> None:
    assert is_quiet(window(sbp=[120, 90], hr=[70, 119]))
    assert not is_quiet(window(sbp=[120, 89], hr=[70, 70]))
    assert not is_quiet(window(sbp=[120, 120], hr=[70, 120]))
    assert is_quiet(window(temp=[40, 40]))
    assert begins(window(sbp=[120, 100, 60]), "sbp") == 110.0
    assert reaches(window(sbp=[120, 120, 89]), "sbp")
    assert not reaches(window(sbp=[80, 120, 90]), "sbp")
    assert reaches(window(hr=[70, 70, 120]), "hr")
    assert not reaches(window(hr=[130, 70, 119]), "hr")


def test_a_session_is_looked_at_as_often_as_a_chart() -> None:
    session = {"hr": (np.arange(0.0, 240.0, 0.5), np.arange(480.0))}
    at_min, values = looked_at(session, {"hr": 60.0, "sbp": 60.0})["hr"]

    assert at_min.tolist() == [0.0, 60.0, 120.0, 180.0]
    assert values.tolist() == [0.0, 120.0, 240.0, 360.0]
    assert looked_at(session, {"hr": 90.0}) == {}
    spot = {"sbp": (np.array([0.0, 100.0, 130.0, 140.0, 200.0]), np.arange(5.0))}
    assert looked_at(spot, {"sbp": 50.0})["sbp"][1].tolist() == [0.0, 1.0, 3.0, 4.0]


def write_table(path: Path, head: list[str], rows: list[list[object]]) -> None:
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(head)
        table.writerows(rows)


def write_evidence(folder: Path, lowest: int) -> None:
    cuffs = [120, 122, 118, 121, lowest, 119, 120, 121]
    write_table(
        folder / "eicu-demo-nibp" / "nibp.csv.gz",
        ["stay", "t_min", "SBP", "DBP", "MAP"],
        [[7, 15 * n, value, 70, 90] for n, value in enumerate(cuffs)],
    )
    write_table(
        folder / "physionet2012-seta" / "vitals.csv.gz",
        [
            "rid",
            "t_min",
            "HR",
            "SBP_nibp",
            "DBP_nibp",
            "SBP_art",
            "DBP_art",
            "Temp_C",
            "RR",
            "SaO2",
        ],
        [[3, 50 * n, 80, 120, 70, "", "", -17.8 if n == 1 else 37.0 + n, 16, ""] for n in range(5)],
    )


def test_the_report_has_all_parts(tmp_path: Path) -> None:
    write_evidence(tmp_path / "wild", 89)
    write_evidence(tmp_path / "calm", 90)
    page = tmp_path / "report.md"
    small = ["--people", "4", "--cases", "2", "--to", str(page), "--evidence"]
    assert main([*small, str(tmp_path / "wild")]) == 0
    text = page.read_text(encoding="utf-8")
    for what in (
        "three systolic readings that fall",
        "children of 3 months: weight, median",
        "vasovagal: minutes from lying flat to recovery",
        "talking: hr",
        "probe off: falls until it shows nothing",
        "oximeter: nine tenths of a step are shown after",
    ):
        assert f"| {what} |" in text
    assert "eICU demo" not in text, "a window with a pressure of 89 is not quiet"
    assert "| PhysioNet 2012 | temperature | 1 | 39.5 " in text, "no body has -17.8 °C"
    assert main([*small, str(tmp_path / "calm")]) == 0
    text = page.read_text(encoding="utf-8")
    assert "| eICU demo | systolic | 1 | 120 · 120 · 120 |" in text
    assert "| simulated, every 15 min | systolic | 4 |" in text
    assert "| PhysioNet 2012 | 1 | 100 % | 0 % | 100.0 % |" in text, "a fever is one of four"
