"""What is wrong with the monitor itself: alerts of the unit, at no bed and in no session.

The shell says in every step what it finds; the life of each trouble is one table. What is over
is told for a while longer with its length, because nobody could be told while it lasted, unless
a person had seen it. Who acknowledges a trouble has seen it, and is asked again while it lasts.
These alerts are no part of the ledger: they are about the shell that writes it, and a replay has
none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from monitor.care import alerts, troubles
from monitor.care.alert_effects import alert_changed
from monitor.facts.effects import AlertChanged, Context
from monitor.facts.records import ActTaken, ActVerb

SelfState: TypeAlias = Literal["well", "wrong", "seen", "over"]
SelfEvent: TypeAlias = Literal["found", "gone", "old", "see", "hand-back", "realert"]

SELF_STATES: Final[tuple[SelfState, ...]] = ("well", "wrong", "seen", "over")
SELF_EVENTS: Final[tuple[SelfEvent, ...]] = (
    "found", "gone", "old", "see", "hand-back", "realert",
)  # fmt: skip

SELF_TABLE: Final[dict[SelfState, dict[SelfEvent, SelfState]]] = {
    "well": {"found": "wrong"},
    "wrong": {"gone": "over", "see": "seen"},
    "seen": {"gone": "well", "hand-back": "wrong", "realert": "wrong"},
    "over": {"found": "wrong", "old": "well", "see": "well"},
}
"""The life of one trouble; an event without a place changes nothing."""

EVENT_OF_ACT: Final[dict[ActVerb, SelfEvent]] = {
    "ack": "see",
    "reset": "see",
    "hand-back": "hand-back",
}
"""What an act of a person is to a trouble; nobody can silence or disbelieve the monitor itself."""

REALERT_MS: Final = 600_000
"""When an acknowledged trouble is told again where a site has said nothing else."""

NOWHERE: Final = "_"
"""Stands where an alert of the monitor has no bed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheckParams:
    """How the monitor watches itself.

    Attributes
    ----------
    proof_every_ms
        So often a proof goes through the whole alarm path, in real time; 0 switches it off.
    proof_limit_ms
        When the newest proof is older, the path is unproven and everybody is told.
    unattended_ms
        A start that long after the last step of the journal is told as resumed.
    over_told_ms
        What is over is told for so long.
    """

    proof_every_ms: int = 1_000
    proof_limit_ms: int = 5_000
    unattended_ms: int = 5_000
    over_told_ms: int = 600_000

    def __post_init__(self) -> None:
        """Refuse a limit that a proof on its way would pass."""
        if self.proof_limit_ms < 2 * self.proof_every_ms:
            raise ValueError("proof_limit must be at least twice proof_every")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    state: SelfState
    episode: alerts.Episode
    over_ms: int = 0


