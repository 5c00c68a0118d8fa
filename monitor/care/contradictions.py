"""When a pump says otherwise than people have recorded.

A person records a stop, a pause or a slower rate; the pump reports what it does. Where the two
cannot both be true, that is a technical alert, and neither is corrected: somebody has to look.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.care.courses import Course
from monitor.care.products import SAME_RATE_PERCENT, rate_text
from monitor.care.restarts import END_WORDS
from monitor.facts.effects import Step
from monitor.facts.records import PumpReported


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """What a pump does that was recorded otherwise, and since when it is known."""

    words: str
    since_ms: int


def report_words(report: PumpReported) -> str:
    """Return what a pump says of itself, or a person of it: its rate, or its state."""
    rate = report.rate_centi_ml_per_h
    said = [] if report.state == "infusing" and rate is not None else [str(report.state)]
    said += [] if rate is None else [rate_text(rate)]
    who = f"{report.by} has recorded" if report.by else f"{report.device} reports"
    return f"{who} {', '.join(said)}"


def reporter(report: PumpReported) -> str:
    """Return who says what a pump does: the person who wrote it down, else the pump itself."""
    return report.by or report.device


def is_flowing(report: PumpReported) -> bool:
    """Whether a pump says that the drug flows; keeping a vein open does not count."""
    return report.state == "infusing" and report.rate_centi_ml_per_h != 0


def contradiction(
    steps: tuple[Step, ...],
    kinds: Mapping[str, str],
    course: Course,
    report: PumpReported,
    *,
    resumed: bool,
    grace_ms: int,
) -> Contradiction | None:
    """Return what a report contradicts, or None.

    Parameters
    ----------
    steps, kinds
        The steps as recorded, and the kind of each by its key.
    course
        The infusion may be over for this session.
    report
        What the pump says now.
    resumed
        The pump has begun to run again after it stood still.
    grace_ms
        How long after a record the pump may still tell the old state.
    """
    if not is_flowing(report):
        return None
    at_ms, words = report.measured_ms, report_words(report)
    if course.end and resumed:
        why = END_WORDS[course.end]
        return Contradiction(
            words=f"{words}, but the infusion is over for this session: {why}", since_ms=at_ms
        )
    for step in steps:
        late = step.at_ms is not None and at_ms - step.at_ms >= grace_ms
        if step.state != "done" or step.by == reporter(report) or not late:
            continue
        kind, target = kinds.get(step.key), step.rate_centi_ml_per_h
        if kind in ("pause", "stop"):
            return Contradiction(
                words=f"{words}, but {step.by} has recorded: {step.words}", since_ms=at_ms
            )
        rate = report.rate_centi_ml_per_h
        if kind == "rate" and target and rate and _is_faster(rate, target):
            return Contradiction(
                words=f"{words}, but {step.by} has recorded {rate_text(target)}", since_ms=at_ms
            )
    return None


def _is_faster(rate_centi: int, target_centi: int) -> bool:
    """Whether a rate is faster than another by more than pumps round."""
    return rate_centi * 100 > target_centi * (100 + SAME_RATE_PERCENT)
