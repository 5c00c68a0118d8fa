"""The shipped active book keeps the principles that its head states."""

import pytest
from builders import Message, Number, detection, shipped, told

SHIPPED = shipped()
RULES = SHIPPED.book.rules
CALLING = 2


def confirmed(sign: str, base: dict[str, Number] | None, **values: Number) -> int:
    """Return the grade of a sign after two equal sets of vitals, two minutes apart."""
    made = detection(SHIPPED, baseline=base)
    made.window.count[:] = SHIPPED.baseline.least_readings + 1
    told(made, *(Message(at_s=at_s, values=values) for at_s in (0, 120)))
    return int(made.track.grade[0, SHIPPED.signs.index(sign)])


def test_a_level_alone_calls_only_while_nothing_is_known_of_before() -> None:
    alone = {
        rule.id
        for rule in RULES
        if rule.grade >= CALLING
        and not rule.unless_baseline
        and all(clause.basis == "level" for clause in rule.clauses)
    }
    assert alone == {"fever.level.3"}


def test_breathing_by_itself_never_calls() -> None:
    grades = {rule.grade for rule in RULES if rule.sign in {"tachypnoea", "bradypnoea"}}
    assert grades == {1}


@pytest.mark.parametrize(
    ("base", "temp", "grade"),
    [
        (None, "39.0", 1),
        (None, "39.1", 2),
        ("36.8", "39.1", 2),
        ("38.2", "39.2", 2),  # risen by exactly 1.0
        ("38.4", "39.3", 1),  # febrile from the start, and little warmer
        ("39.4", "39.4", 1),
        ("39.4", "40.0", 1),
        ("39.4", "40.1", 3),  # grave in anybody
        ("37.9", "38.0", 0),
    ],
)
def test_who_was_febrile_before_reacts_by_a_rise(base: str | None, temp: str, grade: int) -> None:
    assert confirmed("fever", None if base is None else {"temp": base}, temp=temp) == grade


@pytest.mark.parametrize(("rr", "grade"), [(9, 0), (8, 1), (4, 1)])
def test_slow_breathing_alone_is_mild_however_far_it_fell(rr: int, grade: int) -> None:
    assert confirmed("bradypnoea", {"rr": 14}, rr=rr) == grade


@pytest.mark.parametrize(
    ("base", "sbp", "grade"),
    [
        (70, 70, 4),  # as dangerous before: nothing is excused
        (75, 75, 3),
        (84, 84, 1),  # low before, and not fallen
        (84, 79, 1),
        (None, 84, 2),
        (None, 79, 3),
    ],
)
def test_a_dangerous_pressure_is_called_also_where_it_stood_before(
    base: int | None, sbp: int, grade: int
) -> None:
    assert confirmed("hypotension", None if base is None else {"sbp": base}, sbp=sbp) == grade
