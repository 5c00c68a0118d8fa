"""The same steps give the same bytes, and a difference is named where it begins."""

import contextlib
import io
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.journal import Journal, JournalReader, effect_bytes
from monitor.adapters.recording import Header, write_recording
from monitor.effects import AlertChanged, AnyEffect, Context, GradeChanged, MessageRejected
from monitor.records import Input, MessageRefused, RawMessage, RecordedStep, VitalsReported
from monitor.replay import (
    Tally,
    digest,
    first_difference,
    rebatch,
    replay,
    run,
)

T0 = 1_795_514_400_000


class StandInWard:
    """Says what it was given: a grade for every heart rate, a rejection for every refusal."""

    def __init__(self, unit: str = "inf-a") -> None:
        self.unit = unit
        self.grade = -1

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        effects: list[AnyEffect] = []
        for record in inputs:
            if isinstance(record, MessageRefused):
                effects.append(rejected(record))
            elif isinstance(record, VitalsReported):
                effects.extend(self._graded(record))
        assert now_ms > 0
        return tuple(effects)

    def _graded(self, record: VitalsReported) -> Iterable[AnyEffect]:
        for value in record.values:
            grade = min(4, value.value_centi // 5_000)
            if grade != self.grade:
                yield GradeChanged(
                    at_ms=record.measured_ms,
                    bed=record.bed,
                    session="",
                    grade=grade,
                    before=self.grade,
                    pattern="",
                    reasons=(),
                )
                self.grade = grade


def rejected(record: MessageRefused) -> MessageRejected:
    return MessageRejected(
        at_ms=record.received_ms,
        bed=record.bed,
        session="",
        device=record.device,
        topic=record.topic,
        reason=record.reason,
        field=record.field,
        value=record.value,
        limit=record.limit,
        sha256=record.sha256,
        excerpt=record.excerpt,
    )


def vitals(at_ms: int, heart_rate: float) -> RawMessage:
    stamp = f"2026-11-24T10:{at_ms // 60_000:02}:{at_ms // 1000 % 60:02}.{at_ms % 1000:03}Z"
    payload = {
        "seq": at_ms,
        "t": stamp,
        "values": [{"ch": "hr", "v": heart_rate, "u": "/min"}],
    }
    return RawMessage(
        received_ms=T0 + at_ms,
        topic="irm/v1/inf-a/17/mon/vitals",
        payload=msgspec.json.encode(payload),
    )


STEPS = (
    RecordedStep(now_ms=T0 + 1_000, messages=(vitals(400, 70), vitals(900, 80))),
    RecordedStep(now_ms=T0 + 2_000, messages=()),
    RecordedStep(now_ms=T0 + 3_000, messages=(vitals(2_500, 120),)),
    RecordedStep(
        now_ms=T0 + 4_000,
        messages=(RawMessage(received_ms=T0 + 3_200, topic="nonsense", payload=b"\xff"),),
    ),
)


def effects_of(steps: Iterable[RecordedStep]) -> list[AnyEffect]:
    return [effect for _, effects in replay(steps, StandInWard()) for effect in effects]


def recorded(tmp_path: Path, steps: Iterable[RecordedStep] = STEPS, name: str = "r.jsonl") -> Path:
    path = tmp_path / name
    write_recording(path, steps, header=Header(format=1, unit="inf-a"))
    return path


def test_everything_goes_through_the_decoder_in_order_of_arrival() -> None:
    replayed = list(replay(STEPS, StandInWard()))

    assert [step for step, _ in replayed] == list(STEPS)
    kinds = [[type(effect).__name__ for effect in effects] for _, effects in replayed]
    assert kinds == [["GradeChanged"], [], ["GradeChanged"], ["MessageRejected"]]


def test_a_window_of_nothing_makes_every_message_a_step_of_its_own() -> None:
    single = list(rebatch(STEPS, window_ms=0))

    assert [(step.now_ms - T0, len(step.messages)) for step in single] == [
        (400, 1),
        (900, 1),
        (1_000, 0),
        (2_000, 0),
        (2_500, 1),
        (3_000, 0),
        (3_200, 1),
        (4_000, 0),
    ]


def test_a_long_window_joins_steps() -> None:
    joined = list(rebatch(STEPS, window_ms=2_000))

    assert [(step.now_ms - T0, len(step.messages)) for step in joined] == [
        (1_000, 2),
        (3_000, 1),
        (4_000, 1),
    ]


gaps = st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 3)), max_size=12)


