"""The live shell: clock, broker and journal around the ward.

One loop on one thread. It takes whatever has arrived, makes one step of it and starts again, so
a quiet ward gets a step for every message and a flood gets big ones; without any message there
is a step every second, for the timers. The order inside a step is the promise of this program:

    journal the messages, acknowledge them, decode, decide, journal the effects, publish them

A started monitor first replays its journal through a fresh ward. What comes out must be what the
ledger holds, byte for byte; what a killed monitor had not yet decided or published is decided
and published now. Times come from one clock that never goes backwards, and are in the journal.
"""

import contextlib
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from monitor.adapters.access import Access, LinkError
from monitor.adapters.aside import Aside
from monitor.adapters.backlog import Backlog
from monitor.adapters.clock import Clock
from monitor.adapters.effect_lines import log_effects
from monitor.adapters.journal import Journal
from monitor.adapters.journal_file import StoreError
from monitor.adapters.journal_start import journal_to_continue
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.mqtt import Arrival, BrokerLink
from monitor.adapters.operations import note_start
from monitor.adapters.program import program_name
from monitor.adapters.resumption import (
    LiveWard,
    Memory,
    Resumed,
    announced,
    decided,
    decoded,
    resume,
)
from monitor.adapters.signals import Signals
from monitor.adapters.succession import boot_name
from monitor.adapters.supervision import Supervisor
from monitor.adapters.tenure import Tenure
from monitor.adapters.upkeep import Upkeep
from monitor.adapters.voice import Identity, LeaveReason, Voice
from monitor.adapters.watchman import SelfWatch, Watchman
from monitor.reconfiguring import SiteFolder, diverged

LOG: Final = logging.getLogger(f"{ROOT}.live")

HEARTBEAT_MS: Final = 1_000
"""Without a message there is a step so often, on the monitor's clock."""

STEP_MESSAGES_MAX: Final = 5_000
PAIRED_STEP_MESSAGES_MAX: Final = 1_000
SHORTEST_WAIT_S: Final = 0.02
ROLE_WITHIN_S: Final = 3.0
LEAVE_WITHIN_S: Final = 2.0

UNKEPT_GRACE_S: Final = 2.0
"""While the disk fails, messages stay unacknowledged so long. Then they are acknowledged although
nobody has kept them: with a full window the broker would send no more, and the ward would be
blind. The devices still have them, because no receipt covers them."""

LOOK_WITHIN_S: Final = 900
"""So long a start may look at a journal, mend or migrate it, before its supervisor takes it for
hanging. The replay of its steps tells how far it is."""

LONG_RESUME_S: Final = 2.0
"""A start that took longer, or that no newest snapshot served, leaves one: not ever later ones."""

WARD_FAILURES_MAX: Final = 3

SWITCH_S: Final = 0.0005
"""So long the loop may keep the interpreter from the network thread, which needs it shortly and
often. With the ten times longer default an alert waits for that thread under load."""


class WardError(Exception):
    """The ward itself failed again and again: a bug, after which nothing may be believed."""


