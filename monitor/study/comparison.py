"""Comparison: the monitor beside simple rules, on the same recordings of the same people.

Nobody judged these recordings, so no alert on them is known to be right or wrong. The people of
intensive care are sicker than those of an infusion clinic: rates are upper bounds, good for
comparing two rules and for nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import msgspec
import numpy as np

from monitor.adapters.icu_tables import Form, chart_table
from monitor.adapters.recording import InputFileError, Remarks
from monitor.facts.windows import MINUTE_MS, ChartTable, Windows, sets_of, windows_of
from monitor.replay import BAD_INPUT, HOUR_MS
from monitor.study.background import WindowCounts, judged_windows
from monitor.study.peers import (
    PEERS,
    SUSTAINED_RISE,
    peer_counts,
    sustained_rises,
    tables_of,
    usable,
)
from monitor.ward.ward_settings import WardSettings

CALM_MS: Final = 5 * MINUTE_MS
"""How much of a recording of heart rates is its baseline."""


class PeerScore(msgspec.Struct, frozen=True, kw_only=True):
    """What one simple rule did; None where the recordings lack what it needs."""

    rule: str
    share_windows: float | None
    alerts_per_patient_hour: float | None


class DeciderScore(msgspec.Struct, frozen=True, kw_only=True):
    """In how many windows a row was the first to reach a grade that calls somebody."""

    windows: int
    share_windows: float
    stood_before: int
    single: int
    doubted: int
    gone_at_next: int
    artefact_like: int


class BackgroundScore(msgspec.Struct, frozen=True, kw_only=True):
    """What the monitor and its peers did on one collection."""

    format: str
    stays: int
    windows: int
    window_h: float | None
    """None where a window is a whole recording."""
    patient_hours: float
    share_windows_grade1: float
    share_windows_grade2: float
    share_windows_grade3: float
    share_windows_grade4: float
    share_windows_alert: float
    share_windows_call: float
    alerts_per_patient_hour: float
    calls_per_patient_hour: float
    alerts_open_at_start: int
    peers: dict[str, PeerScore]
    remarks: dict[str, int]
    deciders: dict[str, DeciderScore] | None = None
    """None where nobody asked why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How long charts are cut: length of a window, and how long after the first set one begins."""

    window_ms: int
    first_ms: int


def score_background(
    folder: Path,
    form: Form,
    settings: WardSettings,
    cut: Cut,
    *,
    asks_why: bool = False,
    remarks: Remarks | None = None,
) -> BackgroundScore:
    """Judge every window of a collection and lay its peers beside it.

    With ``asks_why`` it also says which rows decided; ``remarks`` is told what could not be read.

    Raises
    ------
    InputFileError
        If the collection cannot be read or has no window.
    """
    remarks = remarks or Remarks()
    table = chart_table(folder, form, remarks)
    if form == "exam-stress":
        return _exams(folder, table, settings, remarks, asks_why=asks_why)
    windows = windows_of(table, cut.window_ms, first_ms=cut.first_ms)
    if not len(windows):
        raise InputFileError(folder, f"has no window of {cut.window_ms / HOUR_MS:g} h")
    sets = sets_of(table, windows)
    ages = table.age_years[windows.stay]
    counts = judged_windows(settings, sets, ages, by_hand=True, asks_why=asks_why)
    hours = len(windows) * cut.window_ms / HOUR_MS
    tables = tables_of(settings.side_books)
    peers = peer_counts(sets, len(windows), tables)
    found = zip(PEERS, usable(sets, tables), peers.alerted.mean(axis=0), peers.begun, strict=True)
    scores = {
        peer.key: PeerScore(
            rule=peer.words,
            share_windows=_rounded(share) if can else None,
            alerts_per_patient_hour=_rounded(begun / hours) if can else None,
        )
        for peer, can, share, begun in found
    }
    return _score(form, windows, counts, scores, remarks, window_ms=cut.window_ms, hours=hours)


def _exams(
    folder: Path, table: ChartTable, settings: WardSettings, remarks: Remarks, *, asks_why: bool
) -> BackgroundScore:
    """Judge each recording of heart rates as one window; its first minutes are the baseline."""
    start_ms = table.at_ms[table.first[:-1]] + CALM_MS
    starts = [
        low + int(np.searchsorted(table.at_ms[low:high], at_ms))
        for low, high, at_ms in zip(table.first[:-1], table.first[1:], start_ms, strict=True)
    ]
    windows = Windows(
        stay=np.arange(len(table.stays), dtype=np.int32),
        start_ms=start_ms,
        rows=np.stack([table.first[:-1], np.array(starts, np.int64), table.first[1:]], axis=1),
    )
    sets = sets_of(table, windows)
    rises = sustained_rises(sets, len(windows))
    hours = float(rises.watched_ms.sum()) / HOUR_MS
    if not hours:
        raise InputFileError(folder, f"no recording is longer than {CALM_MS // MINUTE_MS} min")
    counts = judged_windows(settings, sets, table.age_years, by_hand=False, asks_why=asks_why)
    score = PeerScore(
        rule=SUSTAINED_RISE.words,
        share_windows=_rounded((rises.begun > 0).mean()),
        alerts_per_patient_hour=_rounded(rises.begun.sum() / hours),
    )
    peers = {SUSTAINED_RISE.key: score}
    return _score("exam-stress", windows, counts, peers, remarks, window_ms=None, hours=hours)


def _score(
    form: Form,
    windows: Windows,
    counts: WindowCounts,
    peers: dict[str, PeerScore],
    remarks: Remarks,
    *,
    window_ms: int | None,
    hours: float,
) -> BackgroundScore:
    grade1, grade2, grade3, grade4 = (_rounded((counts.peak >= g).mean()) for g in range(1, 5))
    return BackgroundScore(
        format=form,
        stays=len(np.unique(windows.stay)),
        windows=len(windows),
        window_h=None if window_ms is None else window_ms / HOUR_MS,
        patient_hours=round(hours, 2),
        share_windows_grade1=grade1,
        share_windows_grade2=grade2,
        share_windows_grade3=grade3,
        share_windows_grade4=grade4,
        share_windows_alert=_rounded((counts.alerts > 0).mean()),
        share_windows_call=_rounded((counts.calls > 0).mean()),
        alerts_per_patient_hour=_rounded(counts.alerts.sum() / hours),
        calls_per_patient_hour=_rounded(counts.calls.sum() / hours),
        alerts_open_at_start=counts.open_at_start,
        peers=peers,
        remarks=dict(sorted(remarks.counts.items())),
        deciders=_deciders(counts, len(windows)) if counts.deciders else None,
    )


def _deciders(counts: WindowCounts, n_windows: int) -> dict[str, DeciderScore]:
    return {
        row: DeciderScore(
            windows=one.windows,
            share_windows=_rounded(one.windows / n_windows),
            stood_before=one.stood,
            single=one.single,
            doubted=one.doubted,
            gone_at_next=one.gone_at_next,
            artefact_like=one.artefact_like,
        )
        for row, one in counts.deciders.items()
    }


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)


def run_background(
    folder: Path,
    form: Form,
    *,
    settings: WardSettings,
    cut: Cut,
    out: TextIO,
    err: TextIO,
    as_json: bool,
    asks_why: bool = False,
) -> int:
    """Score a collection, print what came out and return the exit code."""
    remarks = Remarks()
    try:
        found = score_background(folder, form, settings, cut, asks_why=asks_why, remarks=remarks)
    except InputFileError as fault:
        err.writelines(f"{line}\n" for line in (*remarks.named, fault))
        return BAD_INPUT
    err.writelines(f"{line}\n" for line in remarks.named)
    if as_json:
        out.write(f"{msgspec.json.encode(found, order='deterministic').decode()}\n")
    else:
        out.writelines(f"{line}\n" for line in lines(found))
    return 0


def lines(found: BackgroundScore) -> Iterator[str]:
    """Yield the score for people."""
    pieces = "recordings" if found.window_h is None else f"windows of {found.window_h:g} h"
    yield (
        f"{found.format}: {found.windows} {pieces}, {found.stays} stays, "
        f"{found.patient_hours:.0f} patient-hours"
    )
    yield f"{'':<48}{'share':>8}{'a patient-hour':>16}"
    ours = (
        ("ours, any alert", found.share_windows_alert, found.alerts_per_patient_hour),
        ("ours, medium or high priority", found.share_windows_call, found.calls_per_patient_hour),
        ("ours, grade 1 or more", found.share_windows_grade1, None),
        ("ours, grade 2 or more", found.share_windows_grade2, None),
        ("ours, grade 3 or more", found.share_windows_grade3, None),
        ("ours, grade 4", found.share_windows_grade4, None),
    )
    peers = (
        (peer.rule, peer.share_windows, peer.alerts_per_patient_hour)
        for peer in found.peers.values()
    )
    for words, share, rate in (*ours, *peers):
        yield f"{words:<48}{_cell(share):>8}{_cell(rate):>16}"
    if found.deciders is not None:
        yield from _why(found.deciders)
    for kind, number in found.remarks.items():
        yield f"{kind}: {number}"


def _why(deciders: dict[str, DeciderScore]) -> Iterator[str]:
    """Yield which rows decided, for people."""
    heads = ("windows", "share", "before", "single", "doubted", "gone", "artefact")
    yield f"{'first to reach grade 2':<40}" + "".join(f"{head:>9}" for head in heads)
    for row, one in deciders.items():
        numbers = (one.stood_before, one.single, one.doubted, one.gone_at_next, one.artefact_like)
        cells = "".join(f"{number:>9}" for number in numbers)
        yield f"{row:<40}{one.windows:>9}{_cell(one.share_windows):>9}{cells}"


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
