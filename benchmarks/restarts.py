"""What a snapshot costs a running monitor, and what it saves a restarted one.

The ward of the other benchmarks, with its sessions open and some beds reacting, is taken as a
picture and written part by part, as the live loop does it; both bites are timed. Then a journal
of some minutes is continued twice: from its snapshot and from its first step; and old vitals are
folded.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.measuring import ROOT, Table, Taken, cell, ratio
from benchmarks.wards import UNIT, Load, running_ward
from detectors.channels import Channel
from monitor.adapters.folding import HOUR_MS, Folder
from monitor.adapters.journal import Journal
from monitor.adapters.recovery import RecoveryParams
from monitor.adapters.resumption import Memory, decoded, resume
from monitor.adapters.snapshots import SnapshotWriter
from monitor.adapters.upkeep import Upkeep
from monitor.facts.records import RawMessage
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings
from monitor.wire.payloads import encode_vitals

SIZES: Final = (100, 1_000)
ROUNDS: Final = 5
JOURNALS: Final = ((20, 600), (20, 3_600))
"""Beds, and seconds of a journal with one message a bed and five seconds."""

FOLDED_BEDS: Final = (20, 200)
FOLDED_S: Final = 3_700
SIZE_OF_VITALS: Final = (
    "SELECT coalesce(sum(length(topic) + length(payload)), 0) FROM inbox "
    "WHERE topic LIKE '%/vitals'"
)

PROGRAM: Final = "benchmark"
EVERY_S: Final = 5


def journal_at(folder: Path) -> Journal:
    """Return a journal in a folder."""
    return Journal.open_for_writing(folder / "journal", unit=UNIT, software="", config="")


def snapshots_table(sizes: tuple[int, ...] = SIZES) -> Table:
    """Return what taking and writing a snapshot costs by number of beds."""
    settings = load_settings(ROOT / "config").ward
    rows = []
    for n_beds in sizes:
        load = Load(n_beds=n_beds, reacting_share=0.05)
        ward = running_ward(settings, load)
        for second in load.seconds(90):
            ward.step(second.now_ms, second.readings, ())
        with tempfile.TemporaryDirectory() as folder, journal_at(Path(folder)) as journal:
            memory = Memory(ward, journal)
            writer = SnapshotWriter(journal, program=PROGRAM, every_s=0, seconds=time.monotonic)
            take, write, size = Taken(), Taken(), 0
            for number in range(ROUNDS):
                journal.append_step(number, [])
                body = take.call(memory.picture)
                take.call(writer.take, body, number)
                size = len(body)
                while writer.is_writing:
                    write.call(writer.write_part)
            taken_ns = [
                first + second
                for first, second in zip(take.wall_ns[::2], take.wall_ns[1::2], strict=True)
            ]
            (packed,) = next(journal.rows("SELECT sum(length(body)) FROM snapshot_part")) or (0,)
        rows.append(
            (
                f"{n_beds} beds",
                (
                    cell(size / 1e6, "MB"),
                    cell(packed / 2 / 1e6, "MB"),
                    cell(statistics.median(taken_ns) / 1e6, "ms"),
                    cell(write.wall_ms, "ms"),
                    cell(max(write.wall_ns) / 1e6, "ms"),
                ),
            )
        )
    return Table(
        title="One snapshot of a whole ward",
        columns=("size", "packed", "taking it", "writing a part", "longest part"),
        rows=tuple(rows),
        notes=("A step takes the picture or writes one part, never both.",),
    )


def message(number: int, second: int, bed: int) -> RawMessage:
    """Return vitals of a person at rest."""
    at_ms = second * 1000
    # Multiplicative noise: it must not pack better than that of people.
    noise = (number * 2_654_435_761 + bed * 40_503) >> 16
    values = {Channel.HR: 7_200 + noise % 9 * 100, Channel.SPO2: 9_600 + noise % 5 * 100}
    return RawMessage(
        received_ms=at_ms,
        topic=f"irm/v1/{UNIT}/{bed}/mon-{bed}/vitals",
        payload=encode_vitals(sequence=number, measured_ms=at_ms, values_centi=values, boot="b"),
    )


def restarts_table(journals: tuple[tuple[int, int], ...] = JOURNALS) -> Table:
    """Return how long a restart takes with a snapshot and without one."""
    settings = load_settings(ROOT / "config").ward
    rows = []
    for n_beds, seconds in journals:
        with tempfile.TemporaryDirectory() as folder:
            with journal_at(Path(folder)) as journal:
                live(journal, settings, n_beds, seconds)
            with_it, without = Taken(), Taken()
            with_it.call(restart, Path(folder), settings, PROGRAM)
            without.call(restart, Path(folder), settings, "another program")
        rows.append(
            (
                f"{n_beds} beds, {seconds // 60} min",
                (
                    cell(without.wall_ns[0] / 1e9, "s"),
                    cell(with_it.wall_ns[0] / 1e9, "s"),
                    ratio(without.wall_ns[0], with_it.wall_ns[0]),
                ),
            )
        )
    return Table(
        title="A restart",
        columns=("whole journal", "from a snapshot", "shorter"),
        rows=tuple(rows),
    )


def folding_table(beds: tuple[int, ...] = FOLDED_BEDS, seconds: int = FOLDED_S) -> Table:
    """Return what it costs to fold an hour or 4 000 messages, and the room that is won."""
    settings = load_settings(ROOT / "config").ward
    rows = []
    for n_beds in beds:
        with tempfile.TemporaryDirectory() as folder, journal_at(Path(folder)) as journal:
            live(journal, settings, n_beds, seconds)
            (before,) = next(journal.rows(SIZE_OF_VITALS))
            folder_of = Folder(journal, keep_ms=1, keep_chunks_ms=10**15)
            bites = Taken()
            folder_of.plan(2 * seconds * 1000 + HOUR_MS)
            while bites.call(folder_of.bite):
                pass
            (left,) = next(journal.rows(SIZE_OF_VITALS))
            (packed,) = next(journal.rows("SELECT coalesce(sum(length(body)), 0) FROM chunk"))
            messages = journal.about.folded.message
        rows.append(
            (
                f"{n_beds} beds",
                (
                    cell(messages, "messages"),
                    cell(bites.wall_ms, "ms"),
                    cell(max(bites.wall_ns) / 1e6, "ms"),
                    cell((before - left) / 1e3, "kB"),
                    cell(packed / 1e3, "kB"),
                ),
            )
        )
    return Table(
        title="Folding old vitals",
        columns=("folded", "a bite", "longest bite", "before", "packed"),
        rows=tuple(rows),
        notes=("The longest bite is the commit of all that is folded together.",),
    )


def live(journal: Journal, settings: WardSettings, n_beds: int, seconds: int) -> None:
    """Write a journal of a ward, with a snapshot near its end."""
    memory = Memory(Ward(settings, unit=UNIT), journal)
    upkeep = Upkeep(memory, RecoveryParams(), program=PROGRAM)
    for second in range(1, seconds + 1):
        if second == seconds - 30:
            upkeep.finish()
        beds = [bed for bed in range(n_beds) if bed % EVERY_S == second % EVERY_S]
        raw = [message(second, second, bed) for bed in beds]
        step = journal.append_step(second * 1000, raw)
        inputs = decoded(raw)
        effects = memory.ward.take(second * 1000, inputs)
        memory.announced(effects)
        memory.receipts.keep(inputs, second * 1000)
        journal.append_effects(step, effects)
        memory.last_ms = second * 1000


def restart(folder: Path, settings: WardSettings, program: str) -> None:
    """Open a journal as a started monitor does, and bring a fresh ward to its end."""
    with journal_at(folder) as journal:
        resume(Memory(Ward(settings, unit=UNIT), journal), program=program)


if __name__ == "__main__":
    sys.stdout.buffer.write(
        msgspec.json.encode((snapshots_table(), restarts_table(), folding_table()))
    )
