"""Readable builders: parameters, readings, records and wards with defaults that fit together.

Numbers are given as people say them (``sbp=120``, ``at_s=30``) and kept as the core wants them
(hundredths, milliseconds). Whatever a test does not name is unremarkable.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from detectors.baseline import BaselineParams
from detectors.channels import CHANNEL_NAMES, MISSING, N_CHANNELS, NEVER, Channel, Flag, Int32
from detectors.confirmation import ConfirmationParams
from detectors.detection import Detection, DetectionParams, Round
from detectors.excursions import ExcursionParams
from detectors.expectations import Expectations
from detectors.patterns import PatternRow
from detectors.quality import ChannelLimits
from detectors.readings import Readings, empty_readings
from detectors.rulebook import Basis, Clause, Comparison, Rule, RuleBook
from detectors.steadiness import OFF_MS, SteadinessLimits
from monitor.facts.records import SessionReported, SymptomCharted, Value, VitalsReported
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = ROOT / "config"
GOLDEN: Final = ROOT / "tests" / "golden"

T0_MS: Final = 1_795_514_400_000
"""Where the time of every test begins: 2026-11-24 10:00 UTC."""

Number = int | float | str | Decimal


def centi(number: Number) -> int:
    """Return the hundredths of a number that has at most two decimals."""
    hundredths = Decimal(str(number)) * 100
    assert hundredths == int(hundredths), f"{number} is finer than a hundredth"
    return int(hundredths)


def row(values: Mapping[str, Number] | None = None, /, **named: Number) -> list[int]:
    """Return one row of values by channel; MISSING where none is named."""
    given = {**(values or {}), **named}
    return [centi(given[name]) if name in given else MISSING for name in CHANNEL_NAMES]


def rows(*beds: Mapping[str, Number]) -> Int32:
    """Return values by bed and channel."""
    return np.array([row(bed) for bed in beds], np.int32).reshape(len(beds), N_CHANNELS)


def clause(channel: str, basis: Basis, comparison: Comparison, limit: Number) -> Clause:
    """Return one comparison: ``clause("sbp", "fall", ">=", 30)``."""
    return Clause(
        channel=Channel[channel.upper()],
        basis=basis,
        comparison=comparison,
        limit_centi=centi(limit),
    )


def rule(sign: str, grade: int, *clauses: Clause, name: str = "") -> Rule:
    """Return one rule."""
    return Rule(id=name or f"{sign}.{grade}", sign=sign, grade=grade, clauses=clauses, source=())


def book(*rules: Rule) -> RuleBook:
    """Return a book of rules."""
    return RuleBook(name="test", version=1, title="", rules=rules)


def pattern(name: str = "picture", **given: Any) -> PatternRow:  # noqa: ANN401 - fields differ
    """Return a pattern row that asks for nothing but what is given."""
    nothing: dict[str, Any] = {
        "every": (),
        "some": (),
        "none": (),
        "floor": 0,
        "lasting_ms": 0,
        "after_rate_step_ms": 0,
        "source": (),
    }
    return PatternRow(name=name, **{**nothing, **given})


def channel_limits(**by_field: Mapping[str, Number]) -> ChannelLimits:
    """Return limits that let everything pass, except what is given by field and channel."""
    wide = {
        "impossible_below": 0,
        "impossible_above": 1000,
        "suspicious_below": 0,
        "suspicious_above": 1000,
        "change_centi": 1000,
        "change_ms": 0,
    }
    columns: dict[str, Any] = {}
    for name, default in wide.items():
        given = by_field.get(name, {})
        dtype = np.int64 if name == "change_ms" else np.int32
        scale = 1 if name == "change_ms" else 100
        columns[name] = np.array([scale * int(given.get(c, default)) for c in CHANNEL_NAMES], dtype)
    return ChannelLimits(**columns)


def steadiness_limits(**by_field: Mapping[str, Number]) -> SteadinessLimits:
    """Return limits under which nothing is flat, moves or was sent twice, but what is given."""
    off = {"flat_ms": OFF_MS, "top_centi": 10**6, "swing_centi": 10**6, "swing_ms": 0, "swings": 2}
    columns: dict[str, Any] = {}
    for name, default in off.items():
        given = by_field.get(name, {})
        dtype = {"swings": np.int8}.get(name, np.int64 if name.endswith("_ms") else np.int32)
        columns[name] = np.array([int(given.get(c, default)) for c in CHANNEL_NAMES], dtype)
    return SteadinessLimits(
        **columns, gap_ms=30_000, swings_if_poor=2, resent_ms=0, held_ms=180_000
    )


def baseline_params(
    *,
    least_readings: int = 3,
    spacing_s: int = 0,
    doubt: int = 0,
    **changed: Any,  # noqa: ANN401 - fields differ
) -> BaselineParams:
    """Return how baselines are made, without bounds that are remarked."""
    usual: dict[str, Any] = {
        "least_readings": least_readings,
        "spacing_ms": np.full(N_CHANNELS, 1000 * spacing_s, np.int64),
        "doubt_centi": np.full(N_CHANNELS, 100 * doubt, np.int32),
        "remarks": (),
        "rest_ms": 300_000,
        "noise_readings": 5,
        "drift_readings": 4,
        "settling_centi": np.full(N_CHANNELS, 1000, np.int32),
        "renewal_pause_ms": 1_800_000,
        "renewal_within_ms": 600_000,
        "not_during": (),
    }
    return BaselineParams(**{**usual, **changed})


def confirmation(n_signs: int, *, persist_s: int = 30, clear_s: int = 60) -> ConfirmationParams:
    """Return the same times for every sign."""
    return ConfirmationParams(
        persist_ms=np.full(n_signs, 1000 * persist_s, np.int64),
        clear_ms=np.full(n_signs, 1000 * clear_s, np.int64),
    )


def expectations(*rises: tuple[int, str, Number, float, float]) -> Expectations:
    """Return expected rises: ``expectations((0, "hr", 20, 0, 60))`` is drug 0, 20 for an hour."""
    drug, channel, most, since, until = zip(*rises, strict=True) if rises else ((),) * 5
    return Expectations(
        drug=np.array(drug, np.int32),
        channel=np.array([Channel[name.upper()] for name in channel], np.int32),
        most_centi=np.array([centi(number) for number in most], np.int32),
        from_ms=np.array([60_000 * minute for minute in since], np.int64),
        until_ms=np.array([60_000 * minute for minute in until], np.int64),
    )


SMALL_BOOK: Final = book(
    rule("hypotension", 1, clause("sbp", "level", "<", 90)),
    rule("hypotension", 2, clause("sbp", "fall", ">=", 30)),
    rule("hypotension", 3, clause("sbp", "level", "<", 80)),
    rule("tachycardia", 2, clause("hr", "level", ">", 130)),
)


def excursion_params(**changed: Any) -> ExcursionParams:  # noqa: ANN401 - fields differ
    """Return how departures are told: 10 of any unit are a movement."""
    usual: dict[str, Any] = {
        "moved_centi": np.full(N_CHANNELS, 1_000, np.int64),
        "trend_ms": 1_800_000,
        "trend_readings": 3,
        "session_readings": 16,
    }
    return ExcursionParams(**{**usual, **changed})


def params(**changed: Any) -> DetectionParams:  # noqa: ANN401 - fields differ
    """Return small parameters with open gates; the signs follow the book and the symptoms."""
    used = changed.get("book", SMALL_BOOK)
    signs = changed.get("signs", (*used.signs, "skin"))
    small: dict[str, Any] = {
        "limits": channel_limits(),
        "pulse_pressure": (),
        "steadiness": steadiness_limits(),
        "baseline": baseline_params(),
        "book": used,
        "bypass": (),
        "signs": signs,
        "confirmation": confirmation(len(signs)),
        "group": np.arange(len(signs), dtype=np.int32),
        "corroborating_grade": 2,
        "hysteresis_centi": np.full(N_CHANNELS, 500, np.int32),
        "valid_ms": np.full(N_CHANNELS, 1_800_000, np.int64),
        "history_spacing_ms": np.full(N_CHANNELS, 30_000, np.int64),
        "excursions": excursion_params(),
        "patterns": (),
        "expectations": expectations(),
    }
    return DetectionParams(**{**small, **changed})


@cache
def ward_settings() -> WardSettings:
    """Return the settings of the shipped configuration."""
    return load_settings(CONFIG).ward


def shipped(**changed: Any) -> DetectionParams:  # noqa: ANN401 - fields differ
    """Return the detection parameters of the shipped configuration."""
    return replace(ward_settings().detection, **changed)


@cache
def table(name: str) -> dict[str, Any]:
    """Return a shipped table as it stands in its file, decimals kept exact."""
    return tomllib.loads((CONFIG / name).read_text(encoding="utf-8"), parse_float=Decimal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one device says about one bed at one time."""

    bed: int = 0
    at_s: float | Decimal = 0
    values: dict[str, Number] = field(default_factory=dict)
    flags: Flag = Flag.NONE

    @property
    def at_ms(self) -> int:
        """When it was measured."""
        return T0_MS + int(1000 * Decimal(str(self.at_s)))


