"""Scores: how near the monitor comes to what was to be expected of published cases.

Every individual case is replayed through a ward of its own, as stated, with nothing
interpolated, and what came out is laid beside what was to be expected of it: whether anybody was
called, the highest grade, the steps that were offered, and how long it took.

Two readings of "called" are kept apart. An alert of any priority is *shown*; one of medium or
high priority *calls*. Where somebody should be called, an alert that is shown is enough: a low
one also asks for a look. Where nobody should be called, a low one is no fault: it waits to be
seen. Both strict readings are reported beside it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final, TextIO

import msgspec
import numpy as np

from detectors.book_table import BookTable
from detectors.channels import CENTI, CHANNEL_NAMES, MISSING, N_CHANNELS, Int32
from monitor.adapters import cases
from monitor.adapters.cases import START_MS, Case
from monitor.adapters.chart import MINUTE_MS
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.care.ladders import LadderStep
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    AdviceChanged,
    AlertChanged,
    GradeChanged,
    Step,
)
from monitor.facts.records import RecordedStep
from monitor.replay import BAD_INPUT, CALLING, FOUND_SOMETHING, WardOf, replay
from monitor.study.peers import abnormal, tables_of
from monitor.ward.ward_settings import WardSettings
from monitor.wire.payloads import ChannelName

STEP_OF_KEY: Final[Mapping[str, str]] = {
    "flat": "supine",
    "sit-up": "sit_up",
    "epinephrine-ready": "epinephrine_ready",
    "vitals": "observe",
    "vitals-often": "observe",
    "rapid-response": "call_emergency",
    "escalate": "call_emergency",
    "expert": "call_emergency",
    "resume": "resume",
    "resume-half": "resume",
    "step-up": "resume",
}
"""Word of a rung where its kind says too little."""

STEP_OF_DRUG: Final[Mapping[str, str]] = {"corticosteroid": "steroid"}
"""Word of a drug that the cases call by another name."""

STEP_OF_KIND: Final[Mapping[str, str]] = {
    "rate": "slow",
    "measure": "recheck",
    "call": "call_clinician",
}
"""Word of a kind that the cases call by another name; the others are called as they are."""


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """A step that was offered in a case in which it would have been a fault."""

    id: str
    step: str
    words: str


class CaseScore(msgspec.Struct, frozen=True, kw_only=True):
    """One case: what came out, and what was to be expected."""

    id: str
    set: str
    attention: bool
    """An alert of any priority was shown, one that waits for its repeat included."""
    called: bool
    """An alert of medium or high priority was raised."""
    attention_expected: bool | None
    attention_right: bool | None
    """None where nothing is expected."""
    detectable_from_vitals: bool
    peak_grade: int
    """-1 if the grade was not assessable throughout."""
    min_grade: int
    max_grade: int
    grade_in_range: bool
    patterns: tuple[str, ...]
    """In the order in which alerts first named them."""
    pattern_expected: str
    """In the words of the cases, which are not ours; not compared."""
    steps: tuple[str, ...]
    """Words of the steps that were offered, in the order in which they first were."""
    steps_expected: tuple[str, ...]
    first_step_offered: bool | None
    """The most urgent step that is expected was offered; None where none is expected."""
    must_not: tuple[str, ...]
    first_alert_min: float | None
    first_abnormal_min: float | None
    delay_min: float | None
    why: tuple[str, ...]
    """What went another way than expected, in words."""


class CasesScore(msgspec.Struct, frozen=True, kw_only=True):
    """All cases of a file."""

    n_cases: int
    n_groups_skipped: int
    n_detectable: int
    attention_right_detectable: float | None
    attention_right_shown: float | None
    """As above, if an alert of any priority counted as a call in every case."""
    attention_right_called: float | None
    """As above, if only medium and high priority counted as a call in every case."""
    grade_in_range: float | None
    first_step_offered: float | None
    must_not_violations: tuple[Violation, ...]
    n_timed: int
    n_timed_missed: int
    median_delay_min: float | None
    crashes: tuple[str, ...]
    remarks: dict[str, int]
    cases: tuple[CaseScore, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """What is laid beside a case: the words of the rungs, and published limits of vitals."""

    words: Mapping[str, str]
    tables: Mapping[str, BookTable]


def yardstick(settings: WardSettings) -> Yardstick:
    """Return the yardstick that the settings of a ward make."""
    return Yardstick(words=words_of_steps(settings), tables=tables_of(settings.side_books))


def words_of_steps(settings: WardSettings) -> dict[str, str]:
    """Return the word of every rung by its key."""
    return {rung.key: step_word(rung) for ladder in settings.ladders for rung in ladder.steps}


def step_word(rung: LadderStep) -> str:
    """Return what the cases call a rung."""
    if rung.key in STEP_OF_KEY:
        return STEP_OF_KEY[rung.key]
    if rung.kind == "drug":
        return STEP_OF_DRUG.get(rung.drug, rung.drug)
    return STEP_OF_KIND.get(rung.kind, rung.kind)


@dataclass(slots=True, kw_only=True)
class _Course:
    """What came out of one case."""

    first_alert_ms: int | None = None
    called: bool = False
    peak: int = NOT_ASSESSABLE
    patterns: dict[str, None] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)

    def take(self, effect: object) -> None:
        """Note one effect."""
        match effect:
            case AlertChanged(kind="physiological"):
                if self.first_alert_ms is None:
                    self.first_alert_ms = effect.at_ms
                self.called |= effect.priority in CALLING
                if effect.pattern:
                    self.patterns[effect.pattern] = None
            case GradeChanged():
                self.peak = max(self.peak, effect.grade)
            case AdviceChanged():
                for step in effect.steps:
                    self.steps.setdefault(step.key, step)


def score_cases(
    path: Path, ward_of: WardOf, beside: Yardstick, faults: Remarks | None = None
) -> CasesScore:
    """Replay cases beside what was to be expected; ``faults`` is told what cannot be read.

    Raises
    ------
    InputFileError
        If the file cannot be read or holds no case.
    """
    remarks = Remarks()
    stated = {case.id: case for case in cases.cases(path, faults or Remarks())}
    scores: list[CaseScore] = []
    violations: list[Violation] = []
    crashes: list[str] = []
    for recording in cases.recordings(path, remarks):
        course = _course(recording, ward_of, crashes)
        score = _score(stated[recording.name], course, beside)
        scores.append(score)
        violations += [
            Violation(id=score.id, step=step.key, words=step.words)
            for step in course.steps.values()
            if beside.words[step.key] in score.must_not
        ]
    if not scores:
        raise InputFileError(path, "holds no case about one patient")
    groups = remarks.counts.pop("summaries of groups passed over", 0)
    return _summary(scores, violations, crashes, groups=groups, remarks=remarks)


def _course(recording: Recording, ward_of: WardOf, crashes: list[str]) -> _Course:
    def failed(step: RecordedStep, fault: Exception) -> None:
        what = f"{type(fault).__name__}: {fault}"
        crashes.append(f"{recording.name}: step at {step.now_ms} ms: {what}")

    course = _Course()
    for _, effects in replay(recording.steps, ward_of(recording.unit), failed=failed):
        for effect in effects:
            course.take(effect)
    return course


def _score(case: Case, course: _Course, beside: Yardstick) -> CaseScore:
    expected = case.expected
    attention = expected.get("attention")
    wanted = attention if isinstance(attention, bool) else None
    shown = course.first_alert_ms is not None
    low, high = _grade(expected.get("min_grade"), 0), _grade(expected.get("max_grade"), 4)
    steps = tuple(dict.fromkeys(beside.words[key] for key in course.steps))
    wanted_steps = _texts(expected.get("steps"))
    alert_min, abnormal_min = _minutes(course.first_alert_ms), first_abnormal_min(case, beside)
    delay_min = None
    if alert_min is not None and abnormal_min is not None:
        delay_min = round(alert_min - abnormal_min, 2)
    score = CaseScore(
        id=case.id,
        set=case.group,
        attention=shown,
        called=course.called,
        attention_expected=wanted,
        attention_right=None if wanted is None else (shown if wanted else not course.called),
        detectable_from_vitals=expected.get("detectable_from_vitals") is True,
        peak_grade=course.peak,
        min_grade=low,
        max_grade=high,
        grade_in_range=low <= course.peak <= high,
        patterns=tuple(course.patterns),
        pattern_expected=str(expected.get("pattern") or ""),
        steps=steps,
        steps_expected=wanted_steps,
        first_step_offered=wanted_steps[0] in steps if wanted_steps else None,
        must_not=tuple(word for word in _texts(expected.get("must_not")) if word in steps),
        first_alert_min=alert_min,
        first_abnormal_min=abnormal_min,
        delay_min=delay_min,
        why=(),
    )
    return msgspec.structs.replace(score, why=tuple(_why(score)))


def _why(score: CaseScore) -> Iterator[str]:
    """Yield what went another way than expected, in words."""
    if score.attention_right is False:
        if score.attention_expected:
            yield "somebody should look, and no alert was shown"
        else:
            yield "nobody should be called, and somebody was"
    if not score.grade_in_range:
        grade = "not assessable" if score.peak_grade == NOT_ASSESSABLE else f"{score.peak_grade}"
        yield f"the highest grade was {grade}, expected {score.min_grade} to {score.max_grade}"
    for word in score.must_not:
        yield f"{word} was offered, which would be a fault"


def first_abnormal_min(case: Case, beside: Yardstick) -> float | None:
    """Return the minute of the first abnormal set after the start, if its time is stated."""
    baseline = columns_of(case.baseline)
    age = MISSING if case.age_years is None else case.age_years * CENTI
    age_centi = np.array([age], np.int32)
    for point in case.points:
        values = columns_of(point.values)
        if point.at_min < 0:
            baseline = np.where(values == MISSING, baseline, values).astype(np.int32)
            continue
        copied = point.at_min == 0 and point.values.items() <= case.baseline.items()
        if not copied and abnormal(beside.tables, values, baseline, age_centi)[0]:
            return round(point.at_min, 2) if point.is_timed else None
    return None


def columns_of(values: Mapping[ChannelName, float]) -> Int32:
    """Return values as one row of columns."""
    row = np.full((1, N_CHANNELS), MISSING, np.int32)
    for name, value in values.items():
        row[0, CHANNEL_NAMES.index(name)] = round(value * CENTI)
    return row


def _minutes(at_ms: int | None) -> float | None:
    return None if at_ms is None else round((at_ms - START_MS) / MINUTE_MS, 2)


def _grade(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _summary(
    scores: Sequence[CaseScore],
    violations: Sequence[Violation],
    crashes: Sequence[str],
    *,
    groups: int,
    remarks: Remarks,
) -> CasesScore:
    judged = [
        one for one in scores if one.detectable_from_vitals and one.attention_expected is not None
    ]
    timed = [one for one in scores if one.first_abnormal_min is not None]
    delays = [one.delay_min for one in timed if one.delay_min is not None]
    steps = [one.first_step_offered for one in scores if one.first_step_offered is not None]
    return CasesScore(
        n_cases=len(scores),
        n_groups_skipped=groups,
        n_detectable=len(judged),
        attention_right_detectable=_share(one.attention_right is True for one in judged),
        attention_right_shown=_share(one.attention == one.attention_expected for one in judged),
        attention_right_called=_share(one.called == one.attention_expected for one in judged),
        grade_in_range=_share(one.grade_in_range for one in scores),
        first_step_offered=_share(steps),
        must_not_violations=tuple(violations),
        n_timed=len(timed),
        n_timed_missed=len(timed) - len(delays),
        median_delay_min=round(median(delays), 2) if delays else None,
        crashes=tuple(crashes),
        remarks=dict(sorted(remarks.counts.items())),
        cases=tuple(scores),
    )


def _share(marks: Iterable[bool]) -> float | None:
    """Return the share of marks that are true; None where there is none."""
    found = list(marks)
    return round(sum(found) / len(found), 4) if found else None


def lines(found: CasesScore) -> Iterator[str]:
    """Yield the score for people."""
    shares = (
        ("attention right, of those detectable", found.attention_right_detectable),
        ("  if every alert were a call", found.attention_right_shown),
        ("  if only medium and high were", found.attention_right_called),
        ("highest grade in range", found.grade_in_range),
        ("most urgent step offered", found.first_step_offered),
    )
    yield f"{'cases':<40}{found.n_cases}, of these detectable {found.n_detectable}"
    for words, share in shares:
        yield f"{words:<40}{'-' if share is None else f'{share:.3f}'}"
    yield f"{'steps that would be a fault':<40}{len(found.must_not_violations)}"
    yield f"{'abnormal at a stated time':<40}{found.n_timed}, no alert in {found.n_timed_missed}"
    if found.median_delay_min is not None:
        yield f"{'minutes from there to an alert, median':<40}{found.median_delay_min:g}"
    for case in found.cases:
        for words in case.why:
            yield f"- {case.id}: {words}"


def run_cases(
    path: Path,
    *,
    ward_of: WardOf,
    beside: Yardstick,
    out: TextIO,
    err: TextIO,
    as_json: bool,
    shown: Callable[[CasesScore], Iterable[str]] = lines,
) -> int:
    """Score the cases of a file, print what came out and return the exit code."""
    faults = Remarks()
    try:
        found = score_cases(path, ward_of, beside, faults)
    except InputFileError as fault:
        err.writelines(f"{line}\n" for line in (*faults.named, fault))
        return BAD_INPUT
    err.writelines(f"{line}\n" for line in faults.named)
    if as_json:
        out.write(f"{msgspec.json.encode(found, order='deterministic').decode()}\n")
    else:
        out.writelines(f"{line}\n" for line in shown(found))
    err.writelines(f"crash: {crash}\n" for crash in found.crashes)
    return FOUND_SOMETHING if found.crashes else 0
