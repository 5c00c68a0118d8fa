"""The load that is measured: a ward whose beds send what bedside monitors send (W1).

Heart rate, saturation and respiratory rate of every bed each second, temperature each 60 s and
a cuff pressure each 300 s, staggered over the beds; one message a bed and second, in an order of
arrival that changes. A stated share of the beds reacts: over a minute their pulse and breathing
rise, saturation and pressure fall, and stay there. Onsets are spread over the minute before and
the minute after the first measured step, so that standing and changing alerts both occur.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detectors.channels import Channel, Flag, Int32, Int64
from detectors.readings import Readings
from monitor.facts.records import SessionReported
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings

STARTED_MS: Final = 1_795_514_400_000
UNIT: Final = "bench"

BASELINE_ROUNDS: Final = 6
BASELINE_EVERY_MS: Final = 60_000
TEMPERATURE_EVERY_S: Final = 60
PRESSURE_EVERY_S: Final = 300
RAMP_S: Final = 60

LOWEST: Final = {"hr": 6000, "sbp": 11000, "dbp": 6600, "temp": 3630, "spo2": 9600, "rr": 1200}
SPREAD: Final = {"hr": 2400, "sbp": 2600, "dbp": 1500, "temp": 70, "spo2": 300, "rr": 400}
NOISE: Final = {"hr": 300, "sbp": 400, "dbp": 300, "temp": 8, "spo2": 60, "rr": 120}
"""People at rest: lowest level, spread between people, and from reading to reading."""

REACTION: Final = {"hr": 4500, "sbp": -4200, "dbp": -2000, "temp": 40, "spo2": -800, "rr": 1100}
"""How far a reaction moves a value; the numbers only have to cross limits."""

Message = tuple[int, list[tuple[int, int, int, int]]]
"""Row of a bed and its readings: channel, hundredths, measured time, flags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """One step: what arrived, as columns and, where it is asked for, message by message."""

    now_ms: int
    readings: Readings

    @property
    def messages(self) -> list[Message]:
        """The readings as messages; made anew each time."""
        return messages_of(self.readings)


class Load:
    """What the beds of a ward send; the same for the same arguments."""

    def __init__(self, *, n_beds: int, reacting_share: float, seed: int = 1) -> None:
        self._rng = np.random.default_rng(seed)
        self.n_beds = n_beds
        self.reacting_share = reacting_share
        self.level = {
            name: (LOWEST[name] + self._rng.integers(0, SPREAD[name], n_beds)).astype(np.int32)
            for name in LOWEST
        }
        self.n_reacting = math.ceil(reacting_share * n_beds)
        reacting = self._rng.permutation(n_beds)[: self.n_reacting]
        self.onset_s: Int64 = np.full(n_beds, np.iinfo(np.int32).max, np.int64)
        self.onset_s[reacting] = self._rng.integers(-RAMP_S, RAMP_S, len(reacting))

    def before(self) -> Iterator[Second]:
        """Yield the readings before the infusion, of all channels."""
        for number in range(BASELINE_ROUNDS):
            late_ms = (BASELINE_ROUNDS - number) * BASELINE_EVERY_MS
            yield self._second(STARTED_MS - late_ms, -10 * RAMP_S, everything=True)

    def seconds(self, n_seconds: int) -> Iterator[Second]:
        """Yield what arrives in each second of the infusion."""
        for second in range(n_seconds):
            yield self._second(STARTED_MS + 1000 * second, second, everything=False)

    def _second(self, now_ms: int, second: int, *, everything: bool) -> Second:
        beds = self._rng.permutation(self.n_beds).astype(np.int32)
        sent: dict[str, Int32] = {"hr": beds, "spo2": beds, "rr": beds}
        temperature = beds[(beds + second) % TEMPERATURE_EVERY_S == 0]
        pressure = beds[(beds + second) % PRESSURE_EVERY_S == 0]
        sent["temp"] = beds if everything else temperature
        sent["sbp"] = sent["dbp"] = beds if everything else pressure
        place = np.empty(self.n_beds, np.int32)
        place[beds] = np.arange(self.n_beds)
        bed = np.concatenate([sent[name] for name in sent])
        channel = np.concatenate([np.full(len(sent[name]), _column(name)) for name in sent])
        value = np.concatenate([self._values(name, sent[name], second) for name in sent])
        order = np.lexsort((channel, place[bed]))
        bed, channel, value = bed[order], channel[order], value[order]
        readings = Readings(
            bed=bed,
            device=bed,
            channel=channel.astype(np.int8),
            measured_ms=np.full(len(bed), now_ms - 80, np.int64),
            received_ms=np.full(len(bed), now_ms - 20, np.int64),
            value_centi=value.astype(np.int32),
            flags=np.full(len(bed), Flag.NONE, np.uint16),
            position=place[bed],
        )
        return Second(now_ms=now_ms, readings=readings)

    def _values(self, name: str, beds: Int32, second: int) -> Int32:
        noise = self._rng.integers(-NOISE[name], NOISE[name] + 1, len(beds))
        part = np.clip((second - self.onset_s[beds]) / RAMP_S, 0, 1)
        value = self.level[name][beds] + noise + (part * REACTION[name]).astype(np.int64)
        limited: Int32 = np.minimum(value, 10_000 if name == "spo2" else 100_000).astype(np.int32)
        return limited


