"""Print the diagrams and tables of docs/alerts.md from the tables that the program runs on.

The page is written by people; what stands between ``<!-- made NAME -->`` and ``<!-- end -->`` is
made here, and a test compares the two.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from monitor.care.alerts import (
    CONDITION_EVENTS,
    CONDITION_TABLE,
    SIGNAL_EVENTS,
    SIGNAL_TABLE,
)
from monitor.wire.dialects import ACM_PHASES, KINDS, PRESENT, PRIORITIES, SIGNALS, acm_state

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "alerts.md"

BLOCK: Final = re.compile(r"(<!-- made ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

Table = Mapping[Any, Mapping[Any, str]]


def diagram(table: Table, first: str) -> Iterator[str]:
    """Yield a state machine as a mermaid diagram, in the order of its table."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {_node(first)}"
    for state in table:
        yield f'    state "{state}" as {_node(state)}'
    for state, moves in table.items():
        for event, after in moves.items():
            yield f"    {_node(state)} --> {_node(after)}: {event}"
    yield "```"


def cells(table: Table, events: Sequence[str]) -> Iterator[str]:
    """Yield every cell of a state machine as a Markdown table; a dash where nothing happens."""
    yield f"| | {' | '.join(f'`{event}`' for event in events)} |"
    yield f"|---|{'---|' * len(events)}"
    for state, moves in table.items():
        row = " | ".join(moves.get(event, "-") for event in events)
        yield f"| **{state}** | {row} |"


def dialects() -> Iterator[str]:
    """Yield the words of every dialect for every word of ours."""
    yield "| ours | | IHE ACM | SDC | FHIR R6 |"
    yield "|---|---|---|---|---|"
    for phase, word in ACM_PHASES.items():
        yield f"| phase | `{phase}` | EVENT_PHASE {word} | | |"
    for condition, present in PRESENT.items():
        state, there = acm_state(condition, "on"), str(present).lower()
        status = "in-progress" if present else "completed"
        words = f"ALARM_STATE {state} | condition presence {there} | {status}, presence {there}"
        yield f"| condition | `{condition}` | {words} |"
    for signal, said in SIGNALS.items():
        sdc = f"presence {said.sdc_presence}, activation {said.sdc_activation}"
        fhir = f"signal {said.fhir_presence}, {said.fhir_activation}"
        yield f"| signal | `{signal}` | INACTIVATION_STATE {said.acm} | {sdc} | {fhir} |"
    for priority, urgency in PRIORITIES.items():
        yield f"| priority | `{priority}` | {' | '.join(urgency)} |"
    for kind, about in KINDS.items():
        yield f"| kind | `{kind}` | {' | '.join(about)} |"


def _node(state: str) -> str:
    return state.replace("-", "_")


PARTS: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "condition-diagram": lambda: diagram(CONDITION_TABLE, "pending"),
    "condition-cells": lambda: cells(CONDITION_TABLE, CONDITION_EVENTS),
    "signal-diagram": lambda: diagram(SIGNAL_TABLE, "off"),
    "dialects": dialects,
    "signal-cells": lambda: cells(SIGNAL_TABLE, SIGNAL_EVENTS),
}
"""What makes each block of the page."""


def page(text: str) -> str:
    """Return the page with every made block as the program has it now."""

    def made(found: re.Match[str]) -> str:
        return found[1] + "\n".join(PARTS[found[2]]()) + "\n" + found[3]

    return BLOCK.sub(made, text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
