"""The table of results on published cases and recordings: what is in it, and that it is so."""

from pathlib import Path

import msgspec
import pytest

from monitor.settings.settings import load_settings
from monitor.study.comparison import score_background
from monitor.study.scoring import CasesScore, Violation
from scripts.evidence_results import (
    CUT,
    README,
    ROOT,
    SCORING,
    case_rows,
    cases_scored,
    line_of,
    page,
    results,
    rows_of,
    short_results,
)

SETTINGS = load_settings(ROOT / "config")


@pytest.mark.evidence
def test_the_published_cases_are_scored(evidence: Path) -> None:
    found = cases_scored(evidence, SETTINGS)

    assert (found.n_cases, found.n_groups_skipped) == (43, 9)
    assert found.crashes == ()
    # Floors that a worse rule book would break, below what is reached now.
    assert found.attention_right_detectable is not None
    assert found.attention_right_detectable >= 0.85
    assert found.grade_in_range is not None
    assert found.grade_in_range >= 0.75
    assert len(found.must_not_violations) <= 1
    # The page of scores and the README say what came out, here of the cases and the smallest
    # collection; the other collections take too long for a test, and stand in the same block.
    scoring, readme = (path.read_text("utf-8") for path in (SCORING, README))
    mimic = score_background(evidence, "mimic3-demo", SETTINGS.ward, CUT)
    for row in (*case_rows(found), *rows_of(mimic)):
        assert line_of(row) in scoring
        assert (line_of(row) in readme) == bool(row[3])


def test_the_table_of_results_says_what_was_aimed_at_and_whether_it_was_met() -> None:
    better = CasesScore(
        n_cases=30,
        n_groups_skipped=0,
        n_detectable=20,
        attention_right_detectable=1.0,
        attention_right_shown=0.5,
        attention_right_called=None,
        grade_in_range=None,
        first_step_offered=None,
        must_not_violations=(),
        n_timed=3,
        n_timed_missed=1,
        median_delay_min=None,
        crashes=(),
        remarks={},
        cases=(),
    )
    right, _, called, grade, faults, step, timed = case_rows(better)
    assert right[1:] == ("attention right", "1.000 (0.839 to 1.000)", "0.95", "yes")
    assert (called[2], step[2], timed[2]) == ("-", "-", "1")
    assert grade[2:] == ("-", "0.9", "not known")
    assert faults[2:] == ("0", "0", "yes")
    worse = msgspec.structs.replace(
        better,
        attention_right_detectable=0.9,
        must_not_violations=(Violation(id="x", step="epinephrine", words="w"),),
    )
    assert [row[4] for row in case_rows(worse)][:5:4] == ["no", "no"]
    made = page("a\n<!-- results:begin -->\nold\n<!-- results:end -->\nb", short_results(worse, ()))
    assert "old" not in made
    assert made.count("\n| ") == 1 + 3
    assert len(list(results(worse, ()))) == 2 + 7
