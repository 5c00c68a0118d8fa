"""Charts: readings as a nurse writes them, a row a time and a column a vital sign.

A chart of a device with ``every`` says what the device shows: each row is sent again and again
until the next one. Without ``every`` each row is sent once, as a cuff does. A chart with ``by``
is taken by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, get_args

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES
from monitor.facts.records import AbsenceReason
from monitor.scenario.places import FaultKept, Place, shown
from monitor.scenario.stories import START_MS, Delivery
from monitor.scenario.times import AT_FORM, LENGTH_FORM, at_ms, length_ms
from monitor.wire.payloads import (
    MAX_NUMBER,
    HandVitalsPayload,
    Payload,
    VitalsPayload,
    VitalValue,
    stamp,
)

NOT_MEASURED: Final = "-"
SILENT: Final = "silent"
ABSENT: Final[frozenset[str]] = frozenset(get_args(AbsenceReason))
MARKS: Final = {"?": {"q": "questionable"}, "!": {"stat": True}}
"""What may follow a number: doubtful, or the repeat that was asked for."""

NOTES: Final = ("received", "lost", "twice", "stored")
RANK: Final = 2
"""Readings follow what else happens at the same time."""

CELLS: Final = "a number (with ? if doubtful, ! if a repeat), -, or one of " + ", ".join(
    sorted(ABSENT)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a chart: when it was measured, its values, and how it was sent."""

    at_ms: int
    values: tuple[VitalValue, ...]
    late_ms: int = 0
    lost: int = 0
    twice: bool = False
    stored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Readings of one device or of one hand."""

    bed: str
    device: str
    by: str
    boot: str
    every_ms: int
    until_ms: int
    ahead_ms: int
    lines: tuple[Line, ...]


def chart(place: Place, bed: str, ends_ms: int) -> Chart:
    """Return the chart of a row, or keep its faults and leave."""
    by = place.text("by", "")
    device = place.text("device", "tablet-1" if by else "mon-1")
    every = _length(place, "every") if "every" in place.values else 0
    if "every" in place.values and (every <= 0 or by):
        place.refuse("every", "must be longer than 0 s, and belongs to a device, not to a hand")
    until = at_ms(place.text("until", "")) if "until" in place.values else ends_ms
    if until is None:
        place.refuse("until", f"must be {AT_FORM}, got {shown(place.values['until'])}")
    ahead = _length(place, "clock") if "clock" in place.values else 0
    read = Chart(
        bed=place.text("bed", bed),
        device=device,
        by=by,
        boot=place.text("boot", "b1"),
        every_ms=every,
        until_ms=until,
        ahead_ms=ahead,
        lines=tuple(_lines(place)),
    )
    place.close()
    return read


def _length(place: Place, key: str) -> int:
    length = length_ms(place.text(key))
    if length is None:
        place.refuse(key, f"must be {LENGTH_FORM}, got {shown(place.values[key])}")
    return length


def _lines(place: Place) -> Iterator[Line]:
    """Yield the rows of a chart; every fault of theirs is kept."""
    rows = [row.split() for row in place.text("rows").splitlines() if row.strip()]
    head = rows[0]
    if head[0] != "time" or len(head) == 1:
        place.refuse("rows", f"the first line must be 'time' and channels, got {' '.join(head)!r}")
    for name in head[1:]:
        if name not in CHANNEL_NAMES or head.count(name) > 1:
            known = ", ".join(CHANNEL_NAMES)
            place.refuse("rows", f"column {name!r} must be one of {known}, once each")
    last_ms = -1
    for row in rows[1:]:
        try:
            line = _line(place, head[1:], row, last_ms)
        except FaultKept:
            continue
        last_ms = line.at_ms
        yield line


def _line(place: Place, names: list[str], row: list[str], last_ms: int) -> Line:
    where = f"rows, line {row[0]!r}"
    measured_ms = at_ms(row[0])
    if measured_ms is None or measured_ms <= last_ms:
        place.refuse(where, f"must begin with {AT_FORM}, later than the line before")
    cells = [cell for cell in row[1:] if "=" not in cell]
    notes = dict(cell.split("=", 1) for cell in row[1:] if "=" in cell)
    if cells == [SILENT]:
        cells = [NOT_MEASURED] * len(names)
    if len(cells) != len(names):
        place.refuse(where, f"has {len(cells)} values, the chart has {len(names)} columns")
    values = [
        _value(place, where, name, cell)
        for name, cell in zip(names, cells, strict=True)
        if cell != NOT_MEASURED
    ]
    received_ms = at_ms(notes["received"]) if "received" in notes else measured_ms
    lost = notes.get("lost", "0")
    wrong = [f"{name}={text}" for name, text in notes.items() if name not in NOTES]
    if received_ms is None or received_ms < measured_ms or not lost.isdecimal() or wrong:
        place.refuse(
            where,
            "notes must be received=h:mm (not before it was measured), lost=number, twice=yes or "
            f"stored=yes; got {' '.join(wrong) or ' '.join(row)}",
        )
    return Line(
        at_ms=measured_ms,
        values=tuple(values),
        late_ms=received_ms - measured_ms,
        lost=int(lost),
        twice=notes.get("twice") == "yes",
        stored=notes.get("stored") == "yes",
    )


def _value(place: Place, where: str, name: str, cell: str) -> VitalValue:
    if cell in ABSENT:
        return VitalValue(ch=name, v=None, why=cell)  # type: ignore[arg-type]  # both were looked up
    mark = MARKS.get(cell[-1], {})
    text = cell[:-1] if mark else cell
    try:
        number = float(text)
    except ValueError:
        place.refuse(where, f"{name} {cell!r} must be {CELLS}")
    if not abs(number) < MAX_NUMBER:
        place.refuse(where, f"{name} {cell!r} must be below {MAX_NUMBER:g} in size")
    unit = CANONICAL_UNITS[CHANNEL_NAMES.index(name)]
    return VitalValue(ch=name, v=number, u=unit, **mark)  # type: ignore[arg-type]  # looked up


def chart_deliveries(charts: list[Chart]) -> Iterator[Delivery]:
    """Yield the messages of charts; each device and start of it counts its own messages."""
    due: list[tuple[int, int, Chart, Line]] = []
    for number, one in enumerate(charts):
        due += [(at, number, one, line) for line, at in _times(one)]
    counts: dict[tuple[str, str], int] = {}
    for at, number, one, line in sorted(due, key=lambda item: item[:2]):
        count = counts.get((one.device, one.boot), 0) + 1 + line.lost
        counts[one.device, one.boot] = count
        if not line.values:
            continue
        payload = _payload(one, line, at, f"{number}-{count}", count)
        for _ in range(1 + line.twice):
            yield Delivery(
                received_ms=at + line.late_ms,
                rank=RANK,
                bed=one.bed,
                device=one.device,
                kind="obs" if one.by else "backfill" if line.stored else "vitals",
                payload=payload,
            )


def _times(one: Chart) -> Iterator[tuple[Line, int]]:
    """Yield each row with each of the times at which it is sent."""
    for number, line in enumerate(one.lines):
        later = one.lines[number + 1].at_ms if number + 1 < len(one.lines) else one.until_ms + 1
        yield line, line.at_ms
        if one.every_ms:
            again = range(line.at_ms + one.every_ms, later, one.every_ms)
            plain = Line(at_ms=line.at_ms, values=line.values)
            yield from ((plain, at) for at in again)


def _payload(one: Chart, line: Line, at: int, name: str, count: int) -> Payload:
    time = stamp(START_MS + at + one.ahead_ms)
    if one.by:
        return HandVitalsPayload(id=f"hand-{name}", t=time, by=one.by, values=line.values)
    return VitalsPayload(seq=count, t=time, values=line.values, boot=one.boot)
