"""Published cases as recordings: one patient, one session, only what the report states.

One JSON object a line, with ``id``, ``set``, ``patient``, ``drug``, ``baseline``, ``timeline``
(points with ``t_min`` and the values of one moment), ``symptoms`` (free texts) and ``expected``.
Summaries of groups (``set`` is ``group``) are no patients: they are counted and passed over.

The rules of the reading; nothing is interpolated and nothing is said twice:

* The infusion starts at minute 0; the session opens 30 min before, or 15 min before the first
  point if that is earlier. It is watched for 240 min after the last point.
* Every point is one spot check by hand, in the order in which it is stated.
* ``baseline`` is given once, as one reading 10 min before the start, and left out if the timeline
  itself has readings before the start, of which it is then a summary. Three copies would make
  an established baseline out of one reading.
* A point of minute 0 is taken before the start if it repeats the baseline (then it is the same
  reading, and stands once), and after the start otherwise.
* A point without a time comes 15 min after the point before it, and is counted as such.
* Symptoms are charted by the keys of :data:`KEYWORDS`, at the time that their text states, else
  with the first point whose note names them, else with the first point after the start that does
  not repeat the baseline. ``later`` puts them to the last point. A text without a keyword is
  counted and named, and so is one about another infusion.
* A symptom is as severe as its text says, and moderate where it says nothing. What is only a
  complaint or a feeling ("complaint", "feels", "tickly") is mild: nobody saw it.
* Shaking and trembling are charted as chills: what was seen is the muscles, as in a rigor.
* A symptom that its text calls over ("briefly", "15 s", "near ...") is history for whoever takes
  the readings. Its end is charted: :data:`OVER_AFTER_MIN` after the time that its text states, or
  else, because it lies before the first reading, nothing but that it is over.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeGuard, cast

from monitor.adapters.chart import MINUTE_MS, Chart
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.adapters.rows import no_text
from monitor.facts.records import Severity
from monitor.wire.payloads import ChannelName

START_MS: Final = 4_102_444_800_000
"""Minute 0 of every case: 2100-01-01T00:00:00Z, a day that nobody can take for a real one."""

OPENED_BEFORE_MIN: Final = 30
OPENED_BEFORE_FIRST_MIN: Final = 15
BASELINE_BEFORE_MIN: Final = 10
UNTIMED_AFTER_MIN: Final = 15
WATCHED_AFTER_MIN: Final = 240
OVER_AFTER_MIN: Final = 1
POINT_MIN_MAX: Final = 7 * 24 * 60
"""A point further than a week from the start is a slip, not a point."""

_NUMBER_MAX: Final = 1e12
"""Larger numbers are slips; they would also not fit a time."""

UNIT: Final = "cases"
CHANNELS: Final[dict[str, ChannelName]] = {
    "HR": "hr",
    "SBP": "sbp",
    "DBP": "dbp",
    "Temp_C": "temp",
    "SpO2": "spo2",
    "RR": "rr",
}
PRODUCTS: Final = {"rituximab": "rituximab"}
"""Product by a word of ``drug``; everything else is ``other``."""

KEYWORDS: Final = (
    (r"bronchospasm|wheez", "wheeze"),
    (r"stridor", "stridor"),
    (r"oedema", "angioedema"),
    (r"dysphagia|throat tight", "throat-tightness"),
    (r"itch|tickl", "itch"),
    (r"hives|urticaria|rash", "hives"),
    (r"flush", "flushing"),
    (r"dyspnoea|difficulty breathing|short of breath", "dyspnoea"),
    (r"cyano", "cyanosis"),
    (r"chills|shak[iey]|trembl", "chills"),
    (r"rigor|shiver", "rigors"),
    (r"headache", "headache"),
    (r"nausea", "nausea"),
    (r"vomit", "vomiting"),
    (r"chest (tightness|pain)", "chest-pain"),
    (r"back pain", "back-pain"),
    (r"dizz|lightheaded|near syncope", "dizziness"),
    (r"sweat|diaphor|clammy", "sweating"),
    (r"(?<!near )syncope|\bloc\b|los[st]s? (of )?consciousness|unresponsive", "syncope"),
    (r"confus|altered consciousness", "confusion"),
)
"""Key of a symptom by a pattern in its text; a text may hold several."""

GRADE_MAX: Final = 4
_GRADES: Final = ("min_grade", "max_grade")
_ANSWERS: Final = ("reaction", "attention", "detectable_from_vitals")
_LISTS: Final = ("steps", "must_not")
"""Fields of ``expected`` that a score reads, by what they may hold."""

_SEVERITIES: Final[tuple[tuple[str, Severity], ...]] = (
    (r"\b(severe|severely)\b", "severe"),
    (r"\b(mild|mildly|slight|slightly|light|complain\w*|feels?|feeling|tickl\w*)\b", "mild"),
)
_STATED: Final = re.compile(r"\b(?:at|from) (?P<number>\d+(?:\.\d+)?) ?(?P<unit>min|h)\b")
_OVER: Final = re.compile(r"\b(brief|briefly|transient|transiently|near|\d+ ?s(ec\w*)?)\b")
"""Words of a symptom that was over when they were written; seconds are a duration."""

_ELSEWHERE: Final = re.compile(r"\brechallenge\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One stated moment, with the values and the note that belong to it."""

    at_min: float
    values: Mapping[ChannelName, float]
    note: str = ""
    is_timed: bool = True
    """The report states when it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a published case states, and what was to be expected of it."""

    id: str
    group: str
    subject: str
    product: str
    age_years: int | None
    baseline: Mapping[ChannelName, float]
    points: tuple[Point, ...]
    symptoms: tuple[str, ...]
    expected: Mapping[str, object]


