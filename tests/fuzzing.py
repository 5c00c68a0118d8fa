"""Decoders that strangers and disks can feed, and bytes that are nearly right.

A target takes any bytes and may end in no other way than by returning or by the error that its
reader promises. The tests feed a few; ``make fuzz MINUTES=60`` feeds them for so long and writes
what breaks one to ``tests/corpus/fuzz``, which the tests feed to its target ever after.
"""

import random
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
from builders import ward_settings
from fuzz_readers import READER_TARGETS, reader_seeds
from fuzz_station import station, station_seeds
from fuzz_tables import TABLE_TARGETS, table_seeds
from journal_runs import T0_MS, messages
from wire import INBOUND, raw

from monitor.adapters import columns
from monitor.adapters.chunks import unpacked
from monitor.adapters.ledger import LedgerRow
from monitor.adapters.reconciliation import meaning, revision
from monitor.adapters.recording import (
    Header,
    InputFileError,
    Remarks,
    header_line,
    open_recording,
    step_line,
)
from monitor.adapters.resumption import decoded
from monitor.facts.records import RawMessage, RecordedStep
from monitor.settings.config_files import read_all
from monitor.settings.settings import ConfigError, settings_of
from monitor.ward.snapshots import SnapshotError
from monitor.ward.ward import Ward
from monitor.wire.leases import lease_of, standby_of
from monitor.wire.messages import decode
from monitor.wire.topics import KINDS

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = ROOT / "config"
KEPT: Final = ROOT / "tests" / "corpus" / "fuzz"
MAP: Final = b"""bed = "chair"
time = { column = "when", unit = "min" }
[channels]
hr = { column = "pulse", unit = "bpm" }
"""
TABLE: Final = b"when,chair,pulse\n0,A,70\n1,B,80\n5,A,fast\n"
TOKENS: Final = (
    b"null", b"-1", b"1e999", b"NaN", b"9" * 25, b'""', b"[" * 40, b"{}", b"\x00", b"\xff\xfe",
    b"\xf0\x9f\x92\x89", b"\\ud800", b"true", b"0.1", b"[[", b"= ", b"\n", b",",
    b'"', b"2026-02-30",
)  # fmt: skip

Target = Callable[[bytes], None]


def wire(body: bytes) -> None:
    """Decode a payload as every kind of message, and as a topic."""
    for kind in KINDS:
        decode(raw(kind, body), position=0)
    with suppress(UnicodeDecodeError):
        decode(RawMessage(received_ms=T0_MS, topic=body.decode(), payload=b"{}"), position=0)


def unit_talk(body: bytes) -> None:
    """Read what is said to be a monitor's own word: leases, standbys, what stands."""
    lease_of(body)
    standby_of(body)
    for kind in ("alert/a", "advice", "state"):
        meaning(f"irm/v1/u/1/_/{kind}", body)
        revision(f"irm/v1/u/1/_/{kind}", body)


def ledger_row(body: bytes) -> None:
    """Read the effect of a row of the ledger."""
    with suppress(ValueError):
        LedgerRow(n=1, step=1, at_ms=0, kind="", bed="", body=body, hash=b"").effect()


def chunk(body: bytes) -> None:
    """Unpack vitals, from packed bytes and from bytes inside the packing."""
    for packed in (body, zlib.compress(body)):
        for count in (1, 3):
            with suppress(ValueError):
                unpacked(packed, count)


