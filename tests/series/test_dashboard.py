"""The Grafana dashboard that is shipped: each query of it runs on a real database."""

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.series.cursor_file import CursorFile
from monitor.series.forwarding import Forwarder
from monitor.series.influx import InfluxAddress, InfluxStore
from scripts.influx_server import RealInflux, Script

DASHBOARD = Path(__file__).resolve().parents[2] / "docs" / "grafana-ward.json"
WHOLE_TIME = "time >= 0 AND time < 4000000000000000000"

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


def test_every_panel_asks_what_the_database_can_answer(filled: RealInflux) -> None:
    for title, query in queries():
        asked = (
            query.replace("$unit", ".*")
            .replace("$bed", ".*")
            .replace("$timeFilter", WHOLE_TIME)
            .replace("time($__interval), ", "")
            .replace(" fill(none)", "")
            .replace(" fill(previous)", "")
            .replace(" fill(0)", "")
        )
        answer = json.loads(filled.ask(f"{asked};".replace('FROM "', 'FROM "irm".."')))
        (result,) = answer["results"]
        assert "error" not in result, (title, result)
        assert result.get("series") or title in EMPTY, title
