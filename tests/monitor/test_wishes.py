"""The tables of wishes and of the guide are held to the files that they name."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from scenario_wards import real_ward

from monitor.scenario.checking import read_scenario
from monitor.scenario.rehearsal import rehearsal
from monitor.scenario.stories import START_MS
from monitor.ward.ward import Ward

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "tests" / "scenarios"
PAGE: Final = (ROOT / "docs" / "scenarios.md").read_text()
GUIDE: Final = (ROOT / "docs" / "mitigation.md").read_text().partition("## The seed guide")[2]
ROWS: Final = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$", PAGE, re.MULTILINE)
WISHES: Final = 25


def test_every_wish_has_its_row() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, WISHES + 1))


@pytest.mark.parametrize("row", ROWS, ids=[number for number, *_ in ROWS])
def test_what_shows_a_wish_is_there(row: tuple[str, str, str, str]) -> None:
    _, _, shown_by, remark = row
    names = re.findall(r"`([^`]+)`", shown_by)
    assert names or remark.startswith("does not apply: ")
    for name in names:
        file, _, test = name.partition("::")
        if test:
            assert f"def {test}(" in (ROOT / file).read_text(), name
        else:
            assert (FOLDER / file).is_file(), name


def test_every_sentence_of_the_guide_has_a_scenario_of_its_name() -> None:
    rows = [line for line in GUIDE.splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`(guide-[a-z-]+\.toml)`", row) for row in rows]
    assert [len(files) for files in named] == [1] * len(rows)
    assert sorted(file for files in named for file in files) == sorted(
        path.name for path in FOLDER.glob("guide-*.toml")
    )


@pytest.mark.parametrize(("minute", "nurse"), [(35, "nurse-1"), (45, "nurse-2")])
def test_the_hand_over_of_a_shift_names_who_has_the_alert(minute: int, nurse: str) -> None:
    scenario = read_scenario(FOLDER / "shift-change.toml")
    until_ms = 60_000 * minute
    cut = replace(
        scenario,
        ends_ms=until_ms,
        deliveries=tuple(one for one in scenario.deliveries if one.received_ms <= until_ms),
        expectations=(),
    )
    wards: list[Ward] = []

    def kept(unit: str) -> Ward:
        wards.append(real_ward(unit))
        return wards[-1]

    rehearsal(cut, kept)
    (sheet,) = wards[0].hand_over(START_MS + until_ms)
    assert any(f"{nurse} has it" in line for line in sheet.alerts)
