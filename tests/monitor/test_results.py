"""The table of results on published cases and recordings: what is in it, and that it is so."""

from pathlib import Path

import msgspec
import pytest

from monitor.settings.settings import load_settings
from monitor.study.comparison import BackgroundScore, Cut, PeerScore, score_background
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
EVERY = Cut(window_ms=CUT.window_ms, first_ms=100_000 * 3_600_000)
"""Of every window of a stay, not only of its first 48 h."""


NO_CASES = CasesScore(
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
    grades, calls, hourly = rows_of(mimic)
    for row in (*case_rows(found), grades, calls, hourly):
        assert line_of(row) in scoring
        assert (line_of(row) in readme) == (bool(row[3]) or row == calls)
    assert calls[1] == "windows in which somebody is called"
    # How thinly the aim is met is said in numbers of windows, of these and of every window.
    every = score_background(evidence, "mimic3-demo", SETTINGS.ward, EVERY)
    said = " ".join(scoring.split())
    for words, one, places in (
        ("in 19 of 331 windows, and a third of the 61 in which our own rule", mimic, (19, 61)),
        ("a ratio of 0.307 (39 and 127 of 881 windows", every, (39, 127)),
    ):
        naive = one.peers["any_of_four"].share_windows
        assert naive is not None
        assert (round(one.share_windows_grade2 * one.windows), round(naive * one.windows)) == places
        assert f"{one.windows} windows" in words
        assert words in said
    assert round(39 / 127, 3) == 0.307


def test_the_table_of_results_says_what_was_aimed_at_and_whether_it_was_met() -> None:
    better = NO_CASES
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


def test_the_short_table_says_beside_each_aim_how_often_somebody_is_called() -> None:
    peers = {
        "any_of_four": PeerScore(
            rule="any of four", share_windows=0.2, alerts_per_patient_hour=None
        )
    }
    aimed = background("mimic3-demo", peers)
    no_aim = {"any_of_four": msgspec.structs.replace(peers["any_of_four"], share_windows=None)}
    without = background("eicu-demo-nibp", no_aim)
    made = list(short_results(NO_CASES, [aimed, without]))
    assert made[-2:] == [
        (
            "| mimic3-demo, 10 windows | windows with a grade of 2 or more | 0.1000 | "
            "0.0667, a third of the rule of four | no |"
        ),
        "| mimic3-demo, 10 windows | windows in which somebody is called | 0.3000 |  |  |",
    ]
    assert not [line for line in made if "eicu" in line]
    assert len(list(results(NO_CASES, [aimed, without]))) == 2 + 7 + 3 + 3


def background(name: str, peers: dict[str, PeerScore]) -> BackgroundScore:
    return BackgroundScore(
        format=name,
        stays=2,
        windows=10,
        window_h=4.0,
        patient_hours=40.0,
        share_windows_grade1=0.5,
        share_windows_grade2=0.1,
        share_windows_grade3=0.0,
        share_windows_grade4=0.0,
        share_windows_alert=0.6,
        share_windows_call=0.3,
        alerts_per_patient_hour=0.1,
        calls_per_patient_hour=0.05,
        alerts_open_at_start=0,
        peers=peers,
        remarks={},
    )
