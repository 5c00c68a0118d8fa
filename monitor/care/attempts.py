"""One step that was started or done, when it is looked at, and what came of it."""

from dataclasses import dataclass, replace
from typing import Final

from monitor.care.responses import HELPED, Look, Response, response

FLOW_KINDS: Final = frozenset({"rate", "pause", "stop"})
"""Steps that change what flows: after one of them, signs that return are a recurrence."""


GIVEN: Final = "given:"
"""Begins the key of a drug that no step asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One step that was started or done, and what came of it.

    ``look_ms`` is when it is looked at next, None when it is not looked at (again).
    """

    key: str
    kind: str
    drug: str
    taken_ms: int
    by: str
    done: bool
    before: Look
    dose_centi: int | None = None
    dose_unit: str = ""
    look_ms: int | None = None
    last_look_ms: int | None = None
    response: Response | None = None


def looked_at(attempt: Attempt, look: Look) -> Attempt:
    """Return an attempt after a look, if its time has come: once, and once more if it helped."""
    if attempt.look_ms is None or look.at_ms < attempt.look_ms:
        return attempt
    found = response(attempt.before, look)
    again_ms = attempt.last_look_ms if found.verdict in HELPED else None
    if again_ms is not None and again_ms <= look.at_ms:
        again_ms = None
    return replace(attempt, response=found, look_ms=again_ms)
