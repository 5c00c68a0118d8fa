"""The table of steps in published cases: what was expected, what was left out, what was a fault."""

from typing import Any

from monitor.study.scoring import CaseScore, CasesScore, Violation
from monitor.study.step_table import step_table


def case(name: str, **changed: Any) -> CaseScore:  # noqa: ANN401 - fields differ
    usual: dict[str, Any] = {
        "id": name,
        "set": "literature",
        "attention": True,
        "called": True,
        "attention_expected": True,
        "attention_right": True,
        "detectable_from_vitals": True,
        "peak_grade": 3,
        "min_grade": 2,
        "max_grade": 3,
        "grade_in_range": True,
        "patterns": ("vasovagal",),
        "pattern_expected": "vasovagal",
        "steps": ("supine", "observe"),
        "steps_expected": ("supine", "oxygen"),
        "first_step_offered": True,
        "must_not": (),
        "first_alert_min": None,
        "first_abnormal_min": None,
        "delay_min": None,
        "why": (),
    }
    return CaseScore(**{**usual, **changed})


def score(*cases: CaseScore, violations: tuple[Violation, ...] = ()) -> CasesScore:
    return CasesScore(
        n_cases=len(cases),
        n_groups_skipped=0,
        n_detectable=len(cases),
        attention_right_detectable=None,
        attention_right_shown=None,
        attention_right_called=None,
        grade_in_range=None,
        first_step_offered=None,
        must_not_violations=violations,
        n_timed=0,
        n_timed_missed=0,
        median_delay_min=None,
        crashes=(),
        remarks={},
        cases=cases,
    )


def test_a_row_says_what_was_expected_and_what_was_left_out() -> None:
    found = list(step_table(score(case("A"))))
    assert found[2] == "| A | 3 | supine, oxygen | oxygen | - |"
    assert found[-3:] == [
        "Steps expected: 2, of these offered 1.",
        "Most urgent step offered in 1 of 1 cases.",
        "Steps offered that would be a fault: 0.",
    ]


def test_a_fault_and_a_case_without_a_grade_are_shown() -> None:
    fault = Violation(id="B", step="epinephrine", words="Consider epinephrine")
    one = case("B", peak_grade=-1, must_not=("epinephrine",), first_step_offered=False)
    found = list(step_table(score(one, violations=(fault,))))
    assert found[2] == "| B | n/a | supine, oxygen | oxygen | epinephrine |"
    assert found[-2:] == [
        "Most urgent step offered in 0 of 1 cases.",
        "Steps offered that would be a fault: 1.",
    ]


def test_a_case_that_expects_no_step_is_left_out() -> None:
    found = list(step_table(score(case("C", steps_expected=(), first_step_offered=None))))
    assert not any(line.startswith("| C ") for line in found)
    assert "Steps expected: 0, of these offered 0." in found