def message(
    at_s: float | Decimal, bed: int = 0, flags: Flag = Flag.NONE, **values: Number
) -> Message:
    """Return a message: ``message(30, sbp=84, dbp=50)``."""
    return Message(bed=bed, at_s=at_s, values=values, flags=flags)


def readings(messages: Sequence[Message], *, first: int = 0) -> Readings:
    """Return messages as the columns of one step, in order of arrival."""
    lines = [
        (one.bed, Channel[name.upper()], one.at_ms, centi(number), one.flags, first + position)
        for position, one in enumerate(messages)
        for name, number in one.values.items()
    ]
    if not lines:
        return empty_readings()
    bed, channel, at_ms, value, flags, position = zip(*lines, strict=True)
    return Readings(
        bed=np.array(bed, np.int32),
        device=np.full(len(lines), -1, np.int32),
        channel=np.array(channel, np.int8),
        measured_ms=np.array(at_ms, np.int64),
        received_ms=np.array(at_ms, np.int64) + 200,
        value_centi=np.array(value, np.int32),
        flags=np.array(flags, np.uint16),
        position=np.array(position, np.int32),
    )


def round_of(*messages: Message) -> Round:
    """Return messages of different beds as one round."""
    value_centi = rows(*(one.values for one in messages))
    known = value_centi != MISSING
    at_ms = np.array([one.at_ms for one in messages], np.int64)[:, None]
    flags = np.array([one.flags for one in messages], np.uint16)[:, None]
    return Round(
        bed=np.array([one.bed for one in messages], np.int32),
        value_centi=value_centi,
        measured_ms=np.where(known, at_ms, NEVER),
        flags=np.where(known, flags, 0).astype(np.uint16),
    )


