"""Log lines that nobody reads: the writer goes on, and what was lost is told of."""

import json
import logging
import os
from collections.abc import Iterator
from typing import Final

import pytest
from broker import eventually
from fakes import fill

from monitor.adapters.logbook import JsonLines
from monitor.adapters.scribe import Scribe

ROOM: Final = 4
"""Lines that may wait in these tests."""

LOG: Final = logging.getLogger("scribe")


@pytest.fixture(name="pipe")
def _pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def scribe(descriptor: int) -> Scribe:
    made = Scribe(descriptor, lines_max=ROOM)
    made.setFormatter(JsonLines())
    LOG.handlers[:], LOG.propagate = [made], False
    return made


def test_lines_come_in_order(pipe: tuple[int, int]) -> None:
    made = scribe(pipe[1])
    for number in range(ROOM):
        LOG.warning("line-%d", number)
        made.flush()
    lines = os.read(pipe[0], 65_536).decode().splitlines()
    assert [json.loads(line)["event"] for line in lines] == [f"line-{n}" for n in range(ROOM)]
    assert made.lost == 0


def test_nobody_waits_for_a_reader_and_what_was_lost_is_told(pipe: tuple[int, int]) -> None:
    took = fill(pipe[1])
    made = scribe(pipe[1])
    for number in range(3 * ROOM):
        LOG.warning("line-%d", number)
    # One line is in the hand of the writer, unless the writer had not come to it yet.
    assert 3 * ROOM - made.lost in {ROOM, ROOM + 1}
    lost = made.lost
    made.flush()  # and nobody waits for it at the end either
    assert len(os.read(pipe[0], took)) == took
    assert eventually(made._lines.empty)  # what only the thread sees
    LOG.warning("read again")
    made.flush()
    told = [json.loads(line) for line in os.read(pipe[0], 65_536).decode().splitlines()]
    assert [one["event"] for one in told[-2:]] == ["log-lines-lost", "read again"]
    assert told[-2]["lines"] == lost
    assert [one["event"] for one in told[:-2]] == [f"line-{n}" for n in range(3 * ROOM - lost)]


def test_what_a_reader_that_is_gone_or_a_full_disk_did_not_take_is_counted() -> None:
    read, write = os.pipe()
    os.close(read)
    made = scribe(write)
    for number in range(1, 4):
        LOG.warning("to nobody")
        made.flush()
        assert made.lost == number
    again, place = os.pipe()
    os.dup2(place, write)
    LOG.warning("to somebody")
    made.flush()
    told = [json.loads(line) for line in os.read(again, 65_536).decode().splitlines()]
    assert [(one["event"], one.get("lines")) for one in told] == [
        ("log-lines-lost", 3),
        ("to somebody", None),
    ]
    assert made.lost == 0
    for end in (again, place, write):
        os.close(end)
