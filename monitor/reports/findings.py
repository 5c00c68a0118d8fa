"""Findings: the episodes of a session, what was done about them, and what it comes to. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.care.alerts import SESSION_ENDED
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    AdviceChanged,
    AlertChanged,
    AnyEffect,
    GradeChanged,
    Step,
)
from monitor.facts.severity import severity

MINUTE_MS = 60_000
CALLING = frozenset({"medium", "high"})
TAKEN = frozenset({"started", "done"})
UNANSWERED = frozenset({"offered", "started"})
"""States of a step that the next one told of it replaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One alert from its first sign to its end; what did not happen is None.

    ``peak`` is the alert at its worst: at its highest grade, when there was most evidence for its
    name. ``path`` holds the grades in their order. ``is_cut`` where it stood until its session was
    closed: it has an end and was not over.
    """

    peak: AlertChanged
    last: AlertChanged
    priority: str
    path: tuple[int, ...]
    onset_ms: int
    raised_ms: int
    taken_on_ms: int | None
    taken_on_by: str
    first_step_ms: int | None
    first_step: str
    ended_ms: int | None
    is_cut: bool = False

    @property
    def name(self) -> str:
        """Return the picture that the alert named at its worst, or its cause."""
        return self.peak.pattern or self.peak.cause


def episodes(effects: Sequence[AnyEffect]) -> list[Episode]:
    """Return every alert of a session as one episode, reactions first, in order of time."""
    told: dict[str, list[AlertChanged]] = {}
    for effect in effects:
        if isinstance(effect, AlertChanged):
            told.setdefault(effect.id, []).append(effect)
    found = [_episode(alerts, effects) for alerts in told.values()]
    return sorted(found, key=lambda one: (one.peak.kind != "physiological", one.raised_ms))


def _episode(alerts: Sequence[AlertChanged], effects: Sequence[AnyEffect]) -> Episode:
    peak = max(alerts, key=severity)
    last = alerts[-1]
    end = end_of(alerts)
    taken = next((one for one in alerts if one.acknowledged_ms is not None), None)
    first = _first_step(effects, last.id)
    path = tuple(grade for _, grade in last.grade_path) or (peak.grade,)
    order = ("high", "medium", "low", "info")
    return Episode(
        peak=peak,
        last=last,
        priority=min((one.priority for one in alerts), key=order.index),
        path=path,
        onset_ms=alerts[0].onset_ms,
        raised_ms=alerts[0].raised_ms,
        taken_on_ms=None if taken is None else taken.acknowledged_ms,
        taken_on_by="" if taken is None else taken.acknowledged_by,
        first_step_ms=None if first is None else first.at_ms,
        first_step="" if first is None else first.words,
        ended_ms=None if end is None else end.at_ms,
        is_cut=end is not None and end.reason.startswith(SESSION_ENDED),
    )


def end_of(alerts: Sequence[AlertChanged]) -> AlertChanged | None:
    """Return the change with which the condition of an alert ended; None while it stands.

    What is told of it later (that somebody has seen it, that a new alert took its place) is about
    its signal.
    """
    return next((one for one in alerts if one.condition == "ended"), None)


def _first_step(effects: Iterable[AnyEffect], alert: str) -> Step | None:
    steps = [
        step
        for effect in effects
        if isinstance(effect, AdviceChanged) and effect.alert == alert
        for step in effect.steps
        if step.state in TAKEN and step.at_ms is not None
    ]
    return min(steps, key=lambda step: step.at_ms or 0, default=None)


def steps_told(effects: Iterable[AnyEffect]) -> list[Step]:
    """Return every step as it was last told, those that were answered first, by time.

    A step that was taken again, as a second dose is, stands once for each time; one that was
    answered is not told as merely offered as well.
    """
    told: dict[tuple[str, str], list[Step]] = {}
    for effect in effects:
        if isinstance(effect, AdviceChanged):
            for step in effect.steps:
                times = told.setdefault((effect.alert, step.key), [])
                if times and step.state == "offered":
                    continue  # offered again, and not answered yet
                if times and (times[-1].at_ms == step.at_ms or times[-1].state in UNANSWERED):
                    times.pop()
                times.append(step)
    found = [step for times in told.values() for step in times]
    return sorted(found, key=lambda one: (one.at_ms is None, one.at_ms or 0))


def worst(found: Iterable[Episode]) -> Episode | None:
    """Return the reaction with the highest grade, the first of several."""
    reactions = [one for one in found if one.peak.kind == "physiological"]
    return max(reactions, key=lambda one: one.peak.grade, default=None)


def finding(
    effects: Sequence[AnyEffect], found: Sequence[Episode], started_ms: int | None, length_ms: int
) -> str:
    """Return what a session comes to, in one sentence.

    Parameters
    ----------
    effects : sequence
        Of the session, in order.
    found : sequence of Episode
        Of the same effects.
    started_ms : int or None
        [ms] Start of the infusion; None where it never started.
    length_ms : int
        [ms] How long the session was watched.
    """
    one = worst(found)
    if one is None:
        return f"No reaction alert in {duration(length_ms)}{_not_assessable(effects)}"
    parts = [_what(one), f"first alert {_lag(one.onset_ms, one.raised_ms)}"]
    if started_ms is not None and one.onset_ms >= started_ms:
        parts[0] += f", {duration(one.onset_ms - started_ms)} into the infusion"
    if one.first_step_ms is None:
        parts.append("no step recorded")
    else:
        parts.append(f"first step {_after(one.raised_ms, one.first_step_ms)} the alert")
    if one.ended_ms is None:
        parts.append("not over when the record ends")
    elif one.is_cut:
        parts.append("not over when the session was closed")
    else:
        parts.append(f"over {duration(one.ended_ms - one.onset_ms)} after the first sign")
    others = sum(each.peak.kind == "physiological" for each in found) - 1
    if others:
        parts.append(f"{others} more alert{'s' * (others > 1)} of signs")
    return "; ".join(parts)


def _what(one: Episode) -> str:
    name = one.peak.pattern.replace("-", " ") if one.peak.pattern else "signs without a picture"
    verb = "" if one.priority in CALLING else ", nobody called"
    words = f"suspected {name}" if one.peak.pattern else name
    return f"{words[0].upper()}{words[1:]}, grade {grade_text(one.peak.grade)}{verb}"


def _not_assessable(effects: Sequence[AnyEffect]) -> str:
    grades = [one for one in effects if isinstance(one, GradeChanged)]
    if not grades or all(one.grade == NOT_ASSESSABLE for one in grades):
        return ", and none could be assessed"
    return ""


def _lag(from_ms: int, to_ms: int) -> str:
    return (
        "with the first sign"
        if to_ms <= from_ms
        else f"{duration(to_ms - from_ms)} after the first sign"
    )


def _after(from_ms: int, to_ms: int) -> str:
    if to_ms < from_ms:
        return f"{duration(from_ms - to_ms)} before"
    return f"{duration(to_ms - from_ms)} after"


def grade_text(grade: int) -> str:
    """Return a grade in words."""
    return "not assessable" if grade == NOT_ASSESSABLE else str(grade)


def duration(length_ms: int) -> str:
    """Return a length of time: seconds below two minutes, minutes below two hours, else hours."""
    if length_ms < 2 * MINUTE_MS:
        return f"{length_ms // 1000} s"
    if length_ms < 120 * MINUTE_MS:
        return f"{length_ms // MINUTE_MS} min"
    return f"{length_ms // (6 * MINUTE_MS) / 10:.1f} h"
