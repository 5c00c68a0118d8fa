"""A whole ward in one process: people, devices, network, disk, nurse, clock; hours in seconds.

``python -m scripts.whole_ward --seeds 1-20`` runs twenty wards. Each has its own people and
reactions, its own nurse, its own devices (monitors, patches, a cart that goes between beds, pumps
that climb by themselves) and its own breakdowns: devices disconnect in storms, clocks are wrong,
values freeze or are nonsense, messages come twice or late, the disk refuses a step, the monitor
is killed before or after a commit and comes back from its snapshot and journal. After every step
the invariants of :mod:`scripts.ward_invariants` must hold; after every kill the monitor that came
back must tell what the dead one told; in the end a fresh monitor that is given the journal must
tell everything again, byte by byte. A seed that fails is printed with the command that repeats it.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from monitor.facts.effects import AnyEffect
from monitor.facts.records import RawMessage, RecordedStep, VitalsReported
from monitor.facts.truth import NurseKind
from monitor.facts.views import WardView
from monitor.settings.settings import load_settings
from monitor.ward.bed_views import ward_view
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings
from monitor.ward.why_nots import WhyNots
from monitor.wire.messages import decode
from scripts.ward_devices import UNIT, Devices, equipment_of
from scripts.ward_invariants import InvariantError, Invariants
from simulators.attending import Attendant, told_in
from simulators.chairs import Sent, generator
from simulators.cohorts import Cohort, started_ms, ward_scenario_of
from simulators.deeds import deed_message

ROOT: Final = Path(__file__).resolve().parents[1]
NURSES: Final[tuple[NurseKind, ...]] = ("follows", "delays", "ignores")
STEP_MS: Final = (500, 15_000)
WAY_MS: Final = (15, 400)
SNAPSHOT_EVERY: Final = 200
SHARE_TWICE: Final = 0.01
SHARE_LATE: Final = 0.02
LATE_MS: Final = 20_000
SHARE_REFUSED: Final = 0.01
SHARE_KILLED: Final = 0.004


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run was: printed for people, compared by tests."""

    seed: int
    steps: int
    messages: int
    alerts: int
    kills: int
    refusals: int
    deeds: int
    sets: int
    """How many sets of vitals carts took."""
    equipment: tuple[str, ...]
    breakdowns: tuple[str, ...]
    digest: str


