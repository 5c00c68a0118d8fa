"""Which vital signs are due at a bed by the site's schedule; what is overdue is an advisory."""

from typing import Final

from monitor.care.schedules import Milestones, due_sets, next_look_ms
from monitor.care.session import BEFORE_START, RUNNING
from monitor.facts.views import DueSet
from monitor.ward.advisories import Advisory, tell_advisories
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import LATER, WardState

FAMILY: Final = "vitals"
LOOK_AGAIN_MS: Final = 10_000
"""Engineering: how often it is looked whether what is owed was measured."""

ENDED: Final = frozenset({"stopped", "watch"})


def milestones(state: WardState, bed: Bedside) -> Milestones:
    """Return the times that the rows of a schedule count from, as they count in this phase."""
    flows = bed.phase in RUNNING
    changed_ms = bed.rate_changed_ms if flows else None
    if changed_ms is not None and bed.started_ms is not None and changed_ms <= bed.started_ms:
        changed_ms = None  # the first rate is the start
    return Milestones(
        opened_ms=int(state.opened_ms[bed.row]) if bed.phase in BEFORE_START else None,
        started_ms=bed.started_ms if flows else None,
        rate_changed_ms=changed_ms,
        ended_ms=bed.flow_ended_ms if bed.phase in ENDED else None,
    )


def owed_sets(state: WardState, bed: Bedside, now_ms: int) -> tuple[DueSet, ...]:
    """Return the sets of vital signs that are owed at a bed, and the next one."""
    measured_ms = state.detection.measured_ms[bed.row]
    return due_sets(state.settings.schedule, milestones(state, bed), measured_ms, now_ms)


def tell_overdue(state: WardState, bed: Bedside, position: int, now_ms: int) -> int:
    """Tell the sets that are overdue, and return when to look again."""
    sets = owed_sets(state, bed, now_ms)
    rows = {row.key: row for row in state.settings.schedule.rows}
    overdue = [
        Advisory(
            cause=f"{FAMILY}:{one.key}",
            label=f"vital signs overdue: {one.words}",
            priority="low",
            since_ms=one.due_ms + rows[one.key].overdue_ms,
        )
        for one in sets
        if one.state == "overdue"
    ]
    tell_advisories(state, bed, FAMILY, overdue, position, now_ms)
    look_ms = next_look_ms(state.settings.schedule, sets)
    again_ms = now_ms + LOOK_AGAIN_MS if overdue else LATER
    return min(again_ms, LATER if look_ms is None else look_ms)
