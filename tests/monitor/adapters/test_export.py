"""Exports: tables of a journal, and a journal that says nothing of whom it is about."""

import csv
import json
import random
import string
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.__main__ import main
from monitor.adapters.disguise import DAY_MS, RULES, WITHHELD, Disguise, vocabulary
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.recording import read_recording
from monitor.adapters.resumption import decoded
from monitor.facts.effects import AlertChanged, AnyEffect, GradeChanged
from monitor.facts.records import MessageRefused, RawMessage, RecordedStep
from monitor.replay import replay
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.wire import payloads
from monitor.wire.payloads import Payload, stamp

CHECKOUT = Path(__file__).resolve().parents[3]
CONFIG = CHECKOUT / "config"
RECORDINGS = sorted((CHECKOUT / "tests" / "replay" / "recordings").glob("*.jsonl*"))
SETTINGS = load_settings(CONFIG)
WORDS = vocabulary(CONFIG)
UNIT = "inf-a"
T0_MS = 1_795_514_400_000

Grades = list[tuple[int, str, int, str, int, str]]


def grades_of(steps: list[RecordedStep], shift_ms: int = 0) -> Grades:
    """Return every grade and alert that a fresh ward tells, without names."""
    replayed = replay(steps, Ward(SETTINGS.ward, unit=UNIT))
    return grades_told((one for _, effects in replayed for one in effects), shift_ms)


def grades_told(effects: Iterable[AnyEffect], shift_ms: int = 0) -> Grades:
    """Return every grade and alert of some effects, without names."""
    told = []
    for one in effects:
        if isinstance(one, GradeChanged):
            told.append((one.at_ms - shift_ms, one.bed, one.grade, one.pattern, 0, ""))
        if isinstance(one, AlertChanged):
            more = (one.grade, one.cause, one.revision, f"{one.phase} {one.signal}")
            told.append((one.at_ms - shift_ms, one.bed, *more))
    return told


def kept(path: Path, steps: list[RecordedStep]) -> Path:
    """Write a journal of steps and of what a ward makes of them."""
    ward = Ward(SETTINGS.ward, unit=UNIT)
    with Journal.open_for_writing(path, unit=UNIT, software="", config="") as journal:
        for step in steps:
            number = journal.append_step(step.now_ms, step.messages)
            journal.append_effects(number, ward.take(step.now_ms, decoded(step.messages)))
    return path


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name.split(".")[0])
def test_a_disguised_recording_replays_to_the_same_grades(recording: Path, tmp_path: Path) -> None:
    steps = list(read_recording(recording))
    journal = kept(tmp_path / "journal", steps)
    out = tmp_path / "out.jsonl"
    assert main(["export", str(journal), str(out), "--deidentify", "--config", str(CONFIG)]) == 0
    other = list(read_recording(out))
    shift_ms = other[0].now_ms - steps[0].now_ms
    assert shift_ms % DAY_MS == 0
    assert abs(shift_ms) >= 365 * DAY_MS
    with JournalReader.open(journal) as reader:
        before = grades_told(reader.effects())
    assert grades_of(other, shift_ms) == before
    assert any(grade for _, _, grade, *_ in before)


def a_silence_that_somebody_answers() -> list[RecordedStep]:
    """Return a device that falls silent after five minutes, and a nurse who has seen it."""

    def step(at_ms: int, *told: tuple[str, dict[str, Any]]) -> RecordedStep:
        messages = tuple(
            RawMessage(
                received_ms=at_ms + 300,
                topic=f"irm/v1/{UNIT}/9/{'mon-9' if kind == 'vitals' else 'tab-1'}/{kind}",
                payload=json.dumps({"t": stamp(at_ms).isoformat(), **payload}).encode(),
            )
            for kind, payload in told
        )
        return RecordedStep(now_ms=at_ms + 300, messages=messages)

    opened = {"id": "S-1", "by": "ka", "event": "open", "subject": "PX-1", "product": "ivig-10"}
    steps = [step(T0_MS, ("session", {**opened, "devices": ["mon-9"]}))]
    value = {"ch": "hr", "v": 80, "u": "/min"}
    for number in range(1, 60):
        vitals = {"seq": number, "boot": "b", "values": [value]}
        steps.append(step(T0_MS + 5_000 * number, ("vitals", vitals)))
    silent_ms = T0_MS + 5_000 * 59
    steps += [step(silent_ms + 1_000 * late_s) for late_s in range(1, 90)]
    told = replay(steps, Ward(SETTINGS.ward, unit=UNIT))
    silences = [one for _, effects in told for one in effects if isinstance(one, AlertChanged)]
    act = {"id": "x", "by": "ka", "role": "nurse", "via": "tab-1", "act": "ack"}
    return [*steps, step(silent_ms + 90_000, ("act", {**act, "alert": silences[-1].id}))]


