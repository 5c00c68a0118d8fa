"""Numbers that a monitor recorded by itself: WFDB numerics and VitalDB, one file, one session.

Both are read from local files by their own packages (extras ``wfdb`` and ``vitaldb``); nothing is
fetched. What a device measured comes in as a device sends it: one ``vitals`` message for every
moment, with a sequence number. A cuff pressure that is repeated until the next inflation is one
measurement, so a triple of the cuff is sent only when it changes. Nobody says when an infusion
was given; it is said to start ten minutes after the first value.
"""

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, Final

from monitor.adapters.chart import MINUTE_MS, Chart
from monitor.adapters.recording import BAD_LINES, InputFileError, Recording, Remarks
from monitor.adapters.rows import LEFT_OUT, VALUE_MAX
from monitor.adapters.stay_charts import ORIGIN_MS, OTHER_SOURCE, PRODUCT
from monitor.adapters.wfdb_header import signals_left_out
from monitor.wire.payloads import ChannelName

UNIT: Final = "numerics"
START_MIN: Final = 10
"""After the first value (ours): a baseline of ten minutes."""

SPAN_MS: Final = 31 * 24 * 60 * MINUTE_MS

LATEST_MS: Final = 253_402_000_000_000
"""In the year 9999, behind which no calendar goes."""

VITAL_MAGIC: Final = b"VITA"
HEADER: Final = ".hea"

_PLAIN: Final[Mapping[str, ChannelName]] = {
    "hr": "hr",
    "resp": "rr",
    "rr": "rr",
    "spo2": "spo2",
    "%spo2": "spo2",
    "plethspo2": "spo2",
    "temp": "temp",
    "tblood": "temp",
    "bt": "temp",
}
_KINDS: Final[Mapping[str, ChannelName]] = {
    "sys": "sbp",
    "dias": "dbp",
    "dia": "dbp",
    "mean": "map",
    "sbp": "sbp",
    "dbp": "dbp",
    "mbp": "map",
}
_CUFF: Final = {f"{device}{end}": ch for device in ("nbp", "nibp") for end, ch in _KINDS.items()}
_LINE: Final = {f"{device}{end}": ch for device in ("abp", "art") for end, ch in _KINDS.items()}
_FAHRENHEIT: Final = frozenset({"degf", "f", "deg f"})


class Track:
    """One channel: from which source, in which unit, and its values in order of time."""

    def __init__(self, name: str, unit: str, points: Iterable[tuple[int, float]]) -> None:
        plain = "".join(mark for mark in name.rsplit("/", 1)[-1].lower() if mark not in " _-.:")
        self.name = name
        self.cuff = plain in _CUFF
        self.line = plain in _LINE
        self.channel = _CUFF.get(plain) or _LINE.get(plain) or _PLAIN.get(plain)
        self.is_fahrenheit = unit.strip().lower() in _FAHRENHEIT
        self.points = points


