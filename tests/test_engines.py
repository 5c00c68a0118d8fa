"""Engines: whoever does the work, however it is cut, and whoever dies of it, the same comes out."""

import asyncio
import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import distributed.scheduler
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.recording import InputFileError
from monitor.engines.cluster import DaskEngine
from monitor.engines.local import ProcessEngine, SerialEngine
from monitor.engines.progress import Progress
from monitor.engines.work import Done, Engine, EngineError, chunks_of, digest_of

ITEMS = tuple(f"item-{number:02d}" for number in range(12))


def hashed(item: str) -> bytes:
    """A pure piece of work."""
    return hashlib.sha256(item.encode()).digest()


def hashed_by_a_mortal(item: str) -> bytes:
    """The same work, of which the first who takes the marked item dies."""
    name, mark = item.split("|")
    grave = Path(mark)
    if name == "item-05" and not grave.exists():
        grave.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return hashlib.sha256(name.encode()).digest()


def deadly(item: str) -> bytes:
    """Work that kills whoever takes it."""
    os.kill(os.getpid(), signal.SIGKILL)
    return item.encode()


def slow(item: str) -> bytes:
    """Work that lasts beyond the first heartbeats of whoever does it."""
    threading.Event().wait(0.3)
    return hashed(item)


def marked(item: str) -> bytes:
    """Work of which it is seen that it was begun."""
    name, folder = item.split("|")
    (Path(folder) / name).touch()
    return slow(name)


@pytest.fixture(scope="module")
def expected() -> str:
    return digest_of(SerialEngine().run(hashed, chunks_of(ITEMS)))


@pytest.mark.parametrize(
    ("engine", "size"),
    [
        (SerialEngine(), 5),
        (SerialEngine(), 100),
        (ProcessEngine(2), 1),
        (ProcessEngine(3), 5),
        (DaskEngine(jobs=2), 2),
    ],
)
def test_every_engine_and_every_chunk_gives_the_same(
    engine: Engine, size: int, expected: str
) -> None:
    assert digest_of(engine.run(hashed, chunks_of(ITEMS, size))) == expected


@pytest.mark.parametrize("engine", [ProcessEngine(2), DaskEngine(jobs=2)])
def test_a_killed_worker_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    grave = tmp_path / "grave"
    items = [f"{item}|{grave}" for item in ITEMS]
    found = sorted(engine.run(hashed_by_a_mortal, chunks_of(items, 2)), key=lambda one: one.item)
    assert grave.exists()
    assert [one.result for one in found] == [hashed(item) for item in ITEMS]


def test_work_that_kills_everybody_is_given_up_and_named() -> None:
    with pytest.raises(EngineError, match="item-00"):
        list(ProcessEngine(1).run(deadly, chunks_of(ITEMS[:1])))


