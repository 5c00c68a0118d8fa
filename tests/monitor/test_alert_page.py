"""The page about alerts shows the tables that the program runs on."""

from typing import get_args

import pytest

from monitor.facts.records import ActVerb
from monitor.ward.alert_acts import ACTS
from scripts.alert_page import BLOCK, PAGE, PARTS, page

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_made_blocks_are_those_of_the_tables() -> None:
    assert page(TEXT) == TEXT, "run scripts/alert_page.py"
    assert {found[1] for found in BLOCK.findall(TEXT)} == set(PARTS)


@pytest.mark.parametrize("verb", ACTS)
def test_every_act_is_described(verb: ActVerb) -> None:
    assert f"| `{verb}` |" in TEXT


def test_every_verb_but_what_a_person_did_at_the_bed_is_about_an_alert() -> None:
    assert set(ACTS) == set(get_args(ActVerb)) - {"step", "drug", "rate"}
