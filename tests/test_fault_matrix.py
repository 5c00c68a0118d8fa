"""The matrix of reactions and faults: its judge, and two of its columns."""

from pathlib import Path

import pytest

from monitor.settings.settings import load_settings
from scripts.fault_matrix import BREAKS, cell, column, lines, story
from simulators.pictures import PICTURES
from simulators.recording import STARTED_MS
from simulators.scenario import MINUTE_MS, planted
from simulators.verdict import Raised

CONFIG = Path(__file__).resolve().parents[1] / "config"
STORY = story(("anaphylaxis", "uneventful"), cadence_s=30, length_s=40 * 60)
ONSET_MS = STARTED_MS + STORY.beds[0].reaction_s * 1000


def raised(
    at_min: float, *, bed: str = "01", kind: str = "physiological", grade: int = 3
) -> Raised:
    at_ms = ONSET_MS + round(at_min * MINUTE_MS)
    return Raised(
        bed=bed, kind=kind, grade=grade, pattern="anaphylaxis", signs=("airway",), at_ms=at_ms
    )


@pytest.mark.parametrize(
    ("fault", "bed", "heard", "words"),
    [
        ("none", 0, [raised(3)], "found 3.0"),
        ("none", 0, [], "**BROKEN: quiet**"),
        ("none", 0, [raised(9)], "**BROKEN: quiet**"),
        ("drop", 0, [raised(9)], "found 9.0"),
        ("none", 0, [raised(3, bed="02")], "**BROKEN: quiet**"),
        ("none", 1, [], "quiet"),
        ("none", 1, [raised(3, bed="02")], "**BROKEN: 1 false**"),
        ("none", 1, [raised(3, bed="02", grade=1)], "quiet"),
        ("battery", 0, [raised(-1, kind="technical", grade=0)], "told 1.0"),
        ("battery", 0, [raised(3)], "found 3.0"),
        ("battery", 0, [raised(1, kind="technical", grade=0)], "**BROKEN: told 3.0**"),
        ("battery", 0, [raised(-9, kind="technical", grade=0)], "**BROKEN: quiet**"),
        ("battery", 1, [], "**BROKEN: quiet**"),
    ],
)
def test_a_cell_keeps_its_promise_or_says_that_it_does_not(
    fault: str, bed: int, heard: list[Raised], words: str
) -> None:
    plan = STORY.beds[bed]
    truth = {one.bed: one for one in planted(STORY)}.get(plan.bed)
    assert cell(plan, fault, truth, heard).words == words


@pytest.mark.parametrize("fault", ["duplicate", "battery"])
def test_two_columns_keep_what_is_promised(fault: str) -> None:
    cells = column(load_settings(CONFIG).ward, STORY, fault)
    assert [one.reaction for one in cells] == ["anaphylaxis", "uneventful"]
    assert all(one.is_kept for one in cells), [one.words for one in cells]
    assert any(fault in line for line in lines({fault: cells}))


def test_the_page_has_every_reaction_and_every_fault() -> None:
    page = (CONFIG.parent / "docs" / "fault-matrix.md").read_text(encoding="utf-8")
    assert f"| fault | {' | '.join(PICTURES)} |" in page
    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")] == [
        *BREAKS,
        *BREAKS,
    ]
    assert "BROKEN" not in page
