"""The two delays of every alert of a journal: until its condition was active, and until told.

The condition delay is from onset to active, both as measured: it contains the waiting for a
repeat. The signal delay is from there to the step that told it: device, transport and load.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.adapters.journal import JournalReader
from monitor.facts.effects import AlertChanged

HIGH_PERCENT: Final = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How one delay is spread over the alerts [ms]; by rank, nothing is interpolated."""

    median_ms: int
    high_ms: int
    longest_ms: int

    @property
    def words(self) -> str:
        """The spread in seconds."""
        parts = (self.median_ms / 1000, self.high_ms / 1000, self.longest_ms / 1000)
        return "median {:g} s, {} % within {:g} s, longest {:g} s".format(
            parts[0], HIGH_PERCENT, *parts[1:]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Both delays of the physiological alerts of a journal; None where there was no alert."""

    alerts: int
    condition: Spread | None
    signal: Spread | None


def spread(delays_ms: Sequence[int]) -> Spread | None:
    """Return the spread of some delays, None of none.

    Examples
    --------
    >>> spread([40, 10, 20])
    Spread(median_ms=20, high_ms=40, longest_ms=40)
    """
    if not delays_ms:
        return None
    ordered = sorted(delays_ms)

    def rank(percent: int) -> int:
        return ordered[-(-percent * len(ordered) // 100) - 1]

    return Spread(median_ms=rank(50), high_ms=rank(HIGH_PERCENT), longest_ms=ordered[-1])


def alert_delays(journal: JournalReader) -> Delays:
    """Return the delays of the alerts of a journal, each once: when it was first told as active."""
    told_ms = journal.step_times()
    condition: dict[str, int] = {}
    signal: list[int] = []
    for row in journal.ledger():
        effect = row.effect()
        if not isinstance(effect, AlertChanged) or effect.kind != "physiological":
            continue
        if effect.condition_delay_ms is None or effect.active_ms is None or effect.id in condition:
            continue
        condition[effect.id] = effect.condition_delay_ms
        signal.append(max(0, told_ms[row.step] - effect.active_ms))
    return Delays(
        alerts=len(condition), condition=spread(list(condition.values())), signal=spread(signal)
    )