def test_a_technical_alert_that_was_answered_is_answered_in_disguise(tmp_path: Path) -> None:
    """It is named after a time that a device wrote, which the ledger does not say."""
    steps = a_silence_that_somebody_answers()
    journal, out = kept(tmp_path / "journal", steps), tmp_path / "out.jsonl"
    assert main(["export", str(journal), str(out), "--deidentify", "--config", str(CONFIG)]) == 0
    other = list(read_recording(out))
    with JournalReader.open(journal) as reader:
        before = grades_told(reader.effects())
    assert before[-1][-1] == "acknowledge acknowledged"
    assert grades_of(other, other[0].now_ms - steps[0].now_ms) == before


def test_every_text_of_a_payload_has_a_rule() -> None:
    """A new field of text that nobody has thought of would otherwise be lost, or leak."""
    kinds = [
        kind
        for kind in vars(payloads).values()
        if isinstance(kind, type) and issubclass(kind, Payload) and kind is not Payload
    ]
    assert len(kinds) > 10
    texts = {
        (kind.__name__, name)
        for kind in kinds
        for name, hint in get_type_hints(kind).items()
        if str in leaves(hint)
    }
    missing = {one for one in texts if one[1] not in RULES and ".".join(one) not in RULES}
    assert not missing
    used = {name for _, name in texts} | {".".join(one) for one in texts}
    assert set(RULES) <= used, "rules of fields that are gone"


def leaves(hint: Any) -> set[Any]:  # noqa: ANN401 - any annotation
    """Return the plain types in an annotation; a literal text counts as text."""
    found = get_args(hint)
    if not found:
        return {str} if isinstance(hint, str) else {hint}
    return {leaf for one in found for leaf in leaves(one)}


MARK = "zq"
"""Begins every name that must not survive; no word of ours holds it."""

names = st.text(string.ascii_lowercase + string.digits, min_size=6, max_size=12).map(
    lambda text: MARK + text
)


def bodies_of(ids: dict[str, str], choose: Callable[[str, str], str]) -> dict[str, dict[str, Any]]:
    """Return a payload of every kind that holds these names wherever a text may stand."""
    time, subject = stamp(T0_MS).isoformat(), "PX-" + ids["other"][:10].upper()
    text, other, note = ids["text"], ids["other"], ids["note"]
    common: dict[str, Any] = {"t": time, "by": ids["by"], "id": text}
    session = {"event": choose("start", "close"), "subject": subject, "reason": note, "ref": other}
    session["product"] = choose("ivig-10", text)
    prior = {"grade": 2, "pattern": text, "product": other, "t": time}
    lists = {"premed": [text, {"drug": other, "t": time}], "history": [prior], text: note}
    seen = {"symptom": choose("hives", note), "note": note, "session": ids["session"]}
    act = {"role": choose("nurse", other), "via": text, "alert": other, "reason": note}
    sent: dict[str, Any] = {"seq": 3, "t": time, "boot": ids["boot"]}
    value = {"ch": "hr", "v": 80, "u": "/min", "src": text, "site": other}
    whose = {"subject": subject, "session": ids["session"]}
    pump = {"drug": text, "channel": other, "reason": note, "alarm": note, "ref": other}
    return {
        "session": {**common, **session, **lists, "id": ids["session"]},
        "obs": {**common, **seen, "present": True},
        "act": {**common, **act, "act": "ack", "sign": text, "drug": other},
        "vitals": {**sent, **whose, "values": [value]},
        "pump": {**sent, **pump, "state": "infusing", "by": ids["by"]},
        "status": {"state": "online", "t": time, "boot": ids["boot"], "fw": text},
        "birth": {"t": time, "model": text, "serial": other, "channels": ["hr"]},
    }