def detection(
    given: DetectionParams | None = None,
    *,
    n_beds: int = 1,
    baseline: Mapping[str, Number] | None = None,
    judging: bool = True,
) -> Detection:
    """Return beds in which an infusion runs; their baseline is taken as given."""
    made = Detection(given or params(), n_beds)
    made.judging[:] = judging
    made.baseline_centi[:] = np.array(row(baseline), np.int32)
    return made


def told(made: Detection, *messages: Message) -> Detection:
    """Return the same beds after some messages, one round each."""
    for one in messages:
        made.take(round_of(one))
    return made


def vitals(
    at_s: float = 0, *, bed: str = "1", position: int = 0, **values: Number
) -> VitalsReported:
    """Return a report of a device that was told to belong to its bed."""
    at_ms = T0_MS + round(1000 * at_s)
    return VitalsReported(
        position=position,
        received_ms=at_ms + 200,
        unit="inf-a",
        bed=bed,
        device=f"mon-{bed}",
        measured_ms=at_ms,
        sequence=int(at_s),
        boot="b",
        values=tuple(
            Value(
                channel=Channel[name.upper()],
                value_centi=centi(number),
                measured_ms=at_ms,
                flags=Flag.NONE,
            )
            for name, number in values.items()
        ),
        absences=(),
        subject="",
        session="",
        by="",
    )


def session(
    at_s: float = 0,
    event: str = "open",
    *,
    bed: str = "1",
    **changed: Any,  # noqa: ANN401 - fields differ
) -> SessionReported:
    """Return a session event of an adult of 70 kg."""
    at_ms = T0_MS + round(1000 * at_s)
    usual: dict[str, Any] = {
        "position": 0,
        "received_ms": at_ms + 200,
        "unit": "inf-a",
        "bed": bed,
        "device": "desk",
        "measured_ms": at_ms,
        "id": f"S-{bed}",
        "by": "rn-1",
        "event": event,
        "subject": "PX-1",
        "product": "",
        "dose_centi_g": None,
        "weight_centi_kg": 7000,
        "age_years": 40,
        "age_months": None,
        "first_dose": None,
        "premedication": (),
        "beta_blocker": None,
        "ace_inhibitor": None,
        "devices": (f"mon-{bed}",),
        "channels": (),
    }
    return SessionReported(**{**usual, **changed})


def symptom(at_s: float, name: str, *, bed: str = "1", **changed: Any) -> SymptomCharted:  # noqa: ANN401 - fields differ
    """Return a symptom that a nurse has charted as present and moderate."""
    at_ms = T0_MS + round(1000 * at_s)
    usual: dict[str, Any] = {
        "position": 0,
        "received_ms": at_ms + 200,
        "unit": "inf-a",
        "bed": bed,
        "device": "desk",
        "measured_ms": at_ms,
        "id": f"{name}-{at_s:g}",
        "by": "rn-1",
        "symptom": name,
        "present": True,
        "severity": "moderate",
        "onset_ms": at_ms,
    }
    return SymptomCharted(**{**usual, **changed})


def ward(unit: str = "inf-a") -> Ward:
    """Return an empty ward with the shipped configuration."""
    return Ward(ward_settings(), unit=unit)
