"""A recording keeps every byte, and a file that is not one says where and why."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters import recording
from monitor.adapters.recording import (
    Header,
    InputFileError,
    Remarks,
    header_line,
    open_recording,
    read_header,
    read_recording,
    step_line,
    write_recording,
)
from monitor.facts.records import RawMessage, RecordedStep

HEADER = Header(format=1, unit="inf-a", config="sha256:00", software="0.1.0")
STEPS = (
    RecordedStep(
        now_ms=1_000,
        messages=(
            RawMessage(received_ms=990, topic="irm/v1/inf-a/17/mon/vitals", payload=b'{"seq":1}'),
            RawMessage(received_ms=999, topic="irm/v1/inf-a/17/mon/status", payload=b"\xff\x00"),
        ),
    ),
    RecordedStep(now_ms=2_000, messages=()),
    RecordedStep(
        now_ms=3_000,
        messages=(
            RawMessage(received_ms=3_000, topic="a/b", payload="36,6 °C\n".encode(), retained=True),
        ),
    ),
)
MANY = tuple(
    RecordedStep(now_ms=step.now_ms + 3_000 * n, messages=step.messages)
    for n in range(20)
    for step in STEPS
)


def written(tmp_path: Path, *lines: bytes, name: str = "r.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(b"".join(lines))
    return path


def refusal(path: Path) -> InputFileError:
    with pytest.raises(InputFileError) as caught:
        list(read_recording(path))
    return caught.value


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_what_was_written_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    assert write_recording(path, STEPS, header=HEADER) == 3

    assert read_header(path) == HEADER
    assert tuple(read_recording(path)) == STEPS
    opened = open_recording(path)
    assert (opened.unit, opened.config, opened.software) == ("inf-a", "sha256:00", "0.1.0")
    assert tuple(opened.steps) == STEPS


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_same_steps_make_same_bytes_under_any_name(tmp_path: Path, name: str) -> None:
    first, second = tmp_path / name, tmp_path / f"other-{name}"

    write_recording(first, STEPS, header=HEADER)
    write_recording(second, STEPS, header=HEADER)

    assert first.read_bytes() == second.read_bytes()


messages = st.builds(
    RawMessage,
    received_ms=st.integers(0, 10**13),
    topic=st.text(max_size=40),
    payload=st.one_of(st.binary(max_size=60), st.text(max_size=30).map(str.encode)),
    retained=st.booleans(),
)
steps = st.builds(
    RecordedStep,
    now_ms=st.integers(0, 10**13),
    messages=st.lists(messages, max_size=4).map(tuple),
)


@given(steps)
def test_any_bytes_survive_the_way_there_and_back(step: RecordedStep) -> None:
    line = step_line(step)

    assert line.count(b"\n") == 1
    assert recording._step(Path("r"), 1, line) == step


def taken_or_refused(line: bytes) -> bool:
    """Whether a line ends in a step or in an error that names its place; nothing else may be."""
    try:
        recording._step(Path("r"), 7, line)
    except InputFileError as fault:
        return str(fault).startswith("r:7: ")
    return True


@given(st.binary(max_size=200))
def test_any_bytes_as_a_step_are_taken_or_refused(line: bytes) -> None:
    assert taken_or_refused(line)


@given(st.data())
def test_a_step_with_one_changed_byte_is_taken_or_refused(data: st.DataObject) -> None:
    line = bytearray(step_line(STEPS[0]))
    line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    assert taken_or_refused(bytes(line))


def test_a_torn_last_line_is_told_and_left_out_at_every_length(tmp_path: Path) -> None:
    whole = [step_line(step) for step in STEPS]
    for length in range(1, len(whole[2]) - 1):
        path = written(tmp_path, header_line(HEADER), *whole[:2], whole[2][:length])
        remarks = Remarks()

        assert tuple(read_recording(path, remarks)) == STEPS[:2]
        assert remarks.counts == {"torn last line": 1}
        assert remarks.named == [f"{path}:4: torn last line left out"]


def test_a_last_line_without_its_end_is_whole_if_it_can_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, header_line(HEADER), step_line(STEPS[0]).rstrip(b"\n"))
    remarks = Remarks()

    assert tuple(read_recording(path, remarks)) == STEPS[:1]
    assert not remarks.counts


def test_a_compressed_recording_that_ends_early_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    write_recording(path, MANY, header=HEADER)
    path.write_bytes(path.read_bytes()[:-20])
    remarks = Remarks()

    read = tuple(read_recording(path, remarks))

    assert read == MANY[: len(read)]
    assert remarks.counts == {"torn last line": 1}


def test_a_bad_line_before_the_end_stops_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, header_line(HEADER), b'{"now_ms":\n', step_line(STEPS[1]))

    assert refusal(path).line == 2


@pytest.mark.parametrize(
    ("line", "name", "value", "reason"),
    [
        (b'{"now_ms":"1","inbox":[]}', "now_ms", "'1'", "Expected `int`, got `str`"),
        (b'{"now_ms":-1,"inbox":[]}', "now_ms", "'-1'", "Expected `int` >= 0"),
        (b'{"now_ms":1}', "", "", "missing required field `inbox`"),
        (b'{"now_ms":1,"inbox":[{"topic":"a","payload":"x"}]}', "inbox[0]", "", "received_ms"),
        (
            b'{"now_ms":1,"inbox":[{"received_ms":1,"topic":7,"payload":"x"}]}',
            "inbox[0].topic",
            "'7'",
            "Expected `str`, got `int`",
        ),
        (
            b'{"now_ms":1,"inbox":[{"received_ms":1,"topic":"a"}]}',
            "inbox[0].payload",
            "",
            "needs either payload or payload_b64",
        ),
        (
            b'{"now_ms":1,"inbox":[{"received_ms":1,"topic":"a","payload":"x","payload_b64":""}]}',
            "inbox[0].payload",
            "",
            "needs either payload or payload_b64",
        ),
        (
            b'{"now_ms":1,"inbox":[{"received_ms":1,"topic":"a","payload_b64":"!!!"}]}',
            "inbox[0].payload_b64",
            "'!!!'",
            "is not base64",
        ),
    ],
)
def test_a_bad_step_names_line_field_and_value(
    tmp_path: Path, line: bytes, name: str, value: str, reason: str
) -> None:
    path = written(tmp_path, header_line(HEADER), line + b"\n")

    fault = refusal(path)

    assert fault.line == 2
    assert fault.name == name
    assert reason in fault.reason
    assert value in fault.value
    assert str(fault).startswith(f"{path}:2: ")


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (b"", "is empty or torn"),
        (b"now_ms,topic\n", "is no header of a recording"),
        (b'{"unit":"a"}\n', "missing required field `format`"),
        (b'{"format":2,"unit":"a"}\n', "this program reads format 1"),
    ],
)
def test_a_file_that_is_no_recording_says_so(tmp_path: Path, first: bytes, reason: str) -> None:
    path = written(tmp_path, first)

    assert reason in refusal(path).reason
    with pytest.raises(InputFileError, match=r"r\.jsonl"):
        open_recording(path)


def test_fields_of_a_newer_program_are_passed_over(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        b'{"format":1,"unit":"a","operator":"x"}\n',
        b'{"now_ms":5,"inbox":[],"lag_ms":3}\n',
    )

    assert tuple(read_recording(path)) == (RecordedStep(now_ms=5, messages=()),)


def test_lines_and_steps_have_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, header_line(HEADER), step_line(STEPS[0]))
    monkeypatch.setattr(recording, "MESSAGES_MAX", 1)
    assert "more than 1 messages" in refusal(path).reason

    monkeypatch.setattr(recording, "LINE_BYTES_MAX", 100)
    assert "longer than 100 bytes" in refusal(path).reason


def test_missing_and_wrongly_named_files_are_named(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none.jsonl").reason
    plain = written(tmp_path, header_line(HEADER), name="plain.jsonl.gz")
    assert "not compressed" in refusal(plain).reason
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "cannot be read" in refusal(folder).reason


def test_damaged_compression_is_refused_or_told_but_never_silent(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    write_recording(path, MANY, header=HEADER)
    whole = path.read_bytes()
    for place in range(12, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        remarks = Remarks()
        try:
            list(read_recording(path, remarks))
        except InputFileError:
            continue
        assert remarks.counts == {"torn last line": 1}, place


def test_the_format_is_what_the_documents_say(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    write_recording(path, STEPS[:1], header=HEADER)

    assert gzip.decompress(path.read_bytes()).decode() == (
        '{"format":1,"unit":"inf-a","config":"sha256:00","software":"0.1.0"}\n'
        '{"now_ms":1000,"inbox":['
        '{"received_ms":990,"topic":"irm/v1/inf-a/17/mon/vitals","payload":"{\\"seq\\":1}"},'
        '{"received_ms":999,"topic":"irm/v1/inf-a/17/mon/status","payload_b64":"/wA="}]}\n'
    )


def test_remarks_are_all_counted_and_some_named() -> None:
    remarks = Remarks()
    for number in range(recording.NAMED_MAX + 5):
        remarks.add("row", f"row {number}")
    remarks.count("other", 3)
    remarks.count("none", 0)

    lines = list(remarks.lines())

    assert len(remarks.named) == recording.NAMED_MAX
    assert lines[-2:] == ["other: 3", "row: 25"]


def test_time_never_goes_back(tmp_path: Path) -> None:
    path = written(tmp_path, header_line(HEADER), *map(step_line, (STEPS[1], STEPS[0], STEPS[2])))

    fault = refusal(path)

    assert (fault.line, fault.name, fault.value) == (3, "now_ms", "1000")
    assert fault.reason == "lies before the step in front of it, at 2000"
