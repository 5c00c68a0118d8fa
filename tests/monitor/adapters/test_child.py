"""A child is started again when it ends, given up when it cannot work, and never left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from broker import eventually

from monitor.adapters import child
from monitor.adapters.child import Child


def script(folder: Path, text: str) -> list[str]:
    path = folder / "child.py"
    path.write_text(f"import pathlib, sys, time\nhere = pathlib.Path({str(folder)!r})\n{text}\n")
    return [sys.executable, str(path)]


def lines(folder: Path) -> int:
    told = folder / "told"
    return len(told.read_text().splitlines()) if told.exists() else 0


TELL = "(here / 'told').open('a').write('x\\n')\n"


def test_a_child_that_ends_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(child, "LONGEST_WAIT_S", 0.02)
    with Child("one", script(tmp_path, f"{TELL}sys.exit(1)"), is_quiet=True):
        assert eventually(lambda: lines(tmp_path) >= 3)


def test_a_child_that_does_not_understand_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "FIRST_WAIT_S", 0.01)
    with Child("one", script(tmp_path, f"{TELL}sys.exit(2)"), is_quiet=True) as kept:
        assert eventually(lambda: not kept._thread.is_alive())
    assert (kept.starts, lines(tmp_path)) == (1, 1)


def test_a_program_that_is_not_there_ends_nothing_else() -> None:
    with Child("one", ["/nowhere/at/all"], is_quiet=True) as kept:
        assert kept.starts == 0


def test_a_child_leaves_with_the_block_and_with_a_killed_parent(tmp_path: Path) -> None:
    waits = script(tmp_path, f"{TELL}sys.stdin.read()\n(here / 'left').touch()")
    with Child("one", waits, is_quiet=True) as kept:
        assert eventually(lambda: lines(tmp_path) == 1)
        assert kept._process is not None
    assert kept._process.poll() is not None
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import sys, time; from monitor.adapters.child import Child\n"
                f"with Child('one', {waits!r}):\n    time.sleep(60)"
            ),
        ],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert eventually(lambda: lines(tmp_path) == 2)
    assert not (tmp_path / "left").exists()
    parent.kill()
    parent.wait()
    assert eventually((tmp_path / "left").exists)