@st.composite
def told(draw: st.DrawFn) -> list[RawMessage]:
    """Messages of every kind, with names and notes that somebody could know again."""
    ids = {key: draw(names) for key in ("session", "by", "boot", "note", "other", "text")}
    bodies = bodies_of(ids, lambda one, two: draw(st.sampled_from([one, two])))
    kinds = draw(st.lists(st.sampled_from(sorted(bodies)), min_size=1, max_size=8))
    messages = [
        RawMessage(
            received_ms=T0_MS,
            topic=f"irm/v1/{UNIT}/9/dev-1/{kind}",
            payload=json.dumps(bodies[kind]).encode(),
        )
        for kind in kinds
    ]
    garbage = RawMessage(received_ms=T0_MS, topic=ids["note"], payload=ids["text"].encode())
    broken = RawMessage(
        received_ms=T0_MS, topic=f"irm/v1/{UNIT}/9/dev-1/obs", payload=ids["note"].encode()
    )
    return [*messages, garbage, broken]


@given(messages=told(), seed=st.integers(0, 2**32))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_name_note_or_date_survives(messages: list[RawMessage], seed: int) -> None:
    disguise = Disguise(first_ms=T0_MS, words=WORDS, chance=random.Random(seed))  # noqa: S311 - not a secret here
    original = decoded(messages)
    step = RecordedStep(now_ms=T0_MS, messages=tuple(messages))
    (other,) = disguise.steps([step])
    text = " ".join(
        raw.topic + raw.payload.decode() + str(raw.received_ms) for raw in other.messages
    )
    assert MARK not in text.casefold()
    assert "2026" not in text
    assert str(T0_MS) not in text
    for before, after in zip(original, decoded(other.messages), strict=True):
        assert type(after) is type(before)
        if not isinstance(before, MessageRefused):
            moved_ms = after.measured_ms - before.measured_ms
            assert moved_ms == other.now_ms - T0_MS


def test_the_same_name_gets_the_same_new_one_and_people_keep_their_roles() -> None:
    disguise = Disguise(first_ms=T0_MS, words=WORDS, chance=random.Random(1))  # noqa: S311 - as above
    assert disguise.session("S-1") == disguise.session("S-1") != disguise.session("S-2")
    assert disguise.person("ada") == "person-1"
    assert [disguise.person(name) for name in ("bea", "ada", "")] == ["person-2", "person-1", ""]
    assert (disguise.role("nurse"), disguise.role("aunt")) == ("nurse", WITHHELD)
    assert (disguise.age_band("18-64"), disguise.age_band("95-99")) == ("18-64", "90+")


def test_dates_before_the_calendar_begins_do_not_stop_it() -> None:
    disguise = Disguise(first_ms=T0_MS, words=WORDS, chance=random.Random(1))  # noqa: S311 - as above
    assert disguise.time(datetime(1, 1, 1, tzinfo=UTC)).year == 1970
    early = Disguise(first_ms=5, words=WORDS, chance=random.Random(1))  # noqa: S311 - as above
    assert early.ms(5) > 5


