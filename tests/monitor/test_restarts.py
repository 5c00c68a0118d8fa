"""Whether an infusion goes on after a reaction: every cell of the plan, every reason to end."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from builders import ward_settings

from monitor.care.ladders import GRADES, PATTERNS, ladder_for
from monitor.care.restarts import (
    END_OF_DRUG,
    END_OF_PATTERN,
    END_WORDS,
    EVENT_WORDS,
    PLAN_EVENT_OF,
    PLAN_EVENTS,
    PLAN_TABLE,
    PLAN_WORDS,
    PLANS,
    Plan,
    PlanEvent,
    end_reason,
    next_plan,
    plan_diagram,
)
from monitor.care.session import EVENTS

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "mitigation.md"

EXPECTED: Final[dict[Plan, str]] = {
    # slow, raise, pause, resume, well, end
    "running": "slowed running paused running running stopped",
    "slowed": "slowed running paused slowed running stopped",
    "paused": "paused paused paused resumed paused stopped",
    "resumed": "slowed running paused resumed running stopped",
    "stopped": "stopped stopped stopped stopped stopped stopped",
}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("event", PLAN_EVENTS)
def test_every_cell_of_the_plan(plan: Plan, event: PlanEvent) -> None:
    assert next_plan(plan, event) == EXPECTED[plan].split()[PLAN_EVENTS.index(event)]


def test_the_words_of_the_plan_are_complete() -> None:
    assert set(PLAN_TABLE) == set(PLAN_WORDS) == set(PLANS)
    assert set(EVENT_WORDS) == set(PLAN_EVENTS)
    assert set(PLAN_EVENT_OF) < set(EVENTS)
    assert {*END_OF_DRUG.values(), *END_OF_PATTERN.values()} < set(END_WORDS)


def test_nothing_leads_out_of_the_end() -> None:
    assert PLAN_TABLE["stopped"] == {}
    assert all(PLAN_TABLE[plan]["end"] == "stopped" for plan in PLANS if plan != "stopped")


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("grade", GRADES)
def test_a_terminal_ladder_ends_the_infusion_and_no_other_does_at_once(
    pattern: str, grade: int
) -> None:
    ladder = ladder_for(ward_settings().ladders, pattern, grade)
    reason = end_reason(ladder, pattern=pattern, drugs=frozenset(), recurrences=0)
    named = END_OF_PATTERN.get(pattern, "grade")
    assert reason == (named if ladder.terminal else "")


@pytest.mark.parametrize("pattern", ["anaphylaxis", "lung-injury"])
def test_pictures_that_end_it_are_terminal_from_grade_2_at_the_latest(pattern: str) -> None:
    for grade in (2, 3, 4):
        assert ladder_for(ward_settings().ladders, pattern, grade).terminal


@pytest.mark.parametrize(
    ("drug", "reason"), [("epinephrine", "epinephrine"), ("diuretic", "diuretic")]
)
@pytest.mark.parametrize(
    ("pattern", "grade"), [("febrile", 1), ("fluid-overload", 1), ("unclear", 3)]
)
def test_a_drug_ends_it_whatever_the_picture(
    drug: str, reason: str, pattern: str, grade: int
) -> None:
    ladder = ladder_for(ward_settings().ladders, pattern, grade)
    found = end_reason(ladder, pattern=pattern, drugs=frozenset({drug, "x"}), recurrences=0)
    assert found == reason
    other = end_reason(ladder, pattern=pattern, drugs=frozenset({"antihistamine"}), recurrences=0)
    assert other == ("grade" if ladder.terminal else "")


@pytest.mark.parametrize(
    ("limit", "count", "ends"), [(1, 0, 0), (1, 1, 1), (2, 1, 0), (2, 2, 1), (2, 3, 1)]
)
def test_signs_that_come_back_end_it(limit: int, count: int, ends: int) -> None:
    ladder = replace(ladder_for(ward_settings().ladders, "febrile", 1), stop_at_recurrence=limit)
    found = end_reason(ladder, pattern="febrile", drugs=frozenset(), recurrences=count)
    assert found == ("recurrence" if ends else "")


def test_the_diagram_of_the_page_is_that_of_the_table() -> None:
    assert "\n".join(plan_diagram()) in PAGE.read_text(encoding="utf-8")
