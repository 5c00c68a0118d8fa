"""The whole of what is shipped: broker, access list, monitor and station, as a site runs them."""

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from broker import eventually
from shipped import ROOT, Site, shipped_site

from monitor.adapters.broker import HOST, free_port
from monitor.adapters.journal import JournalReader
from monitor.facts.effects import ActRecorded, MessageRejected
from monitor.settings.settings import load_settings
from monitor.station.people import user_row, write_user
from simulators.keeping import Broker, Device, KeepingPublisher, KeptMessages

pytestmark = [pytest.mark.broker, pytest.mark.slow]

UNIT: Final = "ward-7"
NAMES: Final = ("station-1=localhost", "mon-1", "mon-2")
PASSWORD: Final = "correct horse"  # noqa: S105 - of nobody


def configuration(folder: Path, site: Site, *, own: str, station: str | None) -> Path:
    """Return a copy of our configuration for a site, as its pages tell to make one."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    text = (ROOT / "deploy" / "container" / "site.toml").read_text()
    text = text.replace("inf-a", UNIT).replace('host = "broker"', 'host = "localhost"')
    text = text.replace("port = 8883", f"port = {site.port}")
    text = text.replace("/run/irm/ca", f"{site.certificates}/ca")
    text = text.replace("/run/irm/own", f"{site.certificates}/{own}")
    if station is not None:
        path = site.certificates / station
        text += f'\n[station]\ndevice_id = "{station}"\n'
        text += f'certificate_file = "{path}.crt"\nkey_file = "{path}.key"\n'
    (config / "site.toml").write_text(text)
    return config


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with shipped_site(tmp_path_factory.mktemp("shipped"), *NAMES, unit=UNIT) as one:
        yield one


@contextmanager
def running(*words: str) -> Iterator[None]:
    command = [sys.executable, "-m", "monitor", *words]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ}) as process:
        try:
            yield
        finally:
            process.terminate()


def ready(browser: httpx.Client) -> bool:
    try:
        return browser.get("/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def opened(browser: httpx.Client, name: str) -> dict[str, Any]:
    """Log in, open a session, and return what the page was told of it."""
    headers = {"origin": str(browser.base_url).rstrip("/"), "x-irm": "1"}
    login = {"name": "nurse-1", "password": PASSWORD}
    assert browser.post("/api/v1/login", json=login, headers=headers).status_code == 200
    with browser.stream("GET", "/feed") as lines:
        payload = {"event": "open", "subject": "PX-1", "product": "other"}
        act = {"id": name, "bed": "17", "kind": "session", "payload": payload}
        told = lines.iter_lines()
        assert any(line == "event: hello" for line in told)
        done = browser.post("/api/v1/acts", json=act, headers=headers)
        assert done.status_code == 202, done.text
        assert any(line == "event: answer" for line in told)
        data = next(line for line in told if line.startswith("data: "))
    answer: dict[str, Any] = json.loads(data.removeprefix("data: "))
    return answer


def test_an_act_at_the_page_is_taken_by_the_monitor_behind_the_shipped_access_list(
    site: Site, tmp_path: Path
) -> None:
    config = configuration(tmp_path, site, own="infusion-monitor", station="station-1")
    users, journal, port = tmp_path / "users", tmp_path / "journal", free_port()
    write_user(users, "nurse-1", user_row("nurse", PASSWORD))
    place = ("--config", str(config), "--journal", str(journal))
    beside = ("--http", f"{HOST}:{port}", "--users", str(users))
    # The station's audit goes into the data directory, which only a service may make.
    text = (config / "site.toml").read_text().replace("/var/lib/infusion-monitor", str(tmp_path))
    (config / "site.toml").write_text(text)
    with running("live", *place, *beside), httpx.Client(base_url=f"http://{HOST}:{port}") as page:
        assert eventually(lambda: ready(page))
        answer = opened(page, "open-0001")
    assert (answer["id"], answer["refused"], answer["by"]) == ("open-0001", "", "nurse-1")
    with JournalReader.open(journal) as reader:
        acts = [one for one in reader.effects() if isinstance(one, ActRecorded)]
        topics = {topic for (topic,) in reader.rows("SELECT topic FROM inbox")}
    assert [(one.act, one.by, one.refused) for one in acts if one.bed == "17"] == [
        ("open", "nurse-1", "")
    ]
    assert f"irm/v1/{UNIT}/17/station-1/session" in topics


def test_the_publisher_for_integrators_loses_nothing_at_the_shipped_broker(
    site: Site, tmp_path: Path
) -> None:
    """With its own certificate: birth, status and vitals go in, receipts come out."""
    config = configuration(tmp_path, site, own="infusion-monitor", station=None)
    place = ("--config", str(config), "--journal", str(tmp_path / "journal"))
    more = ("--port", str(site.port), "--certificates", str(site.certificates))
    words = ("--store", str(tmp_path / "kept"), "--unit", UNIT, "--host", "localhost", *more)
    command = [sys.executable, "-m", "simulators.keeping", *words, "--beds", "2"]
    with running("live", *place):
        # It ends when the monitor's receipts cover all that it kept.
        done = subprocess.run(
            [*command, "--readings", "3", "--every-ms", "20"], cwd=ROOT, check=False, timeout=60
        )
        assert done.returncode == 0
        own = site.certificates / "mon-1"
        broker = Broker(
            host="localhost",
            port=site.port,
            ca_file=site.certificates / "ca.crt",
            certificate_file=own.with_suffix(".crt"),
            key_file=own.with_suffix(".key"),
        )
        kept = KeptMessages(tmp_path / "other", boot="b2")
        elsewhere = KeepingPublisher(kept, Device(unit="inf-a", bed="1", name="mon-1"), broker)
        kept.put("mon-1", 0, elsewhere.device.topic("vitals"), b"{}")
        assert eventually(lambda: bool(elsewhere.send() and elsewhere.refusal))
        assert "Not authorized" in elsewhere.refusal
        elsewhere.close()
    with JournalReader.open(tmp_path / "journal") as reader:
        said = [
            (topic.split("/", 3)[3], json.loads(payload))
            for topic, payload in reader.rows("SELECT topic, payload FROM inbox ORDER BY n")
        ]
        refused = [one for one in reader.effects() if isinstance(one, MessageRejected)]
    assert refused == []
    for bed in ("1", "2"):
        own_place = f"{bed}/mon-{bed}"
        assert {one["seq"] for topic, one in said if topic == f"{own_place}/vitals"} == {0, 1, 2}
        assert any(topic == f"{own_place}/birth" for topic, _ in said)
        states = [one["state"] for topic, one in said if topic == f"{own_place}/status"]
        assert {"online", states[-1]} == {*states} == {"online", "offline"}


def test_a_station_of_its_own_serves_its_page_with_the_certificate_it_shows_the_broker(
    site: Site, tmp_path: Path
) -> None:
    # As in the compose file: one configuration, in which everybody finds a certificate of his own.
    config = configuration(tmp_path, site, own="station-1", station=None)
    files = load_settings(config).site.broker
    port = free_port()
    words = ("--tls-cert", str(files.certificate_file), "--tls-key", str(files.key_file))
    audit = ("--audit", str(tmp_path / "audit"))
    trust = ssl.create_default_context(cafile=site.certificates / "ca.crt")
    with (
        running("station", "--config", str(config), "--http", f"{HOST}:{port}", *audit, *words),
        httpx.Client(base_url=f"https://localhost:{port}", verify=trust, trust_env=False) as page,
    ):

        def shown() -> str:
            try:
                return page.get("/readyz").text
            except httpx.HTTPError as fault:
                return f"nothing is served ({fault})"

        # The broker lets it in; whether anybody watches there depends on the test before.
        assert eventually(lambda: shown() in {"no monitor has been heard of\n", "ready\n"}), shown()
