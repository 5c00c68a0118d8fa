"""Feeds every decoder with nearly right bytes: ``python -m scripts.fuzz MINUTES``.

Needs ``tests`` on the path. With atheris in the environment inputs are guided by the branches that
they reach, one target after the other, each in a process of its own for a while and again in the
next round; without it they are changed blindly. What breaks a target is written to
``tests/corpus/fuzz`` and printed.
"""

import importlib.util
import random
import re
import subprocess
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fuzzing import KEPT, ROOT, SLOW, TARGETS, broken

from scripts.fuzz_findings import keep, kind_of

TURN_S: Final = 150
LEAST_S: Final = 5
GRACE_S: Final = 240
"""So much longer than its turn a target may take: to begin, and to be found hanging."""

FOLDER: Final = ROOT / "var" / "fuzz"
_DONE: Final = re.compile(r"^Done (\d+) runs", re.MULTILINE)
_RUNS: Final = re.compile(r"^#(\d+)\s", re.MULTILINE)
_COVERED: Final = re.compile(r"cov: (\d+) .* corp: (\d+)")


@dataclass(slots=True)
class Fed:
    """What became of one target: inputs, seconds, branches reached, inputs worth keeping."""

    inputs: int = 0
    seconds: float = 0.0
    covered: int = 0
    corpus: int = 0
    found: int = 0


def main(minutes: float) -> int:
    """Feed all targets in turn for so long; print what came of it, and what broke one."""
    until_s = time.monotonic() + minutes * 60
    fed = {name: Fed() for name in TARGETS}
    if importlib.util.find_spec("atheris") is None:
        print("fuzz: without atheris, so inputs are changed blindly", flush=True)
        turn = plain_turn
    else:
        turn = guided_turn
    while (left_s := until_s - time.monotonic()) > LEAST_S:
        for name in TARGETS:
            if (left_s := until_s - time.monotonic()) <= LEAST_S:
                break
            share_s = min(TURN_S, max(LEAST_S, minutes * 60 / len(TARGETS)), left_s)
            turn(name, share_s, fed[name])
    print(f"{'target':<14}{'inputs':>12}{'minutes':>9}{'branches':>10}{'corpus':>8}{'found':>7}")
    for name, one in fed.items():
        print(
            f"{name:<14}{one.inputs:>12,}{one.seconds / 60:>9.1f}{one.covered:>10,}"
            f"{one.corpus:>8,}{one.found:>7}"
        )
    inputs, found = (sum(getattr(one, key) for one in fed.values()) for key in ("inputs", "found"))
    print(f"{inputs:,} inputs, {found} findings")
    return int(found > 0)


def plain_turn(name: str, seconds: float, fed: Fed) -> None:
    """Feed a target with bytes that are changed blindly."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < seconds:
        rounds = 1 if name in SLOW else 60
        chance = random.Random(time.time_ns())  # noqa: S311 - not a secret
        for body, fault in broken(name, chance, rounds):
            fed.found += keep(name, body, kind_of(name, fault))
        fed.inputs += rounds
    fed.seconds += time.monotonic() - began_s


def guided_turn(name: str, seconds: float, fed: Fed) -> None:
    """Feed a target guided by coverage, in a process of its own."""
    began_s, before = time.monotonic(), set(KEPT.glob("*.bin"))
    folder = FOLDER / "broken"
    folder.mkdir(parents=True, exist_ok=True)
    log = FOLDER / f"{name}.log"
    command = [sys.executable, "-m", "scripts.fuzz_guided", name, str(round(seconds))]
    with log.open("wb") as said:
        try:
            subprocess.run(  # noqa: S603 - this program itself
                command, cwd=ROOT, stderr=said, check=False, timeout=seconds + GRACE_S
            )
        except subprocess.TimeoutExpired:
            print(f"{name}: did not end by itself; see {log}", flush=True)
    text = log.read_text(encoding="utf-8", errors="replace")
    runs = _DONE.findall(text) or _RUNS.findall(text) or ["0"]
    covered = _COVERED.findall(text) or [("0", "0")]
    fed.inputs += int(runs[-1])
    fed.covered, fed.corpus = (int(one) for one in covered[-1])
    fed.seconds += time.monotonic() - began_s
    for path in sorted(folder.iterdir()):
        _take_over(name, path)
    fed.found += len(set(KEPT.glob("*.bin")) - before)


def _take_over(name: str, path: Path) -> None:
    """Keep an input at which libFuzzer gave up: it hung, or took too much memory."""
    body, reason = path.read_bytes(), path.name.removeprefix(f"{name}-").partition("-")[0]
    if reason != "slow":
        keep(name, body, f"{name} {reason} {zlib.crc32(body):08x}")
    path.unlink()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
