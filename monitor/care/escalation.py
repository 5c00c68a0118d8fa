"""Escalation: whom an alert is told to when nobody acknowledges it.

A chain is the rows of one priority in the order of their times, and it ends with a failsafe:
somebody who is always there. The time counts from the step in which the alert began to call.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from monitor.facts.effects import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """One row of a chain: who is told, after how long without an acknowledgement."""

    priority: Literal["high", "medium", "low"]
    to: str
    after_ms: int
    failsafe: bool
    why: str
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a row that calls nobody or at once, when nobody could have answered."""
        if not self.to.strip():
            raise ValueError("to is empty: name who is told")
        if self.after_ms <= 0:
            raise ValueError("after must be above 0: the bedside is told first")


def chain(steps: Iterable[EscalationStep], priority: Priority) -> tuple[EscalationStep, ...]:
    """Return the chain of a priority, first to last; empty where nobody further is told."""
    found = (one for one in steps if one.priority == priority)
    return tuple(sorted(found, key=lambda one: one.after_ms))


def due(
    steps: Iterable[EscalationStep], priority: Priority, *, level: int, waited_ms: int
) -> tuple[EscalationStep, ...]:
    """Return whom to tell now, after ``level`` of the chain have been told."""
    return tuple(one for one in chain(steps, priority)[level:] if waited_ms >= one.after_ms)


def escalation_faults(steps: tuple[EscalationStep, ...]) -> tuple[str, ...]:
    """Return what is wrong with the chains as a whole, in words."""
    faults: list[str] = []
    for priority in dict.fromkeys(one.priority for one in steps):
        rows = chain(steps, priority)
        times = [one.after_ms for one in rows]
        if len(set(times)) < len(times):
            faults.append(f"two rows of the {priority} chain have the same time")
        if [one.failsafe for one in rows] != [False] * (len(rows) - 1) + [True]:
            faults.append(f"the {priority} chain must end with its one failsafe row")
    if not chain(steps, "high"):
        faults.append("high alerts need a chain: nobody would be told of an unanswered one")
    return tuple(faults)