def recordings(path: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield one recording for every case that is about one patient.

    Raises
    ------
    InputFileError
        If the file cannot be read; a bad line is named and the rest goes on.
    """
    for number, case in enumerate(cases(path, remarks), start=1):
        chart = _chart(f"case-{number:02}", case, remarks)
        yield Recording(name=case.id, unit=UNIT, steps=tuple(chart.steps()), group=case.group)


def cases(path: Path, remarks: Remarks) -> Iterator[Case]:
    """Yield the cases of a file that are about one patient."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as fault:
        raise no_text(path, fault) from fault
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault
    taken = 0
    for number, line in enumerate(lines, start=1):
        place = f"{path}:{number}"
        try:
            row = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError) as fault:
            remarks.add("lines left out", f"{place}: is not JSON: {fault}; line left out")
            continue
        if row is None:
            continue
        if not isinstance(row, dict) or not isinstance(row.get("timeline"), list):
            remarks.add("lines left out", f"{place}: timeline: is no list; line left out")
        elif row.get("set") == "group":
            remarks.count("summaries of groups passed over")
        else:
            taken += 1
            yield _case(row, taken, place, remarks)


def _case(row: Mapping[str, object], number: int, place: str, remarks: Remarks) -> Case:
    patient, baseline = _object(row, "patient"), _object(row, "baseline")
    age = patient.get("age_y")
    drug = str(row.get("drug", "")).lower()
    texts = row.get("symptoms")
    return Case(
        id=str(row.get("id", place)),
        group=str(row.get("set", "")),
        subject=f"PX-C{number:04}",
        product=next((key for word, key in PRODUCTS.items() if word in drug), "other"),
        age_years=int(age) if _is_number(age) and 0 <= age < 150 else None,  # noqa: PLR2004 - as the wire
        baseline=_values(baseline, f"{place}: baseline", remarks),
        points=_points(cast("Sequence[object]", row["timeline"]), place, remarks),
        symptoms=tuple(str(text) for text in texts) if isinstance(texts, list) else (),
        expected=_expected(_object(row, "expected"), f"{place}: expected", remarks),
    )


def _expected(stated: Mapping[str, object], place: str, remarks: Remarks) -> Mapping[str, object]:
    """Return what was to be expected without what cannot be; the rest of the case goes on."""
    kept: dict[str, object] = {}
    for name, value in stated.items():
        fault = "" if value is None else _expected_fault(name, value)
        if fault:
            remarks.add("values left out", f"{place}: {name}: {value!r} is {fault}; left out")
        else:
            kept[name] = value
    return kept


def _expected_fault(name: str, value: object) -> str:
    if name in _GRADES and (type(value) is not int or not 0 <= value <= GRADE_MAX):
        return f"no grade from 0 to {GRADE_MAX}"
    if name in _ANSWERS and not isinstance(value, bool):
        return "neither true nor false"
    if name in _LISTS and not isinstance(value, list):
        return "no list"
    return ""


