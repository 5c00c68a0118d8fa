"""The doctor: every finding, good and bad, and nothing changed by looking."""

import json
import shutil
import socket
from pathlib import Path

import pytest

from monitor import doctor
from monitor.__main__ import main
from monitor.adapters.access import Access, Tls
from monitor.adapters.broker import LocalBroker, free_port
from monitor.adapters.journal import Journal
from monitor.settings.settings import Settings, load_settings

CONFIG = Path(__file__).resolve().parents[2] / "config"
NOW_S = 1_795_000_000.0


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(CONFIG)


def access(port: int, **more: object) -> Access:
    return Access(host="127.0.0.1", port=port, client_id="", connect_timeout_s=2.0, **more)  # type: ignore[arg-type]  # fields differ


@pytest.mark.parametrize(
    ("not_after", "verdict"),
    [
        ("Jan  1 00:00:00 2020 GMT", "fault"),
        ("Nov 30 00:00:00 2026 GMT", "warning"),
        ("Nov 30 00:00:00 2030 GMT", "ok"),
    ],
)
def test_a_certificate_is_judged_by_its_end(not_after: str, verdict: str) -> None:
    assert doctor.expiry_finding("certificate", not_after, NOW_S).verdict == verdict


@pytest.mark.parametrize(
    ("said", "verdict"), [("yes", "ok"), ("no", "fault"), ("", "not known"), ("?", "not known")]
)
def test_a_clock_is_good_only_if_the_system_says_so(
    monkeypatch: pytest.MonkeyPatch, said: str, verdict: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/timedatectl")
    monkeypatch.setattr(doctor, "_said", lambda _: said)
    assert doctor.clock_finding().verdict == verdict


def test_a_machine_that_cannot_say_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert doctor.clock_finding().verdict == "not known"


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(10 * 1024**3, "ok"), (1024**3, "warning"), (1024**2, "fault")],
)
def test_a_disk_is_judged_by_its_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, verdict: str
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert doctor.disk_finding(tmp_path / "not" / "yet").verdict == verdict


def test_a_journal_is_looked_at_and_left_alone(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "ward.journal"
    assert "none yet" in doctor.journal_finding(path, settings).found
    unit = settings.site.unit
    with Journal.open_for_writing(path, unit=unit, software="", config=settings.digest):
        held = doctor.journal_finding(path, settings)
        assert (held.verdict, "a monitor writes it" in held.found) == ("ok", True)
    before = path.read_bytes()
    assert "a monitor writes it" not in doctor.journal_finding(path, settings).found
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("unit", "config", "words"),
    [("other", "", "belongs to unit other"), ("", "c0ffee", "another configuration")],
)
def test_a_journal_of_another_unit_or_configuration_is_a_fault(
    tmp_path: Path, settings: Settings, unit: str, config: str, words: str
) -> None:
    path = tmp_path / "ward.journal"
    of, under = unit or settings.site.unit, config or settings.digest
    with Journal.open_for_writing(path, unit=of, software="", config=under):
        pass
    found = doctor.journal_finding(path, settings)
    assert (found.verdict, words in found.remedy) == ("fault", True)


def test_a_file_that_is_no_journal_is_a_fault(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "ward.journal"
    path.write_text("something else" * 100)
    assert doctor.journal_finding(path, settings).verdict == "fault"


@pytest.mark.parametrize(
    ("mode", "verdict"), [(0o600, "ok"), (0o640, "warning"), (0o604, "warning")]
)
def test_a_secret_that_others_can_read_is_named(tmp_path: Path, mode: int, verdict: str) -> None:
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(mode)
    (found,) = doctor.secret_findings(access(1), secret)
    assert (found.verdict, "password" in found.what) == (verdict, True)


def test_a_secret_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (found,) = doctor.secret_findings(access(1), tmp_path / "nowhere")
    assert found.verdict == "fault"


@pytest.mark.broker
def test_a_broker_that_answers_and_a_ward_that_nobody_watches(broker: LocalBroker) -> None:
    found = {one.what: one for one in doctor.broker_findings(access(broker.port), "doctor-1")}
    assert found["broker"].verdict == "ok"
    assert (found["monitor"].verdict, found["monitor"].remedy != "") == ("warning", True)


def test_a_broker_that_is_not_there_is_a_fault() -> None:
    (found,) = doctor.broker_findings(access(free_port()), "doctor-2")
    assert (found.what, found.verdict) == ("broker", "fault")


@pytest.mark.broker
def test_a_broker_without_tls_is_no_broker_with_it(broker: LocalBroker) -> None:
    (found,) = doctor.broker_findings(access(broker.port, tls=Tls()), "doctor-3")
    assert (found.what, found.verdict) == ("broker", "fault")


def test_a_port_that_somebody_has_is_a_fault() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        assert doctor.port_finding(number).verdict == "fault"
    assert doctor.port_finding(free_port()).verdict == "ok"


@pytest.mark.broker
def test_the_command_says_what_it_found_and_ends_with_a_code(
    broker: LocalBroker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--config", str(CONFIG), "--journal", str(tmp_path / "none"), "--json"]
    main(["doctor", *place, "--broker", f"127.0.0.1:{broker.port}"])
    found = {one["what"]: one["verdict"] for one in json.loads(capsys.readouterr().out)}
    assert found["configuration"] == found["broker"] == "ok"
    assert main(["doctor", *place, "--broker", f"127.0.0.1:{free_port()}"]) == 1
