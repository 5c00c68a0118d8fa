"""Whether and how an infusion goes on after a reaction, as a table.

The plan is kept apart from the pump: a pump says what flows, the plan says what may. It begins
with the first reaction of a session; what a pump or a person then does to the flow moves it,
and so does being well for the clear time. ``stopped`` has no way out: within one session the
infusion is not started again, and a pump that runs all the same contradicts the plan.
"""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from monitor.care.ladders import EPINEPHRINE, Ladder
from monitor.care.session import SessionEvent
from monitor.facts.effects import PlanName

Plan: TypeAlias = PlanName
PlanEvent: TypeAlias = Literal["slow", "raise", "pause", "resume", "well", "end"]

PLANS: Final[tuple[Plan, ...]] = ("running", "slowed", "paused", "resumed", "stopped")
PLAN_EVENTS: Final[tuple[PlanEvent, ...]] = ("slow", "raise", "pause", "resume", "well", "end")

PLAN_TABLE: Final[dict[Plan, dict[PlanEvent, Plan]]] = {
    "running": {"slow": "slowed", "pause": "paused", "end": "stopped"},
    "slowed": {"raise": "running", "pause": "paused", "well": "running", "end": "stopped"},
    "paused": {"resume": "resumed", "end": "stopped"},
    "resumed": {
        "slow": "slowed",
        "raise": "running",
        "pause": "paused",
        "well": "running",
        "end": "stopped",
    },
    "stopped": {},
}
"""What a reaction has made of the infusion; an event without a place changes nothing."""

PLAN_WORDS: Final[dict[Plan, str]] = {
    "running": "runs as prescribed",
    "slowed": "runs slower because of a reaction",
    "paused": "is interrupted because of a reaction",
    "resumed": "runs again after a reaction",
    "stopped": "is over for this session",
}
EVENT_WORDS: Final[dict[PlanEvent, str]] = {
    "slow": "rate lowered",
    "raise": "rate raised",
    "pause": "paused or stopped",
    "resume": "started again",
    "well": "well for the clear time",
    "end": "reason to end for good",
}

PLAN_EVENT_OF: Final[dict[SessionEvent, PlanEvent]] = {
    "lowered": "slow",
    "raised": "raise",
    "pause": "pause",
    "stop": "pause",
    "resume": "resume",
}
"""What an event of the session means for the plan; the others mean nothing for it."""

EndReason: TypeAlias = Literal[
    "", "epinephrine", "anaphylaxis", "lung-injury", "diuretic", "grade", "recurrence", "stopped"
]
END_OF_DRUG: Final[dict[str, EndReason]] = {EPINEPHRINE: "epinephrine", "diuretic": "diuretic"}
"""Drugs after which the infusion is over, whatever the picture is called then."""

END_OF_PATTERN: Final[dict[str, EndReason]] = {
    "anaphylaxis": "anaphylaxis",
    "lung-injury": "lung-injury",
}
"""What a terminal ladder is called by its picture; the others end for their grade."""

END_WORDS: Final[dict[EndReason, str]] = {
    "epinephrine": "epinephrine was given",
    "anaphylaxis": "this is treated as anaphylaxis",
    "lung-injury": "this may be lung injury",
    "diuretic": "fluid overload needed a diuretic",
    "grade": "the reaction is severe",
    "recurrence": "the signs came back",
    "stopped": "somebody has stopped it for good",
}


def next_plan(plan: Plan, event: PlanEvent) -> Plan:
    """Return the plan after an event; one without a place changes nothing."""
    return PLAN_TABLE[plan].get(event, plan)


def end_reason(
    ladder: Ladder, *, pattern: str, drugs: frozenset[str], recurrences: int
) -> EndReason:
    """Return why the infusion may not go on in this session, or "" when it may.

    Parameters
    ----------
    ladder
        The ladder of the picture; a terminal one is a reason by itself.
    pattern
        The picture, which gives the reason its name.
    drugs
        What was given in this session for any reaction.
    recurrences
        How often signs have come back after the infusion was slowed or interrupted.
    """
    given = [reason for drug, reason in END_OF_DRUG.items() if drug in drugs]
    if given:
        return given[0]
    if ladder.terminal:
        return END_OF_PATTERN.get(pattern, "grade")
    if ladder.stop_at_recurrence is not None and recurrences >= ladder.stop_at_recurrence:
        return "recurrence"
    return ""


def plan_diagram() -> Iterator[str]:
    """Yield the lines of a Mermaid state diagram of the table."""
    yield "stateDiagram-v2"
    yield "    [*] --> running"
    for plan in PLANS:
        for event, after in PLAN_TABLE[plan].items():
            yield f"    {plan} --> {after}: {EVENT_WORDS[event]}"
    yield "    stopped --> [*]"
