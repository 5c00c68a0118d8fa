"""The proof of the alarm path: about once a second a reading that must lead to an alert.

The monitor's shell publishes a reading of nobody, through the same queue as its alerts. It comes
back from the broker through the subscription of the vitals, is decoded and taken by a fresh ward
of the same program and configuration, where it must raise an alert; what would be published of
that alert is published on a topic of its own, and must come back as well. Only then the path is
proven, up to the moment at which the reading was sent.

The reading is neither journalled nor shown to the ward of the unit: it says nothing of anybody,
no bed, count or list may hold it, and the store is watched by itself.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from detectors.channels import Channel
from monitor.adapters.clock import Clock
from monitor.adapters.resumption import LiveWard, announced, decided, decoded
from monitor.care.self_checks import SelfCheckParams
from monitor.facts.records import RawMessage
from monitor.wire.announcements import Announcement
from monitor.wire.payloads import SessionPayload, encode, encode_vitals, stamp
from monitor.wire.topics import MONITOR, NOBODY, proof_topic, sample_topic, topic

BED: Final = "proof"
"""The bed of the reading in the ward that is made for it; no other ward ever has it."""

DEVICE: Final = "proof"
"""Its device there, because no device may have the name of the monitor."""

REMEMBERED_MAX: Final = 32
"""Proofs that may be on their way; the oldest one is forgotten."""

NEARLY: Final = 0.9
"""A step that comes a little early takes the proof with it: the next one is a second away."""

READING_CENTI: Final = {
    Channel.SBP: 60_00,
    Channel.DBP: 30_00,
    Channel.HR: 150_00,
    Channel.SPO2: 80_00,
}
"""A reading that no rule book takes for well."""

_OPENING: Final = SessionPayload(
    id="proof", t=stamp(0), by=MONITOR, event="open", subject="PX-PROOF", product="proof"
)


class PathProof:
    """What is on its way through the alarm path, and how old the newest proof is."""

    def __init__(
        self,
        ward: Callable[[], LiveWard],
        *,
        unit: str,
        boot: str,
        clock: Clock,
        params: SelfCheckParams,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.unit = unit
        self.ward = ward
        self._boot = boot
        self._clock = clock
        self._every_s = params.proof_every_ms / 1000
        self._seconds = seconds
        self._number = 0
        self._sent_s = self._proven_s = seconds()
        self._sent: dict[bytes, float] = {}
        self._answers: dict[bytes, float] = {}

    def begin(self) -> None:
        """Count from now on: until now nobody was to be told anything."""
        self._proven_s = self._seconds()

    def due(self) -> list[Announcement]:
        """Return the next reading to publish, if it is time for one."""
        now_s = self._seconds()
        if self._number and now_s - self._sent_s < self._every_s * NEARLY:
            return []
        self._sent_s = now_s
        self._number += 1
        payload = encode_vitals(
            sequence=self._number,
            measured_ms=self._clock.now_ms(),
            values_centi=READING_CENTI,
            boot=self._boot,
        )
        _remember(self._sent, payload, now_s)
        return [Announcement(topic=sample_topic(self.unit), payload=payload, qos=1, retain=False)]

    def answers(self, samples: Sequence[RawMessage]) -> list[Announcement]:
        """Return what the alerts of the readings that came back are, on the topic of the proof.

        A reading of another run is nobody's: the broker may have kept it while we were away.
        """
        said = []
        for raw in samples:
            sent_s = self._sent.pop(raw.payload, None)
            alert = None if sent_s is None else alert_of(self.ward(), raw, unit=self.unit)
            if sent_s is not None and alert is not None:
                _remember(self._answers, alert, sent_s)
                name = proof_topic(self.unit)
                said.append(Announcement(topic=name, payload=alert, qos=1, retain=False))
        return said

    def hear(self, payloads: Sequence[bytes]) -> None:
        """Take the alerts that came back."""
        for payload in payloads:
            sent_s = self._answers.pop(payload, None)
            if sent_s is not None:
                self._proven_s = max(self._proven_s, sent_s)

    def age_ms(self) -> int:
        """Return how long ago the path was last known to be whole; at first since the start."""
        return int((self._seconds() - self._proven_s) * 1000)


def alert_of(ward: LiveWard, sample: RawMessage, *, unit: str) -> bytes | None:
    """Return the payload of the first alert that a reading raises in a fresh ward, or None."""
    at_ms = sample.received_ms
    opening = encode(msgspec.structs.replace(_OPENING, t=stamp(at_ms)))
    messages = [
        RawMessage(received_ms=at_ms, topic=topic(unit, BED, DEVICE, kind), payload=payload)
        for kind, payload in (("session", opening), ("vitals", sample.payload))
    ]
    effects = decided(ward, at_ms, decoded(messages)) or ()
    prefix = topic(unit, BED, NOBODY, "alert/")
    alerts = (one.payload for one in announced(effects, unit=unit) if one.topic.startswith(prefix))
    return next((payload for payload in alerts if payload), None)


def _remember(kept: dict[bytes, float], payload: bytes, sent_s: float) -> None:
    kept[payload] = sent_s
    if len(kept) > REMEMBERED_MAX:
        del kept[next(iter(kept))]
