"""What is shipped for a site: the broker's configuration, certificates, and the service."""

import configparser
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from broker import eventually

from monitor.adapters.access import Access, LinkError, Tls
from monitor.adapters.broker import HOST, accepts, found_mosquitto, found_program, free_port
from monitor.adapters.feed import Feed

pytestmark = pytest.mark.broker

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "deploy" / "mosquitto" / "mosquitto.conf"
SERVICE = ROOT / "deploy" / "systemd" / "infusion-monitor.service"


@dataclass(frozen=True)
class Site:
    """A broker with the shipped configuration, and the folder of everybody's certificates."""

    port: int
    certificates: Path

    def arguments(self, who: str) -> list[str]:
        own = self.certificates / who
        files = ["--cert", f"{own}.crt", "--key", f"{own}.key"] if who else []
        where = ["-h", "localhost", "-p", str(self.port), "-V", "5", "-q", "1"]
        return [*where, "--cafile", str(self.certificates / "ca.crt"), *files]

    def publishes(self, who: str, topic: str, payload: str = "x") -> str:
        """Return what the sender is told; empty when the broker took it."""
        program = str(found_program("mosquitto_pub"))
        done = subprocess.run(
            [program, *self.arguments(who), "-t", topic, "-m", payload],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        return done.stderr.strip() or ("" if done.returncode == 0 else f"code {done.returncode}")

    def access(self, who: str) -> Access:
        own = self.certificates / who
        tls = Tls(
            ca_file=self.certificates / "ca.crt",
            certificate_file=own.with_suffix(".crt") if who else None,
            key_file=own.with_suffix(".key") if who else None,
        )
        return Access(
            host="localhost", port=self.port, client_id=who, tls=tls, connect_timeout_s=5.0
        )


def certificates(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(ROOT / "scripts" / "certs.sh"), str(folder), "localhost", *names]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    made = certificates(folder / "irm", "mon-17", "mon-18", "tablet-17")
    assert made.returncode == 0, made.stderr
    (folder / "irm" / "acl").write_text((ROOT / "docs" / "mosquitto.acl").read_text())
    port = free_port()
    lines = SHIPPED.read_text().replace("/etc/mosquitto/irm", str(folder / "irm"))
    lines = lines.replace("listener 8883", f"listener {port} {HOST}")
    lines = lines.replace("/var/lib/mosquitto/", f"{folder}/")
    if os.geteuid() == 0:
        lines = lines.replace(f"{HOST}\n", f"{HOST}\nuser root\n", 1)
    (folder / "mosquitto.conf").write_text(lines)
    command = [str(found_mosquitto()), "-c", str(folder / "mosquitto.conf")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        assert eventually(lambda: accepts(port)), (folder / "log").read_text()
        yield Site(port=port, certificates=folder / "irm")
    finally:
        process.terminate()
        process.wait()


def test_a_device_with_its_certificate_speaks_for_itself_and_for_nobody_else(site: Site) -> None:
    assert site.publishes("mon-17", "irm/v1/inf-a/17/mon-17/vitals") == ""
    assert "Not authorized" in site.publishes("mon-17", "irm/v1/inf-a/17/mon-18/vitals")
    assert "Not authorized" in site.publishes("mon-17", "irm/v1/inf-a/17/_/alert/al-1")
    assert "Not authorized" in site.publishes("mon-17", "irm/v1/inf-a/17/mon-17/act")
    assert "Not authorized" in site.publishes("tablet-17", "irm/v1/inf-b/17/tablet-17/act")


def test_nobody_comes_in_without_a_certificate_of_the_site(site: Site, tmp_path: Path) -> None:
    assert site.publishes("", "irm/v1/inf-a/17/mon-17/vitals") != ""
    assert certificates(tmp_path, "mon-17").returncode == 0
    stranger = Site(port=site.port, certificates=tmp_path)
    assert stranger.publishes("mon-17", "irm/v1/inf-a/17/mon-17/vitals") != ""


def test_a_message_larger_than_any_legal_one_is_refused(site: Site) -> None:
    assert site.publishes("mon-17", "irm/v1/inf-a/17/mon-17/vitals", "x" * 20_000) != ""


def test_the_monitor_connects_with_its_certificate_and_says_so_when_it_may_not(site: Site) -> None:
    feed = Feed(site.access("infusion-monitor"), unit="inf-a", kinds=("state",))
    feed.connect()
    assert feed.is_connected
    feed.close()
    with pytest.raises(LinkError, match=r"check port, user and certificates|cannot connect"):
        Feed(site.access(""), unit="inf-a", kinds=("state",)).connect()


@pytest.mark.parametrize("name", ["monitor", "Mon-17", "_", "a/b", "a+b"])
def test_no_certificate_is_made_for_a_name_that_is_no_device(tmp_path: Path, name: str) -> None:
    refused = certificates(tmp_path, name)
    assert refused.returncode == 1
    assert "is no device id" in refused.stderr


def test_keys_are_readable_by_their_owner_alone(site: Site) -> None:
    for key in site.certificates.glob("*.key"):
        assert key.stat().st_mode & 0o077 == 0


def test_the_service_names_a_command_that_there_is_and_is_confined() -> None:
    service = configparser.ConfigParser(strict=False, interpolation=None)
    service.read(SERVICE)
    rows = service["Service"]
    assert "infusion-monitor live" in rows["ExecStart"]
    assert rows["Type"] == "notify"
    assert rows["NoNewPrivileges"] == rows["ProtectHome"] == "yes"
    assert rows["ProtectSystem"] == "strict"


def test_the_forwarder_runs_beside_the_monitor_with_less_of_everything() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.read(SERVICE.with_name("infusion-forwarder.service"))
    rows = unit["Service"]
    journal = "/var/lib/infusion-monitor/ward.journal"
    assert f"infusion-monitor forward {journal}" in rows["ExecStart"]
    assert journal in SERVICE.read_text()
    assert "--token-file" in rows["ExecStart"]
    assert int(rows["Nice"]) > 0
    assert rows["StateDirectory"] == rows["User"] == "infusion-monitor"
