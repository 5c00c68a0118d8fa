"""What a person charts is told at once, whatever else is going on at the bed."""

from typing import Any

import pytest
from builders import T0_MS, session, symptom, vitals, ward

from monitor.facts.effects import AdviceChanged, AlertChanged, AnyEffect, GradeChanged
from monitor.facts.records import Input
from monitor.ward.ward import Ward

WELL: dict[str, Any] = {"hr": 72, "sbp": 120, "dbp": 75, "spo2": 98, "rr": 14}


def take(given: Ward, at_s: int, record: Input) -> tuple[AnyEffect, ...]:
    return given.take(T0_MS + 1000 * at_s + 300, [record])


@pytest.fixture
def febrile() -> Ward:
    """A running infusion with a confirmed fever of grade 1."""
    made = ward()
    take(made, 0, session(0))
    for second in range(1, 161, 40):
        take(made, second, vitals(second, **WELL, temp="36.7"))
    take(made, 220, session(220, "start"))
    for second in (300, 400):
        take(made, second, vitals(second, **WELL, temp="38.2"))
    assert made.view(T0_MS + 400_000).beds[0].pattern == "febrile"
    return made


def test_a_symptom_that_changes_only_the_grade_is_told_when_it_is_charted(febrile: Ward) -> None:
    effects = take(febrile, 410, symptom(410, "rigors", severity="severe"))
    grades = [(one.before, one.grade) for one in effects if isinstance(one, GradeChanged)]
    assert grades == [(1, 3)]
    assert any(isinstance(one, AlertChanged) for one in effects)
    assert any(isinstance(one, AdviceChanged) for one in effects)


def test_charting_the_same_again_tells_no_change(febrile: Ward) -> None:
    take(febrile, 410, symptom(410, "rigors"))
    effects = take(febrile, 411, symptom(411, "rigors", onset_ms=T0_MS + 410_000))
    assert not any(isinstance(one, GradeChanged | AlertChanged) for one in effects)
