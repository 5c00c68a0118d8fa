"""Points: what stands in the journal, as a database of time series knows it.

A point has a measurement, tags, fields and one time. Numbers are always floats, because a
database that has once seen ``80`` and then gets ``80.5`` refuses the second; texts are texts.
The same row of the journal always makes the same point under the same time, so that a point
that is sent twice is there once.

Sans I/O. Where several rows share a millisecond their number is added to the nanoseconds, which
no device measures: neither overwrites the other, and the order stays.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from detectors.channels import CHANNEL_NAMES
from monitor.adapters.chunks import Chunk
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    ActRecorded,
    AdviceChanged,
    AlertChanged,
    AnyEffect,
    BaselineChanged,
    GradeChanged,
    SessionChanged,
)
from monitor.facts.records import Input, PumpReported, RawMessage, VitalsReported

Field: TypeAlias = float | str

NS_PER_MS: Final = 1_000_000
CENTI: Final = 100.0

VITALS: Final = "vitals"
DERIVED: Final = "derived"
PUMP: Final = "pump"
INBOX: Final = "inbox"
STEP: Final = "step"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One row of a time series; ``tags`` are sorted by name, ``t_ns`` is since the Unix epoch."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, Field], ...]
    t_ns: int


def point(
    measurement: str, t_ns: int, tags: Mapping[str, str], fields: Mapping[str, Field | None]
) -> Point:
    """Return a point without what is empty: no database has a word for an absent tag or field."""
    return Point(
        measurement=measurement,
        tags=tuple(sorted((name, text) for name, text in tags.items() if text)),
        fields=tuple((name, value) for name, value in fields.items() if value is not None),
        t_ns=t_ns,
    )


def numbered_ns(at_ms: int, row: int) -> int:
    """Return the time of a row of the journal: its millisecond, told apart by its number."""
    return at_ms * NS_PER_MS + row % NS_PER_MS


def step_point(unit: str, n: int, now_ms: int, *, epoch: int = 0) -> Point:
    """Return the point of a step: when the ward was asked, also if nothing had come.

    ``epoch`` names the journal that gave the number, by the time when it was made [ms since the
    Unix epoch]: the next journal of a unit begins at 1 again. It is a field and no tag, so that
    what a salvaged journal has in common with the damaged one is there once.
    """
    fields: dict[str, Field | None] = {"n": float(n), "epoch": float(epoch)}
    return point(STEP, numbered_ns(now_ms, n), {"unit": unit}, fields)


def inbox_point(unit: str, n: int, step: int, raw: RawMessage, *, epoch: int = 0) -> Point:
    """Return the point of a message as it came, from which a replay can be made.

    A payload that is not plain one-line text is kept as base64, because a line of a database's
    protocol ends with the line.
    """
    try:
        text = raw.payload.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    plain = text.isprintable() and bool(text)
    fields: dict[str, Field | None] = {
        "n": float(n),
        "epoch": float(epoch),
        "step": float(step),
        "topic": raw.topic if raw.topic.isprintable() else None,
        "topic_b64": None if raw.topic.isprintable() else _base64(raw.topic.encode()),
        "payload": text if plain else None,
        "payload_b64": None if plain else _base64(raw.payload),
        "retained": float(raw.retained),
    }
    return point(INBOX, numbered_ns(raw.received_ms, n), {"unit": unit}, fields)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def record_points(record: Input) -> Iterator[Point]:
    """Yield the points of a decoded message: vital signs, what follows from them, and the pump.

    Values are as the device sent them, in canonical units. Which of them were believed stands in
    the ledger.
    """
    if isinstance(record, VitalsReported):
        by_time: dict[int, dict[str, float]] = {}
        for value in record.values:
            fields = by_time.setdefault(value.measured_ms, {})
            fields[CHANNEL_NAMES[value.channel]] = value.value_centi / CENTI
        tags = {"unit": record.unit, "bed": record.bed, "device": record.device}
        yield from _vitals_points(by_time, tags, {"sequence": float(record.sequence)})
    elif isinstance(record, PumpReported):
        yield point(
            PUMP,
            record.measured_ms * NS_PER_MS,
            {"unit": record.unit, "bed": record.bed, "device": record.device},
            {
                "rate_ml_per_h": _decimal(record.rate_centi_ml_per_h),
                "infused_ml": _decimal(record.infused_centi_ml),
                "left_ml": _decimal(record.left_centi_ml),
                "state": record.state,
            },
        )


def chunk_points(unit: str, chunks: Iterable[Chunk]) -> Iterator[Point]:
    """Yield the vital signs of folded messages, without the numbers, which no chunk keeps.

    They take the places of the points that the messages would have made.
    """
    found: dict[tuple[str, str], dict[int, dict[str, float]]] = {}
    for chunk in chunks:
        by_time = found.setdefault((chunk.bed, chunk.device), {})
        for measured_ms, _, value_centi, _ in chunk.readings.tolist():
            fields = by_time.setdefault(measured_ms, {})
            fields[CHANNEL_NAMES[chunk.channel]] = value_centi / CENTI
    for (bed, device), by_time in found.items():
        yield from _vitals_points(by_time, {"unit": unit, "bed": bed, "device": device}, {})


def _vitals_points(
    by_time: Mapping[int, Mapping[str, float]], tags: Mapping[str, str], more: Mapping[str, float]
) -> Iterator[Point]:
    for measured_ms, fields in by_time.items():
        t_ns = measured_ms * NS_PER_MS
        yield point(VITALS, t_ns, tags, {**fields, **more})
        if follows := derived(fields):
            yield point(DERIVED, t_ns, tags, follows)


def derived(fields: Mapping[str, float]) -> dict[str, Field | None]:
    """Return what follows from values that were measured together.

    ``pulse_pressure`` is systolic minus diastolic, ``shock_index`` pulse over systolic pressure,
    ``modified_shock_index`` pulse over the mean pressure that the device measured.
    """
    found: dict[str, Field | None] = {}
    if "sbp" in fields and "dbp" in fields:
        found["pulse_pressure"] = fields["sbp"] - fields["dbp"]
    if "hr" in fields and fields.get("sbp", 0) > 0:
        found["shock_index"] = fields["hr"] / fields["sbp"]
    if "hr" in fields and fields.get("map", 0) > 0:
        found["modified_shock_index"] = fields["hr"] / fields["map"]
    return found


def _decimal(centi: int | None) -> float | None:
    return None if centi is None else centi / CENTI


def effect_points(unit: str, n: int, effect: AnyEffect) -> Iterator[Point]:
    """Yield the points of a row of the ledger; none for what is kept only in the journal."""
    found = _fields_of(effect)
    if found is None:
        return
    measurement, tags, fields = found
    where = {"unit": unit, "bed": effect.bed, **tags}
    t_ns = numbered_ns(effect.at_ms, n)
    yield point(measurement, t_ns, where, {"session": effect.session or None, **fields})


_Found: TypeAlias = tuple[str, dict[str, str], dict[str, Field | None]]


def _fields_of(effect: AnyEffect) -> _Found | None:
    match effect:
        case AlertChanged():
            fields: dict[str, Field | None] = {
                "id": effect.id,
                "revision": float(effect.revision),
                "phase": effect.phase,
                "grade": _grade(effect.grade),
                "cause": effect.cause,
                "pattern": effect.pattern,
                "condition": effect.condition,
                "signal": effect.signal,
                "label": effect.label,
                "acknowledged_by": effect.acknowledged_by,
                "condition_delay_s": _seconds(effect.condition_delay_ms),
            }
            return "alerts", {"kind": effect.kind, "priority": effect.priority}, fields
        case GradeChanged():
            assessable = effect.grade != NOT_ASSESSABLE
            return (
                "grades",
                {},
                {
                    "grade": _grade(effect.grade),
                    "assessable": float(assessable),
                    "pattern": effect.pattern,
                },
            )
        case ActRecorded():
            return (
                "acts",
                {"act": effect.act},
                {
                    "by": effect.by,
                    "alert": effect.alert,
                    "step": effect.step,
                    "status": effect.status,
                    "dose": effect.dose,
                    "refused": effect.refused,
                },
            )
    return _stay_fields_of(effect)


def _stay_fields_of(effect: AnyEffect) -> _Found | None:
    match effect:
        case AdviceChanged():
            steps = ",".join(f"{step.key}:{step.state}" for step in effect.steps)
            return (
                "advice",
                {"ladder": effect.ladder},
                {"alert": effect.alert, "steps": steps, "plan": effect.plan},
            )
        case SessionChanged():
            return (
                "sessions",
                {},
                {
                    "event": effect.event,
                    "phase": effect.phase,
                    "product": effect.product,
                    "subject": effect.subject,
                    "refused": float(effect.refused),
                },
            )
        case BaselineChanged():
            centres = {name: value / CENTI for name, value in effect.centre_centi.items()}
            return "baselines", {}, {"status": effect.status, **centres}
    return None


def _grade(grade: int) -> float | None:
    return None if grade == NOT_ASSESSABLE else float(grade)


def _seconds(duration_ms: int | None) -> float | None:
    return None if duration_ms is None else duration_ms / 1000


_TAG_ESCAPES: Final = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})
_NAME_ESCAPES: Final = str.maketrans({",": "\\,", " ": "\\ "})
_TEXT_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"'})


def line_of(one: Point) -> str:
    """Return a point in line protocol, with its time in nanoseconds.

    Texts stand in one line: what would break one is replaced by a space, since only
    :func:`inbox_point` must be exact and codes such bytes itself.
    """
    tags = "".join(f",{name.translate(_TAG_ESCAPES)}={_tag(text)}" for name, text in one.tags)
    fields = ",".join(
        f"{name.translate(_TAG_ESCAPES)}={_value(value)}" for name, value in one.fields
    )
    return f"{one.measurement.translate(_NAME_ESCAPES)}{tags} {fields} {one.t_ns}"


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def _tag(text: str) -> str:
    # How a backslash before a separator is read differs between versions; ids have none.
    return _one_line(text).replace("\\", "_").translate(_TAG_ESCAPES)


def _value(value: Field) -> str:
    if isinstance(value, str):
        return f'"{_one_line(value).translate(_TEXT_ESCAPES)}"'
    return repr(float(value))


def lines_of(points: Iterable[Point]) -> list[str]:
    """Return points in line protocol; one without a field is none and is left out."""
    return [line_of(one) for one in points if one.fields]
