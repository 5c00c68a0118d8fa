"""A simulated ward told to a site's broker by the command: who is let in, and who hears it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from broker import mosquitto, received
from shipped import certificates

from monitor.__main__ import main
from monitor.adapters.access import Access
from monitor.adapters.broker import HOST, LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.facts.effects import AlertChanged, MessageRejected
from monitor.ward_telling import WardTelling, remarks
from simulators.scenario import ward_scenario

pytestmark = pytest.mark.broker

CONFIG: Final = Path(__file__).resolve().parents[2] / "config"
UNIT: Final = "ward-told"
USER: Final = "ward"
PASSWORD: Final = "long enough"  # noqa: S105 - of nobody
SHORT: Final = ("--beds", "1", "--speed", "600", "--minutes", "2", "--no-truth")
DEVICES: Final = ("mon-01", "pump-01", "tab-01")

Capture = pytest.CaptureFixture[str]


def configuration(folder: Path, port: int, *lines: str) -> Path:
    """Return a copy of our configuration for a broker on a port, with more lines of it."""
    config = folder / "config"
    shutil.copytree(CONFIG, config)
    text = (config / "site.toml").read_text().replace('unit = "demo"', f'unit = "{UNIT}"')
    told = "\n".join((f"port = {port}", *lines))
    (config / "site.toml").write_text(text.replace("port = 1883", told))
    return config


def user_lines(folder: Path, password: str = PASSWORD) -> tuple[str, str]:
    """Return what a site says of its user, with the password in a file."""
    path = folder / "secret"
    path.write_text(f"{password}\n")
    path.chmod(0o600)
    return f'username = "{USER}"', f'password_file = "{path}"'


def broker_lines(folder: Path, *access: str) -> list[str]:
    """Return what a broker is told that lets in one user, who may do what ``access`` says."""
    passwords, rules = folder / "passwords", folder / "acl"
    command = ["mosquitto_passwd", "-b", "-c", str(passwords), USER, PASSWORD]
    subprocess.run(command, check=True, capture_output=True)
    rules.write_text("\n".join((f"user {USER}", *(f"topic {one}" for one in access), "")))
    return ["allow_anonymous false", f"password_file {passwords}", f"acl_file {rules}"]


def said_offline(port: int, *who: str) -> list[str]:
    """Return which devices a broker says are off, of those that stand for the first bed."""
    wanted = ("-t", f"irm/v1/{UNIT}/+/+/status", "-C", str(len(DEVICES)), "-F", "%t %p")
    lines = received(port, *who, *wanted).splitlines()
    return sorted(line.split("/")[4] for line in lines if '"offline"' in line)


def test_the_ward_comes_in_with_the_user_and_the_password_of_the_site(
    tmp_path: Path, capsys: Capture
) -> None:
    with mosquitto(tmp_path, *broker_lines(tmp_path, "readwrite #")) as port:
        config = configuration(tmp_path, port, *user_lines(tmp_path))
        assert main(["simulate", "--config", str(config), *SHORT]) == 0
        assert said_offline(port, "-u", USER, "-P", PASSWORD) == list(DEVICES)
    said = capsys.readouterr().err
    assert said.startswith("stamps run 600 times as fast as the time of day")
    assert " messages published\n" in said
    assert "did not take" not in said
    # Nobody listens, so nobody gives a receipt.
    assert "no monitor has said that it has " in said
    assert PASSWORD not in said


def test_a_broker_that_lets_no_device_in_says_so_at_once(tmp_path: Path, capsys: Capture) -> None:
    with mosquitto(tmp_path, *broker_lines(tmp_path, "readwrite #")) as port:
        config = configuration(tmp_path, port, *user_lines(tmp_path, "wrong"))
        assert main(["simulate", "--config", str(config), *SHORT]) == 3
    said = capsys.readouterr().err
    assert f"broker at {HOST}:{port} refused " in said
    assert "Not authorized; check user, password and certificates" in said


def test_what_the_access_list_keeps_out_is_counted_and_told(
    tmp_path: Path, capsys: Capture
) -> None:
    allowed = f"write irm/v1/{UNIT}/+/+/status"
    with mosquitto(tmp_path, *broker_lines(tmp_path, allowed)) as port:
        config = configuration(tmp_path, port, *user_lines(tmp_path))
        assert main(["simulate", "--config", str(config), *SHORT]) == 1
    said = capsys.readouterr().err.splitlines()
    told = int(said[1].split()[0])
    # Every device says that it is there; nothing else of what it says may be published.
    refused = told - len(DEVICES)
    assert said[2].startswith(f"the broker did not take {refused} messages: Not authorized; ")


def test_the_ward_comes_in_over_a_protected_link(tmp_path: Path, capsys: Capture) -> None:
    made = tmp_path / "irm"
    assert certificates(made, USER).returncode == 0
    with mosquitto(
        tmp_path,
        "allow_anonymous true",
        "require_certificate true",
        f"cafile {made / 'ca.crt'}",
        f"certfile {made / 'server.crt'}",
        f"keyfile {made / 'server.key'}",
    ) as port:
        own = (f'certificate_file = "{made}/{USER}.crt"', f'key_file = "{made}/{USER}.key"')
        config = configuration(tmp_path, port, f'ca_file = "{made}/ca.crt"', *own)
        assert main(["simulate", "--config", str(config), *SHORT]) == 0
        files = ("--cafile", f"{made}/ca.crt", "--cert", f"{made}/{USER}.crt")
        assert said_offline(port, *files, "--key", f"{made}/{USER}.key") == list(DEVICES)
    assert " messages published\n" in capsys.readouterr().err


@pytest.mark.slow
def test_a_fast_ward_is_judged_by_a_monitor_beside_and_scored(
    broker: LocalBroker, tmp_path: Path, capsys: Capture
) -> None:
    journal, recording = tmp_path / "night" / "ward.journal", tmp_path / "night" / "ward.jsonl.gz"
    story = ("--beds", "2", "--reaction", "anaphylaxis@1:+0m", "--minutes", "17", "--speed", "200")
    place = ("--broker", f"{HOST}:{broker.port}", "--unit", f"{UNIT}-fast")
    command = ["simulate", "--config", str(CONFIG), *place, *story, "--journal", str(journal)]
    assert main(command) == 0
    said = capsys.readouterr().err.splitlines()
    with JournalReader.open(journal) as reader:
        effects, kept = list(reader.effects()), reader.counts()[1]

    told = int(said[0].split()[0])
    # Three devices a bed say at the end that they are off.
    assert kept == told + 2 * len(DEVICES)
    assert said[0] == f"{told} messages published; the monitor beside has kept {kept} in {journal}"
    assert not any(isinstance(one, MessageRejected) for one in effects)
    assert not any("no monitor has said" in line for line in said)
    called = {one.bed for one in effects if isinstance(one, AlertChanged) and one.grade == 3}
    assert called == {"01"}

    assert main(["replay", str(journal), "--config", str(CONFIG)]) == 0
    assert main(["export", str(journal), str(recording)]) == 0
    capsys.readouterr()
    assert main(["score", "cohort", str(journal.parent), "--config", str(CONFIG), "--json"]) == 0
    scored = json.loads(capsys.readouterr().out)
    assert (scored["sessions"], scored["events"]) == (2, 1)
    assert scored["patterns"][0]["found"] == 1.0


def test_whoever_tells_a_ward_on_another_clock_is_warned() -> None:
    def said(speed: float, journal: Path | None = None) -> list[str]:
        access = Access(host=HOST, port=1883, client_id="ward")
        telling = WardTelling(
            scenario=ward_scenario(beds=1),
            access=access,
            unit=UNIT,
            software="",
            speed=speed,
            journal=journal,
        )
        return list(remarks(telling))

    (ahead,), (behind,) = said(60.0), said(0.5)
    assert ahead.startswith("stamps run 60 times as fast as the time of day: a monitor on another")
    assert "refuse them as of the future; --journal FILE runs one on this clock" in ahead
    assert "call the devices behind" in behind
    assert said(1.0) == said(60.0, Path("ward.journal")) == []


def test_a_ward_that_cannot_be_told_begins_no_journal(
    broker: LocalBroker, tmp_path: Path, capsys: Capture
) -> None:
    place = ("--broker", f"{HOST}:{broker.port}", "--journal", str(tmp_path / "j"), "--no-truth")
    assert main(["simulate", "--config", str(CONFIG), *place, "--faults", "drop=7"]) == 2
    assert "fault 'drop=7'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_journal_is_of_a_ward_on_a_broker(tmp_path: Path, capsys: Capture) -> None:
    files = ("--to", str(tmp_path / "c"), "--journal", str(tmp_path / "j"))
    assert main(["simulate", "--config", str(CONFIG), *files]) == 2
    assert "--journal is of a ward on a broker" in " ".join(capsys.readouterr().err.split())
