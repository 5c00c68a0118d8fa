"""How fast archives are replayed: one core, two processes, and a Dask cluster of two workers.

A simulated cohort is written to files first; what is measured is all of the rest: reading,
decompressing, decoding, the ward, the digest of the effects, and the starting of the workers. Every
engine must come to the same digest. Run by itself, because it takes minutes:
``python -m benchmarks.archives --wards 4 --beds 50 --hours 4``.
"""

import argparse
import io
import resource
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.measuring import ROOT, Cell, Table, Taken, cell, machine, printed
from monitor.cohort_files import write_cohort
from monitor.engines.cluster import DaskEngine
from monitor.engines.local import ProcessEngine, SerialEngine
from monitor.engines.work import Engine
from monitor.study.archive import ArchiveReplayed, archive_items, archive_replayed
from monitor.study.runs import Run
from simulators.cohorts import Cohort

WORKERS: Final = 2
ARCHIVE_SESSIONS: Final = 1_000_000
DAY_S: Final = 86_400


class DigestError(Exception):
    """An engine that came to another result."""


def engines() -> tuple[tuple[str, Engine], ...]:
    """Return the contestants with their names."""
    return (
        ("one core, serial", SerialEngine()),
        ("two processes", ProcessEngine(WORKERS)),
        ("Dask, two worker processes", DaskEngine(jobs=WORKERS)),
    )


def _processor_s() -> float:
    """Return the processor time of this process and of all children that have ended."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(one)[:2]) for one in whose)


def archives_table(cohort: Cohort, contestants: Sequence[tuple[str, Engine]]) -> Table:
    """Return how many patient-hours each engine replays in a second, and a plan from that.

    Raises
    ------
    DigestError
        If an engine comes to another digest than the first.
    """
    rows: list[tuple[str, tuple[Cell | None, ...]]] = []
    hours = cohort.sessions * cohort.hours
    with tempfile.TemporaryDirectory(prefix="irm-archive-") as scratch:
        folder = Path(scratch)
        write_cohort(cohort, folder, engine=SerialEngine(), software="bench", err=io.StringIO())
        items = archive_items([folder], ROOT / "config")
        n_bytes = sum(path.stat().st_size for path in folder.glob("*.jsonl.gz"))
        first: ArchiveReplayed | None = None
        first_s = 0.0
        for name, engine in contestants:
            taken, before_s = Taken(), _processor_s()
            run = Run(engine=engine)
            found = taken.call(archive_replayed, items, run, config="bench", err=io.StringIO())
            wall_s, cpu_s = taken.wall_ms / 1000, _processor_s() - before_s
            if first is None:
                first, first_s = found, cpu_s
            elif found.digest != first.digest:
                raise DigestError(f"{name}: {found.digest}, not {first.digest}")
            days = ARCHIVE_SESSIONS * cohort.hours / (hours / cpu_s) / DAY_S
            rows.append(
                (
                    name,
                    (
                        cell(wall_s, "s"),
                        cell(hours / wall_s, "patient-h/s"),
                        cell(cpu_s, "s"),
                        cell(hours / cpu_s, "patient-h/s"),
                        cell(days, "core-days"),
                    ),
                )
            )
    chunk_s = first_s / len(items)
    gigabytes = n_bytes / cohort.sessions * ARCHIVE_SESSIONS / 1e9
    return Table(
        title=(
            f"An archive of {cohort.sessions} sessions of {cohort.hours:g} h, "
            f"{len(items)} files, a set every {cohort.cadence_s} s"
        ),
        columns=("wall", "by wall", "CPU", "by CPU", "a million sessions"),
        rows=tuple(rows),
        notes=(
            f"{hours:.0f} patient-hours, {first.messages if first else 0:,} messages; one digest.",
            f"a file of {cohort.sessions // len(items)} sessions takes {chunk_s:.1f} s of one core",
            f"and has {n_bytes / len(items) / 1e6:.2f} MB; a million sessions {gigabytes:.0f} GB.",
            "wall and CPU (of all processes) include the start of workers, which a long run pays",
            "once; on a machine with other work only CPU can be compared.",
        ),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archives", description=__doc__)
    parser.add_argument("--wards", type=int, default=4, help="files")
    parser.add_argument("--beds", type=int, default=50, help="sessions of a file")
    parser.add_argument("--hours", type=float, default=4, help="length of a session")
    parser.add_argument("--cadence", type=int, default=30, help="seconds between two sets")
    options = parser.parse_args()
    cohort = Cohort(
        sessions=options.wards * options.beds,
        beds_per_file=options.beds,
        hours=options.hours,
        cadence_s=options.cadence,
        seed=1,
    )
    print(", ".join(f"{name} {value}" for name, value in machine().items()), flush=True)
    print(printed(archives_table(cohort, engines())))


if __name__ == "__main__":
    main()
