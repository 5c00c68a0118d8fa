"""The life of an alert, as tables.

Three facts are kept apart. The *condition* says whether it is true; the *signal* says whether
somebody is being told; the acknowledgement says who has taken it on. An episode is one alert
from onset to end: it is updated in place, and its id comes from session, cause and onset, so
that a replay, a restart or a second monitor gives the same episode the same name. Whatever moves
a signal says why, so that no alert is ever quiet without a reason.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from monitor.facts.effects import AlertKind, Because, Condition, Context, Priority, Signal

ConditionEvent: TypeAlias = Literal["confirm", "ease", "clear"]
SignalEvent: TypeAlias = Literal[
    "raise",
    "acknowledge",
    "hand-back",
    "pause",
    "resume",
    "snooze",
    "wake",
    "worsen",
    "realert",
    "end",
    "latch",
]

CONDITIONS: Final[tuple[Condition, ...]] = ("pending", "active", "recovering", "ended")
SIGNALS: Final[tuple[Signal, ...]] = (
    "off", "on", "audio-paused", "acknowledged", "snoozed", "latched",
)  # fmt: skip
CONDITION_EVENTS: Final[tuple[ConditionEvent, ...]] = ("confirm", "ease", "clear")
SIGNAL_EVENTS: Final[tuple[SignalEvent, ...]] = (
    "raise", "acknowledge", "hand-back", "pause", "resume", "snooze", "wake", "worsen", "realert",
    "end", "latch",
)  # fmt: skip

SESSION_ENDED: Final = "the session has ended"
"""Why an episode ended whose signs still held when its session was closed."""

CONDITION_TABLE: Final[dict[Condition, dict[ConditionEvent, Condition]]] = {
    "pending": {"confirm": "active", "clear": "ended"},
    "active": {"ease": "recovering", "clear": "ended"},
    "recovering": {"confirm": "active", "clear": "ended"},
    "ended": {},
}
"""What is true. An ended condition never comes back: what returns is a new episode."""

SIGNAL_TABLE: Final[dict[Signal, dict[SignalEvent, Signal]]] = {
    "off": {"raise": "on"},
    "on": {
        "acknowledge": "acknowledged",
        "pause": "audio-paused",
        "snooze": "snoozed",
        "worsen": "on",
        "end": "off",
        "latch": "latched",
    },
    "audio-paused": {
        "acknowledge": "acknowledged",
        "resume": "on",
        "snooze": "snoozed",
        "worsen": "on",
        "end": "off",
        "latch": "latched",
    },
    "acknowledged": {
        "hand-back": "on",
        "snooze": "snoozed",
        "worsen": "on",
        "realert": "on",
        "end": "off",
        "latch": "off",
    },
    "snoozed": {
        "acknowledge": "acknowledged",
        "wake": "on",
        "worsen": "on",
        "end": "off",
        "latch": "off",
    },
    "latched": {"acknowledge": "off"},
}
"""Who is told. What a person has seen does not latch; what got worse is signalled again."""

CALLS: Final[frozenset[Signal]] = frozenset({"on", "audio-paused"})
"""Signals that ask for somebody: time runs towards the next person of the chain."""

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

    def with_worst_of(self, other: "Picture") -> "Picture":
        """Return the picture with each sign, grade and priority as bad as it was in either.

        A sign that was confirmed in one counts for its unconfirmed return in the other.
        """
        signs = dict(self.signs)
        for sign, grade in other.signs:
            signs[sign] = max(grade, signs.get(sign, 0))
        for sign in [one for one in signs if not one.endswith("?")]:
            signs[f"{sign}?"] = max(signs[sign], signs.get(f"{sign}?", 0))
        return replace(
            self,
            signs=tuple(signs.items()),
            grade=max(self.grade, other.grade),
            priority=max(self.priority, other.priority, key=RANK.__getitem__),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One alert from onset to end.

    ``reason`` says why its signal is as it is. ``calling_ms`` is the time of the step since which
    it calls without an answer, ``level`` how much of the escalation chain was told and ``called``
    whom of it last. ``flaps`` counts how often its cause came, where that is flapping, ``held_ms``
    is since when it is clear but held for that, and ``worst`` what it has shown at its worst.
    """

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
    """The highest priority it has had since a person last saw it."""
    reason: str
    worsened_revision: int = 1
    """The last revision in which it got worse: an older acknowledgement did not see that."""
    active_ms: int | None = None
    acknowledged_by: str = ""
    acknowledged_ms: int | None = None
    realert_ms: int | None = None
    quiet_until_ms: int | None = None
    calling_ms: int | None = None
    level: int = 0
    called: str = ""
    flaps: int = 0
    held_ms: int | None = None
    worst: Picture | None = None
    disbelief: str = ""

    @property
    def open(self) -> bool:
        """Whether anybody still has to see it."""
        return self.condition != "ended" or self.signal == "latched"