class SelfChecks:
    """The troubles of one monitor, by key."""

    def __init__(
        self, params: SelfCheckParams, *, config: str, realert_ms: int = REALERT_MS
    ) -> None:
        self.params = params
        self._realert_ms = realert_ms
        self.config = config
        self._told: dict[str, _Told] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The words of everything that is wrong, or over and still told, by time of raising."""
        return tuple(one.episode.picture.label for one in self._told.values())

    def started(
        self, now_ms: int, last_ms: int, *, is_salvaged: bool = False
    ) -> list[AlertChanged]:
        """Return what a start tells whose journal ends at a time.

        That is whether nobody watched, and whether what was behind that time was damaged.
        """
        found = {"resumed": last_ms} if now_ms - last_ms >= self.params.unattended_ms else {}
        if is_salvaged:
            found["journal-salvaged"] = last_ms
        return self.take(now_ms, found) + self.take(now_ms, {}) if found else []

    def taken_over(self, now_ms: int, last_ms: int) -> list[AlertChanged]:
        """Return what is told when this monitor speaks for one that was last heard at a time."""
        still = {
            key: one.episode.onset_ms for key, one in self._told.items() if one.state != "over"
        }
        found = self.take(now_ms, {**still, "taken-over": last_ms})
        return found + self.take(now_ms, still)

    def take(self, now_ms: int, wrong: Mapping[str, int]) -> list[AlertChanged]:
        """Take what is wrong at a time; return the alerts that change.

        Parameters
        ----------
        now_ms : int
            Time of the step, ms since the Unix epoch.
        wrong : mapping of str to int
            Keys of :data:`monitor.care.troubles.TROUBLES`, and since when each is wrong (ms).

        Returns
        -------
        list of AlertChanged
            One for each step in the life of an alert, at the bed :data:`NOWHERE`.
        """
        changed: list[AlertChanged] = []
        for key, one in list(self._told.items()):
            if key not in wrong:
                changed += self._moved(key, "gone", now_ms, one.over_ms)
            elif (one.episode.realert_ms or now_ms + 1) <= now_ms:
                changed += self._moved(key, "realert", now_ms, one.over_ms)
            told = self._told.get(key)
            if told is not None and now_ms - told.over_ms >= self._over_told_ms(key):
                changed += self._moved(key, "old", now_ms, one.over_ms)
        for key, since_ms in wrong.items():
            changed += self._moved(key, "found", now_ms, since_ms)
        return changed

    def act(self, now_ms: int, record: ActTaken) -> tuple[list[AlertChanged], str]:
        """Take what a person did about one of these alerts.

        Parameters
        ----------
        now_ms : int
            Time of the step, ms since the Unix epoch.
        record : ActTaken
            An act at the bed :data:`NOWHERE`.

        Returns
        -------
        list of AlertChanged, str
            What changed, and why the act was refused ("" where it was not).
        """
        key = next((key for key, one in self._told.items() if one.episode.id == record.alert), None)
        if key is None:
            return [], f"alert {record.alert!r} is none of the monitor's own that are open"
        told, event = self._told[key], EVENT_OF_ACT.get(record.act)
        if event is None:
            known = ", ".join(EVENT_OF_ACT)
            return [], f"{record.act}: of an alert of the monitor itself only {known} are taken"
        if record.act == "reset" and told.state != "over":
            return [], "only a latched alert can be reset"
        if event not in SELF_TABLE[told.state]:
            by = told.episode.acknowledged_by
            signal = f"{record.act}: the signal is {told.episode.signal}, {told.episode.reason}"
            return [], f"already acknowledged by {by}" if event == "see" else signal
        after = SELF_TABLE[told.state][event]
        return [self._answered(key, told, record, after, now_ms)], ""

    def _answered(
        self, key: str, told: _Told, record: ActTaken, state: SelfState, now_ms: int
    ) -> AlertChanged:
        """Keep what a person has seen or given back."""
        before = told.episode
        if record.act == "hand-back":
            after = alerts.handed_back(before, by=record.by)
        else:
            again_ms = now_ms + self._realert_ms
            after = alerts.acknowledged(before, by=record.by, at_ms=now_ms, realert_ms=again_ms)
        after = alerts.revised(before, after)
        self._told[key] = replace(told, state=state, episode=after)
        if state == "well":
            del self._told[key]
        return self._changed(before, after, now_ms)

    def _over_told_ms(self, key: str) -> int:
        return self.params.over_told_ms if troubles.TROUBLES[key].over else 0

    def _moved(self, key: str, event: SelfEvent, now_ms: int, since_ms: int) -> list[AlertChanged]:
        before = self._told.get(key)
        state = before.state if before else "well"
        after = SELF_TABLE[state].get(event)
        if after is None:
            return []
        if after == "over":
            assert before is not None
            return [self._over(key, before, now_ms)]
        if event == "realert":
            assert before is not None
            return [self._asked_again(key, before, now_ms)]
        changed = [] if before is None else [self._ended(key, before, now_ms)]
        return changed if after == "well" else [*changed, self._raised(key, since_ms, now_ms)]

    def _raised(self, key: str, since_ms: int, now_ms: int) -> AlertChanged:
        episode = alerts.raised(
            _picture(key), session="", bed=NOWHERE, onset_ms=since_ms, at_ms=now_ms, pending=False
        )
        self._told[key] = _Told(state="wrong", episode=episode)
        return self._changed(None, episode, now_ms)

    def _over(self, key: str, told: _Told, now_ms: int) -> AlertChanged:
        """Latch the signal of what nobody could see, or was too short to be seen."""
        before = told.episode
        after = alerts.ended(_named(key, before, now_ms), latched=(before.picture.priority,))
        after = alerts.revised(before, after)
        self._told[key] = _Told(state="over", episode=after, over_ms=now_ms)
        return self._changed(before, after, now_ms)

    def _asked_again(self, key: str, told: _Told, now_ms: int) -> AlertChanged:
        """Signal again what somebody has taken on and what still lasts."""
        before = told.episode
        after = alerts.revised(before, alerts.realerted(before))
        self._told[key] = replace(told, state="wrong", episode=after)
        return self._changed(before, after, now_ms)

    def _ended(self, key: str, told: _Told, now_ms: int) -> AlertChanged:
        before = told.episode
        if told.state == "seen":
            after = alerts.ended(_named(key, before, now_ms), latched=())
        else:
            after = replace(before, signal="off", reason="it was told")
        after = alerts.revised(before, after)
        del self._told[key]
        return self._changed(before, after, now_ms)

    def _changed(
        self, before: alerts.Episode | None, after: alerts.Episode, now_ms: int
    ) -> AlertChanged:
        return alert_changed(before, after, at_ms=now_ms, bed=NOWHERE, rulebook=self.config)


def _named(key: str, episode: alerts.Episode, now_ms: int) -> alerts.Episode:
    """Return the episode with the words for what is over, with its length."""
    words = troubles.over_label(key, now_ms - episode.onset_ms) or episode.picture.label
    return replace(episode, picture=replace(episode.picture, label=words))


def _picture(key: str) -> alerts.Picture:
    return alerts.Picture(
        cause=troubles.cause(key),
        kind="technical",
        priority=troubles.TROUBLES[key].priority,
        pattern="",
        grade=0,
        signs=(),
        label=troubles.label(key),
        because=(),
        context=Context(),
    )
