"""The container files: what they start exists, and nothing in them runs as root.

No container engine is needed: the files are read, not run.
"""

import json
import re
from pathlib import Path
from typing import Final

import pytest
import typer

from monitor.__main__ import app

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "deploy" / "container"
RECIPE: Final = (FOLDER / "Containerfile").read_text()
COMPOSE: Final = (FOLDER / "compose.yaml").read_text()
COMMANDS: Final = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group


def calls() -> list[list[str]]:
    """Return every call of the program in both files, without its name."""
    found = [
        json.loads(text)
        for text in re.findall(r"(?:CMD|command:|test:) (\[.*\])", RECIPE + COMPOSE)
    ]
    return [
        words[words.index("infusion-monitor") + 1 :] if "infusion-monitor" in words else words
        for words in found
    ]


@pytest.mark.parametrize("words", calls(), ids=[str(place) for place in range(len(calls()))])
def test_what_is_started_exists_with_its_options(words: list[str]) -> None:
    command = COMMANDS[words[0]]
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    given = {word for word in words if word.startswith("--")}
    assert given <= known


def test_there_are_calls() -> None:
    assert {words[0] for words in calls()} == {"live", "doctor", "station", "watch"}


def test_nothing_runs_as_root_or_writes_to_its_root() -> None:
    assert re.search(r"^USER [1-9]\d*$", RECIPE, re.MULTILINE)
    assert len(re.findall(r"^ +user: \"[1-9]\d*\"$", COMPOSE, re.MULTILINE)) == 2
    assert COMPOSE.count("read_only: true") == 2
    assert COMPOSE.count("cap_drop: [ALL]") == 2
    services = re.findall(r"^  (\w+):\n    (<<: \*ours|image:)", COMPOSE, re.MULTILINE)
    assert [name for name, _ in services] == ["broker", "monitor", "station"]


def test_what_is_mounted_or_copied_from_here_exists() -> None:
    for name in re.findall(r"- (\.\./[^:]+):", COMPOSE):
        assert (FOLDER / name).exists(), name
    for names in re.findall(r"^COPY (?!--)(.*) \S+$", RECIPE, re.MULTILINE):
        for name in names.split():
            assert (ROOT / name).exists(), name


def test_the_lock_has_hashes_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    packages = re.findall(r"^[a-z0-9_.-]+==\S+", lock, re.MULTILINE)
    assert len(packages) >= 9
    assert lock.count("--hash=sha256:") >= len(packages)
    assert "://" not in lock
    assert not re.search(r"index-url|trusted-host|find-links", lock)
