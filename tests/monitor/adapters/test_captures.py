"""Captures of a broker: the same messages as were sent, and what cannot be read is named."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.__main__ import main
from monitor.adapters.captures import PASSED_OVER
from monitor.adapters.recording import InputFileError, Remarks, open_recording
from monitor.adapters.sources import open_source, recognised
from monitor.facts.effects import AlertChanged
from monitor.facts.records import RawMessage, RecordedStep
from monitor.replay import replay
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward

ROOT = Path(__file__).resolve().parents[3]
REACTION = ROOT / "tests" / "replay" / "recordings" / "anaphylaxis.jsonl.gz"
AT = "2026-11-24T03:47:55.400702Z+0000"
AT_MS = 1_795_492_075_400
TOPIC = "irm/v1/inf-a/17/mon/vitals"


def stamp(at_ms: int) -> str:
    """Return a time as mosquitto_sub writes it."""
    found = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{found:%Y-%m-%dT%H:%M:%S.%f}Z+0000"


def as_text(message: RawMessage) -> str:
    """Return a message as ``-F %j`` writes it."""
    retain = int(message.retained)
    return json.dumps(
        {"tst": stamp(message.received_ms), "topic": message.topic, "qos": 1, "retain": retain,
         "payloadlen": len(message.payload), "payload": message.payload.decode()}
    )  # fmt: skip


def as_json(message: RawMessage) -> str:
    """Return a message as ``-F %J`` writes it."""
    head = json.loads(as_text(message))
    del head["payload"]
    return f'{json.dumps(head)[:-1]},"payload":{message.payload.decode()}}}'


def written(folder: Path, *lines: str) -> Path:
    """Write a capture and return its file."""
    path = folder / "night.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def line(**more: object) -> str:
    """Return one line with other values."""
    plain: dict[str, object] = {"tst": AT, "topic": TOPIC, "payload": "{}"}
    return json.dumps({**plain, **more})


def messages_of(steps: list[RecordedStep]) -> list[RawMessage]:
    return [message for step in steps for message in step.messages]


@pytest.mark.parametrize("style", [as_text, as_json])
def test_a_captured_night_is_the_night_that_was_recorded(
    style: Callable[[RawMessage], str], tmp_path: Path
) -> None:
    recorded = list(open_recording(REACTION).steps)
    sent = messages_of(recorded)
    path = written(tmp_path, *map(style, sent))

    assert recognised(path) == "capture"
    (found,) = open_source(path, Remarks())

    steps = list(found.steps)
    assert (found.name, found.unit) == ("night.jsonl", "inf-a")
    assert messages_of(steps) == sent
    assert [step.now_ms for step in steps] == list(
        range(steps[0].now_ms, steps[-1].now_ms + 1, 1000)
    )
    for step in steps:
        assert all(0 <= step.now_ms - one.received_ms < 1000 for one in step.messages)
    settings = load_settings(ROOT / "config").ward
    told = [
        {
            (one.cause, one.pattern, one.grade)
            for _, effects in replay(each, Ward(settings, unit="inf-a"))
            for one in effects
            if isinstance(one, AlertChanged) and one.kind == "physiological"
        }
        for each in (recorded, steps)
    ]
    assert told[0] == told[1]
    assert max(grade for *_, grade in told[0]) >= 3


def test_units_are_apart_and_what_a_monitor_said_is_passed_over(tmp_path: Path) -> None:
    path, remarks = (
        written(
            tmp_path,
            line(retain=1),
            line(topic="irm/v1/inf-b/2/mon/vitals", payload={"seq": 1}),
            line(topic="irm/v1/inf-a/17/_/state"),
            line(topic="irm/v1/inf-a/_/monitor/status"),
            line(topic="home/kitchen"),
            line(payload="offline"),
            line(payload=None),
        ),
        Remarks(),
    )

    of_a, of_b = open_source(path, remarks)

    assert [one.name for one in (of_a, of_b)] == ["night.jsonl inf-a", "night.jsonl inf-b"]
    assert [(one.payload, one.retained) for one in messages_of(list(of_a.steps))] == [
        (b"{}", True),
        (b"offline", False),
        (b"", False),
    ]
    assert messages_of(list(of_b.steps))[0].payload == b'{"seq": 1}'
    assert remarks.counts == {PASSED_OVER: 3}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tst": "soon"}, "tst: is no time in ISO 8601 (got 'soon')"),
        ({"tst": None}, "tst: is missing, and so is received_ms (got '')"),
        (
            {"tst": None, "received_ms": -1},
            "received_ms: must lie between 1970 and 9999 (got '-1')",
        ),
        ({"received_ms": 5}, f"time: lies before {AT_MS} of the last line (got '5')"),
        ({"topic": 3}, "line: is no message: Expected `str`, got `int` - at `$.topic` (got"),
    ],
)
def test_a_bad_line_is_named_and_left_out(
    more: dict[str, object], words: str, tmp_path: Path
) -> None:
    path, remarks = written(tmp_path, line(), line(**more), "", line()), Remarks()

    (found,) = open_source(path, remarks)

    assert len(messages_of(list(found.steps))) == 2
    assert remarks.counts == {"rows left out": 1}
    assert remarks.named[0].startswith(f"{path}:2: {words}")


@pytest.mark.parametrize(
    ("at", "expected_ms"),
    [
        (AT, AT_MS),
        ("2026-11-24T03:47:55.400Z", AT_MS),
        ("2026-11-24T04:47:55.400702Z+0100", AT_MS),
        ("2026-11-24T03:47:55.400", AT_MS),
    ],
)
def test_the_zone_of_a_stamp_is_the_one_that_is_a_number(
    at: str, expected_ms: int, tmp_path: Path
) -> None:
    (found,) = open_source(written(tmp_path, line(tst=at)), Remarks())
    assert messages_of(list(found.steps))[0].received_ms == expected_ms


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((line(topic="home/payload"),), "holds no message of irm/v1 that a device sent"),
        ((line(), line(tst="2027-03-01T00:00:00Z")), "unit inf-a lasts over a month"),
    ],
)
def test_what_is_no_night_is_refused(lines: tuple[str, ...], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=words):
        list(open_source(written(tmp_path, *lines), Remarks()))


def test_a_mark_of_byte_order_is_passed_over(tmp_path: Path) -> None:
    path, remarks = written(tmp_path, line(), line()), Remarks()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    (found,) = open_source(path, remarks)

    assert len(messages_of(list(found.steps))) == 2
    assert remarks.named == []


def test_a_compressed_capture_replays_and_a_torn_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = messages_of(list(open_recording(REACTION).steps))
    text = "".join(f"{as_text(one)}\n" for one in sent).encode()
    path = tmp_path / "night.jsonl.gz"
    path.write_bytes(gzip.compress(text))

    assert main(["replay", str(path), "--config", str(ROOT / "config")]) == 0
    assert "grade 3" in capsys.readouterr().out

    path.write_bytes(gzip.compress(text)[:-30])
    assert main(["replay", str(path), "--config", str(ROOT / "config")]) == 4
    assert "ends early" in capsys.readouterr().err
