"""The voice: what a monitor tells the unit, and what a standby tells of itself.

Whoever holds the lease publishes alerts, advice, states, receipts and its status. A standby
prepares the same and tells none of it; when it takes over, it compares what stands at the
broker with what its own ward holds, tells what is missing or different and clears what is
untrue.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import msgspec

from monitor.adapters.backlog import Backlog
from monitor.adapters.clock import Clock
from monitor.adapters.effect_lines import log_effects
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.mqtt import BrokerLink
from monitor.adapters.resumption import Memory, announced
from monitor.adapters.state_teller import StateTeller
from monitor.adapters.tenure import Tenure
from monitor.adapters.watchman import Watchman
from monitor.facts.effects import AlertChanged, AnyEffect
from monitor.wire.announcements import Announcement
from monitor.wire.leases import StandbyPayload
from monitor.wire.outbound import MonitorStatusPayload, encode_published, iso
from monitor.wire.topics import NOBODY, monitor_status_topic, topic

LOG: Final = logging.getLogger(f"{ROOT}.live")

STATUS_EVERY_S: Final = 1.9
"""Every second step of a quiet ward, also when one comes a little early."""

RECEIPTS_EVERY_S: Final = 1.0

ROOM_SOON_S: Final = 0.005
"""While something waits for room at the link, it is looked for after so long."""


OnlineState: TypeAlias = Literal["online", "offline"]
LeaveReason: TypeAlias = Literal["", "lost", "stopped", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who watches: program, configuration, and this one run of it."""

    software: str
    config: str
    boot: str
    is_paired: bool = False


class _SessionShown(msgspec.Struct, frozen=True):
    session: str = ""


_SESSION: Final = msgspec.json.Decoder(_SessionShown)


