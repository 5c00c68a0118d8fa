"""Feeds one target guided by coverage: ``python -m scripts.fuzz_guided TARGET SECONDS``.

Needs ``tests`` on the path and atheris, with which libFuzzer sees the branches of this program
that an input reaches; ``scripts/fuzz.py`` starts it for one target after the other. Inputs that
reached something new are kept in ``var/fuzz/corpus`` and are where the next run begins.
"""

import random
import sys
import zlib
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["monitor", "detectors"]):
    from fuzzing import KEPT, ROOT, TARGETS, altered, seeds

from scripts.fuzz_findings import keep, kind_of

FOLDER: Final = ROOT / "var" / "fuzz"
BYTES_MAX: Final = 16_384
LARGE_MAX: Final = 262_144
LARGE: Final = frozenset({"journal", "snapshot"})
"""Their seeds are files of databases."""

HANGS_S: Final = 30
MEGABYTES_MAX: Final = 3_000


def corpus(name: str) -> Path:
    """Return the folder of inputs of a target, with its seeds and what broke it once."""
    folder = FOLDER / "corpus" / name
    folder.mkdir(parents=True, exist_ok=True)
    kept = [path.read_bytes() for path in sorted(KEPT.glob(f"{name}-*.bin"))]
    for body in (*seeds(name), *kept):
        (folder / f"seed-{zlib.crc32(body):08x}").write_bytes(body)
    return folder


def main(name: str, seconds: int) -> None:
    """Feed a target for so long; libFuzzer ends the process."""
    target, firsts = TARGETS[name], seeds(name)

    def feed(body: bytes) -> None:
        try:
            target(body)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is a finding
            keep(name, body, kind_of(name, fault))

    def changed(body: bytes, size_max: int, seed: int) -> bytes:
        chance = random.Random(seed)  # noqa: S311 - not a secret
        if chance.random() < 0.5:  # noqa: PLR2004 - libFuzzer's own ways every second time
            return altered(body, firsts, chance)[:size_max]
        return bytes(atheris.Mutate(body, size_max))

    broken = FOLDER / "broken"
    broken.mkdir(parents=True, exist_ok=True)
    atheris.Setup(
        [
            sys.argv[0],
            str(corpus(name)),
            f"-max_total_time={seconds}",
            f"-max_len={LARGE_MAX if name in LARGE else BYTES_MAX}",
            f"-timeout={HANGS_S}",
            f"-rss_limit_mb={MEGABYTES_MAX}",
            f"-artifact_prefix={broken}/{name}-",
        ],
        feed,
        custom_mutator=changed,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
