"""Whatever can be replayed is recognised by its content."""

import gzip
import json
from pathlib import Path

import pytest

from monitor.adapters import mimic
from monitor.adapters.journal import Journal
from monitor.adapters.recording import Header, InputFileError, Remarks, write_recording
from monitor.adapters.sources import open_source, recognised
from monitor.facts.records import RecordedStep

STEPS = (RecordedStep(now_ms=1, messages=()), RecordedStep(now_ms=2, messages=()))
CASE = {"id": "LIT-one", "set": "literature", "timeline": [{"t_min": 5, "HR": 90}]}


def journal(path: Path) -> Path:
    with Journal.open_for_writing(path, unit="inf-b", software="0", config="sha256:1") as kept:
        for step in STEPS:
            kept.append_step(step.now_ms, step.messages)
    return path


def recording(path: Path) -> Path:
    write_recording(path, STEPS, header=Header(format=1, unit="inf-a"))
    return path


def cases(path: Path) -> Path:
    path.write_text(json.dumps(CASE) + "\n")
    return path


def archive(path: Path) -> Path:
    path.mkdir()
    head = "icustay_id,t_min,HR,RR,SpO2,Temp_C,SBP_art,DBP_art,SBP_nibp,DBP_nibp\n"
    (path / mimic.VITALS).write_bytes(gzip.compress(head.encode()))
    given = (
        "icustay_id,product,t_start_min,t_end_min,amount,unit,weight_kg\n1,Platelets,0,9,5,ml,70\n"
    )
    (path / mimic.TRANSFUSIONS).write_text(given)
    (path / mimic.STAYS).write_text("icustay_id,age\n")
    return path


MAKERS = {
    "journal": journal,
    "recording": recording,
    "cases": cases,
    "mimic3-demo": archive,
}


@pytest.mark.parametrize("form", MAKERS)
def test_content_says_what_a_thing_is_and_not_its_name(tmp_path: Path, form: str) -> None:
    path = MAKERS[form](tmp_path / "thing")

    assert recognised(path) == form
    (one,) = open_source(path, Remarks())
    assert len(list(one.steps)) > 1


def test_a_compressed_recording_is_recognised(tmp_path: Path) -> None:
    assert recognised(recording(tmp_path / "r.jsonl.gz")) == "recording"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "thing: is empty"),
        (b"\x1f\x8b", "is neither a journal nor a recording"),
        (b"\x1f\x8bjunk", "is neither a journal nor a recording"),
        (b"{}", "is neither a journal nor a recording"),
        (b"a,b\n", "is neither a journal nor a recording"),
        ('{"format": 1}\n'.encode("utf-16"), "is written in UTF-16; save it as UTF-8"),
        ('{"format": 1}\n'.encode("utf-16-be"), "is neither a journal nor a recording"),
    ],
)
def test_anything_else_is_not(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)

    assert recognised(path) is None
    with pytest.raises(InputFileError, match=words):
        list(open_source(path, Remarks()))


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("r.jsonl", b'{"format":1,"unit":"u"}\r\n{"now_ms":1,"inbox":[]}\r\n', "recording"),
        ("c.jsonl", b'{"id":"c-1","timeline":[{"t_min":5,"HR":90}]}\r\n', "cases"),
        ("1.txt", b"Time,Parameter,Value\r\n00:07,HR,73\r\n", "physionet2012"),
    ],
)
def test_a_mark_of_byte_order_and_other_ends_of_lines_change_nothing(
    tmp_path: Path, name: str, content: bytes, form: str
) -> None:
    path, remarks = tmp_path / name, Remarks()
    told = []
    for written in (content.replace(b"\r", b""), content, b"\xef\xbb\xbf" + content):
        path.write_bytes(written)
        assert recognised(path) == form
        told.append([tuple(one.steps) for one in open_source(path, remarks)])
    assert told[0]
    assert told[0] == told[1] == told[2]
    assert remarks.named == []


def test_a_journal_gives_its_unit_and_every_step(tmp_path: Path) -> None:
    (one,) = open_source(journal(tmp_path / "j.db"), Remarks())

    assert (one.unit, one.config) == ("inf-b", "sha256:1")
    assert tuple(one.steps) == STEPS


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    recording(tmp_path / "b.jsonl")
    cases(tmp_path / "a.jsonl")
    journal(tmp_path / "c.db")
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "c.db-wal").write_bytes(b"")
    remarks = Remarks()

    assert [one.name for one in open_source(tmp_path, remarks)] == ["LIT-one", "b.jsonl", "c.db"]
    assert remarks.counts == {"files and folders passed over": 1}


def test_a_wrong_format_is_refused_where_it_does_not_fit(tmp_path: Path) -> None:
    path = recording(tmp_path / "r.jsonl")
    with pytest.raises(InputFileError, match="journal"):
        list(open_source(path, Remarks(), form="journal"))
    with pytest.raises(InputFileError, match=r"format .* must be auto or one of"):
        list(open_source(path, Remarks(), form="edf"))
