"""Sweeps: the arithmetic of the axes, the configurations of the values, and the command."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest

from monitor.__main__ import main
from monitor.adapters import cases
from monitor.adapters.recording import Remarks
from monitor.reports.figures import ticks
from monitor.reports.sweep_figure import numbered, sweep_figure
from monitor.settings.settings import load_settings
from monitor.study.cohort_found import OURS, OURS_SHOWN
from monitor.study.sweep import (
    Limit,
    Sweep,
    SweepPoint,
    case_rows,
    limit_of,
    told_by,
    values_of,
    varied,
    with_front,
)
from monitor.study.sweep_tables import axes_in_words, sweep_lines
from simulators.cohorts import Cohort

CONFIG = Path(__file__).resolve().parents[2] / "config"
LIMIT = Limit(
    rule="tachycardia.level-rise.2",
    clause=2,
    channel="hr",
    basis="rise",
    comparison=">=",
    unit="/min",
    in_force="30",
    grade=2,
)


def point(
    key: str, sensitivity: float | None, load: float | None, value: str | None = None
) -> SweepPoint:
    return SweepPoint(
        key=key,
        words=key,
        value=value,
        sensitivity=sensitivity,
        load=load,
        load_interval=None,
        in_force=key == "ours",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20,25,20", ("20", "25")),
        ("20:30:5", ("20", "25", "30")),
        ("0.5:1:0.25", ("0.50", "0.75", "1.00")),
        ("7", ("7",)),
    ],
)
def test_values_are_a_list_or_a_range(text: str, expected: tuple[str, ...]) -> None:
    assert values_of(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fast", "must be numbers"),
        ("20,nan", "must be finite"),
        ("nan:1:1", "must be finite"),
        ("0:inf:1", "must be finite"),
        ("1:2", "FROM:TO:STEP"),
        ("2:1:1", "FROM:TO:STEP"),
        ("1:2:0", "FROM:TO:STEP"),
        ("1:2,3", "FROM:TO:STEP"),
        ("1:1000:1", "at most 50"),
    ],
)
def test_other_values_are_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        values_of(text)


def test_a_value_is_a_configuration_in_which_one_number_differs(tmp_path: Path) -> None:
    book, limit = limit_of(CONFIG, "infusion", LIMIT.rule, 2)
    assert limit == LIMIT

    folder = varied(CONFIG, book, limit, "45", tmp_path / "45")
    varied(CONFIG, book, limit, "45", tmp_path / "45")  # over what is there

    before = book.read_text().splitlines()
    after = (folder / "rulebooks" / book.name).read_text().splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert [(a.replace("value = 30", "value = 45"), b) for a, b in changed] == [
        (changed[0][1], changed[0][1])
    ]
    assert load_settings(folder).digest != load_settings(CONFIG).digest
    assert limit_of(folder, "infusion", LIMIT.rule, 2)[1].in_force == "45"
    assert limit_of(folder, "infusion", LIMIT.rule, 1)[1].in_force == "116"


@pytest.mark.parametrize(
    ("book", "rule", "clause", "words"),
    [
        ("infusion", "tachycardia.no", 1, r"no rule of .*near: tachycardia\.level-rise\.1"),
        ("infusion", LIMIT.rule, 3, "has 2 clauses, and no number 3"),
        ("none", LIMIT.rule, 1, "no rule book is called none"),
    ],
)
def test_a_limit_that_is_not_there_is_named(book: str, rule: str, clause: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        limit_of(CONFIG, book, rule, clause)


def test_the_front_is_what_no_other_point_beats() -> None:
    points = [
        point("a", 0.9, 0.2),
        point("b", 0.9, 0.3),
        point("c", 0.8, 0.1),
        point("d", 0.7, 0.15),
        point("e", None, 0.0),
        point("f", 0.9, 0.2),
    ]

    assert [one.key for one in with_front(points) if one.on_front] == ["a", "c", "f"]


def test_a_figure_holds_every_point_that_has_both_numbers() -> None:
    points = (
        point("v", 0.9, 0.2, "20"),
        point("ours", 0.8, 0.1),
        point("news", 0.5, 0.4),
        point("none", None, None),
    )
    found = Sweep(
        source="cohort",
        command="infusion-monitor sweep",
        config="sha256:1",
        limit=LIMIT,
        sensitivity_is="found",
        load_is="false <a>",
        points=tuple(with_front(points)),
    )

    drawing = sweep_figure(found)

    root = ET.fromstring(drawing)  # noqa: S314  # our own
    assert len(root.findall("{*}circle")) == 3
    assert [number for number, _ in numbered(found)] == [1, 2, 3]
    lines = list(sweep_lines(found))
    assert "| v | 20 | 90.0 % | 0.200 | - | yes |" in lines
    assert "| **ours, as in force** | 30 | 80.0 % | 0.100 | - | yes |" in lines
    assert "| none | - | - | - | - |  |" in lines
    assert "shown" not in axes_in_words(found)


def test_a_row_that_calls_nobody_is_swept_over_what_is_shown() -> None:
    shown = [point("value_shown", 0.5 + at / 10, 0.1 + at / 10, str(at)) for at in (1, 2)]
    called = [point("value", 0.4, 0.0, str(at)) for at in (1, 2)]
    points = [msgspec.structs.replace(one, alerts_per_patient_hour=0.25) for one in shown]
    found = Sweep(
        source="cohort",
        command="infusion-monitor sweep",
        config="sha256:1",
        limit=msgspec.structs.replace(LIMIT, grade=1),
        sensitivity_is="found",
        load_is="false",
        points=(*called, *points),
    )

    assert set(told_by(found.limit)) == {OURS, OURS_SHOWN}
    assert set(told_by(LIMIT)) == {OURS}
    assert "of grade 1 and calls nobody by itself" in axes_in_words(found)
    assert "No value changes anything" not in axes_in_words(found)
    idle = msgspec.structs.replace(found, points=(*called, point("ours", 0.4, 0.0)))
    assert "No value changes anything here: other rows" in axes_in_words(idle)
    once = msgspec.structs.replace(found, points=(called[0], point("ours", 0.4, 0.0)))
    assert "No value changes anything" not in axes_in_words(once)
    assert "| value_shown | 2 | 70.0 % | 0.300 | 0.250 |  |" in list(sweep_lines(found))
    drawing = sweep_figure(found)
    assert "the same, shown" in drawing
    lines = ET.fromstring(drawing).findall("{*}polyline")  # noqa: S314  # our own
    assert len(lines) == 2
    # What is shown climbs, what calls is one place twice.
    places = [{*one.attrib["points"].split()} for one in lines]
    assert sorted(map(len, places)) == [1, 2]


@pytest.mark.parametrize("high", [0.03, 0.9, 1.0, 7.0, 123.0])
def test_ticks_are_few_round_and_within(high: float) -> None:
    found = ticks(0.0, high)

    assert 3 <= len(found) <= 8
    assert found[0] == 0
    assert found[-1] <= high


CASE = {
    "set": "s",
    "patient": "65 y",
    "drug": "paclitaxel",
    "baseline": {"HR": 70, "SBP": 120},
    "timeline": [
        {"t_min": 0, "HR": 70},
        {"t_min": 5, "HR": 135, "SBP": 70, "SpO2": 85},
        {"t_min": 10, "HR": 140, "SBP": 65, "SpO2": 84},
    ],
    "symptoms": [],
}
EXPECTED = {"attention": True, "detectable_from_vitals": True}


def cases_file(folder: Path) -> Path:
    calm = [{"t_min": 5, "HR": 72, "SBP": 118}, {"t_min": 10, "HR": 71, "SBP": 119}]
    rows = [
        {**CASE, "id": "LIT-one", "expected": EXPECTED},
        {**CASE, "id": "LIT-two", "timeline": calm, "expected": {"attention": False}},
    ]
    path = folder / "cases.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_rows_of_a_case_leave_out_what_repeats_the_baseline(tmp_path: Path) -> None:
    first, _ = cases.cases(cases_file(tmp_path), Remarks())

    value, base = case_rows(first)

    assert value[:, 0].tolist() == [13_500, 14_000]
    assert base[:, 1].tolist() == [12_000, 12_000]


def test_the_command_sweeps_over_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    svg, kept = tmp_path / "figure.svg", tmp_path / "kept"
    command = ["sweep", str(cases_file(tmp_path)), "--config", str(CONFIG), "--clause", "2"]
    command += ["--rule", LIMIT.rule, "--values", "20"]

    assert main([*command, "--json", "--svg", str(svg), "--keep", str(kept)]) == 0

    found = json.loads(capsys.readouterr().out)
    points = {one["key"]: one for one in found["points"]}
    assert points["ours"]["sensitivity"] == points["any_of_four"]["sensitivity"] == 1.0
    assert points["ours"]["load"] == points["hr_120"]["load"] == 0.0
    assert points["value"]["value"] == "20"
    assert "value_shown" not in points
    assert points["value"]["alerts_per_patient_hour"] is None  # cases are no time
    assert svg.read_text().startswith("<svg")
    assert (kept / "20" / "rulebooks" / "infusion.toml").is_file()

    assert main([*command[:-1], "fast"]) == 2
    assert main(["sweep", "none", *command[2:]]) == 4


def test_the_command_sweeps_over_a_cohort(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import io  # noqa: PLC0415  # only here

    from monitor.cohort_files import write_cohort  # noqa: PLC0415  # only here
    from monitor.engines.local import SerialEngine  # noqa: PLC0415  # only here

    cohort = Cohort(sessions=1, beds_per_file=1, hours=0.5, cadence_s=60, seed=3)
    write_cohort(cohort, tmp_path / "c", engine=SerialEngine(), software="t", err=io.StringIO())
    command = ["sweep", str(tmp_path / "c"), "--config", str(CONFIG)]

    assert main([*command, "--rule", "hypotension.level.1", "--values", "85"]) == 0

    out = capsys.readouterr().out
    assert "# hypotension.level.1, clause 1: sbp level <" in out
    assert "| NEWS >= 5, no O2, no consciousness | - |" in out
    assert "usual care" in out
    assert "this monitor, shown, hypotension.level.1: sbp level < 85" in out
    assert main([*command, "--rule", "hypotension.level.1", "--values", "85", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["limit"]["grade"] == 1
    points = {one["key"]: one for one in found["points"]}
    assert points["value_shown"]["value"] == points["value"]["value"] == "85"
    assert points["ours"]["in_force"] is points["ours_shown"]["in_force"] is True
    for one in points.values():
        assert one["alerts_per_patient_hour"] >= 0