class Voice:
    """What one run says, when it may."""

    def __init__(
        self,
        memory: Memory,
        *,
        link: BrokerLink,
        tenure: Tenure,
        watchman: Watchman,
        backlog: Backlog,
        clock: Clock,
        identity: Identity,
        heads: Callable[[int], list[Announcement]],
    ) -> None:
        self.unit = memory.unit
        self.steps = 0
        self._memory, self._outbox, self._receipts = memory, memory.outbox, memory.receipts
        self._link, self._tenure = link, tenure
        self._watchman, self._backlog = watchman, backlog
        self._clock, self._identity = clock, identity
        self._heads = heads
        self._states = StateTeller(memory.ward, unit=self.unit)
        self._sessions: set[str] = set()
        self._connection = 0
        self._status_s = self._receipts_s = self._known_s = 0.0
        self._outbox.is_held = True
        self._spared: set[str] = set()
        self._has_standby_will = identity.is_paired

    def configure(self, config: str) -> None:
        """Say from now on that another configuration is in force."""
        self._identity = replace(self._identity, config=config)
        self._status_s = 0.0

    # ------------------------------------------------------------------ the succession

    @property
    def is_there(self) -> bool:
        """Whether this monitor may stay: False once a later one has taken its place."""
        return self._tenure.succession.state != "left"

    @property
    def has_role(self) -> bool:
        """Whether it is known if this monitor speaks or waits."""
        return self._tenure.succession.state not in {"starting", "claiming"}

    def first_will(self) -> Announcement:
        """Return the last will of the first connection."""
        return self._tenure.will() if self._has_standby_will else self.status("offline", "lost")

    def attend(self) -> None:
        """Take what the other monitors say, and tell the lease or that this one waits."""
        for act in self._tenure.acts(self._link):
            if act in {"claim", "assert"}:
                self._tenure.hurry()
            if act == "assert" and self._tenure.may_speak:
                self._outbox.put([self.status("online")])
            elif act == "speak":
                self._take_up()
            elif act == "yield":
                self._yield()
            elif act == "silence":
                log(LOG, logging.INFO, "lease-doubtful", term=self._tenure.succession.term)
            elif act == "watch":
                log(LOG, logging.INFO, "standby", term=self._heard_term())
                self._outbox.fall_silent()
                self._prepare_will(self._tenure.will(), is_standby=True)
        self._hear()
        self._outbox.is_held = not self._tenure.may_speak
        if self._link.is_connected and self._tenure.is_due():
            self._tenure.tell(self._link, self.word)

    def _hear(self) -> None:
        for said in self._link.found():
            if said.topic:
                self._outbox.hear(said.topic, said.payload)
            else:
                self._outbox.forget_found()

    def _heard_term(self) -> int:
        heard = self._tenure.succession.heard
        return heard.term if heard is not None else 0

    def _take_up(self) -> None:
        """Speak from now on: tell what differs first, then the rest."""
        now_ms = self._clock.now_ms()
        succession = self._tenure.succession
        took_over_ms = self._tenure.took_over_ms()
        silent_ms = int(succession.silent_s() * 1000)
        self._hear()
        self._connection = self._link.connections
        self._watchman.begin_proof()
        self._spared = set()
        if took_over_ms is not None:
            # What it has never heard of it can neither watch nor call untrue.
            self._spared = self._unknown_beds(now_ms)
            own = self._watchman.checks.taken_over(now_ms, now_ms - silent_ms)
            self._outbox.put(announced(own, unit=self.unit))
            log_effects(LOG, own)
        self._outbox.speak()
        if succession.was_standby:
            self._outbox.put([self._tenure.taken_back()])
        self._status_s = self._receipts_s = 0.0
        self._states = StateTeller(self._memory.ward, unit=self.unit)
        self._tell_regularly(now_ms)
        self._outbox.put(self._states.news(now_ms))
        self._clear_untrue()
        self._outbox.is_held = False
        self._outbox.flush(self._link)
        event = "lease-held" if took_over_ms is None else "taken-over"
        log(
            LOG,
            logging.INFO if took_over_ms is None else logging.WARNING,
            event,
            term=succession.term,
            silent_ms=silent_ms if took_over_ms is not None else 0,
            spared=",".join(sorted(self._spared)),
        )

    def _yield(self) -> None:
        log(LOG, logging.WARNING, "lease-yielded", term=self._heard_term())
        self._outbox.fall_silent()
        self._prepare_will(self._tenure.will(), is_standby=True)

    def _prepare_will(self, will: Announcement, *, is_standby: bool) -> None:
        """Leave the broker the last will of this role, which only a new connection can."""
        if self._has_standby_will != is_standby:
            self._has_standby_will = is_standby
            self._tenure.succession.expect_connection()
            self._link.rebuild(will)

    def _unknown_beds(self, now_ms: int) -> set[str]:
        """Return the beds at which the broker shows a session that this ward has never had."""
        now_s = time.monotonic()
        if now_s - self._known_s >= RECEIPTS_EVERY_S:
            self._known_s = now_s
            try:
                self._sessions |= {bed.session for bed in self._memory.ward.view(now_ms).beds}
            except Exception:  # what it has never heard of it leaves alone
                LOG.exception("view-failed")
        shown = {
            name.split("/")[3]: _session_in(payload)
            for name, payload in self._outbox.found.items()
            if name.endswith("/_/state")
        }
        return {bed for bed, session in shown.items() if session and session not in self._sessions}

    def word(self) -> StandbyPayload:
        """Return what this run says of itself while it does not speak for the unit."""
        now_ms = self._clock.now_ms()
        succession, heard = self._tenure.succession, self._tenure.succession.heard
        unready = self._unready(now_ms) if succession.state == "standby" else "it starts"
        return StandbyPayload(
            state="online",
            t=iso(now_ms),
            role="standby" if succession.state == "standby" else "starting",
            boot=self._identity.boot,
            term=heard.term if heard is not None else 0,
            holder=heard.holder if heard is not None else "",
            ready=not unready,
            unready=unready,
            software=self._identity.software,
            config=self._identity.config,
            store=self._backlog.state,
            steps=self.steps,
            troubles=self._watchman.checks.labels,
        )

    def _unready(self, now_ms: int) -> str:
        if self._tenure.succession.heard is None:
            return "no holder is heard"
        other = self._tenure.holder_config
        if other and other != self._identity.config:
            return f"its configuration is not that of the holder ({other[:12]})"
        unknown = self._unknown_beds(now_ms)
        if unknown:
            return f"sessions that it has not seen: bed {', '.join(sorted(unknown))}"
        return ""

    # ------------------------------------------------------------------ what is told

    def tell(self, effects: Sequence[AnyEffect], now_ms: int) -> None:
        """Tell what a step has decided, and what is due."""
        link, outbox = self._link, self._outbox
        if self.is_told() and not effects:
            self._memory.journal.note_published(self._memory.journal.head[0])
        own = self._own_alerts(now_ms)
        outbox.put(self._memory.announced(effects) + announced(own, unit=self.unit))
        if self._tenure.may_speak and link.is_connected:
            if link.connections != self._connection and self._tenure.succession.is_settled:
                # By now the broker has said what it holds: only what is missing is told again.
                self._connection = link.connections
                self._status_s = self._receipts_s = 0.0
                self._states.renew()
                outbox.speak()
            self._tell_regularly(now_ms)
            self._clear_untrue()
        if link.is_silent():
            log(LOG, logging.ERROR, "broker-silent", action="rebuilding the connection")
            link.rebuild()
        self.flush()
        log_effects(LOG, [*effects, *own])
        self._watchman.log_conditions(link=link, backlog=self._backlog)

    def flush(self) -> None:
        """Hand over what waits, if this run may speak."""
        if not self._tenure.may_speak:
            return
        is_through = not len(self._outbox) and not self._link.outstanding
        if self._has_standby_will and is_through and self._link.is_connected:
            self._prepare_will(self.status("offline", "lost"), is_standby=False)
        self._outbox.flush(self._link)

    def _own_alerts(self, now_ms: int) -> list[AlertChanged]:
        """Return what changes about the monitor itself, and send the next proof on its way."""
        proof = self._watchman.proof
        if proof is not None:
            proof.hear(self._link.proofs())
            if self._link.is_connected and self._tenure.may_speak:
                self._outbox.put(proof.due())
        own = self._watchman.look(
            now_ms, link=self._link, backlog=self._backlog, tenure=self._tenure
        )
        if own:
            self._status_s = 0.0
        return own

    def is_told(self) -> bool:
        """Tell whether everything in the ledger has reached the broker."""
        is_kept = self._backlog.state == "ok" and not len(self._backlog)
        return is_kept and not len(self._outbox) and not self._link.outstanding

    def _clear_untrue(self) -> None:
        if self._spared:
            # A session that it opened itself at such a bed is its own to tell of.
            told = self._outbox.standing
            names = {bed: topic(self.unit, bed, NOBODY, "state") for bed in self._spared}
            self._spared = {
                bed
                for bed, name in names.items()
                if name not in told or not _session_in(told[name].payload)
            }
        for name in self._outbox.put_clearing(self._spared):
            log(LOG, logging.WARNING, "retained-cleared", topic=name)

    def _tell_regularly(self, now_ms: int) -> None:
        now_s = time.monotonic()
        if now_s - self._status_s >= STATUS_EVERY_S:
            self._status_s = now_s
            self._outbox.put([self.status("online"), *self._heads(now_ms)])
        if now_s - self._receipts_s >= RECEIPTS_EVERY_S:
            self._receipts_s = now_s
            self._outbox.put(self._receipts.announcements(self.unit, now_ms))

    def touch(self, beds: Iterable[str]) -> None:
        """Look at these beds soon: something of them has arrived or was decided."""
        self._states.touch(beds)

    def wait_s(self) -> float:
        """Return after how many seconds something is due to be told."""
        if not self._link.is_connected:
            return RECEIPTS_EVERY_S
        beat_s = self._tenure.wait_s()
        if self._tenure.may_speak and len(self._outbox):
            beat_s = min(beat_s, ROOM_SOON_S)
        return max(min(beat_s, self._states.wait_s()), 0.0) if self._tenure.may_speak else beat_s

    def tell_states(self) -> None:
        """Tell the beds whose turn it is, after everything that is more urgent has gone out."""
        if self._link.is_connected and self._tenure.may_speak:
            self._outbox.put(self._states.news(self._clock.now_ms()))
            self._outbox.flush(self._link)

    def status(self, state: OnlineState, reason: LeaveReason = "") -> Announcement:
        """Return what the monitor that speaks says of itself."""
        row, head = self._memory.journal.head
        tenure = self._tenure
        payload = MonitorStatusPayload(
            state=state,
            t=iso(self._clock.now_ms()),
            software=self._identity.software,
            config=self._identity.config,
            boot=self._identity.boot,
            reason=reason,
            store=self._backlog.state,
            steps=self.steps,
            ledger=f"{row}:{head[:16]}",
            proof_age_ms=self._watchman.proof_age_ms(),
            proof_limit_ms=self._watchman.proof_limit_ms(),
            troubles=self._watchman.checks.labels,
            term=tenure.succession.term,
            holder=self._identity.boot,
            standby=tenure.standby(),
            took_over_ms=tenure.took_over_ms(),
        )
        return Announcement(
            topic=monitor_status_topic(self.unit),
            payload=encode_published(payload),
            qos=1,
            retain=True,
        )

    def last_words(self, reason: LeaveReason) -> list[Announcement]:
        """Return what is said at the end: a standby was never the voice of the unit."""
        succession = self._tenure.succession
        if succession.state in {"standby", "left"}:
            return [self._tenure.taken_back()]
        released = [self._tenure.lease("released")] if succession.term else []
        return [self.status("offline", reason), *released]


def _session_in(payload: bytes) -> str:
    try:
        return _SESSION.decode(payload).session
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
