"""The board: the newest picture of a unit, and what changed with each publication.

Sans I/O: it is given what was heard and the time, and returns what screens are to be told. It
keeps the bytes of the monitor as they came, so that a screen reads exactly what was published.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

import msgspec

from monitor.adapters.feed import REJECT, Heard
from monitor.adapters.viewing import UNREADABLE, Watch, time_ms
from monitor.station.news import News, Row, numbers_news
from monitor.station.standing import Configurations, is_standing, limits_changed
from monitor.wire.announcements import alert_topic, is_over
from monitor.wire.answers import AnswerPayload
from monitor.wire.outbound import (
    AdvicePayload,
    AlertPayload,
    CallPayload,
    ChannelShown,
    StatePayload,
)
from monitor.wire.topics import MONITOR

KINDS: Final = ("state", "alert/+", "advice", "call", "answer", REJECT)
"""What a station listens to, besides the status of the monitor."""

SETTLED_AFTER_S: Final = 3.0
"""So long after a new connection showed a monitor, what was not told again is taken away."""

WHOLE_EVERY_S: Final = 10.0
"""What changes with every reading and is no number of a tile (volume, why nothing fires, when a
device was heard) is told with the whole bed, and at most so often."""

WITHDRAWN: Final = "the monitor no longer tells this alert"

Key: TypeAlias = tuple[str, str]

_STATE: Final = msgspec.json.Decoder(StatePayload)
_ALERT: Final = msgspec.json.Decoder(AlertPayload)
_ADVICE: Final = msgspec.json.Decoder(AdvicePayload)
_CALL: Final = msgspec.json.Decoder(CallPayload)
_ANSWER: Final = msgspec.json.Decoder(AnswerPayload)
_ENCODER: Final = msgspec.json.Encoder()


class StandingState(NamedTuple):
    """The state of a bed as it was published last."""

    payload: StatePayload
    raw: bytes


class StandingAlert(NamedTuple):
    """An open episode; ``worse_rev`` is the newest revision in which it was seen to get worse."""

    bed: str
    payload: AlertPayload
    raw: bytes
    worse_rev: int


def as_line(raw: bytes) -> bytes:
    """Return a published object as one line of text, as screens are told it.

    Raises
    ------
    MsgspecError, UnicodeDecodeError
        If it has to be written anew and is no JSON, or is no text.
    """
    raw.decode()
    if not raw or (raw.startswith(b"{") and b"\n" not in raw and b"\r" not in raw):
        return raw
    return _ENCODER.encode(msgspec.json.decode(raw))


def with_bed(bed: str, raw: bytes) -> bytes:
    """Return a published object with its bed in front."""
    return b'{"bed":' + _ENCODER.encode(bed) + b"," + raw[1:]


def row_of(channel: ChannelShown) -> Row:
    """Return the compact row of a channel: value, time, stale (0 or 1), baseline."""
    return channel.v, time_ms(channel.t), int(channel.stale), channel.base


def without_numbers(state: StatePayload) -> StatePayload:
    """Return a state without what the compact rows carry, and without its own time."""
    return msgspec.structs.replace(
        state,
        t="",
        volume=None,
        why_not=None,
        devices=tuple(msgspec.structs.replace(one, heard=None) for one in state.devices),
        channels=tuple(
            msgspec.structs.replace(one, v=0, t="", stale=False, base=None, noise=None, drift=None)
            for one in state.channels
        ),
    )


def lesser(state: StatePayload) -> tuple[object, ...]:
    """Return the fields of a state that may be told late."""
    spread = tuple((one.noise, one.drift) for one in state.channels)
    return state.volume, state.why_not, state.devices, spread


@dataclass(slots=True)
class UnitClock:
    """The time of the unit: that of its monitor where one speaks, else that of this machine.

    Ages are differences of two stamps of the monitor, so its clock is the one that counts; in a
    simulation it runs faster than time.
    """

    wall_ms: Callable[[], int]
    seconds: Callable[[], float]
    heard_ms: int = 0
    heard_s: float = 0.0

    def hear(self, at_ms: int) -> None:
        """Take a time that the monitor has just said."""
        if at_ms > self.now_ms() or not self.heard_ms:
            self.set(at_ms)

    def set(self, at_ms: int) -> None:
        """Go on from a time of the monitor, also from an earlier one."""
        self.heard_ms, self.heard_s = at_ms, self.seconds()

    def now_ms(self) -> int:
        """Return the time in milliseconds since the Unix epoch."""
        if not self.heard_ms:
            return self.wall_ms()
        return self.heard_ms + int((self.seconds() - self.heard_s) * 1000)


@dataclass(slots=True)
class Board:
    """What stands in one unit."""

    unit: str
    clock: UnitClock
    states: dict[str, StandingState] = field(default_factory=dict)
    alerts: dict[str, StandingAlert] = field(default_factory=dict)
    advice: dict[str, bytes] = field(default_factory=dict)
    empty: dict[str, StandingState] = field(default_factory=dict)
    """Beds at which nothing stands: nobody is shown a tile of these."""
    configurations: Configurations = field(default_factory=Configurations)
    watch: Watch = field(init=False)
    is_connected: bool = False
    unreadable: int = 0
    condition: str = ""
    _whole_s: dict[str, float] = field(default_factory=dict)
    _outdated: set[str] = field(default_factory=set)
    _connection: int = 0
    _unconfirmed: set[Key] = field(default_factory=set)
    _confirmed_s: float | None = None

    def __post_init__(self) -> None:
        """Listen for the status of the monitor from now on."""
        self.watch = Watch(self.unit, seconds=self.clock.seconds)

    def take(self, heard: Heard) -> list[News]:
        """Return what screens are to be told about one publication."""
        kind = heard.kind.partition("/")[2].partition("/")[0]
        try:
            heard = heard._replace(payload=as_line(heard.payload))
            if heard.kind == f"{MONITOR}/status":
                return self._take_status(heard)
            if heard.kind.startswith(f"{MONITOR}/"):
                return []
            taker = _TAKERS.get(kind)
            return taker(self, heard) if taker is not None else []
        except (*UNREADABLE, ValueError):
            self.unreadable += 1
            return []

    def look(self, *, is_connected: bool, connection: int) -> list[News]:
        """Return what time alone changes: the condition, and what a lost broker has forgotten."""
        self.is_connected = is_connected
        if connection != self._connection:
            if self._connection:
                self._unconfirmed = {("state", bed) for bed in (*self.states, *self.empty)}
                self._unconfirmed |= {("alert", one) for one in self.alerts}
                self._unconfirmed |= {("advice", bed) for bed in self.advice}
            self._connection, self._confirmed_s = connection, None
        news = [*self._settled(), *self._emptied(), *self._renewed()]
        condition = self.watch.condition(is_connected=is_connected)
        if condition != self.condition:
            self.condition = condition
            news.append(self.status_news())
        return news

    def shown(self, bed: str) -> bytes:
        """Return the state of a bed as it was published, with the limits that were changed."""
        one = self.states[bed]
        changes = limits_changed(one.payload, self.configurations)
        if not changes:
            return one.raw
        return one.raw.rstrip()[:-1] + b',"limits_changed":' + _ENCODER.encode(changes) + b"}"

    def status_news(self) -> News:
        """Return what is said about the monitor itself, and in words what is wrong."""
        data = {
            "now_ms": self.clock.now_ms(),
            "status": self.watch.status,
            "condition": self.condition,
        }
        return News("status", _ENCODER.encode(data), key="status")

    def _take_status(self, heard: Heard) -> list[News]:
        self.watch.take(heard)
        status = self.watch.status
        if status is None:
            return []
        if not heard.is_retained and status.state == "online":
            self.clock.set(time_ms(status.t))
        if status.state == "online" and self._confirmed_s is None:
            self._confirmed_s = self.clock.seconds()
        self.condition = self.watch.condition(is_connected=self.is_connected)
        return [*self._judged_anew(status.config), self.status_news()]

    def _judged_anew(self, config: str) -> list[News]:
        """Return the beds whose limits another configuration has changed."""
        if not self.configurations.take(config, self.clock.now_ms()):
            return []
        for one in (*self.states.values(), *self.empty.values()):
            self.configurations.see(one.payload.session)
        return [
            self._whole(bed)
            for bed, one in self.states.items()
            if self.configurations.change(one.payload.session) is not None
        ]

    def _emptied(self) -> list[News]:
        """Return the beds at which nothing stands any more."""
        left = [
            bed
            for bed, one in self.states.items()
            if not one.payload.session and not self._stands(bed, one.payload)
        ]
        return [news for bed in left for news in self._put_away(bed, self.states[bed])]

    def _stands(self, bed: str, state: StatePayload) -> bool:
        """Return whether anything is at a bed, an open alert included."""
        is_there = is_standing(state, self.clock.now_ms())
        return is_there or any(one.bed == bed for one in self.alerts.values())

    def _put_away(self, bed: str, one: StandingState) -> list[News]:
        self.empty[bed] = one
        return self._without_tile(bed)

    def _without_tile(self, bed: str) -> list[News]:
        self._outdated.discard(bed)
        if self.states.pop(bed, None) is None:
            return []
        return [News("gone", _ENCODER.encode({"bed": bed}), key=f"bed {bed}", bed=bed)]

    def _settled(self) -> list[News]:
        """Return the withdrawal of what nobody told again on a new connection."""
        since_s = self._confirmed_s
        if not self._unconfirmed or since_s is None:
            return []
        if self.clock.seconds() - since_s < SETTLED_AFTER_S:
            return []
        gone, self._unconfirmed = self._unconfirmed, set()
        news: list[News] = []
        for kind, name in sorted(gone):
            news += self._withdrawn(kind, name)
        return news

    def _renewed(self) -> list[News]:
        """Return the beds whose lesser fields have changed and were not told for a while."""
        now_s = self.clock.seconds()
        due = [bed for bed in sorted(self._outdated) if now_s - self._whole_s[bed] >= WHOLE_EVERY_S]
        return [self._whole(bed) for bed in due]

    def _whole(self, bed: str) -> News:
        """Return the news of a whole bed."""
        self._outdated.discard(bed)
        self._whole_s[bed] = self.clock.seconds()
        raw = self.shown(bed)
        data = b'{"bed":' + _ENCODER.encode(bed) + b',"state":' + raw + b"}"
        return News("bed", data, key=f"bed {bed}", bed=bed)

    def _withdrawn(self, kind: str, name: str) -> list[News]:
        self._unconfirmed.discard((kind, name))
        if kind == "alert":
            return self._without_alert(name)
        if kind == "advice":
            return self._without_advice(name)
        self.empty.pop(name, None)
        return self._without_tile(name)

    def _take_state(self, heard: Heard) -> list[News]:
        bed = heard.bed
        if not heard.payload:
            return self._withdrawn("state", bed)
        state = _STATE.decode(heard.payload)
        if not heard.is_retained:
            self.clock.hear(time_ms(state.t))
        self._unconfirmed.discard(("state", bed))
        self.configurations.see(state.session)
        if not self._stands(bed, state):
            return self._put_away(bed, StandingState(state, heard.payload))
        self.empty.pop(bed, None)
        before = self.states.get(bed)
        self.states[bed] = StandingState(state, heard.payload)
        if before is None or without_numbers(before.payload) != without_numbers(state):
            return [self._whole(bed)]
        if lesser(before.payload) != lesser(state):
            self._outdated.add(bed)
        told = {one.ch: row_of(one) for one in before.payload.channels}
        rows = {one.ch: row for one in state.channels if (row := row_of(one)) != told[one.ch]}
        return [numbers_news(self.clock.now_ms(), {bed: rows})] if rows else []

    def _take_alert(self, heard: Heard) -> list[News]:
        if not heard.payload:
            name = heard.kind.rpartition("/")[2]
            # Marks of an id that mean something in a topic are replaced there, so both are tried.
            found = [one for one in self.alerts if _topic_name(one) == name]
            return [
                news
                for one in found
                if self.alerts[one].bed == heard.bed
                for news in self._withdrawn("alert", one)
            ]
        alert = _ALERT.decode(heard.payload)
        self._unconfirmed.discard(("alert", alert.id))
        before = self.alerts.get(alert.id)
        if before is not None and (before.bed, before.raw) == (heard.bed, heard.payload):
            return []
        worse = alert.rev if before is None and alert.phase == "start" else 0
        if before is not None:
            is_worse = alert.phase == "escalate" and alert.rev > before.worse_rev
            worse = alert.rev if is_worse else before.worse_rev
        self.alerts[alert.id] = StandingAlert(heard.bed, alert, heard.payload, worse)
        if is_over(alert.state, alert.signal):
            del self.alerts[alert.id]
            if before is None and heard.is_retained:
                return []
        told = News("alert", with_bed(heard.bed, heard.payload), bed=heard.bed)
        if alert.id in self.alerts and heard.bed in self.empty:
            self.states[heard.bed] = self.empty.pop(heard.bed)
            return [self._whole(heard.bed), told]
        return [told]

    def _without_alert(self, name: str) -> list[News]:
        standing = self.alerts.pop(name, None)
        if standing is None:
            return []
        ended = msgspec.structs.replace(
            standing.payload, phase="end", state="ended", signal="off", reason=WITHDRAWN
        )
        return [News("alert", with_bed(standing.bed, _ENCODER.encode(ended)), bed=standing.bed)]

    def _take_advice(self, heard: Heard) -> list[News]:
        bed = heard.bed
        if not heard.payload:
            return self._withdrawn("advice", bed)
        _ADVICE.decode(heard.payload)
        self._unconfirmed.discard(("advice", bed))
        if self.advice.get(bed) == heard.payload:
            return []
        self.advice[bed] = heard.payload
        return [News("advice", with_bed(bed, heard.payload), key=f"advice {bed}", bed=bed)]

    def _without_advice(self, bed: str) -> list[News]:
        raw = self.advice.pop(bed, None)
        if raw is None:
            return []
        empty = msgspec.structs.replace(_ADVICE.decode(raw), steps=(), reason="no longer advised")
        data = with_bed(bed, _ENCODER.encode(empty))
        return [News("advice", data, key=f"advice {bed}", bed=bed)]

    def _take_call(self, heard: Heard) -> list[News]:
        _CALL.decode(heard.payload)
        return [News("call", with_bed(heard.bed, heard.payload), bed=heard.bed)]

    def _take_answer(self, heard: Heard) -> list[News]:
        _ANSWER.decode(heard.payload)
        return [News("answer", with_bed(heard.bed, heard.payload), bed=heard.bed)]


def _topic_name(alert: str) -> str:
    return alert_topic("u", "b", alert).rpartition("/")[2]


_TAKERS: Final[dict[str, Callable[[Board, Heard], list[News]]]] = {
    "state": Board._take_state,  # noqa: SLF001 - the table of the class itself
    "alert": Board._take_alert,  # noqa: SLF001 - as above
    "advice": Board._take_advice,  # noqa: SLF001 - as above
    "call": Board._take_call,  # noqa: SLF001 - as above
    "answer": Board._take_answer,  # noqa: SLF001 - as above
}
