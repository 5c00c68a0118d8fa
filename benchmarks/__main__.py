"""What a step, a message and a session cost: ``make bench``.

Figures are processor time of this thread, the median of several runs, so that other programs
disturb them little. They hold for the machine that made them; compare two versions on one
machine, never two machines. Nothing here fails a build.
"""

import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from detectors.channels import N_CHANNELS, Int32
from detectors.detection import Detection, Round
from monitor.adapters.recording import read_header, read_recording
from monitor.messages import decode
from monitor.records import Input
from monitor.replay import replay
from monitor.settings import load_settings
from monitor.ward import Ward
from monitor.ward_settings import WardSettings

ROOT: Final = Path(__file__).resolve().parents[1]
SESSION: Final = ROOT / "tests" / "replay" / "recordings" / "anaphylaxis.jsonl.gz"
STARTED_MS: Final = 1_795_514_400_000
QUIET_CENTI: Final = (7200, 12100, 7500, 9000, 3670, 9800, 1400)
"""A person at rest, in the order of the channels."""

RUNS: Final = 7


def cpu_ms(work: Callable[[], object], *, repeat: int = 1) -> float:
    """Return the processor time of one call [ms], the median of several runs."""
    taken = []
    for _ in range(RUNS):
        began_ns = time.thread_time_ns()
        for _ in range(repeat):
            work()
        taken.append((time.thread_time_ns() - began_ns) / repeat / 1e6)
    return statistics.median(taken)


class QuietWard:
    """Beds with a baseline whose vitals move a little with every round."""

    def __init__(self, settings: WardSettings, n_beds: int) -> None:
        self.detection = Detection(settings.detection, n_beds)
        self.beds: Int32 = np.arange(n_beds, dtype=np.int32)
        self.rng = np.random.default_rng(1)
        self.now_ms = STARTED_MS
        self.detection.taking_baseline[:] = True
        for _ in range(8):
            self.next_round(after_s=60)
        self.detection.taking_baseline[:] = False
        self.detection.judging[:] = True

    def next_round(self, *, after_s: int = 1) -> None:
        """Judge one message of all channels from every bed."""
        self.now_ms += after_s * 1000
        shape = (len(self.beds), N_CHANNELS)
        noise = self.rng.integers(-90, 90, shape, dtype=np.int32)
        self.detection.take(
            Round(
                bed=self.beds,
                value_centi=np.array(QUIET_CENTI, np.int32) + noise,
                measured_ms=np.full(shape, self.now_ms, np.int64),
                flags=np.zeros(shape, np.uint16),
            )
        )


def main() -> None:
    """Print the table."""
    settings = load_settings(ROOT / "config").ward
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}")
    print(f"\n{'one round of every bed, all channels':44}{'CPU':>10}{'readings/s':>14}")
    for n_beds in (1, 100, 1_000, 10_000):
        ward = QuietWard(settings, n_beds)
        cost_ms = cpu_ms(ward.next_round, repeat=max(1, 2_000 // n_beds))
        rate = n_beds * N_CHANNELS / cost_ms * 1000
        print(f"  {n_beds:>6} beds {'':31}{cost_ms:>7.2f} ms{rate:>14,.0f}")

    steps = tuple(read_recording(SESSION))
    messages = [raw for step in steps for raw in step.messages]
    unit = read_header(SESSION).unit

    def decoded() -> list[Input]:
        return [decode(raw, position=0) for raw in messages]

    def replayed() -> int:
        return sum(len(effects) for _, effects in replay(steps, Ward(settings, unit=unit)))

    per_message_us = cpu_ms(decoded) / len(messages) * 1000
    minutes = (steps[-1].now_ms - steps[0].now_ms) / 60_000
    print(f"\n{'decoding one message':44}{per_message_us:>7.1f} µs")
    print(f"{f'replaying a session of {minutes:.0f} min, {len(steps)} steps':44}", end="")
    print(f"{cpu_ms(replayed):>7.0f} ms")


if __name__ == "__main__":
    main()
