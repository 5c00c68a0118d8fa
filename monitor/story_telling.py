"""Stories of beds told live: what is sent, when, to a broker and the monitor that listens.

Told live, all stamps of a story are moved so that it begins now, and every id and boot is one of
this telling, so that a monitor that heard it before takes it as new. An act on an alert waits for
what a station would know: the id under which the monitor that listens has told an alert of that
cause.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from monitor.adapters.access import Access
from monitor.adapters.clock import AcceleratedClock, SteadyClock
from monitor.adapters.feed import Feed, Heard
from monitor.adapters.retelling import moved_payload
from monitor.adapters.teller import Teller
from monitor.facts.records import RawMessage
from monitor.scenario.checking import read_scenario
from monitor.scenario.stories import START_MS, Delivery, Scenario
from monitor.scenario.times import clock as clock_words
from monitor.story_library import StoryError, bed_files, story_file
from monitor.wire.outbound import AlertPayload
from monitor.wire.payloads import ActPayload, encode
from monitor.wire.topics import ID_LIMIT, NOBODY, is_id, topic

ALERTS: Final = "alert/+"
HEARD_WITHIN_S: Final = 3.0
"""So long an act waits for the alert that it is about: a station would not know it sooner."""

POLL_S: Final = 0.05
_ALERT: Final = msgspec.json.Decoder(AlertPayload)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story to tell: its name and what its file says."""

    name: str
    scenario: Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a story is told: to which broker and unit, at which bed ("" for its own), how fast."""

    access: Access
    unit: str
    bed: str = ""
    speed: float = 1.0


@dataclass(slots=True, kw_only=True)
class StoryTold:
    """What came of it: messages told, and acts that were not, each with the reason."""

    messages: int = 0
    is_complete: bool = False
    untold: list[str] = field(default_factory=list)


def bed_lines() -> Iterator[str]:
    """Yield every story of a bed in the library in one line: its name and its title."""
    files = bed_files()
    width = max(map(len, files), default=0)
    for name, path in files.items():
        scenario = read_scenario(path)
        why = why_not_live(scenario)
        yield f"{name:<{width}}  {scenario.title}{f' (not live: {why})' if why else ''}"


def story(named: str) -> Story:
    """Return the story of a name in the library, or of a file.

    Raises
    ------
    StoryError
        There is no such story, or it cannot be told live.
    ScenarioError
        With every fault of its file.
    """
    path = story_file(named)
    scenario = read_scenario(path)
    why = why_not_live(scenario)
    if why:
        raise StoryError(f"{named} cannot be told live: {why}; check-rules rehearses it")
    return Story(name=path.stem, scenario=scenario)


def why_not_live(scenario: Scenario) -> str:
    """Return why a story makes sense only in a rehearsal, or ""."""
    if scenario.down:
        return "the monitor is down in it, and a story cannot stop the one that listens"
    if any(one.retained for one in scenario.deliveries):
        return "the broker has kept a message of it from before, and here nobody sent one"
    return ""


def beds_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the beds of a story, in order."""
    return tuple(sorted({one.bed for one in scenario.deliveries}))


def remarks(told: Story) -> Iterator[str]:
    """Yield what whoever watches should know of a story before it is told."""
    yield f"{told.scenario.title} ({clock_words(told.scenario.ends_ms)} h)"
    if told.scenario.settings:
        held = ", ".join(f"{name} = {value}" for name, value in told.scenario.settings.items())
        yield f"in its file holds {held}; the monitor that listens has settings of its own"


