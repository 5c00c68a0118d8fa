"""Following: a replay goes through the configurations that a journal went through.

A monitor that reads its folder again while it watches decides the steps behind that under other
limits. The journal holds the files of each configuration, so a replay can do the same, and its
effects are those of the ledger, the acts that tell of the changes among them. It does so if the
folder that it is given is one of those configurations. Any other folder asks what would have
been decided under that one, from the first step to the last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeAlias, runtime_checkable

from monitor.adapters.recording import InputFileError, Recording, Remarks, Turn
from monitor.facts.effects import AnyEffect
from monitor.facts.records import Input
from monitor.settings.settings import settings_of
from monitor.ward.ward_settings import WardSettings

OTHER: Final = "journals whose configuration changed, replayed under another one"

Behind: TypeAlias = Callable[[int], tuple[AnyEffect, ...]]
"""Does what happens behind a step, by its number from 1 on; returns what the ledger tells of it."""


class TakesSteps(Protocol):
    """What a replay needs of a ward."""

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        """Take one step of decoded messages."""


@runtime_checkable
class Configures(Protocol):
    """A ward that can go on under other settings."""

    def configure(self, settings: WardSettings) -> None:
        """Go on under other settings from the next step on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The folder that a replay was given: its digest, and where paths in its files start."""

    digest: str
    directory: Path

    def behind(
        self, recording: Recording, ward: object, remarks: Remarks, *, is_rebatched: bool
    ) -> Behind:
        """Let a fresh ward begin as the journal began; return what changes it behind each step.

        Raises
        ------
        InputFileError
            If steps are cut anew: then nobody knows which of them a change lies behind.
        """
        turns = recording.turns
        digests = [one.digest for one in turns if not one.is_refused]
        if len(turns) <= 1:
            return _nothing
        if self.digest not in digests:
            names = ", ".join(name[:12] for name in digests)
            remarks.add(
                OTHER,
                f"{recording.name}: was decided under {names}; here all of it is decided under "
                f"{self.digest[:12]}, the folder that was given",
            )
            return _nothing
        if is_rebatched:
            raise InputFileError(
                Path(recording.name),
                f"its configuration changed behind step {turns[1].step}: under other step "
                "boundaries it cannot be followed; leave --rebatch away",
            )
        self.turn(ward, turns[0])
        return _Turning(self, ward, turns[1:]).behind

    def turn(self, ward: object, turn: Turn) -> None:
        """Let a ward go on under the files of a configuration."""
        assert isinstance(ward, Configures)
        ward.configure(settings_of(turn.files, self.directory).ward)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWards:
    """What makes the wards of a replay out of a folder, with the folder that they are made of."""

    ward_of: Callable[[str], TakesSteps]
    site: Site

    def __call__(self, unit: str) -> TakesSteps:
        """Return a fresh ward for a unit."""
        return self.ward_of(unit)


class _Turning:
    def __init__(self, site: Site, ward: object, turns: tuple[Turn, ...]) -> None:
        self._site, self._ward, self._turns = site, ward, list(turns)

    def behind(self, number: int) -> tuple[AnyEffect, ...]:
        """Do what was asked for behind a step."""
        told: list[AnyEffect] = []
        while self._turns and self._turns[0].step == number:
            turn = self._turns.pop(0)
            if not turn.is_refused:
                self._site.turn(self._ward, turn)
            told += turn.told
        return tuple(told)


def _nothing(_number: int) -> tuple[AnyEffect, ...]:
    return ()
