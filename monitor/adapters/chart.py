"""A paper chart as messages: what was written down about one infusion, replayed as if it came in.

Readers of foreign files put entries on a chart and take steps from it. Every entry becomes a
message of the wire, so that what is read passes the same decoder as what is sent. An entry is
received at the moment at which it was measured: a chart does not say when it was written.

Entries of one moment keep the order in which they were put on the chart. A step is made for
every moment with entries, and one for every whole minute between them, because timers of the
ward run on steps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from monitor.facts.records import PumpState, RawMessage, RecordedStep, SessionVerb, Severity
from monitor.wire.payloads import (
    ChannelName,
    HandVitalsPayload,
    Payload,
    PositiveQuantity,
    PumpPayload,
    Quantity,
    SessionPayload,
    SymptomPayload,
    VitalsPayload,
    VitalValue,
    encode,
    stamp,
)
from monitor.wire.topics import topic
from monitor.wire.units import UnitName

MINUTE_MS: Final = 60_000
CHARTED_BY: Final = "chart"
"""Who took the values, as the messages say, and the device that sends them."""

CHART_ENDS: Final = "the chart ends"

PUMP: Final = "pump"
MONITOR: Final = "mon"

UNITS: Final[dict[ChannelName, UnitName]] = {
    "hr": "/min",
    "sbp": "mm[Hg]",
    "dbp": "mm[Hg]",
    "map": "mm[Hg]",
    "temp": "Cel",
    "spo2": "%",
    "rr": "/min",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A pump as a chart knows it: how fast it runs, or what it has given."""

    state: PumpState
    rate_ml_per_h: float
    infused_ml: float | None


@dataclass(slots=True, kw_only=True)
class Chart:
    """Entries about one session at one bed."""

    unit: str
    bed: str
    session: str
    _entries: list[RawMessage] = field(default_factory=list)
    _pump_reports: int = 0
    _measurements: int = 0

    def open(
        self,
        at_ms: int,
        *,
        subject: str,
        product: str,
        weight_kg: float | None = None,
        age_years: int | None = None,
    ) -> None:
        """Open the session."""
        payload = SessionPayload(
            id=self.session,
            t=stamp(at_ms),
            by=CHARTED_BY,
            event="open",
            subject=subject,
            product=product,
            weight=None if weight_kg is None else PositiveQuantity(v=weight_kg, u="kg"),
            age_years=age_years,
        )
        self._put(at_ms, CHARTED_BY, "session", payload)

    def turn(self, at_ms: int, event: SessionVerb) -> None:
        """Take the session to another phase."""
        payload = SessionPayload(
            id=self.session,
            t=stamp(at_ms),
            by=CHARTED_BY,
            event=event,
            reason=CHART_ENDS if event == "close" else None,
        )
        self._put(at_ms, CHARTED_BY, "session", payload)

    def pump(self, at_ms: int, rate: Rate) -> None:
        """Enter what the pump does from now on."""
        payload = PumpPayload(
            seq=self._pump_reports,
            t=stamp(at_ms),
            state=rate.state,
            rate=Quantity(v=round(rate.rate_ml_per_h, 2), u="mL/h"),
            infused=None
            if rate.infused_ml is None
            else Quantity(v=round(rate.infused_ml, 2), u="mL"),
        )
        self._pump_reports += 1
        self._put(at_ms, PUMP, "pump", payload)

    def vitals(
        self,
        at_ms: int,
        values: Mapping[ChannelName, float],
        units: Mapping[ChannelName, UnitName] = UNITS,
    ) -> None:
        """Enter vitals that a person took, in canonical units unless others are named."""
        if not values:
            return
        payload = HandVitalsPayload(
            id=self._next_id(),
            t=stamp(at_ms),
            by=CHARTED_BY,
            values=tuple(
                VitalValue(ch=channel, v=value, u=units[channel])
                for channel, value in values.items()
            ),
        )
        self._put(at_ms, CHARTED_BY, "obs", payload)

    def measured(
        self,
        at_ms: int,
        values: Mapping[ChannelName, float],
        units: Mapping[ChannelName, UnitName] = UNITS,
    ) -> None:
        """Enter vitals that a device measured at one moment, numbered as devices number them."""
        if not values:
            return
        payload = VitalsPayload(
            seq=self._measurements,
            t=stamp(at_ms),
            values=tuple(
                VitalValue(ch=channel, v=value, u=units[channel])
                for channel, value in values.items()
            ),
        )
        self._measurements += 1
        self._put(at_ms, MONITOR, "vitals", payload)

    def received(self, at_ms: int, device: str, payload: VitalsPayload) -> None:
        """Enter what a device had measured when it came in."""
        self._put(at_ms, device, "vitals", payload)

    def symptom(
        self, at_ms: int, symptom: str, *, severity: Severity = "moderate", present: bool = True
    ) -> None:
        """Enter a sign that a person saw or heard about, or that it is over."""
        payload = SymptomPayload(
            id=self._next_id(),
            t=stamp(at_ms),
            by=CHARTED_BY,
            symptom=symptom,
            present=present,
            severity=severity,
        )
        self._put(at_ms, CHARTED_BY, "obs", payload)

    def steps(self) -> Iterator[RecordedStep]:
        """Yield the entries in order of time, with a step for every minute between them."""
        entries = sorted(self._entries, key=lambda message: message.received_ms)
        last_ms: int | None = None
        waiting: list[RawMessage] = []
        for message in entries:
            now_ms = message.received_ms
            if last_ms is not None and now_ms != last_ms:
                yield RecordedStep(now_ms=last_ms, messages=tuple(waiting))
                waiting = []
                first_minute = (last_ms // MINUTE_MS + 1) * MINUTE_MS
                for minute_ms in range(first_minute, now_ms, MINUTE_MS):
                    yield RecordedStep(now_ms=minute_ms, messages=())
            waiting.append(message)
            last_ms = now_ms
        if last_ms is not None:
            yield RecordedStep(now_ms=last_ms, messages=tuple(waiting))

    def _next_id(self) -> str:
        return f"{self.session}-{len(self._entries)}"

    def _put(self, at_ms: int, device: str, kind: str, payload: Payload) -> None:
        self._entries.append(
            RawMessage(
                received_ms=at_ms,
                topic=topic(self.unit, self.bed, device, kind),
                payload=encode(payload),
            )
        )
