"""The watchman: what the shell finds wrong with itself, as log lines and as alerts of its own."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from monitor.adapters.backlog import Backlog
from monitor.adapters.clock import Clock
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.mqtt import BrokerLink
from monitor.adapters.proof import PathProof
from monitor.adapters.receipts import Receipts
from monitor.adapters.recovery import RecoveryParams
from monitor.adapters.resumption import LiveWard
from monitor.adapters.tenure import Tenure
from monitor.care.self_checks import REALERT_MS, SelfCheckParams, SelfChecks
from monitor.facts.effects import AlertChanged

LOG: Final = logging.getLogger(f"{ROOT}.live")

AHEAD_MS_TOLD: Final = 1_000
REFUSED_TOLD_S: Final = 60.0
"""So long after the last publication that a broker did not take people are told of it."""

CLOCK_SET_MS: Final = 5_000
"""A clock that was set further is a trouble that people are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfWatch:
    """How a monitor watches itself and prepares for its restart.

    ``ward`` makes a fresh ward for each proof of the alarm path; None: no proof. ``realert_ms``
    after it was acknowledged a trouble that lasts is told again. ``is_standby``: it waits behind
    the monitor that speaks for the unit, and takes over when that falls silent.
    """

    params: SelfCheckParams
    recovery: RecoveryParams = field(default_factory=RecoveryParams)
    realert_ms: int = REALERT_MS
    ward: Callable[[], LiveWard] | None = None
    is_standby: bool = False


class Watchman:
    """Looks once a step at link, store, clock, receipts and alarm path."""

    def __init__(
        self,
        how: SelfWatch,
        *,
        unit: str,
        boot: str,
        config: str,
        clock: Clock,
        receipts: Receipts,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.checks = SelfChecks(how.params, config=config, realert_ms=how.realert_ms)
        self.proof: PathProof | None = None
        if how.ward is not None and how.params.proof_every_ms:
            self.proof = PathProof(
                how.ward, unit=unit, boot=boot, clock=clock, params=how.params, seconds=seconds
            )
        self.is_refused = False
        self._clock = clock
        self._receipts = receipts
        self._seconds = seconds
        self._store_state = "ok"
        self._is_ahead = False
        self._gaps, self._dropped = receipts.gaps, 0
        self._refused, self._refused_s = 0, float("-inf")
        self._since_ms: dict[str, int] = {}
        self._connected_s = seconds()

    def proof_age_ms(self) -> int | None:
        """Return the age of the newest proof of the alarm path; None if it is not being proven."""
        return None if self.proof is None else self.proof.age_ms()

    def proof_limit_ms(self) -> int:
        """Return the age from which on the path counts as unproven; 0 if it is not being proven."""
        return 0 if self.proof is None else self.checks.params.proof_limit_ms

    def configure(self, config: str, ward: Callable[[], LiveWard]) -> None:
        """Go on under another configuration, which the proof has to go through as well."""
        self.checks.config = config
        self.is_refused = False
        if self.proof is not None:
            self.proof.ward = ward

    def begin_proof(self) -> None:
        """Take the alarm path for whole now: this monitor begins to speak."""
        if self.proof is not None:
            self.proof.begin()

    def look(
        self, now_ms: int, *, link: BrokerLink, backlog: Backlog, tenure: Tenure
    ) -> list[AlertChanged]:
        """Return the alerts of the monitor itself that change at a time."""
        found = [f"store-{backlog.state}"] if backlog.state != "ok" else []
        if self.is_refused:
            found.append("config-refused")
        if link.window.refused != self._refused:
            self._refused, self._refused_s = link.window.refused, self._seconds()
        if self._seconds() - self._refused_s < REFUSED_TOLD_S:
            found.append("publish-refused")
        since_ms = {key: self._since_ms.get(key, now_ms) for key in found}
        if not link.is_connected:
            # Without a broker no proof can come back, and the broker is the trouble.
            self._connected_s = self._seconds()
            since_ms["broker-lost"] = self._since_ms.get("broker-lost", now_ms)
        elif not tenure.may_speak:
            self._connected_s = self._seconds()
        elif self.proof is not None and self._is_unproven(self.proof):
            since_ms["path-unproven"] = now_ms - self.proof.age_ms()
        lost_s = tenure.standby_lost_s() if tenure.may_speak else None
        if lost_s is not None:
            since_ms["standby-lost"] = self._since_ms.get(
                "standby-lost", now_ms - int(lost_s * 1000)
            )
        if self._clock.ahead_ms() > CLOCK_SET_MS:
            since_ms["clock-set-back"] = self._since_ms.get("clock-set-back", now_ms)
        self._since_ms = since_ms
        jumped_ms = self._clock.jumped_ms()
        jumped = {"clock-jumped": now_ms - jumped_ms} if jumped_ms > CLOCK_SET_MS else {}
        told = self.checks.take(now_ms, {**since_ms, **jumped})
        return told + self.checks.take(now_ms, since_ms) if jumped else told

    def _is_unproven(self, proof: PathProof) -> bool:
        connected_ms = int((self._seconds() - self._connected_s) * 1000)
        return min(proof.age_ms(), connected_ms) > self.checks.params.proof_limit_ms

    def log_conditions(self, *, link: BrokerLink, backlog: Backlog) -> None:
        """Write a line for everything that has changed since this was called last."""
        if backlog.state != self._store_state:
            level = logging.INFO if backlog.state == "ok" else logging.ERROR
            reason = backlog.fault.reason if backlog.fault else ""
            log(LOG, level, f"store-{backlog.state}", reason=reason, waiting=len(backlog))
            self._store_state = backlog.state
        ahead_ms = self._clock.ahead_ms()
        if (ahead_ms > AHEAD_MS_TOLD) != self._is_ahead:
            self._is_ahead = not self._is_ahead
            event = "clock-ahead" if self._is_ahead else "clock-agrees"
            log(LOG, logging.WARNING, event, ahead_ms=ahead_ms)
        if self._receipts.gaps != self._gaps:
            lost = self._receipts.gaps - self._gaps
            log(LOG, logging.WARNING, "messages-missing", given_up=lost)
            self._gaps = self._receipts.gaps
        if link.dropped != self._dropped:
            log(LOG, logging.ERROR, "messages-dropped", dropped=link.dropped - self._dropped)
            self._dropped = link.dropped
