"""The command line: what it prints where, its exit codes, and a whole evening from end to end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from broker import eventually, publish, received
from fakes import Listener, now_ms, systolic

from monitor.__main__ import main
from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.terminal import MARKS
from monitor.facts.records import RawMessage
from monitor.settings.settings import load_settings
from monitor.wire.payloads import stamp

CHECKOUT = Path(__file__).resolve().parents[2]
CONFIG = str(CHECKOUT / "config")
UNIT = load_settings(CHECKOUT / "config").site.unit
NOW_MS = 1_795_000_000_000

Capture = pytest.CaptureFixture[str]


def program(*arguments: str, **others: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a shell would."""
    return subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120", **others},
    )


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of three steps."""
    path = tmp_path / "journal"
    with Journal.open_for_writing(path, unit=UNIT, software="test", config="c0ffee") as kept:
        for number in range(3):
            at_ms = NOW_MS + number * 1000
            raw = RawMessage(
                received_ms=at_ms,
                topic=f"irm/v1/{UNIT}/17/mon/vitals",
                payload=systolic(number, 120, at_ms),
            )
            kept.append_step(at_ms, [raw])
    return path


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    script = (
        "import sys; from monitor.__main__ import main; code = main(['--help'])\n"
        "heavy = {'numpy', 'scipy', 'paho', 'sqlite3', 'msgspec'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    commands = "live demo simulate replay evidence export watch tail check-config check-rules"
    more = "schema station station-user verify version why"
    for command in (*commands.split(), *more.split()):
        assert f" {command} " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["frobnicate"], 2, "No such command"),
        (["check-config", "nowhere"], 1, "nowhere"),
        (["schema", "nothing"], 2, "no such kind"),
        (["check-rules", "nowhere.toml"], 4, "nowhere.toml: cannot be read"),
        (["verify", "nowhere"], 4, "nowhere: there is no such file"),
        (["export", "pyproject.toml"], 4, "damaged or no journal"),
        (["replay", "nowhere"], 4, "nowhere"),
        (["tail", "--broker", "127.0.0.1:1"], 3, "127.0.0.1:1: cannot connect"),
        (["watch", "--broker", "127.0.0.1:1"], 3, "127.0.0.1:1: cannot connect"),
        (["tail", "--dialect", "latin"], 2, "not one of ihe-acm, sdc, fhir-r6"),
        (["tail", "--broker", "here:99999"], 2, "port must be 1 to 65535"),
        (["simulate", "--broker", "127.0.0.1:1"], 3, "127.0.0.1"),
        (["simulate", "--faults", "nonsense"], 2, "nonsense"),
        (["live", "--log", "loud"], 2, "must be text or json"),
    ],
)
def test_errors_have_words_on_standard_error_and_a_code(
    arguments: list[str], code: int, words: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CHECKOUT)
    assert main(arguments) == code
    said = capsys.readouterr()
    assert words in " ".join(said.err.replace("│", " ").split())
    assert said.out == ""


def test_live_without_a_broker_says_so_and_leaves_the_journal_usable(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "data" / "journal"
    arguments = ["live", "--config", CONFIG, "--journal", str(path), "--broker", "127.0.0.1:1"]
    assert main(arguments) == 3
    assert "cannot connect" in capsys.readouterr().err
    assert main(["verify", str(path)]) == 0


def test_a_good_configuration_is_counted_and_a_bad_one_is_listed(
    tmp_path: Path, capsys: Capture
) -> None:
    assert main(["check-config", CONFIG, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["faults"] == []
    assert found["digest"] == load_settings(Path(CONFIG)).digest
    (tmp_path / "site.toml").write_text("[site]\nunit = 'NO'\n")
    assert main(["check-config", str(tmp_path), "--json"]) == 1
    said = capsys.readouterr()
    assert len(json.loads(said.out)["faults"]) > 3
    assert "missing file" in said.err


def test_schemas_and_versions_are_json(capsys: Capture) -> None:
    assert main(["schema"]) == 0
    assert {"vitals", "alert"} <= set(json.loads(capsys.readouterr().out))
    assert main(["schema", "ack"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "ack"
    assert main(["version", "--json"]) == 0
    assert {"infusion-monitor", "python", "numpy"} <= set(json.loads(capsys.readouterr().out))


def test_a_journal_is_verified_exported_and_replayed(
    journal: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["verify", str(journal), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 3
    recording = tmp_path / "recording.jsonl"
    assert main(["export", str(journal), str(recording)]) == 0
    assert "3 steps" in capsys.readouterr().err
    done = program("export", str(journal))
    assert done.stdout == recording.read_text()
    assert main(["replay", str(recording), "--config", CONFIG]) == 0
    from_recording = capsys.readouterr().out
    assert main(["replay", str(journal), "--config", CONFIG]) == 0
    assert capsys.readouterr().out == from_recording
    assert "steps           3, messages 3" in from_recording


def test_a_changed_ledger_is_found_with_code_1(journal: Path, capsys: Capture) -> None:
    with Journal.open_for_writing(journal, unit=UNIT, software="", config="c0ffee") as kept:
        kept._connection.execute("DELETE FROM inbox WHERE n = 2")
    assert main(["verify", str(journal)]) == 1
    said = capsys.readouterr()
    assert "NOT intact" in said.out
    assert "inbox: 2 rows" in said.err


def test_a_reader_that_goes_away_is_no_error(journal: Path) -> None:
    with Journal.open_for_writing(journal, unit=UNIT, software="", config="c0ffee") as kept:
        rows = ((number, 1, None) for number in range(4, 20_000))
        kept._connection.execute("BEGIN")
        kept._connection.executemany("INSERT INTO step VALUES (?, ?, ?)", rows)
        kept._connection.execute("COMMIT")
    command = f"{sys.executable} -m monitor export {journal} | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.broker
def test_an_evening_from_end_to_end(tmp_path: Path) -> None:
    """A hand-made reading becomes an alert that another program sees, and everything is kept."""
    path = tmp_path / "journal"
    bed = f"irm/v1/{UNIT}/17"
    status = f"irm/v1/{UNIT}/_/monitor/status"
    with LocalBroker() as broker, Listener(broker.port, status) as listener:
        address = f"{broker.host}:{broker.port}"
        live = ["live", "--config", CONFIG, "--broker", address, "--journal", str(path)]
        monitor = subprocess.Popen(
            [sys.executable, "-m", "monitor", *live, "--log", "json"],
            cwd=CHECKOUT,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert listener.hears(lambda one: '"online"' in one.standing.get(status, ""))
            t = stamp(now_ms()).isoformat()
            opening = {"id": "S-1", "t": t, "by": "ka", "event": "open", "subject": "PX-1"}
            opening["product"] = "ivig-10"
            name = f"{bed}/tab-1/session"
            publish(broker.port, "-t", name, "-q", "1", "-m", json.dumps(opening))
            values = [("sbp", 70, "mm[Hg]"), ("hr", 140, "/min"), ("spo2", 80, "%")]
            reading = {
                "seq": 0,
                "t": t,
                "values": [{"ch": ch, "v": v, "u": u} for ch, v, u in values],
            }
            name = f"{bed}/mon-17/vitals"
            publish(broker.port, "-t", name, "-q", "1", "-m", json.dumps(reading))
            alert = json.loads(received(broker.port, "-t", f"{bed}/_/alert/+", "-C", "1"))
            assert (alert["kind"], alert["priority"]) == ("physiological", "high")
            assert "SBP 70" in alert["label"]
            receipt = json.loads(received(broker.port, "-t", f"{bed}/mon-17/ack", "-C", "1"))
            assert receipt["seq"] == 0
            second = program(*live)
            assert second.returncode == 3
            assert f"another monitor (process {monitor.pid}) writes it" in second.stderr
            check_readers(address, alert)
        finally:
            monitor.send_signal(signal.SIGTERM)
            _, log = monitor.communicate(timeout=10)
        assert monitor.returncode == 0
        lines = [json.loads(line) for line in log.splitlines()]
        events = {line["event"] for line in lines}
        assert {"started", "broker-connected", "session", "alert-start", "stopped"} <= events
        assert not any("PX-1" in line.get("payload", "") for line in lines)
    assert program("verify", str(path)).returncode == 0
    with JournalReader.open(path) as reader:
        assert any(getattr(one, "id", "") == alert["id"] for one in reader.effects())


def check_readers(address: str, alert: dict[str, str]) -> None:
    """``tail`` and ``watch`` show the alert that stands, to programs and to people."""
    place = ["--config", CONFIG, "--broker", address]
    told = [json.loads(line) for line in program("tail", *place, "--json").stdout.splitlines()]
    assert {one["message"] for one in told} == {"alert", "advice"}
    assert alert["id"] in {one["id"] for one in told}
    lines = program("tail", *place, "--dialect", "fhir-r6").stdout.splitlines()
    assert {json.loads(line)["alert"]["status"] for line in lines} == {"in-progress"}
    text = program("tail", *place).stdout
    assert f"({alert['id']} rev" in text
    mark = MARKS[alert["priority"]]
    assert f"bed 17 {mark} {alert['priority'].upper()} start" in text

    def shows() -> bool:
        done = program("watch", *place, "--once")
        words = ("bed 17", "SBP 70 mmHg", f"{mark} {alert['label']}")
        return all(one in done.stdout for one in words)

    assert eventually(shows)
