"""The crash matrix: everything that can die is killed, everything that can fail fails, by chance.

Real processes, the shipped configuration, a real broker, a real InfluxDB where there is one.
Killed with ``kill -9`` are the publisher, the broker, the monitor that speaks, its standby, the
database and the forwarder. In between a link is cut or shut in silence, the clock of the machine
is set by an hour, and the disk takes no more. Devices send out of order and twice all the time.
After every blow it is waited until what was struck is back: one monitor holds the lease, the other
is ready, every device is heard again, and who was killed has written what it remembers. Then it is
checked, every time, what :mod:`scripts.aftermath` lists, and that no monitor that was started again
was refused by its journal.

In the end nothing is missing: every reading of every device is there, a ward that is brought back
from the last snapshot equals the one that never died, and the database holds the first journal to
the byte.

``make crash KILLS=200`` runs the long form; the seed repeats victims and waits, not the races.
"""

import argparse
import contextlib
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.adapters.program import program_name
from monitor.adapters.resumption import Memory, resume
from monitor.adapters.snapshots import marks
from monitor.commands import software
from monitor.series.influx import InfluxAddress, InfluxStore
from monitor.series.reading import recorded_steps
from monitor.series.stores import SeriesError
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.wire.payloads import SessionPayload, encode, stamp
from monitor.wire.topics import topic
from scripts.aftermath import (
    KeptReadings,
    Undying,
    alert_faults,
    alerts_of,
    ledger_faults,
    state_of,
    told_again,
)
from scripts.casualties import (
    BEDS,
    BUCKET,
    CONFIG,
    NAMES,
    VICTIMS,
    Casualties,
    has_database,
    until,
)
from scripts.crash_report import Report
from scripts.strikes import LONGEST_WAIT_S, SHORT_WAIT_S, Strike, plan

READINGS_MIN: Final = 100
"""Every bed has been in trouble once by then."""

READINGS_MORE: Final = 20
READINGS_MORE_SHORT: Final = 8
"""So many are sent after the last blow; the outbox may be ahead by a few."""

SHORT_EVERY_MS: Final = 120
"""Half as often in a short run, where as much has to be watched in less time."""

SETTLED_S: Final = 240.0
"""A gap is waited for a minute, and a resume may take as long."""

BACK_S: Final = 60.0
"""So long after a blow everything must be back."""

LOOK_S: Final = 0.1
"""So often it is looked whether everything is back."""

TELLING: Final = ("broker", "monitor")
"""Victims after whose death what stands may be told once more."""

REASONS: Final = 2
"""Somebody begins to speak, and somebody finds its broker again."""

FOREVER_MS: Final = 4_000_000_000_000


