"""What a ward remembers about one bed besides its numbers."""

from dataclasses import dataclass, field

from monitor.care.alerts import Episode
from monitor.care.contradictions import Contradiction
from monitor.care.courses import Course
from monitor.care.products import Product
from monitor.care.session import Phase
from monitor.care.snoozes import Snooze
from monitor.facts.effects import AdviceChanged, Step
from monitor.facts.records import Consciousness, SessionReported, Severity
from monitor.ward.hearings import Finding, Onset
from monitor.ward.stays import Stay


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartedSymptom:
    """A symptom that is present, as last charted."""

    name: str
    severity: Severity
    onset_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """What a device at a bed names that is not there: since when, when last, and in words."""

    since: Onset
    last_ms: int
    session: str
    subject: str
    words: str


@dataclass(slots=True, kw_only=True)
class Bedside:
    """One bed: its session, what runs, what was charted, told and advised.

    ``wanted`` holds the measurements that have been asked for and not been made;
    ``misplaced`` the devices whose values were quarantined here, when last and since when;
    ``strangers`` the devices that name another person or session, and ``vouched`` what a person
    has let a device name (session and subject); ``guests`` which values of devices that belong to
    no bed look here like another unit, by device and trouble;
    ``marks`` what the last episode of each cause is named after; ``taken`` the steps of the present
    advice that people or pumps have started, done, declined or found impossible; ``course`` what
    mitigation has come to in this session; ``contradiction`` what the pump does that was recorded
    otherwise; ``snoozes`` what nobody wants to be called for; ``starts`` when each cause
    began of late, to find flapping; ``known`` the ids of all alerts of the session;
    ``consciousness`` and ``on_oxygen`` are as last charted.
    """

    name: str
    row: int
    phase: Phase = "none"
    session: str = ""
    opened: SessionReported | None = None
    product: Product | None = None
    rate_centi: int | None = None
    rate_before_centi: int | None = None
    started_ms: int | None = None
    rate_changed_ms: int | None = None
    flow_ended_ms: int | None = None
    symptoms: dict[str, ChartedSymptom] = field(default_factory=dict)
    episodes: dict[str, Episode] = field(default_factory=dict)
    advice: AdviceChanged | None = None
    advised: int = 0
    wanted: frozenset[str] = frozenset()
    baseline: str = "absent"
    grade: int | None = None
    pattern: str = ""
    offline: dict[str, Onset] = field(default_factory=dict)
    misplaced: dict[str, int] = field(default_factory=dict)
    misplaced_since: dict[str, Onset] = field(default_factory=dict)
    strangers: dict[str, Stranger] = field(default_factory=dict)
    vouched: dict[str, tuple[str, str]] = field(default_factory=dict)
    guests: dict[str, dict[str, Finding]] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    taken: dict[str, Step] = field(default_factory=dict)
    course: Course = field(default_factory=Course)
    contradiction: Contradiction | None = None
    stay: Stay = field(default_factory=Stay)
    snoozes: tuple[Snooze, ...] = ()
    starts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    consciousness: Consciousness | None = None
    on_oxygen: bool | None = None

    def new_mark(self, cause: str, stamp_ms: int) -> int:
        """Return the time that names a new episode: later than that of the last of its cause.

        An id comes from it, so two episodes of a session must never share one.
        """
        if cause in self.marks:
            stamp_ms = max(stamp_ms, self.marks[cause] + 1)
        self.marks[cause] = stamp_ms
        return stamp_ms

    def leave(self) -> None:
        """Forget what was true of somebody who is no longer watched."""
        self.symptoms, self.wanted, self.pattern = {}, frozenset(), ""
        self.misplaced, self.misplaced_since = {}, {}
        self.strangers, self.vouched, self.guests = {}, {}, {}
        self.consciousness = self.on_oxygen = None

    def begin(self, opened: SessionReported, product: Product | None) -> None:
        """Start afresh for another session; latched alerts of the last one stay to be seen."""
        kept = {cause: one for cause, one in self.episodes.items() if one.signal == "latched"}
        marks = self.marks if self.session == opened.id else {}
        fresh = Bedside(name=self.name, row=self.row, offline=self.offline, marks=marks)
        for name in Bedside.__dataclass_fields__:
            setattr(self, name, getattr(fresh, name))
        self.session, self.opened, self.product = opened.id, opened, product
        self.episodes = kept
