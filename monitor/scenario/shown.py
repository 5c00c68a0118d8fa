"""What has been told of a bed so far, as expectations see it.

Only effects count: what the core knows and does not tell helps nobody at a bed.
"""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from monitor.facts.effects import (
    NOT_ASSESSABLE,
    ActRecorded,
    AdviceChanged,
    AlertChanged,
    AnyEffect,
    BaselineChanged,
    GradeChanged,
    MessageRejected,
    SessionChanged,
)
from monitor.scenario.stories import START_MS
from monitor.scenario.times import clock

_LEFT_OUT: Final = frozenset({"at_ms", "bed"})
"""A row says when and where by itself."""

LENGTH_MAX_MS: Final = 365 * 24 * 3_600_000
"""Nothing lasts longer, and no time of a scenario is so early."""

_TAKEN: Final = frozenset({"started", "done"})


@dataclass(slots=True, kw_only=True)
class Shown:
    """One bed as told: the newest of everything that has a state.

    ``alerts`` holds the newest change of each alert by cause, also of those that have ended.
    """

    grade: int = NOT_ASSESSABLE
    pattern: str = ""
    phase: str = "none"
    baseline: str = "absent"
    alerts: dict[str, AlertChanged] = field(default_factory=dict)
    advice: AdviceChanged | None = None

    def take(self, effect: AnyEffect) -> None:
        """Take one effect of this bed."""
        match effect:
            case GradeChanged():
                self.grade, self.pattern = effect.grade, effect.pattern
            case SessionChanged(refused=False):
                self.phase = effect.phase
            case BaselineChanged():
                self.baseline = effect.status
            case AlertChanged():
                self.alerts[effect.cause] = effect
            case AdviceChanged():
                self.advice = effect

    def bed(self) -> dict[str, object]:
        """Return what may be said of the bed itself, by name."""
        steps = self.advice.steps if self.advice else ()
        offered = [step.key for step in steps if step.state == "offered"]
        return {
            "grade": "not assessable" if self.grade == NOT_ASSESSABLE else self.grade,
            "pattern": self.pattern,
            "phase": self.phase,
            "baseline": self.baseline,
            "alerts": [cause for cause, alert in self.alerts.items() if is_open(alert)],
            "offered": offered,
            "done": [step.key for step in steps if step.state in _TAKEN],
        }

    def alert(self, cause: str, *, ended: bool) -> dict[str, object] | None:
        """Return an open alert, or with ``ended`` also one that is over; None if none is there."""
        alert = self.alerts.get(cause)
        if alert is None or not (ended or is_open(alert)):
            return None
        rules = [row.rule for row in alert.because]
        return fields_of(alert) | {"rules": rules}

    def step(self, key: str) -> dict[str, object] | None:
        """Return a step that is advised now, or None."""
        if self.advice is None:
            return None
        found = next((step for step in self.advice.steps if step.key == key), None)
        return None if found is None else fields_of(found) | {"ladder": self.advice.ladder}


def is_open(alert: AlertChanged) -> bool:
    """Tell whether anybody still has to see an alert."""
    return alert.condition != "ended" or alert.signal == "latched"


def field_name(name: str) -> str:
    """Return what a field is called in a scenario file.

    >>> field_name("rate_centi_ml_per_h"), field_name("onset_ms")
    ('rate_ml_per_h', 'onset')
    """
    return name.replace("_centi", "").removesuffix("_ms")


def fields_of(struct: msgspec.Struct) -> dict[str, object]:
    """Return the fields of an effect as scenario files write them: amounts whole, times told.

    A field of milliseconds that is too small for a time is a length, such as a delay.
    """
    fields: dict[str, object] = {}
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if name in _LEFT_OUT:
            continue
        if name.endswith("_ms") and isinstance(value, int):
            value = clock(value - START_MS if value > LENGTH_MAX_MS else value)
        elif "_centi" in name and isinstance(value, int):
            value = value / 100
        fields[field_name(name)] = value
    return fields


def names_of(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the names that the fields of an effect have in scenario files."""
    return tuple(field_name(name) for name in kind.__struct_fields__ if name not in _LEFT_OUT)


def refused(effect: AnyEffect) -> str:
    """Return why something was refused, or "" when it was not."""
    match effect:
        case MessageRejected():
            return f"message refused: {effect.reason} {effect.field} {effect.value} {effect.limit}"
        case ActRecorded(refused=words) if words:
            return f"act refused: {words}"
        case SessionChanged(refused=True):
            return f"session event refused: {effect.reason}"
    return ""
