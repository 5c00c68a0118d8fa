"""Rehearsals of ward stories: through the decoder and the real ward, in one process, judged.

The ward is given what a broker would bring: the messages of all devices after everything that
breaks on the way, in steps of a second. What it raises is held against what is promised for every
reaction that was planted, and against the quiet of every other bed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from monitor.facts.effects import AlertChanged, AnyEffect
from monitor.facts.records import RecordedStep
from monitor.replay import WardOf, replay
from monitor.scenario.rehearsal import UNIT, Difference
from monitor.scenario.times import clock
from monitor.ward_stories import WardStory
from simulators.recording import STARTED_MS, struck_steps
from simulators.scenario import QUIET_BELOW_GRADE, Planted, planted, quiet_beds
from simulators.verdict import Raised, Verdict, verdict

NO_SETTINGS: Final[Mapping[str, object]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class WardRehearsal:
    """What came of a ward story: everything that was told, and how it is judged.

    ``steps`` are what the ward was given, as a recording holds it.
    """

    story: WardStory
    told: tuple[tuple[int, AnyEffect], ...]
    verdict: Verdict
    differences: tuple[Difference, ...]
    steps: tuple[RecordedStep, ...]

    @property
    def title(self) -> str:
        """Return what the story is called."""
        return self.story.title

    @property
    def rows(self) -> int:
        """Return how many beds are judged, by what must come or by what must not."""
        return len(planted(self.story.scenario)) + len(quiet_beds(self.story.scenario))

    @property
    def size(self) -> str:
        """Return how much there is in it, in words."""
        return f"ward of {self.story.size}"

    @property
    def settings(self) -> Mapping[str, object]:
        """Return that a ward story changes no settings of the site."""
        return NO_SETTINGS


def ward_rehearsal(story: WardStory, ward_of: WardOf) -> WardRehearsal:
    """Return what the ward makes of a ward story, and where that is not what is promised."""
    steps = tuple(struck_steps(story.scenario, story.fault_options, unit=UNIT))
    told = tuple(
        (step.now_ms - STARTED_MS, effect)
        for step, effects in replay(steps, ward_of(UNIT))
        for effect in effects
    )
    raised = [
        replace(raised_of(effect), told_ms=STARTED_MS + at_ms)
        for at_ms, effect in told
        if isinstance(effect, AlertChanged) and effect.phase != "end"
    ]
    found = verdict(story.scenario, raised, started_ms=STARTED_MS)
    return WardRehearsal(
        story=story,
        told=told,
        verdict=found,
        differences=tuple(_differences(found, raised)),
        steps=steps,
    )


def raised_of(alert: AlertChanged) -> Raised:
    """Return a state of an alert as the judge reads it."""
    return Raised(
        bed=alert.bed,
        kind=alert.kind,
        grade=alert.grade,
        pattern=alert.pattern,
        signs=(*(row.sign for row in alert.because), *alert.cause.split(":")[1:]),
        at_ms=alert.at_ms,
    )


def _differences(found: Verdict, raised: list[Raised]) -> Iterator[Difference]:
    """Yield what was missed and what was raised for nothing."""
    for one in found.missed:
        by_ms = one.onset_ms + one.expected.within_ms
        here = {
            raised_words(alert): None
            for alert in raised
            if alert.bed == one.bed and one.onset_ms <= alert.known_ms - STARTED_MS <= by_ms
        }
        yield Difference(
            row=one.reaction,
            when=f"{clock(one.onset_ms)} to {clock(by_ms)}",
            bed=one.bed,
            expected=f"expected {promised_words(one)}",
            found=f"found {', '.join(here) or 'no alert'}",
        )
    for alert in found.false:
        yield Difference(
            row="quiet",
            when=clock(alert.known_ms - STARTED_MS),
            bed=alert.bed,
            expected=f"expected no alert of grade {QUIET_BELOW_GRADE} or more",
            found=f"found {raised_words(alert)}",
        )


def promised_words(one: Planted) -> str:
    """Return what a planted reaction must lead to."""
    about = ", ".join((*one.expected.patterns, *one.expected.signs))
    grade = f" of grade {one.expected.least_grade} or more" if one.expected.least_grade else ""
    return f"a {one.expected.kind} alert{grade} about one of {about}"


def raised_words(alert: Raised) -> str:
    """Return a state of an alert in a few words."""
    grade = f", grade {alert.grade}" if alert.grade else ""
    return f"{alert.kind} alert {alert.pattern or ' '.join(alert.signs)}{grade}"
