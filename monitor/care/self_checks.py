"""What is wrong with the monitor itself: alerts of the unit, at no bed and in no session.

The shell says in every step what it finds; the life of each trouble is one table. What is over
is told for a while longer with its length, because nobody could be told while it lasted. These
alerts are no part of the ledger: they are about the shell that writes it, and a replay has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from monitor.care import alerts, troubles
from monitor.care.alert_effects import alert_changed
from monitor.facts.effects import AlertChanged, Context

SelfState: TypeAlias = Literal["well", "wrong", "over"]
SelfEvent: TypeAlias = Literal["found", "gone", "old"]

SELF_STATES: Final[tuple[SelfState, ...]] = ("well", "wrong", "over")
SELF_EVENTS: Final[tuple[SelfEvent, ...]] = ("found", "gone", "old")

SELF_TABLE: Final[dict[SelfState, dict[SelfEvent, SelfState]]] = {
    "well": {"found": "wrong"},
    "wrong": {"gone": "over"},
    "over": {"found": "wrong", "old": "well"},
}
"""The life of one trouble; an event without a place changes nothing."""

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

    def __init__(self, params: SelfCheckParams, *, config: str) -> None:
        self.params = params
        self._config = config
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
            is_old = now_ms - self._told[key].over_ms >= self._over_told_ms(key)
            if is_old:
                changed += self._moved(key, "old", now_ms, one.over_ms)
        for key, since_ms in wrong.items():
            changed += self._moved(key, "found", now_ms, since_ms)
        return changed

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
        words = troubles.over_label(key, now_ms - before.onset_ms) or before.picture.label
        after = alerts.ended(before, latched=(before.picture.priority,))
        after = replace(
            after, picture=replace(before.picture, label=words), revision=before.revision + 1
        )
        self._told[key] = _Told(state="over", episode=after, over_ms=now_ms)
        return self._changed(before, after, now_ms)

    def _ended(self, key: str, told: _Told, now_ms: int) -> AlertChanged:
        before = told.episode
        after = replace(before, signal="off", reason="it was told", revision=before.revision + 1)
        del self._told[key]
        return self._changed(before, after, now_ms)

    def _changed(
        self, before: alerts.Episode | None, after: alerts.Episode, now_ms: int
    ) -> AlertChanged:
        return alert_changed(before, after, at_ms=now_ms, bed=NOWHERE, rulebook=self._config)


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
