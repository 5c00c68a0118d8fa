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
    "content", [b"", b"\x1f\x8b", b"\x1f\x8bjunk", b"{}", b"\xff\xfe", b"a,b\n"]
)
def test_anything_else_is_not(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)

    assert recognised(path) is None
    with pytest.raises(InputFileError, match="is neither a journal nor a recording"):
        list(open_source(path, Remarks()))


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
