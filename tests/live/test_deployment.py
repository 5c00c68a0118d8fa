"""What is shipped for a site: the broker's configuration, certificates, and the service."""

import configparser
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from shipped import ROOT, Site, certificates, shipped_site

from monitor.adapters.access import LinkError
from monitor.adapters.feed import Feed
from monitor.adapters.supervision import STARTING_S
from monitor.adapters.window import PAYLOAD_BYTES_MAX
from monitor.settings.settings import load_settings

pytestmark = pytest.mark.broker

SERVICE = ROOT / "deploy" / "systemd" / "infusion-monitor.service"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    names = ("mon-17", "mon-18", "tablet-17", "station-1=ward.example,10.0.0.5")
    with shipped_site(tmp_path_factory.mktemp("site"), *names) as running:
        yield running


def test_a_device_with_its_certificate_speaks_for_itself_and_for_nobody_else(site: Site) -> None:
    assert site.publishes("mon-17", "irm/v1/inf-a/17/mon-17/vitals") == ""
    assert "Not authorized" in site.publishes("mon-17", "irm/v1/inf-a/17/mon-18/vitals")
    assert "Not authorized" in site.publishes("mon-17", "irm/v1/inf-a/17/_/alert/al-1")
    assert "Not authorized" in site.publishes("mon-17", "irm/v1/inf-a/17/mon-17/act")
    assert "Not authorized" in site.publishes("mon-17", "irm/v1/inf-b/17/mon-17/vitals")
    assert "Not authorized" in site.publishes("tablet-17", "irm/v1/inf-b/17/tablet-17/act")


def test_nobody_comes_in_without_a_certificate_of_the_site(site: Site, tmp_path: Path) -> None:
    assert site.publishes("", "irm/v1/inf-a/17/mon-17/vitals") != ""
    assert certificates(tmp_path, "mon-17").returncode == 0
    stranger = Site(port=site.port, certificates=tmp_path)
    assert stranger.publishes("mon-17", "irm/v1/inf-a/17/mon-17/vitals") != ""


def test_a_message_larger_than_any_legal_one_is_refused(site: Site) -> None:
    assert site.publishes("mon-17", "irm/v1/inf-a/17/mon-17/vitals", "x" * 70_000) != ""


def test_whatever_the_monitor_may_tell_is_taken(site: Site) -> None:
    """A broker that refuses it ends the connection, and the whole unit is told nothing."""
    largest = "x" * PAYLOAD_BYTES_MAX
    assert site.publishes("infusion-monitor", "irm/v1/inf-a/17/_/state", largest) == ""


def test_the_monitor_connects_with_its_certificate_and_says_so_when_it_may_not(site: Site) -> None:
    feed = Feed(site.access("infusion-monitor"), unit="inf-a", kinds=("state",))
    feed.connect()
    assert feed.is_connected
    feed.close()
    with pytest.raises(LinkError, match=r"check port, user and certificates|cannot connect"):
        Feed(site.access(""), unit="inf-a", kinds=("state",)).connect()


@pytest.mark.parametrize("name", ["monitor", "server", "ca", "Mon-17", "_", "a/b", "a+b"])
def test_no_certificate_is_made_for_a_name_that_is_no_device(tmp_path: Path, name: str) -> None:
    refused = certificates(tmp_path, name)
    assert refused.returncode == 1
    assert "is no device id" in refused.stderr


def test_keys_are_readable_by_their_owner_alone(site: Site) -> None:
    for key in site.certificates.glob("*.key"):
        assert key.stat().st_mode & 0o077 == 0


def test_a_key_can_be_given_to_the_user_of_a_container(tmp_path: Path) -> None:
    made = certificates(tmp_path, "station-1", owners="server=1883 station-1=10001")
    if os.geteuid() != 0:
        assert (made.returncode, "run this as root or" in made.stderr) == (1, True)
        return
    assert made.returncode == 0, made.stderr
    owners = {key.stem: key.stat().st_uid for key in tmp_path.glob("*.key")}
    assert owners == {"ca": 0, "infusion-monitor": 0, "server": 1883, "station-1": 10001}


