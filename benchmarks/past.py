"""Days of a ward in minutes: a journal that the live path wrote, on a clock that does not wait.

Every second is one step, as in the loop: its messages are committed, decoded and decided about, the
effects are committed, and between two steps the upkeep takes snapshots and folds old vital signs.
Only the broker is missing, and the disk is not waited for, which the file does not show.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from benchmarks.traffic import UNIT
from detectors.channels import Channel
from monitor.adapters.journal import Journal
from monitor.adapters.program import program_name
from monitor.adapters.recovery import RecoveryParams
from monitor.adapters.resumption import Memory, decoded
from monitor.adapters.upkeep import Upkeep
from monitor.facts.records import PhaseVerb, RawMessage
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings
from monitor.wire.announcements import Announcement
from monitor.wire.payloads import SessionPayload, encode, encode_vitals, stamp
from monitor.wire.topics import topic

HOUR_S: Final = 3_600
DAY_S: Final = 24 * HOUR_S
SOFTWARE: Final = "benchmark"

SESSION_S: Final = 4 * HOUR_S
"""An infusion and the next one at the same bed."""

TEMPERATURE_EVERY_S: Final = 60
CUFF_EVERY_S: Final = 300
LOW_FROM_S: Final = 2 * HOUR_S
LOW_UNTIL_S: Final = LOW_FROM_S + 15 * 60
LOW_BED: Final = 3
"""At every third bed the pressure falls in the third hour, so that the ledger has something."""

STEP_IN_BED: Final = 977
"""Beds are apart by so many seconds, so that not all of them begin and measure together."""


NOISE: Final = np.random.default_rng(1).integers(0, 10_000, 50_021).tolist()


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a past holds: messages, values by channel, effects, and what was folded of it."""

    steps: int
    messages: int
    hr: int
    sbp: int
    effects: int
    folded: int
    ended_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How long a past is, of how many beds, and how long messages stay as they came."""

    beds: int
    seconds: int
    keep_messages_ms: int
    snapshot_every_s: float = 600.0
    """On the clock of the past, which runs hundreds of times as fast as one that waits."""


def bed_name(bed: int) -> str:
    """Return the name of a bed of the past, which no device of a live part has."""
    return f"p{bed:03d}"


def messages_at(second: int, at_ms: int, beds: int, *, is_last: bool) -> Iterator[RawMessage]:
    """Yield what arrives in one second: sessions that turn, and vital signs of every bed."""
    for bed in range(beds):
        here = second + bed * STEP_IN_BED
        number, into_s = divmod(here, SESSION_S)
        if into_s == SESSION_S - 1 or is_last:
            yield _session(bed, number, at_ms, "close")
        elif into_s == 0 or second == 0:
            yield _session(bed, number, at_ms, "open")
        elif into_s == 1 or second == 1:
            yield _session(bed, number, at_ms, "start")
        yield _vitals(bed, second, here, at_ms)


def _session(bed: int, number: int, at_ms: int, event: PhaseVerb) -> RawMessage:
    name = bed_name(bed)
    payload = SessionPayload(
        id=f"S-{name}-{number}", t=stamp(at_ms), by="rn-1", event=event, subject=f"PX-{name}",
        product="other", devices=(f"mon-{name}",),
    )  # fmt: skip
    where = topic(UNIT, name, "desk", "session")
    return RawMessage(received_ms=at_ms, topic=where, payload=encode(payload))


def _vitals(bed: int, second: int, here: int, at_ms: int) -> RawMessage:
    # Chance: it must not pack better than the noise of people.
    noise = NOISE[(second + bed * STEP_IN_BED) % len(NOISE)]
    values = {
        Channel.HR: 7_200 + noise % 9 * 100,
        Channel.SPO2: 9_600 + noise % 3 * 100,
        Channel.RR: 1_400 + noise % 5 * 100,
    }
    if here % TEMPERATURE_EVERY_S == 0:
        values[Channel.TEMP] = 3_660 + noise % 4 * 10
    if here % CUFF_EVERY_S == 0:
        into_s = here % SESSION_S
        is_low = bed % LOW_BED == 0 and LOW_FROM_S <= into_s < LOW_UNTIL_S
        values[Channel.SBP] = 7_400 if is_low else 12_000 + noise % 7 * 100
        values[Channel.DBP] = 4_200 if is_low else 7_500
    name = bed_name(bed)
    return RawMessage(
        received_ms=at_ms,
        topic=topic(UNIT, name, f"mon-{name}", "vitals"),
        payload=encode_vitals(sequence=second, measured_ms=at_ms, values_centi=values, boot="past"),
    )


class _Nowhere:
    """A connection that takes everything at once."""

    def can_publish(self, *, is_urgent: bool) -> bool:  # noqa: ARG002 - as a link is asked
        """There is always room."""
        return True

    def publish(self, announcement: Announcement) -> None:
        """Nobody hears it."""


def write_past(
    path: Path, ward: WardSettings, span: Span, *, config: str, begin_ms: int
) -> Written:
    """Write the journal of a past, and return what it holds."""
    clock_s = 0.0
    counts = {"messages": 0, "hr": 0, "sbp": 0, "effects": 0}
    with Journal.open_for_writing(path, unit=UNIT, software=SOFTWARE, config=config) as journal:
        journal.connection.execute("PRAGMA synchronous=OFF")
        memory = Memory(Ward(ward, unit=UNIT), journal)
        upkeep = Upkeep(
            memory,
            RecoveryParams(keep_messages_ms=span.keep_messages_ms,
                           snapshot_every_ms=round(span.snapshot_every_s * 1000)),
            program=program_name(SOFTWARE),
            seconds=lambda: clock_s,
        )  # fmt: skip
        for second in range(span.seconds):
            clock_s, now_ms = float(second), begin_ms + second * 1000
            raw = list(messages_at(second, now_ms, span.beds, is_last=second == span.seconds - 1))
            effects = _step(memory, now_ms, raw)
            upkeep.look()
            counts["messages"] += len(raw)
            counts["hr"] += span.beds
            counts["sbp"] += sum(
                (second + bed * STEP_IN_BED) % CUFF_EVERY_S == 0 for bed in range(span.beds)
            )
            counts["effects"] += effects
        while upkeep.folder.bite():
            pass
        upkeep.finish()
        journal.save_published(journal.head[0])
        return Written(
            steps=span.seconds,
            folded=journal.about.folded.message,
            ended_ms=begin_ms + (span.seconds - 1) * 1000,
            **counts,
        )


def _step(memory: Memory, now_ms: int, raw: list[RawMessage]) -> int:
    step = memory.journal.append_step(now_ms, raw)
    inputs = decoded(raw)
    effects = memory.ward.take(now_ms, inputs)
    memory.outbox.put(memory.announced(effects))
    memory.outbox.flush(_Nowhere())
    memory.receipts.keep(inputs, now_ms)
    memory.journal.append_effects(step, effects)
    memory.last_ms = now_ms
    return len(effects)
