"""Runs of a monitor without a broker: journal, ward and upkeep, killed and continued at will."""

from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Final

from builders import ward_settings
from sameness import differences

from detectors.channels import Channel
from monitor.adapters.configurations import Configured
from monitor.adapters.journal import Journal
from monitor.adapters.recovery import RecoveryParams
from monitor.adapters.resumption import Memory, Resumed, decoded, resume
from monitor.adapters.upkeep import Upkeep
from monitor.facts.records import PhaseVerb, RawMessage
from monitor.reconfiguring import SiteFolder
from monitor.settings.config_files import config_digest, read_all
from monitor.settings.settings import Settings, load_settings
from monitor.ward.ward import Ward
from monitor.wire.payloads import SessionPayload, encode, encode_vitals, stamp

UNIT: Final = "infa"
T0_MS: Final = 1_795_514_400_000
PROGRAM: Final = "0.1+c0de"
SETTINGS: Final = ward_settings()
NOT_KEPT: Final = frozenset(
    {"ranges", "_told", "journal", "_urgent", "_routine", "_news", "configure", "late"}
)
"""What follows from the rest, belongs to one step, or is news again after every start."""


@lru_cache
def settings_at(folder: Path, _digest: str) -> Settings:
    """Return the settings of a folder, read again only when its files have changed."""
    return load_settings(folder)


def session(number: int, bed: str, event: PhaseVerb) -> RawMessage:
    at_ms = T0_MS + number * 1000
    payload = SessionPayload(
        id=f"S-{bed}", t=stamp(at_ms), by="nurse-1", event=event, subject="PX-1", product="test"
    )
    name = f"irm/v1/{UNIT}/{bed}/tab-{bed}/session"
    return RawMessage(received_ms=at_ms, topic=name, payload=encode(payload))


def reading(number: int, bed: str) -> RawMessage:
    """Return vitals of a bed, which are in trouble for a while and well again."""
    at_ms = T0_MS + number * 1000
    is_low = 20 <= number % 60 < 40
    payload = encode_vitals(
        sequence=number,
        measured_ms=at_ms,
        values_centi={
            Channel.SBP: 70_00 if is_low else 125_00,
            Channel.DBP: 40_00 if is_low else 75_00,
            Channel.HR: 130_00 if is_low else 72_00,
            Channel.SPO2: 97_00,
        },
        boot="b1",
    )
    name = f"irm/v1/{UNIT}/{bed}/mon-{bed}/vitals"
    return RawMessage(received_ms=at_ms, topic=name, payload=payload)


def messages(number: int) -> list[RawMessage]:
    """Return what arrives in one second; every seventh nothing does."""
    beds = ("1", "2")
    if number <= 1:
        return [session(number, bed, "open" if number == 0 else "start") for bed in beds]
    return [] if number % 7 == 0 else [reading(number, bed) for bed in beds]


class Run:
    """One run of a monitor without a broker: journal, ward and upkeep."""

    def __init__(
        self,
        path: Path,
        *,
        params: RecoveryParams | None = None,
        every_ms: int = 5_000,
        program: str = PROGRAM,
        config: Path | None = None,
    ) -> None:
        """Begin or go on, under settings that stay or under those of a folder."""
        self.site: SiteFolder | None = None
        ward, digest = Ward(SETTINGS, unit=UNIT), ""
        if config is not None:
            settings = settings_at(config, config_digest(read_all(config, [])))
            ward, digest = Ward(settings.ward, unit=UNIT), settings.digest
            self.site = SiteFolder(config, settings, ward)
        self.journal = Journal.open_for_writing(path, unit=UNIT, software="", config=digest)
        self.memory = Memory(ward, self.journal)
        self.is_behind = False
        self.resumed: Resumed | None = None
        try:
            if self.site is not None:
                self.is_behind = self.site.begin(self.journal)
                self.memory.configure = self.site.configure
            self.resumed = resume(self.memory, program=program)
            if self.site is not None:
                self.site.settle(self.journal)
        except BaseException:
            self.journal.close()
            raise
        seconds = count()
        self.upkeep = Upkeep(
            self.memory,
            params or RecoveryParams(snapshot_every_ms=every_ms),
            program=program,
            seconds=lambda: next(seconds) / 2,
        )

    def live(self, numbers: range, *, until_decided: bool = True) -> None:
        """Take one step a second; the last one may end when its messages are kept."""
        for number in numbers:
            now_ms = T0_MS + number * 1000
            raw = messages(number)
            step = self.journal.append_step(now_ms, raw)
            if number == numbers[-1] and not until_decided:
                return
            inputs = decoded(raw)
            effects = self.memory.ward.take(now_ms, inputs)
            self.memory.outbox.put(self.memory.announced(effects))
            self.memory.receipts.keep(inputs, now_ms)
            self.journal.append_effects(step, effects)
            self.memory.last_ms = now_ms
            self.upkeep.look()

    def read_again(self) -> Configured | None:
        """Follow the folder at the end of a step."""
        assert self.site is not None
        configured = self.site.read_again(self.journal, self.memory.last_ms)
        if configured is not None:
            self.memory.announced((configured.act(),))
        return configured

    def die(self) -> None:
        """End without a word."""
        self.journal.close()


def same(one: Run, other: Run) -> list[str]:
    return list(differences(one.memory, other.memory, but=NOT_KEPT))
