"""What must hold after every step of a ward, whatever is done to it.

Each check reads the effects of the steps so far and what came in, never the inside of the ward.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from monitor.facts.effects import AlertChanged, AnyEffect
from monitor.facts.records import RawMessage

HEARD_WITHIN_MS: Final = 15 * 60_000
"""A condition that ends has been looked at in this time: the slowest channel comes every 15 min."""

OPEN: Final = frozenset({"active", "recovering"})


class InvariantError(AssertionError):
    """Something happened that must never happen."""


@dataclass(slots=True)
class Invariants:
    """The checks of one run, and what they remember."""

    alerts: dict[str, AlertChanged] = field(default_factory=dict)
    heard_ms: dict[str, int] = field(default_factory=dict)
    acted_ms: dict[str, int] = field(default_factory=dict)
    now_ms: int = 0
    checked: int = 0

    def check(
        self, now_ms: int, messages: Sequence[RawMessage], effects: Sequence[AnyEffect]
    ) -> None:
        """Look at one step.

        Raises
        ------
        InvariantError
            Names the alert and what is wrong with it.
        """
        if now_ms < self.now_ms:
            raise InvariantError(f"step at {now_ms} after one at {self.now_ms}")
        self.now_ms = now_ms
        for message in messages:
            levels = message.topic.split("/")
            heard = self.heard_ms if levels[-1] in ("vitals", "backfill") else self.acted_ms
            if levels[-1] not in ("status", "birth", "pump"):
                heard[levels[3]] = now_ms
        for effect in effects:
            if isinstance(effect, AlertChanged):
                self._check_alert(effect)
                self.alerts[effect.id] = effect
        self.checked += 1

    def _check_alert(self, alert: AlertChanged) -> None:
        before = self.alerts.get(alert.id)
        _first_or_next(alert, before)
        _has_condition(alert)
        if before is not None:
            _is_not_called_again_in_silence(alert, before)
            self._is_not_ended_by_silence(alert, before)

    def _is_not_ended_by_silence(self, alert: AlertChanged, before: AlertChanged) -> None:
        """Let a physiological condition end only because something was read, seen or done."""
        if alert.kind != "physiological" or alert.condition != "ended":
            return
        if before.condition == "ended":
            return
        newest = max(self.heard_ms.get(alert.bed, 0), self.acted_ms.get(alert.bed, 0))
        if self.now_ms - newest > HEARD_WITHIN_MS:
            raise InvariantError(
                f"alert {alert.id} at bed {alert.bed} ended {self.now_ms - newest} ms after "
                f"anything was heard from the bed: {alert.reason}"
            )


def _first_or_next(alert: AlertChanged, before: AlertChanged | None) -> None:
    """Let an alert start once, and each revision follow the one before: ids are unique."""
    if before is None:
        if alert.phase != "start":
            raise InvariantError(f"alert {alert.id} begins with {alert.phase}")
        return
    if alert.phase == "start":
        raise InvariantError(f"alert {alert.id} starts again")
    if alert.revision != before.revision + 1:
        raise InvariantError(
            f"alert {alert.id}: revision {alert.revision} follows {before.revision}"
        )
    if (alert.kind, alert.cause, alert.session) != (before.kind, before.cause, before.session):
        raise InvariantError(f"alert {alert.id} has become another one")


def _has_condition(alert: AlertChanged) -> None:
    """Let nobody be called without a condition and a reason for it."""
    if alert.kind != "physiological" or alert.condition not in OPEN:
        return
    if not alert.because:
        raise InvariantError(f"alert {alert.id} of grade {alert.grade} has no reason")
    if alert.signal == "on" and alert.condition == "active" and alert.grade < 1:
        raise InvariantError(f"alert {alert.id} calls without a grade")


def _is_not_called_again_in_silence(alert: AlertChanged, before: AlertChanged) -> None:
    """Let what was acknowledged call again only for a reason that it states."""
    is_again = alert.signal == "on" and before.signal == "acknowledged"
    if is_again and not alert.reason:
        raise InvariantError(f"alert {alert.id} calls again after its answer and says not why")
    if is_again and alert.grade <= before.grade and alert.condition == "ended":
        raise InvariantError(f"alert {alert.id} is over and calls again")
