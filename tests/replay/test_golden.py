"""Golden recordings: what the ward makes of them is blessed, and a change is read as a diff.

``make bless`` (``IRM_BLESS=1``) rewrites the blessed effects; without it they must be equal but
for the configuration that they name. The recordings themselves are written by ``making.py``.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from ward_builders import quiet_loop

from monitor.adapters.ledger import effect_bytes
from monitor.adapters.recording import read_header, read_recording
from monitor.facts.effects import AlertChanged, AlertEscalated, AnyEffect, GradeChanged
from monitor.facts.records import RawMessage, RecordedStep
from monitor.replay import digest, first_difference, rebatch, replay
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings

HERE = Path(__file__).parent
CONFIG = HERE.parents[1] / "config"
RECORDINGS = sorted((HERE / "recordings").glob("*.jsonl*"))
BLESSING = os.environ.get("IRM_BLESS", "") == "1"
DAY_MS = 86_400_000

NOT_YET_A_TIME = 10**12
"""Numbers from here on are times in milliseconds; nothing else in an effect is so large."""


@pytest.fixture(scope="module", params=RECORDINGS, ids=lambda path: path.name.split(".")[0])
def recording(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@cache
def settings() -> WardSettings:
    return load_settings(CONFIG).ward


def effects_of(
    recording: Path, steps: Iterable[RecordedStep], given: WardSettings | None = None
) -> list[AnyEffect]:
    ward = Ward(given or settings(), unit=read_header(recording).unit)
    replayed = replay(steps, ward)
    return [effect for _, effects in replayed for effect in effects]


@cache
def effects_as_recorded(recording: Path) -> tuple[AnyEffect, ...]:
    return tuple(effects_of(recording, read_recording(recording)))


def blessed_of(recording: Path) -> Path:
    return HERE / "blessed" / f"{recording.name.split('.')[0]}.jsonl"


def without_configuration(line: bytes) -> bytes:
    """Leave out the digests of the configuration, so that a comment in it changes no file."""
    return re.sub(rb'"(config|rulebook)":"[^"]*"', rb'"\1":""', line)


def test_there_are_golden_recordings() -> None:
    assert len(RECORDINGS) >= 3
    assert all(path.stat().st_size < 200_000 for path in RECORDINGS)


def test_the_effects_are_the_blessed_ones(recording: Path) -> None:
    effects = effects_as_recorded(recording)
    lines = [without_configuration(effect_bytes(effect)) for effect in effects]
    blessed = blessed_of(recording)
    if BLESSING:
        blessed.write_bytes(b"".join(line + b"\n" for line in lines))
    assert blessed.is_file(), f"{blessed} is missing; run make bless and read it"

    assert first_difference(blessed.read_bytes().splitlines(), lines) == ""


def test_a_second_replay_gives_the_same_bytes(recording: Path) -> None:
    again = effects_of(recording, read_recording(recording))

    assert digest(again) == digest(effects_as_recorded(recording))


def decided_by_readings(effects: Iterable[AnyEffect]) -> list[bytes]:
    """Leave out what compares with the time of a step: silence, want of data, unanswered calls."""
    lines = []
    for effect in effects:
        by_time = isinstance(effect, AlertChanged) and effect.kind == "technical"
        for_want = isinstance(effect, GradeChanged) and -1 in {effect.grade, effect.before}
        unanswered = isinstance(effect, AlertEscalated)
        if not (by_time or for_want or unanswered):
            lines.append(effect_bytes(effect))
    return lines


@pytest.mark.parametrize("window_ms", [0, 5_000, 60_000])
def test_other_boundaries_decide_the_same(recording: Path, window_ms: int) -> None:
    """The clock of mitigation stands still as well: it compares with the time of a step."""
    given = quiet_loop(settings())
    whole = decided_by_readings(effects_of(recording, read_recording(recording), given))
    cut = rebatch(read_recording(recording), window_ms=window_ms)

    assert decided_by_readings(effects_of(recording, cut, given)) == whole
    assert len(whole) > 10


def shifted(steps: Iterable[RecordedStep], days: int) -> Iterator[RecordedStep]:
    for step in steps:
        messages = tuple(
            RawMessage(
                received_ms=raw.received_ms + days * DAY_MS,
                topic=raw.topic,
                payload=shifted_payload(raw.payload, days),
                retained=raw.retained,
            )
            for raw in step.messages
        )
        yield RecordedStep(now_ms=step.now_ms + days * DAY_MS, messages=messages)


STAMP = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d")


def shifted_payload(payload: bytes, days: int) -> bytes:
    def moved(found: re.Match[bytes]) -> bytes:
        stamp = datetime.fromisoformat(found[0].decode()) + timedelta(days=days)
        return stamp.isoformat().encode()

    return STAMP.sub(moved, payload)


def unshifted(effects: Iterable[AnyEffect], days: int) -> list[object]:
    """Move times back, and give ids, which derive from the onset, the numbers of their order."""
    ids: dict[str, int] = {}

    def moved(value: object, name: str = "") -> object:
        match value:
            case dict():
                return {key: moved(inner, key) for key, inner in value.items()}
            case list():
                return [moved(inner) for inner in value]
            case int() if value > NOT_YET_A_TIME:
                return value - days * DAY_MS
            case str() if name in {"id", "alert"} and value:
                return ids.setdefault(value, len(ids))
            case str() if name in {"sha256", "excerpt"}:
                return ""
        return value

    return [moved(json.loads(effect_bytes(effect))) for effect in effects]


@pytest.mark.parametrize("days", [1, 90, -400])
def test_the_same_story_on_another_day_has_the_same_effects(recording: Path, days: int) -> None:
    here = effects_as_recorded(recording)
    there = effects_of(recording, shifted(read_recording(recording), days))

    assert unshifted(there, days) == unshifted(here, 0)
    assert digest(there) != digest(here)
