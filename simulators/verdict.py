"""The judge of a demo: what was caught, what was missed, and what was raised for nothing.

The judge knows the truth of a scenario and a list of what was raised; it does not know the
monitor. Whoever has the monitor's alerts says each state of each of them as one
:class:`Raised`: a new one and every change of its grade or pattern.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from simulators.scenario import (
    QUIET_BELOW_GRADE,
    Expected,
    Kind,
    Planted,
    Scenario,
    planted,
    quiet_beds,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One state of one alert as the monitor told it; ``kind`` other than ours never counts.

    ``at_ms`` is the time of what it is about, ``told_ms`` when it was told, where that is known:
    what came late over the network is told late.
    """

    bed: str
    kind: Kind | str
    grade: int
    pattern: str
    signs: tuple[str, ...]
    at_ms: int
    told_ms: int | None = None

    @property
    def known_ms(self) -> int:
        """Return from when on somebody could know of it."""
        return self.at_ms if self.told_ms is None else max(self.at_ms, self.told_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """A planted reaction, the first alert that catches it, and how long that took."""

    planted: Planted
    raised: Raised
    after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was caught, what was missed, and what was raised where nothing was planted."""

    caught: tuple[Caught, ...]
    missed: tuple[Planted, ...]
    false: tuple[Raised, ...]

    @property
    def is_clean(self) -> bool:
        """Tell whether everything was caught and nothing false was raised."""
        return not self.missed and not self.false


def verdict(scenario: Scenario, raised: Iterable[Raised], *, started_ms: int) -> Verdict:
    """Judge what was raised in a story that began at ``started_ms``.

    An alert about a time before its reaction began does not catch it, and one that is told late
    has missed it. False is a physiological alert of grade 2 or more at a bed where nothing was
    planted, or before anything was.
    """
    heard = sorted(raised, key=lambda one: one.known_ms)
    caught: list[Caught] = []
    missed: list[Planted] = []
    onsets_ms = dict.fromkeys(quiet_beds(scenario), float("inf"))
    for one in planted(scenario):
        onset_ms = started_ms + one.onset_ms
        onsets_ms[one.bed] = onset_ms
        first = next((alert for alert in heard if catches(one, alert, onset_ms)), None)
        if first is None:
            missed.append(one)
        else:
            caught.append(Caught(planted=one, raised=first, after_ms=first.known_ms - onset_ms))
    false = tuple(
        alert
        for alert in heard
        if alert.kind == "physiological"
        and alert.grade >= QUIET_BELOW_GRADE
        and alert.at_ms < onsets_ms.get(alert.bed, float("inf"))
    )
    return Verdict(caught=tuple(caught), missed=tuple(missed), false=false)


def catches(one: Planted, alert: Raised, onset_ms: int) -> bool:
    """Tell whether an alert is what a planted reaction must lead to, in place and in time."""
    expected: Expected = one.expected
    is_named = alert.pattern in expected.patterns or not set(expected.signs).isdisjoint(alert.signs)
    return (
        alert.bed == one.bed
        and alert.kind == expected.kind
        and alert.grade >= expected.least_grade
        and is_named
        and onset_ms <= alert.at_ms
        and alert.known_ms <= onset_ms + expected.within_ms
    )
