"""A program of ours on a machine whose clock somebody sets, by a file that says how far.

``python -m scripts.set_clock FILE MODULE ARGUMENT...`` runs a module with a time of day that is
so many seconds ahead of the real one as FILE says whenever it is asked. The counter that only
goes forward stays what it is, as it does when a real clock is set.
"""

import runpy
import sys
import time
from pathlib import Path
from typing import Final

NS: Final = 1_000_000_000


def set_by(ahead: Path) -> None:
    """Let the time of day of this process be ahead by the seconds that a file holds."""
    real_ns = time.time_ns

    def time_ns() -> int:
        return real_ns() + int(ahead.read_text(encoding="ascii")) * NS

    time.time_ns = time_ns
    time.time = lambda: time_ns() / NS


def put(ahead: Path, seconds: int) -> None:
    """Set the clocks of all programs that look into a file."""
    new = ahead.with_name(f"{ahead.name}.new")
    new.write_text(str(seconds), encoding="ascii")
    new.replace(ahead)


if __name__ == "__main__":
    set_by(Path(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