@given(gaps, st.integers(0, 10_000))
def test_no_boundary_loses_doubles_or_reorders_a_message(
    story: list[tuple[int, int]], window_ms: int
) -> None:
    steps, now_ms = [], T0
    for gap_ms, count in story:
        now_ms += gap_ms
        received = [now_ms - 7 * n for n in range(count)]
        messages = tuple(
            RawMessage(received_ms=ms, topic=f"{now_ms}", payload=b"%d" % n)
            for n, ms in enumerate(received)
        )
        steps.append(RecordedStep(now_ms=now_ms, messages=messages))

    cut = list(rebatch(steps, window_ms=window_ms))

    assert [m for step in cut for m in step.messages] == [m for s in steps for m in s.messages]
    times = [step.now_ms for step in cut]
    assert times == sorted(times)
    assert times[-1:] == [step.now_ms for step in steps[-1:]]


def test_a_window_is_never_negative() -> None:
    with pytest.raises(ValueError, match="a window of -1 ms, must be at least 0"):
        list(rebatch(STEPS, window_ms=-1))


def test_what_is_decided_per_reading_does_not_depend_on_boundaries() -> None:
    whole = digest(effects_of(STEPS))

    assert digest(effects_of(rebatch(STEPS, window_ms=0))) == whole
    assert digest(effects_of(rebatch(STEPS, window_ms=60_000))) == whole


def test_the_digest_sees_every_effect_and_their_order() -> None:
    effects = effects_of(STEPS)

    assert len({digest(effects), digest(effects[:-1]), digest(effects[::-1]), digest([])}) == 4


Changed = Callable[[list[AnyEffect]], list[AnyEffect]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda e: e, ""),
        (lambda e: e[:-1], "effect 3: fewer than were blessed"),
        (lambda e: [*e, e[0]], "effect 4: more effects than were blessed"),
        (
            lambda e: [e[0], msgspec.structs.replace(e[1], grade=3), e[2]],
            "effect 2: grade: 2 was blessed, 3 came",
        ),
        (
            lambda e: [e[0], msgspec.structs.replace(e[1], reasons=("x",)), e[2]],
            "effect 2: reasons: [] was blessed",
        ),
        (lambda e: [e[1], e[1], e[2]], "effect 1: "),
    ],
)
def test_the_first_difference_is_named(change: Changed, words: str) -> None:
    effects = effects_of(STEPS)
    blessed = [effect_bytes(effect) for effect in effects]

    found = first_difference(blessed, [effect_bytes(effect) for effect in change(effects)])

    assert found.startswith(words)
    assert bool(found) == bool(words)


def alert(**changes: object) -> AlertChanged:
    plain = AlertChanged(
        at_ms=T0,
        bed="17",
        session="S-1",
        id="a-1",
        revision=1,
        phase="start",
        condition="active",
        signal="on",
        kind="physiological",
        priority="high",
        cause="hypotension",
        pattern="hypotensive",
        grade=2,
        onset_ms=T0,
        raised_ms=T0,
        label="SBP",
        because=(),
        context=Context(),
        grade_path=((T0, 2),),
        acknowledged_by="",
        acknowledged_ms=None,
        realert_ms=None,
        rulebook="sha256:00",
    )
    return msgspec.structs.replace(plain, **changes)


def test_another_configuration_alone_is_no_difference() -> None:
    old, new = effect_bytes(alert()), effect_bytes(alert(rulebook="sha256:11"))

    assert old != new
    assert first_difference([old], [new]) == ""


def test_a_difference_deep_inside_is_named_with_its_path() -> None:
    old, new = effect_bytes(alert()), effect_bytes(alert(grade_path=((T0, 3),)))

    assert "grade_path[0][1]: 2 was blessed, 3 came" in first_difference([old], [new])


def test_an_episode_counts_once_with_its_highest_grade() -> None:
    tally = Tally()
    steps = [(STEPS[0], (alert(), alert(grade=4, revision=2), alert(grade=1, revision=3)))]

    list(tally.add([*steps, (STEPS[3], (alert(id="a-2", kind="technical", grade=0),))]))

    assert tally.alerts("physiological") == {4: 1}
    assert sum(tally.alerts("technical").values()) == 1
    assert tally.duration_ms == 3_000
    assert tally.peak_grades == {-1: 1}


