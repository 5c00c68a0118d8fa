"""The page about the wire shows stored messages and the tables that the code holds."""

import json
import re
from pathlib import Path
from typing import Final

import pytest
from wire import INBOUND, OUTBOUND, taken

from monitor.care.troubles import TROUBLES
from monitor.facts.records import MessageRefused
from monitor.wire.arrivals import AGE_MS_MAX, BACKFILL_AGE_MS_MAX, FUTURE_MS_MAX
from monitor.wire.payloads import (
    MAX_DEPTH,
    MAX_NOTE,
    MAX_NUMBER,
    MAX_PAYLOAD_BYTES,
    MAX_SEQUENCE,
    MAX_TEXT,
    MAX_VALUES,
)
from monitor.wire.refusals import REASONS
from monitor.wire.topics import KINDS, OUTBOUND_KINDS
from monitor.wire.units import ACCEPTED_UNITS

PAGE: Final = (Path(__file__).parents[2] / "docs" / "wire.md").read_text()
BLOCKS: Final = re.findall(r"<!-- (in|out)/(\S+) -->\n```json\n(.*?)\n```", PAGE, re.DOTALL)


def rows(heading: str) -> dict[str, str]:
    """Return the first two columns of the table under a heading, without quotation marks."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| ([^|]*) \| ([^|]*) \|", section, re.MULTILINE)
    return {name.strip("`"): text for name, text in found[1:]}


def test_every_json_block_of_the_page_is_a_stored_message() -> None:
    assert len(BLOCKS) == PAGE.count("```json")
    assert {name.partition(".")[0] for way, name, _ in BLOCKS if way == "out"} == {
        *OUTBOUND_KINDS,
        "monitor-status",
        "lease",
        "standby",
    }


@pytest.mark.parametrize(("way", "name", "text"), BLOCKS, ids=[block[1] for block in BLOCKS])
def test_a_block_says_what_its_file_says(way: str, name: str, text: str) -> None:
    if way == "in":
        assert text == (INBOUND / name).read_text().rstrip()
        assert not isinstance(taken(name.partition(".")[0], text.encode()), MessageRefused)
    else:
        assert json.loads(text) == json.loads((OUTBOUND / name).read_text())[0]["payload"]


def test_the_kinds_reasons_and_units_are_those_of_the_code() -> None:
    assert set(KINDS) <= set(rows("Topics"))
    assert tuple(rows("Why a message is refused")) == REASONS
    units = {name: text.split() for name, text in rows("Units").items()}
    assert units == {
        name: [f"`{unit}`" for unit in accepted] for name, accepted in ACCEPTED_UNITS.items()
    }


def test_the_technical_alerts_are_those_of_the_table() -> None:
    section = PAGE.partition("\n### technical alerts\n")[2].partition("\n### ")[0]
    found = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (\w+) \| (.+?) \|$", section, re.MULTILINE)
    assert found == [(key, row.words, row.priority, row.ends) for key, row in TROUBLES.items()]


def test_the_limits_are_those_of_the_code() -> None:
    limits = rows("What holds for every payload")
    hours_max = BACKFILL_AGE_MS_MAX // 3_600_000
    assert limits["payload"] == f"{MAX_PAYLOAD_BYTES} bytes"
    assert limits["nesting"] == f"{MAX_DEPTH} levels"
    assert limits["values in a message"].startswith(f"{MAX_VALUES},")
    assert limits["text"] == f"{MAX_TEXT} characters, a `note` {MAX_NOTE}"
    assert limits["number"].endswith(f"below {MAX_NUMBER:.0f} in size")
    assert limits["seq"] == f"0 to {MAX_SEQUENCE}"
    assert limits["stamp, ahead of receipt"] == f"{FUTURE_MS_MAX // 1000} s"
    age = f"{AGE_MS_MAX // 3_600_000} h; `backfill` {hours_max} h;"
    assert limits["stamp, behind receipt"].startswith(age)
