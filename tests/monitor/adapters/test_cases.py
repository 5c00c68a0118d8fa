"""Published cases become sessions by the stated rules, and no entry is too strange to read."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters import cases
from monitor.adapters.cases import recordings, symptom_keys
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.facts.records import MessageRefused, SessionReported, SymptomCharted, VitalsReported
from monitor.wire.messages import decode

Row = dict[str, object]


def case(**changes: object) -> Row:
    row: Row = {
        "id": "LIT-one",
        "set": "literature",
        "patient": {"age_y": 40},
        "drug": "an antibody",
        "baseline": {},
        "timeline": [{"t_min": 5, "HR": 120, "SBP": 80}],
        "symptoms": [],
        "expected": {},
    }
    return row | changes


def read(folder: Path, *rows: object, remarks: Remarks | None = None) -> list[Recording]:
    path = folder / "cases.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return list(recordings(path, Remarks() if remarks is None else remarks))


def told(recording: Recording) -> list[tuple[float, str]]:
    """Return minutes since the start and what was said, in short."""
    said: list[tuple[float, str]] = []
    for step in recording.steps:
        for message in step.messages:
            record = decode(message, position=0)
            minute = (step.now_ms - cases.START_MS) / 60_000
            match record:
                case SessionReported():
                    said.append((minute, record.event))
                case SymptomCharted():
                    how = record.severity if record.present else "over"
                    said.append((minute, f"{record.symptom} {how}"))
                case VitalsReported():
                    values = ",".join(str(value.value_centi // 100) for value in record.values)
                    said.append((minute, values))
                case _:
                    said.append((minute, str(record)))
    return said


def test_a_point_is_one_spot_check_after_the_start(tmp_path: Path) -> None:
    (one,) = read(tmp_path, case())

    assert told(one) == [(-30, "open"), (0, "start"), (5, "120,80"), (245, "close")]
    assert (one.name, one.group) == ("LIT-one", "literature")


def test_the_baseline_is_given_once(tmp_path: Path) -> None:
    (one,) = read(tmp_path, case(baseline={"HR": 70, "SBP": 120, "note": "x"}))

    assert told(one)[:3] == [(-30, "open"), (-10, "70,120"), (0, "start")]


def test_a_first_point_that_repeats_the_baseline_is_the_same_reading(tmp_path: Path) -> None:
    timeline = [{"t_min": 0, "HR": 70}, {"t_min": 9, "HR": 130}]
    (one,) = read(tmp_path, case(baseline={"HR": 70}, timeline=timeline))

    assert [said for said in told(one) if said[1].isdigit()] == [(-10, "70"), (9, "130")]


def test_an_abnormal_first_point_is_no_baseline(tmp_path: Path) -> None:
    timeline = [{"t_min": 0, "HR": 44, "SBP": 80}]
    (one,) = read(tmp_path, case(baseline={"HR": 60, "SBP": 105}, timeline=timeline))

    assert told(one)[1:4] == [(-10, "60,105"), (0, "start"), (0, "44,80")]


def test_readings_before_the_start_stand_for_the_baseline(tmp_path: Path) -> None:
    timeline = [{"t_min": -45, "HR": 78}, {"t_min": 0, "HR": 98}, {"t_min": 2, "HR": 99}]
    (one,) = read(tmp_path, case(baseline={"HR": 98, "SBP": 94}, timeline=timeline))

    assert told(one)[:5] == [(-60, "open"), (-45, "78"), (0, "98"), (0, "start"), (2, "99")]


def test_a_point_without_a_time_follows_the_one_before(tmp_path: Path) -> None:
    remarks = Remarks()
    timeline = [{"t_min": None, "SBP": 65}, {"t_min": 40, "SBP": 70}, {"t_min": None, "SBP": 90}]
    (one,) = read(tmp_path, case(timeline=timeline), remarks=remarks)

    assert told(one)[2:5] == [(15, "65"), (40, "70"), (55, "90")]
    assert remarks.counts == {"points without a time, put 15 min after the one before": 2}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("hives on neck arms chest back", ("hives",)),
        ("lower-lip oedema", ("angioedema",)),
        ("itchy throat", ("itch",)),
        ("mildly short of breath", ("dyspnoea",)),
        ("chills and rigors", ("chills", "rigors")),
        ("chills and rigors on rechallenge 25 mg/h", ()),
        ("near syncope", ("dizziness",)),
        ("syncope", ("syncope",)),
        ("LOC 15 s", ("syncope",)),
        ("later lost consciousness 17:01", ("syncope",)),
        ("loss of consciousness", ("syncope",)),
        ("altered consciousness", ("confusion",)),
        ("fear of needles", ()),
        ("palpitations", ()),
        ("shaking hands", ("chills",)),
        ("shaky", ("chills",)),
        ("trembling all over", ("chills",)),
    ],
)
def test_a_text_names_its_symptoms(text: str, keys: tuple[str, ...]) -> None:
    assert symptom_keys(text) == keys


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("severe rigors", (25, "rigors severe")),
        ("slight dyspnoea", (5, "dyspnoea mild")),
        ("light rash at 42 min", (42, "hives mild")),
        ("shivering from 3.5 h", (210, "rigors moderate")),
        ("later lost consciousness", (60, "syncope moderate")),
        ("dyspnoea complaint", (5, "dyspnoea mild")),
        ("tickly throat", (5, "itch mild")),
        ("feels dizzy", (5, "dizziness mild")),
        ("complains of severe headache", (5, "headache severe")),
        ("LOC 15 s", (5, "syncope over")),
        ("unresponsive briefly", (5, "syncope over")),
        ("near syncope", (5, "dizziness over")),
        ("flush for 20 sec at 30 min", (31, "flushing over")),
    ],
)
def test_a_symptom_has_the_time_that_its_report_gives(
    tmp_path: Path, text: str, said: tuple[float, str]
) -> None:
    timeline = [{"t_min": 5, "HR": 99}, {"t_min": 25, "note": "rigors"}, {"t_min": 60, "HR": 90}]
    (one,) = read(tmp_path, case(symptoms=[text], timeline=timeline))

    assert said in told(one)


def test_what_was_over_before_the_readings_is_never_charted_as_present(tmp_path: Path) -> None:
    timeline = [{"t_min": 5, "HR": 99}, {"t_min": 60, "HR": 90}]
    texts = ["syncope for 20 s at 30 min", "LOC 15 s"]
    (one,) = read(tmp_path, case(symptoms=texts, timeline=timeline))

    said = [words for words in told(one) if words[1].startswith("syncope")]
    assert said == [(5, "syncope over"), (30, "syncope moderate"), (31, "syncope over")]


def test_a_text_without_a_key_is_counted_and_named(tmp_path: Path) -> None:
    remarks = Remarks()
    read(tmp_path, case(symptoms=["pale", "dizzy"]), remarks=remarks)

    assert remarks.counts == {"texts of symptoms not charted": 1}
    assert remarks.named == ["LIT-one: 'pale' has no key; not charted"]


def test_groups_are_counted_and_bad_lines_named(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    lines = [
        json.dumps(case(set="group")),
        "not json",
        "[]",
        "",
        json.dumps(case(timeline="soon")),
        json.dumps(case()),
    ]
    path.write_text("\n".join(lines))
    remarks = Remarks()

    assert [one.name for one in recordings(path, remarks)] == ["LIT-one"]
    assert remarks.counts == {"summaries of groups passed over": 1, "lines left out": 3}
    assert [words.split(": ")[0] for words in remarks.named] == [
        f"{path}:{line}" for line in (2, 3, 5)
    ]


def test_bad_points_and_values_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    remarks = Remarks()
    timeline = [
        "at once",
        {"t_min": "soon", "HR": 90},
        {"t_min": 5, "HR": "fast", "SBP": 80},
        {"t_min": 10**400, "SBP": 70},
        {"t_min": 6, "SBP": True},
    ]
    (one,) = read(tmp_path, case(timeline=timeline), remarks=remarks)

    assert told(one)[2:] == [(5, "80"), (246, "close")]
    assert remarks.counts == {"points left out": 3, "values left out": 2}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="cannot be read"):
        list(recordings(tmp_path / "none.jsonl", Remarks()))
    path = tmp_path / "latin.jsonl"
    path.write_bytes(b"\xe9\n")
    with pytest.raises(InputFileError, match="is not UTF-8"):
        list(recordings(path, Remarks()))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


@given(
    st.sampled_from(sorted(case())),
    anything,
    st.lists(st.dictionaries(st.sampled_from(["t_min", "HR", "note"]), anything), max_size=3),
)
def test_no_entry_is_too_strange_to_read(
    tmp_path_factory: pytest.TempPathFactory, field: str, value: object, timeline: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("strange")

    for one in read(folder, case(timeline=timeline) | {field: value}):
        for step in one.steps:
            for message in step.messages:
                decode(message, position=0)


@pytest.mark.evidence
def test_every_published_case_becomes_messages_that_decode(evidence: Path) -> None:
    remarks = Remarks()
    found = list(recordings(evidence / "cases.jsonl", remarks))

    assert len(found) == 43
    assert remarks.counts["summaries of groups passed over"] == 9
    assert "lines left out" not in remarks.counts
    refused = [
        record
        for one in found
        for step in one.steps
        for message in step.messages
        if isinstance(record := decode(message, position=0), MessageRefused)
    ]
    assert refused == []


def test_an_expectation_that_cannot_be_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    expected = {
        "min_grade": 1,
        "max_grade": "three",
        "attention": "yes",
        "detectable_from_vitals": True,
        "steps": "stop",
        "must_not": None,
        "pattern": "febrile",
    }
    remarks = Remarks()
    path = tmp_path / "cases.jsonl"
    read(tmp_path, case(expected=expected))

    (found,) = cases.cases(path, remarks)

    assert found.expected == {
        "min_grade": 1,
        "detectable_from_vitals": True,
        "must_not": None,
        "pattern": "febrile",
    }
    assert remarks.counts == {"values left out": 3}
    assert f"{path}:1: expected: max_grade: 'three' is no grade from 0 to 4; left out" in list(
        remarks.lines()
    )