class Matrix:
    """One run: strikes, what is looked at after each, and what must hold in the end."""

    def __init__(
        self, folder: Path, *, seed: int, with_database: bool, is_short: bool = False
    ) -> None:
        self._is_short = is_short
        self.unit = load_settings(CONFIG).site.unit
        self.report = Report(seed=seed)
        self.kept = KeptReadings()
        self.struck = Casualties(folder, unit=self.unit, with_database=with_database)
        self._ward = load_settings(self.struck.config).ward
        self._undying = {name: Undying(Ward(self._ward, unit=self.unit)) for name in NAMES}

    def begin(self) -> None:
        """Start everything, open a session at every bed, and let the devices send."""
        self.struck.begin()
        for bed in range(1, BEDS + 1):
            payload = SessionPayload(
                id=f"S-{bed}",
                t=stamp(time.time_ns() // 1_000_000),
                by="nurse-1",
                event="open",
                subject=f"PX-{bed}",
                product="test",
            )
            self.struck.witness.publish(
                topic(self.unit, str(bed), f"tab-{bed}", "session"), encode(payload)
            )
        for name in self.struck.monitors:
            until(partial(self._knows_sessions, name), "the sessions are known")
        if self._is_short:
            self.struck.every_ms = SHORT_EVERY_MS
        self.struck.publish_until(1_000_000)
        if not self._is_short:
            until(lambda: bool(self._shown()), "an alert is told")

    def _knows_sessions(self, name: str) -> bool:
        with JournalReader.open(self.struck.monitors[name]) as reader:
            query = "SELECT count(DISTINCT topic) FROM inbox WHERE topic LIKE '%/session'"
            return bool(next(iter(reader.rows(query)))[0] == BEDS)

    def strike(self, strike: Strike) -> None:
        """Do one thing, wait until all is back, and look at what became of it."""
        threading.Event().wait(strike.wait_s)
        self.struck.revive()
        told, left = self.struck.witness.told.copy(), self.struck.left
        may_tell = strike.victim in TELLING
        if strike.victim is not None:
            self.report.kills[strike.victim] += 1
            self.report.again += bool(strike.again_s)
            self.struck.kill(strike.victim, strike.again_s)
        if strike.blow is not None:
            self.report.blows[strike.blow] += 1
            self.struck.strike(strike.blow, strike.which, strike.for_s)
            may_tell = strike.blow in {"cut", "half-open"} and not strike.which
        self.await_back()
        self.look()
        reasons = REASONS * (may_tell + self.struck.left - left)
        self.report.faults += told_again(told, self.struck.witness.told.copy(), most=reasons)

    def await_back(self) -> None:
        """Wait until all that was struck is back and an independent subscriber sees what stands."""
        since_s, before = time.monotonic(), self._highest()
        try:
            until(
                lambda: not any(self._absent(since_s, before)),
                "all is back",
                BACK_S,
                every_s=LOOK_S,
            )
        except TimeoutError:
            self.report.faults += [f"not back: {one}" for one in self._absent(since_s, before)]
            self.report.faults += self.struck.words().splitlines()

    def _absent(self, since_s: float, before: dict[str, int]) -> Iterator[str]:
        """Yield what is not back since a time at which devices had come to certain numbers."""
        self.struck.revive()
        if not self.struck.is_paired(since_s):
            yield "there is no monitor that speaks beside one that is ready to"
        for name in self.struck.monitors:
            with self._reader(name) as reader:
                mark = next(marks(reader), None)
                # It costs nothing while everybody waits anyway.
                self._add_faults(name, self._undying[name].faults(reader))
            if mark is None or mark.place.step <= self.struck.begun_at[name]:
                yield f"the {name} has not written what it remembers"
        heard = self._highest()
        yield from (
            f"{device} is not heard" for device, last in before.items() if heard[device] <= last
        )
        yield from self._told_faults()

    def _reader(self, name: str) -> JournalReader:
        return JournalReader.open(self.struck.monitors[name])

    def _highest(self) -> dict[str, int]:
        """Return the highest number of every device in either journal."""
        for name in self.struck.monitors:
            with self._reader(name) as reader:
                self.kept.add(name, reader)
        return self.kept.highest()

    def look(self) -> None:
        """Check what must hold at any time."""
        # Noted before the journals are read: what is acknowledged later may not yet be seen.
        acknowledged = dict(self.struck.witness.acknowledged)
        self.report.faults += self.struck.wrongs()
        for name in self.struck.monitors:
            try:
                with self._reader(name) as reader:
                    self.kept.add(name, reader)
                    self.report.faults += ledger_faults(name, reader, alerts_of(reader))
                    self._add_faults(name, self._undying[name].faults(reader))
            except JournalError as fault:
                self.report.faults.append(f"journal of the {name}: {fault}")
                return
        self.report.faults += self.kept.faults(acknowledged)

    def _add_faults(self, name: str, faults: list[str]) -> None:
        self.report.faults += [f"{name}: {fault}" for fault in faults]

    def settle(self, *, is_patient: bool) -> None:
        """Let the devices finish, wait until all is kept and told, and end both in order.

        With patience, until the receipts are there, too: one that misses what only the other
        one has kept waits a minute for it.
        """
        highest = max(self.kept.highest().values(), default=0)
        # The outbox may be ahead of what has arrived; its numbers are finished, too.
        more = READINGS_MORE_SHORT if self._is_short else READINGS_MORE
        self.report.readings = max(highest + more, READINGS_MIN)
        self.struck.publish_until(self.report.readings)
        try:
            until(
                partial(self._is_settled, is_patient=is_patient),
                "all is kept and receipted",
                within_s=SETTLED_S if is_patient else SETTLED_S / 2,
            )
            until(self._is_told, "the broker shows what stands", within_s=30.0)
        except TimeoutError as fault:
            faults = [f"never came true: {fault}", *self._told_faults(), *self._lacking()]
            self.report.faults += faults
        if not self.report.alerts:
            self.report.faults.append("no alert was raised: the run proves nothing")
        self.struck.leave()

    def _is_settled(self, *, is_patient: bool) -> bool:
        self.struck.revive()
        if is_patient and self.struck.processes["publisher"].poll() is None:
            return False
        self._highest()
        return not self._lost() and self.struck.is_paired()

    def _lacking(self) -> list[str]:
        """Return what did not come about, and how everything stands, in words."""
        found = [f"{device}: {numbers} not kept" for device, numbers in self._lost().items()]
        if self.struck.processes["publisher"].poll() is None:
            found.append("the publisher still waits for receipts")
        if not self.struck.is_paired():
            found.append("there is no monitor that speaks beside one that is ready to")
        for name, journal in self.struck.monitors.items():
            with JournalReader.open(journal) as reader:
                steps, messages, effects = reader.counts()
                last_ms = next(reader.rows("SELECT coalesce(max(now_ms), 0) FROM step"))[0]
            found.append(
                f"the {name} has kept {messages} messages in {steps} steps and {effects} effects; "
                f"its last step was at {stamp(last_ms)}"
            )
        return [*found, *self.struck.words().splitlines()]

    def _lost(self) -> dict[str, list[int]]:
        """Return the first readings that stand in no journal, by device."""
        wanted = set(range(self.report.readings))
        lost = {
            f"mon-{bed}": sorted(wanted - self.kept.by_device.get(f"mon-{bed}", set()))[:5]
            for bed in range(1, BEDS + 1)
        }
        return {device: numbers for device, numbers in lost.items() if numbers}

    def _is_told(self) -> bool:
        self.struck.revive()
        return not self._told_faults()

    def _shown(self) -> dict[str, bytes]:
        own = topic(self.unit, "_", "_", "alert/")
        alerts = self.struck.witness.alerts.copy()
        return {name: said for name, said in alerts.items() if not name.startswith(own)}

    def _told_faults(self) -> list[str]:
        """Return how what is shown differs from what the ledger of whoever speaks says."""
        with self._reader(self.struck.holder() or "first") as reader:
            changes = alerts_of(reader)
        self.report.alerts = len({one.id for one in changes})
        heard = self.struck.witness.heard.copy()
        return alert_faults(self._shown(), heard, changes, self.unit)

    def check_end(self) -> None:
        """Check what must hold when all has come in."""
        self.look()
        self.report.faults += [
            f"{device}: readings lost: {numbers}" for device, numbers in self._lost().items()
        ]
        self.report.readings *= BEDS
        for name, journal in self.struck.monitors.items():
            self._check_journal(name, journal)
        if self.struck.influx is not None:
            self._check_database()

    def _check_journal(self, name: str, path: Path) -> None:
        """Replay one journal, and bring a ward back from it."""
        undying = self._undying[name]
        with self._reader(name) as reader:
            self._add_faults(name, undying.rest_faults(reader))
            _, messages, effects = reader.counts()
        self.report.messages += messages
        self.report.effects += effects
        self.report.states += undying.pictures
        if not undying.pictures:
            self.report.faults.append(f"{name}: no state was compared")
        other = Ward(self._ward, unit=self.unit)
        with Journal.open_for_writing(path, unit=self.unit, software="", config="") as journal:
            resumed = resume(Memory(other, journal), program=program_name(software()))
        if resumed.refused or resumed.replayed == resumed.steps:
            self.report.faults.append(f"{name}: no snapshot was used: {resumed.refused}")
        elif state_of(other) != state_of(undying.ward):
            self.report.faults.append(f"{name}: a restarted ward differs from one that never died")

    def _check_database(self) -> None:
        code = self.struck.forward_rest()
        if code:
            self.report.faults.append(f"the forwarder ended with {code}")
        store = InfluxStore(InfluxAddress(url=self.struck.database, bucket=BUCKET))
        try:
            found = list(recorded_steps(store, self.unit, from_ms=0, to_ms=FOREVER_MS))
        except SeriesError as fault:
            self.report.faults.append(f"database: {fault}")
            return
        finally:
            store.close()
        with JournalReader.open(self.struck.monitors["first"]) as reader:
            if found != list(reader.steps()):
                self.report.faults.append("the database holds other messages than the journal")


def matrix(
    *, kills: int, seed: int, folder: Path, tell: bool = False, is_short: bool = False
) -> Report:
    """Kill so many processes and return what was found; Ctrl-C ends the blows, not the checks.

    In a short run they follow one another faster, and receipts are not waited for.
    """
    rng = random.Random(seed)  # noqa: S311 - chance that repeats
    began_s = time.monotonic()
    with_database = has_database()
    victims = VICTIMS if with_database else VICTIMS[:4]
    run = Matrix(folder, seed=seed, with_database=with_database, is_short=is_short)
    try:
        run.begin()
        with contextlib.suppress(KeyboardInterrupt):
            longest_s = SHORT_WAIT_S if is_short else LONGEST_WAIT_S
            for strike in plan(rng, kills=kills, victims=victims, longest_s=longest_s):
                run.strike(strike)
                if tell:
                    took_s = time.monotonic() - began_s
                    done = f"{run.report.kills.total()} kills, {run.report.blows.total()} blows"
                    print(f"{done}, {took_s:.0f} s", file=sys.stderr, flush=True)
                if run.report.faults:
                    break
        run.settle(is_patient=not is_short)
        run.check_end()
    finally:
        run.struck.close()
    run.report.restarts = run.struck.left
    run.report.seconds = time.monotonic() - began_s
    return run.report


def main() -> None:
    """Run the matrix and print what was found; exit code 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m scripts.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep", type=Path, help="new folder for journals and logs; default: kept after a fault"
    )
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="irm-crash-"))
    folder.mkdir(parents=True, exist_ok=options.keep is None)
    is_clean = False
    try:
        report = matrix(kills=options.kills, seed=options.seed, folder=folder, tell=True)
        is_clean = not report.faults
    finally:
        if options.keep is None and is_clean:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"journals, outbox and the log of every process: {folder}", file=sys.stderr)
    print(report.words())
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
