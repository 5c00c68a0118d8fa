"""The six cues that tell pictures apart, each by a hand-made course and by its opposite.

The twin reads the same rows as the core, so it cannot tell whether a row means what it should.
These courses can: they name the clue that must be there and the one that must not.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import pytest
from builders import T0_MS, Message, Number, detection, shipped, told

SHIPPED: Final = shipped()
BASE: Final[dict[str, Number]] = {
    "hr": 72, "sbp": 120, "dbp": 75, "temp": "36.7", "spo2": 98, "rr": 14,
}  # fmt: skip
Course: TypeAlias = Sequence[tuple[int, dict[str, Number]]]
"""Minutes since the beginning, and what differs from the baseline then."""


def cues(course: Course, *, stepped: int | None = None, slowed: int | None = None) -> set[str]:
    """Return the clues that speak after a course; the rate was raised and lowered at a minute."""
    made = detection(SHIPPED, baseline=BASE)
    for minute, values in course:
        if stepped is not None and minute >= stepped:
            made.rate_step_ms[0] = T0_MS + 60_000 * stepped
        if slowed is not None and minute >= slowed:
            made.rate_cut_ms[0] = T0_MS + 60_000 * slowed
        told(made, Message(at_s=60 * minute, values=BASE | values))
    bed = np.zeros(1, np.int32)
    standing = made.evidence.standing(made, bed, made.signs_of(bed))
    found = standing.strengths.percent[0] > 0
    return {clue.id for clue, speaks in zip(SHIPPED.clues, found, strict=True) if speaks}


FALLEN: Final[dict[str, Number]] = {"sbp": 84}
FAST: Final[dict[str, Number]] = {"hr": 104}
HOT: Final[dict[str, Number]] = {"temp": "38.7"}


@pytest.mark.parametrize(
    ("course", "there", "not_there"),
    [
        pytest.param(
            [(0, {}), (5, {"sbp": 84, "dbp": 50})], "diastolic.fallen", "diastolic.risen", id="a"
        ),
        pytest.param(
            [(0, {}), (5, {"sbp": 165, "dbp": 95})], "diastolic.risen", "diastolic.fallen", id="a2"
        ),
        pytest.param(
            [(0, {}), (5, FALLEN | FAST)], "heart.up-pressure.down", "heart.up-pressure.up", id="b"
        ),
        pytest.param(
            [(0, {}), (5, {"sbp": 84, "hr": 48})],
            "heart.down-pressure.down",
            "heart.up-pressure.down",
            id="b both down",
        ),
        pytest.param(
            [(0, {}), (5, {"sbp": 165, "hr": 104})],
            "heart.up-pressure.up",
            "heart.up-pressure.down",
            id="b both up",
        ),
        pytest.param(
            [(0, {}), (5, FAST), (6, FAST), (20, FAST | HOT), (22, FAST | HOT)],
            "order.heart-fever",
            "order.breathing-pressure",
            id="c heart first",
        ),
        pytest.param(
            [(0, {}), (5, {"spo2": 88}), (6, {"spo2": 88}), (12, {"spo2": 88} | FALLEN),
             (13, {"spo2": 88} | FALLEN)],
            "order.oxygen-pressure",
            "order.heart-fever",
            id="c lung first",
        ),
        pytest.param(
            [(0, {}), (5, HOT | {"hr": 92}), (7, HOT | {"hr": 92}), (9, HOT | FAST),
             (10, HOT | FAST)],
            "fever",
            "order.heart-fever",
            id="c fever first",
        ),
        pytest.param(
            [(0, {}), (5, HOT | {"hr": 118}), (7, HOT | {"hr": 118})],
            "heart.beyond-fever",
            "heart.fever-explains",
            id="f beyond",
        ),
        pytest.param(
            [(0, {}), (5, HOT | {"hr": 101}), (7, HOT | {"hr": 101})],
            "heart.fever-explains",
            "heart.beyond-fever",
            id="f explained",
        ),
    ],
)  # fmt: skip
def test_a_course_shows_its_cue_and_not_the_opposite(
    course: Course, there: str, not_there: str
) -> None:
    found = cues(course)
    assert there in found
    assert not_there not in found


def test_a_change_soon_after_a_rate_step_is_locked_to_it() -> None:
    course = [(0, {}), (10, FAST), (11, FAST)]
    assert {"step.minutes", "step.half-hour"} <= cues(course, stepped=5)
    late = cues([(0, {}), (30, FAST), (31, FAST)], stepped=5)
    assert "step.half-hour" in late
    assert "step.minutes" not in late
    assert not {"step.minutes", "step.half-hour"} & cues(course)


def test_what_went_after_the_rate_was_lowered_has_eased() -> None:
    gone: Course = [(0, {}), (5, FAST), (6, FAST), (15, {}), (17, {}), (18, {})]
    assert "eased" in cues(gone, slowed=10)
    assert "eased" not in cues(gone)
    assert "eased" not in cues(gone, slowed=17), "it had gone by itself"
