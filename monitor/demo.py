"""The demonstration: a simulated ward, a real broker, the real monitor, and an honest judge.

Everything is what a site would run, on one machine and faster than time: bedside devices
publish through mosquitto, the live loop journals, decides and publishes, and what is shown and
judged here is what any other MQTT client would hear. In a terminal the ward is shown until
Ctrl-C; without one, alerts and steps are printed as lines until the story is told, and the exit
code says whether every planted reaction was caught and every quiet bed left alone.
"""

import contextlib
import logging
import secrets
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NoReturn

import msgspec
from rich.console import Console
from rich.live import Live

from monitor.adapters.access import Access
from monitor.adapters.broker import LocalBroker, accepts, free_port
from monitor.adapters.clock import AcceleratedClock, SteadyClock
from monitor.adapters.feed import Feed, Heard
from monitor.adapters.logbook import ROOT
from monitor.adapters.terminal import wall
from monitor.adapters.viewing import REFRESH_S, Watch, tail_line, time_ms
from monitor.adapters.watchman import SelfWatch
from monitor.live import live_monitor
from monitor.settings.settings import Settings
from monitor.station.people import Role, user_row, write_user
from monitor.station_process import station_child
from monitor.truth_file import TruthFile
from monitor.ward.ward import Ward
from monitor.ward_stories import WardStory
from monitor.wire.outbound import AlertPayload
from simulators.links import DeviceAccess
from simulators.publishing import publish
from simulators.scenario import Scenario, unjudged_beds
from simulators.verdict import Raised, Verdict, verdict

OK: Final = 0
MISSED: Final = 1
LATE_MS_MAX: Final = 30_000
"""A story whose devices spoke later than this is another story (a choice of ours)."""
JOURNAL: Final = "demo.journal"
TRUTH: Final = "demo.truth.jsonl"
"""What stays in the folder that is to be kept."""

SETTLE_S: Final = 3.0
"""After the last message so long is listened for what it leads to."""

TERMINAL_STORY_S: Final = 8 * 3600
"""In a terminal the infusions run to their end, and the ward is shown as long as it is wanted."""

LEAVE_WITHIN_S: Final = 5.0

PEOPLE: Final[dict[str, Role]] = {"nurse-1": "nurse", "charge-1": "charge"}
"""Who may act in the demonstration."""

_ALERT: Final = msgspec.json.Decoder(AlertPayload)


@dataclass(slots=True)
class Tale:
    """What was heard of the monitor while the story was told."""

    raised: list[Raised] = field(default_factory=list)
    advised: set[str] = field(default_factory=set)

    def take(self, heard: Heard, since_ms: int) -> None:
        """Remember one publication for the judge, which was not heard before a time.

        What stood at a broken connection and came in a burst is told when it comes.
        """
        if not heard.payload:
            return
        if heard.kind == "_/advice":
            self.advised.add(heard.bed)
        if not heard.kind.startswith("_/alert/"):
            return
        alert = _ALERT.decode(heard.payload)
        if alert.phase == "end":
            return
        channel = alert.cause.partition(":")[2]
        self.raised.append(
            Raised(
                bed=heard.bed,
                kind=alert.kind,
                grade=alert.grade or 0,
                pattern=alert.pattern,
                signs=(*(row.sign for row in alert.because), *([channel] if channel else [])),
                at_ms=time_ms(alert.t),
                told_ms=since_ms,
            )
        )


