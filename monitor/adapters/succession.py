"""Succession: which of several monitors of one unit speaks, as one table.

A monitor speaks while it holds the lease of the unit. Whoever was started as a standby waits
until the holder is gone or silent and then takes the next term; whoever hears of a higher term
falls silent at once and waits in turn. Of two monitors that were both started without a standby
the later one goes on and the earlier one leaves, because one of them was started by mistake.

All ages are counted from a clock that only goes forward, never from times in messages.
"""

import re
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from monitor.wire.leases import LeasePayload, lease_of

_BOOT: Final = re.compile(r"[0-9a-f]{12}-[0-9a-f]+")

BEAT_S: Final = 0.4
"""So often a holder tells its lease, and a standby that it is there."""

EXPIRY_S: Final = 2.0
"""A lease that was not heard for so long is nobody's."""

FENCE_S: Final = 1.6
"""A holder whose lease has not come back for so long is silent before anybody takes it."""

GRACE_S: Final = 4.0
"""So long after a new connection a holder of whom only an old word stands may come back, too."""

ALIVE_S: Final = 1.2
"""A standby whose own word has not come back for so long hears nobody and takes nothing."""

SETTLED_S: Final = 1.0
"""Without an answer of the broker, everything that it holds counts as heard after so long."""

SuccessionState: TypeAlias = Literal[
    "starting", "standby", "claiming", "holding", "doubtful", "left"
]
SuccessionEvent: TypeAlias = Literal[
    "free", "taken", "expired", "released", "echoed", "unopposed",
    "outranked", "succeeded", "outdated", "unconfirmed",
]  # fmt: skip
SuccessionAct: TypeAlias = Literal["", "watch", "claim", "speak", "silence", "yield", "assert"]

STATES: Final[tuple[SuccessionState, ...]] = (
    "starting", "standby", "claiming", "holding", "doubtful", "left",
)  # fmt: skip
EVENTS: Final[tuple[SuccessionEvent, ...]] = (
    "free", "taken", "expired", "released", "echoed", "unopposed",
    "outranked", "succeeded", "outdated", "unconfirmed",
)  # fmt: skip

TABLE: Final[
    dict[SuccessionState, dict[SuccessionEvent, tuple[SuccessionState, SuccessionAct]]]
] = {
    "starting": {
        "free": ("claiming", "claim"),
        "taken": ("standby", "watch"),
        "succeeded": ("left", ""),
    },
    "standby": {
        "expired": ("claiming", "claim"),
        "released": ("claiming", "claim"),
        "succeeded": ("left", ""),
    },
    "claiming": {
        "echoed": ("holding", "speak"),
        "unopposed": ("holding", "speak"),
        "outranked": ("standby", "watch"),
        "succeeded": ("left", ""),
        "outdated": ("claiming", "assert"),
    },
    "holding": {
        "outranked": ("standby", "yield"),
        "succeeded": ("left", ""),
        "outdated": ("holding", "assert"),
        "unconfirmed": ("doubtful", "silence"),
    },
    "doubtful": {
        "echoed": ("holding", "assert"),
        "unopposed": ("holding", "assert"),
        "outranked": ("standby", "yield"),
        "succeeded": ("left", ""),
        "outdated": ("doubtful", "assert"),
    },
    "left": {},
}
"""What becomes of a monitor and what it does; an event without a place changes nothing."""


def boot_name(started_ms: int, process: int) -> str:
    """Return the name of one run; later runs have greater names."""
    return f"{started_ms:012x}-{process:x}"


def is_from_successor(payload: bytes, boot: str) -> bool:
    """Tell whether a lease is of a run without a standby that was started later and speaks."""
    lease = lease_of(payload)
    if lease is None or lease.state != "held" or lease.paired:
        return False
    return _BOOT.fullmatch(lease.holder) is not None and lease.holder > boot


