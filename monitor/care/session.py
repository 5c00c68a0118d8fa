"""The phases of an infusion session, as a table.

One table says which event leads from which phase to which; an event that has no place in a
phase is refused with the reason, and nothing else in the program moves a session. Pump reports
and people's session messages become events here; a pump tells what happened (it is never told),
so an infusion that runs after it was stopped is a fact and not an error.
"""

from typing import Final, Literal, TypeAlias

from monitor.facts.effects import SessionPhase
from monitor.facts.records import PumpReported

SessionEvent: TypeAlias = Literal[
    "open",
    "baseline",
    "start",
    "raised",
    "lowered",
    "pause",
    "resume",
    "stop",
    "complete",
    "watched",
    "close",
]
Phase: TypeAlias = Literal["none"] | SessionPhase

EVENTS: Final[tuple[SessionEvent, ...]] = (
    "open", "baseline", "start", "raised", "lowered", "pause", "resume", "stop", "complete",
    "watched", "close",
)  # fmt: skip
PHASES: Final[tuple[Phase, ...]] = (
    "none", "opened", "baseline", "infusing", "slowed", "paused", "stopped", "watch", "closed",
)  # fmt: skip

TABLE: Final[dict[Phase, dict[SessionEvent, Phase]]] = {
    "none": {"open": "opened"},
    "opened": {"baseline": "baseline", "start": "infusing", "close": "closed"},
    "baseline": {"start": "infusing", "close": "closed"},
    "infusing": {
        "raised": "infusing",
        "lowered": "slowed",
        "pause": "paused",
        "stop": "stopped",
        "complete": "watch",
        "close": "closed",
    },
    "slowed": {
        "raised": "infusing",
        "lowered": "slowed",
        "pause": "paused",
        "stop": "stopped",
        "complete": "watch",
        "close": "closed",
    },
    "paused": {
        "resume": "infusing",
        "stop": "stopped",
        "complete": "watch",
        "close": "closed",
    },
    "stopped": {"resume": "infusing", "complete": "watch", "watched": "closed", "close": "closed"},
    "watch": {"resume": "infusing", "stop": "stopped", "watched": "closed", "close": "closed"},
    "closed": {"open": "opened"},
}

RUNNING: Final = frozenset({"infusing", "slowed"})
"""Phases in which the drug flows."""

BEFORE_START: Final = frozenset({"opened", "baseline"})
"""Phases in which the baseline is taken."""

OPEN: Final = frozenset(PHASES) - {"none", "closed"}
"""Phases in which a bed is watched."""


def next_phase(phase: Phase, event: SessionEvent) -> Phase | None:
    """Return the phase after an event, or None where the event has no place."""
    return TABLE[phase].get(event)


def refusal(phase: Phase, event: SessionEvent) -> str:
    """Return why an event is refused in a phase."""
    possible = ", ".join(TABLE[phase])
    state = "no session is open" if phase == "none" else f"the session is {phase}"
    return f"{event!r} has no place while {state}; possible now: {possible}"


def pump_event(
    phase: Phase, rate_before_centi: int | None, report: PumpReported
) -> SessionEvent | None:
    """Return what a pump report means for a session, or None when nothing changed."""
    rate = report.rate_centi_ml_per_h
    if report.state == "infusing" and rate != 0:
        return _flow_event(phase, rate_before_centi, rate)
    halted = report.state in {"paused", "kvo"} or (report.state == "infusing" and rate == 0)
    if halted and phase in RUNNING:
        return "pause"
    if report.state == "stopped" and phase in RUNNING | {"paused"}:
        return "stop"
    if report.state == "complete" and phase in RUNNING | {"paused", "stopped"}:
        return "complete"
    return None


def _flow_event(phase: Phase, before: int | None, rate: int | None) -> SessionEvent | None:
    """Return what it means for a session that the drug flows at a rate."""
    if phase in BEFORE_START:
        return "start"
    if phase in {"paused", "stopped", "watch"}:
        return "resume"
    if phase not in RUNNING or rate is None or before is None or rate == before:
        return None
    return "raised" if rate > before else "lowered"
