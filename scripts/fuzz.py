"""Feeds every decoder with nearly right bytes: ``python -m scripts.fuzz MINUTES``.

Needs ``tests`` on the path. What breaks a decoder is written to ``tests/corpus/fuzz`` and printed.
"""

import random
import sys
import time
import zlib

from fuzzing import KEPT, SLOW, TARGETS, broken


def main(minutes: float) -> int:
    """Feed all targets in turn for so long; write and print what breaks one."""
    until_s, seed, found, fed = time.monotonic() + minutes * 60, time.time_ns(), 0, 0
    told: set[tuple[str, str]] = set()
    while time.monotonic() < until_s:
        for name in TARGETS:
            seed, rounds = seed + 1, 1 if name in SLOW else 60
            fed += rounds
            chance = random.Random(seed)  # noqa: S311 - not a secret
            for body, fault in broken(name, chance, rounds):
                kind = (name, f"{type(fault).__name__}: {fault}"[:60])
                if kind in told:
                    continue
                told.add(kind)
                found += 1
                KEPT.mkdir(parents=True, exist_ok=True)
                path = KEPT / f"{name}-{zlib.crc32(body):08x}.bin"
                path.write_bytes(body)
                print(f"{path}: {kind[1]}", flush=True)
    print(f"{fed} inputs, {found} findings")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