def _object(row: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def _is_number(value: object) -> TypeGuard[float]:
    """Tell whether a value is a finite number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _NUMBER_MAX and math.isfinite(value)


def _values(
    stated: Mapping[str, object], place: str, remarks: Remarks
) -> Mapping[ChannelName, float]:
    values: dict[ChannelName, float] = {}
    for name, channel in CHANNELS.items():
        value = stated.get(name)
        if _is_number(value):
            values[channel] = value
        elif value is not None:
            remarks.add("values left out", f"{place}: {name}: {value!r} is no number; left out")
    return values


def _points(timeline: Sequence[object], place: str, remarks: Remarks) -> tuple[Point, ...]:
    """Return the points in order of time; those of one time keep their order."""
    points: list[Point] = []
    before_min = 0.0
    for index, stated in enumerate(timeline):
        here = f"{place}: timeline[{index}]"
        if not isinstance(stated, dict):
            remarks.add("points left out", f"{here}: is no object; left out")
            continue
        at_min = stated.get("t_min")
        is_timed = at_min is not None
        if at_min is None:
            at_min = before_min + UNTIMED_AFTER_MIN
            remarks.count("points without a time, put 15 min after the one before")
        elif not _is_number(at_min) or abs(at_min) > POINT_MIN_MAX:
            remarks.add("points left out", f"{here}: t_min: {at_min!r} is no time; left out")
            continue
        before_min = at_min
        note = str(stated.get("note") or "")
        values = _values(stated, here, remarks)
        points.append(Point(at_min=at_min, values=values, note=note, is_timed=is_timed))
    return tuple(sorted(points, key=lambda point: point.at_min))


def _chart(bed: str, case: Case, remarks: Remarks) -> Chart:
    session = re.sub(r"[^A-Za-z0-9-]", "-", case.id)[:32] or bed
    chart = Chart(unit=UNIT, bed=bed, session=session)
    first_min = min((point.at_min for point in case.points), default=0)
    last_min = max((point.at_min for point in case.points), default=0)
    opened_min = min(-OPENED_BEFORE_MIN, first_min - OPENED_BEFORE_FIRST_MIN)
    chart.open(
        at_ms(opened_min), subject=case.subject, product=case.product, age_years=case.age_years
    )
    before, after = _around_start(case)
    if case.baseline and not any(point.values for point in before):
        chart.vitals(at_ms(-BASELINE_BEFORE_MIN), case.baseline)
    for point in before:
        chart.vitals(at_ms(point.at_min), point.values)
    chart.turn(at_ms(0), "start")
    for text in case.symptoms:
        _chart_symptom(chart, text, case, after, remarks)
    for point in after:
        chart.vitals(at_ms(point.at_min), point.values)
    chart.turn(at_ms(max(last_min, 0) + WATCHED_AFTER_MIN), "close")
    return chart


def _around_start(case: Case) -> tuple[list[Point], list[Point]]:
    """Return the points before the start and those after it, without a copy of the baseline."""
    before = [point for point in case.points if point.at_min < 0]
    after = [point for point in case.points if point.at_min >= 0]
    copies = [point for point in after if point.at_min == 0 and _repeats(point, case.baseline)]
    if any(point.values for point in before):
        before += copies
    return before, [point for point in after if point not in copies]


def _repeats(point: Point, baseline: Mapping[ChannelName, float]) -> bool:
    return bool(point.values) and point.values.items() <= baseline.items()


def symptom_keys(text: str) -> tuple[str, ...]:
    """Return the keys of the symptoms that a text names."""
    lower = text.lower()
    if _ELSEWHERE.search(lower):
        return ()
    return tuple(key for pattern, key in KEYWORDS if re.search(pattern, lower))


def _chart_symptom(
    chart: Chart, text: str, case: Case, after: Sequence[Point], remarks: Remarks
) -> None:
    keys = symptom_keys(text)
    if not keys:
        remarks.add("texts of symptoms not charted", f"{case.id}: {text!r} has no key; not charted")
    severity: Severity = "moderate"
    for pattern, word in reversed(_SEVERITIES):
        if re.search(pattern, text.lower()):
            severity = word
    lower = text.lower()
    is_over = _OVER.search(lower) is not None
    stated_min = _stated_min(lower)
    for key in keys:
        at_min = _symptom_min(lower, key, after) if stated_min is None else stated_min
        if not is_over or stated_min is not None:
            chart.symptom(at_ms(at_min), key, severity=severity)
        if is_over:
            end_min = at_min if stated_min is None else stated_min + OVER_AFTER_MIN
            chart.symptom(at_ms(end_min), key, severity=severity, present=False)


def _stated_min(text: str) -> float | None:
    """Return the minute that a text states."""
    stated = _STATED.search(text)
    if stated is None:
        return None
    at_min = float(stated["number"]) * (60 if stated["unit"] == "h" else 1)
    return min(at_min, POINT_MIN_MAX)


def _symptom_min(text: str, key: str, after: Sequence[Point]) -> float:
    """Return the minute of a symptom whose text states none."""
    if not after:
        return 0
    if text.startswith("later"):
        return after[-1].at_min
    noted = (point.at_min for point in after if key in symptom_keys(point.note))
    return next(noted, after[0].at_min)


def at_ms(minutes: float) -> int:
    """Return the time of a minute since the start."""
    return START_MS + round(minutes * MINUTE_MS)
