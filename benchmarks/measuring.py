"""How things are measured and shown: interleaved calls, medians, one table a question.

Times of work on one thread are processor time of the process (which other programs disturb
little) and wall time, taken around the same call. Whatever is compared is called in turns within
one run, so that a machine that slows down slows down everything.
"""

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import msgspec

ROOT: Final = Path(__file__).resolve().parents[1]

ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Keeps matrix products on the thread that asks for them, as one core of a server would."""

P = ParamSpec("P")
T = TypeVar("T")


class Cell(msgspec.Struct, frozen=True):
    """One figure as it is shown and, for programs, its number and unit."""

    shown: str
    value: float
    unit: str


class Table(msgspec.Struct, frozen=True):
    """The answer to one question; every row is a name and one cell a column."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    notes: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """Everything that one run has measured, and on what."""

    machine: dict[str, str]
    tables: tuple[Table, ...]


class Taken:
    """Processor and wall times of the calls of one contestant."""

    def __init__(self) -> None:
        self.cpu_ns: list[int] = []
        self.wall_ns: list[int] = []

    def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call something and keep how long it took."""
        wall_ns, cpu_ns = time.perf_counter_ns(), time.process_time_ns()
        result = work(*args, **kwargs)
        self.cpu_ns.append(time.process_time_ns() - cpu_ns)
        self.wall_ns.append(time.perf_counter_ns() - wall_ns)
        return result

    @property
    def cpu_ms(self) -> float:
        """Median processor time of a call."""
        return statistics.median(self.cpu_ns) / 1e6

    @property
    def wall_ms(self) -> float:
        """Median wall time of a call."""
        return statistics.median(self.wall_ns) / 1e6

    @property
    def cpu_s(self) -> float:
        """Processor time of all calls together."""
        return sum(self.cpu_ns) / 1e9


def cell(value: float, unit: str) -> Cell:
    """Return a figure with the digits that count."""
    return Cell(shown=f"{digits(value)} {unit}".rstrip(), value=value, unit=unit)


def digits(value: float) -> str:
    """Return a number with three digits, or all digits before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"  # noqa: PLR2004 - three digits


def ratio(value: float, against: float) -> Cell:
    """Return how many times as much one thing takes as another."""
    return Cell(shown=f"{digits(value / against)} x", value=value / against, unit="")


def share(values: Sequence[float], part: float) -> float:
    """Return the value below which a part of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def machine() -> dict[str, str]:
    """Return what the figures hold for."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "commit": _commit(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - git, with arguments from this file
            ["git", *arguments],  # noqa: S607 - whichever git the developer uses
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    changed = git("status", "--porcelain", "--", "detectors", "monitor", "simulators", "benchmarks")
    return f"{commit} with changes" if changed else commit


def printed(table: Table) -> str:
    """Return a table as text."""
    lines = [["", *table.columns]]
    lines += [[name, *(c.shown if c else "-" for c in cells)] for name, cells in table.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = [table.title]
    for line in lines:
        padded = [line[0].ljust(widths[0])]
        padded += [shown.rjust(width) for shown, width in zip(line[1:], widths[1:], strict=True)]
        text.append("  " + "  ".join(padded).rstrip())
    text += [f"  {note}" for note in table.notes]
    return "\n".join(text)