@pytest.fixture
def answers_late(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a scheduler answer heartbeats so late that one is always on its way, and count them."""
    init = distributed.scheduler.Scheduler.__init__
    asked: list[int] = []

    def late(self: Any, *args: Any, **options: Any) -> None:  # noqa: ANN401 - whatever is given
        init(self, *args, **options)
        answer = self.handlers["heartbeat_worker"]

        async def answered(*args: Any, **options: Any) -> object:  # noqa: ANN401 - as above
            asked.append(1)
            await asyncio.sleep(0.4)
            return answer(*args, **options)

        self.handlers["heartbeat_worker"] = answered

    monkeypatch.setattr(distributed.scheduler.Scheduler, "__init__", late)
    monkeypatch.setattr(distributed.scheduler, "heartbeat_interval", lambda _: 0.05)
    return asked


def test_a_cluster_of_our_own_closes_without_a_word(
    answers_late: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        before = len(answers_late)
        assert len(list(DaskEngine(jobs=2).run(slow, chunks_of(ITEMS)))) == len(ITEMS)
        assert len(answers_late) > before
    assert capfd.readouterr().err == ""


def test_two_clusters_work_side_by_side(expected: str, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = (DaskEngine(jobs=1).run(hashed, chunks_of(ITEMS, 4)) for _ in range(2))
    one, other = next(first), next(second)
    assert digest_of([one, *first]) == digest_of([other, *second]) == expected
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("engine", [ProcessEngine(2), DaskEngine(jobs=2)])
def test_who_is_left_early_begins_nothing_more_and_says_nothing(
    engine: Engine, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    items = [f"{number}|{tmp_path}" for number in range(60)]
    found = engine.run(marked, chunks_of(items))
    next(found)
    assert isinstance(found, Generator)
    found.close()
    assert len(list(tmp_path.iterdir())) < len(items) / 2
    assert capfd.readouterr().err == ""


PROGRAM = """
import signal, sys, time
from pathlib import Path
from monitor.engines.cluster import DaskEngine
from monitor.engines.local import ProcessEngine

def marked(item):
    name, folder = item.split("|")
    (Path(folder) / name).touch()
    time.sleep(0.3)
    return name.encode()

# A shell lets what it runs in the background ignore Ctrl-C, and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

if __name__ == "__main__":
    engine = {"processes": ProcessEngine(2), "dask": DaskEngine(jobs=2)}[sys.argv[1]]
    try:
        for _ in engine.run(marked, [(f"{number}|{sys.argv[2]}",) for number in range(400)]):
            print("done", flush=True)
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.parametrize("name", ["processes", "dask"])
def test_ctrl_c_ends_all_at_once_and_without_a_word(name: str, tmp_path: Path) -> None:
    """The terminal sends it to every process of the program."""
    program, marks = tmp_path / "program.py", tmp_path / "marks"
    program.write_text(PROGRAM)
    marks.mkdir()
    with subprocess.Popen(
        [sys.executable, str(program), name, str(marks)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "done\n"
            os.killpg(running.pid, signal.SIGINT)
            _, said = running.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
    assert (running.returncode, said) == (130, "")
    assert len(list(marks.iterdir())) < 100


def test_a_cluster_that_is_not_there_is_named() -> None:
    engine = DaskEngine(address="tcp://127.0.0.1:1")
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:1.*is it running"):
        list(engine.run(hashed, chunks_of(ITEMS)))


@given(st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=5)), unique_by=lambda p: p[0]))
def test_the_digest_knows_no_order_and_every_byte(pairs: list[tuple[str, bytes]]) -> None:
    done = [Done(item=item, result=result) for item, result in pairs]
    assert digest_of(done) == digest_of(reversed(done))
    changed = [Done(item=one.item, result=one.result + b"x") for one in done]
    assert (digest_of(changed) == digest_of(done)) == (not done)


def test_work_is_cut_without_losing_or_doubling_any() -> None:
    assert [item for chunk in chunks_of(ITEMS, 5) for item in chunk] == list(ITEMS)
    with pytest.raises(ValueError, match="twice"):
        chunks_of(["a", "a"])
    with pytest.raises(ValueError, match="at least 1"):
        chunks_of(ITEMS, 0)
    with pytest.raises(ValueError, match="at least 1"):
        ProcessEngine(0)


def test_what_is_done_is_not_done_again_and_a_torn_line_is(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    with Progress(path, work="w") as progress:
        for item in ITEMS[:3]:
            progress.add(Done(item=item, result=hashed(item)))
    torn = path.read_bytes()[:-10]
    path.write_bytes(torn)
    with Progress(path, work="w") as again:
        assert set(again.done) == set(ITEMS[:2])
        again.add(Done(item=ITEMS[2], result=b"x"))
    with Progress(path, work="w") as last:
        assert set(last.done) == set(ITEMS[:3])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"work":"other"}\n', "belongs to other work"),
        (b"no json\n", "is no file of progress"),
        (b'{"work":"w"}\n{"item":1}\n{"item":"a","result":""}\n', "is no line of progress"),
    ],
)
def test_progress_of_other_work_is_never_mixed_in(tmp_path: Path, body: bytes, words: str) -> None:
    path = tmp_path / "progress"
    path.write_bytes(body)
    with pytest.raises(InputFileError, match=words):
        Progress(path, work="w")
    assert path.read_bytes() == body


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="cannot be written"):
        Progress(tmp_path / "none" / "progress", work="w")
