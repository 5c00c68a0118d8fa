"""Messages about the monitor itself: they are taken beside the ward and never reach it.

They are the readings of the proof, which say nothing of anybody, and what people do about the
alerts of the monitor itself, which stand at no bed. Neither is journalled: these alerts are none
of the ledger, and a replay has no shell that could be wrong. Who acknowledged what stands in the
log, and in the alert as it is published.
"""

import logging
from typing import Final

from monitor.adapters.clock import Clock
from monitor.adapters.effect_lines import log_effects
from monitor.adapters.logbook import ROOT
from monitor.adapters.mqtt import Arrival, BrokerLink
from monitor.adapters.outbox import Outbox
from monitor.adapters.resumption import announced
from monitor.adapters.watchman import Watchman
from monitor.care.self_checks import NOWHERE, SelfChecks
from monitor.facts.effects import ActRecorded, AlertChanged, AnyEffect
from monitor.facts.records import ActTaken
from monitor.wire.messages import decode
from monitor.wire.topics import sample_topic

LOG: Final = logging.getLogger(f"{ROOT}.live")


class Aside:
    """Takes what is about the monitor itself out of what has arrived, and answers it."""

    def __init__(
        self, *, unit: str, link: BrokerLink, outbox: Outbox, watchman: Watchman, clock: Clock
    ) -> None:
        self._unit = unit
        self._sample = sample_topic(unit)
        self._link, self._outbox = link, outbox
        self._watchman, self._clock = watchman, clock

    def others(self, arrivals: list[Arrival]) -> list[Arrival]:
        """Answer what is about the monitor itself; return what is for the ward, in order."""
        samples = [one for one in arrivals if one.raw.topic == self._sample]
        acts = [(one, act) for one in arrivals if (act := _own_act(one)) is not None]
        if not samples and not acts:
            return arrivals
        if not self._outbox.is_silent:
            # Of two monitors the one that speaks answers.
            self._answer(samples, [act for _, act in acts])
        # What is done about an alert is acknowledged once it is done and its answer is queued.
        taken = [*samples, *(one for one, _ in acts)]
        self._link.acknowledge(taken)
        self._outbox.flush(self._link)
        places = {id(one) for one in taken}
        return [one for one in arrivals if id(one) not in places]

    def _answer(self, samples: list[Arrival], acts: list[ActTaken]) -> None:
        proof = self._watchman.proof
        if proof is not None:
            self._outbox.put(proof.answers([one.raw for one in samples]))
        for act in acts:
            self._take(act)

    def _take(self, act: ActTaken) -> None:
        effects = effects_of(self._watchman.checks, act, self._clock.now_ms())
        self._outbox.put(announced(effects, unit=self._unit))
        log_effects(LOG, effects)


def effects_of(checks: SelfChecks, act: ActTaken, now_ms: int) -> list[AnyEffect]:
    """Return what an act on an alert of the monitor changes, and the answer to it."""
    changed: list[AlertChanged]
    changed, refused = checks.act(now_ms, act)
    answer = ActRecorded(
        at_ms=now_ms,
        bed=NOWHERE,
        session="",
        id=act.id,
        act=act.act,
        by=act.by,
        role=act.role,
        via=act.via,
        alert=act.alert,
        step="",
        status="",
        reason=act.reason,
        refused=refused,
    )
    return [*changed, answer]


def _own_act(arrival: Arrival) -> ActTaken | None:
    """Return the act on an alert of the monitor that a message is, or None.

    One that cannot be decoded is for the ward, which refuses and counts it like any other.
    """
    if f"/{NOWHERE}/" not in arrival.raw.topic or not arrival.raw.topic.endswith("/act"):
        return None
    record = decode(arrival.raw, position=0)
    return record if isinstance(record, ActTaken) and record.bed == NOWHERE else None
