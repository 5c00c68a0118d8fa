"""Stand-ins: a ward that is easy to predict, a clock that is set by hand, and someone who listens.

The stand-in ward alerts while systolic pressure is below 90. Like the real one it is a pure
function of its steps, forgets duplicates, and names an episode by bed and onset, so that what is
proven of the shell with it holds for any such ward.
"""

import json
import os
import pickle
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
from broker import DEADLINE_S, eventually, publish

from detectors.channels import Channel
from monitor.adapters.access import Access
from monitor.adapters.broker import HOST, LocalBroker, found_program
from monitor.adapters.clock import SteadyClock
from monitor.adapters.journal import JournalReader
from monitor.adapters.resumption import LiveWard
from monitor.adapters.watchman import SelfWatch
from monitor.care.self_checks import SelfCheckParams
from monitor.facts.effects import AlertChanged, AnyEffect, Context, MessageRejected
from monitor.facts.records import Input, MessageRefused, RawMessage, VitalsReported
from monitor.facts.views import BedView, ChannelView, WardView
from monitor.live import LiveMonitor, live_monitor
from monitor.reconfiguring import SiteFolder
from monitor.wire.payloads import encode_vitals

LIMIT_CENTI: Final = 9_000
CONFIG: Final = "c0ffee"
UNPROVEN: Final = SelfWatch(params=SelfCheckParams())


def now_ms() -> int:
    """Return the time of day."""
    return time.time_ns() // 1_000_000