class LiveMonitor:
    """One monitor of one unit, resumed and connected; works from :meth:`run` to :meth:`stop`."""

    def __init__(
        self,
        *,
        memory: Memory,
        upkeep: Upkeep,
        clock: Clock,
        access: Access,
        identity: Identity,
        watchman: Watchman,
        supervisor: Supervisor,
        site: SiteFolder | None = None,
    ) -> None:
        self.unit = memory.unit
        self._site, self._wants_site = site, False
        self._watchman = watchman
        self._memory, self._upkeep = memory, upkeep
        self._ward = memory.ward
        self._journal = journal = memory.journal
        self._clock = clock
        self._outbox, self._receipts = memory.outbox, memory.receipts
        self._backlog = Backlog(journal, seconds=time.monotonic)
        for step, effects in memory.late:
            self._backlog.put_late(step, effects)
        self._tenure = tenure = Tenure(
            unit=self.unit,
            boot=identity.boot,
            client=access.client_id,
            is_paired=identity.is_paired,
            clock=clock,
        )
        self._link = link = BrokerLink(
            access,
            unit=self.unit,
            boot=identity.boot,
            clock=clock,
            wants_retained=journal.place.step == 0,
            is_paired=identity.is_paired,
        )
        self._voice = Voice(
            memory,
            link=link,
            tenure=tenure,
            watchman=watchman,
            backlog=self._backlog,
            clock=clock,
            identity=identity,
            heads=upkeep.heads,
        )
        self._aside = Aside(
            unit=self.unit, link=link, outbox=self._outbox, watchman=watchman, clock=clock
        )
        self._supervisor = supervisor
        self._stopping = threading.Event()
        self._unkept: deque[tuple[float, list[Arrival]]] = deque()
        self._failures = 0
        self._step_s = 0.0
        link.connect(self._voice.first_will())

    @property
    def steps(self) -> int:
        """Steps of this run."""
        return self._voice.steps

    def stop(self) -> None:
        """Make :meth:`run` come to an end; may be called from a signal handler or any thread."""
        self._stopping.set()
        self._link.wake()

    def read_again(self) -> None:
        """Follow the folder of the site, after the step that is made now; from any thread."""
        self._wants_site = True
        self._link.wake()

    def run(self) -> None:
        """Work until told to stop, then say that nobody watches any more.

        Raises
        ------
        WardError
            If the ward fails in step after step.
        LinkError
            If another monitor has taken over the session at the broker.
        """
        last_word: LeaveReason = "failed"
        self._supervisor.ready()
        try:
            self._find_role()
            while not self._stopping.is_set():
                self.turn()
                self._supervisor.alive()
                if self._link.is_taken_over or not self._voice.is_there:
                    raise LinkError(
                        f"unit {self.unit}: another monitor, started after this one, has taken "
                        "over; let only one of them run"
                    )
            last_word = "stopped"
        finally:
            self._leave(last_word)

    def _find_role(self) -> None:
        """Hear who speaks before the first step, which may be long after an absence."""
        until_s = time.monotonic() + ROLE_WITHIN_S
        while not self._voice.has_role and time.monotonic() < until_s:
            self._voice.attend()
            if self._stopping.wait(SHORTEST_WAIT_S / 4):
                return

    def turn(self) -> None:
        """Wait for messages or the next timer, and make one step."""
        wait_s, limit = min(self._wait_s(), self._voice.wait_s()), STEP_MESSAGES_MAX
        if self._tenure.succession.is_in_pair:
            # A step that is too long would cost the lease.
            limit = PAIRED_STEP_MESSAGES_MAX
        arrivals = self._aside.others(self._link.receive(wait_s, limit))
        self._voice.attend()
        if not arrivals and (self._stopping.is_set() or self._wait_s() > 0):
            self._voice.flush()
            self._voice.tell_states()
            return
        self._step_s = time.monotonic()
        now_ms = self._clock.now_ms()
        messages = [arrival.raw for arrival in arrivals]
        is_kept = self._backlog.begin(now_ms, messages)
        self._acknowledge(arrivals, is_kept=is_kept)
        inputs = decoded(messages)
        effects = decided(self._ward, now_ms, inputs)
        self._watch_ward(has_failed=effects is None)
        self._receipts.keep(self._backlog.finish(inputs, effects or ()), now_ms)
        self._voice.steps += 1
        self._voice.attend()
        self._voice.tell(effects or (), now_ms)
        self._voice.touch(one.bed for one in (*inputs, *(effects or ())) if one.bed)
        self._voice.tell_states()
        self._memory.last_ms = now_ms
        if self._is_all_kept():
            self._follow_site()
            self._upkeep.look()

    def _follow_site(self) -> None:
        """Go on under the folder's configuration if that was asked for; tell what came of it."""
        if self._site is None:
            return
        with contextlib.suppress(StoreError):
            self._site.settle(self._journal)
        if not self._wants_site:
            return
        self._wants_site = False
        now_ms = self._clock.now_ms()
        try:
            configured = self._site.read_again(self._journal, now_ms)
        except StoreError as fault:
            self._wants_site = True
            log(LOG, logging.WARNING, "configuration-waits", reason=fault.reason)
            return
        if configured is None:
            log(LOG, logging.INFO, "configuration-unchanged")
            self._watchman.is_refused = False
            return
        if configured.refused:
            self._watchman.is_refused = True
        else:
            self._watchman.configure(configured.digest, self._site.proof_ward)
            self._voice.configure(configured.digest)
        self._voice.tell((configured.act(),), now_ms)

    def _wait_s(self) -> float:
        heartbeat_s = max(self._clock.seconds_for(HEARTBEAT_MS), SHORTEST_WAIT_S)
        return min(heartbeat_s, self._step_s + heartbeat_s - time.monotonic())

    def _acknowledge(self, arrivals: list[Arrival], *, is_kept: bool) -> None:
        now_s = time.monotonic()
        if arrivals:
            self._unkept.append((now_s, arrivals))
        while self._unkept and (is_kept or now_s - self._unkept[0][0] > UNKEPT_GRACE_S):
            self._link.acknowledge(self._unkept.popleft()[1])

    def _watch_ward(self, *, has_failed: bool) -> None:
        self._failures = self._failures + 1 if has_failed else 0
        if self._failures >= WARD_FAILURES_MAX:
            raise WardError(
                f"unit {self.unit}: the ward failed in {self._failures} steps in a row; see the "
                "log, keep the journal for the people who mend the program"
            )

    def _is_all_kept(self) -> bool:
        """Tell whether the journal holds everything that was taken and decided."""
        return self._backlog.state == "ok" and not len(self._backlog)

    def _leave(self, reason: LeaveReason) -> None:
        self._supervisor.leaving()
        self._backlog.last_try()
        self._voice.flush()
        self._link.close(self._voice.last_words(reason), LEAVE_WITHIN_S)
        if self._voice.is_told():
            with contextlib.suppress(StoreError):
                self._journal.save_published(self._journal.head[0])
        if self._is_all_kept():
            self._upkeep.finish()
        log(LOG, logging.INFO, reason, unit=self.unit, steps=self.steps)


