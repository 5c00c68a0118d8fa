"""The crash matrix: everything that can die is killed, everything that can fail fails, by chance.

Real processes, the shipped configuration, a real broker, a real InfluxDB where there is one.
Killed with ``kill -9`` are the publisher, the broker, the monitor that speaks, its standby, the
database and the forwarder. In between a link is cut or shut in silence, the clock of the machine
is set by an hour, and the disk takes no more. Devices send out of order and twice all the time.
After every blow what died is started again, and both journals are looked into while they are
written:

* every reading that a monitor has acknowledged is in a journal;
* both ledgers verify;
* no revision of an alert stands in a ledger twice, nor is told oftener than there were reasons to;
* no monitor that was started again decided otherwise than its ledger holds.

In the end nothing is missing: every reading of every device is there, each ledger is what one
ward decides that never died, a ward that is brought back from the last snapshot equals that one,
the broker shows exactly the alerts that stand, and the database holds the first journal to the
byte.

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
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.adapters.ledger import effect_bytes
from monitor.adapters.program import program_name
from monitor.adapters.resumption import Memory, resume
from monitor.commands import software
from monitor.facts.effects import AlertChanged
from monitor.replay import replay
from monitor.series.influx import InfluxAddress, InfluxStore
from monitor.series.reading import recorded_steps
from monitor.series.stores import SeriesError
from monitor.settings.settings import load_settings
from monitor.ward.snapshots import Records
from monitor.ward.ward import Ward
from monitor.wire.announcements import alert_topic, is_over
from monitor.wire.payloads import SessionPayload, encode, stamp
from monitor.wire.topics import topic
from scripts.casualties import (
    BEDS,
    BLOWS,
    BUCKET,
    CONFIG,
    VICTIMS,
    Casualties,
    has_database,
    until,
)
from scripts.strikes import LONGEST_WAIT_S, SHORT_WAIT_S, Strike, plan

READINGS_MIN: Final = 100
"""Every bed has been in trouble once by then."""

SETTLED_S: Final = 240.0
"""A gap is waited for a minute, and a resume may take as long."""

FOREVER_MS: Final = 4_000_000_000_000


@dataclass(slots=True)
class Report:
    """What was killed, and what was found wrong."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    blows: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    """Programs that left by themselves."""
    faults: list[str] = field(default_factory=list)
    readings: int = 0
    messages: int = 0
    effects: int = 0
    alerts: int = 0
    seconds: float = 0.0

    def words(self) -> str:
        """Return the report in one line, and the faults in one each."""
        killed = ", ".join(f"{self.kills[victim]} {victim}" for victim in VICTIMS)
        struck = ", ".join(f"{self.blows[blow]} {blow}" for blow in BLOWS)
        verdict = f"{len(self.faults)} FAULTS" if self.faults else "no fault"
        line = (
            f"seed {self.seed}: {self.kills.total()} kills ({killed}), {self.blows.total()} other "
            f"blows ({struck}), {self.restarts} programs that left by themselves, "
            f"{self.seconds:.0f} s: {verdict}; {self.readings} readings sent, "
            f"{self.messages} messages kept, {self.effects} effects, {self.alerts} alerts"
        )
        return "\n".join([line, *self.faults])


class Matrix:
    """One run: strikes, what is looked at after each, and what must hold in the end."""

    def __init__(self, folder: Path, *, seed: int, with_database: bool) -> None:
        settings = load_settings(CONFIG)
        self.unit, self._ward = settings.site.unit, settings.ward
        self.report = Report(seed=seed)
        self.kept: dict[str, set[int]] = {}
        """Numbers of the readings that stand in a journal, by device."""
        self._seen: dict[str, int] = {}
        self.struck = Casualties(folder, unit=self.unit, with_database=with_database)

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
        self.struck.publish_until(1_000_000)
        until(lambda: bool(self._shown()), "an alert is told")

    def _knows_sessions(self, name: str) -> bool:
        with JournalReader.open(self.struck.monitors[name]) as reader:
            query = "SELECT count(DISTINCT topic) FROM inbox WHERE topic LIKE '%/session'"
            return bool(next(iter(reader.rows(query)))[0] == BEDS)

    def strike(self, strike: Strike) -> None:
        """Do one thing and look at what became of it."""
        threading.Event().wait(strike.wait_s)
        self.struck.revive()
        if strike.victim is not None:
            self.report.kills[strike.victim] += 1
            self.struck.kill(strike.victim)
        if strike.blow is not None:
            self.report.blows[strike.blow] += 1
            self.struck.strike(strike.blow, strike.which, strike.for_s)
        self.look()

    def look(self) -> None:
        """Check what must hold at any time."""
        # Noted before the journals are read: what is acknowledged later may not yet be seen.
        acknowledged = dict(self.struck.witness.acknowledged)
        blows = self.report.kills.total() + self.report.blows.total()
        self.report.faults += self.struck.wrongs(blows)
        for name, journal in self.struck.monitors.items():
            try:
                with JournalReader.open(journal) as reader:
                    self._add_numbers(name, reader)
                    self._check_ledger(name, reader)
            except JournalError as fault:
                self.report.faults.append(f"journal of the {name}: {fault}")
                return
        for device, number in acknowledged.items():
            missing = set(range(number + 1)) - self.kept.get(device, set())
            if missing:
                self.report.faults.append(
                    f"{device}: acknowledged up to {number}, but {sorted(missing)[:5]} not kept"
                )

    def _check_ledger(self, name: str, reader: JournalReader) -> None:
        self.report.faults += [f"{name}: {fault}" for fault in reader.verify().faults]
        told = Counter(
            (one.id, one.revision) for one in reader.effects() if isinstance(one, AlertChanged)
        )
        self.report.faults += [
            f"{name}: alert {alert} revision {revision} is in the ledger {times} times"
            for (alert, revision), times in told.items()
            if times > 1
        ]

    def _add_numbers(self, name: str, reader: JournalReader) -> None:
        """Add the numbers of the readings that have come into a journal, by device."""
        query = (
            "SELECT n, topic, payload FROM inbox WHERE n > ? AND topic LIKE '%/vitals' ORDER BY n"
        )
        for n, where, payload in reader.rows(query, (self._seen.get(name, 0),)):
            self._seen[name] = n
            number = msgspec.json.decode(payload)["seq"]
            self.kept.setdefault(where.split("/")[4], set()).add(number)

    def settle(self, *, is_patient: bool) -> None:
        """Let the devices finish, wait until all is kept and told, and end both in order.

        With patience, until the receipts are there, too: one that misses what only the other
        one has kept waits a minute for it.
        """
        highest = max((max(some) for some in self.kept.values()), default=0)
        # The outbox may be ahead of what has arrived; its numbers are finished, too.
        self.report.readings = max(highest + 20, READINGS_MIN)
        self.struck.publish_until(self.report.readings)
        try:
            until(
                partial(self._is_settled, is_patient=is_patient),
                "all is kept and receipted",
                within_s=SETTLED_S if is_patient else SETTLED_S / 2,
            )
            until(self._is_told, "the broker shows what stands", within_s=30.0)
        except TimeoutError as fault:
            self.report.faults += [f"never came true: {fault}", *self._lacking()]
        self._check_told()
        self.struck.leave()

    def _is_settled(self, *, is_patient: bool) -> bool:
        self.struck.revive()
        if is_patient and self.struck.processes["publisher"].poll() is None:
            return False
        for name, journal in self.struck.monitors.items():
            with JournalReader.open(journal) as reader:
                self._add_numbers(name, reader)
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
            f"mon-{bed}": sorted(wanted - self.kept.get(f"mon-{bed}", set()))[:5]
            for bed in range(1, BEDS + 1)
        }
        return {device: numbers for device, numbers in lost.items() if numbers}

    def _is_told(self) -> bool:
        self.struck.revive()
        return self._shown() == self._standing()

    def _shown(self) -> set[str]:
        own = topic(self.unit, "_", "_", "alert/")
        return {name for name in self.struck.witness.alerts if not name.startswith(own)}

    def _standing(self) -> set[str]:
        """Return the topics of the alerts that stand by the ledger of whoever speaks."""
        with JournalReader.open(self.struck.monitors[self.struck.holder() or "first"]) as reader:
            final = {one.id: one for one in reader.effects() if isinstance(one, AlertChanged)}
        self.report.alerts = len(final)
        return {
            alert_topic(self.unit, one.bed, one.id)
            for one in final.values()
            if not is_over(one.condition, one.signal)
        }

    def _check_told(self) -> None:
        differing = sorted(self._shown() ^ self._standing())
        if differing:
            self.report.faults.append(f"the broker shows {differing} otherwise than the ledger")
        if not self.report.alerts:
            self.report.faults.append("no alert was raised: the run proves nothing")

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
        with JournalReader.open(path) as reader:
            steps, bodies = list(reader.steps()), [row.body for row in reader.ledger()]
            _, messages, effects = reader.counts()
        self.report.messages += messages
        self.report.effects += effects
        ward = Ward(self._ward, unit=self.unit)
        again = [effect_bytes(one) for _, effects in replay(steps, ward) for one in effects]
        if again != bodies:
            self.report.faults.append(
                f"{name}: the ledger is not what one ward decides that never died"
            )
        other = Ward(self._ward, unit=self.unit)
        with Journal.open_for_writing(path, unit=self.unit, software="", config="") as journal:
            resumed = resume(Memory(other, journal), program=program_name(software()))
        if resumed.refused or resumed.replayed == resumed.steps:
            self.report.faults.append(f"{name}: no snapshot was used: {resumed.refused}")
        elif state_of(other) != state_of(ward):
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


def state_of(ward: Ward) -> tuple[Records, dict[str, object]]:
    """Return all that a ward remembers in a form in which the order of sets does not count."""
    parts = msgspec.msgpack.decode(ward.remembered())
    return msgspec.convert(parts.pop("records"), Records), parts


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
    run = Matrix(folder, seed=seed, with_database=with_database)
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