def test_the_command_prints_effects_as_lines(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()

    code = run([recorded(tmp_path)], ward_of=StandInWard, out=out, err=err, as_json=True)

    assert code == 0
    assert out.getvalue().encode().splitlines() == [effect_bytes(e) for e in effects_of(STEPS)]
    assert f"sha256:{digest(effects_of(STEPS))}" in err.getvalue()


def test_the_command_prints_a_summary_for_people(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()

    assert run([recorded(tmp_path)], ward_of=StandInWard, out=out, err=err) == 0

    assert "refused         1 (unknown-topic: 1)" in out.getvalue()
    assert "highest grade   1 (grade 2: 1)" in out.getvalue()
    assert err.getvalue() == ""


def test_the_command_compares_with_what_was_blessed(tmp_path: Path) -> None:
    path, blessed = recorded(tmp_path), tmp_path / "blessed.jsonl"
    lines = [effect_bytes(effect) + b"\n" for effect in effects_of(STEPS)]
    blessed.write_bytes(b"".join(lines))
    err = io.StringIO()
    assert run([path], ward_of=StandInWard, out=io.StringIO(), err=err, compare=blessed) == 0
    assert "no difference" in err.getvalue()

    blessed.write_bytes(b"".join(lines[:-1]))
    err = io.StringIO()
    assert run([path], ward_of=StandInWard, out=io.StringIO(), err=err, compare=blessed) == 1
    assert "effect 3: more effects than were blessed" in err.getvalue()


def test_the_command_replays_under_other_boundaries(tmp_path: Path) -> None:
    path, outs = recorded(tmp_path), []
    for rebatch_ms in (None, 0, 60_000):
        out = io.StringIO()
        run(
            [path],
            ward_of=StandInWard,
            out=out,
            err=io.StringIO(),
            as_json=True,
            rebatch_ms=rebatch_ms,
        )
        outs.append(out.getvalue())

    assert outs[0] == outs[1] == outs[2] != ""


@pytest.mark.parametrize("which", ["missing", "foreign", "empty folder", "blessed", "format"])
def test_what_cannot_be_read_is_named_with_exit_4(tmp_path: Path, which: str) -> None:
    path = recorded(tmp_path)
    compare, form = None, "auto"
    if which == "missing":
        path = tmp_path / "none.jsonl"
    elif which == "foreign":
        path = tmp_path / "notes.txt"
        path.write_text("hello\n")
    elif which == "empty folder":
        path = tmp_path / "empty"
        path.mkdir()
    elif which == "blessed":
        compare = tmp_path / "none.jsonl"
    else:
        form = "edf"
    err = io.StringIO()

    code = run([path], ward_of=StandInWard, out=io.StringIO(), err=err, form=form, compare=compare)

    assert code == 4
    assert str(compare or path) in err.getvalue()


def test_a_torn_end_is_told_and_the_rest_counts(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    path.write_bytes(path.read_bytes()[:-9])
    out, err = io.StringIO(), io.StringIO()

    assert run([path], ward_of=StandInWard, out=out, err=err) == 0

    assert "r.jsonl:5: torn last line left out" in err.getvalue()
    assert "steps           3" in out.getvalue()


def test_a_folder_is_everything_in_it_that_can_be_replayed(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl.gz"):
        recorded(tmp_path, name=name)
    (tmp_path / "README.md").write_text("words\n")
    out, err = io.StringIO(), io.StringIO()

    assert run([tmp_path], ward_of=StandInWard, out=out, err=err) == 0

    assert "recordings      2" in out.getvalue()
    assert "files and folders passed over: 1" in err.getvalue()


def test_a_journal_replays_to_its_own_ledger(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    ward = StandInWard()
    with Journal.open_for_writing(path, unit="inf-a", software="0.1.0", config="") as journal:
        for step, effects in replay(STEPS, ward):
            number = journal.append_step(step.now_ms, step.messages)
            journal.append_effects(number, effects)
    out = io.StringIO()

    assert run([path], ward_of=StandInWard, out=out, err=io.StringIO(), as_json=True) == 0

    with JournalReader.open(path) as journal:
        kept = [row.body.decode() for row in journal.ledger()]
    assert kept == out.getvalue().splitlines()
    assert len(kept) == 3


def test_a_database_that_is_no_journal_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (n)")
        database.commit()
    err = io.StringIO()

    assert run([path], ward_of=StandInWard, out=io.StringIO(), err=err) == 4

    assert "no journal" in err.getvalue()


class FailingWard(StandInWard):
    """Falls over the first step, as a ward with a bug does."""

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        if now_ms == STEPS[0].now_ms:
            raise LookupError("a bug")
        return super().take(now_ms, inputs)


def test_a_ward_that_fails_stops_the_replay_unless_somebody_is_told() -> None:
    with pytest.raises(LookupError, match="a bug"):
        list(replay(STEPS, FailingWard()))

    told: list[RecordedStep] = []
    replayed = list(replay(STEPS, FailingWard(), failed=lambda step, _: told.append(step)))

    assert told == [STEPS[0]]
    assert [len(effects) for _, effects in replayed] == [0, 0, 1, 1]


def test_the_command_goes_on_after_a_failed_step_as_a_live_monitor_does(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()

    assert run([recorded(tmp_path)], ward_of=FailingWard, out=out, err=err) == 1

    assert "the ward failed in the step at 1795514401000 ms: LookupError: a bug" in err.getvalue()
    assert "effects 2" in out.getvalue()