def recording(body: bytes) -> None:
    """Read a recording."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.jsonl"
        path.write_bytes(body)
        with suppress(InputFileError):
            for step in open_recording(path, Remarks()).steps:
                decoded(step.messages)


def table(body: bytes) -> None:
    """Read a table and its map, which stand behind each other."""
    first, _, second = body.partition(b"\x1e")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(first)
        path.with_name("t.columns.toml").write_bytes(second)
        with suppress(InputFileError):
            for one in columns.recordings(path, Remarks()):
                for step in one.steps:
                    decoded(step.messages)


def snapshot(body: bytes) -> None:
    """Bring a fresh ward back."""
    ward = Ward(ward_settings(), unit="u")
    with suppress(SnapshotError):
        ward.recall(body)


def configuration(body: bytes) -> None:
    """Read a configuration of which one file is these bytes; its name is the first line."""
    first, _, text = body.partition(b"\n")
    files, name = dict(_files()), first.decode("utf-8", "replace")
    files[name if name in files else "alerts.toml"] = text
    with suppress(ConfigError):
        settings_of(files, CONFIG)


@lru_cache
def _files() -> dict[str, bytes]:
    return read_all(CONFIG, [])


TARGETS: Final[dict[str, Target]] = {
    one.__name__: one
    for one in (
        *(station, *READER_TARGETS.values(), *TABLE_TARGETS.values()),
        *(wire, unit_talk, ledger_row, chunk, recording, table, snapshot, configuration),
    )
}
SLOW: Final = frozenset({"configuration"})


@lru_cache
def seeds(name: str) -> tuple[bytes, ...]:
    """Return bytes that a target takes, from which others are made."""
    if name in READER_TARGETS:
        return tuple(reader_seeds()[name]())
    if name in TABLE_TARGETS:
        return tuple(table_seeds()[name]() or [b""])
    if name == station.__name__:
        return station_seeds()
    wards = Ward(ward_settings(), unit="u")
    taken = (wards.take(T0_MS + n * 1000, decoded(messages(n))) for n in range(30))
    effects = [one for told in taken for one in told]
    steps = [RecordedStep(now_ms=T0_MS + n, messages=tuple(messages(n))) for n in range(3)]
    found = {
        "wire": [path.read_bytes() for path in sorted(INBOUND.glob("*.json"))],
        "unit_talk": [msgspec.json.encode(one) for one in effects[:20]],
        "ledger_row": [msgspec.json.encode(one) for one in effects],
        "chunk": [bytes(120)],
        "recording": [
            header_line(Header(format=1, unit="u")) + b"".join(step_line(one) for one in steps)
        ],
        "table": [TABLE + b"\x1e" + MAP],
        "snapshot": [wards.remembered()],
        "configuration": [key.encode() + b"\n" + text for key, text in _files().items()],
    }
    return tuple(found[name] or [b""])


def mutated(some: tuple[bytes, ...], chance: random.Random) -> bytes:
    """Return bytes that are one of some, changed in a few places."""
    return altered(chance.choice(some), some, chance)


def altered(given: bytes, some: tuple[bytes, ...], chance: random.Random) -> bytes:
    """Return bytes changed in a few places, partly by pieces of some others."""
    body = bytearray(given)
    for _ in range(chance.choice((1, 1, 2, 4, 12))):
        at = chance.randrange(len(body) + 1)
        end = min(len(body), at + chance.choice((1, 1, 2, 8, 40)))
        match chance.randrange(6):
            case 0:
                body[at:end] = chance.randbytes(end - at)
            case 1:
                del body[at:end]
            case 2:
                body[at:at] = chance.choice(TOKENS)
            case 3:
                body[at:end] = chance.choice(TOKENS)
            case 4:
                body[at:at] = body[at:end] * chance.choice((1, 3, 30))
            case _:
                other = chance.choice(some)
                cut = chance.randrange(len(other) + 1)
                body[at:end] = other[cut : cut + 60]
    return bytes(body)


def kept() -> Iterator[Path]:
    """Yield what has broken a target once, and what is known to break such readers elsewhere."""
    yield from sorted(KEPT.glob("*.bin"))


def broken(name: str, chance: random.Random, rounds: int) -> Iterator[tuple[bytes, Exception]]:
    """Yield bytes on which a target ends otherwise than it may, and how."""
    for _ in range(rounds):
        body = mutated(seeds(name), chance)
        try:
            TARGETS[name](body)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is a finding
            yield body, fault
