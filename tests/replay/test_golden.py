"""Golden recordings: what the ward makes of them is blessed, and a change is read as a diff.

``make bless`` (``IRM_BLESS=1``) rewrites the blessed effects; without it they must be equal but
for the configuration that they name. The recordings themselves are written by ``making.py``.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from monitor.adapters.journal import effect_bytes
from monitor.adapters.recording import read_header, read_recording
from monitor.effects import AnyEffect
from monitor.records import RecordedStep
from monitor.replay import digest, first_difference, replay
from monitor.settings import load_settings
from monitor.ward import Ward

HERE = Path(__file__).parent
CONFIG = HERE.parents[1] / "config"
RECORDINGS = sorted((HERE / "recordings").glob("*.jsonl*"))
BLESSING = os.environ.get("IRM_BLESS", "") == "1"
DAY_MS = 86_400_000

TIMED_BY_THE_STEP = frozenset({"advice", "device"})
"""Effects that only a step can cause, because they compare with ``now``; see docs/replay.md."""


@pytest.fixture(scope="module", params=RECORDINGS, ids=lambda path: path.name.split(".")[0])
def recording(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def fresh_ward(recording: Path) -> Ward:
    return Ward(load_settings(CONFIG).ward, unit=read_header(recording).unit)


def effects_of(recording: Path, steps: Iterable[RecordedStep]) -> list[AnyEffect]:
    replayed = replay(steps, fresh_ward(recording))
    return [effect for _, effects in replayed for effect in effects]


def blessed_of(recording: Path) -> Path:
    return HERE / "blessed" / f"{recording.name.split('.')[0]}.jsonl"


def without_configuration(line: bytes) -> bytes:
    """Leave out the digests of the configuration, so that a comment in it changes no file."""
    return re.sub(rb'"(config|rulebook)":"[^"]*"', rb'"\1":""', line)


def test_there_are_golden_recordings() -> None:
    assert len(RECORDINGS) >= 3
    assert all(path.stat().st_size < 200_000 for path in RECORDINGS)


def test_the_effects_are_the_blessed_ones(recording: Path) -> None:
    effects = effects_of(recording, read_recording(recording))
    lines = [without_configuration(effect_bytes(effect)) for effect in effects]
    blessed = blessed_of(recording)
    if BLESSING:
        blessed.write_bytes(b"".join(line + b"\n" for line in lines))
    assert blessed.is_file(), f"{blessed} is missing; run make bless and read it"

    assert first_difference(blessed.read_bytes().splitlines(), lines) == ""


def test_a_second_replay_gives_the_same_bytes(recording: Path) -> None:
    first = digest(effects_of(recording, read_recording(recording)))

    assert digest(effects_of(recording, read_recording(recording))) == first
