"""What a ward asks of detection while it replays, kept so that the plain peer can be asked too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from benchmarks.plain import PlainBed, Reading
from benchmarks.plain_tables import Tables
from detectors.channels import MISSING, NEVER
from detectors.detection import Detection, Findings, Round
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings


@dataclass(frozen=True, slots=True)
class Facts:
    """What the session says about a bed."""

    is_judging: bool
    is_taking_baseline: bool
    rate_step_ms: int | None
    rate_cut_ms: int | None
    opened_ms: int | None
    flags: tuple[bool, ...]
    age_centi: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """Readings of one bed in one message."""

    readings: list[Reading]


@dataclass(frozen=True, slots=True)
class Charted:
    """Symptoms by sign, and when they were charted."""

    grades: list[int]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A channel whose probe is off."""

    channel: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """Another session begins."""


Deed: TypeAlias = Facts | Message | Charted | Withdrawn | Cleared


class Witness(Detection):
    """Detection that keeps, bed by bed, what it was asked to do."""

    deeds: list[tuple[int, Deed]]
    facts: dict[int, Facts]

    @classmethod
    def within(cls, ward: Ward) -> "Witness":
        """Put a witness into a ward that has no beds yet."""
        witness = cls(ward.state.settings.detection, 0)
        witness.deeds, witness.facts = [], {}
        ward.state.detection = witness
        return witness

    def take(self, round_: Round) -> Findings:
        """Keep the messages of a round, then take it."""
        for row, bed in enumerate(round_.bed.tolist()):
            self._keep_facts(bed)
            value = round_.value_centi[row]
            readings = [
                (c, int(value[c]), int(round_.measured_ms[row, c]), int(round_.flags[row, c]))
                for c in np.flatnonzero(value != MISSING).tolist()
            ]
            self.deeds.append((bed, Message(readings)))
        return super().take(round_)

    def chart(self, bed: int, at_ms: int) -> None:
        """Keep what was charted, then judge the bed."""
        self._keep_facts(bed)
        self.deeds.append((bed, Charted(self.charted[bed].tolist(), at_ms)))
        super().chart(bed, at_ms)

    def withdraw(self, bed: int, channel: int) -> bool:
        """Keep which probe is off, then withdraw what it has shown."""
        self.deeds.append((bed, Withdrawn(channel)))
        return super().withdraw(bed, channel)

    def clear(self, bed: int) -> None:
        """Keep that another session begins, then forget the last one."""
        self.facts.pop(bed, None)
        self.deeds.append((bed, Cleared()))
        super().clear(bed)

    def _keep_facts(self, bed: int) -> None:
        age = int(self.age_centi[bed])
        facts = Facts(
            is_judging=bool(self.judging[bed]),
            is_taking_baseline=bool(self.taking_baseline[bed]),
            rate_step_ms=_known(int(self.rate_step_ms[bed])),
            rate_cut_ms=_known(int(self.rate_cut_ms[bed])),
            opened_ms=_known(int(self.opened_ms[bed])),
            flags=tuple(self.context[bed].tolist()),
            age_centi=None if age == MISSING else age,
        )
        if self.facts.get(bed) != facts:
            self.facts[bed] = facts
            self.deeds.append((bed, facts))


def repeated(
    settings: WardSettings, deeds: Sequence[tuple[int, Deed]], *, n_beds: int, is_quick: bool
) -> list[PlainBed]:
    """Return plain beds that have lived through what a witness has seen."""
    tables = Tables(settings.detection)
    beds = [PlainBed(tables, is_quick=is_quick) for _ in range(n_beds)]
    for row, deed in deeds:
        bed = beds[row]
        match deed:
            case Message(readings):
                bed.take(readings)
            case Facts():
                bed.is_judging = deed.is_judging
                bed.is_taking_baseline = deed.is_taking_baseline
                bed.rate_step_ms, bed.rate_cut_ms = deed.rate_step_ms, deed.rate_cut_ms
                bed.flags, bed.opened_ms = list(deed.flags), deed.opened_ms
                bed.take_age(deed.age_centi)
            case Charted(grades, at_ms):
                bed.chart(grades, at_ms)
            case Withdrawn(channel):
                bed.withdraw(channel)
            case Cleared():
                beds[row] = PlainBed(tables, is_quick=is_quick)
    return beds


def _known(time_ms: int) -> int | None:
    return None if time_ms == NEVER else time_ms
