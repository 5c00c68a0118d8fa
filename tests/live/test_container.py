"""The container files: what they start exists, and nothing in them runs as root.

No container engine is needed: the files are read, not run.
"""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Final

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_everything_that_the_program_is_built_from_is_copied() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    parts = wheel["targets"]["wheel"]
    needed = {*parts["packages"], *parts["force-include"], "pyproject.toml", "requirements.lock"}
    copied = {
        name
        for names in re.findall(r"^COPY (?!--)(.*) \S+$", RECIPE, re.MULTILINE)
        for name in names.split()
    }
    assert needed <= copied


def test_what_is_mounted_is_made_by_one_command(tmp_path: Path) -> None:
    script = ["bash", str(ROOT / "scripts" / "container_site.sh"), str(tmp_path), "ward-7"]
    done = subprocess.run(
        [*script, "ward.example", "mon-17"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "KEY_OWNERS": ""},
    )
    assert done.returncode == 0, done.stderr
    mounted = set(re.findall(r"- \./([^:]+):", COMPOSE))
    assert {name for name in mounted if not (tmp_path / name).exists()} == {"users"}
    assert "irm/v1/ward-7/+/%u/vitals" in (tmp_path / "acl").read_text()
    assert "persistence_location /mosquitto/data/" in (tmp_path / "mosquitto.conf").read_text()
    assert "broker:/mosquitto/data" in COMPOSE
    assert (tmp_path / ".env").read_text() == "IRM_HOST=ward.example\n"
    # Inside, everybody finds his own certificate where the one site.toml says.
    site = tomllib.loads((tmp_path / "config" / "site.toml").read_text())
    assert site["site"]["unit"] == "ward-7"
    inside = {site["broker"][key] for key in ("ca_file", "certificate_file", "key_file")}
    for service in ("monitor", "station"):
        block = re.search(rf"^  {service}:\n(?:    .*\n|\n)+", COMPOSE, re.MULTILINE)
        assert block is not None
        assert inside <= set(re.findall(r"- \./certs/[^:]+:([^:]+):ro", block.group()))
    again = subprocess.run(
        [*script[:3], "Ward 7", "h"], capture_output=True, text=True, check=False, timeout=60
    )
    assert (again.returncode, "is no unit" in again.stderr) == (1, True)


def test_the_lock_has_hashes_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    packages = re.findall(r"^[a-z0-9_.-]+==\S+", lock, re.MULTILINE)
    assert len(packages) >= 9
    assert lock.count("--hash=sha256:") >= len(packages)
    assert "://" not in lock
    assert not re.search(r"index-url|trusted-host|find-links", lock)


PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED: Final = [Requirement(text) for text in PROJECT["dependencies"]]
MODULES: Final = {"influxdb-client": "monitor.series.influx", "paho-mqtt": "paho"}
"""What a test imports that uses a library, where the library has another name."""


@pytest.mark.parametrize("needed", NEEDED, ids=lambda one: one.name)
def test_the_lock_holds_every_library_of_a_run_in_a_version_that_is_allowed(
    needed: Requirement,
) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9_.-]+)==(\S+)", lock, re.MULTILINE))
    assert canonicalize_name(needed.name) in locked, "run make lock"
    assert needed.specifier.contains(locked[canonicalize_name(needed.name)]), "run make lock"


@pytest.mark.parametrize("needed", NEEDED, ids=lambda one: one.name)
def test_the_oldest_versions_are_tried_with_every_library(needed: Requirement) -> None:
    """Some test file that `make minimum` runs takes the library, or what of ours is made of it."""
    script = (ROOT / "scripts" / "minimum.sh").read_text()
    files = [ROOT / name for name in re.findall(r"tests/\S+\.py", script)]
    taken = MODULES.get(needed.name, needed.name)
    users = [
        path
        for folder in ("detectors", "monitor", "simulators")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(rf"^ *(?:import|from) {re.escape(taken)}\b", path.read_text(), re.MULTILINE)
    ]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in users} | {taken}
    words = "|".join(re.escape(one) for one in sorted(modules))
    imports = re.compile(rf"^(?:import|from) (?:{words})\b", re.MULTILINE)
    assert any(imports.search(path.read_text()) for path in files), (needed.name, modules)
