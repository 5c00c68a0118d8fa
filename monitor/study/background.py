"""Background: what the monitor does on people to whom nobody says that anything happened.

Every window is a bed, opened, read and started like any other. The beds of a background are many
and their reasons are read by nobody, so there are two ways through: :func:`judged_windows` takes
all beds together through the detection core and finds from its arrays which alerts stand;
:func:`stepped_windows` sends the same through a whole ward, with every word and every effect.
They must count the same, which is a test; the first is the one that is used.

A chart has a set of vitals an hour, so in a ward the limits after which a channel counts as
silent are set aside: they raise technical alerts only, which are not counted here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from detectors.channels import CENTI, MISSING, NEVER, Bool, Flag, Int8, Int32, Int64
from detectors.detection import Detection, Round
from detectors.readings import Readings, empty_readings
from monitor.care.alerts import PRIORITY_OF_GRADE, RANK
from monitor.facts.effects import NOT_ASSESSABLE, AlertChanged, AnyEffect, GradeChanged
from monitor.facts.records import SessionReported, SessionVerb
from monitor.facts.windows import Sets, ranked
from monitor.study.deciders import DeciderCounts, Deciders
from monitor.ward.pictures import PENDING_LEAST_GRADE
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings

ORIGIN_MS: Final = 4_102_444_800_000
"""Every window begins at 2100-01-01T00:00:00Z, a day that nobody can take for a real one."""

UNIT: Final = "background"
CHART: Final = "chart"
"""The one device, of row 0, and everybody who says anything."""

CALLS_FROM: Final = RANK["medium"]
"""Rank of the lowest priority at which somebody is called."""

FOREVER_MS: Final = 2**62
RANK_OF_GRADE: Final = np.array([RANK[priority] for priority in PRIORITY_OF_GRADE], np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCounts:
    """What came out, window by window.

    Attributes
    ----------
    peak : int8 array, shape (window,)
        The highest grade in force within the window; a bed that is not assessable counts as 0.
    alerts, calls : int32 array, shape (window,)
        Physiological alerts that stood within the window, and those of them that were of medium
        or high priority within it.
    open_at_start : int
        How many of the alerts stood already when their window began.
    deciders : mapping of str to DeciderCounts
        By row: what lifted windows to a grade that calls somebody; empty where nobody asked.
    """

    peak: Int8
    alerts: Int32
    calls: Int32
    open_at_start: int
    deciders: Mapping[str, DeciderCounts] = field(default_factory=dict)


def judged_windows(
    settings: WardSettings,
    sets: Sets,
    age_years: Int32,
    *,
    by_hand: bool,
    asks_why: bool = False,
) -> WindowCounts:
    """Take all windows together through the detection core and count.

    Parameters
    ----------
    settings : WardSettings
        Of the site.
    sets : Sets
        What was read.
    age_years : int32 array, shape (window,)
        MISSING where it is not known.
    by_hand : bool
        Whether people took the readings, as on a chart, or a device did.
    asks_why : bool
        Whether the deciders are counted too.
    """
    n_windows = len(age_years)
    detection = Detection(settings.detection, n_windows)
    detection.judging[:] = detection.taking_baseline[:] = True
    known = age_years != MISSING
    detection.age_centi[known] = age_years[known] * CENTI
    standing = _Standing.fresh(n_windows)
    deciders = Deciders(detection) if asks_why else None
    for rows in ranked(sets):
        window = sets.window[rows]
        within = sets.since_ms[rows] >= 0
        starting = window[within & detection.taking_baseline[window]]
        detection.taking_baseline[starting] = False
        detection.rate_step_ms[starting] = ORIGIN_MS
        standing.begin(starting)
        if deciders is not None:
            deciders.begin(starting)
        findings = detection.take(_round(sets, rows, by_hand=by_hand))
        standing.take(detection, window[findings.changed])
        if deciders is not None:
            deciders.take(window, sets.value_centi[rows], findings.changed)
    never_begun = np.flatnonzero(detection.taking_baseline).astype(np.int32)
    standing.begin(never_begun)
    counts = standing.counts()
    if deciders is None:
        return counts
    deciders.begin(never_begun)
    return replace(counts, deciders=deciders.counts())


def _round(sets: Sets, rows: Int64, *, by_hand: bool) -> Round:
    value = sets.value_centi[rows]
    given = value != MISSING
    return Round(
        bed=sets.window[rows],
        value_centi=value,
        measured_ms=np.where(given, ORIGIN_MS + sets.since_ms[rows][:, None], NEVER),
        flags=np.where(given, int(Flag.HAND) if by_hand else 0, 0).astype(np.uint16),
    )


@dataclass(slots=True, kw_only=True)
class _Standing:
    """Which alert stands at each window now, with its rank, and what stood since it began."""

    begun: Bool
    grade: Int8
    stands: Bool
    rank: Int8
    called: Bool
    peak: Int8
    alerts: Int32
    calls: Int32
    open_at_start: int = 0

    @classmethod
    def fresh(cls, n_windows: int) -> "_Standing":
        """Return windows that have not begun, at which nothing stands."""
        marks = [np.zeros(n_windows, np.bool_) for _ in range(3)]
        grades = [np.zeros(n_windows, np.int8) for _ in range(3)]
        numbers = [np.zeros(n_windows, np.int32) for _ in range(2)]
        return cls(
            begun=marks[0],
            grade=grades[0],
            stands=marks[1],
            rank=grades[1],
            called=marks[2],
            peak=grades[2],
            alerts=numbers[0],
            calls=numbers[1],
        )

    def begin(self, window: Int32) -> None:
        """Begin some windows: what stands now, stands within them."""
        self.begun[window] = True
        self.peak[window] = self.grade[window]
        self.called[window] = self.stands[window] & (self.rank[window] >= CALLS_FROM)
        self.alerts[window] = self.stands[window]
        self.calls[window] = self.called[window]
        self.open_at_start += int(self.stands[window].sum())

    def take(self, detection: Detection, window: Int32) -> None:
        """Note what is true about some windows now, as a ward would tell it."""
        grade = detection.grade_of(window)
        held = detection.signs_of(window)
        shown = detection.shown[window]
        unsure = (shown > held) & (shown >= PENDING_LEAST_GRADE)
        waiting = np.where(unsure, shown, 0).max(axis=1, initial=0)
        rank = np.select(
            [waiting > PENDING_LEAST_GRADE, waiting > 0], [RANK["medium"], RANK["low"]], 0
        )
        rank = np.maximum(rank, RANK_OF_GRADE[grade]).astype(np.int8)
        stands = (held > 0).any(axis=1) | unsure.any(axis=1)
        begun = self.begun[window]
        fresh = begun & stands & ~self.stands[window]
        called = self.called[window] & ~fresh
        calls = begun & stands & (rank >= CALLS_FROM)
        self.peak[window] = np.where(begun, np.maximum(self.peak[window], grade), 0)
        self.alerts[window] += fresh
        self.calls[window] += calls & ~called
        self.called[window] = called | calls
        self.grade[window], self.rank[window], self.stands[window] = grade, rank, stands

    def counts(self) -> WindowCounts:
        """Return the counts."""
        return WindowCounts(
            peak=self.peak,
            alerts=self.alerts,
            calls=self.calls,
            open_at_start=self.open_at_start,
        )


def stepped_windows(
    settings: WardSettings, sets: Sets, age_years: Int32, *, by_hand: bool, step_ms: int
) -> WindowCounts:
    """Send all windows through one ward and count what it tells; slow, and the yardstick.

    ``step_ms`` is how much time a step takes in; the other parameters are those of
    :func:`judged_windows`.
    """
    ward = Ward(without_silence(settings), unit=UNIT)
    ward.state.roster.device(CHART)
    told = _Told(peak=np.full(len(age_years), NOT_ASSESSABLE, np.int8))
    first_ms = ORIGIN_MS + min(0, int(sets.since_ms.min(initial=0)))
    told.take(ward.step(first_ms, empty_readings(), sessions("open", first_ms, age_years)))
    steps = list(steps_of(sets, by_hand=by_hand, step_ms=step_ms))
    for now_ms, readings in steps:
        if now_ms < ORIGIN_MS:
            told.take(ward.step(now_ms, readings, ()))
    told.take(ward.step(ORIGIN_MS, empty_readings(), sessions("start", ORIGIN_MS, age_years)))
    told.begin()
    for now_ms, readings in steps:
        if now_ms >= ORIGIN_MS:
            told.take(ward.step(now_ms, readings, ()))
    return told.counts()


@dataclass(slots=True, kw_only=True)
class _Told:
    """What a ward has told: the peak of each window, and the rank of each alert by its name."""

    peak: Int8
    grade: dict[int, int] = field(default_factory=dict)
    standing: dict[str, tuple[int, int]] = field(default_factory=dict)
    within: dict[str, tuple[int, int]] = field(default_factory=dict)
    open_at_start: int = 0

    def begin(self) -> None:
        """Begin the windows: what stands now, stands within them."""
        self.peak[:] = 0
        for window, grade in self.grade.items():
            self.peak[window] = max(0, grade)
        self.within = dict(self.standing)
        self.open_at_start = len(self.within)

    def take(self, effects: tuple[AnyEffect, ...]) -> None:
        """Note the effects of one step."""
        for effect in effects:
            if isinstance(effect, GradeChanged):
                window = int(effect.bed)
                self.grade[window] = effect.grade
                self.peak[window] = max(self.peak[window], effect.grade)
            elif isinstance(effect, AlertChanged) and effect.kind == "physiological":
                self._take_alert(effect)

    def _take_alert(self, alert: AlertChanged) -> None:
        if alert.condition == "ended":
            self.standing.pop(alert.id, None)
            return
        rank, window = RANK[alert.priority], int(alert.bed)
        highest, _ = self.within.get(alert.id, (rank, window))
        self.standing[alert.id] = rank, window
        self.within[alert.id] = max(rank, highest), window

    def counts(self) -> WindowCounts:
        """Return the counts."""
        alerts, calls = (np.zeros(len(self.peak), np.int32) for _ in range(2))
        for rank, window in self.within.values():
            alerts[window] += 1
            calls[window] += rank >= CALLS_FROM
        return WindowCounts(
            peak=self.peak, alerts=alerts, calls=calls, open_at_start=self.open_at_start
        )


def without_silence(settings: WardSettings) -> WardSettings:
    """Return the settings with no limit to how long a channel may be silent."""
    forever_ms = np.full_like(settings.silence.stale_ms, FOREVER_MS)
    silence = replace(settings.silence, stale_ms=forever_ms, charted_stale_ms=forever_ms)
    return replace(settings, silence=silence)


def sessions(event: SessionVerb, at_ms: int, age_years: Int32) -> tuple[SessionReported, ...]:
    """Return what people say about the session of every window at once."""
    return tuple(
        SessionReported(
            position=window,
            received_ms=at_ms,
            unit=UNIT,
            bed=str(window),
            device=CHART,
            measured_ms=at_ms,
            id=f"W{window}",
            by=CHART,
            event=event,
            subject=f"PX-W{window}",
            product="other",
            dose_centi_g=None,
            weight_centi_kg=None,
            age_years=None if age == MISSING else age,
            age_months=None,
            first_dose=None,
            premedication=(),
            beta_blocker=None,
            ace_inhibitor=None,
            devices=(),
            channels=(),
        )
        for window, age in enumerate(age_years.tolist())
    )


def steps_of(sets: Sets, *, by_hand: bool, step_ms: int) -> Iterator[tuple[int, Readings]]:
    """Yield the readings of all windows step by step, each with the time of its last reading.

    No step reaches over the beginning of the windows.
    """
    order = np.lexsort((np.arange(len(sets.window)), sets.window, sets.since_ms))
    cut_ms = sets.since_ms[order] // step_ms
    flag = int(Flag.HAND if by_hand else Flag.NONE)
    for rows in np.split(order, np.flatnonzero(np.diff(cut_ms)) + 1):
        if len(rows):
            yield ORIGIN_MS + int(sets.since_ms[rows[-1]]), _readings(sets, rows, flag)


def _readings(sets: Sets, rows: Int64, flag: int) -> Readings:
    value = sets.value_centi[rows]
    row, channel = np.nonzero(value != MISSING)
    at_ms = ORIGIN_MS + sets.since_ms[rows[row]]
    return Readings(
        bed=sets.window[rows[row]],
        device=np.zeros(len(row), np.int32),
        channel=channel.astype(np.int8),
        measured_ms=at_ms,
        received_ms=at_ms,
        value_centi=value[row, channel],
        flags=np.full(len(row), flag, np.uint16),
        position=row.astype(np.int32),
    )
