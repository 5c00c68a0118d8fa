"""The report that holds the simulator against what is published."""

import csv
import gzip
from pathlib import Path

import pytest

from scripts.simulator_report import PUBLISHED, SAME, Row, main
from simulators.overloads import PHENOTYPES


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
def test_a_number_is_off_beyond_a_tenth_of_its_range(
    found: tuple[float, float], verdict: str
) -> None:
    row = Row(what="x", published=(10.0, 20.0), found=found, unit="mmHg", source="engineering")
    assert row.verdict == verdict


def test_every_phenotype_has_published_ranges() -> None:
    assert {SAME.get(name, name) for name in PHENOTYPES} == set(PUBLISHED)


def write_cuffs(folder: Path, values: list[int]) -> None:
    folder.mkdir(parents=True)
    with gzip.open(folder / "nibp.csv.gz", "wt", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["stay", "t_min", "SBP", "DBP", "MAP"])
        table.writerows([7, 15 * n, value, 70, 90] for n, value in enumerate(values))


def test_the_report_has_all_three_parts(tmp_path: Path) -> None:
    write_cuffs(tmp_path / "eicu-demo-nibp", [120, 122, 118, 121, 80 + 9, 119, 120, 121])
    write_cuffs(tmp_path / "calm" / "eicu-demo-nibp", [120, 122, 118, 121, 90, 119, 120, 121])
    page = tmp_path / "report.md"
    small = ["--people", "4", "--cases", "2", "--to", str(page), "--evidence"]
    assert main([*small, str(tmp_path)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "| three systolic readings that fall |" in text
    assert all(f"| {name}: onset |" in text for name in PHENOTYPES)
    assert "eICU demo" not in text, "a window with a pressure of 89 is not quiet"
    assert main([*small, str(tmp_path / "calm")]) == 0
    text = page.read_text(encoding="utf-8")
    assert "| eICU demo, cuff, systolic | 1 | 120 · 120 · 120 |" in text
    assert "| 100.0 % |" in text
    assert "| simulated, every 15 min | 4 |" in text
