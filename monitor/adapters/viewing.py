"""Watching and tailing: a feed becomes a wall of tiles, or lines that can be searched.

Times are those of the monitor, known from its status, so that ages are right also when this
machine's clock is not, and in a simulation that runs faster than time.
"""

import re
import time
from collections.abc import Callable, Iterator
from typing import Final, TextIO

import msgspec
from rich.console import Console
from rich.live import Live

from monitor.adapters.feed import Feed, Heard
from monitor.adapters.terminal import MARKS, age, printable, wall, ward_lines
from monitor.facts.effects import NOT_ASSESSABLE
from monitor.facts.views import AlertView, BedView, ChannelView, WardView
from monitor.wire.dialects import DIALECTS, published_alert
from monitor.wire.outbound import (
    AdvicePayload,
    AlertPayload,
    AlertShown,
    ChannelShown,
    MonitorStatusPayload,
    StatePayload,
    iso,
)
from monitor.wire.payloads import published_ms
from monitor.wire.topics import MONITOR, NOBODY

REFRESH_S: Final = 0.5
HEARTBEAT_S_MAX: Final = 6.0
"""The monitor says every 2 s that it lives; without three of these the numbers are old."""

RETAINED_WITHIN_S: Final = 1.0
"""What stands at the broker comes at once; so long is waited for it where nobody follows."""

_AGE: Final = re.compile(r"\d+ (?:s|min|h)\b")
_STATE: Final = msgspec.json.Decoder(StatePayload)
_ALERT: Final = msgspec.json.Decoder(AlertPayload)
_ADVICE: Final = msgspec.json.Decoder(AdvicePayload)
_STATUS: Final = msgspec.json.Decoder(MonitorStatusPayload)


UNREADABLE: Final = (
    msgspec.MsgspecError,
    UnicodeDecodeError,
    OverflowError,
    RecursionError,
)
"""What reading a publication may end with: no JSON of its shape, or a number beyond any measure."""


def time_ms(text: str) -> int:
    """Return a published stamp as milliseconds since the Unix epoch."""
    return published_ms(text)


def _centi(value: float | None) -> int | None:
    return None if value is None else round(value * 100)


def _channel_view(shown: ChannelShown) -> ChannelView:
    return ChannelView(
        channel=shown.ch,
        value_centi=round(shown.v * 100),
        measured_ms=time_ms(shown.t),
        stale=shown.stale,
        baseline_centi=_centi(shown.base),
        noise_centi=_centi(shown.noise),
        drift_centi=_centi(shown.drift),
        raw_centi=_centi(shown.raw),
        raw_ms=None if shown.raw_t is None else time_ms(shown.raw_t),
        doubt=shown.doubt,
    )


def _alert_view(shown: AlertShown) -> AlertView:
    return AlertView(
        id=shown.id,
        kind=shown.kind,
        cause=shown.cause,
        pattern=shown.pattern,
        grade=NOT_ASSESSABLE if shown.grade is None else shown.grade,
        priority=shown.priority,
        signal=shown.signal,
        condition=shown.state,
        label=shown.label,
        onset_ms=time_ms(shown.onset),
        acknowledged_by=shown.acked_by,
    )


def bed_view(bed: str, state: StatePayload) -> BedView:
    """Return the picture of a bed from its state topic."""
    return BedView(
        bed=bed,
        session=state.session,
        subject=state.subject,
        product=state.product,
        phase=state.phase,
        rate_centi_ml_per_h=_centi(state.rate.v) if state.rate else None,
        grade=NOT_ASSESSABLE if state.grade is None else state.grade,
        pattern=state.pattern,
        baseline=state.baseline,
        remarks=state.remarks,
        channels=tuple(_channel_view(one) for one in state.channels),
        alerts=tuple(_alert_view(one) for one in state.alerts),
        steps=state.steps,
    )


