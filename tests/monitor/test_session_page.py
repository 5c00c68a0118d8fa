"""The page about sessions shows the tables that the program runs on."""

import re
from typing import Final

from monitor.care.session import TABLE
from scripts.alert_page import BLOCK
from scripts.session_page import PAGE, PARTS, page

TEXT: Final = PAGE.read_text(encoding="utf-8")


def test_the_page_says_what_the_tables_say() -> None:
    assert page(TEXT) == TEXT, "run: python -m scripts.session_page"


def test_every_block_is_on_the_page_once() -> None:
    assert sorted(name for _, name, _ in BLOCK.findall(TEXT)) == sorted(PARTS)


def test_the_diagram_has_every_move_and_no_other() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+): (\w+)$", TEXT, re.MULTILINE))
    moves = {(phase, to, event) for phase, row in TABLE.items() for event, to in row.items()}
    assert drawn == moves
