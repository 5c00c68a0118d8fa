"""What was heard of a simulated session beside its truth: alerts, steps, deeds, baseline, peers."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from monitor.facts.effects import AlertChanged, AlertKind, BaselineChanged, Priority
from monitor.facts.severity import founded_centi, severity
from monitor.facts.truth import TrueSession
from monitor.replay import CALLING

MINUTE_MS: Final = 60_000

USUAL_CARE: Final = "usual_care"
"""Any of four, looked at only when vital signs are usually taken: 15 min after the start, at
every change of rate, every hour (``config/schedules.toml``)."""

PRIORITIES: Final[tuple[Priority, ...]] = ("low", "medium", "high")
"""The priorities that are counted, rising; ``info`` is none that anybody has to see."""

PriorityTimes: TypeAlias = tuple[int | None, int | None, int | None]


class HeardAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One reaction alert: what it was called, and when it first reached each grade.

    ``pattern`` is its name at its worst: at its highest grade, when there was most evidence for
    it; ``names`` holds when it was given which name.
    ``reached_ms`` holds the first time at grade 1, 2, 3 and 4 or above, ``priority_ms`` at low,
    medium and high priority or above; ``called_ms`` when it first had a priority at which
    somebody is called; ``ended_ms`` is None while it stands, ``acknowledged_ms`` where nobody
    answered. ``rules`` are the rows that decided it when it first called; ``points_centi`` is the
    evidence for its name at its worst, None where it had no picture.
    """

    id: str
    cause: str
    pattern: str
    grade: int
    reached_ms: tuple[int | None, int | None, int | None, int | None]
    called_ms: int | None
    ended_ms: int | None
    names: tuple[tuple[int, str], ...] = ()
    rules: tuple[str, ...] = ()
    points_centi: int | None = None
    priority_ms: PriorityTimes = (None, None, None)
    acknowledged_ms: int | None = None


class OtherAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert about devices or the infusion and not the person: when it began and ended.

    ``calls`` tells whether it ever had a priority at which somebody is called.
    """

    kind: AlertKind
    cause: str
    began_ms: int
    calls: bool
    ended_ms: int | None = None


class HeardBaseline(msgspec.Struct, frozen=True, kw_only=True):
    """The baseline of one channel when the flow began, in hundredths of the canonical unit.

    ``spread_centi`` is the noise of its readings (a robust standard deviation), ``drift_centi`` how
    far the later half of them lies above the earlier; None where they are too few to say.
    ``later_centi`` is how far the mean of the last hour lies above it, None where something
    happened or nothing was read.
    """

    channel: str
    centre_centi: int
    readings: int
    spread_centi: int | None = None
    drift_centi: int | None = None
    later_centi: int | None = None


class SessionHeard(msgspec.Struct, frozen=True, kw_only=True):
    """One session: its truth, what was heard of it, and when simple rules began to hold."""

    truth: TrueSession
    alerts: tuple[HeardAlert, ...]
    steps: tuple[tuple[int, str], ...]
    """When a step was first offered, and which."""
    peers: dict[str, tuple[int, ...]]
    must_not: tuple[tuple[int, str], ...] = ()
    """When a step was first offered that the truth forbids, and its word."""
    ward: str = ""
    """The file in which the session is: the beds that one person has before them."""
    others: tuple[OtherAlert, ...] = ()
    """Alerts about devices and the infusion, in the order in which they began."""
    deeds_ms: tuple[int, ...] = ()
    """When people did something about a person: slowed, paused or stopped the pump, gave a drug."""
    baseline: tuple[HeardBaseline, ...] = ()


class ForbiddenStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step that was offered in a session in which the truth says that it would be a fault."""

    bed: str
    session: str
    phenotype: str
    step: str
    at_ms: int


