"""Which steps may be done again, and when repeating a drug has failed."""

from monitor.care.courses import Course, of_reaction
from monitor.care.ladders import EPINEPHRINE, LadderStep
from monitor.care.responses import HELPED


def doses_left(course: Course, rung: LadderStep) -> int:
    """Return how often a rung may still be done; 1 for a rung that is done once and was not."""
    done = sum(one.key == rung.key and one.done for one in of_reaction(course))
    return max(0, 1 + (rung.repeats or 0) - done)


def may_repeat(course: Course, rung: LadderStep) -> bool:
    """Whether a rung that was done is offered once more: it did not help, and repeats are left."""
    last = next((one for one in reversed(of_reaction(course)) if one.key == rung.key), None)
    failed = last is not None and last.done and last.response is not None and last.look_ms is None
    return (
        failed
        and last is not None
        and last.response is not None
        and last.response.verdict not in HELPED
        and doses_left(course, rung) > 0
    )


def is_refractory(course: Course, doses: int) -> bool:
    """Whether so many doses of epinephrine were given and the last of them did not help."""
    given = [one for one in course.attempts if one.drug == EPINEPHRINE and one.done]
    last = given[-1].response if given else None
    return len(given) >= doses and last is not None and last.verdict not in HELPED