def disguised(kind: str, device: str = "dev-1", **payload: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Return a message in a disguise of its own, read again."""
    (raw,) = all_disguised((kind, device, payload))
    return raw


def all_disguised(*sent: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return messages in one disguise, read again; each must be one that can be taken."""
    disguise = Disguise(first_ms=T0_MS, words=WORDS, chance=random.Random(1))  # noqa: S311 - as above
    told = []
    for kind, device, payload in sent:
        name = f"irm/v1/{UNIT}/9/{device}/{kind}"
        raw = RawMessage(
            received_ms=T0_MS, topic=name, payload=json.dumps({"t": NOW, **payload}).encode()
        )
        assert not isinstance(decoded([raw])[0], MessageRefused)
        told.append(json.loads(disguise.raw(raw).payload) | {"day": disguise.ms(T0_MS)})
    return told


NOW = stamp(T0_MS).isoformat()


@pytest.mark.parametrize("day", ["1970-01-01T00:00:07Z", "2000-01-01T00:00:07Z"])
def test_a_clock_that_was_never_set_does_not_tell_by_how_much_days_were_moved(day: str) -> None:
    status = disguised("status", t=day, state="online", boot="b")
    birth = disguised("birth", t=day, model="m", serial="s", channels=["hr"])
    for one in (status, birth):
        assert datetime.fromisoformat(one["t"]) == stamp(one["day"])
    late = disguised("status", t=stamp(T0_MS - 7 * DAY_MS).isoformat(), state="online", boot="b")
    assert datetime.fromisoformat(late["t"]) == stamp(late["day"] - 7 * DAY_MS)


def test_how_far_a_clock_is_off_does_not_tell_the_day() -> None:
    status: dict[str, Any] = {"state": "online", "boot": "b"}
    away = [disguised("status", clock_offset_ms=one, **status) for one in (-T0_MS, T0_MS, -90_000)]
    assert [one["clock_offset_ms"] for one in away] == [-8 * DAY_MS, 8 * DAY_MS, -90_000]


@pytest.mark.parametrize(
    ("days", "told"), [(30, 30), (364, 364), (400, 366), (1_000, 731), (46_000, 3_651)]
)
def test_of_an_old_reaction_only_the_years_are_told(days: int, told: int) -> None:
    prior = {"grade": 2, "t": stamp(T0_MS - days * DAY_MS).isoformat()}
    more: dict[str, Any] = {"subject": "PX-1", "product": "ivig-10", "history": [prior]}
    opened = disguised("session", id="S-1", by="ka", event="open", **more)
    (shown,) = opened["history"]
    assert datetime.fromisoformat(shown["t"]) == stamp(opened["day"] - told * DAY_MS)


def test_numbers_that_count_seconds_are_counted_from_elsewhere() -> None:
    def sent(seq: int, device: str = "dev-1", **more: str) -> tuple[str, str, dict[str, Any]]:
        return (
            "vitals",
            device,
            {"seq": seq, "values": [{"ch": "hr", "v": 80, "u": "/min"}], **more},
        )

    now_s = T0_MS // 1000
    told = all_disguised(
        sent(now_s), sent(now_s + 9), sent(now_s - 5), sent(17), sent(now_s + 40, boot="b"),
        sent(now_s + 70, "dev-2"), sent(now_s - 5_000_000),
    )  # fmt: skip
    first = 1_000_000
    assert [one["seq"] for one in told] == [first, first + 9, first - 5, 17, first, first, 0]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    steps = list(read_recording(RECORDINGS[0]))[:1500]
    return kept(tmp_path_factory.mktemp("export") / "journal", steps)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_tables_hold_every_reading_and_alert(journal: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    assert main(["export", str(journal), str(folder), "--format", "csv"]) == 0
    with JournalReader.open(journal) as reader:
        values = [
            value
            for step in reader.steps()
            for record in decoded(step.messages)
            for value in getattr(record, "values", ())
        ]
        alerts = [one for one in reader.effects() if isinstance(one, AlertChanged)]
    readings, effects = rows_of(folder / "readings.csv"), rows_of(folder / "effects.csv")
    assert len(readings) == len(values)
    assert [round(100 * float(row["value"])) for row in readings] == [
        value.value_centi for value in values
    ]
    assert all(row["unit"] == UNIT and row["measured"].endswith("Z") for row in readings)
    assert {row["session"] for row in readings} - {""}
    assert [row["id"] for row in effects if row["effect"] == "alert"] == [one.id for one in alerts]


def test_disguised_tables_say_nothing_of_whom(journal: Path, tmp_path: Path) -> None:
    plain, other = tmp_path / "plain", tmp_path / "other"
    assert main(["export", str(journal), str(plain), "--format", "csv"]) == 0
    more = ["--deidentify", "--config", str(CONFIG)]
    assert main(["export", str(journal), str(other), "--format", "csv", *more]) == 0
    sessions = {row["session"] for row in rows_of(plain / "readings.csv")} - {""}
    for name in ("readings.csv", "effects.csv"):
        before, after = rows_of(plain / name), rows_of(other / name)
        assert len(before) == len(after)
        for row, hidden in zip(before, after, strict=True):
            assert hidden["session"] not in sessions
            assert bool(hidden["session"]) == bool(row["session"])
            assert hidden.get("words", "") == ""
            at = "received" if name == "readings.csv" else "at"
            assert hidden[at][10:] == row[at][10:]
            assert hidden[at][:10] != row[at][:10]


def test_tables_need_a_folder_and_parquet_its_library(
    journal: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["export", str(journal), "--format", "csv"]) == 2
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert main(["export", str(journal), str(tmp_path / "p"), "--format", "parquet"]) == 2
    assert "infusion-reaction-monitor[parquet]" in capsys.readouterr().err


def test_parquet_holds_what_csv_holds(journal: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", exc_type=ImportError)
    folder = tmp_path / "tables"
    for form in ("csv", "parquet"):
        assert main(["export", str(journal), str(folder), "--format", form]) == 0
    for name in ("readings", "effects"):
        table = parquet.read_table(folder / f"{name}.parquet")
        rows = rows_of(folder / f"{name}.csv")
        assert table.column_names == list(rows[0])
        assert table.num_rows == len(rows)
    values = parquet.read_table(folder / "readings.parquet")["value"].to_pylist()
    assert values == [float(row["value"]) for row in rows_of(folder / "readings.csv")]