class FileHeard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of one file; ``fault`` says why nothing did."""

    name: str
    sessions: tuple[SessionHeard, ...] = ()
    readings: int = 0
    steps: int = 0
    fault: str = ""


def forbidden_steps(sessions: Sequence[SessionHeard]) -> Iterator[ForbiddenStep]:
    """Yield what was offered although the truth forbids it, session by session."""
    for heard in sessions:
        truth = heard.truth
        for at_ms, word in heard.must_not:
            yield ForbiddenStep(
                bed=truth.bed,
                session=truth.session,
                phenotype=truth.phenotype or "uneventful",
                step=word,
                at_ms=at_ms,
            )


def updated(before: HeardAlert | None, effect: AlertChanged) -> HeardAlert:
    """Return a reaction alert as it was heard up to now; ``before`` is None for a new one."""
    known = before.reached_ms if before else (None, None, None, None)
    reached = tuple(
        at_ms if at_ms is not None else effect.at_ms if effect.grade >= grade else None
        for grade, at_ms in enumerate(known, start=1)
    )
    stands = effect.condition != "ended"
    calls = effect.at_ms if effect.priority in CALLING and stands else None
    rules = before.rules if before else ()
    if calls is not None and (before is None or before.called_ms is None):
        rules = tuple(dict.fromkeys(row.rule for row in effect.because))
    is_worst = before is None or severity(effect) > (before.grade, before.points_centi or 0)
    names = before.names if before else ()
    if not names or names[-1][1] != effect.pattern:
        names = (*names, (effect.at_ms, effect.pattern))
    answered = before.acknowledged_ms if before else None
    return HeardAlert(
        id=effect.id,
        cause=effect.cause,
        pattern=effect.pattern if is_worst or before is None else before.pattern,
        grade=effect.grade if is_worst or before is None else before.grade,
        reached_ms=reached,  # type: ignore[arg-type]  # four, as they were
        called_ms=before.called_ms if before and before.called_ms is not None else calls,
        ended_ms=_ended_ms(before, effect),
        names=names,
        rules=rules,
        points_centi=founded_centi(effect) if is_worst or before is None else before.points_centi,
        priority_ms=_risen(before.priority_ms if before else (None, None, None), effect),
        acknowledged_ms=effect.acknowledged_ms if answered is None else answered,
    )


def _risen(known: PriorityTimes, effect: AlertChanged) -> PriorityTimes:
    """Return when each priority or a higher one was first reached."""
    if effect.priority not in PRIORITIES or effect.condition == "ended":
        return known
    level = PRIORITIES.index(effect.priority)
    low, medium, high = (
        at_ms if at_ms is not None or number > level else effect.at_ms
        for number, at_ms in enumerate(known)
    )
    return low, medium, high


def updated_other(before: OtherAlert | None, effect: AlertChanged) -> OtherAlert:
    """Return an alert about devices or the infusion as it was heard up to now."""
    calls = effect.priority in CALLING and effect.condition != "ended"
    return OtherAlert(
        kind=effect.kind,
        cause=effect.cause,
        began_ms=effect.at_ms if before is None else before.began_ms,
        calls=calls or (before is not None and before.calls),
        ended_ms=_ended_ms(before, effect),
    )


def _ended_ms(before: HeardAlert | OtherAlert | None, effect: AlertChanged) -> int | None:
    """Return when the condition ended; what is told later is about the signal alone."""
    if before is not None and before.ended_ms is not None:
        return before.ended_ms
    return effect.at_ms if effect.condition == "ended" else None


def baselines_of(told: BaselineChanged | None) -> dict[str, HeardBaseline]:
    """Return the baseline of every channel as it was told; nothing where none was."""
    if told is None:
        return {}
    return {
        channel: HeardBaseline(
            channel=channel,
            centre_centi=centre,
            readings=told.readings.get(channel, 0),
            spread_centi=told.noise_centi.get(channel),
            drift_centi=told.drift_centi.get(channel),
        )
        for channel, centre in told.centre_centi.items()
    }
