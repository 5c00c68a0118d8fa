"""The page of every scenario with every fault."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from scripts.scenario_matrix import StoryCell
from scripts.story_promises import RULES

KNOWN: Final[Mapping[tuple[str, str], str]] = {}
"""Cells that break their promise, and why: faults of the monitor that are not mended yet."""


def story_lines(cells: Sequence[Sequence[StoryCell]]) -> Iterator[str]:
    """Yield the matrix of stories as Markdown, a row a story."""
    faults = [one.fault for one in cells[0]]
    every = [one for row in cells for one in row]
    kept = sum(one.is_kept for one in every)
    by_rule = Counter(one.kind for one in every)
    yield "## Every scenario with every fault"
    yield ""
    yield (
        f"The stories of `tests/scenarios`, {len(cells)} of them, under the same faults: {kept} of "
        f"{len(every)} cells keep their promise, and there is none without one. A fault strikes "
        "the device that measures most, 2 min before somebody is first called to its bed in the "
        "story, or half way through where nobody is; where it changes nothing of that device, the "
        "next one at the bed. Faults of the way strike all devices. What people enter is not "
        "struck, except where nobody but them measures. A story that ends before its promise is "
        "due is told with a later end."
    )
    yield ""
    yield (
        "**None** and **duplicate**: every row of the file holds. **Passed on**: somebody is "
        "called no later than the table above allows, and nobody where nobody is without the "
        "fault; a story with a device trouble of its own is at least told. **Never silent**: "
        "somebody is called as without the fault, or a technical alert begins within the minutes "
        "that the table names (*told*, minutes from the first message that the fault changes; 0.0 "
        "where the story stood still already). A call for nothing is one that the story without "
        "the fault does not have. **In all of them** no step is offered, as far as the story is "
        "run, that its file says must not be. Under `freeze`, `artefact`, `mean-as-systolic` and "
        "`unit-swap` the values show another person, to whom other steps are offered: there no "
        "restart is offered that the file forbids."
    )
    yield ""
    yield (
        "A letter behind a cell says that the promise is another one, because of what the story is "
        "without the fault:"
    )
    yield ""
    yield "| letter | cells | story | promised | why |"
    yield "|---|---|---|---|---|"
    yield from (
        f"| `{rule.letter}` | {by_rule[kind]} | {rule.story} | {rule.promise} | {rule.reason} |"
        for kind, rule in RULES.items()
    )
    yield ""
    yield from known_lines(every)
    yield f"| scenario | {' | '.join(faults)} |"
    yield f"|---|{'---|' * len(faults)}"
    for row in cells:
        yield f"| `{row[0].story}` | {' | '.join(one.shown for one in row)} |"


def known_lines(cells: Sequence[StoryCell]) -> Iterator[str]:
    """Yield what is known of the cells that break their promise."""
    broken = [one for one in cells if not one.is_kept]
    if not broken:
        return
    yield "Broken, and not mended yet:"
    yield ""
    for one in broken:
        reason = KNOWN.get((one.story, one.fault), "nobody knows why")
        yield f"* `{one.story}` under `{one.fault}`: {reason}."
    yield ""
