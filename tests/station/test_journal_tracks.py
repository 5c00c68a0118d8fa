"""The past from a journal: its newest day only, folded or not, with what was refused apart."""

from pathlib import Path
from typing import Final

import pytest
from journal_runs import T0_MS, UNIT, Run, session

from detectors.channels import Channel
from monitor.adapters.folding import Folder
from monitor.adapters.journal import Journal, JournalReader
from monitor.facts.effects import AnyEffect, GradeChanged, Outcome, ReadingsKept
from monitor.facts.records import RawMessage
from monitor.station.journal_tracks import tracks_of_journal
from monitor.station.newest_day import DAY_MS, Day, newest_day
from monitor.station.past import LedgerPast
from monitor.wire.messages import decode
from monitor.wire.payloads import encode_vitals

HOUR_MS: Final = 3_600_000


def pulse(number: int, at_ms: int, hr: int, bed: str = "1") -> RawMessage:
    payload = encode_vitals(
        sequence=number, measured_ms=at_ms, values_centi={Channel.HR: hr * 100}, boot="b1"
    )
    name = f"irm/v1/{UNIT}/{bed}/mon-{bed}/vitals"
    return RawMessage(received_ms=at_ms, topic=name, payload=payload)


def kept(at_ms: int, hr: int, outcome: Outcome) -> ReadingsKept:
    return ReadingsKept(
        at_ms=at_ms,
        bed="1",
        session="S-1",
        device="mon-1",
        channel="hr",
        value_centi=hr * 100,
        measured_ms=at_ms,
        outcome=outcome,
        reason="impossible",
    )


def grade(at_ms: int) -> GradeChanged:
    return GradeChanged(
        at_ms=at_ms, bed="1", session="S-1", grade=1, before=0, pattern="", reasons=()
    )


Step = tuple[int, list[RawMessage], list[AnyEffect]]


def journal_of(path: Path, steps: list[Step]) -> Path:
    with Journal.open_for_writing(path, unit=UNIT, software="", config="") as journal:
        for now_ms, messages, effects in steps:
            journal.append_effects(journal.append_step(now_ms, messages), effects)
    return path


def test_what_the_ledger_refused_is_apart_and_what_it_only_repeats_is_not(tmp_path: Path) -> None:
    beats: list[tuple[int, Outcome]] = [
        (70, "accepted"),
        (300, "rejected"),
        (71, "late-stored"),
        (250, "quarantined"),
        (72, "duplicate"),
    ]
    steps: list[Step] = [(T0_MS, [session(0, "1", "open")], [])]
    for number, (hr, outcome) in enumerate(beats, start=1):
        at_ms = T0_MS + number * 1000
        effects: list[AnyEffect] = [] if outcome == "accepted" else [kept(at_ms, hr, outcome)]
        steps.append((at_ms, [pulse(number, at_ms, hr)], effects))
    bed = tracks_of_journal(journal_of(tmp_path / "journal", steps)).bed("1")
    assert list(bed.channels["hr"].values) == [70, 71, 72]
    assert bed.rejected_since("hr", 0) == [(T0_MS + 2000, 300), (T0_MS + 4000, 250)]
    assert bed.rejected_since("hr", T0_MS + 3000) == [(T0_MS + 4000, 250)]
    assert bed.session == "S-1"


def test_only_the_newest_day_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[Step] = []
    for hour in range(60):
        at_ms = T0_MS + hour * HOUR_MS
        steps.append((at_ms, [pulse(hour, at_ms, hour)] if hour % 3 else [], [grade(at_ms)]))
    path = journal_of(tmp_path / "journal", steps)
    decoded: list[int] = []

    def counted(raw: RawMessage, *, position: int) -> object:
        decoded.append(raw.received_ms)
        return decode(raw, position=position)

    monkeypatch.setattr("monitor.station.journal_tracks.decode", counted)
    tracks = tracks_of_journal(path)
    since_ms = T0_MS + 59 * HOUR_MS - DAY_MS
    expected = [at for at, messages, _ in steps if messages and at >= since_ms]
    assert list(tracks.bed("1").channels["hr"].times) == expected
    assert decoded == expected
    past = LedgerPast(path)
    assert [one.at_ms for one in past.effects(0)] == [at for at, _, _ in steps if at >= since_ms]
    assert past.effects(0) == past.effects(0)


@pytest.mark.parametrize("n_steps", [0, 1, 2, 3, 7, 26])
def test_the_newest_day_begins_where_a_walk_through_all_would_say(
    tmp_path: Path, n_steps: int
) -> None:
    steps: list[Step] = []
    for number in range(n_steps):
        at_ms = T0_MS + number * 5 * HOUR_MS
        messages = [pulse(number * 3 + one, at_ms, 70) for one in range(number % 3)]
        steps.append((at_ms, messages, [grade(at_ms)] * (number % 2 * 2)))
    path = journal_of(tmp_path / "journal", steps)
    since_ms = steps[-1][0] - DAY_MS if steps else 0
    before = [step for step in steps if step[0] < since_ms]
    with JournalReader.open(path) as reader:
        assert newest_day(reader) == Day(
            since_ms=since_ms,
            step=len(before),
            message=sum(len(messages) for _, messages, _ in before),
            row=sum(len(effects) for _, _, effects in before),
        )


def test_a_folded_journal_gives_the_same_tracks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.adapters.folding.MESSAGES_MAX", 40)
    run = Run(tmp_path / "journal")
    run.live(range(200))
    whole = tracks_of_journal(tmp_path / "journal")
    folder = Folder(run.journal, keep_ms=0, keep_chunks_ms=10 * DAY_MS)
    folder.plan(T0_MS + 4 * HOUR_MS)
    while folder.bite():
        pass
    assert run.journal.about.folded.message > 100
    run.die()
    folded = tracks_of_journal(tmp_path / "journal")
    assert set(folded.beds) == {"1", "2"}
    for bed, tracks in whole.beds.items():
        assert {name: track.since(0) for name, track in folded.bed(bed).channels.items()} == {
            name: track.since(0) for name, track in tracks.channels.items()
        }


@pytest.mark.parametrize("content", [None, b"", b"no journal at all"])
def test_a_journal_that_cannot_be_read_gives_no_tracks(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "journal"
    if content is not None:
        path.write_bytes(content)
    assert tracks_of_journal(path).beds == {}
