"""Secrets stand in files: no command takes one as an argument, and no line of a log has one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import typer

from monitor.__main__ import app, main
from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import Journal
from monitor.settings.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
SECRET_WORDS: Final = ("password", "passwd", "token", "secret", "pin", "credential")


def commands(one: object, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every command with the words that call it."""
    below = getattr(one, "commands", {})
    if not below:
        yield names, one
    for name, other in below.items():
        yield from commands(other, (*names, name))


PROGRAM: Final = (sys.executable, "-m", "monitor", "--debug")
LEAVES_AFTER_S: Final = {"live": "60", "doctor": "60", "tail": "4"}
"""The first two are waited for; the last one has nothing to say and is only looked at."""

ALL: Final = dict(commands(typer.main.get_command(app)))


def test_there_are_commands() -> None:
    assert {("live",), ("station",), ("export",), ("audit", "verify")} <= set(ALL)


@pytest.mark.parametrize("words", sorted(ALL), ids=" ".join)
def test_no_option_takes_a_secret(words: tuple[str, ...]) -> None:
    for option in getattr(ALL[words], "params", ()):
        if getattr(option, "is_flag", False):
            continue
        for name in (option.name, *option.opts):
            parts = str(name).strip("-").replace("_", "-").split("-")
            assert not set(parts) & set(SECRET_WORDS) or "file" in parts, f"{words}: {name}"


MARK: Final = "Zq7-never-to-be-seen"


@pytest.mark.parametrize(
    "words",
    [
        ("forward", "JOURNAL", "--once", "--bucket", "b", "--store", f"http://u:{MARK}@db:8086"),
        ("forward", "JOURNAL", "--once", "--bucket", "b", "--store", f"http://db?p={MARK}"),
        ("tail", "--broker", f"u:{MARK}@broker:1883"),
        ("station", "--broker", f"u:{MARK}@broker"),
    ],
)
def test_a_secret_in_an_address_is_refused_and_not_repeated(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "journal"
    Journal.open_for_writing(journal, unit="u", software="", config="").close()
    named = [str(journal) if word == "JOURNAL" else word for word in words]
    assert main(named) == 2
    said = "".join(capsys.readouterr())
    assert "command line" in " ".join(said.replace("│", " ").split())
    assert MARK not in said


@pytest.mark.parametrize(
    "url", ["ftp://db", "http://", "http://db:x", "http://db:99999", "db:8086"]
)
def test_an_address_that_is_none_is_refused_by_its_name(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "journal"
    Journal.open_for_writing(journal, unit="u", software="", config="").close()
    assert main(["forward", str(journal), "--once", "--store", url]) == 2
    assert url in capsys.readouterr().err


def started(*words: str) -> subprocess.Popen[str]:
    """Start a command that leaves after some seconds, with all that it says in one stream."""
    return subprocess.Popen(
        ["timeout", "-s", "TERM", LEAVES_AFTER_S[words[0]], *PROGRAM, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )


@pytest.mark.broker
def test_no_line_of_a_log_holds_what_stands_in_a_secret_file(tmp_path: Path) -> None:
    config = tmp_path / "config"
    subprocess.run(["cp", "-r", str(ROOT / "config"), str(config)], check=True)
    mark = "Zq7-never-to-be-seen"
    (config / "password").write_text(f"{mark}\n")
    (config / "password").chmod(0o600)
    site = (config / "site.toml").read_text()
    named = 'port = 1883\nusername = "monitor"\npassword_file = "password"'
    (config / "site.toml").write_text(site.replace("port = 1883", named))
    assert load_settings(config).site.broker.password() == mark
    journal = str(tmp_path / "journal")
    with LocalBroker() as broker:
        given = ["--config", str(config), "--broker", f"{broker.host}:{broker.port}"]
        live = started("live", "--journal", journal, "--log", "json", *given)
        assert live.stdout is not None
        told = ""
        for line in live.stdout:
            told += line
            if "broker-connected" in line:
                break
        live.terminate()
        told += live.communicate()[0]
        for command in ("doctor", "tail"):
            told += started(command, *given).communicate()[0]
    assert "broker-connected" in told
    assert mark not in told