def episode_id(session: str, bed: str, cause: str, mark_ms: int) -> str:
    """Return the name of an episode, the same wherever it is computed."""
    text = f"{session}\x1f{bed}\x1f{cause}\x1f{mark_ms}"
    return f"al-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def moved(episode: Episode, event: ConditionEvent) -> Episode:
    """Return the episode after a condition event; an event without a place changes nothing."""
    after = CONDITION_TABLE[episode.condition].get(event, episode.condition)
    return replace(episode, condition=after)


def signalled(episode: Episode, event: SignalEvent, reason: str) -> Episode:
    """Return the episode after a signal event; an event without a place changes nothing.

    What begins to call has been answered by nobody: who took it on, what keeps it quiet and how
    far it was escalated are forgotten.
    """
    after = SIGNAL_TABLE[episode.signal].get(event)
    if after is None:
        return episode
    episode = replace(episode, signal=after, reason=reason, quiet_until_ms=None)
    if after == "on" and event != "resume":
        episode = replace(episode, acknowledged_by="", acknowledged_ms=None, realert_ms=None)
    if after not in CALLS:
        episode = replace(episode, calling_ms=None, level=0, called="")
    return episode


def raised(
    picture: Picture,
    *,
    session: str,
    bed: str,
    onset_ms: int,
    at_ms: int,
    pending: bool,
    mark_ms: int | None = None,
) -> Episode:
    """Return a new episode whose signal is on.

    It is named after ``mark_ms``, where its onset is a time that only this monitor knows.
    """
    mark_ms = onset_ms if mark_ms is None else mark_ms
    return Episode(
        id=episode_id(session, bed, picture.cause, mark_ms),
        session=session,
        revision=1,
        condition="pending" if pending else "active",
        signal="on",
        picture=picture,
        onset_ms=onset_ms,
        raised_ms=at_ms,
        grade_path=((at_ms, picture.grade),),
        unseen=picture.priority,
        reason="new",
        active_ms=None if pending else at_ms,
    )


def updated(
    episode: Episode, picture: Picture, *, at_ms: int, pending: bool, recovering: bool = False
) -> Episode:
    """Return the episode with what is true now.

    Worsening breaks through acknowledgement and pause; a snooze that covers what is worse keeps
    its episode quiet, see :func:`hushed`.
    """
    after = replace(episode, held_ms=None)
    if recovering:
        after = moved(after, "ease")
    elif not pending:
        after = moved(after, "confirm")
    if after.condition == "active" and after.active_ms is None:
        after = replace(after, active_ms=at_ms)
    worse = picture.worse_than(episode.picture)
    if episode.flaps:
        # What comes and goes is worse only when it is worse than it has ever been.
        worst = episode.worst or episode.picture.with_worst_of(episode.picture)
        worse = picture.worse_than(worst)
        after = replace(after, worst=picture.with_worst_of(worst))
    if worse:
        after = replace(after, worsened_revision=episode.revision + 1)
        if episode.signal != "snoozed":
            after = signalled(after, "worsen", "it got worse")
        if RANK[picture.priority] > RANK[episode.picture.priority]:
            # A higher priority has its own chain, and nobody has had time to answer it.
            after = replace(after, calling_ms=None, level=0, called="")
    path = episode.grade_path
    if picture.grade != path[-1][1]:
        path = (*path, (at_ms, picture.grade))
    unseen = max(after.unseen, picture.priority, key=RANK.__getitem__)
    return replace(after, picture=picture, grade_path=path, unseen=unseen)


