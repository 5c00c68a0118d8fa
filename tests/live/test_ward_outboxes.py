"""Simulated devices behind a broker that dies: what it had taken and lost is sent again."""

import threading
from collections import defaultdict
from pathlib import Path
from typing import Final

import msgspec
import pytest
from broker import eventually
from fakes import Listener

from monitor.adapters.access import Access
from monitor.adapters.broker import HOST, LocalBroker
from monitor.adapters.clock import AcceleratedClock, SteadyClock
from monitor.adapters.journal import JournalReader
from monitor.retell import Retelling, heard_in, monitor_beside
from monitor.settings.settings import load_settings
from simulators.links import DeviceAccess
from simulators.publishing import Published, publish
from simulators.scenario import ward_scenario

pytestmark = [pytest.mark.broker, pytest.mark.slow]

CONFIG: Final = Path(__file__).resolve().parents[2] / "config"
UNIT: Final = "ward-kept"
SPEED: Final = 30.0
DEADLINE_S: Final = 60.0
UNHEARD: Final = 25
"""So many messages the broker takes while no monitor is there, before it dies."""


def numbers(journal: Path) -> dict[str, set[int]]:
    """Return the numbers that a monitor has kept, by device."""
    found: dict[str, set[int]] = defaultdict(set)
    with JournalReader.open(journal) as reader:
        for step in reader.steps():
            for one in step.messages:
                *_, device, kind = one.topic.split("/")
                if kind in ("vitals", "backfill", "pump"):
                    found[device].add(msgspec.json.decode(one.payload)["seq"])
    return found


def test_a_broker_that_forgets_what_it_took_costs_no_number(tmp_path: Path) -> None:
    journal, results = tmp_path / "ward.journal", list[Published]()
    settings = load_settings(CONFIG)
    clock = AcceleratedClock(speed=SPEED, start_ms=SteadyClock().now_ms())
    ward = ward_scenario(beds=2, length_s=10 * 60, speed=SPEED)

    def tell(port: int) -> None:
        results.append(
            publish(
                ward,
                access=DeviceAccess(port=port),
                unit=UNIT,
                clock=clock.now_ms,
                stop=threading.Event(),
                speed=SPEED,
            )
        )

    with LocalBroker() as broker:
        port = broker.port
        access = Access(host=HOST, port=port, client_id="irm-ward-kept")
        beside = Retelling(paths=(), access=access, unit=UNIT, speed=SPEED)
        with monitor_beside(settings, beside, clock, journal, "test"):
            telling = threading.Thread(target=tell, args=(port,), daemon=True)
            telling.start()
            assert eventually(lambda: heard_in(journal) > UNHEARD, deadline_s=DEADLINE_S)
        with Listener(port, f"irm/v1/{UNIT}/+/+/vitals") as listener:
            assert listener.hears(lambda one: len(one.heard) > UNHEARD, DEADLINE_S)
        taken = {name.split("/")[4] for name, _ in listener.heard}
        broker.kill()
    assert taken == {"mon-01", "mon-02"}
    with LocalBroker(port=port), monitor_beside(settings, beside, clock, journal, "test"):
        telling.join(DEADLINE_S)
        assert not telling.is_alive()

    assert [(one.is_complete, one.uncovered, one.forgotten) for one in results] == [(True, 0, 0)]
    kept = numbers(journal)
    assert set(kept) == {"mon-01", "mon-02", "pump-01", "pump-02"}
    for device, found in kept.items():
        assert found == set(range(max(found) + 1)), device
