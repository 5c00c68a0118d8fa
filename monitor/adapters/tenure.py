"""Tenure: this run's part in the succession, over the link.

It tells the lease while it claims or holds it, and else that it waits; it hears what the others
say, and hands on what the table of the succession asks for.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from monitor.adapters.clock import Clock
from monitor.adapters.mqtt import BrokerLink, Said
from monitor.adapters.succession import BEAT_S, Succession, SuccessionAct
from monitor.wire.announcements import CLEARED, Announcement
from monitor.wire.leases import LeasePayload, StandbyPayload, lease_of, standby_of
from monitor.wire.outbound import MonitorStatusPayload, encode_published, iso
from monitor.wire.topics import lease_topic, monitor_status_topic, standby_topic

PARTNER_S_MAX: Final = 3.0
"""A standby that was not heard for so long is not counted on."""

StandbyState: TypeAlias = Literal["none", "not-ready", "ready"]

_STATUS: Final = msgspec.json.Decoder(MonitorStatusPayload)


class _Partner(NamedTuple):
    word: StandbyPayload
    heard_s: float


class Tenure:
    """Who speaks for the unit, as one run hears and tells it."""

    def __init__(
        self,
        *,
        unit: str,
        boot: str,
        client: str,
        is_paired: bool,
        clock: Clock,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.succession = Succession(boot=boot, is_paired=is_paired, seconds=seconds)
        self.boot = boot
        self.holder_config = ""
        """Configuration of the monitor that speaks, as its status says."""
        self._clock, self._seconds = clock, seconds
        self._lease_topic, self._status_topic = lease_topic(unit), monitor_status_topic(unit)
        self._own_topic = standby_topic(unit, client)
        self._partners: dict[str, _Partner] = {}
        self._told_s = -BEAT_S
        self._connection = 0

    @property
    def may_speak(self) -> bool:
        """Whether this run may publish now."""
        return self.succession.may_speak

    def acts(self, link: BrokerLink) -> Iterator[SuccessionAct]:
        """Yield what is to be done about what was heard, and about the time that has passed."""
        if link.is_connected and link.connections != self._connection:
            self._connection = link.connections
            self._told_s = -BEAT_S
            yield self.succession.connected()
        for said in link.talk():
            yield self._heard(said)
        if link.is_connected:
            yield self.succession.look()

    def _heard(self, said: Said) -> SuccessionAct:
        if said.topic == self._lease_topic:
            lease = lease_of(said.payload)
            if lease is None:
                return ""
            return self.succession.hear_lease(lease, is_retained=said.is_retained)
        if said.topic == self._status_topic:
            return self._heard_status(said)
        word = standby_of(said.payload)
        if said.topic == self._own_topic:
            is_own = word is not None and word.boot == self.boot
            return self.succession.hear_word(word.beat) if word is not None and is_own else ""
        if word is None:
            self._partners.pop(said.topic, None)
        elif word.state == "online" or said.topic in self._partners:
            self._partners[said.topic] = _Partner(word, self._seconds())
        self.succession.has_partner = any(
            one.word.state == "online" for one in self._partners.values()
        )
        return ""

    def _heard_status(self, said: Said) -> SuccessionAct:
        try:
            status = _STATUS.decode(said.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return ""
        if status.boot == self.boot:
            return ""
        self.holder_config = status.config
        if self.may_speak:
            # The last will of somebody who has been replaced must not stand for long.
            return "assert"
        return self.succession.hear_gone(status.boot) if status.state == "offline" else ""

    def wait_s(self) -> float:
        """Return after how many seconds the next word is due."""
        return max(self._told_s + BEAT_S - self._seconds(), 0.0)

    def hurry(self) -> None:
        """Make the next word due at once."""
        self._told_s = -BEAT_S

    def is_due(self) -> bool:
        """Tell whether a word is due."""
        return self._seconds() - self._told_s >= BEAT_S

    def tell(self, link: BrokerLink, word: Callable[[], StandbyPayload]) -> None:
        """Tell the lease, or that this run waits."""
        self._told_s = self._seconds()
        if self.succession.is_claiming:
            link.publish(self.lease("held", beat=self.succession.next_beat()))
            return
        payload = msgspec.structs.replace(word(), beat=self.succession.next_beat())
        link.publish(
            Announcement(
                topic=self._own_topic,
                payload=encode_published(payload),
                qos=1,
                # Who only starts may be gone before anybody asks.
                retain=payload.role == "standby",
            )
        )

    def lease(self, state: Literal["held", "released"], *, beat: int = 0) -> Announcement:
        """Return the lease of this run."""
        payload = LeasePayload(
            state=state,
            t=iso(self._clock.now_ms()),
            term=self.succession.term,
            holder=self.boot,
            paired=self.succession.is_paired,
            beat=beat,
        )
        name = self._lease_topic
        return Announcement(topic=name, payload=encode_published(payload), qos=1, retain=True)

    def taken_back(self) -> Announcement:
        """Return what takes the word of this run as a standby back."""
        return Announcement(topic=self._own_topic, payload=CLEARED, qos=1, retain=True)

    def will(self) -> Announcement:
        """Return the last will of this run as a standby."""
        payload = StandbyPayload(state="offline", t=iso(self._clock.now_ms()), boot=self.boot)
        name = self._own_topic
        return Announcement(topic=name, payload=encode_published(payload), qos=1, retain=True)

    def standby(self) -> StandbyState:
        """Return whether another monitor waits to take over."""
        there = [one.word for one in self._partners.values() if self._is_there(one)]
        if not there:
            return "none"
        return "ready" if any(word.ready for word in there) else "not-ready"

    def standby_lost_s(self) -> float | None:
        """Return for how long a standby that did not leave in order is missed, or None."""
        if not self._partners or any(self._is_there(one) for one in self._partners.values()):
            return None
        now_s = self._seconds()
        return min(now_s - one.heard_s for one in self._partners.values())

    def _is_there(self, one: _Partner) -> bool:
        is_heard = self._seconds() - one.heard_s <= PARTNER_S_MAX
        return one.word.state == "online" and is_heard

    def took_over_ms(self) -> int | None:
        """Return how long ago this run took over from another one; None if it did not."""
        since_s = self.succession.took_over_s
        return None if since_s is None else int((self._seconds() - since_s) * 1000)