class Broker:
    """The way to the monitor: every message at least once, some twice, some late."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._waiting: list[tuple[int, int, Sent]] = []
        self._order = 0

    def take(self, sent: Sent) -> None:
        """Take a message from a device."""
        for _ in range(2 if self._rng.random() < SHARE_TWICE else 1):
            late_ms = LATE_MS if self._rng.random() < SHARE_LATE else WAY_MS[1]
            self._order += 1
            at_ms = sent.at_ms + int(self._rng.integers(WAY_MS[0], late_ms))
            heappush(self._waiting, (at_ms, self._order, sent))

    def delivered(self, now_ms: int) -> tuple[RawMessage, ...]:
        """Return what has arrived by now, in order of arrival."""
        found = []
        while self._waiting and self._waiting[0][0] <= now_ms:
            at_ms, _, sent = heappop(self._waiting)
            found.append(RawMessage(received_ms=at_ms, topic=sent.topic, payload=sent.payload))
        return tuple(found)


class Monitor:
    """A ward with a journal and snapshots, that can be killed."""

    def __init__(self, settings: WardSettings) -> None:
        self._settings = settings
        self._ward = Ward(settings, unit=UNIT)
        self._snapshot = b""
        self._since: list[tuple[RecordedStep, bytes]] = []
        self.journal: list[RecordedStep] = []
        self.digest = hashlib.sha256()

    def take(self, step: RecordedStep) -> tuple[AnyEffect, ...]:
        """Commit a step, then decide about it."""
        self.journal.append(step)
        effects = taken(self._ward, step)
        told = msgspec.json.encode(effects)
        self.digest.update(told)
        self._since.append((step, told))
        if len(self._since) >= SNAPSHOT_EVERY:
            self._snapshot, self._since = self._ward.remembered(), []
        return effects

    def killed(self) -> None:
        """Die and come back from the last snapshot and what was committed since.

        Raises
        ------
        InvariantError
            The one that came back tells something else than the dead one, or is not the same.
        """
        now_ms = self.journal[-1].now_ms if self.journal else 0
        before = shown(self._ward, now_ms)
        self._ward = Ward(self._settings, unit=UNIT)
        if self._snapshot:
            self._ward.recall(self._snapshot)
        for step, told in self._since:
            if msgspec.json.encode(taken(self._ward, step)) != told:
                raise InvariantError(f"after a kill the step at {step.now_ms} is told otherwise")
        if shown(self._ward, now_ms) != before:
            raise InvariantError("after a kill the ward shows something else than before")


def shown(ward: Ward, now_ms: int) -> WardView:
    """Return what a ward shows, from its state alone: nothing that was shown before is reused."""
    return ward_view(ward.state, WhyNots(), now_ms, None)


def taken(ward: Ward, step: RecordedStep) -> tuple[AnyEffect, ...]:
    """Let a ward take a recorded step."""
    inputs = [decode(raw, position=place) for place, raw in enumerate(step.messages)]
    before = sum(ward.state.outcomes.values())
    effects = ward.take(step.now_ms, inputs)
    came = sum(len(one.values) for one in inputs if isinstance(one, VitalsReported))
    counted = sum(ward.state.outcomes.values()) - before
    if came != counted:
        raise InvariantError(f"{came} readings came in, {counted} were counted, at {step.now_ms}")
    return effects


def run(settings: WardSettings, *, seed: int, beds: int, minutes: int, cadence_s: int = 15) -> Ran:
    """Run one ward to its end.

    Raises
    ------
    InvariantError
        Something happened that must never happen.
    """
    chance = generator(seed, "ward", "world")
    nurse = NURSES[seed % len(NURSES)]
    cohort = Cohort(
        sessions=beds,
        beds_per_file=beds,
        hours=minutes / 60,
        cadence_s=cadence_s,
        seed=seed,
        nurse="none",
        equipment=equipment_of(seed, beds),
    )
    scenario, begins_ms = ward_scenario_of(cohort, 1), started_ms(cohort, 1)
    devices = Devices(scenario, begins_ms)
    monitor, broker = Monitor(settings), Broker(generator(seed, "ward", "broker"))
    attendant, checks = Attendant(nurse, seed=seed), Invariants()
    counts = {"messages": 0, "sets": 0, "kills": 0, "refusals": 0, "deeds": 0}
    kept: tuple[RawMessage, ...] = ()
    now_ms = begins_ms
    while now_ms < begins_ms + scenario.length_s * 1000:
        now_ms += int(chance.integers(*STEP_MS))
        counts["deeds"] += _done(attendant, devices, broker, now_ms)
        for sent in devices.sent_until(now_ms):
            counts["sets"] += "/cart-" in sent.topic and sent.topic.endswith("/obs")
            broker.take(sent)
        inbox = (*kept, *broker.delivered(now_ms))
        if chance.random() < SHARE_REFUSED:
            # The disk refuses: nothing was acknowledged, so the broker gives it again.
            counts["refusals"] += 1
            kept = inbox
            continue
        kept = ()
        step = RecordedStep(now_ms=now_ms, messages=inbox)
        effects = monitor.take(step)
        counts["messages"] += len(inbox)
        checks.check(now_ms, inbox, effects)
        if chance.random() < SHARE_KILLED:
            counts["kills"] += 1
            monitor.killed()
        attendant.hear(now_ms, told_in(effects))
    _repeated(settings, monitor)
    return Ran(
        seed=seed,
        steps=len(monitor.journal),
        alerts=len(checks.alerts),
        equipment=cohort.equipment,
        breakdowns=devices.breakdowns,
        digest=monitor.digest.hexdigest(),
        **counts,
    )


def _done(attendant: Attendant, devices: Devices, broker: Broker, now_ms: int) -> int:
    """Let the nurse do what is due; return how much was done."""
    deeds = attendant.due(now_ms)
    for number, deed in enumerate(deeds):
        bed = devices.beds.get(deed.bed)
        if bed is None:
            continue
        broker.take(deed_message(bed.here, deed, number + deed.at_ms))
        if deed.changes_course:
            for sent in devices.live(deed):
                broker.take(sent)
    return len(deeds)


def _repeated(settings: WardSettings, monitor: Monitor) -> None:
    """Give the journal to a fresh ward: it must tell everything again."""
    fresh, digest = Ward(settings, unit=UNIT), hashlib.sha256()
    for step in monitor.journal:
        digest.update(msgspec.json.encode(taken(fresh, step)))
    if digest.hexdigest() != monitor.digest.hexdigest():
        raise InvariantError("a replay of the journal tells something else")


def seeds_of(text: str) -> list[int]:
    """Read ``7`` or ``1-20``."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the wards of some seeds; return 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", default="1-5", help="one seed, or FIRST-LAST")
    parser.add_argument("--beds", type=int, default=8)
    parser.add_argument("--minutes", type=int, default=180)
    given = parser.parse_args(arguments)
    settings = load_settings(ROOT / "config").ward
    failed = 0
    for seed in seeds_of(given.seeds):
        began_s = time.process_time()
        again = f"--seeds {seed} --beds {given.beds} --minutes {given.minutes}"
        try:
            ran = run(settings, seed=seed, beds=given.beds, minutes=given.minutes)
        except (AssertionError, ValueError, KeyError, IndexError) as fault:
            failed += 1
            print(f"seed {seed} FAILED: {fault}\n  again: python -m scripts.whole_ward {again}")
            continue
        print(
            f"seed {seed}: {given.beds} beds, {ran.steps} steps, {ran.messages} messages, "
            f"{ran.sets} sets by carts, {ran.alerts} alerts, {ran.deeds} deeds, {ran.kills} kills, "
            f"{ran.refusals} refusals, {', '.join(ran.equipment)}, "
            f"{', '.join(ran.breakdowns) or 'nothing broke'}; "
            f"{time.process_time() - began_s:.1f} s; {ran.digest[:12]}"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