class Succession:
    """Where one run stands among the monitors of its unit.

    Every method that hears something returns what is to be done about it.
    """

    def __init__(self, *, boot: str, is_paired: bool, seconds: Callable[[], float]) -> None:
        self.state: SuccessionState = "starting"
        self.boot = boot
        self.is_paired = is_paired
        self.term = 0
        """Of the lease that this run claims or holds; 0 while it does neither."""
        self.heard: LeasePayload | None = None
        """The lease of somebody else that counts, also when it was given back."""
        self.has_partner = False
        """Whether somebody else may take the lease: only then a holder has to prove its own."""
        self.took_over_s: float | None = None
        """When this run took the lease of somebody who was there; None: never."""
        self._seconds = seconds
        self._highest = 0
        self._beat = 0
        self._sent: dict[int, float] = {}
        self._word_sent: dict[int, float] = {}
        self._gone = ""
        self._is_holder_live = False
        self._is_connection_ours = False
        self.was_standby = False
        """Whether this run waited before it claimed."""
        self.is_settled = False
        """Whether what the broker holds was heard on this connection."""
        self._heard_s = self._connected_s = self._claimed_s = self._confirmed_s = seconds()
        self._word_s = -ALIVE_S

    @property
    def may_speak(self) -> bool:
        """Whether this run may publish now."""
        return self.state == "holding"

    @property
    def is_in_pair(self) -> bool:
        """Whether somebody else is, or may be, there to take the lease or to give it."""
        return self.is_paired or self.has_partner or self.state == "standby"

    @property
    def is_claiming(self) -> bool:
        """Whether this run tells a lease."""
        return self.state in {"claiming", "holding", "doubtful"}

    def silent_s(self) -> float:
        """Return for how long the holder has not been heard."""
        return self._seconds() - self._heard_s

    def next_beat(self) -> int:
        """Return the number of the next beat or word; it is on its way from now on."""
        self._beat += 1
        sent = self._sent if self.is_claiming else self._word_sent
        sent[self._beat] = self._seconds()
        return self._beat

    def expect_connection(self) -> None:
        """Expect a new connection that is of our own making: the holder did not lose its own."""
        self._is_connection_ours = True

    def connected(self) -> SuccessionAct:
        """Take a new connection: what was heard on the old one is old."""
        self._connected_s = self._seconds()
        self._is_holder_live = self._is_holder_live and self._is_connection_ours
        self._is_connection_ours = self.is_settled = False
        self._sent.clear()
        self._word_sent.clear()
        self._word_s = -ALIVE_S
        if self.has_partner and self.state == "holding":
            return self._moved("unconfirmed")
        return ""

    def hear_lease(self, lease: LeasePayload, *, is_retained: bool) -> SuccessionAct:
        """Take a lease that was heard, of this run or of another one."""
        if lease.holder == self.boot:
            return self._hear_own(lease)
        key = (lease.term, lease.holder)
        if self.heard is not None and key < (self.heard.term, self.heard.holder):
            return self._moved("outdated") if self.is_claiming else ""
        self._highest = max(self._highest, lease.term)
        if lease.state == "released":
            self.heard = lease
            return self._moved("released")
        if self.is_claiming and key < (self.term, self.boot):
            return self._moved("outdated")
        self.heard, self._heard_s = lease, self._seconds()
        if not is_retained:
            self._is_holder_live = True
            self._gone = "" if self._gone == lease.holder else self._gone
        is_mistake = not (lease.paired or self.is_paired) and lease.holder > self.boot
        if is_mistake and not (is_retained and self.state == "starting"):
            return self._moved("succeeded")
        return self._moved("outranked")

    def _hear_own(self, lease: LeasePayload) -> SuccessionAct:
        sent_s = self._sent.pop(lease.beat, None)
        if sent_s is None or lease.term != self.term or not self.is_claiming:
            return ""
        self._confirmed_s = max(self._confirmed_s, sent_s)
        self.is_settled = True
        return self._moved("echoed")

    def hear_gone(self, boot: str) -> SuccessionAct:
        """Take the last word, or the last will, of a run."""
        self._gone = boot
        return self._moved("released") if self._is_holder_gone else ""

    def hear_word(self, beat: int) -> SuccessionAct:
        """Take a word of this run as a standby that has come back: the link lives."""
        sent_s = self._word_sent.pop(beat, None)
        if sent_s is None:
            return ""
        self._word_s = max(self._word_s, sent_s)
        # What the broker held came before our own word.
        return self._settled() if self.state == "starting" else ""

    def look(self) -> SuccessionAct:
        """Return what time alone asks for."""
        now_s = self._seconds()
        if now_s - self._connected_s > SETTLED_S:
            self.is_settled = True
            if self.state == "starting":
                return self._settled()
        if self.state == "standby" and self._is_expired(now_s):
            return self._moved("expired")
        is_unopposed = not (self.has_partner or self._is_holder_live)
        is_unopposed = is_unopposed and now_s - self._claimed_s > SETTLED_S
        if self.state in {"claiming", "doubtful"} and is_unopposed:
            # A broker that does not give us back our own lease must not make us dumb.
            return self._moved("unopposed")
        if self.has_partner and now_s - self._confirmed_s > FENCE_S:
            return self._moved("unconfirmed")
        return ""

    def _is_expired(self, now_s: float) -> bool:
        if now_s - self._word_s > ALIVE_S:
            return False
        if self._is_holder_gone:
            return True
        if self._is_holder_live:
            return now_s - self._heard_s > EXPIRY_S
        return now_s - self._connected_s > GRACE_S

    def _settled(self) -> SuccessionAct:
        lease = self.heard
        is_free = lease is None or self._is_holder_gone
        # Of two that were started without a standby the later one goes on: this one.
        is_mistake = lease is not None and not (lease.paired or self.is_paired)
        return self._moved("free" if is_free or is_mistake else "taken")

    def _moved(self, event: SuccessionEvent) -> SuccessionAct:
        place = TABLE[self.state].get(event)
        if place is None:
            return ""
        before = self.state
        self.state, act = place
        if act == "claim":
            self.was_standby = before == "standby"
            self.term = self._highest = self._highest + 1
            self._claimed_s = self._confirmed_s = self._seconds()
            self._sent.clear()
        elif act == "speak" and self.was_standby and self.heard is not None:
            self.took_over_s = self._seconds()
        elif act in {"yield", "watch"}:
            self.term, self.took_over_s = 0, None
        return act

    @property
    def _is_holder_gone(self) -> bool:
        lease = self.heard
        return lease is not None and (lease.state == "released" or lease.holder == self._gone)
