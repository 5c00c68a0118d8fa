"""Small cohorts for tests, and their chairs."""

from functools import cache

from simulators.chairs import Chair, chair
from simulators.cohorts import Cohort, Mix, started_ms, ward_scenario_of
from simulators.disturbances import Habits

NOTHING_ELSE = Habits(
    needle=0, talking=0, walking=0, sleep=0, posture=0, other_arm=0, other_site=0, probe_off=0
)


def cohort_of(
    kind: str, *, sessions: int = 12, nurse: str = "follows", seed: int = 5, children: float = 0.0
) -> Cohort:
    """Return a cohort in which everybody has one kind of reaction and nothing else happens."""
    mix = Mix(reactions={kind: 1.0}, child_share=children, old_share=0.0, habits=NOTHING_ELSE)
    return Cohort(sessions=sessions, seed=seed, mix=mix, nurse=nurse)  # type: ignore[arg-type]  # a word of NurseKind


@cache
def chairs_of(kind: str, *, sessions: int = 12, nurse: str = "follows") -> tuple[Chair, ...]:
    """Return the chairs of such a cohort."""
    cohort = cohort_of(kind, sessions=sessions, nurse=nurse)
    ward = ward_scenario_of(cohort, 1)
    return tuple(
        chair(plan, ward, unit="ward-0001", started_ms=started_ms(cohort, 1)) for plan in ward.beds
    )