class Watch:
    """What a screen knows: the beds, and whether anybody watches them."""

    def __init__(self, unit: str, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.unit = unit
        self.beds: dict[str, BedView] = {}
        self.status: MonitorStatusPayload | None = None
        self.unreadable = 0
        self._seconds = seconds
        self._heard_s = seconds()
        self._status_ms = 0

    def take(self, heard: Heard) -> None:
        """Take one publication."""
        try:
            if heard.kind == f"{MONITOR}/status":
                status = _STATUS.decode(heard.payload)
                if is_of_the_past(status, self.status) and self.silent_s() < HEARTBEAT_S_MAX:
                    return
                self.status = status
                self._status_ms = time_ms(self.status.t)
                self._heard_s = self._seconds()
            elif heard.kind.endswith("/state"):
                if heard.payload:
                    self.beds[heard.bed] = bed_view(heard.bed, _STATE.decode(heard.payload))
                else:
                    self.beds.pop(heard.bed, None)
        except UNREADABLE:
            self.unreadable += 1

    def ward(self) -> WardView:
        """Return the picture of the unit at the monitor's time."""
        since_ms = int((self._seconds() - self._heard_s) * 1000) if self.status else 0
        beds = tuple(self.beds[name] for name in sorted(self.beds))
        return WardView(unit=self.unit, now_ms=self._status_ms + since_ms, beds=beds, outcomes={})

    def silent_s(self) -> float:
        """Return for how many seconds the monitor has said nothing about itself."""
        return self._seconds() - self._heard_s

    def condition(self, *, is_connected: bool) -> str:
        """Return what is wrong with this view, in words; empty if it can be believed."""
        silent_s = self.silent_s()
        if not is_connected:
            return "NO BROKER: what is shown is old"
        if self.status is None:
            return "NO MONITOR has been heard of in this unit"
        if self.status.state == "offline":
            return f"MONITOR OFFLINE ({self.status.reason or 'lost'}): nobody watches"
        if silent_s > HEARTBEAT_S_MAX:
            return f"MONITOR SILENT for {age(int(silent_s * 1000))}: what is shown is old"
        return _weakness(self.status, int(silent_s * 1000))


def is_of_the_past(status: MonitorStatusPayload, shown: MonitorStatusPayload | None) -> bool:
    """Tell whether a status, mostly a last will, is of one in whose place another one watches."""
    if shown is None or shown.state == "offline":
        return False
    return status.boot != shown.boot and status.term < shown.term


def _weakness(status: MonitorStatusPayload, since_ms: int) -> str:
    """Return what a monitor that is there says is wrong with itself, so long after it said it."""
    if status.proof_age_ms is not None and status.proof_age_ms + since_ms > status.proof_limit_ms:
        old = age(status.proof_age_ms + since_ms)
        return f"ALARM PATH UNPROVEN for {old}: alerts may not reach anybody"
    if status.store != "ok":
        return f"monitor watches, but cannot store (store {status.store})"
    return "; ".join(status.troubles)


def watch(feed: Feed, unit: str, console: Console, *, once: bool = False) -> None:
    """Show the unit until interrupted: tiles on a terminal, otherwise lines when they change."""
    view = Watch(unit)
    if once:
        for heard in settled(feed):
            view.take(heard)
        console.print(
            _shown(view, feed, console), highlight=False, soft_wrap=not console.is_terminal
        )
        return
    if not console.is_terminal:
        _print_changes(feed, view, console)
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            for heard in feed.receive(REFRESH_S):
                view.take(heard)
            live.update(
                wall(view.ward(), condition=view.condition(is_connected=feed.is_connected)),
                refresh=True,
            )


def _shown(view: Watch, feed: Feed, console: Console) -> object:
    condition = view.condition(is_connected=feed.is_connected)
    if console.is_terminal:
        return wall(view.ward(), condition=condition)
    return "\n".join([f"! {condition}"] * bool(condition) + ward_lines(view.ward()))


def _print_changes(feed: Feed, view: Watch, console: Console) -> None:
    shown: dict[str, BedView] = {}
    condition = ""
    while True:
        for heard in feed.receive(REFRESH_S):
            view.take(heard)
        ward = view.ward()
        changed = tuple(bed for bed in ward.beds if shown.get(bed.bed) != bed)
        shown.update({bed.bed: bed for bed in changed})
        for line in ward_lines(msgspec.structs.replace(ward, beds=changed)):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        news = view.condition(is_connected=feed.is_connected)
        if without_age(news) != condition:
            line = condition_line(news, as_json=False)
            console.print(line, markup=False, soft_wrap=True)
            condition = without_age(news)


def settled(feed: Feed) -> Iterator[Heard]:
    """Yield what stands at the broker now."""
    deadline_s = time.monotonic() + RETAINED_WITHIN_S
    while (left_s := deadline_s - time.monotonic()) > 0:
        yield from feed.receive(left_s)


def alert_line(bed: str, alert: AlertPayload) -> str:
    """Return one change of an episode as a line."""
    grade = "not assessable" if alert.grade is None else f"grade {alert.grade}"
    acked = f" acknowledged by {alert.acked.by}" if alert.acked else ""
    place = "monitor" if bed == NOBODY else f"bed {bed}"
    return printable(
        f"{alert.t} {place} {MARKS[alert.priority]} {alert.priority.upper()} {alert.phase}"
        f" {alert.pattern or alert.cause} {grade}: {alert.label} ({alert.id} rev {alert.rev}"
        f" {alert.state} {alert.signal}{acked})"
    )


def advice_line(bed: str, advice: AdvicePayload) -> str:
    """Return the steps that apply at a bed as a line."""
    steps = "; ".join(
        f"{number} {step.words}{f' [{step.dose}]' if step.dose else ''} ({step.state})"
        for number, step in enumerate(advice.steps, start=1)
    )
    return printable(
        f"{advice.t} bed {bed} -> {steps or 'no steps'} ({advice.id} rev {advice.rev})"
    )


def tail_line(heard: Heard, *, as_json: bool) -> str | None:
    """Return the line of one publication, None for one that says nothing to people."""
    if not heard.payload or heard.kind == f"{MONITOR}/status":
        return None
    try:
        if as_json:
            body = msgspec.json.decode(heard.payload)
            message = heard.kind.split("/")[1]
            return msgspec.json.encode({"message": message, "bed": heard.bed, **body}).decode()
        if heard.kind.startswith("_/alert/"):
            return alert_line(heard.bed, _ALERT.decode(heard.payload))
        return advice_line(heard.bed, _ADVICE.decode(heard.payload))
    except (*UNREADABLE, TypeError) as fault:
        return None if as_json else printable(f"bed {heard.bed} {heard.kind}: unreadable ({fault})")


def dialect_line(heard: Heard, dialect: str) -> str | None:
    """Return an alert in the words of others as a JSON line; None for what is no alert."""
    if not heard.payload or not heard.kind.startswith("_/alert/"):
        return None
    try:
        alert = published_alert(heard.bed, _ALERT.decode(heard.payload))
    except UNREADABLE:
        return None
    said = DIALECTS[dialect](alert)
    names = {"dialect": dialect, "bed": heard.bed, "id": alert.id, "rev": alert.revision}
    return msgspec.json.encode({**names, "t": iso(alert.at_ms), "alert": said}).decode()


def without_age(condition: str) -> str:
    """Return a condition without its lengths of time: that it grows older is no news."""
    return _AGE.sub("", condition)


def condition_line(condition: str, *, as_json: bool) -> str:
    """Return what is wrong with a view as a line; empty words say that it can be believed."""
    if as_json:
        return msgspec.json.encode({"message": "condition", "words": condition}).decode()
    return printable(f"! {condition or 'monitor watches'}")


def tail(
    feed: Feed, out: TextIO, *, as_json: bool, follow: bool, dialect: str | None = None
) -> None:
    """Write alerts and advice as lines: those that stand, and with ``follow`` all that come.

    In a dialect of others there are only alerts, one JSON object a line. What is wrong with the
    view itself is a line whenever it changes.
    """
    view, condition = Watch(""), ""
    as_json = as_json or dialect is not None
    while True:
        news = feed.receive(REFRESH_S) if follow else settled(feed)
        for heard in news:
            view.take(heard)
            if dialect is None:
                line = tail_line(heard, as_json=as_json)
            else:
                line = dialect_line(heard, dialect)
            if line is not None:
                out.write(f"{line}\n")
                out.flush()
        said = view.condition(is_connected=feed.is_connected)
        if without_age(said) != condition:
            condition = without_age(said)
            out.write(f"{condition_line(said, as_json=as_json)}\n")
            out.flush()
        if not follow:
            return
