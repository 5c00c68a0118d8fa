"""The doctor: every finding, good and bad, and nothing changed by looking."""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import msgspec
import pytest
from broker import publish
from fakes import Unit
from journal_runs import Run

from monitor import doctor
from monitor.__main__ import main
from monitor.adapters.access import Access, Tls
from monitor.adapters.broker import LocalBroker, free_port
from monitor.adapters.journal import Journal
from monitor.settings.settings import Settings, load_settings
from monitor.wire.leases import LeasePayload, StandbyPayload
from monitor.wire.outbound import MonitorStatusPayload, iso

CONFIG = Path(__file__).resolve().parents[2] / "config"
NOW_S = 1_795_000_000.0


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(CONFIG)


def access(port: int, **more: object) -> Access:
    return Access(host="127.0.0.1", port=port, client_id="", connect_timeout_s=2.0, **more)  # type: ignore[arg-type]  # fields differ


def test_an_authority_that_ends_soon_is_told_and_a_bundle_of_many_is_not(tmp_path: Path) -> None:
    """When it ends nobody reaches the broker any more, whatever their own certificate says."""
    ca, made = tmp_path / "ca.crt", ("-keyout", str(tmp_path / "ca.key"), "-subj", "/CN=ca")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "5")
    command = ["openssl", "req", "-x509", *curve, *made, "-out", str(ca)]
    subprocess.run(command, check=True, capture_output=True)

    def told(path: Path) -> list[tuple[str, str]]:
        reached = access(1883, tls=Tls(ca_file=path))
        return [(one.what, one.verdict) for one in doctor.secret_findings(reached, None)]

    assert told(ca) == [("authority", "warning")]
    bundle = tmp_path / "bundle.crt"
    bundle.write_bytes(2 * ca.read_bytes())
    assert told(bundle) == []
    assert told(tmp_path / "nowhere.crt") == [("authority", "not known")]


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


@pytest.mark.parametrize(
    ("edit", "verdict", "words"),
    [
        (None, "ok", ""),
        (("detection.toml", "clear_s = 5", "clear_s = 6"), "warning", "a reload (SIGHUP)"),
        (("site.toml", "port = 1883", "port = 1884"), "fault", "site.toml broker port"),
    ],
)
def test_a_journal_is_held_against_the_configuration_it_is_under_now(
    tmp_path: Path, edit: tuple[str, str, str] | None, verdict: str, words: str
) -> None:
    """A reload that was taken changed it, and is no fault."""
    folder = Path(shutil.copytree(CONFIG, tmp_path / "config"))

    def change(name: str, old: str, new: str) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    change("site.toml", 'unit = "demo"', 'unit = "infa"')
    run = Run(tmp_path / "j", config=folder)
    run.live(range(3))
    change("detection.toml", "clear_s = 60", "clear_s = 5")
    configured = run.read_again()
    assert configured is not None
    assert not configured.refused
    run.die()
    if edit is not None:
        change(*edit)
    found = doctor.journal_finding(tmp_path / "j", load_settings(folder))
    assert (found.verdict, words in found.remedy) == (verdict, True), found


