"""What stands at a bed, and which of its limits are not those that its session began with. Pure.

A snooze and another configuration are all that can change a limit of a bed while the monitor
runs, so these are what a screen calls "limits changed".
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import msgspec

from monitor.adapters.viewing import time_ms
from monitor.wire.outbound import StatePayload, iso

READING_MS: Final = 3_600_000
"""A reading of the last hour says that somebody may be there. An engineering choice."""

SESSIONS_MAX: Final = 2_000


class LimitChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One limit that is not as it was: in words, by whom, since or until when, and why.

    Times are apart from the words, so that every screen shows them in its own zone.
    """

    words: str
    by: str = ""
    t: str = ""
    until: str = ""
    reason: str = ""


def is_standing(state: StatePayload, now_ms: int) -> bool:
    """Return whether anything is at a bed: a session, a device online, a reading within an hour."""
    if state.session or any(one.state == "online" for one in state.devices):
        return True
    stamps = (stamp for one in state.channels for stamp in (one.t, one.raw_t) if stamp)
    return any(now_ms - time_ms(stamp) < READING_MS for stamp in stamps)


@dataclass(slots=True)
class Configurations:
    """Under which configuration each session began, and which is in force; by their digests.

    A session that was open before anybody here knew of it began under the first that was seen.
    """

    began: "OrderedDict[str, str]" = field(default_factory=OrderedDict)
    now: str = ""
    since_ms: int | None = None

    def take(self, config: str, at_ms: int) -> bool:
        """Take what the monitor says is in force; True if it is not what was known."""
        if not config or config == self.now:
            return False
        self.since_ms = at_ms if self.now else None
        self.now = config
        return True

    def see(self, session: str) -> None:
        """Know under which configuration a session began, from the first time it is seen."""
        if session and self.now and session not in self.began:
            self.began[session] = self.now
            if len(self.began) > SESSIONS_MAX:
                self.began.popitem(last=False)

    def change(self, session: str) -> LimitChange | None:
        """Return that a session is no longer judged as it began, None where it is."""
        began = self.began.get(session, self.now)
        if began == self.now:
            return None
        return LimitChange(
            words=f"judged by configuration {self.now[:8]}, the session began under {began[:8]}",
            t="" if self.since_ms is None else iso(self.since_ms),
        )


def limits_changed(state: StatePayload, configurations: Configurations) -> list[LimitChange]:
    """Return every limit of a bed that is not as it was when its session began."""
    changes = [
        LimitChange(
            words=f"{one.sign} up to grade {one.grade} does not call",
            by=one.by,
            until=one.until,
            reason=one.reason,
        )
        for one in state.snoozes
    ]
    other = configurations.change(state.session)
    return changes if other is None else [*changes, other]
