"""More readers of bytes that others wrote: publications, files of people, evidence, journals.

As in ``fuzzing``: each takes any bytes, and may end only as its reader promises.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
from journal_runs import Run
from station_builders import NOW_MS, advice, alert, channel, state, status

from monitor.adapters.configurations import configurations
from monitor.adapters.deeds import Audit, AuditError, audit_faults
from monitor.adapters.feed import Heard
from monitor.adapters.folding import chunks
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.adapters.recording import InputFileError, Remarks
from monitor.adapters.resumption import decoded
from monitor.adapters.salvage import mended
from monitor.adapters.sources import open_source
from monitor.adapters.viewing import dialect_line, tail_line
from monitor.scenario.checking import read_scenario
from monitor.scenario.places import ScenarioError
from monitor.series.influx import InfluxAddress, InfluxStore
from monitor.series.reading import recorded_steps
from monitor.series.stores import SeriesError
from monitor.station.board import Board, UnitClock
from monitor.station.past import HeardPast
from monitor.station.people import Users, UsersFileError
from monitor.station.tracks import Tracks
from monitor.story_library import read_ward_story
from monitor.wire.dialects import DIALECTS
from monitor.wire.outbound import CallPayload, iso

SCENARIOS: Final = Path(__file__).parent / "scenarios"
RECORDINGS: Final = Path(__file__).parent / "replay" / "recordings"
SQLITE: Final = b"SQLite format 3\0"
STEPS_MAX: Final = 3_000
"""A file of stays can be long; the rest of it is read by the same code."""

NAMES: Final = ("cases.jsonl", "132539.txt", "n.hea", "readings.csv", "r.jsonl", "x.vital", "j")


@lru_cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    memory = Path("/dev/shm")  # noqa: S108 - a name of its own is made in it
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


def _file(name: str, body: bytes) -> Path:
    """Return a file of these bytes, with nothing left beside it."""
    folder = Path(_folder().name)
    for one in folder.iterdir():
        one.unlink()
    path = folder / name
    path.write_bytes(body)
    return path


_KINDS: Final = ("_/state", "_/alert/", "_/advice", "_/call", "_/answer", "monitor/")
"""What a station subscribes to; nothing else can come."""


def publication(body: bytes) -> None:
    """Hear what a broker hands to a station and to whoever watches: kind, a line break, payload.

    What screens are told of it must be one line of JSON each.
    """
    first, _, payload = body.partition(b"\n")
    kind = first.decode("utf-8", "replace")
    if not kind.startswith(_KINDS):
        kind = "_/state"
    board = Board("u", UnitClock(lambda: NOW_MS, lambda: 1.0))
    past, tracks = HeardPast("now"), Tracks()
    for one in (Heard("17", kind, payload, is_retained=True), Heard("17", kind, payload, False)):  # noqa: FBT003 - as a feed hands it on
        told = [*board.take(one), *board.look(is_connected=True, connection=1)]
        for news in told:
            assert b"\n" not in news.data, "news of two lines"
            assert b"\r" not in news.data, "news of two lines"
            json.loads(news.data)
        past.take(one, NOW_MS)
        tracks.take(one, NOW_MS)
        board.watch.ward()
        for as_json in (False, True):
            tail_line(one, as_json=as_json)
        for dialect in DIALECTS:
            dialect_line(one, dialect)


def source(body: bytes) -> None:
    """Read what may be replayed; its name is the first line."""
    first, _, content = body.partition(b"\n")
    name = first.decode("utf-8", "replace")
    path = _file(name if name in NAMES else "r", content)
    if content.startswith(SQLITE):
        return  # that is what the target for journals does
    with suppress(InputFileError):
        for recording in open_source(path, Remarks()):
            for _, step in zip(range(STEPS_MAX), recording.steps, strict=False):
                decoded(step.messages)


def journal(body: bytes) -> None:
    """Read a journal whole, and continue it as far as it is good."""
    path = _file("j", body)
    for read in _READINGS:
        with suppress(JournalError), JournalReader.open(path) as reader:
            read(reader)
    with suppress(JournalError):
        mended(path)


_READINGS: Final[tuple[Callable[[JournalReader], object], ...]] = (
    lambda reader: list(reader.steps()),
    lambda reader: list(reader.effects()),
    lambda reader: reader.verify(),
    configurations,
    lambda reader: list(chunks(reader)),
)


def scenario(body: bytes) -> None:
    """Read a story that somebody wrote."""
    with suppress(ScenarioError):
        read_scenario(_file("s.toml", body))


def ward_story(body: bytes) -> None:
    """Read a story of a ward that somebody wrote."""
    with suppress(ScenarioError):
        read_ward_story(_file("w.toml", body))


def people(body: bytes) -> None:
    """Read the people of a station, and let one in."""
    with suppress(UsersFileError):
        users = Users(_file("users", body))
        for name in users.rows():
            users.person(name)
            users.admitted(name, "wrong horse")
            break


def audit(body: bytes) -> None:
    """Prove an audit, and write on behind it."""
    path = _file("audit", body)
    with suppress(AuditError):
        list(audit_faults(path))
    with suppress(AuditError):
        Audit(path, lambda: NOW_MS).add(what="act")


class _Client:
    """Answers every question with the same bytes, as the client of a database reads them."""

    def __init__(self, body: bytes) -> None:
        self.body, self.api_client = body, self

    def call_api(self, *_: object, **__: object) -> object:
        """Return what the client makes of an answer: an object, or its text if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return self.body.decode("utf-8", "replace")