def test_the_folder_of_the_journal_is_looked_at_and_not_the_one_that_is_not_used(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def may(path: Path, mode: int) -> bool:
        asked.append(Path(path))
        return mode != os.W_OK or Path(path).name != "ward.journal"

    monkeypatch.setattr(os, "access", may)
    reach = access(free_port())
    looks = doctor.findings(settings, reach, journal=tmp_path / "ward.journal")
    assert next(one for one in looks if one.what == "disk").verdict == "ok"
    assert [path for path in asked if tmp_path in (path, *path.parents)] == [tmp_path]
    (tmp_path / "ward.journal").touch()
    found = doctor.disk_finding(tmp_path, tmp_path / "ward.journal")
    assert (found.verdict, "ward.journal cannot be written" in found.found) == ("fault", True)


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


def test_a_secret_that_we_may_not_read_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(0o600)
    monkeypatch.setattr(os, "access", lambda *_: False)
    (found,) = doctor.secret_findings(access(1), secret)
    assert (found.verdict, "may not read it" in found.found) == ("fault", True)


def test_the_secrets_of_a_station_are_looked_at_too(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    for name in ("own.key", "own.crt", "ca.crt"):
        (folder / name).touch(mode=0o644)
    text = (folder / "site.toml").read_text().replace("port = 1883", 'port = 1\nca_file = "ca.crt"')
    own = 'certificate_file = "own.crt"\nkey_file = "own.key"\n'
    (folder / "site.toml").write_text(f"{text}\n[station]\n{own}")
    found = {one.what: one.verdict for one in doctor.station_findings(load_settings(folder))}
    assert found == {"station secret own.key": "warning", "station certificate": "not known"}


STATUS = MonitorStatusPayload(state="online", t=iso(0), boot="b-1", holder="b-1", term=3)
LEASE = LeasePayload(state="held", t=iso(0), term=3, holder="b-1")


@pytest.mark.parametrize(
    ("status", "lease", "verdict", "words"),
    [
        (None, None, "not known", "nobody has watched"),
        ({}, None, "fault", "holds none"),
        ({}, {}, "ok", "term 3, held by b-1; standby none"),
        ({"standby": "ready"}, {"paired": True}, "ok", "standby ready"),
        ({}, {"paired": True}, "warning", "standby none"),
        ({}, {"holder": "b-2", "term": 4}, "fault", "b-1 speaks under term 3"),
        ({}, {"state": "released"}, "fault", "released by b-1"),
        ({"state": "offline"}, {"state": "released"}, "warning", "nobody speaks"),
        (None, {}, "warning", "nobody speaks"),
    ],
)
def test_a_lease_is_held_against_who_speaks(
    status: dict[str, str] | None, lease: dict[str, str] | None, verdict: str, words: str
) -> None:
    found = doctor.lease_finding(
        None if status is None else msgspec.structs.replace(STATUS, **status),
        None if lease is None else msgspec.structs.replace(LEASE, **lease),
    )
    assert (found.verdict, words in found.found) == (verdict, True), found


@pytest.mark.parametrize(
    ("said", "verdict", "words"),
    [
        ({"ready": True, "config": "c1", "term": 3}, "ok", "hears term 3"),
        ({"unready": "2 sessions unknown"}, "warning", "2 sessions unknown"),
        ({"ready": True, "config": "c2"}, "warning", "under configuration c2"),
    ],
)
def test_a_standby_is_asked_whether_it_could_take_over(
    said: dict[str, str], verdict: str, words: str
) -> None:
    word = msgspec.structs.replace(StandbyPayload(state="online", t=iso(0)), **said)
    found = doctor.standby_finding("two", word, "c1")
    assert (found.verdict, words in found.found) == (verdict, True)


@pytest.mark.broker
def test_the_lease_of_a_unit_is_heard_at_its_broker(broker: LocalBroker, tmp_path: Path) -> None:
    unit = Unit(broker, "doctor-4", tmp_path / "journal")
    word = StandbyPayload(state="online", t=iso(0), ready=True, term=1)
    gone = StandbyPayload(state="offline", t=iso(0))
    for name, said in (("two", word), ("three", gone)):
        payload = msgspec.json.encode(said).decode()
        place = f"irm/v1/{unit.name}/_/monitor/standby/{name}"
        publish(broker.port, "-t", place, "-q", "1", "-r", "-m", payload)
    with unit.running():
        found = {one.what: one for one in doctor.broker_findings(access(broker.port), unit.name)}
    assert (found["lease"].verdict, found["lease"].found[:12]) == ("ok", "term 1, held"), found
    assert found["standby two"].verdict == "ok"
    assert "standby three" not in found


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
        assert doctor.port_finding(number, "0.0.0.0").verdict == "fault"  # noqa: S104 - looked at
    assert doctor.port_finding(free_port()).verdict == "ok"
    assert doctor.port_finding(free_port(), "192.0.2.1").verdict == "fault"


@pytest.mark.broker
def test_the_command_says_what_it_found_and_ends_with_a_code(
    broker: LocalBroker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--config", str(CONFIG), "--journal", str(tmp_path / "none"), "--json"]
    main(["doctor", *place, "--broker", f"127.0.0.1:{broker.port}"])
    found = {one["what"]: one["verdict"] for one in json.loads(capsys.readouterr().out)}
    assert found["configuration"] == found["broker"] == "ok"
    assert found["ports"] == found["lease"] == "not known"
    number = free_port()
    main(["doctor", *place, "--port", str(number), "--port", f"0.0.0.0:{number}"])
    told = [one for one in json.loads(capsys.readouterr().out) if one["what"] != "broker"]
    assert [one["verdict"] for one in told if one["what"] == f"port {number}"] == ["ok", "ok"]
    assert main(["doctor", *place, "--broker", f"127.0.0.1:{free_port()}"]) == 1
