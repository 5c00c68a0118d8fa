"""What fuzzing has found: one input of each kind, kept where the tests feed it ever after."""

import re
import traceback
import zlib
from pathlib import Path
from typing import Final

from fuzzing import KEPT, ROOT

TOLD: Final = ROOT / "var" / "fuzz" / "told.txt"
"""Kinds that were found since this file was removed; each is kept once."""

_VALUES: Final = re.compile(r"0x[0-9a-f]+|[0-9]+|'[^']*'|\"[^\"]*\"")
WORDS_MAX: Final = 100


def kind_of(name: str, fault: BaseException) -> str:
    """Return what makes a finding another one: target, fault, and the line of ours it came from."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [one for one in frames if "/monitor/" in one.filename or "/detectors/" in one.filename]
    last = (ours or frames)[-1]
    words = _VALUES.sub("*", str(fault).split("\n", 1)[0])[:WORDS_MAX]
    return f"{name} {type(fault).__name__} {Path(last.filename).name}:{last.lineno} {words}"


def keep(name: str, body: bytes, kind: str) -> bool:
    """Keep an input that broke a target, unless its kind is known; return whether it was new."""
    TOLD.parent.mkdir(parents=True, exist_ok=True)
    if TOLD.exists() and kind in TOLD.read_text(encoding="utf-8").splitlines():
        return False
    with TOLD.open("a", encoding="utf-8") as file:
        file.write(f"{kind}\n")
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{name}-{zlib.crc32(body):08x}.bin"
    path.write_bytes(body)
    print(f"{path}: {kind}", flush=True)
    return True
