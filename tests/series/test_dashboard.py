"""The Grafana dashboard that is shipped: each query of it runs on a real database."""

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.adapters.journal import JournalReader
from monitor.series.cursor_file import CursorFile
from monitor.series.forwarding import Forwarder
from monitor.series.influx import InfluxAddress, InfluxStore
from scripts.influx_server import RealInflux, Script

DASHBOARD = Path(__file__).resolve().parents[2] / "docs" / "grafana-ward.json"

EMPTY = {"Acts of people", "Infusion rate (mL/h)"}
"""What a recording of hand-taken vitals has nothing of; the queries must run all the same."""


def queries() -> list[tuple[str, str]]:
    body: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return [(one["title"], each["query"]) for one in body["panels"] for each in one["targets"]]


@pytest.fixture
def filled(
    influx: RealInflux, influx_url: tuple[str, Script], finished_journal: Path, tmp_path: Path
) -> RealInflux:
    store = InfluxStore(InfluxAddress(url=influx_url[0], bucket="irm"))
    forwarder = Forwarder(finished_journal, store, CursorFile(tmp_path / "memory"))
    while forwarder.turn().state == "behind":
        pass
    return influx


def test_every_panel_asks_what_the_database_can_answer(
    filled: RealInflux, finished_journal: Path
) -> None:
    """With the words that Grafana puts in: the time that is looked at, and its steps."""
    with JournalReader.open(finished_journal) as reader:
        times = reader.step_times().values()
    during = f"time >= {min(times)}ms AND time <= {max(times)}ms"
    for title, query in queries():
        asked = (
            query.replace("$unit", ".*")
            .replace("$bed", ".*")
            .replace("$timeFilter", during)
            .replace("$__interval", "60s")
        )
        answer = json.loads(filled.ask(f"{asked};".replace('FROM "', 'FROM "irm".."')))
        (result,) = answer["results"]
        assert "error" not in result, (title, result)
        assert result.get("series") or title in EMPTY, title