@contextlib.contextmanager
def live_monitor(
    ward: LiveWard,
    *,
    unit: str,
    access: Access,
    journal: Path,
    clock: Clock,
    software: str,
    config: str | SiteFolder,
    self_watch: SelfWatch,
) -> Iterator[LiveMonitor]:
    """Give a monitor that has resumed its journal and is connected; close both afterwards.

    Its configuration is one that stays, by its digest, or the folder of a site, which may change
    while it works (:meth:`LiveMonitor.read_again`).

    Raises
    ------
    JournalError
        If the journal cannot be opened or continued.
    LinkError
        If the broker cannot be reached.
    """
    supervisor = Supervisor.from_environment()
    supervisor.starting("looking at the journal", within_s=LOOK_WITHIN_S)
    site = config if isinstance(config, SiteFolder) else None
    digest = config.settings.digest if isinstance(config, SiteFolder) else config
    with journal_to_continue(journal, unit=unit, software=software, config=digest) as kept:
        memory, wants_site = _begun(ward, kept, config)
        program = program_name(software)
        began_s = time.monotonic()
        resumed = resume(
            memory, program=program, told=lambda step: supervisor.starting(f"step {step} again")
        )
        upkeep = Upkeep(memory, self_watch.recovery, program=program)
        if resumed.refused or time.monotonic() - began_s > LONG_RESUME_S:
            upkeep.snapshots.hurry()
        if site is not None:
            digest = site.settings.digest
            self_watch = replace(self_watch, ward=self_watch.ward and site.proof_ward)
        # The clock goes on from what was shown last, also when the machine's was set back since.
        clock.hold(memory.last_ms)
        started_ms = clock.now_ms()
        _log_start(unit, resumed, started_ms - memory.last_ms, time.monotonic() - began_s)
        note_start(journal, clock.now_ms, kept.about.created_ms, digest, is_new=not resumed.steps)
        boot = boot_name(started_ms, os.getpid())
        watchman = Watchman(
            self_watch, unit=unit, boot=boot, config=digest, clock=clock, receipts=memory.receipts
        )
        if resumed.steps:
            own = watchman.checks.started(started_ms, memory.last_ms, is_salvaged=kept.is_salvaged)
            # With the connection everything that stands is told, so this is told once.
            memory.outbox.remember(announced(own, unit=unit))
            log_effects(LOG, own)
        monitor = LiveMonitor(
            memory=memory,
            upkeep=upkeep,
            clock=clock,
            access=access,
            identity=Identity(
                software=software, config=digest, boot=boot, is_paired=self_watch.is_standby
            ),
            watchman=watchman,
            supervisor=supervisor,
            site=site,
        )
        if wants_site:
            monitor.read_again()
        yield monitor


def _begun(ward: LiveWard, kept: Journal, config: str | SiteFolder) -> tuple[Memory, bool]:
    """Return what is to be resumed, and whether the folder of the site is to be followed then."""
    if isinstance(config, SiteFolder):
        return Memory(ward, kept, config.configure), config.begin(kept)
    if kept.about.config != config:
        raise diverged(kept, kept.about.config, config, "")
    return Memory(ward, kept), False


def _log_start(unit: str, resumed: Resumed, away_ms: int, took_s: float) -> None:
    log(
        LOG,
        logging.INFO,
        "resumed" if resumed.steps else "started",
        unit=unit,
        steps=resumed.steps,
        replayed=resumed.replayed,
        completed=resumed.completed,
        unattended_s=away_ms // 1000 if resumed.steps else 0,
        took_s=round(took_s, 2),
    )


def serve(monitor: LiveMonitor, signals: Signals) -> bool:
    """Run until SIGTERM or SIGINT; a second signal ends at once. True if it was SIGINT.

    At SIGHUP the folder of the site is read again, also if it came before the monitor worked.
    """
    sys.setswitchinterval(SWITCH_S)
    signals.attend(monitor)
    monitor.run()
    return signals.was_interrupted