def _column(name: str) -> int:
    return int(Channel[name.upper()])


def messages_of(readings: Readings) -> list[Message]:
    """Return columns as messages, the form that a program without columns works on."""
    messages: list[Message] = []
    last = -1
    for bed, channel, value, at_ms, flags, position in zip(
        readings.bed.tolist(),
        readings.channel.tolist(),
        readings.value_centi.tolist(),
        readings.measured_ms.tolist(),
        readings.flags.tolist(),
        readings.position.tolist(),
        strict=True,
    ):
        if position != last:
            messages.append((bed, []))
            last = position
        messages[-1][1].append((channel, value, at_ms, flags))
    return messages


def session(bed: int, event: str, at_ms: int) -> SessionReported:
    """Return a session event of one bed, which owns the device of the same row."""
    return SessionReported(
        position=bed,
        received_ms=at_ms,
        unit=UNIT,
        bed=bed_name(bed),
        device="desk",
        measured_ms=at_ms,
        id=f"S-{bed}",
        by="rn-1",
        event="open" if event == "open" else "start",
        subject=f"PX-{bed}",
        product="other",
        dose_centi_g=None,
        weight_centi_kg=7000,
        age_years=50,
        age_months=None,
        first_dose=False,
        premedication=(),
        beta_blocker=None,
        ace_inhibitor=None,
        devices=(f"mon-{bed_name(bed)}",),
        channels=(),
    )


def bed_name(bed: int) -> str:
    """Return the name of a bed by its row."""
    return f"{bed + 1:05d}"


def running_ward(settings: WardSettings, load: Load) -> Ward:
    """Return a ward in which every bed has a session, a baseline and a running infusion."""
    # A unit lets in fewer devices than are measured, and one desk that reports all sessions would
    # be held for a sender that floods it; a session that is refused costs nothing.
    room, more = settings.hearing, 2 * load.n_beds
    room = replace(
        room, devices_max=room.devices_max + more, message_burst=room.message_burst + more
    )
    ward = Ward(replace(settings, hearing=room), unit=UNIT)
    for bed in range(load.n_beds):
        ward.state.roster.bed(bed_name(bed))
        ward.state.roster.device(f"mon-{bed_name(bed)}")
    ward.state.make_room()
    opened_ms = STARTED_MS - (BASELINE_ROUNDS + 1) * BASELINE_EVERY_MS
    ward.take(opened_ms, [session(bed, "open", opened_ms) for bed in range(load.n_beds)])
    for second in load.before():
        ward.step(second.now_ms, second.readings, ())
    started_ms = STARTED_MS - BASELINE_EVERY_MS // 2
    ward.take(started_ms, [session(bed, "start", started_ms) for bed in range(load.n_beds)])
    if any(bed.phase != "infusing" for bed in ward.state.beds):
        raise AssertionError("a bed has no running infusion, so something else would be measured")
    return ward
