"""From the rows of the detection tables to the arrays of the detection core.

The tables are written for people (one row a channel, a sign, a rule); the core wants arrays in
column and sign order. Here is the only place where one becomes the other.
"""

from typing import Final

import numpy as np

from detectors.baseline import BaselineParams
from detectors.channels import CENTI, Int32, Int64
from detectors.confirmation import ConfirmationParams
from detectors.detection import DetectionParams
from detectors.excursions import ExcursionParams
from detectors.expectations import Expectations
from detectors.patterns import PatternRow
from detectors.quality import ChannelLimits, PulsePressureRow
from detectors.rulebook import RuleBook
from detectors.steadiness import OFF_MS, SteadinessLimits
from detectors.symptoms import SymptomRow
from monitor.care.silence import SilenceParams
from monitor.settings.detection_tables import (
    BaselineTable,
    ChannelRow,
    DetectionFile,
    ExcursionTable,
    all_signs,
)
from monitor.settings.evidence_tables import ClueFile

CHARTED: Final = "charted"
"""Kind of measurement of signs that only people's charting shows."""


def detection_params(
    file: DetectionFile,
    channels: tuple[ChannelRow, ...],
    book: RuleBook,
    symptoms: tuple[SymptomRow, ...],
    patterns: tuple[PatternRow, ...],
    clues: ClueFile,
    expectations: Expectations,
) -> DetectionParams:
    """Return the parameters of the detection core, in column and in sign order."""
    signs = all_signs(book, symptoms)
    times = {row.name: row for row in file.sign}
    kinds = [times[sign].kind if sign in times else CHARTED for sign in signs]
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}

    def centi(name: str) -> Int32:
        return np.array([getattr(row, name) for row in channels], np.int32)

    def of_signs(name: str) -> Int64:
        return np.array(
            [getattr(times[sign], name) if sign in times else 0 for sign in signs], np.int64
        )

    return DetectionParams(
        limits=ChannelLimits(
            impossible_below=centi("impossible_below_centi"),
            impossible_above=centi("impossible_above_centi"),
            suspicious_below=centi("suspicious_below_centi"),
            suspicious_above=centi("suspicious_above_centi"),
            change_centi=centi("change_centi"),
            change_ms=np.array([row.change_within_ms for row in channels], np.int64),
        ),
        pulse_pressure=tuple(
            PulsePressureRow(
                sbp_from_centi=row.sbp_from_centi,
                sbp_below_centi=row.sbp_below_centi,
                least_centi=row.least_centi,
            )
            for row in file.pulse_pressure
        ),
        steadiness=_steadiness_limits(file, channels),
        baseline=_baseline_params(
            file.baseline, centi("baseline_doubt_centi"), centi("baseline_settling_centi")
        ),
        book=book,
        bypass=tuple(row.rule() for row in file.bypass),
        alone=tuple(row.rule() for row in file.alone),
        alone_within_ms=file.corroboration.alone_within_ms,
        signs=signs,
        confirmation=ConfirmationParams(
            persist_ms=of_signs("persist_ms"), clear_ms=of_signs("clear_ms")
        ),
        group=np.array([numbers[kind] for kind in kinds], np.int32),
        corroborating_grade=file.corroboration.least_grade,
        hysteresis_centi=centi("hysteresis_centi"),
        valid_ms=np.array([row.valid_ms for row in channels], np.int64),
        history_spacing_ms=np.array(file.history.spacing_ms, np.int64),
        excursions=_excursion_params(file.excursions),
        patterns=patterns,
        clues=clues.clue,
        memory_ms=clues.memory.value_ms,
        inertia_centi=CENTI * clues.inertia.value_points,
        expectations=expectations,
    )


def silence_params(file: DetectionFile, channels: tuple[ChannelRow, ...]) -> SilenceParams:
    """Return when a channel counts as silent, absent or needed."""
    return SilenceParams(
        stale_ms=np.array([row.stale_ms for row in channels], np.int64),
        charted_stale_ms=np.array([row.charted_stale_ms for row in channels], np.int64),
        required=tuple(int(channel) for channel in file.required.channels),
        absent_after_ms=file.absent.after_ms,
        pressure_old_ms=file.measure_now.pressure_older_ms,
    )


def _steadiness_limits(file: DetectionFile, channels: tuple[ChannelRow, ...]) -> SteadinessLimits:
    rule = file.steadiness
    return SteadinessLimits(
        flat_ms=np.array([row.flat_ms or OFF_MS for row in channels], np.int64),
        top_centi=np.array([row.impossible_above_centi for row in channels], np.int32),
        gap_ms=rule.gap_ms,
        swing_centi=np.array([row.swing_centi for row in channels], np.int32),
        swing_ms=np.array([row.swing_within_ms for row in channels], np.int64),
        swings=np.array([row.swings for row in channels], np.int8),
        swings_if_poor=rule.swings_if_poor,
        resent_ms=rule.resent_ms,
        held_ms=rule.held_ms,
    )


def _excursion_params(table: ExcursionTable) -> ExcursionParams:
    return ExcursionParams(
        moved_centi=np.array(table.moved_centi, np.int64),
        trend_ms=table.trend_ms,
        trend_readings=table.trend_readings,
        session_readings=table.session_readings,
    )


def _baseline_params(
    baseline: BaselineTable, doubt_centi: Int32, settling_centi: Int32
) -> BaselineParams:
    return BaselineParams(
        least_readings=baseline.least_readings,
        spacing_ms=np.array(baseline.spacing_ms, np.int64),
        doubt_centi=doubt_centi,
        remarks=tuple(row.remark() for row in baseline.remark),
        rest_ms=baseline.rest_ms,
        noise_readings=baseline.noise_readings,
        drift_readings=baseline.drift_readings,
        settling_centi=settling_centi,
        renewal_pause_ms=baseline.renewal_pause_ms,
        renewal_within_ms=baseline.renewal_within_ms,
        not_during=baseline.not_during,
    )
