"""What people said of alerts: for every deciding rule, how many were acted on, how many judged.

A rule decides an alert when a row of it had the highest grade at which the alert was told. An
alert counts as acted on when somebody started or did a step of its advice and nobody judged it
to be no reaction; what nobody touched is counted as neither.
"""

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import get_args

import msgspec

from monitor.facts.effects import ActRecorded, AdviceChanged, AlertChanged, AnyEffect
from monitor.facts.records import Disbelief

DISBELIEFS: tuple[Disbelief, ...] = get_args(Disbelief)


@dataclass(slots=True, kw_only=True)
class _Told:
    grade: int = -1
    rules: frozenset[str] = frozenset()
    acted: bool = False
    disbelief: str = ""


@dataclass(slots=True)
class Judgements:
    """Alerts as they come by, with what people did about them."""

    alerts: dict[str, _Told] = field(default_factory=dict)

    def add(self, effects: Iterable[AnyEffect]) -> None:
        """Take more effects, in order."""
        for effect in effects:
            if isinstance(effect, AlertChanged) and effect.kind == "physiological":
                self._add_alert(effect)
            elif isinstance(effect, AdviceChanged) and effect.alert in self.alerts:
                taken = any(step.state in ("started", "done") for step in effect.steps)
                self.alerts[effect.alert].acted |= taken
            elif isinstance(effect, ActRecorded) and _is_judgement(effect, self.alerts):
                self.alerts[effect.alert].disbelief = effect.status

    def _add_alert(self, effect: AlertChanged) -> None:
        told = self.alerts.setdefault(effect.id, _Told())
        if effect.condition in ("pending", "ended") or effect.grade <= told.grade:
            return
        worst = max((row.grade for row in effect.because), default=0)
        told.grade = effect.grade
        told.rules = frozenset(row.rule for row in effect.because if row.grade == worst)

    def rows(self) -> tuple["RuleJudged", ...]:
        """Return the counts of every rule that decided an alert, by name."""
        counts: dict[str, Counter[str]] = {}
        for told in self.alerts.values():
            end = told.disbelief or ("acted" if told.acted else "")
            for rule in told.rules:
                counts.setdefault(rule, Counter()).update(("alerts", end))
        return tuple(
            RuleJudged(
                rule=rule,
                alerts=found["alerts"],
                acted=found["acted"],
                not_a_reaction={name: found[name] for name in DISBELIEFS if found[name]},
            )
            for rule, found in sorted(counts.items())
        )


def _is_judgement(act: ActRecorded, alerts: Container[str]) -> bool:
    return act.act == "not-a-reaction" and not act.refused and act.alert in alerts


class RuleJudged(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: alerts that it decided, those acted on, those judged to be no reaction."""

    rule: str
    alerts: int
    acted: int
    not_a_reaction: dict[str, int]

    @property
    def judged(self) -> int:
        """Alerts of which people showed what they thought."""
        return self.acted + sum(self.not_a_reaction.values())

    @property
    def line(self) -> str:
        """The row for people; a share of few alerts says little, so both numbers stand there."""
        why = ", ".join(f"{name} {count}" for name, count in self.not_a_reaction.items()) or "-"
        share = f"{self.acted} of {self.judged}" if self.judged else "nobody said"
        return f"{self.rule:<34} {self.alerts:>6}   {share:<12} {why}"