def fill(descriptor: int) -> int:
    """Fill a pipe until one more character would have to wait; return how many it took."""
    os.set_blocking(descriptor, False)
    took = 0
    try:
        while True:
            took += os.write(descriptor, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(descriptor, True)
    return took


@dataclass(slots=True)
class StandInWard:
    """One alert per bed while its systolic pressure is below 90 mmHg."""

    unit: str = "infa"
    fails: Callable[[Sequence[Input]], bool] = lambda _: False
    seen: set[tuple[str, str, str, int]] = field(default_factory=set)
    open: dict[str, AlertChanged] = field(default_factory=dict)
    newest: dict[str, tuple[int, int]] = field(default_factory=dict)
    steps: list[int] = field(default_factory=list)

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        """Take one step."""
        if self.fails(inputs):
            raise RuntimeError("a bug in the ward")
        self.steps.append(now_ms)
        effects: list[AnyEffect] = []
        for record in inputs:
            if isinstance(record, MessageRefused):
                effects.append(_rejected(record, now_ms))
            elif isinstance(record, VitalsReported):
                key = (record.bed, record.device, record.boot, record.sequence)
                if key not in self.seen:
                    self.seen.add(key)
                    effects += self._judged(record)
        return tuple(effects)

    def _judged(self, record: VitalsReported) -> list[AnyEffect]:
        effects: list[AnyEffect] = []
        for value in record.values:
            if value.channel != Channel.SBP:
                continue
            self.newest[record.bed] = (value.value_centi, value.measured_ms)
            standing = self.open.get(record.bed)
            is_low = value.value_centi < LIMIT_CENTI
            if is_low and standing is None:
                self.open[record.bed] = _alert(record.bed, value.measured_ms)
                effects.append(self.open[record.bed])
            elif not is_low and standing is not None:
                del self.open[record.bed]
                effects.append(_ended(standing, value.measured_ms))
        return effects

    def remembered(self) -> bytes:
        """Return everything that is remembered."""
        return pickle.dumps((self.seen, self.open, self.newest, self.steps))

    def recall(self, body: bytes) -> None:
        """Bring it back."""
        self.seen, self.open, self.newest, self.steps = pickle.loads(body)  # noqa: S301 - our own bytes

    def view(self, now_ms: int, only: frozenset[str] | None = None) -> WardView:
        """Return a picture of the beds that were heard."""
        return WardView(
            unit=self.unit,
            now_ms=now_ms,
            beds=tuple(
                _bed(name, *self.newest[name])
                for name in sorted(self.newest)
                if only is None or name in only
            ),
            outcomes={},
        )


def _bed(name: str, value_centi: int, measured_ms: int) -> BedView:
    return BedView(
        bed=name,
        session="S-1",
        subject="PX-1",
        product="",
        phase="infusing",
        rate_centi_ml_per_h=None,
        grade=0,
        pattern="",
        baseline="absent",
        remarks=(),
        channels=(ChannelView(channel="sbp", value_centi=value_centi, measured_ms=measured_ms),),
        alerts=(),
        steps=(),
    )


def _alert(bed: str, onset_ms: int) -> AlertChanged:
    return AlertChanged(
        at_ms=onset_ms,
        bed=bed,
        session="S-1",
        id=f"al-{bed}-{onset_ms}",
        revision=1,
        phase="start",
        condition="active",
        signal="on",
        kind="physiological",
        priority="high",
        cause="reaction",
        pattern="hypotensive",
        grade=3,
        onset_ms=onset_ms,
        raised_ms=onset_ms,
        label="SBP low",
        because=(),
        context=Context(),
        grade_path=((onset_ms, 3),),
        acknowledged_by="",
        acknowledged_ms=None,
        realert_ms=None,
        rulebook="stand-in",
    )


def _ended(alert: AlertChanged, at_ms: int) -> AlertChanged:
    return msgspec.structs.replace(
        alert, at_ms=at_ms, revision=2, phase="end", condition="ended", signal="off"
    )


def _rejected(refused: MessageRefused, now_ms: int) -> MessageRejected:
    return MessageRejected(
        at_ms=now_ms,
        bed=refused.bed,
        session="",
        device=refused.device,
        topic=refused.topic,
        reason=refused.reason,
        field=refused.field,
        value=refused.value,
        limit=refused.limit,
        sha256=refused.sha256,
        excerpt=refused.excerpt,
    )


def systolic(sequence: int, mmhg: int, measured_ms: int, boot: str | None = None) -> bytes:
    """Return a vitals message with one systolic pressure."""
    return encode_vitals(
        sequence=sequence,
        measured_ms=measured_ms,
        values_centi={Channel.SBP: mmhg * 100},
        boot=boot,
    )


@dataclass(slots=True)
class ManualClock:
    """A clock that goes where it is told, in real seconds for its timers."""

    shown_ms: int
    off_ms: int = 0
    jump_ms: int = 0

    def now_ms(self) -> int:
        """Return the time that was set."""
        return self.shown_ms

    def hold(self, at_least_ms: int) -> None:
        """Never go back before this."""
        self.shown_ms = max(self.shown_ms, at_least_ms)

    def ahead_ms(self) -> int:
        """Return how far off it was told to be."""
        return self.off_ms

    def jumped_ms(self) -> int:
        """Return how far it was told to jump, once."""
        jumped_ms, self.jump_ms = self.jump_ms, 0
        return jumped_ms

    def seconds_for(self, duration_ms: int) -> float:
        """Return the same duration."""
        return duration_ms / 1000


class Listener:
    """A ``mosquitto_sub`` in the background; remembers what it heard and what stands."""

    def __init__(self, port: int, *filters: str) -> None:
        self.heard: list[tuple[str, str]] = []
        self.standing: dict[str, str] = {}
        wanted = [part for name in filters for part in ("-t", name)]
        command = [str(found_program("mosquitto_sub")), "-h", HOST, "-p", str(port)]
        # One message a line, told apart by a character that stands in no topic.
        self._process = subprocess.Popen(
            [*command, "-q", "1", "-F", "%t\t%p", *wanted],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, _, payload = line.rstrip("\n").partition("\t")
            self.heard.append((name, payload))
            if payload:
                self.standing[name] = payload
            else:
                self.standing.pop(name, None)

    def hears(self, condition: Callable[[Self], bool], deadline_s: float = DEADLINE_S) -> bool:
        """Return whether the condition came true in time."""
        return eventually(lambda: condition(self), deadline_s=deadline_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Unit:
    """A unit of its own at the broker of the test run, with a journal."""

    def __init__(self, broker: LocalBroker, name: str, journal: Path) -> None:
        self.broker = broker
        self.name = name
        self.journal = journal
        self.client_id = f"monitor-{name}"
        self.status = f"irm/v1/{name}/_/monitor/status"
        self.alerts = f"irm/v1/{name}/+/_/alert/+"
        self._sequences: Counter[str] = Counter()

    @contextmanager
    def monitor(
        self,
        ward: LiveWard | None = None,
        *,
        config: str | SiteFolder = CONFIG,
        self_watch: SelfWatch = UNPROVEN,
    ) -> Iterator[LiveMonitor]:
        """Give a started monitor that nobody runs yet."""
        with live_monitor(
            ward or StandInWard(self.name),
            unit=self.name,
            access=Access(host=self.broker.host, port=self.broker.port, client_id=self.client_id),
            journal=self.journal,
            clock=SteadyClock(),
            software="test",
            config=config,
            self_watch=self_watch,
        ) as monitor:
            yield monitor

    @contextmanager
    def running(
        self,
        ward: LiveWard | None = None,
        *,
        self_watch: SelfWatch = UNPROVEN,
    ) -> Iterator[LiveMonitor]:
        """Give a monitor that works in a thread of its own until the block ends."""
        with self.monitor(ward, self_watch=self_watch) as monitor:
            thread = threading.Thread(target=monitor.run)
            thread.start()
            try:
                yield monitor
            finally:
                monitor.stop()
                thread.join()

    def measure(self, mmhg: int, bed: str = "17") -> None:
        """Publish one systolic pressure with the next number of the bed's device, from 0 on."""
        payload = systolic(self._sequences[bed], mmhg, now_ms()).decode()
        self._sequences[bed] += 1
        name = f"irm/v1/{self.name}/{bed}/mon-{bed}/vitals"
        publish(self.broker.port, "-t", name, "-q", "1", "-m", payload)

    def listener(self) -> Listener:
        """Listen to everything that the monitor says in this unit."""
        place = f"irm/v1/{self.name}/+"
        return Listener(
            self.broker.port, self.alerts, self.status, f"{place}/_/state", f"{place}/+/ack"
        )

    def effects(self) -> list[AnyEffect]:
        """Return the ledger."""
        with JournalReader.open(self.journal) as reader:
            return list(reader.effects())

    def messages(self) -> list[RawMessage]:
        """Return the inbox."""
        with JournalReader.open(self.journal) as reader:
            return [raw for step in reader.steps() for raw in step.messages]


def alerts_of(listener: Listener) -> dict[str, dict[str, object]]:
    """Return the alerts of beds that stand at the broker, by topic."""
    return {
        name: json.loads(payload)
        for name, payload in listener.standing.items()
        if "/_/alert/" in name and "/_/_/" not in name
    }


def own_alerts_of(listener: Listener) -> dict[object, dict[str, object]]:
    """Return the alerts of the monitor itself that stand at the broker, by cause."""
    own = [json.loads(said) for name, said in listener.standing.items() if "/_/_/alert/" in name]
    return {alert["cause"]: alert for alert in own}


def status_of(listener: Listener, unit: Unit) -> dict[str, object]:
    """Return what the monitor of a unit last said about itself."""
    told: dict[str, object] = json.loads(listener.standing.get(unit.status, "{}"))
    return told
