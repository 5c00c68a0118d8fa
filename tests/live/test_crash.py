"""The crash matrix in short: a few kills of each kind in any order, and its faults are found."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import MQTTMessage

from monitor.adapters.broker import free_port
from monitor.wire.outbound import MonitorStatusPayload
from scripts.casualties import BLOWS, ROOT, VICTIMS, Casualties
from scripts.crash import matrix
from scripts.crash_report import Report
from scripts.set_clock import put
from scripts.strikes import plan
from scripts.unruly import ShuffledMessages
from scripts.witness import Witness

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.mark.parametrize("seed", [3])
def test_no_blow_in_any_order_loses_or_doubles_anything(seed: int, tmp_path: Path) -> None:
    report = matrix(kills=6, seed=seed, folder=tmp_path, is_short=True)
    assert report.faults == []
    assert report.kills.total() == 6
    assert set(report.blows) == set(BLOWS)
    assert report.readings > 100
    assert report.alerts > 0
    # Both processes were compared again and again, not only in the end.
    assert report.states > report.kills.total()


@given(st.integers(0, 2**32), st.integers(0, 60))
def test_everything_is_struck_and_the_clock_last(seed: int, kills: int) -> None:
    strikes = plan(random.Random(seed), kills=kills, victims=VICTIMS)  # noqa: S311 - chance that repeats
    victims = [one.victim for one in strikes if one.victim is not None]
    blows = [one.blow for one in strikes if one.blow is not None]
    assert len(victims) == kills
    assert set(victims) == set(VICTIMS[:kills])
    assert set(blows) == set(BLOWS)
    first = next(place for place, one in enumerate(strikes) if one.blow == "clock")
    assert first >= len(strikes) * 4 // 5 - blows.count("clock")
    assert all(0 <= one.for_s < 4 for one in strikes)


def test_messages_are_given_out_of_order_and_twice_and_none_is_left_out(tmp_path: Path) -> None:
    kept = ShuffledMessages(tmp_path / "outbox", boot="b")
    for number in range(200):
        kept.put("mon", number, "t", str(number).encode())
    given_once = kept.waiting("mon", 0, 150)
    assert {one.place for one in given_once} == set(range(1, 151))
    assert given_once[-1].place == 150
    assert [one.place for one in given_once] != sorted(one.place for one in given_once)
    assert len(given_once) > 150
    assert len(kept.waiting("mon", 0, 1)) == 1
    while not (rest := kept.waiting("mon", 150, 100)):
        pass
    assert {one.place for one in rest} == set(range(151, 201))
    kept.close()


def test_a_clock_is_set_for_a_program_and_its_counter_goes_on(tmp_path: Path) -> None:
    ahead = tmp_path / "ahead"
    put(ahead, 3_600)
    before_s = time.time()
    told = subprocess.run(
        [sys.executable, "-m", "scripts.set_clock", str(ahead), "timeit", "-n1", "-r1",
         "-s", "import time", "print(time.time_ns(), time.time())"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert 3_600 <= int(told[0]) / 1e9 - before_s < 3_660
    assert 3_600 <= float(told[1]) - before_s < 3_660


def test_a_report_names_its_faults() -> None:
    report = Report(seed=1, faults=["mon-1: 2 readings lost: [7, 8]"])
    assert "1 FAULTS" in report.words()
    assert report.words().endswith("[7, 8]")
    assert "no fault" in Report(seed=1).words()


def test_a_witness_believes_a_lower_term_only_after_a_silence() -> None:
    """A broker that was killed may have forgotten the highest term."""
    witness = Witness("u", free_port())
    old, new = (
        MonitorStatusPayload(
            state="online", t="2026-11-24T10:00:00.000Z", software="", config="", boot=boot,
            reason="", store="ok", steps=0, ledger="", term=term,
        )
        for boot, term in (("b2", 7), ("b3", 5))
    )  # fmt: skip
    witness._hear_status(old)
    witness._hear_status(new)
    assert witness.status == old
    witness._status_s -= 60
    witness._hear_status(new)
    assert witness.status == new
    assert '"b3"' in witness.words()
    witness.close()


def test_a_monitor_that_is_refused_by_its_journal_is_a_fault() -> None:
    struck = Casualties.__new__(Casualties)
    struck.refused = Counter()
    assert struck.wrongs() == []
    struck.refused["second"] += 1
    assert struck.wrongs() == ["the second was refused by its journal"]


def test_a_witness_counts_what_is_said_and_not_what_a_broker_had_kept() -> None:
    witness = Witness("u", free_port())
    for rev, is_kept in ((1, True), (1, False), (1, False), (2, False), (1, True)):
        said = MQTTMessage(topic=b"irm/v1/u/1/_/alert/al-1")
        said.payload, said.retain = b'{"rev": %d}' % rev, is_kept
        witness._on_message(witness._caller.client, None, said)
    assert witness.told == {("irm/v1/u/1/_/alert/al-1", 1): 2, ("irm/v1/u/1/_/alert/al-1", 2): 1}
    assert witness.heard == {"irm/v1/u/1/_/alert/al-1": 2}
    witness.close()


def test_what_waits_for_a_receipt_is_told_by_device(tmp_path: Path) -> None:
    kept = ShuffledMessages(tmp_path / "outbox", boot="b")
    for number in range(5):
        kept.put("mon-1", number, "t", b"x")
    kept.put("mon-2", 0, "t", b"x")
    kept.cover("mon-1", 1)
    struck = Casualties.__new__(Casualties)
    struck._folder = tmp_path
    assert struck.outbox() == {"mon-1": (3, 2, 4), "mon-2": (1, 0, 0)}
    kept.close()