def test_a_station_gets_a_certificate_that_browsers_and_the_broker_believe(site: Site) -> None:
    def said(name: str) -> str:
        file = str(site.certificates / f"{name}.crt")
        command = ["openssl", "x509", "-in", file, "-noout", "-text"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    station, device, server = said("station-1"), said("mon-17"), said("server")
    assert "DNS:ward.example" in station
    assert "IP Address:10.0.0.5" in station
    usages = [
        re.findall(r"TLS Web (Client|Server) Authentication", text)
        for text in (station, device, server)
    ]
    assert usages == [["Client", "Server"], ["Client"], ["Server"]]


@pytest.mark.parametrize("unit", ["", "Inf-a", "a/b", "inf_a", "x" * 33, "+"])
def test_no_access_list_is_written_for_a_name_that_is_no_unit(unit: str) -> None:
    command = ["bash", str(ROOT / "scripts" / "acl.sh"), unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stdout) == (1, "")


def services() -> list[Path]:
    return sorted(SERVICE.parent.glob("*.service"))


def rows_of(path: Path) -> dict[str, list[str]]:
    """Return what a unit file says, by key; a key may stand several times."""
    rows: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        key, found, value = line.partition("=")
        if found and not line.startswith("#"):
            rows.setdefault(key, []).append(value)
    return rows


@pytest.mark.parametrize("path", services(), ids=lambda path: path.stem)
def test_a_service_is_handed_every_secret_that_it_names(path: Path) -> None:
    # Under a user of its own it cannot read what belongs to root alone.
    rows = rows_of(path)
    assert rows["DynamicUser"] == ["yes"]
    handed = {row.partition(":")[0] for row in rows["LoadCredential"]}
    assert set(re.findall(r"%d/(\S+)", rows["ExecStart"][0])) <= handed
    for row in rows["LoadCredential"]:
        name, _, place = row.partition(":")
        assert Path(place).name == name
    assert rows["User"] == rows["StateDirectory"] == ["infusion-monitor"]


def test_the_service_names_a_command_that_there_is_and_is_confined() -> None:
    service = configparser.ConfigParser(strict=False, interpolation=None)
    service.read(SERVICE)
    rows = service["Service"]
    assert "infusion-monitor live" in rows["ExecStart"]
    assert rows["Type"] == "notify"
    # A start that says nothing is ended; one that replays asks for its own time, so a site that
    # has another default than ours does not kill it again and again.
    assert int(rows["TimeoutStartSec"]) >= STARTING_S
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


def lines_of_the_page() -> list[str]:
    """Return the lines by which the page installs the services."""
    page = (ROOT / "docs" / "running.md").read_text()
    block = page.partition("<!-- systemd:begin -->")[2].partition("<!-- systemd:end -->")[0]
    return [line for line in block.splitlines() if line and not line.startswith("```")]


def test_the_page_installs_what_there_is_and_every_file_that_a_service_is_handed(
    tmp_path: Path,
) -> None:
    lines = lines_of_the_page()
    named = {word for line in lines for word in re.findall(r"(?:deploy|scripts)/[\w./*-]+", line)}
    assert {"deploy/systemd/*.service", "deploy/systemd/site.toml", "scripts/certs.sh"} <= named
    assert [name for name in named if not list(ROOT.glob(name))] == []
    copied = " ".join(lines)
    handed = [row for path in services() for row in rows_of(path).get("LoadCredential", [])]
    for row in handed:
        key = Path(row.partition(":")[2])
        assert str(key.parent) == "/etc/infusion-monitor"
        if key.suffix == ".key":
            assert f"{key.stem}.* " in copied, key
    # With what those lines put there, the folder is a configuration.
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copy(SERVICE.with_name("site.toml"), tmp_path / "config")
    for name in ("ca.crt", "infusion-monitor.crt", "station-1.crt"):
        (tmp_path / "config" / name).touch()
    for name in ("infusion-monitor.key", "station-1.key"):
        (tmp_path / "config" / name).touch(mode=0o600)
    settings = load_settings(tmp_path / "config")
    assert settings.site.broker.port == 8883
    assert settings.site.unit == "inf-a"
