"""A whole ward in one process: people, devices, network, disk, nurse, clock; hours in seconds.

``python -m scripts.whole_ward --seeds 1-20`` runs twenty wards. Each has its own people and
reactions, its own nurse, its own devices (monitors, patches, a cart that goes between beds, pumps
that climb by themselves) and its own breakdowns, several at one bed at a time: devices disconnect
in storms, clocks are wrong, values freeze or are nonsense, probes fall off, devices stand at
another bed, messages are lost, come twice, late or in another order, the broker forgets its queue,
the disk is full or can only be read, and the monitor is killed at any point of a step, when what
was written last may be lost or torn (:mod:`scripts.ward_disk`, :mod:`scripts.ward_monitor`). After
every step the invariants of :mod:`scripts.ward_invariants` must hold; after every kill nothing that
was acknowledged or told may be lost, nothing told twice in other words; in the end a fresh monitor
that is given the disk must tell everything again, byte by byte, and show the same. A seed that
fails is printed with the command that repeats it.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from typing import Final

import numpy as np

from monitor.facts.records import RawMessage, RecordedStep
from monitor.facts.truth import NurseKind
from monitor.settings.settings import load_settings
from monitor.ward.ward_settings import WardSettings
from scripts.ward_devices import Devices, equipment_of
from scripts.ward_disk import Disk, DiskError
from scripts.ward_invariants import Invariants
from scripts.ward_monitor import POINTS, KilledError, Monitor, Point, Station
from simulators.attending import Attendant, told_in
from simulators.chairs import Sent, generator
from simulators.cohorts import Cohort, started_ms, ward_scenario_of
from simulators.deeds import deed_message

ROOT: Final = Path(__file__).resolve().parents[1]
NURSES: Final[tuple[NurseKind, ...]] = ("follows", "delays", "ignores")
STEP_MS: Final = (500, 15_000)
WAY_MS: Final = (15, 400)
SHARE_TWICE: Final = 0.01
SHARE_LATE: Final = 0.02
LATE_MS: Final = 20_000
ROUGH: Final = 10
ROUGH_EVERY: Final = 3
SHARE_FORGOTTEN: Final = 0.001
SHARE_KILLED: Final = 0.008


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run was: printed for people, compared by tests."""

    seed: int
    steps: int
    messages: int
    alerts: int
    kills: int
    refusals: int
    """How many writes the disk refused."""
    torn: int
    flipped: int
    again: int
    """How many rows were told once more after a kill."""
    forgotten: int
    """How many messages a broker lost that restarted."""
    deeds: int
    sets: int
    """How many sets of vitals carts took."""
    equipment: tuple[str, ...]
    breakdowns: tuple[str, ...]
    digest: str


class Broker:
    """The way to the monitor: most messages once, some twice, some late or never.

    In every third ward the way is rough: ten times as much comes twice or late.
    """

    def __init__(self, rng: np.random.Generator, *, is_rough: bool) -> None:
        self._rng = rng
        self._times = ROUGH if is_rough else 1
        self._waiting: list[tuple[int, int, Sent]] = []
        self._order = 0
        self.forgotten = 0

    def take(self, sent: Sent) -> None:
        """Take a message from a device."""
        for _ in range(2 if self._rng.random() < SHARE_TWICE * self._times else 1):
            is_late = self._rng.random() < SHARE_LATE * self._times
            self._order += 1
            at_ms = sent.at_ms + int(
                self._rng.integers(WAY_MS[0], LATE_MS if is_late else WAY_MS[1])
            )
            heappush(self._waiting, (at_ms, self._order, sent))

    def delivered(self, now_ms: int) -> tuple[RawMessage, ...]:
        """Return what has arrived by now, in order of arrival."""
        found = []
        while self._waiting and self._waiting[0][0] <= now_ms:
            at_ms, _, sent = heappop(self._waiting)
            found.append(RawMessage(received_ms=at_ms, topic=sent.topic, payload=sent.payload))
        return tuple(found)

    def restarted(self, unacknowledged: Sequence[RawMessage]) -> None:
        """Come back without a queue: what nobody has acknowledged is lost."""
        self.forgotten += len(self._waiting) + len(unacknowledged)
        self._waiting.clear()


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
    devices, disk = Devices(scenario, begins_ms), Disk(rng=generator(seed, "ward", "disk"))
    station = Station()
    monitor = Monitor(settings, disk, station)
    broker = Broker(generator(seed, "ward", "broker"), is_rough=seed % ROUGH_EVERY == 0)
    attendant, checks = Attendant(nurse, seed=seed), Invariants()
    counts = {"messages": 0, "sets": 0, "kills": 0, "deeds": 0}
    kept: tuple[RawMessage, ...] = ()
    now_ms = begins_ms
    while now_ms < begins_ms + scenario.length_s * 1000:
        now_ms += int(chance.integers(*STEP_MS))
        counts["deeds"] += _done(attendant, devices, broker, now_ms)
        for sent in devices.sent_until(now_ms):
            counts["sets"] += "/cart-" in sent.topic and sent.topic.endswith("/obs")
            broker.take(sent)
        if chance.random() < SHARE_FORGOTTEN:
            broker.restarted(kept)
            kept = ()
        inbox = (*kept, *broker.delivered(now_ms))
        is_acknowledged = _step(monitor, RecordedStep(now_ms=now_ms, messages=inbox), chance)
        # What was not acknowledged the broker gives again.
        kept = () if is_acknowledged else inbox
        counts["messages"] += len(inbox) * is_acknowledged
        counts["kills"] = monitor.kills
        news = station.news()
        checks.check(now_ms, inbox, news)
        attendant.hear(now_ms, told_in(news))
    digest = monitor.ends()
    checks.check(now_ms, (), station.news())
    return Ran(
        seed=seed,
        steps=monitor.steps,
        alerts=len(checks.alerts),
        equipment=cohort.equipment,
        breakdowns=devices.breakdowns,
        refusals=disk.refused,
        torn=disk.torn,
        flipped=disk.flipped,
        again=station.again,
        forgotten=broker.forgotten,
        digest=digest,
        **counts,
    )


def _step(monitor: Monitor, step: RecordedStep, chance: np.random.Generator) -> bool:
    """Let the monitor take a step, or die of it and come back; tell whether it was acknowledged."""
    point: Point = ""
    if chance.random() < SHARE_KILLED:
        point = POINTS[int(chance.integers(len(POINTS)))]
    before = monitor.acknowledged
    try:
        monitor.take(step, point)
    except DiskError:
        return False
    except KilledError:
        is_acknowledged = monitor.acknowledged > before
        monitor.comes_back()
        return is_acknowledged
    return True


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
        except Exception as fault:  # noqa: BLE001 - a seed that fails in any way is told
            failed += 1
            print(f"seed {seed} FAILED: {fault}\n  again: python -m scripts.whole_ward {again}")
            continue
        print(
            f"seed {seed}: {given.beds} beds, {ran.steps} steps, {ran.messages} messages, "
            f"{ran.sets} sets by carts, {ran.alerts} alerts, {ran.deeds} deeds, {ran.kills} kills, "
            f"{ran.torn} torn, {ran.again} told again, {ran.refusals} refusals, "
            f"{ran.flipped} bits flipped, {ran.forgotten} forgotten, {', '.join(ran.equipment)}, "
            f"{', '.join(ran.breakdowns) or 'nothing broke'}; "
            f"{time.process_time() - began_s:.1f} s; {ran.digest[:12]}"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
