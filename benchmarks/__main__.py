"""What a step, a message and a replay cost: ``make bench``, or ``python -m benchmarks --json``.

Every benchmark runs in a process of its own, one after the other, so that none finds the memory
or the threads of another. Figures hold for the machine that made them: compare two versions on
one machine, never two machines. Nothing here fails a build because it is slow; a peer that
decides otherwise than the core does.
"""

import argparse
import os
import subprocess
import sys
from typing import Final

import msgspec

from benchmarks.measuring import ONE_THREAD, ROOT, Report, Table, machine, printed

BENCHMARKS: Final = ("steps", "cohorts", "peers", "replays", "messages", "restarts", "page")


def measured(name: str) -> tuple[Table, ...]:
    """Run one benchmark in a process of its own and return what it found."""
    done = subprocess.run(  # noqa: S603 - this Python and a program of ours
        [sys.executable, "-m", f"benchmarks.{name}"],
        cwd=ROOT,
        check=True,
        env={**os.environ, **ONE_THREAD},
        stdout=subprocess.PIPE,
    )
    return msgspec.json.decode(done.stdout, type=tuple[Table, ...])


def main() -> None:
    """Measure, and print tables or JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--only", choices=BENCHMARKS, help="run one benchmark")
    options = parser.parse_args()
    about = machine()
    if not options.json:
        print(", ".join(f"{name} {value}" for name, value in about.items()), flush=True)
    tables: list[Table] = []
    for name in (options.only,) if options.only else BENCHMARKS:
        found = measured(name)
        tables += found
        if not options.json:
            print("\n" + "\n\n".join(printed(table) for table in found), flush=True)
    if options.json:
        report = Report(machine=about, tables=tuple(tables))
        print(msgspec.json.format(msgspec.json.encode(report)).decode())


if __name__ == "__main__":
    main()
