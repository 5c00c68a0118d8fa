"""The life of an alert, as tables.

Three facts are kept apart. The *condition* says whether it is true; the *signal* says whether
somebody is being told; the acknowledgement says who has taken it on. An episode is one alert
from onset to end: it is updated in place, and its id comes from session, cause and onset, so
that a replay, a restart or a second monitor gives the same episode the same name.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from monitor.facts.effects import (
    AlertChanged,
    AlertKind,
    AlertPhase,
    Because,
    BookSays,
    Condition,
    Context,
    Priority,
    Signal,
)

ConditionEvent: TypeAlias = Literal["confirm", "clear"]
SignalEvent: TypeAlias = Literal["raise", "acknowledge", "worsen", "realert", "end", "latch"]

CONDITIONS: Final[tuple[Condition, ...]] = ("pending", "active", "ended")
SIGNALS: Final[tuple[Signal, ...]] = ("off", "on", "acknowledged", "latched")
CONDITION_EVENTS: Final[tuple[ConditionEvent, ...]] = ("confirm", "clear")
SIGNAL_EVENTS: Final[tuple[SignalEvent, ...]] = (
    "raise", "acknowledge", "worsen", "realert", "end", "latch",
)  # fmt: skip

CONDITION_TABLE: Final[dict[Condition, dict[ConditionEvent, Condition]]] = {
    "pending": {"confirm": "active", "clear": "ended"},
    "active": {"clear": "ended"},
    "ended": {},
}
"""What is true. An ended condition never comes back: what returns is a new episode."""

SIGNAL_TABLE: Final[dict[Signal, dict[SignalEvent, Signal]]] = {
    "off": {"raise": "on"},
    "on": {"acknowledge": "acknowledged", "worsen": "on", "end": "off", "latch": "latched"},
    "acknowledged": {"worsen": "on", "realert": "on", "end": "off", "latch": "off"},
    "latched": {"acknowledge": "off"},
}
"""Who is told. What was acknowledged does not latch; what got worse is signalled again."""

PRIORITY_OF_GRADE: Final[tuple[Priority, ...]] = ("info", "low", "medium", "high", "high")
NEW_SIGN_GRADE: Final = 2
"""A sign that reaches this grade for the first time in an episode is a new fact to be told."""

RANK: Final[dict[Priority, int]] = {"info": 0, "low": 1, "medium": 2, "high": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is true about one cause at a bed: everything an episode shows besides its life."""

    cause: str
    kind: AlertKind
    priority: Priority
    pattern: str
    grade: int
    signs: tuple[tuple[str, int], ...]
    label: str
    because: tuple[Because, ...]
    context: Context

    @property
    def symptoms(self) -> frozenset[str]:
        """Names of the charted symptoms that it shows."""
        return frozenset(row.symptom for row in self.because if row.symptom)

    def same_as(self, other: "Picture") -> bool:
        """Whether nobody needs to be told of a difference (values may have moved)."""
        return (
            self.priority == other.priority
            and self.pattern == other.pattern
            and self.grade == other.grade
            and self.signs == other.signs
            and self.symptoms == other.symptoms
        )

    def worse_than(self, other: "Picture") -> bool:
        """Whether it has got worse: priority, grade, or a sign that was not there so badly."""
        if RANK[self.priority] > RANK[other.priority] or self.grade > other.grade:
            return True
        before = dict(other.signs)
        return any(
            grade >= NEW_SIGN_GRADE and grade > before.get(sign, 0) for sign, grade in self.signs
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One alert from onset to end."""

    id: str
    session: str
    revision: int
    condition: Condition
    signal: Signal
    picture: Picture
    onset_ms: int
    raised_ms: int
    grade_path: tuple[tuple[int, int], ...]
    unseen: Priority
    """The highest priority it has had since it was last acknowledged."""
    worsened_revision: int = 1
    """The last revision in which it got worse: an older acknowledgement did not see that."""
    acknowledged_by: str = ""
    acknowledged_ms: int | None = None
    realert_ms: int | None = None

    @property
    def open(self) -> bool:
        """Whether anybody still has to see it."""
        return self.condition != "ended" or self.signal == "latched"


def episode_id(session: str, bed: str, cause: str, onset_ms: int) -> str:
    """Return the name of an episode, the same wherever it is computed."""
    text = f"{session}\x1f{bed}\x1f{cause}\x1f{onset_ms}"
    return f"al-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def moved(episode: Episode, event: ConditionEvent) -> Episode:
    """Return the episode after a condition event; an event without a place changes nothing."""
    after = CONDITION_TABLE[episode.condition].get(event, episode.condition)
    return replace(episode, condition=after)


def signalled(episode: Episode, event: SignalEvent) -> Episode:
    """Return the episode after a signal event; an event without a place changes nothing."""
    after = SIGNAL_TABLE[episode.signal].get(event, episode.signal)
    return replace(episode, signal=after)


def raised(
    picture: Picture, *, session: str, bed: str, onset_ms: int, at_ms: int, pending: bool
) -> Episode:
    """Return a new episode whose signal is on."""
    return Episode(
        id=episode_id(session, bed, picture.cause, onset_ms),
        session=session,
        revision=1,
        condition="pending" if pending else "active",
        signal="on",
        picture=picture,
        onset_ms=onset_ms,
        raised_ms=at_ms,
        grade_path=((at_ms, picture.grade),),
        unseen=picture.priority,
    )


def updated(episode: Episode, picture: Picture, *, at_ms: int, pending: bool) -> Episode:
    """Return the episode with what is true now; worsening breaks through acknowledgement."""
    after = episode if pending else moved(episode, "confirm")
    if picture.worse_than(episode.picture):
        after = signalled(after, "worsen")
        after = replace(after, worsened_revision=episode.revision + 1)
        if episode.signal == "acknowledged":
            after = replace(after, acknowledged_by="", acknowledged_ms=None, realert_ms=None)
    path = episode.grade_path
    if picture.grade != path[-1][1]:
        path = (*path, (at_ms, picture.grade))
    unseen = max(after.unseen, picture.priority, key=RANK.__getitem__)
    return replace(after, picture=picture, grade_path=path, unseen=unseen)


def ended(episode: Episode, *, latched: tuple[Priority, ...]) -> Episode:
    """Return the episode with its condition over.

    The signal latches when nobody has acknowledged a priority that must be seen, also when the
    condition had eased before it ended.
    """
    after = signalled(moved(episode, "clear"), "latch" if episode.unseen in latched else "end")
    return replace(after, realert_ms=None)


def acknowledged(episode: Episode, *, by: str, at_ms: int, realert_ms: int | None) -> Episode:
    """Return the episode as taken on by a person."""
    after = signalled(episode, "acknowledge")
    return replace(
        after,
        acknowledged_by=by,
        acknowledged_ms=at_ms,
        realert_ms=realert_ms if after.signal == "acknowledged" else None,
        unseen="info",
    )


def realerted(episode: Episode) -> Episode:
    """Return the episode as signalled again because it lasts; nobody has seen that yet."""
    after = signalled(episode, "realert")
    return replace(
        after,
        acknowledged_by="",
        acknowledged_ms=None,
        realert_ms=None,
        unseen=after.picture.priority,
    )


def revised(before: Episode | None, after: Episode) -> Episode:
    """Return the episode under the next revision number, or as it is when it is new."""
    return after if before is None else replace(after, revision=before.revision + 1)


def phase_of(before: Episode | None, after: Episode) -> AlertPhase:
    """Return what a change of an episode is called on the wire."""
    if before is None:
        return "start"
    if after.condition == "ended" and before.condition != "ended":
        return "end"
    if after.picture.worse_than(before.picture):
        return "escalate"
    if after.acknowledged_by and not before.acknowledged_by:
        return "acknowledge"
    if after.picture.grade < before.picture.grade:
        return "deescalate"
    return "update"


def alert_changed(
    before: Episode | None,
    after: Episode,
    *,
    at_ms: int,
    bed: str,
    rulebook: str,
    books: tuple[BookSays, ...] = (),
) -> AlertChanged:
    """Return the effect that tells the change of an episode, also after its session ended."""
    picture = after.picture
    return AlertChanged(
        at_ms=at_ms,
        bed=bed,
        session=after.session,
        id=after.id,
        revision=after.revision,
        phase=phase_of(before, after),
        condition=after.condition,
        signal=after.signal,
        kind=picture.kind,
        priority=picture.priority,
        cause=picture.cause,
        pattern=picture.pattern,
        grade=picture.grade,
        onset_ms=after.onset_ms,
        raised_ms=after.raised_ms,
        label=picture.label,
        because=picture.because,
        context=picture.context,
        grade_path=after.grade_path,
        acknowledged_by=after.acknowledged_by,
        acknowledged_ms=after.acknowledged_ms,
        realert_ms=after.realert_ms,
        rulebook=rulebook,
        books=books,
    )