def series(body: bytes) -> None:
    """Read steps and messages out of what says that it is a database."""
    store = _store()
    store._client = _Client(body)
    with suppress(SeriesError):
        list(recorded_steps(store, "u", from_ms=0, to_ms=NOW_MS + 3_600_000))


@lru_cache
def _store() -> InfluxStore:
    return InfluxStore(InfluxAddress(url="http://127.0.0.1:1", bucket="b"))


# ---------------------------------------------------------------------------------------- seeds


def reader_seeds() -> Mapping[str, Callable[[], list[bytes]]]:
    """Return what makes the first inputs of each target here."""
    return {
        "publication": _publications,
        "source": _sources,
        "journal": _journals,
        "scenario": lambda: [one.read_bytes() for one in sorted(SCENARIOS.glob("*.toml"))[:12]],
        "ward_story": lambda: [
            one.read_bytes() for one in sorted((SCENARIOS / "wards").glob("*.toml"))
        ],
        "people": lambda: [
            b'{"nurse-1": {"role": "nurse", "salt": "AAAA", "hash": "AAAA", "cost": 2}}',
            b'{"a": {"role": "viewer"}}',
        ],
        "audit": _audits,
        "series": _answers,
    }


def _publications() -> list[bytes]:
    call = CallPayload(
        alert="al-1", rev=1, t=iso(NOW_MS), session="S-1", level=1, to="charge", failsafe=False,
        priority="high", grade=3, label="x", waited_s=60, by="", reason="",
    )  # fmt: skip
    said: list[tuple[str, msgspec.Struct]] = [
        ("_/state", state(channels=(channel("hr", 70, base=72, raw=310, doubt="jump"),))),
        ("_/alert/al-1", alert()),
        ("_/advice", advice()),
        ("_/call", call),
    ]
    found = [f"{kind}\n".encode() + msgspec.json.encode(one) for kind, one in said]
    return [*found, b"monitor/status\n" + status().payload, b"_/alert/al-1\n", b"_/state\n"]


CASE: Final[dict[str, Any]] = {
    "id": "c-1",
    "set": "case",
    "patient": {"age_y": 40},
    "drug": "ivig",
    "baseline": {"sbp": 120, "hr": 70},
    "timeline": [{"t_min": 5, "sbp": 80, "hr": 120, "note": "hives at 7 min"}, {"sbp": 110}],
    "symptoms": ["hives after 5 min", "wheeze"],
    "expected": {"grade": 3},
}
EXPORT: Final = (
    b"unit,session,bed,device,channel,value,value_unit,measured,received,outcome\n"
    b"u,S-1,17,mon-1,hr,70,/min,2026-11-23T12:00:00.000Z,2026-11-23T12:00:01.000Z,\n"
    b"u,S-1,17,mon-1,sbp,120,mm[Hg],2026-11-23T12:00:05+00:00,2026-11-23T12:00:05Z,rejected\n"
)
STAY: Final = (
    b"Time,Parameter,Value\n00:00,RecordID,132539\n00:00,Age,54\n00:00,Weight,-1\n"
    b"00:07,HR,73\n00:07,NISysABP,147\n00:37,SysABP,120\n00:37,Temp,35.1\n"
)
WFDB: Final = (
    b"n 2 0.0166 3\nn.dat 16 10(0)/bpm 16 0 700 0 0 HR\nn.dat 16 10(0)/% 16 0 97 0 0 SpO2\n"
)


def _sources() -> list[bytes]:
    recording = (RECORDINGS / "by-hand.jsonl").read_bytes()
    case = json.dumps(CASE).encode()
    return [
        b"cases.jsonl\n" + case + b"\n" + case,
        b"132539.txt\n" + STAY,
        b"n.hea\n" + WFDB,
        b"readings.csv\n" + EXPORT,
        b"r.jsonl\n" + recording[: recording.find(b"\n", 6_000) + 1],
    ]


def _journals() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        run = Run(path, every_ms=5_000)
        run.live(range(12))
        run.journal.close()
        return [path.read_bytes()]


def _audits() -> list[bytes]:
    path = _file("made", b"")
    kept = Audit(path, lambda: NOW_MS)
    for what in ("login", "act", "logout"):
        kept.add(what=what, who="nurse-1", role="nurse", via="tab-1")
    return [path.read_bytes()]


def _answers() -> list[bytes]:
    def said(columns: list[str], *rows: list[object]) -> bytes:
        part = {"series": [{"name": "x", "columns": columns, "values": list(rows)}]}
        return json.dumps({"results": [part]}).encode()

    at_ns = NOW_MS * 1_000_000
    names = ["time", "n", "step", "topic", "payload", "payload_b64", "retained"]
    return [
        said(names, [at_ns, 1, 1, "a/b", "{}", None, 0], [at_ns + 1, 2, 1, "a", None, "AAA=", 1]),
        said(["time", "n"], [at_ns, 1], [at_ns + 10**6, 2]),
        b'{"results": [{"error": "x"}]}',
    ]


READER_TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    one.__name__: one
    for one in (
        publication,
        source,
        journal,
        scenario,
        ward_story,
        people,
        audit,
        series,
    )
}
