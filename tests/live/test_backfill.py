"""A device that sends late what it kept, and deletes what a receipt covers: nothing is lost.

A patch whose radio was lost says first what it measures now and then, from its store, what it
measured meanwhile. Whatever it deletes must be in the monitor's journal at that moment.
"""

from pathlib import Path

import pytest
from broker import eventually
from fakes import Unit, now_ms

from monitor.adapters.broker import LocalBroker
from monitor.wire.topics import topic
from simulators.keeping import Broker, Device, KeepingPublisher, KeptMessages, example_reading

pytestmark = pytest.mark.broker

DEVICE = "patch-17"
BEFORE, MEANWHILE, NOW = range(5), range(5, 15), range(15, 18)


def test_what_a_patch_deletes_by_its_receipt_is_in_the_journal(
    broker: LocalBroker, tmp_path: Path
) -> None:
    unit = Unit(broker, "patched", tmp_path / "journal")
    kept = KeptMessages(tmp_path / "patch", boot="b1")
    sent: dict[bytes, int] = {}
    begun_ms = now_ms() - 60_000

    def put(numbers: range, kind: str) -> None:
        for number in numbers:
            measured_ms = begun_ms + 1000 * number
            payload = example_reading(number, measured_ms=measured_ms, boot=kept.boot)
            kept.put(DEVICE, number, topic(unit.name, "17", DEVICE, kind), payload)
            sent[payload] = number

    def waiting() -> set[int]:
        """Return the numbers that the patch still has, after some sending and looking."""
        link.send()
        left = {sent[one.payload] for one in kept.waiting(DEVICE, 0, 100)}
        stored = {sent[one.payload] for one in unit.messages() if one.payload in sent}
        assert set(sent.values()) - left <= stored, "deleted, and nobody has it"
        return left

    with unit.running():
        patch = Device(unit=unit.name, bed="17", name=DEVICE)
        link = KeepingPublisher(kept, patch, Broker(host=broker.host, port=broker.port))
        put(BEFORE, "vitals")
        put(NOW, "vitals")
        assert eventually(lambda: waiting() <= set(NOW))
        assert waiting() == set(NOW), "no receipt reaches over what is missing"
        put(MEANWHILE, "backfill")
        assert eventually(lambda: not waiting())
        link.close()
    kept.close()
    stored = [sent[one.payload] for one in unit.messages() if one.payload in sent]
    assert set(stored) == {*BEFORE, *MEANWHILE, *NOW}
