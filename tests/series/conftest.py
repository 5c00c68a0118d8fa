"""A journal with a whole reaction in it, and a real InfluxDB behind its rewrite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.adapters.journal import Journal
from monitor.adapters.recording import read_header, read_recording
from monitor.replay import replay
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from scripts.influx_server import RealInflux, Script, found_influxd, proxy, real_influx

ROOT = Path(__file__).resolve().parents[2]
RECORDING = ROOT / "tests" / "replay" / "recordings" / "by-hand.jsonl"


@pytest.fixture(scope="session")
def finished_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal that a monitor would have written of a recorded session."""
    path = tmp_path_factory.mktemp("series") / "ward.journal"
    settings = load_settings(ROOT / "config")
    unit = read_header(RECORDING).unit
    with Journal.open_for_writing(path, unit=unit, software="test", config="c") as journal:
        ward = Ward(settings.ward, unit=unit)
        for step, effects in replay(read_recording(RECORDING), ward):
            journal.append_effects(journal.append_step(step.now_ms, step.messages), effects)
    return path


@pytest.fixture(scope="session")
def influx() -> Iterator[RealInflux]:
    """A real InfluxDB of version 1, on loopback, with data of its own."""
    if found_influxd() is None:
        pytest.skip("influxd is not on this machine; as root: make testbed (package influxdb)")
    with real_influx() as running:
        yield running


@pytest.fixture
def influx_url(influx: RealInflux) -> Iterator[tuple[str, Script]]:
    """The address of that InfluxDB behind the rewrite, with an empty database ``irm``."""
    influx.ask("DROP DATABASE irm")
    influx.ask("CREATE DATABASE irm")
    script = Script()
    with proxy(f"http://127.0.0.1:{influx.port}", script) as url:
        yield url, script