def hushed(episode: Episode, *, cover: str, uncovered: str) -> Episode:
    """Return the episode with its signal as the snoozes of the bed have it.

    ``cover`` names what covers all that it shows, ``uncovered`` what nothing covers. An alert
    that was higher before, when nobody saw it, is not hushed by what covers the rest of it.
    """
    if episode.signal == "snoozed":
        if cover:
            return episode if cover == episode.reason else replace(episode, reason=cover)
        return signalled(episode, "wake", f"not snoozed: {uncovered}")
    seen = RANK[episode.unseen] <= RANK[episode.picture.priority]
    if cover and seen and episode.signal in CALLS:
        return signalled(episode, "snooze", cover)
    return episode


def held(episode: Episode, *, at_ms: int, reason: str) -> Episode:
    """Return a flapping episode that is clear but not over."""
    return replace(moved(episode, "ease"), held_ms=at_ms, reason=reason)


def ended(
    episode: Episode, *, latched: tuple[Priority, ...], reason: str = "the condition has ended"
) -> Episode:
    """Return the episode with its condition over.

    The signal latches when nobody has acknowledged a priority that must be seen, also when the
    condition had eased before it ended.
    """
    after = moved(episode, "clear")
    if episode.unseen in latched:
        after = signalled(after, "latch", f"{reason} and nobody has seen that it was there")
    else:
        after = signalled(after, "end", reason)
    return replace(after, realert_ms=None, held_ms=None)


def acknowledged(episode: Episode, *, by: str, at_ms: int, realert_ms: int | None) -> Episode:
    """Return the episode as taken on by a person."""
    after = signalled(episode, "acknowledge", f"acknowledged by {by}")
    return replace(
        after,
        acknowledged_by=by,
        acknowledged_ms=at_ms,
        realert_ms=realert_ms if after.signal == "acknowledged" else None,
        unseen="info",
    )


def handed_back(episode: Episode, *, by: str) -> Episode:
    """Return the episode as calling again, because who had taken it on gave it back."""
    words = f"handed back by {by}"
    if by != episode.acknowledged_by:
        words += f" for {episode.acknowledged_by}"
    return _asked_again(signalled(episode, "hand-back", words))


def realerted(episode: Episode) -> Episode:
    """Return the episode as signalled again because it lasts; nobody has seen that yet."""
    words = f"still there since {episode.acknowledged_by} acknowledged it"
    return _asked_again(signalled(episode, "realert", words))


def _asked_again(episode: Episode) -> Episode:
    return replace(episode, unseen=episode.picture.priority)


def paused(episode: Episode, *, by: str, at_ms: int, for_ms: int) -> Episode:
    """Return the episode without sound for a while; it is shown and still asks for somebody."""
    after = signalled(episode, "pause", f"audio paused for {for_ms // 1000} s by {by}")
    return replace(after, quiet_until_ms=at_ms + for_ms)


def resumed(episode: Episode) -> Episode:
    """Return the episode as sounding again."""
    return signalled(episode, "resume", "the audio pause is over")


def snoozed(episode: Episode, *, cover: str) -> Episode:
    """Return the episode as a person has snoozed it who has seen it, where that covers it all."""
    return replace(signalled(episode, "snooze", cover), unseen="info") if cover else episode


def called(episode: Episode, *, to: str) -> Episode:
    """Return the episode as told to the next of the chain; that is a fact beside its life."""
    return replace(episode, called=to, level=episode.level + 1)


def revised(before: Episode | None, after: Episode) -> Episode:
    """Return the episode under the next revision number, or as it is when it is new."""
    return after if before is None else replace(after, revision=before.revision + 1)