def tell_story(
    told: Story, stage: Stage, stop: threading.Event, clock: AcceleratedClock | None = None
) -> StoryTold:
    """Tell a story to a broker, each message when it is due, until the end or ``stop``.

    ``clock`` is that of a monitor beside which it is told; without it one that shows the time of
    day now.

    Raises
    ------
    StoryError
        If the bed has no name that fits a topic, or the story has several beds.
    LinkError
        If the broker cannot be reached, or does not take messages.
    """
    beds = beds_of(told.scenario)
    if stage.bed and not is_id(stage.bed):
        raise StoryError(f"bed {stage.bed!r}: must be {ID_LIMIT}")
    if stage.bed and len(beds) > 1:
        raise StoryError(f"{told.name} has beds {', '.join(beds)}, so no one bed can be named")
    clock = clock or AcceleratedClock(speed=stage.speed, start_ms=SteadyClock().now_ms())
    teller = Teller(stage.access)
    feed = Feed(stage.access, unit=stage.unit, kinds=[ALERTS])
    teller.connect()
    try:
        feed.connect()
        telling = _Telling(story=told, stage=stage, clock=clock, teller=teller, feed=feed)
        return telling.run(stop)
    finally:
        feed.close()
        teller.finish(clock.now_ms())


@dataclass(slots=True, kw_only=True)
class _Telling:
    """One telling of a story: what was told, and under which ids the monitor told its alerts."""

    story: Story
    stage: Stage
    clock: AcceleratedClock
    teller: Teller
    feed: Feed
    told: StoryTold = field(default_factory=StoryTold)
    alerts: dict[tuple[str, str], str] = field(default_factory=dict)
    start_ms: int = field(init=False)

    def __post_init__(self) -> None:
        self.start_ms = self.clock.now_ms()

    def run(self, stop: threading.Event) -> StoryTold:
        """Tell everything in order of arrival."""
        scenario = self.story.scenario
        for one in sorted(scenario.deliveries, key=lambda one: (one.received_ms, one.rank)):
            if not self._waited(self.start_ms + one.received_ms, stop):
                return self.told
            self._tell(one, stop)
        self.told.is_complete = self._waited(self.start_ms + scenario.ends_ms, stop)
        return self.told

    def _waited(self, until_ms: int, stop: threading.Event) -> bool:
        """Wait for a time and hear what the monitor tells; False if somebody wants to stop."""
        while (left_ms := until_ms - self.clock.now_ms()) > 0 and not stop.is_set():
            self._hear(min(POLL_S, self.clock.seconds_for(left_ms)))
        return not stop.is_set()

    def _hear(self, within_s: float) -> None:
        for heard in self.feed.receive(within_s):
            self._note(heard)

    def _note(self, heard: Heard) -> None:
        """Keep the id of an alert by the bed and the cause that it is about.

        What stood before the story is none of its alerts.
        """
        if heard.is_retained:
            return
        try:
            alert = _ALERT.decode(heard.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        self.alerts[heard.bed, alert.cause] = alert.id

    def _tell(self, one: Delivery, stop: threading.Event) -> None:
        bed = self.stage.bed or one.bed
        payload = one.payload
        if isinstance(payload, ActPayload) and payload.alert:
            found = self._alert_of(bed, payload.alert, stop)
            if found is None:
                self.told.untold.append(
                    f"{clock_words(one.received_ms)} bed {bed}: {payload.act} was not told, "
                    f"because no monitor of {self.stage.unit} has told an alert {payload.alert}"
                )
                return
            payload = msgspec.structs.replace(payload, alert=found)
        name = f"{self.start_ms:X}"
        self.teller.tell(
            RawMessage(
                received_ms=self.start_ms + one.received_ms,
                topic=topic(self.stage.unit, bed, one.device, one.kind),
                payload=moved_payload(
                    payload if isinstance(payload, bytes) else encode(payload),
                    shift_ms=self.start_ms - START_MS,
                    boot=f"story-{name}",
                    ids=f"-{name}",
                ),
            )
        )
        self.told.messages += 1

    def _alert_of(self, bed: str, cause: str, stop: threading.Event) -> str | None:
        """Return the id of the alert of a cause at a bed, waiting a little for it to be told."""
        for _ in range(round(HEARD_WITHIN_S / POLL_S)):
            for place in (bed, NOBODY):
                if (place, cause) in self.alerts:
                    return self.alerts[place, cause]
            if stop.is_set():
                break
            self._hear(POLL_S)
        return None