class Stage:
    """The broker, the monitor and the devices of one story; leaves nothing behind."""

    def __init__(
        self,
        settings: Settings,
        scenario: Scenario,
        *,
        truth: TruthFile | None = None,
        faults: Sequence[str] = (),
    ) -> None:
        self.settings = settings
        self.scenario = scenario
        self.truth = truth
        self.faults = faults
        self.unit = settings.site.unit
        self.started_ms = SteadyClock().now_ms()
        self.clock = AcceleratedClock(speed=scenario.speed, start_ms=self.started_ms)
        self.told = threading.Event()
        self.late_ms = 0
        """How late a device spoke at most, in simulated milliseconds; known when all is told."""
        self.fault: BaseException | None = None
        self._leaving = threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether the last message of the story is due."""
        return self.clock.now_ms() - self.started_ms >= self.scenario.length_s * 1000

    @contextlib.contextmanager
    def play(self, broker: LocalBroker, folder: Path) -> Iterator[Feed]:
        """Start monitor, feed and devices in this order; stop them in the other."""
        access = Access(host="127.0.0.1", port=broker.port, client_id="irm-demo")
        with live_monitor(
            Ward(self.settings.ward, unit=self.unit),
            unit=self.unit,
            access=access,
            journal=folder / JOURNAL,
            clock=self.clock,
            software="demo",
            config=self.settings.digest,
            self_watch=SelfWatch(params=self.settings.site.self_check),
        ) as monitor:
            watching = threading.Thread(target=self._guarded, args=(monitor.run,), daemon=True)
            watching.start()
            feed = Feed(access, unit=self.unit, kinds=("state", "advice", "alert/+"))
            feed.connect()
            telling = threading.Thread(target=self._guarded, args=(self._tell, broker.port))
            telling.start()
            try:
                yield feed
            finally:
                self._leaving.set()
                telling.join(LEAVE_WITHIN_S)
                feed.close()
                monitor.stop()
                watching.join(LEAVE_WITHIN_S)

    def _tell(self, port: int) -> None:
        published = publish(
            self.scenario,
            access=DeviceAccess(port=port),
            unit=self.unit,
            clock=self.clock.now_ms,
            stop=self._leaving,
            speed=self.scenario.speed,
            faults=self.faults,
            truths=self.truth.write if self.truth is not None else None,
        )
        self.late_ms = published.late_ms
        self.told.set()

    def _guarded(self, work: Callable[..., object], *arguments: object) -> None:
        """Keep what ends a thread before its time, so that the demo can say it."""
        try:
            work(*arguments)
        except BaseException as fault:  # noqa: BLE001  # it is raised again where people see it
            self.fault = fault


def run(
    *,
    settings: Settings,
    config: Path,
    story: WardStory,
    speed: float | None,
    http: tuple[str, int],
    keep: Path | None = None,
) -> int:
    """Tell a story, at its own speed or another, and return the exit code: 0 if it went well.

    Where ``keep`` is given, the journal of the monitor and the truth about the ward stay there.
    """
    console = Console()
    ward = replace(story.scenario, speed=speed or story.scenario.speed)
    if console.is_terminal:
        ward = replace(ward, length_s=max(ward.length_s, TERMINAL_STORY_S))
    logging.getLogger(ROOT).addHandler(logging.NullHandler())
    with (
        tempfile.TemporaryDirectory(prefix="irm-demo-") as folder,
        _interruptible(),
        LocalBroker() as broker,
    ):
        truth = None if keep is None else TruthFile(keep / TRUTH)
        journals = keep or Path(folder)
        stage = Stage(settings, ward, truth=truth, faults=story.faults)
        with (
            stage.play(broker, journals) as feed,
            station(
                Path(folder),
                journal=journals / JOURNAL,
                config=config,
                broker=broker.port,
                http=http,
            ) as door,
        ):
            words = f"{door}; {_invitation(stage.unit, broker.port)}"
            if console.is_terminal:
                return _show(stage, feed, console, f"simulation: {story.title}; {words}")
            return _print(stage, feed, console, (*_opening(story, ward), words))


@contextlib.contextmanager
def station(
    folder: Path, *, journal: Path, config: Path, broker: int, http: tuple[str, int]
) -> Iterator[str]:
    """Serve the nursing station beside the story; give its address and how to log in.

    Where the port that is asked for is taken, another one is used.
    """
    host, port = http
    port = free_port() if accepts(port) else port
    password = secrets.token_hex(4)
    users = folder / "users.json"
    for name, role in PEOPLE.items():
        write_user(users, name, user_row(role, password))
    with station_child(
        config=config,
        http=f"{host}:{port}",
        broker=f"127.0.0.1:{broker}",
        journal=journal,
        users=users,
        audit=folder / "demo.audit",
        is_quiet=True,
    ):
        yield f"http://{host}:{port} (log in as {' or '.join(PEOPLE)}, password {password})"


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, with everything put away."""

    def leave(_number: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _opening(story: WardStory, ward: Scenario) -> Iterator[str]:
    """Yield what is told: the story, how fast, and what breaks in it."""
    yield story.title
    yield f"simulated ward of {len(ward.beds)} beds at {ward.speed:g} times"
    if story.faults:
        yield f"what breaks: {', '.join(story.faults)}"


def _invitation(unit: str, port: int) -> str:
    """Return how another client can join in."""
    return (
        f"broker on 127.0.0.1:{port}; listen with: "
        f"mosquitto_sub -p {port} -v -t 'irm/v1/{unit}/+/_/alert/+'"
    )


def _show(stage: Stage, feed: Feed, console: Console, opening: str) -> int:
    """Show the ward in a terminal until Ctrl-C."""
    view = Watch(stage.unit)
    with contextlib.suppress(KeyboardInterrupt), Live(console=console, screen=True) as live:
        while stage.fault is None:
            for heard in feed.receive(REFRESH_S):
                view.take(heard)
            condition = view.condition(is_connected=feed.is_connected)
            live.update(wall(view.ward(), condition=condition or opening))
    if stage.fault is not None:
        raise stage.fault
    return OK


def _print(stage: Stage, feed: Feed, console: Console, opening: Iterable[str]) -> int:
    """Print alerts and steps as lines until the story is told, then the verdict."""
    tale = Tale()

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    for line in opening:
        say(line)
    while stage.fault is None and not stage.told.is_set():
        _listen(stage, feed, REFRESH_S, tale, None if stage.is_over else say)
    _listen(stage, feed, SETTLE_S, tale, None)
    if stage.fault is not None:
        raise stage.fault
    found = verdict(stage.scenario, tale.raised, started_ms=stage.started_ms)
    said = (*summary(found, tale), *unjudged(stage.scenario))
    for line in (*said, *haste(stage.late_ms, stage.scenario.speed)):
        say(line)
    return OK if found.is_clean else MISSED


def _listen(
    stage: Stage, feed: Feed, within_s: float, tale: Tale, say: Callable[[str], None] | None
) -> None:
    """Remember what is heard, and say it unless the story is over and the devices leave."""
    since_ms = stage.clock.now_ms()
    for heard in feed.receive(within_s):
        tale.take(heard, since_ms)
        line = None if heard.kind == "_/state" else tail_line(heard, as_json=False)
        if line is not None and say is not None:
            say(line)


def summary(found: Verdict, tale: Tale) -> list[str]:
    """Return what was planted and caught, in lines."""
    lines = ["", "The story is told."]
    for one in found.caught:
        minutes = one.after_ms / 60_000
        grade = f", grade {one.raised.grade}" if one.raised.grade else ""
        name = one.raised.pattern or one.raised.kind
        lines.append(
            f"  caught  bed {one.planted.bed}  {one.planted.reaction}: {name}{grade}, "
            f"{minutes:.1f} min after onset"
        )
    lines += [f"  MISSED  bed {one.bed}  {one.reaction}" for one in found.missed]
    lines += [
        f"  FALSE   bed {one.bed}  {one.pattern or one.kind}, grade {one.grade}"
        for one in found.false
    ]
    planted = len(found.caught) + len(found.missed)
    lines.append(
        f"{len(found.caught)} of {planted} planted reactions caught, {len(found.false)} false "
        f"alerts of grade 2 or more, steps advised at {len(tale.advised)} beds."
    )
    return lines


def unjudged(ward: Scenario) -> list[str]:
    """Return at which beds nothing is judged, in a line; none where all are."""
    beds = unjudged_beds(ward)
    reactions = {plan.bed: plan.reaction for plan in ward.beds}
    if not beds:
        return []
    named = ", ".join(f"bed {bed} {reactions[bed]}" for bed in beds)
    return [f"Not judged, because how severe a drawn reaction is was not known before: {named}."]


def haste(late_ms: int, speed: float) -> list[str]:
    """Return that this machine was too busy for the speed, in a line; none where it was not."""
    if late_ms <= LATE_MS_MAX:
        return []
    late = f"devices spoke up to {late_ms // 1000} s of the story late"
    words = f"{late}, so this says nothing about the monitor. Try --speed {max(speed // 4, 1):g}."
    return [f"This machine was too busy for {speed:g} times: {words}"]