def wfdb_recordings(path: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield the one recording of a WFDB record, named by its header.

    A signal whose line does not say what its samples mean is remarked on and left out.

    Raises
    ------
    InputFileError
        If the extra is missing, the record cannot be read, or no signal is a vital sign.
    """
    package = _package("wfdb", path)
    left_out = signals_left_out(path, remarks)
    try:
        with _quiet() as said:
            found = package.rdrecord(str(path.with_suffix("").resolve()))
            zero_ms, step_ms = _wall_ms(found.base_datetime), 1000 / float(found.fs)
            tracks = [
                Track(str(name), str(unit or ""), _column(found.p_signal, place, zero_ms, step_ms))
                for place, (name, unit) in enumerate(
                    zip(found.sig_name or (), found.units or (), strict=True)
                )
                if place not in left_out
            ]
    except Exception as fault:  # a package that raises anything for a bad file
        reason = "is no record that can be read: its lines are sound, but the package wfdb says"
        raise InputFileError(path, f"{reason} {_words(fault)}") from fault
    _refuse_words(path, said, remarks)
    yield _recording(path, tracks, remarks)


def _column(
    signal: Any,  # noqa: ANN401  # an array of another package
    place: int,
    zero_ms: int,
    step_ms: float,
) -> list[tuple[int, float]]:
    values = enumerate(signal[:, place].tolist())
    return [(zero_ms + round(index * step_ms), float(value)) for index, value in values]


def vitaldb_recordings(path: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield the one recording of a ``.vital`` file.

    Raises
    ------
    InputFileError
        If the extra is missing, the file cannot be read, or no track is a vital sign.
    """
    package = _package("vitaldb", path)
    fault_words = ""
    tracks: list[Track] = []
    with _quiet() as said:
        try:
            found = package.VitalFile(str(path))
            tracks = [
                Track(name, str(track.unit or ""), list(_records(track.recs, found.dtstart)))
                for name, track in sorted(dict(found.trks).items())
                if track.type != _WAVE
            ]
        except OSError as fault:
            fault_words = fault.strerror or _words(fault)
        except Exception as fault:  # noqa: BLE001 - a package that raises anything for a bad file
            # With the fault goes the file that the package has left open.
            fault_words = _words(fault)
    if fault_words:
        raise InputFileError(path, f"is no file of VitalDB that can be read: {fault_words}")
    _refuse_words(path, said, remarks)
    yield _recording(path, tracks, remarks)


@contextmanager
def _quiet() -> Iterator[StringIO]:
    """Let a package warn nobody, and keep what it says: our own output is for effects."""
    said = StringIO()
    with warnings.catch_warnings(), redirect_stdout(said):
        warnings.simplefilter("ignore")
        yield said


def _refuse_words(path: Path, said: StringIO, remarks: Remarks) -> None:
    """Refuse a file of which its package only says that it is broken, and gives what it has.

    A recording that is read in part is a story that never happened; who asks for it gets it.
    """
    words = " ".join(said.getvalue().split())[:WORDS_MAX]
    if words and not remarks.skips_bad:
        raise InputFileError(path, f"its package says: {words}")
    if words:
        remarks.add(BAD_LINES, f"{path}: its package says: {words}; what is behind it is left out")


def _words(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"[:WORDS_MAX]


WORDS_MAX: Final = 300
_WAVE: Final = 1


def _records(records: Iterable[Mapping[str, Any]], start_s: float) -> Iterator[tuple[int, float]]:
    for one in records:
        try:
            value = float(one["val"])
        except (TypeError, ValueError):
            value = math.inf
        # The day is nobody's business here; what counts is how long after the start.
        yield ORIGIN_MS + round((float(one["dt"]) - start_s) * 1000), value


def _wall_ms(base: datetime | None) -> int:
    return ORIGIN_MS if base is None else round(base.replace(tzinfo=UTC).timestamp() * 1000)


def _package(name: str, path: Path) -> Any:  # noqa: ANN401  # a package without types
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it says of its own future
            return import_module(name)
    except ImportError as fault:
        raise InputFileError(
            path,
            f"needs the package {name}: pip install 'infusion-reaction-monitor[{name}]'",
        ) from fault


def _recording(path: Path, tracks: Iterable[Track], remarks: Remarks) -> Recording:
    moments = _moments(path, list(tracks), remarks)
    if not moments:
        raise InputFileError(path, "holds no vital sign that is known by its name")
    times = sorted(moments)
    first_ms, last_ms = times[0], times[-1]
    if first_ms < 0 or last_ms > LATEST_MS or last_ms - first_ms > SPAN_MS:
        raise InputFileError(path, "begins before 1970, ends after 9999 or lasts over a month")
    chart = Chart(unit=UNIT, bed="bed-1", session="N-1")
    chart.open(first_ms, subject="PX-N1", product=PRODUCT)
    start_ms = first_ms + START_MIN * MINUTE_MS
    chart.turn(start_ms, "start")
    for at_ms in times:
        chart.measured(at_ms, moments[at_ms])
    chart.turn(max(start_ms, last_ms), "close")
    return Recording(name=path.name, unit=UNIT, steps=tuple(chart.steps()))


def _moments(
    path: Path, tracks: list[Track], remarks: Remarks
) -> dict[int, dict[ChannelName, float]]:
    """Return the values of every moment, pressures of one source: the cuff where it was used."""
    known = [(track, list(_sound(path, track, remarks))) for track in tracks if track.channel]
    for track in tracks:
        if not track.channel:
            remarks.count("signals that are no vital sign of ours")
    has_cuff = any(track.cuff and track.channel == "sbp" and points for track, points in known)
    moments: dict[int, dict[ChannelName, float]] = {}
    cuff: dict[int, dict[ChannelName, float]] = {}
    for track, points in known:
        if track.line and has_cuff:
            remarks.count(OTHER_SOURCE, len(points))
            continue
        for at_ms, value in points:
            if track.channel:
                here = (cuff if track.cuff else moments).setdefault(at_ms, {})
                here.setdefault(track.channel, value)
    before: dict[ChannelName, float] = {}
    for at_ms, triple in sorted(cuff.items()):
        if triple != before:
            moments.setdefault(at_ms, {}).update(triple)
        before = triple
    return moments


def _sound(path: Path, track: Track, remarks: Remarks) -> Iterator[tuple[int, float]]:
    for number, (at_ms, value) in enumerate(track.points, start=1):
        if math.isnan(value):
            continue  # how both formats write that nothing was measured
        if not math.isfinite(value) or abs(value) >= VALUE_MAX:
            words = f"{path}:{number}: {track.name}: is no number in bounds (got {value})"
            remarks.add(LEFT_OUT, f"{words}; value left out")
            continue
        yield at_ms, round((value - 32) * 5 / 9, 2) if track.is_fahrenheit else round(value, 2)
