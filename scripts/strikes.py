"""What the crash matrix does in a run, and when: drawn by chance before it begins."""

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from scripts.casualties import BLOWS, Blow, Victim

LONGEST_WAIT_S: Final = 1.5
SHORT_WAIT_S: Final = 0.5
KILLS_A_BLOW: Final = 4
TWICE: Final = 0.3
"""So many of those that are killed are killed once more while they start."""


class Strike(NamedTuple):
    """One thing that is done, after a wait."""

    wait_s: float
    victim: Victim | None = None
    blow: Blow | None = None
    which: int = 0
    for_s: float = 0.0
    again_s: float = 0.0
    """After how long it is killed once more, while it starts; 0: it is not."""


def plan(
    rng: random.Random, *, kills: int, victims: Sequence[Victim], longest_s: float = LONGEST_WAIT_S
) -> list[Strike]:
    """Return what is done in a run: victims in turn and blows between them, in any order."""
    strikes = [
        Strike(
            wait_s=rng.uniform(0.05, longest_s),
            victim=victims[n % len(victims)],
            again_s=rng.uniform(0.05, longest_s) if rng.random() < TWICE else 0.0,
        )
        for n in range(kills)
    ]
    strikes += [
        Strike(
            wait_s=rng.uniform(0.05, longest_s),
            blow=BLOWS[n % len(BLOWS)],
            which=rng.randrange(2),
            for_s=rng.uniform(0.2, 2 * longest_s),
        )
        for n in range(max(kills // KILLS_A_BLOW, len(BLOWS)))
    ]
    rng.shuffle(strikes)
    # After a clock was set back, what is measured lies before what was measured already, and is
    # not judged for as long. So alerts are made first.
    early = len(strikes) * 4 // 5
    clocks = [one for one in strikes[:early] if one.blow == "clock"]
    others = [one for one in strikes[:early] if one.blow != "clock"]
    late = [*clocks, *strikes[early:]]
    rng.shuffle(late)
    return [*others, *late]
