"""A bed whose course follows what people do: lived as far as it is, planned from there on."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from simulators.bedside import chair_messages
from simulators.chairs import Chair, Sent, chair
from simulators.deeds import Deed, lived_plan
from simulators.faults import Fault, with_faults
from simulators.scenario import BedPlan, Scenario


@dataclass(slots=True, kw_only=True)
class LivedBed:
    """One bed: its plan as lived so far, its chair, and what its devices still have to send."""

    scenario: Scenario
    plan: BedPlan
    unit: str
    begins_ms: int
    faults: tuple[Fault, ...] = ()
    here: Chair = field(init=False)
    ahead: list[Sent] = field(init=False)

    def __post_init__(self) -> None:
        self._make(-1)

    def live(self, deed: Deed) -> bool:
        """Let a deed change what is to come; tell whether it did."""
        plan = lived_plan(self.plan, deed, opened_ms=self.here.opened_ms)
        if plan is self.plan:
            return False
        self.plan = plan
        self._make(deed.at_ms)
        return True

    def _make(self, after_ms: int) -> None:
        self.here = chair(self.plan, self.scenario, unit=self.unit, started_ms=self.begins_ms)
        stream = with_faults(iter(chair_messages(self.here)), self.faults)
        self.ahead = ahead_of(stream, after_ms)


def ahead_of(stream: Iterator[Sent], after_ms: int) -> list[Sent]:
    """Return what is sent after a time, the next one last."""
    found = sorted(stream, key=lambda sent: sent.at_ms)
    return [sent for sent in reversed(found) if sent.at_ms > after_ms]


def sent_until(ahead: list[Sent], now_ms: int) -> Iterator[Sent]:
    """Take from what is ahead, and yield, what is sent up to a time."""
    while ahead and ahead[-1].at_ms <= now_ms:
        yield ahead.pop()
