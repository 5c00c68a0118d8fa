"""What a run of the crash matrix did and found, in words."""

from collections import Counter
from dataclasses import dataclass, field

from scripts.casualties import BLOWS, VICTIMS


@dataclass(slots=True)
class Report:
    """What was killed, and what was found wrong."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    blows: Counter[str] = field(default_factory=Counter)
    again: int = 0
    """Killed once more while they started."""
    restarts: int = 0
    """Programs that left by themselves."""
    states: int = 0
    """What a process remembered, compared with a ward that never died."""
    faults: list[str] = field(default_factory=list)
    readings: int = 0
    messages: int = 0
    effects: int = 0
    alerts: int = 0
    seconds: float = 0.0

    def words(self) -> str:
        """Return the report in one line, and the faults in one each."""
        killed = ", ".join(f"{self.kills[victim]} {victim}" for victim in VICTIMS)
        struck = ", ".join(f"{self.blows[blow]} {blow}" for blow in BLOWS)
        verdict = f"{len(self.faults)} FAULTS" if self.faults else "no fault"
        line = (
            f"seed {self.seed}: {self.kills.total()} kills ({killed}), {self.again} of them once "
            f"more while starting, {self.blows.total()} other blows ({struck}), {self.restarts} "
            f"programs that left by themselves, {self.seconds:.0f} s: {verdict}; "
            f"{self.states} states compared, {self.readings} readings sent, "
            f"{self.messages} messages kept, {self.effects} effects, {self.alerts} alerts"
        )
        return "\n".join([line, *self.faults])
