"""Archives: the same digest whoever replays, however it is cut, and what is said of bad files."""

import io
import json
import shutil
from pathlib import Path

import msgspec
import pytest

from monitor.__main__ import main
from monitor.adapters.recording import InputFileError
from monitor.engines.cluster import DaskEngine
from monitor.engines.local import SerialEngine
from monitor.study.archive import (
    ArchiveReplayed,
    archive_difference,
    archive_items,
    archive_replayed,
    run_archive,
)
from monitor.study.runs import Run

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
RECORDINGS = ROOT / "tests" / "replay" / "recordings"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of recordings, of which one is torn and one is no recording."""
    folder = tmp_path_factory.mktemp("archive")
    for name in ("a.jsonl", "b.jsonl"):
        shutil.copy(RECORDINGS / "by-hand.jsonl", folder / name)
    (folder / "c.jsonl").write_text('{"format":1,"unit":"inf-a"}\n{"now_ms":-1,"inbox":[]}\n')
    (folder / "notes.txt").write_text("words")
    return folder


@pytest.fixture(scope="module")
def blessed(archive: Path) -> str:
    """Give what a serial run writes as JSON."""
    out = io.StringIO()
    run = Run(engine=SerialEngine())
    code = run_archive(
        archive_items([archive], CONFIG),
        run,
        config="sha256:1",
        out=out,
        err=io.StringIO(),
        as_json=True,
    )
    assert code == 1  # a file of it cannot be read
    return out.getvalue()


def test_a_file_is_an_item_and_a_bad_one_a_result(blessed: str) -> None:
    found = json.loads(blessed)

    assert [one["name"] for one in found["files"]] == ["a.jsonl", "b.jsonl", "c.jsonl"]
    first, second, third = found["files"]
    assert first["digest"] == second["digest"] != third["digest"]
    assert first["sessions"] >= 1
    assert first["alerts"]
    assert "c.jsonl:2: now_ms" in third["fault"]
    assert found["messages"] == first["messages"] + second["messages"]


@pytest.mark.parametrize("name", ["dask", "resumed"])
def test_every_engine_chunk_and_stop_gives_the_same_digest(
    archive: Path, blessed: str, tmp_path: Path, name: str
) -> None:
    items, err = archive_items([archive], CONFIG), io.StringIO()
    progress = tmp_path / "progress"
    runs = {
        "dask": Run(engine=DaskEngine(jobs=2), files_per_chunk=2),
        "resumed": Run(engine=SerialEngine(), files_per_chunk=3, resume=progress),
    }
    if name == "resumed":  # one of three was done before a stop
        whole = archive_replayed(items, runs[name], config="sha256:1", err=err)
        lines = progress.read_bytes().splitlines(keepends=True)
        progress.write_bytes(b"".join(lines[:2]))
        assert len(lines) == len(whole.files) + 1

    found = archive_replayed(items, runs[name], config="sha256:1", err=err)

    assert found.digest == json.loads(blessed)["digest"]


def test_a_run_is_compared_file_by_file(blessed: str) -> None:
    whole = msgspec.json.decode(blessed, type=ArchiveReplayed)
    first, second, third = whole.files
    fewer = msgspec.structs.replace(whole, files=(first, second))
    called = msgspec.structs.replace(second, called=second.called + 1)
    other = msgspec.structs.replace(whole, config="sha256:2", files=(first, called, third))

    assert archive_difference(whole, msgspec.structs.replace(whole, config="sha256:2")) == ""
    assert archive_difference(whole, fewer) == "c.jsonl: was blessed and is not there"
    assert archive_difference(fewer, whole).startswith("c.jsonl: was not there when")
    assert archive_difference(whole, other) == (
        f"b.jsonl: called: {second.called} was blessed, {called.called} came"
    )


def test_the_command_compares_with_what_it_wrote(
    archive: Path, blessed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["replay", str(archive / "a.jsonl"), "--config", str(CONFIG), "--engine", "serial"]
    path = tmp_path / "blessed.json"
    path.write_text(blessed)

    assert main([*command, "--compare", str(path)]) == 1
    assert "b.jsonl: was blessed and is not there" in capsys.readouterr().err

    path.write_text("[]")
    assert main([*command, "--compare", str(path)]) == 4
    with pytest.raises(InputFileError, match="nothing that can be replayed"):
        archive_items([_empty(tmp_path)], CONFIG)


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def test_the_command_works_an_archive_off(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["replay", str(archive / "a.jsonl"), "--config", str(CONFIG)]

    assert main([*command, "--engine", "serial"]) == 0
    out = capsys.readouterr().out
    assert "files           1" in out
    assert "digest          sha256:" in out

    assert main([*command, "--engine", "serial", "--speed", "2"]) == 2
    assert main([*command, "--journal", "x"]) == 2
    assert main([*command, "--speed", "0"]) == 2
    assert main([*command, "--into", "127.0.0.1", "--json"]) == 2
    assert main(["replay", str(archive / "none"), "--engine", "serial"]) == 4


def test_a_replay_at_a_speed_waits_and_tells_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "short.jsonl"
    lines = (RECORDINGS / "by-hand.jsonl").read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:20]))
    outs = []
    for more in ([], ["--speed", "100000"]):
        assert main(["replay", str(path), "--config", str(CONFIG), "--json", *more]) == 0
        outs.append(capsys.readouterr().out)

    assert outs[0] == outs[1] != ""
